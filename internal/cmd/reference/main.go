// Command reference completes the pages in docs/ with the data that the tests
// check. It writes the pages that are generated from data alone. In all
// other pages it executes the template actions between [[ and ]], which get
// the table of systems. It gives each page the subcategory of its cloud. It
// also changes links between pages into links to the registry, because the
// registry does not rewrite relative links.
package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/crash"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/matrix"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
)

// pages are the pages that are generated from data, with their file names in
// docs/guides.
var pages = []struct{ name, title, about, text string }{
	{"what-happens-when", "What happens when", "Every way in which sending a signal can fail, and how the signal ends then.", matrix.Text()},
	{"what-happens-after-a-crash", "What happens after a crash", "What the state has, and what the next apply does, after Terraform or the provider was killed.", crash.Text()},
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
		text := fmt.Sprintf("---\npage_title: %q\nsubcategory: \"Guides\"\ndescription: |-\n  %s\n---\n\n# %s\n\n%s",
			page.title, page.about, page.title, page.text)
		if err := os.WriteFile(filepath.Join(docs, "guides", page.name+".md"), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return filepath.WalkDir(docs, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".md" {
			return err
		}
		if err := complete(path); err != nil {
			return err
		}
		return publish(docs, path)
	})
}

// registry is the address at which the registry shows docs/index.md. The other
// pages are below it.
const registry = "https://registry.terraform.io/providers/terraform-provider-signal/signal/latest/docs"

var relative = regexp.MustCompile(`\]\(([^)#:\s]+)\.md(#[^)\s]*)?\)`)

// publish rewrites the links and the subcategory of a page for the registry.
func publish(docs, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	page := relative.ReplaceAllStringFunc(string(text), func(link string) string {
		to := relative.FindStringSubmatch(link)
		name, relErr := filepath.Rel(docs, filepath.Join(filepath.Dir(path), filepath.FromSlash(to[1])))
		if relErr != nil || strings.HasPrefix(name, "..") {
			err = fmt.Errorf("%s leads to %s.md, which is no page", path, to[1])
			return link
		}
		address := registry
		if name != "index" {
			address += "/" + filepath.ToSlash(name)
		}
		return "](" + address + to[2] + ")"
	})
	if err != nil {
		return err
	}
	page = strings.Replace(page, `subcategory: ""`, fmt.Sprintf("subcategory: %q", subcategory(filepath.Base(path))), 1)
	return os.WriteFile(path, []byte(page), 0o644)
}

// subcategory is the heading under which the registry lists a page: the service's cloud.
func subcategory(page string) string {
	for _, y := range systems.All {
		if strings.HasPrefix(page, y.Short()) {
			return clouds[y.Block]
		}
	}
	return ""
}

// clouds are the names of the clouds, by the provider's blocks that configure
// them.
var clouds = map[string]string{
	"aws": "AWS", "alicloud": "Alibaba Cloud", "cloud_automator": "Cloud Automator", "temporal": "Temporal",
}

// complete executes the template actions of one page. Their data is the system
// that the page is about, or all systems.
func complete(path string) error {
	text, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(text), "[[") {
		return err
	}
	var data any = systems.Signals()
	for _, y := range systems.Signals() {
		if page := filepath.Base(path); page == y.Short()+".md" || page == y.Short()+"_wait.md" {
			data = y
		}
	}
	page, err := template.New(path).Delims("[[", "]]").Funcs(template.FuncMap{
		"readBack":   func(y systems.System) bool { return y.Lost == systems.ReadBack },
		"repeatable": func(y systems.System) bool { return y.Lost == systems.Repeatable },
		"adopts":     adopts,
		"filtered":   func(y systems.System) bool { return y.Together["started_after"] != nil },
		"regional":   func(y systems.System) bool { return y.Block == "aws" || y.Block == "alicloud" },
		"limited":    limited,
		"adopting":   adopting,
		"policy":     policy,
		"requests":   func(y systems.System) string { return systems.List(y.SendLinks()) },
		"reads":      reads,
		"jobAPI":     func() string { return systems.JobAPI },
		"events":     func() string { return events },
		"vendor":     vendor,
		"named":      named,
		"sure":       sure,
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

// events is the table of what waits for an action. TestAccWhatActionEventsHold and
// TestAccActionAfterAFailure have it.
const events = `| event of the ` + "`action_trigger`" + ` | what a failed action blocks, as seen with Terraform 1.14, 1.15 and 1.16 |
|---|---|
| ` + "`before_create`, `before_update`" + ` | the resource with the trigger, and so everything that depends on it. The next apply invokes the action again |
| ` + "`after_create`" + ` | with Terraform 1.14 and 1.15, nothing. With 1.16, what depends on the resource, in that apply; in later applies only with ` + "`on_failure = taint`" + `, which creates the resource again |
| ` + "`after_update`" + ` | with Terraform 1.14 and 1.15, nothing. With 1.16, what depends on the resource, in that apply. ` + "`on_failure = taint`" + ` taints nothing here |
| ` + "`before_destroy`, `after_destroy`" + `, from Terraform 1.16 on | it is not tested what a failed action blocks at destroy. If you remove the resource's block from the configuration, the action does not run, so it blocks nothing |

After a failed update, Terraform 1.16 still invokes an ` + "`after_update`" + ` action. After a failed creation, Terraform 1.16.0 to 1.16.4 still invoke an ` + "`after_create`" + `
action. Terraform 1.14 and 1.15 do neither. To prevent this, use the signal as a resource that depends on the resource with the trigger: after the failure,
Terraform does not send it.
`

// adopting are the resource types that have adopt_existing.
func adopting() string {
	var found []string
	for _, y := range systems.Signals() {
		if adopts(y) {
			found = append(found, "`"+y.Type+"`")
		}
	}
	return systems.List(found)
}

// limited is what the signals have in common that slow down together.
func limited(y systems.System) string {
	return map[string]string{
		"aws": "service and region", "alicloud": "service and region", "cloud_automator": "host", "temporal": "namespace of this server",
	}[y.Block]
}

func adopts(y systems.System) bool { return y.Gate != nil && y.Gate.Adopts }

// vendor is the service with its cloud.
func vendor(y systems.System) string {
	if cloud := clouds[y.Block]; cloud != y.Docs.Service {
		return cloud + " " + y.Docs.Service
	}
	return y.Docs.Service
}

// named says how a target is named: the text of Docs.Named. If there is none,
// it lists the id and the name of Naming, or the arguments of Missing.
func named(y systems.System) string {
	if y.Docs.Named != "" {
		return y.Docs.Named
	}
	if y.Naming != nil {
		return fmt.Sprintf("by its `%s`, or found by `%s`", y.Naming.ID, y.Naming.Name)
	}
	var names []string
	for name := range y.Missing {
		names = append(names, "`"+name+"`")
	}
	slices.Sort(names)
	return "by its " + systems.List(names)
}

// sure says what the provider does about a signal whose answer was lost.
func sure(y systems.System) string {
	switch y.Lost {
	case systems.Repeatable:
		return "sends the same request again: the service documents a repeat as harmless"
	case systems.ReadBack:
		return "reads at the service: confirmed, or sent again; unknown if the service does not show enough"
	default:
		return "unknown: the service does not show its signals"
	}
}

// policy is a policy of a resource's examples.
func policy(resource, file string) (string, error) {
	text, err := os.ReadFile(filepath.Join("examples", "resources", resource, file))
	return "```json\n" + strings.TrimSpace(string(text)) + "\n```", err
}

// reads are the links to the vendor's pages about the reads of a wait.
func reads(y systems.System) (string, error) {
	if y.Docs.NoReadPolicy != "" {
		return systems.List(y.ReadLinks("")), nil
	}
	policy, err := policy(y.Type+"_wait", "policy.json")
	return systems.List(y.ReadLinks(policy)), err
}
