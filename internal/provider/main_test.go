package provider_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
)

func TestMain(m *testing.M) {
	// Without these nearly every test would panic, and none would say why.
	for _, y := range systems.All {
		if y.Ready == nil || y.Interrupted == nil || y.IsSuccess == nil {
			fmt.Fprintf(os.Stderr, "%s lacks Ready, Interrupted or IsSuccess in its row of the table, internal/acctest/systems\n", y.Name())
			os.Exit(1)
		}
	}
	os.Exit(acctest.Main(m))
}
