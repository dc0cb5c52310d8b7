package provider_test

import (
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
)

// The provider warns of the releases of Terraform that can lose the state, and of no
// others.
func TestLosingReleasesAreWarnedOf(t *testing.T) {
	for release, warned := range map[string]bool{
		"1.11.4": false, "1.15.9": false, "1.16.0-rc2": true, "1.16.0": true, "1.16.4": true, "1.16.5": false, "1.16.10": false, "1.17.0": false, "": false,
	} {
		_, diags := acctest.TryEngine(t, release, nil)
		if diags.HasError() || len(diags) > 0 != warned || warned && !strings.Contains(diags.String(), "1.16.5") {
			t.Errorf("%q: %s", release, diags)
		}
	}
}
