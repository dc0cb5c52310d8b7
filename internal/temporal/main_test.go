package temporal_test

import (
	"os"
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
)

func TestMain(m *testing.M) { os.Exit(acctest.Main(m)) }

func apply(t *testing.T, r *acctest.Resource, config acctest.Values) {
	t.Helper()
	if diags := r.Apply(config); len(diags) > 0 {
		t.Fatal(diags)
	}
}

func says(t *testing.T, diags acctest.Diagnostics, isError bool, parts ...string) {
	t.Helper()
	if diags.HasError() != isError {
		t.Errorf("an error: %t, want %t: %s", diags.HasError(), isError, diags)
	}
	for _, part := range parts {
		if !strings.Contains(diags.String(), part) {
			t.Errorf("%q is not in what was said:\n%s", part, diags)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
