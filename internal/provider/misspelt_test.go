package provider_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hcldec"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/zclconf/go-cty/cty"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/terraformcli"
)

// foreignNames are arguments of the providers from which users come, by block, that this
// provider does not have. Ignoring them silently would be as bad as ignoring a misspelt
// argument.
var foreignNames = map[string][]string{
	"provider.aws":                  {"insecure", "skip_credentials_validation", "skip_requesting_account_id", "skip_metadata_api_check", "max_retries", "retry_mode", "default_tags", "ec2_metadata_service_endpoint"},
	"provider.alicloud":             {"insecure", "skip_region_validation", "client_connect_timeout", "max_retry_timeout"},
	"provider.alicloud.assume_role": {"tags"},
	"provider.cloud_automator":      {"api_endpoint", "token"},
}

// Nothing that a user writes is ignored: Terraform refuses each misspelt argument and
// block. Only a real terraform shows that, because it sends a provider only what the
// provider's schema has.
func TestAccMisspeltArgumentsAreRefused(t *testing.T) {
	t.Parallel()
	w := acctest.Bare(t, nil)
	w.WriteFile("required.tf", required)
	w.WriteFile("provider.tf", "provider \"signal\" {}\n")
	var schemas tfjson.ProviderSchemas
	must(t, w.JSON(&schemas, "providers", "schema", "-json"))
	if len(schemas.Schemas) != 1 {
		t.Fatalf("there are %d schemas", len(schemas.Schemas))
	}
	missed := func(config *misspelt) {
		t.Helper()
		w.WriteFile("main.tf", config.text.String())
		found, err := w.Validate()
		must(t, err)
		for _, d := range found.Diagnostics {
			if d.Range != nil && refusal(d.Summary) {
				delete(config.wanted, d.Range.Start.Line)
			}
		}
		for _, what := range config.wanted {
			t.Errorf("%s is not refused", what)
		}
	}
	var blocks, resources misspelt
	for _, schema := range schemas.Schemas {
		blocks.add("provider", "", grammarOfJSON(schema.ConfigSchema.Block))
		for name, of := range schema.ResourceSchemas {
			resources.add("resource", name, grammarOfJSON(of.Block))
		}
		for name, of := range schema.EphemeralResourceSchemas {
			resources.add("ephemeral", name, grammarOfJSON(of.Block))
		}
		// Older ones do not report actions, and could not read them.
		if acctest.CLI(t).AtLeast(terraformcli.Terraform, "1.14.0") {
			for name, of := range schema.ActionSchemas {
				resources.add("action", name, grammarOfJSON(of.Block))
			}
		}
	}
	if len(blocks.wanted) < 50 || len(resources.wanted) < 100 {
		t.Fatalf("only %d and %d names are misspelt", len(blocks.wanted), len(resources.wanted))
	}
	missed(&resources)
	// If a provider block is wrong, Terraform does not read its resources. It does not read
	// a provider block that no resource needs.
	w.WriteFile("provider.tf", "resource \"signal_automation\" \"x\" {}\n")
	missed(&blocks)
}

// The same for everything that the provider has, including actions and list resources, with
// the library that every release of Terraform uses to decode a block.
func TestMisspeltArgumentsAreRefused(t *testing.T) {
	for kind, blocks := range acctest.StartProvider(t, nil).Schemas() {
		if len(blocks) == 0 {
			t.Errorf("there is no %s", kind)
		}
		for name, block := range blocks {
			of := grammarOf(block)
			var m misspelt
			m.add(kind, name, of)
			file, diags := hclsyntax.ParseConfig([]byte(m.text.String()), "main.tf", hcl.InitialPos)
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			body := file.Body.(*hclsyntax.Body).Blocks[0].Body
			if inConfig(kind) {
				body = body.Blocks[0].Body
			}
			_, diags = hcldec.Decode(body, of.spec(), nil)
			for _, d := range diags {
				if refusal(d.Summary) {
					delete(m.wanted, d.Subject.Start.Line)
				}
			}
			for _, what := range m.wanted {
				t.Errorf("%s is not refused", what)
			}
		}
	}
}

// Terraform converts the value of an argument to the argument's type, and drops the members
// that an object type does not have. So no argument contains an object.
func TestNoArgumentDropsMembers(t *testing.T) {
	var walk func(at string, block *tfprotov6.SchemaBlock)
	walk = func(at string, block *tfprotov6.SchemaBlock) {
		for _, attribute := range block.Attributes {
			if given := attribute.Required || attribute.Optional; given && (attribute.NestedType != nil || drops(attribute.Type)) {
				t.Errorf("Terraform ignores misspelt members of %s.%s", at, attribute.Name)
			}
		}
		for _, inner := range block.BlockTypes {
			walk(at+"."+inner.TypeName, inner.Block)
		}
	}
	for kind, blocks := range acctest.StartProvider(t, nil).Schemas() {
		for name, block := range blocks {
			walk(kind+" "+name, block)
		}
	}
	if !drops(tftypes.Map{ElementType: tftypes.Object{}}) {
		t.Error("drops does not find an object in a map")
	}
}

// drops reports whether the conversion of values to a type loses something.
func drops(kind tftypes.Type) bool {
	switch kind := kind.(type) {
	case tftypes.List:
		return drops(kind.ElementType)
	case tftypes.Set:
		return drops(kind.ElementType)
	case tftypes.Map:
		return drops(kind.ElementType)
	case tftypes.Object, tftypes.Tuple:
		return true
	default:
		return false
	}
}

func refusal(summary string) bool {
	return summary == "Unsupported argument" || summary == "Unsupported block type"
}

// grammar is the content that a block can have.
type grammar struct {
	attributes []string
	blocks     map[string]grammar
}

func grammarOfJSON(block *tfjson.SchemaBlock) grammar {
	s := grammar{slices.Collect(maps.Keys(block.Attributes)), map[string]grammar{}}
	for name, inner := range block.NestedBlocks {
		s.blocks[name] = grammarOfJSON(inner.Block)
	}
	return s
}

func grammarOf(block *tfprotov6.SchemaBlock) grammar {
	s := grammar{blocks: map[string]grammar{}}
	for _, attribute := range block.Attributes {
		s.attributes = append(s.attributes, attribute.Name)
	}
	for _, inner := range block.BlockTypes {
		s.blocks[inner.TypeName] = grammarOf(inner.Block)
	}
	return s
}

// spec returns the specification with which the block is decoded.
func (s grammar) spec() hcldec.Spec {
	object := hcldec.ObjectSpec{}
	for _, name := range s.attributes {
		object[name] = &hcldec.AttrSpec{Name: name, Type: cty.DynamicPseudoType}
	}
	for name, inner := range s.blocks {
		object[name] = &hcldec.BlockTupleSpec{TypeName: name, Nested: inner.spec()}
	}
	return object
}

// inConfig reports whether the arguments of a kind of block are in a config block.
func inConfig(kind string) bool { return kind == "action" || kind == "list" }

// misspelt is a configuration in which everything is misspelt.
type misspelt struct {
	text strings.Builder
	line int
	// wanted are the names, by line.
	wanted map[int]string
}

func (m *misspelt) write(format string, of ...any) {
	m.line++
	fmt.Fprintf(&m.text, format+"\n", of...)
}

func (m *misspelt) add(kind, name string, of grammar) {
	if m.wanted == nil {
		m.wanted = map[int]string{}
	}
	switch {
	case kind == "provider":
		m.write("provider \"signal\" {")
		m.members(kind, of)
	case inConfig(kind):
		m.write("%s %q \"x\" {", kind, name)
		m.write("config {")
		m.members(kind+"."+name, of)
		m.write("}")
	default:
		m.write("%s %q \"x\" {", kind, name)
		m.members(kind+"."+name, of)
	}
	m.write("}")
}

func (m *misspelt) members(at string, of grammar) {
	names := slices.Clone(foreignNames[at])
	for _, name := range of.attributes {
		names = append(names, name+"x")
	}
	for _, name := range names {
		m.write("%s = \"1\"", name)
		m.wanted[m.line] = at + "." + name
	}
	for name, inner := range of.blocks {
		m.write("%sx {}", name)
		m.wanted[m.line] = at + "." + name + "x"
		m.write("%s {", name)
		m.members(at+"."+name, inner)
		m.write("}")
	}
}
