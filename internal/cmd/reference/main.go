// Command reference completes the pages in docs/ with what the tests check: it
// writes the pages that are printed from data, and fills in what stands between
// [[ and ]] in all others, as a template that is given the table of systems.
package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/crash"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/matrix"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
)

// pages are those printed from data, by the names of their files in docs/guides.
var pages = []struct{ name, title, text string }{
	{"what-happens-when", "What happens when", matrix.Text()},
	{"what-happens-after-a-crash", "What happens after a crash", crash.Text()},
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: reference DOCS, in the repository's root")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "reference:", err)
		os.Exit(1)
	}
}

func run(docs string) error {
	for _, page := range pages {
		text := fmt.Sprintf("---\npage_title: %q\nsubcategory: \"Guides\"\ndescription: |-\n  %s, generated from what the tests check.\n---\n\n# %s\n\n%s",
			page.title, page.title, page.title, page.text)
		if err := os.WriteFile(filepath.Join(docs, "guides", page.name+".md"), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return filepath.WalkDir(docs, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".md" {
			return err
		}
		return complete(path)
	})
}

// complete fills in one page. It is given the system that the page is about, or all.
func complete(path string) error {
	text, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(text), "[[") {
		return err
	}
	var data any = systems.Signals()
	for _, y := range systems.Signals() {
		if y.Short()+".md" == filepath.Base(path) {
			data = y
		}
	}
	page, err := template.New(path).Delims("[[", "]]").Funcs(template.FuncMap{
		"readBack":   func(y systems.System) bool { return y.Lost == systems.ReadBack },
		"repeatable": func(y systems.System) bool { return y.Lost == systems.Repeatable },
		"adopts":     adopts,
		"adopting":   adopting,
		"policy":     policy,
	}).Parse(string(text))
	if err != nil {
		return err
	}
	var out strings.Builder
	if err := page.Execute(&out, data); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(out.String()), 0o644)
}

// adopting are the resource types that look for a signal before they send it.
func adopting() string {
	var found []string
	for _, y := range systems.Signals() {
		if adopts(y) {
			found = append(found, "`"+y.Type+"`")
		}
	}
	return systems.List(found)
}

func adopts(y systems.System) bool { return y.Gate != nil && y.Gate.Adopts }

// policy is a policy of a resource's examples.
func policy(resource, file string) (string, error) {
	text, err := os.ReadFile(filepath.Join("examples", "resources", resource, file))
	return "```json\n" + strings.TrimSpace(string(text)) + "\n```", err
}
