package signal

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// AtEntries checks a map as another validator does, with its errors at the map's
// entries: Terraform finds no line in the configuration for what is deeper.
func AtEntries(check validator.Map) validator.Map { return entriesValidator{check} }

type entriesValidator struct{ validator.Map }

// ValidateMap validates, and moves the errors.
func (v entriesValidator) ValidateMap(ctx context.Context, req validator.MapRequest, resp *validator.MapResponse) {
	var found validator.MapResponse
	v.Map.ValidateMap(ctx, req, &found)
	for _, one := range found.Diagnostics {
		if deep, ok := one.(diag.DiagnosticWithPath); ok {
			one = diag.WithPath(entryOf(req.Path, deep.Path()), one)
		}
		resp.Diagnostics.Append(one)
	}
}

// entryOf is the path of the entry of a map that something is in.
func entryOf(of, deep path.Path) path.Path {
	for len(deep.Steps()) > len(of.Steps())+1 {
		deep = deep.ParentPath()
	}
	return deep
}
