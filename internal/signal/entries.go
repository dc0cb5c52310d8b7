package signal

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// AtEntries returns a validator that runs check and reports its errors at the
// entries of the map. Terraform cannot show the line of the configuration for a
// path below an entry.
func AtEntries(check validator.Map) validator.Map { return entriesValidator{check} }

type entriesValidator struct{ validator.Map }

// ValidateMap runs the check and moves its errors to the entries.
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

// entryOf returns the path of the map's entry that contains a deeper path.
func entryOf(of, deep path.Path) path.Path {
	for len(deep.Steps()) > len(of.Steps())+1 {
		deep = deep.ParentPath()
	}
	return deep
}
