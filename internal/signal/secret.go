package signal

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// SecretValidator checks a secret as another validator does, in words that leave
// the value out: the framework's own validators print what they were given.
func SecretValidator(check validator.String) validator.String { return secretValidator{check} }

type secretValidator struct{ validator.String }

func (v secretValidator) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	var found validator.StringResponse
	v.String.ValidateString(ctx, req, &found)
	if found.Diagnostics.HasError() {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid Attribute Value",
			fmt.Sprintf("Attribute %s %s. The value given is not shown, because it is a secret.", req.Path, v.Description(ctx)))
	}
}
