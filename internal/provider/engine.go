package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// losing matches the releases of Terraform that can lose the whole state when Create
// returns an error and a state, as it does for a signal with an unknown outcome. OpenTofu
// does not have the bug. It has no release with such a version number, but the provider
// could not tell it apart.
// https://github.com/hashicorp/terraform/issues/39283
var losing = delivery.LazyRegexp(`^1\.16\.[0-4](-.*)?$`)

// checkEngine warns about a Terraform release that can lose the state.
func checkEngine(version string) (diags diag.Diagnostics) {
	if losing().MatchString(version) {
		diags.AddWarning("Terraform Release Loses State",
			"Terraform "+version+" can lose the whole state, including other resources, when a signal's outcome is unknown, a wait fails or Ctrl-C ends a wait "+
				"while another resource of the same apply ends (https://github.com/hashicorp/terraform/issues/39283). The next apply then creates everything and sends every signal again. "+
				"It also invokes an after_create action after a creation that has failed.\n\n"+
				"Use Terraform 1.16.5 or newer, which is said to fix this. Until then, apply with -parallelism=1, or keep a copy of the state. "+
				"If this is OpenTofu, it is not affected.")
	}
	return diags
}
