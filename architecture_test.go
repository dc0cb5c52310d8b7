package main_test

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// ARCHITECTURE.md draws every import between the packages that ship, and no other.
func TestArchitectureIsAsDrawn(t *testing.T) {
	page, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	var drawn []string
	for _, arrow := range regexp.MustCompile(`(?m)^\s+(\w+) --> (\w+)$`).FindAllStringSubmatch(string(page), -1) {
		drawn = append(drawn, arrow[1]+" imports "+arrow[2])
	}
	const module = "github.com/terraform-provider-signal/terraform-provider-signal"
	list, err := exec.CommandContext(t.Context(), "go", "list", "-deps",
		"-f", `{{$from := .ImportPath}}{{range .Imports}}{{$from}} {{.}}{{"\n"}}{{end}}`, ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for line := range strings.Lines(string(list)) {
		from, to, both := strings.Cut(strings.TrimSpace(line), " ")
		if both && strings.HasPrefix(from, module) && strings.HasPrefix(to, module) {
			found = append(found, system(from, module)+" imports "+system(to, module))
		}
	}
	if len(found) == 0 {
		t.Fatalf("no imports found in:\n%s", list)
	}
	for _, arrow := range found {
		if !slices.Contains(drawn, arrow) {
			t.Errorf("%s, but ARCHITECTURE.md does not draw it", arrow)
		}
	}
	for _, arrow := range drawn {
		if !slices.Contains(found, arrow) {
			t.Errorf("ARCHITECTURE.md draws that %s, but it does not", arrow)
		}
	}
}

// system is a package's name in the picture.
func system(path, module string) string {
	if path == module {
		return "main"
	}
	return strings.TrimPrefix(path, module+"/internal/")
}
