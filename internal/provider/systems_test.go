package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/crash"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
)

// The test names everything that an added signal lacks.
func TestEverySignalIsComplete(t *testing.T) {
	p := acctest.StartProvider(t, nil)
	for _, name := range p.Resources() {
		if r := p.Resource(name); !r.Has("delivery") {
			continue // It is not a signal.
		}
		if !slices.ContainsFunc(systems.All, func(y system) bool { return y.Type == name }) {
			t.Errorf("%s lacks a row in the table of systems, internal/acctest/systems", name)
		}
	}
	for _, y := range systems.Signals() {
		for _, lack := range lacks(p, y) {
			t.Errorf("%s lacks %s", y.Type, lack)
		}
	}
}

// lacks returns what a signal should have and does not have.
func lacks(p *acctest.Provider, y system) (lacks []string) {
	lack := func(missing bool, format string, of ...any) {
		if missing {
			lacks = append(lacks, fmt.Sprintf(format, of...))
		}
	}
	file := func(of string, parts ...string) {
		_, err := os.Stat(filepath.Join(append([]string{"..", ".."}, parts...)...))
		lack(err != nil, "%s: there is no %s", of, strings.Join(parts, "/"))
	}
	if !slices.Contains(p.Resources(), y.Type) {
		return []string{"a line in setClients, in internal/provider/provider.go"}
	}
	rows := []system{}
	for _, row := range systems.All {
		if row.Type == y.Type {
			rows = append(rows, row)
		}
	}
	for _, row := range rows {
		for _, guarded := range row.Guards {
			lack(!slices.Contains(crash.Guards, guarded.Guard), "a column of the page about crashes for the guard %q", guarded.Guard)
		}
	}
	resource := p.Resource(y.Type)
	lack(resource.Has("wait_for_completion") && y.Gate == nil, "Gate in its row of the table, for wait_until_ready and wait_for_completion")
	lack(resource.Has("wait_for_completion") && y.Gate != nil && y.Gate.Adopts != resource.Has("adopt_existing"), "the truth about adopt_existing in Gate.Adopts")
	finds := slices.ContainsFunc(rows, func(row system) bool { return row.Finds })
	lack(resource.Has("started_after") && y.Naming == nil && !finds,
		"Naming in its row of the table, or another row, in by_name.go, with the arguments by which it finds its target")
	lack(y.Naming != nil && !finds, "its row in by_name.go, internal/acctest/systems")
	_, known := namedTargets[y.Type]
	lack(finds && !known, "an entry in namedTargets of internal/provider")
	lack(y.Block == "aws" && len(y.Requests) == 0, "Requests in its row of the table, as the AWS command line makes them")
	lack(y.Block != "cloud_automator" && y.Block != "temporal" && !resource.Has("region"), "the argument region")
	action := slices.ContainsFunc(rows, func(row system) bool { return row.HasAction })
	lack(action != slices.Contains(p.Actions(), y.Type), "the truth about its action in HasAction")

	for _, name := range []string{"system.go", "arguments.go", "arguments_test.go", "send.go", "send_test.go"} {
		file("a file", "internal", y.Package, name)
	}
	if y.Gate != nil {
		file("a file", "internal", y.Package, "states.go")
		file("tests of its states", "internal", y.Package, "states_test.go")
		file("its wait", "internal", y.Package, "wait.go")
	}
	if finds {
		file("its search for the target", "internal", y.Package, "find.go")
	}
	if y.Lost == systems.ReadBack {
		file("its lookup of a lost signal", "internal", y.Package, "delivered.go")
	}
	file("an example", "examples", "resources", y.Type, "resource.tf")
	if y.Docs.NoPolicy == "" {
		file("a policy", "examples", "resources", y.Type, "policy.json")
	}
	if y.Gate != nil {
		file("an example of waiting", "examples", "resources", y.Type, "resource_waiting.tf")
		if y.Docs.NoPolicy == "" {
			file("a policy for waiting", "examples", "resources", y.Type, "policy-waiting.json")
		}
	}
	if y.Naming != nil {
		file("an example of naming its target", "examples", "resources", y.Type, "resource_by_name.tf")
		file("a policy for naming its target", "examples", "resources", y.Type, "policy-by-name.json")
	}
	wait := y.Type + "_wait"
	lack(y.Gate != nil && !slices.Contains(p.Resources(), wait), "the resource %s: Wait in its System", wait)
	if y.Gate != nil {
		for _, name := range []string{"resource.tf", "import.sh"} {
			file("a file for its wait", "examples", "resources", wait, name)
		}
		if y.Docs.NoReadPolicy == "" {
			file("a policy for its wait", "examples", "resources", wait, "policy.json")
		}
		file("a page of its wait (make docs)", "docs", "resources", y.Short()+"_wait.md")
		lack(!slices.ContainsFunc(y.Examples, func(s systems.Scenario) bool { return s.Example == "resources/"+wait }), "a scenario for the example of its wait in Examples")
	}
	if action {
		file("an example of its action", "examples", "actions", y.Type, "action.tf")
		file("a page of its action (make docs)", "docs", "actions", y.Short()+".md")
	}
	file("a page (make docs)", "docs", "resources", y.Short()+".md")
	lack(!slices.ContainsFunc(y.Examples, func(s systems.Scenario) bool { return s.Example == "resources/"+y.Type }), "a scenario for the example of its resource in Examples")
	lack(y.Demo.Start == nil || y.Demo.State == nil, "Demo in its row of the table")
	file("an example for the demo", "examples", "demo", y.Short(), "main.tf")
	for _, field := range []string{"Service", "API", "Sends", "Lost", "Repeats", "Answers"} {
		lack(reflect.ValueOf(y.Docs).FieldByName(field).IsZero(), "Docs.%s in its row of the table", field)
	}
	lack(y.Docs.AfterCrash == "" && !resource.Has("adopt_existing"), "Docs.AfterCrash in its row of the table: it has no adopt_existing, of which the page speaks")
	lack(y.Docs.LookUp == "" && y.LooksUp, "Docs.LookUp in its row of the table")
	lack(y.Docs.NoAction == "" && !action, "Docs.NoAction in its row of the table")
	index, _ := os.ReadFile(filepath.Join("..", "..", "docs", "index.md"))
	block, _ := os.ReadFile(filepath.Join("..", "..", "examples", "configuration", y.Block, "provider.tf"))
	lack(len(block) == 0 || !strings.Contains(string(index), strings.TrimSpace(string(block))), "the example of its provider block on the first page: examples/configuration/%s/provider.tf", y.Block)
	readme, _ := os.ReadFile(filepath.Join("..", "..", "README.md"))
	lack(!strings.Contains(string(readme), fmt.Sprintf("| `%s` | %s |\n", y.Type, y.Docs.Sends)), "its row in README.md, with the words of Docs.Sends")
	return lacks
}

// README.md lists the signals in the order of all pages.
func TestReadmeHasTheOrderOfThePages(t *testing.T) {
	var want, listed []string
	for _, y := range systems.Signals() {
		want = append(want, y.Type)
	}
	for line := range strings.Lines(contents(t, filepath.Join("..", "..", "README.md"))) {
		if name, row := strings.CutPrefix(line, "| `signal_"); row {
			name, _, _ = strings.Cut(name, "`")
			listed = append(listed, "signal_"+name)
		}
	}
	if !slices.Equal(listed, want) {
		t.Errorf("the table in README.md has %v, and the pages %v", listed, want)
	}
}

// lacks finds everything that is missing.
func TestLacksAreFound(t *testing.T) {
	p := acctest.StartProvider(t, nil)
	forgotten := systems.Of("signal_automation")
	forgotten.Package, forgotten.Demo, forgotten.Examples, forgotten.Requests = "nowhere", systems.Demo{}, nil, nil
	forgotten.LooksUp, forgotten.Lost = true, systems.ReadBack
	forgotten.Docs.Answers, forgotten.Docs.Sends, forgotten.Docs.API = nil, "nothing", nil
	said := strings.Join(lacks(p, forgotten), "\n")
	for _, part := range []string{
		"internal/nowhere/send_test.go", "internal/nowhere/wait.go", "internal/nowhere/find.go", "internal/nowhere/delivered.go",
		"Demo", "Examples", "Requests", "Docs.Answers", "Docs.API", "Docs.LookUp", "README.md",
	} {
		if !strings.Contains(said, part) {
			t.Errorf("%q is not missed:\n%s", part, said)
		}
	}
	forgotten = systems.Of("signal_http_trigger")
	forgotten.Docs.AfterCrash = ""
	if said := lacks(p, forgotten); len(said) != 1 || !strings.Contains(said[0], "Docs.AfterCrash") {
		t.Errorf("without a word about crashes it said %q", said)
	}
	forgotten = systems.Of("signal_automation")
	forgotten.Gate = nil
	if said := strings.Join(lacks(p, forgotten), "\n"); !strings.Contains(said, "Gate") {
		t.Errorf("without Gate it said %q", said)
	}
	if said := lacks(p, system{Type: "signal_nothing"}); len(said) != 1 || !strings.Contains(said[0], "provider.go") {
		t.Errorf("of a signal that the provider does not offer it said %q", said)
	}
}
