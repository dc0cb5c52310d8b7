package main_test

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/terraform-provider-signal/terraform-provider-signal"

// layers are the packages that ARCHITECTURE.md draws by their own names. Every other
// package of the provider is a system, so the rules also hold for systems that are not
// written yet.
var layers = []string{"main", "plugin", "provider", "signal", "aws", "alicloud", "cloudautomator", "delivery"}

// clouds are the packages that only a cloud's own package and its systems import.
var clouds = map[string][]string{
	"AWS":           {module + "/internal/aws", "github.com/aws"},
	"Alibaba Cloud": {module + "/internal/alicloud", "github.com/alibabacloud-go", "github.com/aliyun"},
}

// imports returns the imports of the provider's packages, by package.
func imports(t *testing.T, patterns ...string) map[string][]string {
	t.Helper()
	list, err := exec.CommandContext(t.Context(), "go", append([]string{"list",
		"-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`}, patterns...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for line := range strings.Lines(string(list)) {
		if names := strings.Fields(line); strings.HasPrefix(names[0], module) {
			found[names[0]] = names[1:]
		}
	}
	if len(found) == 0 {
		t.Fatalf("no packages found in:\n%s", list)
	}
	return found
}

// ARCHITECTURE.md draws exactly the imports between the provider's packages.
func TestArchitectureIsAsDrawn(t *testing.T) {
	page, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	var drawn []string
	for _, arrow := range regexp.MustCompile(`(?m)^\s+(\w+) --> (\w+)$`).FindAllStringSubmatch(string(page), -1) {
		drawn = append(drawn, arrow[1]+" imports "+arrow[2])
	}
	found := map[string]string{}
	for from, all := range imports(t, "-deps", ".") {
		for _, to := range all {
			if strings.HasPrefix(to, module) {
				found[drawnAs(from)+" imports "+drawnAs(to)] = from + " imports " + to
			}
		}
	}
	for arrow, packages := range found {
		if !slices.Contains(drawn, arrow) {
			t.Errorf("%s, but ARCHITECTURE.md does not draw that %s", packages, arrow)
		}
	}
	for _, arrow := range drawn {
		if found[arrow] == "" {
			t.Errorf("ARCHITECTURE.md draws that %s, but it does not", arrow)
		}
	}
}

// Every package belongs to the provider, or to its tests or tools.
func TestEveryPackageIsUsed(t *testing.T) {
	ships := imports(t, "-deps", ".")
	for name := range imports(t, "./internal/...") {
		outside := regexp.MustCompile(`^(sandbox|acctest|cmd)(/|$)`).MatchString(strings.TrimPrefix(name, module+"/internal/"))
		if _, used := ships[name]; !used && !outside {
			t.Errorf("%s is part of nothing: a system needs a line in setClients, in internal/provider/provider.go", name)
		}
	}
}

// A package knows at most one cloud, except for the package with the blocks of all clouds.
func TestSystemsKnowOneCloud(t *testing.T) {
	for name, all := range imports(t, "-deps", ".") {
		knows := map[string]string{}
		for _, to := range append(all, name) {
			for cloud, prefixes := range clouds {
				for _, prefix := range prefixes {
					if to == prefix || strings.HasPrefix(to, prefix+"/") {
						knows[cloud] = to
					}
				}
			}
		}
		switch layer := drawnAs(name); {
		case layer == "provider":
		case len(knows) > 1:
			t.Errorf("%s knows more than one cloud: %v", name, knows)
		case len(knows) > 0 && (layer == "delivery" || layer == "signal" || layer == "plugin" || layer == "main"):
			t.Errorf("%s knows a cloud: %v", name, knows)
		}
	}
}

// drawnAs returns a package's name in the picture.
func drawnAs(path string) string {
	name := strings.TrimPrefix(path, module+"/internal/")
	switch {
	case path == module:
		return "main"
	case slices.Contains(layers, name):
		return name
	default:
		return "system"
	}
}
