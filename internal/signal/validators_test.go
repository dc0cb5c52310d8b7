package signal

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// It finds what the framework's validator finds.
func TestExactlyOneOf(t *testing.T) {
	kind := schema.Schema{Attributes: map[string]schema.Attribute{"id": schema.StringAttribute{Optional: true}, "name": schema.StringAttribute{Optional: true}}}
	values := map[string]types.String{"null": types.StringNull(), "unknown": types.StringUnknown(), "set": types.StringValue("given")}
	refused := 0
	for idIs, id := range values {
		for nameIs, name := range values {
			raw := map[string]tftypes.Value{}
			for argument, value := range map[string]types.String{"id": id, "name": name} {
				raw[argument], _ = value.ToTerraformValue(t.Context())
			}
			req := validator.StringRequest{
				Path: path.Root("id"), PathExpression: path.MatchRoot("id"), ConfigValue: id,
				Config: tfsdk.Config{Schema: kind, Raw: tftypes.NewValue(kind.Type().TerraformType(t.Context()), raw)},
			}
			var got, want validator.StringResponse
			exactlyOneOf("id", "name").ValidateString(t.Context(), req, &got)
			stringvalidator.ExactlyOneOf(path.MatchRoot("id"), path.MatchRoot("name")).ValidateString(t.Context(), req, &want)
			if !got.Diagnostics.Equal(want.Diagnostics) {
				t.Errorf("id %s, name %s: %v, want %v", idIs, nameIs, got.Diagnostics, want.Diagnostics)
			}
			refused += want.Diagnostics.ErrorsCount()
		}
	}
	if refused != 2 {
		t.Errorf("%d of 9 are refused, want none and both", refused)
	}
}
