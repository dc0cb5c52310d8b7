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
	// Without these nearly every test would panic, and no panic would say why.
	lacking := false
	for _, y := range systems.All {
		for field, missing := range map[string]bool{"Ready": y.Ready == nil, "Interrupted": y.Interrupted == nil && !y.Finds, "IsSuccess": y.IsSuccess == nil} {
			if missing {
				fmt.Fprintf(os.Stderr, "%s lacks %s in its row of the table, internal/acctest/systems\n", y.Name(), field)
				lacking = true
			}
		}
	}
	if lacking {
		os.Exit(1)
	}
	os.Exit(acctest.Main(m))
}
