package provider_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
)

// foreignNames are arguments of the providers that users come from which this one
// does not have, by block. To leave them out without a word would be as bad as
// leaving out a misspelt one.
var foreignNames = map[string][]string{
	"provider.aws":                  {"insecure", "skip_credentials_validation", "skip_requesting_account_id", "skip_metadata_api_check", "max_retries", "retry_mode", "default_tags", "ec2_metadata_service_endpoint"},
	"provider.alicloud":             {"insecure", "skip_region_validation", "client_connect_timeout", "max_retry_timeout"},
	"provider.alicloud.assume_role": {"tags"},
	"provider.cloud_automator":      {"api_endpoint", "token"},
}

// Nothing that a user writes is ignored: each argument and block, misspelt, is
// refused by Terraform itself. Only a real terraform shows that, because it sends
// to a provider nothing that the provider's schema does not have.
func TestAccMisspeltArgumentsAreRefused(t *testing.T) {
	t.Parallel()
	w := acctest.Bare(t, nil)
	w.WriteFile("required.tf", required)
	w.WriteFile("provider.tf", "provider \"signal\" {}\n")
	schemas, err := w.ProvidersSchema(t.Context())
	must(t, err)
	if len(schemas.Schemas) != 1 {
		t.Fatalf("there are %d schemas", len(schemas.Schemas))
	}
	missed := func(config *misspelt) {
		t.Helper()
		w.WriteFile("main.tf", config.text.String())
		found, err := w.Validate(t.Context())
		must(t, err)
		for _, d := range found.Diagnostics {
			if d.Range != nil && (d.Summary == "Unsupported argument" || d.Summary == "Unsupported block type") {
				delete(config.wanted, d.Range.Start.Line)
			}
		}
		for _, what := range config.wanted {
			t.Errorf("%s is not refused", what)
		}
	}
	var blocks, resources misspelt
	for _, schema := range schemas.Schemas {
		blocks.add(`provider "signal"`, "provider", schema.ConfigSchema)
		for name, of := range schema.ResourceSchemas {
			resources.add(fmt.Sprintf("resource %q \"x\"", name), name, of)
		}
		for name, of := range schema.EphemeralResourceSchemas {
			resources.add(fmt.Sprintf("ephemeral %q \"x\"", name), name, of)
		}
	}
	if len(blocks.wanted) < 50 || len(resources.wanted) < 100 {
		t.Fatalf("only %d and %d names are misspelt", len(blocks.wanted), len(resources.wanted))
	}
	missed(&resources)
	// Terraform does not get to a resource whose provider block is wrong, nor to a
	// provider block that no resource needs.
	w.WriteFile("provider.tf", "resource \"signal_automation\" \"x\" {}\n")
	missed(&blocks)
}

// misspelt is a configuration in which everything is misspelt.
type misspelt struct {
	text strings.Builder
	line int
	// wanted are the names by the lines that they are on.
	wanted map[int]string
}

func (m *misspelt) write(format string, of ...any) {
	m.line++
	fmt.Fprintf(&m.text, format+"\n", of...)
}

func (m *misspelt) add(header, at string, schema *tfjson.Schema) {
	if m.wanted == nil {
		m.wanted = map[int]string{}
	}
	m.write("%s {", header)
	m.members(at, schema.Block)
	m.write("}")
}

func (m *misspelt) members(at string, block *tfjson.SchemaBlock) {
	names := slices.Clone(foreignNames[at])
	for name := range block.Attributes {
		names = append(names, name+"x")
	}
	for _, name := range names {
		m.write("%s = \"1\"", name)
		m.wanted[m.line] = at + "." + name
	}
	for name, inner := range block.NestedBlocks {
		m.write("%sx {}", name)
		m.wanted[m.line] = at + "." + name + "x"
		m.write("%s {", name)
		m.members(at+"."+name, inner.Block)
		m.write("}")
	}
}
