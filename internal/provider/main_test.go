package provider_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(runsAt); url != "" {
		os.Exit(runAndWait(url, os.Args[1:]))
	}
	// With half a row, tests would panic or fail, and would not say why.
	lacking := false
	for _, y := range systems.All {
		for _, field := range y.Lacks() {
			fmt.Fprintf(os.Stderr, "%s lacks %s in its row of the table, internal/acctest/systems\n", y.Name(), field)
			lacking = true
		}
	}
	if lacking {
		os.Exit(1)
	}
	os.Exit(acctest.Main(m))
}
