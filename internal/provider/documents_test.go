package provider_test

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/checkout"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/terraformcli"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// document is a piece of configuration, and its location.
type document struct {
	from, text string
	body       *hclsyntax.Body
}

// module is the configuration that is read together: the files of an example's folder, or
// the blocks of a page. A block with a terraform block is complete and a module by itself.
// The other blocks of a page are one module, until one of them declares a name that the
// module already has. The test declares the variables that they use without declaring them.
type module struct {
	name      string
	documents []document
}

var fence = regexp.MustCompile("(?ms)^```(hcl|terraform|tf)\n(.*?)^```$")

// All configuration in pages and examples is formatted, and valid for the provider and for
// the terraform of this run.
func TestAccDocumentsAreValid(t *testing.T) {
	t.Parallel()
	modules := documents(t)
	p := acctest.StartProvider(t, nil)
	for _, m := range modules {
		for _, d := range m.documents {
			if formatted := hclwrite.Format([]byte(d.text)); string(formatted) != d.text {
				t.Errorf("%s is not formatted; it should be:\n%s", d.from, formatted)
			}
		}
		m.check(t, p)
	}
	w := acctest.Bare(t, nil)
	m := merged{w: w, from: map[string]string{}}
	for i, one := range modules {
		// The vendor's provider is not available here. Another test applies these with a
		// stand-in.
		if !slices.ContainsFunc(one.documents, func(d document) bool { return strings.Contains(d.text, "cloudautomator/cloudautomator") }) {
			m.add(t, fmt.Sprintf("m%d", i), one)
		}
	}
	w.WriteFile("main.tf", m.root.String())
	must(t, w.Get(t.Context()))
	found, err := w.Validate()
	must(t, err)
	for _, d := range found.Diagnostics {
		// The second summary is about this test, which makes modules of complete
		// configurations.
		if d.Summary == "Provider development overrides are in effect" || d.Summary == "Redundant empty provider block" {
			continue
		}
		at := "somewhere"
		if d.Range != nil {
			at = fmt.Sprintf("%s, line %d", m.from[filepath.ToSlash(d.Range.Filename)], d.Range.Start.Line)
		}
		t.Errorf("%s: %s: %s: %s", at, d.Severity, d.Summary, d.Detail)
	}
}

// The configurations of the pages are in examples/, where tests apply them unchanged. Only
// README.md, which is not generated, has its own.
func TestPagesShowExamples(t *testing.T) {
	t.Parallel()
	examples := map[string]bool{}
	var pages []document
	for _, m := range documents(t) {
		for _, d := range m.documents {
			if strings.HasPrefix(d.from, "examples/") {
				examples[strings.TrimSpace(d.text)] = true
			} else if strings.HasPrefix(d.from, "docs/") {
				pages = append(pages, d)
			}
		}
	}
	for _, d := range pages {
		if !examples[strings.TrimSpace(d.text)] {
			t.Errorf("%s is no file in examples/: put it there and show it with tffile, so that it is applied", d.from)
		}
	}
}

// links match the links and images of a page: inline ones, with or without a title, the
// definitions of reference links, and those in HTML. Each has the address and the anchor.
var links = []*regexp.Regexp{
	regexp.MustCompile(`\]\(\s*<?([^)#\s>]*)(#[^)\s>]*)?`),
	regexp.MustCompile(`(?m)^ {0,3}\[[^\]\n]+\]:\s*<?([^#\s>]*)(#[^\s>]*)?`),
	regexp.MustCompile(`(?i)<(?:a|img)\s(?:[^>]*\s)?(?:href|src)\s*=\s*["']?([^"'#\s>]*)(#[^"'\s>]*)?`),
}

// registry is the address at which the registry shows docs/index.md. The registry does not
// rewrite relative links, so the pages in docs/ have none.
const registry = "https://registry.terraform.io/providers/terraform-provider-signal/signal/latest/docs"

// All links lead to existing pages and headings.
func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	root, found := filepath.Join("..", ".."), 0
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md"} {
		pages, err := filepath.Glob(filepath.Join(root, pattern))
		must(t, err)
		for _, page := range pages {
			checked, faults := checkLinks(t, root, page, contents(t, page))
			found += checked
			for _, fault := range faults {
				t.Errorf("%s leads to %s", page, fault)
			}
		}
	}
	if found < 20 {
		t.Errorf("found only %d links", found)
	}
}

// checkLinks checks the links of a page, except those to other sites. It returns how many
// it has checked, and what is wrong with some of them.
func checkLinks(t *testing.T, root, page, text string) (checked int, faults []string) {
	t.Helper()
	published := strings.HasPrefix(page, filepath.Join(root, "docs")+string(filepath.Separator))
	for _, kind := range links {
		for _, to := range kind.FindAllStringSubmatch(text, -1) {
			file, own := page, strings.HasPrefix(to[1], registry)
			switch {
			case own:
				file = filepath.Join(root, "docs", filepath.FromSlash(cmp.Or(strings.TrimPrefix(to[1], registry), "/index"))+".md")
			case strings.Contains(to[1], "://"):
				continue
			case to[1] != "" && published:
				faults = append(faults, to[1]+", which the registry does not find")
				continue
			case to[1] != "":
				file = filepath.Join(filepath.Dir(page), filepath.FromSlash(to[1]))
			}
			checked++
			if _, err := os.Stat(file); err != nil {
				faults = append(faults, to[1]+", which is not there")
			} else if to[2] != "" && !slices.Contains(anchors(contents(t, file)), to[2]) {
				faults = append(faults, fmt.Sprintf("%s in %s, which has no such heading", to[2], file))
			}
		}
	}
	return checked, faults
}

// A link is checked in whatever form it is written.
func TestEveryFormOfALinkIsChecked(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	page := filepath.Join(root, "docs", "guides", "delivery.md")
	for _, form := range []string{
		"[x](%s)", "![x](%s)", "[x](%s \"title\")", "[x](%s 'title')", "[x](<%s>)", "[x](\n%s)", "[x][y]\n\n[y]: %s", "[x]\n\n  [x]: <%s> \"title\"",
		"<a href=\"%s\">x</a>", "<a id=\"y\" href='%s'>x</a>", "<A\nHREF=%s>x</A>", "<img src=\"%s\">", "<img alt=\"y\" src=\"%s\"/>",
	} {
		for to, wrong := range map[string]bool{
			"../resources/automation.md": true, "nothing": true, registry + "/guides/nothing": true, "#nothing": true,
			registry + "/resources/automation": false, registry + "#nothing": true, "https://example.com/a": false,
		} {
			text := "A page. " + fmt.Sprintf(form, to) + "\n"
			if _, faults := checkLinks(t, root, page, text); (len(faults) > 0) != wrong || len(faults) > 1 {
				t.Errorf("of %q it says %q", text, faults)
			}
		}
	}
}

var (
	heading  = regexp.MustCompile("(?m)^#+ (.*)$")
	explicit = regexp.MustCompile(`<a id="([^"]*)">`)
	dropped  = regexp.MustCompile(`[^\pL\pN_ -]`)
)

// anchors returns the anchors of a page's headings, as registries and forges generate them.
func anchors(page string) (all []string) {
	for _, h := range heading.FindAllStringSubmatch(page, -1) {
		all = append(all, "#"+strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(h[1]), ""), " ", "-"))
	}
	for _, a := range explicit.FindAllStringSubmatch(page, -1) {
		all = append(all, "#"+a[1])
	}
	return all
}

// Every page about a resource, an action or a list leads to the vendor's pages about its requests.
func TestPagesLeadToTheVendorsPages(t *testing.T) {
	t.Parallel()
	lacks := func(page string, links []string) {
		text := contents(t, filepath.Join("..", "..", "docs", page))
		for _, to := range links {
			if !strings.Contains(text, to) {
				t.Errorf("docs/%s lacks the link %s", page, to)
			}
		}
	}
	linked := map[string]bool{}
	for _, y := range systems.Signals() {
		if y.Docs.API == nil {
			continue // TestEverySignalIsComplete reports it.
		}
		pages := map[string][]string{"resources/" + y.Short() + ".md": y.SendLinks()}
		if y.HasAction || slices.ContainsFunc(systems.All, func(row system) bool { return row.Type == y.Type && row.HasAction }) {
			pages["actions/"+y.Short()+".md"] = y.SendLinks()
		}
		if y.Gate != nil {
			pages["resources/"+y.Short()+"_wait.md"] = y.ReadLinks("")
		}
		for page, links := range pages {
			linked[page] = true
			lacks(page, links)
		}
	}
	for _, kind := range []string{"resources", "actions", "ephemeral-resources", "list-resources"} {
		pages, err := filepath.Glob(filepath.Join("..", "..", "docs", kind, "*.md"))
		must(t, err)
		for _, page := range pages {
			switch page := kind + "/" + filepath.Base(page); {
			case linked[page]:
			case strings.HasSuffix(page, "/http_trigger_job.md"):
				lacks(page, []string{systems.JobAPI})
			case page == "actions/sfn_task_heartbeat.md":
				lacks(page, []string{systems.Of("signal_sfn_task").Docs.API("SendTaskHeartbeat")})
			default:
				t.Errorf("this test does not know the requests of docs/%s: add them here", page)
			}
		}
	}
}

// The registry lists each page under the name of its cloud, and the guides together.
func TestPagesHaveASubcategory(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob(filepath.Join("..", "..", "docs", "*", "*.md"))
	must(t, err)
	for _, page := range pages {
		head, _, _ := strings.Cut(strings.TrimPrefix(contents(t, page), "---\n"), "\n---\n")
		want := `"Guides"`
		for _, y := range systems.Signals() {
			if strings.HasPrefix(filepath.Base(page), y.Short()) {
				want = map[string]string{"aws": `"AWS"`, "alicloud": `"Alibaba Cloud"`, "cloud_automator": `"Cloud Automator"`, "temporal": `"Temporal"`}[y.Block]
			}
		}
		if !strings.Contains(head, "\nsubcategory: "+want+"\n") {
			t.Errorf("%s is not in the subcategory %s", page, want)
		}
	}
}

// The registry shows a diagram as code, so a sentence right before it says what it shows.
func TestDiagramsAreExplained(t *testing.T) {
	t.Parallel()
	found := 0
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md"} {
		pages, err := filepath.Glob(filepath.Join("..", "..", pattern))
		must(t, err)
		for _, page := range pages {
			parts := strings.Split(contents(t, page), "\n```mermaid\n")
			found += len(parts) - 1
			for _, before := range parts[:len(parts)-1] {
				if last := lastParagraph(before); !sentences(last) {
					t.Errorf("%s has a diagram after %q, want a sentence that says what it shows", page, last)
				}
			}
		}
	}
	if found < 4 {
		t.Errorf("found only %d diagrams", found)
	}
}

func lastParagraph(text string) string {
	paragraphs := strings.Split(strings.TrimSpace(text), "\n\n")
	return paragraphs[len(paragraphs)-1]
}

// otherThanText matches a line of a heading, a table, a list, a quotation, a fence or HTML.
var otherThanText = regexp.MustCompile("(?m)^ *(#|\\||>|[-*+] |\\d+\\. |```|~~~|<)")

// sentences reports whether a paragraph is text that ends with a sentence.
func sentences(paragraph string) bool {
	return strings.HasSuffix(paragraph, ".") && len(strings.Fields(paragraph)) > 2 && !otherThanText.MatchString(paragraph)
}

func TestOnlySentencesExplainADiagram(t *testing.T) {
	t.Parallel()
	for before, explains := range map[string]bool{
		"# Page\n\nThe picture shows the states.\n":                        true,
		"The picture shows\nthe states of\na job.\n":                       true,
		"The picture shows the states:\n":                                  false,
		"The picture shows the states.\n\n## How a job goes on.\n":         false,
		"## How a job goes on.\n":                                          false,
		"The picture shows the states.\n\n| a | b\n|---|---\n| c | it is.": false,
		"The picture shows the states.\n\n- the first state is this.":      false,
		"The picture shows the states.\n\n1. The first state is this.":     false,
		"The picture shows the states.\n\n```sh\nterraform plan .\n```":    false,
		"See below.": false,
		"":           false,
	} {
		if sentences(lastParagraph(before)) != explains {
			t.Errorf("whether a diagram is explained by %q is not %t", before, explains)
		}
	}
}

var (
	ownSource     = regexp.MustCompile(`source +(=|:) +"terraform-provider-signal/signal"`)
	ownWithLimits = regexp.MustCompile(ownSource.String() + `\n +version += "~> 0\.1"`)
)

// Whoever copies a configuration gets a version of the provider that fits it.
func TestConfigurationsNameAVersion(t *testing.T) {
	t.Parallel()
	for _, m := range documents(t) {
		for _, d := range m.documents {
			if len(ownSource.FindAllString(d.text, -1)) != len(ownWithLimits.FindAllString(d.text, -1)) {
				t.Errorf("%s has no version of the provider in required_providers", d.from)
			}
		}
	}
}

// A page about a signal has exactly the values of delivery that its signal can have.
func TestPagesHaveTheValuesOfDelivery(t *testing.T) {
	t.Parallel()
	for _, y := range systems.Signals() {
		page := contents(t, filepath.Join("..", "..", "docs", "resources", y.Short()+".md"))
		_, text, _ := strings.Cut(page, "\n- `delivery` (String) ")
		text, _, _ = strings.Cut(text, "\n")
		for value, can := range map[string]bool{
			"SENT": true, "UNKNOWN": true, "CONFIRMED": y.Lost == systems.ReadBack || y.ShowsSignals, "ADOPTED": y.Gate != nil && y.Gate.Adopts,
		} {
			if got := strings.Contains(text, "`"+value+"`"); got != can {
				t.Errorf("whether the page of %s has the value %s is %t, want %t: %s", y.Type, value, got, can, text)
			}
		}
	}
}

// Each command that imports a resource names one of its example, with an id in the
// documented form.
func TestImportCommandsAreValid(t *testing.T) {
	commands, err := filepath.Glob(filepath.Join("..", "..", "examples", "resources", "*", "import.sh"))
	must(t, err)
	if len(commands) < 10 {
		t.Fatalf("found only %d commands", len(commands))
	}
	p := acctest.StartProvider(t, acctest.Block(acctest.Sandbox(t, sandbox.Options{}).URL()))
	for _, file := range commands {
		words := strings.Fields(contents(t, file))
		if len(words) != 4 || words[0] != "terraform" || words[1] != "import" {
			t.Errorf("%s is no import: %q", file, words)
			continue
		}
		kind, name, _ := strings.Cut(words[2], ".")
		if example := contents(t, filepath.Join(filepath.Dir(file), "resource.tf")); !strings.Contains(example, fmt.Sprintf("resource %q %q {", kind, name)) {
			t.Errorf("%s imports %s, which the example does not have", file, words[2])
		}
		for _, d := range p.Resource(kind).Import(words[3]) {
			if d.Summary == "Invalid Import ID" {
				t.Errorf("%s: %s", file, d.Detail)
			}
		}
	}
}

// A guide whose provider block has no region says where to set the region.
func TestGuidesSayWhereTheRegionComesFrom(t *testing.T) {
	guides, err := filepath.Glob(filepath.Join("..", "..", "docs", "guides", "*.md"))
	if err != nil || len(guides) == 0 {
		t.Fatalf("there are no guides: %v", err)
	}
	for _, guide := range guides {
		text, err := os.ReadFile(guide)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\nprovider \"signal\" {}\n") && !strings.Contains(string(text), "AWS_REGION") {
			t.Errorf("%s shows a provider block without a region, and does not name AWS_REGION", guide)
		}
	}
}

// The page of a signal that adopts nothing does not speak of adopting.
func TestPagesSpeakOfAdoptingWhereItIs(t *testing.T) {
	p := acctest.StartProvider(t, nil)
	for _, y := range systems.Signals() {
		page := contents(t, filepath.Join("..", "..", "docs", "resources", y.Short()+".md"))
		if has := p.Resource(y.Type).Has("adopt_existing"); strings.Contains(page, "adopt") != has {
			t.Errorf("adopt_existing is offered (%t), and the page of %s says otherwise", has, y.Type)
		}
		if !slices.Contains(p.Actions(), y.Type) {
			continue
		}
		_, has := p.Action(y.Type).Arguments()["adopt_existing"]
		page = strings.Join(strings.Fields(contents(t, filepath.Join("..", "..", "docs", "actions", y.Short()+".md"))), " ")
		for _, sends := range []string{"each invocation sends the signal", "then sends the signal twice"} {
			if !strings.Contains(page, sends) || strings.Contains(page, sends+", unless `adopt_existing` finds it.") != has {
				t.Errorf("adopt_existing is offered (%t), and the page of the action %s does not fit that after %q", has, y.Type, sends)
			}
		}
	}
}

// A page calls a status the service's word only if it is one.
func TestPagesSayWhoseWordAStatusIs(t *testing.T) {
	for _, y := range systems.Signals() {
		if y.Gate == nil {
			continue
		}
		for _, page := range []string{y.Short() + ".md", y.Short() + "_wait.md"} {
			_, text, _ := strings.Cut(contents(t, filepath.Join("..", "..", "docs", "resources", page)), "\n- `target_status` (String) ")
			text, _, _ = strings.Cut(text, "\n")
			if own := "`" + y.Gate.Succeeded + "`, a word of this provider"; !strings.Contains(text, "the service's own words") || strings.Contains(text, own) != y.Gate.EndsUntold {
				t.Errorf("the service has no word for %s (%t), and %s says of target_status %q", y.Gate.Succeeded, y.Gate.EndsUntold, page, text)
			}
		}
	}
}

// The pages give the reason of the error for not importing a signal.
func TestPagesSayWhyNoSignalIsImported(t *testing.T) {
	p := acctest.StartProvider(t, nil)
	const reason = "because no service has a request that reads one signal by an id"
	for _, file := range []string{"README.md", filepath.Join("docs", "index.md")} {
		if !strings.Contains(contents(t, filepath.Join("..", "..", file)), reason) {
			t.Errorf("%s does not say %q", file, reason)
		}
	}
	for _, y := range systems.Signals() {
		if !strings.Contains(contents(t, filepath.Join("..", "..", "docs", "resources", y.Short()+".md")), reason) {
			t.Errorf("the page of %s does not say %q", y.Type, reason)
		}
		says(t, p.Resource(y.Type).Import("x"), true, "Signals Cannot Be Imported", reason)
	}
}

// The first page lists every guide.
func TestFirstPageListsGuides(t *testing.T) {
	t.Parallel()
	guides, err := filepath.Glob(filepath.Join("..", "..", "docs", "guides", "*.md"))
	must(t, err)
	first := contents(t, filepath.Join("..", "..", "docs", "index.md"))
	for _, guide := range guides {
		if entry := "](" + registry + "/guides/" + strings.TrimSuffix(filepath.Base(guide), ".md") + ") |"; !strings.Contains(first, entry) {
			t.Errorf("templates/index.md.tmpl does not list %s among the guides", guide)
		}
	}
}

var answer = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (?:`(\\w+)`)? ?\\| (.*) \\|$")

// Each answer in a resource's page leads to an error on the argument that the page names,
// with the permission that it names.
func TestAnswersOnPagesLeadToErrors(t *testing.T) {
	pages := map[string]bool{}
	for _, y := range systems.All {
		file := filepath.Join("..", "..", "docs", "resources", strings.TrimPrefix(y.Type, "signal_")+".md")
		_, listed, found := strings.Cut(contents(t, file), "\n## What the service answers\n")
		listed, _, _ = strings.Cut(listed, "\n<!--")
		answers := answer.FindAllStringSubmatch(listed, -1)
		if !found || len(answers) == 0 {
			t.Errorf("%s lists no answers", file)
		}
		if pages[file] {
			continue
		}
		pages[file] = true
		for _, a := range answers {
			t.Run(y.Type+" "+a[1], func(t *testing.T) {
				s := acctest.Sandbox(t, sandbox.Options{})
				code, message, _ := strings.Cut(a[1], ": ")
				fault := sandbox.Fault{Operation: y.Operation, Kind: sandbox.KindRefuse, Code: code, Message: message, Status: 400}
				if status, err := strconv.Atoi(a[1]); err == nil {
					fault = sandbox.Fault{Operation: y.Operation, Kind: sandbox.KindRefuse, Status: status}
				}
				s.Inject(fault)
				config := y.Ready(s).With(acctest.Values{"timeouts": acctest.Values{"create": "1s"}})
				diags := acctest.StartProvider(t, acctest.Block(s.URL())).Resource(y.Type).Apply(config)
				if len(diags) != 1 || !diags[0].Error || diags[0].Attribute != a[2] || !strings.Contains(diags[0].Detail, code) {
					t.Errorf("%s: it says %s, want one error on %q", file, diags, a[2])
				}
				if _, permission, names := strings.Cut(a[3], "the permission `"); names && !strings.Contains(diags.String(), strings.TrimSuffix(permission, "`")) {
					t.Errorf("%s names %s, and the error does not: %s", file, permission, diags)
				}
			})
		}
	}
}

func documents(t *testing.T) (modules []module) {
	t.Helper()
	root := filepath.Join("..", "..")
	files, err := checkout.Files(t.Context(), root)
	must(t, err)
	for _, name := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		switch {
		case strings.Contains(name, "/testdata/"):
		case strings.HasSuffix(name, ".md"):
			modules = append(modules, page(t, name, contents(t, path))...)
		case strings.HasPrefix(name, "examples/") && (strings.HasSuffix(name, ".tf") || strings.HasSuffix(name, ".hcl")):
			dir := filepath.Dir(name)
			if len(modules) == 0 || modules[len(modules)-1].name != dir {
				modules = append(modules, module{name: dir})
			}
			m := &modules[len(modules)-1]
			m.documents = append(m.documents, parse(t, name, contents(t, path)))
		}
	}
	if len(modules) < 30 {
		t.Fatalf("found only %d pieces of configuration", len(modules))
	}
	return modules
}

// page divides the blocks of a page into modules.
func page(t *testing.T, name, text string) (modules []module) {
	t.Helper()
	open := -1
	for _, at := range fence.FindAllStringSubmatchIndex(text, -1) {
		from, block := fmt.Sprintf("%s:%d", name, strings.Count(text[:at[0]], "\n")+1), text[at[4]:at[5]]
		if strings.Contains(block, "provider_installation {") {
			installation(t, from, block)
			continue
		}
		d := parse(t, from, block)
		switch {
		case d.has("terraform"):
			modules = append(modules, module{name, []document{d}})
		case open < 0 || slices.ContainsFunc(modules[open].names(), func(name string) bool { return slices.Contains(module{"", []document{d}}.names(), name) }):
			modules, open = append(modules, module{name, []document{d}}), len(modules)
		default:
			modules[open].documents = append(modules[open].documents, d)
		}
	}
	return modules
}

func parse(t *testing.T, from, text string) document {
	t.Helper()
	file, diags := hclsyntax.ParseConfig([]byte(text), from, hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return document{from, text, file.Body.(*hclsyntax.Body)}
}

func (d document) has(block string) bool {
	return slices.ContainsFunc(d.body.Blocks, func(b *hclsyntax.Block) bool { return b.Type == block })
}

// cliConfiguration matches a CLI configuration with a development override for the
// provider. It uses the syntax of HCL 1, with quoted names.
var cliConfiguration = regexp.MustCompile(`(?m)^provider_installation {
  dev_overrides {
    "terraform-provider-signal/signal" = "/.+"
  }
  direct {}
}
\z`)

func installation(t *testing.T, from, text string) {
	t.Helper()
	if !cliConfiguration.MatchString(text) {
		t.Errorf("%s is no CLI configuration that has the provider overridden:\n%s", from, text)
	}
}

func (m module) blocks() (blocks []*hclsyntax.Block) {
	for _, d := range m.documents {
		blocks = append(blocks, d.body.Blocks...)
	}
	return blocks
}

// names returns the addresses that the module declares.
func (m module) names() (names []string) {
	for _, b := range m.blocks() {
		if len(b.Labels) > 0 {
			names = append(names, strings.Join(append([]string{b.Type}, b.Labels...), "."))
		}
	}
	return names
}

// undeclared returns the variables that a page's module uses without declaring them. An
// example declares its own.
func (m module) undeclared() map[string]bool {
	declared := m.names()
	missing := map[string]bool{}
	if strings.HasPrefix(m.name, "examples/") {
		return missing
	}
	for _, d := range m.documents {
		for _, at := range references(d.body) {
			if name := attribute(at, 1); at.RootName() == "var" && !slices.Contains(declared, "variable."+name) {
				missing[name] = true
			}
		}
	}
	return missing
}

func references(node hclsyntax.Node) (found []hcl.Traversal) {
	_ = hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics {
		if expression, ok := n.(*hclsyntax.ScopeTraversalExpr); ok {
			found = append(found, expression.Traversal)
		}
		return nil
	})
	return found
}

func attribute(at hcl.Traversal, i int) string {
	if i < len(at) {
		if step, ok := at[i].(hcl.TraverseAttr); ok {
			return step.Name
		}
	}
	return ""
}

// check checks the blocks of this provider against its schemas, including those for which
// the terraform of this run is too old.
func (m module) check(t *testing.T, p *acctest.Provider) {
	t.Helper()
	for _, b := range m.blocks() {
		body := b.Body
		switch {
		case b.Type == "provider" && b.Labels[0] == "signal":
		case slices.Contains([]string{"resource", "ephemeral"}, b.Type) && strings.HasPrefix(b.Labels[0], "signal_"):
		case slices.Contains([]string{"action", "list"}, b.Type) && strings.HasPrefix(b.Labels[0], "signal_"):
			// Their arguments are in a config block, which may be missing.
			body = &hclsyntax.Body{}
			for _, inner := range b.Body.Blocks {
				if inner.Type == "config" {
					body = inner.Body
				}
			}
		default:
			m.checkTriggers(t, b)
			continue
		}
		m.checkTriggers(t, b)
		diags, err := p.Check(b.Type, b.Labels[0], func(kind tftypes.Object) acctest.Values { return valuesOf(t, b, body, kind) })
		if err != nil || len(diags) > 0 {
			t.Errorf("%s: %v %s", b.DefRange(), err, diags)
		}
	}
}

// checkTriggers checks the action triggers of a resource against the actions that the
// module declares.
func (m module) checkTriggers(t *testing.T, b *hclsyntax.Block) {
	t.Helper()
	for _, lifecycle := range b.Body.Blocks {
		for _, trigger := range lifecycle.Body.Blocks {
			if trigger.Type != "action_trigger" {
				continue
			}
			for _, event := range references(trigger.Body.Attributes["events"].Expr) {
				if !slices.Contains([]string{"before_create", "after_create", "before_update", "after_update"}, event.RootName()) {
					t.Errorf("%s: there is no event %s", trigger.DefRange(), event.RootName())
				}
			}
			for _, action := range references(trigger.Body.Attributes["actions"].Expr) {
				if name := "action." + attribute(action, 1) + "." + attribute(action, 2); !slices.Contains(m.names(), name) {
					t.Errorf("%s: there is no %s", trigger.DefRange(), name)
				}
			}
		}
	}
}

// valuesOf returns the values of a block's arguments. Every value that the block does not
// contain itself is unknown.
func valuesOf(t *testing.T, b *hclsyntax.Block, body *hclsyntax.Body, kind tftypes.Object) acctest.Values {
	t.Helper()
	values := acctest.Values{}
	for name, argument := range body.Attributes {
		of, known := kind.AttributeTypes[name]
		switch {
		case known:
			value, diags := argument.Expr.Value(ignorant(argument.Expr))
			if diags.HasErrors() {
				t.Errorf("%s: %s", b.DefRange(), diags)
				continue
			}
			fitted, err := fit(of, value)
			if err != nil {
				t.Errorf("%s: %s: %s", argument.SrcRange, name, err)
				continue
			}
			values[name] = fitted
		case !slices.Contains([]string{"depends_on", "count", "for_each", "provider"}, name):
			t.Errorf("%s: %s %q has no argument %s", argument.SrcRange, b.Type, b.Labels[0], name)
		}
	}
	for _, inner := range body.Blocks {
		switch of := kind.AttributeTypes[inner.Type].(type) {
		case tftypes.Object:
			values[inner.Type] = valuesOf(t, b, inner.Body, of)
		case tftypes.List:
			listed, _ := values[inner.Type].([]any)
			values[inner.Type] = append(listed, valuesOf(t, b, inner.Body, of.ElementType.(tftypes.Object)))
		default:
			if inner.Type != "lifecycle" {
				t.Errorf("%s: %s %q has no block %s", inner.DefRange(), b.Type, b.Labels[0], inner.Type)
			}
		}
	}
	return values
}

// ignorant is a scope in which every variable and every function's result is unknown.
func ignorant(expression hclsyntax.Expression) *hcl.EvalContext {
	ctx := &hcl.EvalContext{Variables: map[string]cty.Value{}, Functions: map[string]function.Function{}}
	for _, at := range expression.Variables() {
		ctx.Variables[at.RootName()] = cty.DynamicVal
	}
	_ = hclsyntax.VisitAll(expression, func(n hclsyntax.Node) hcl.Diagnostics {
		if call, ok := n.(*hclsyntax.FunctionCallExpr); ok {
			ctx.Functions[call.Name] = function.New(&function.Spec{
				VarParam: &function.Parameter{Type: cty.DynamicPseudoType, AllowNull: true, AllowUnknown: true, AllowDynamicType: true},
				Type:     function.StaticReturnType(cty.DynamicPseudoType),
				Impl:     func([]cty.Value, cty.Type) (cty.Value, error) { return cty.DynamicVal, nil },
			})
		}
		return nil
	})
	return ctx
}

// fit converts a value to what a test passes to the provider as a value of a type.
func fit(kind tftypes.Type, value cty.Value) (any, error) {
	switch {
	case !value.IsKnown():
		return acctest.Unknown, nil
	case value.IsNull():
		return nil, nil
	}
	of := value.Type()
	switch kind := kind.(type) {
	case tftypes.Object:
		if !of.IsObjectType() && !of.IsMapType() {
			return nil, fmt.Errorf("%s is no object", of.FriendlyName())
		}
		members := map[string]any{}
		for name, member := range value.AsValueMap() {
			inner, known := kind.AttributeTypes[name]
			if !known {
				return nil, fmt.Errorf("there is no %s", name)
			}
			fitted, err := fit(inner, member)
			if err != nil {
				return nil, err
			}
			members[name] = fitted
		}
		return members, nil
	case tftypes.Map:
		members := map[string]any{}
		for name, member := range value.AsValueMap() {
			fitted, err := fit(kind.ElementType, member)
			if err != nil {
				return nil, err
			}
			members[name] = fitted
		}
		return members, nil
	case tftypes.List:
		elements := []any{}
		for _, element := range value.AsValueSlice() {
			fitted, err := fit(kind.ElementType, element)
			if err != nil {
				return nil, err
			}
			elements = append(elements, fitted)
		}
		return elements, nil
	}
	switch {
	case kind.Is(tftypes.Bool):
		truth, err := convert.Convert(value, cty.Bool)
		if err != nil {
			return nil, err
		}
		return truth.True(), nil
	case kind.Is(tftypes.Number):
		number, err := convert.Convert(value, cty.Number)
		if err != nil {
			return nil, err
		}
		return number.AsBigFloat(), nil
	case kind.Is(tftypes.String):
		text, err := convert.Convert(value, cty.String)
		if err != nil {
			return nil, err
		}
		return text.AsString(), nil
	}
	return nil, fmt.Errorf("teach this test the type %s", kind)
}

// merged is one configuration with all modules in it. Terraform takes as long for all of
// them as for one.
type merged struct {
	w    *acctest.Workspace
	root strings.Builder
	// from maps a file to the location of its text.
	from map[string]string
}

const required = "terraform {\n  required_providers {\n    signal = {\n      source = \"terraform-provider-signal/signal\"\n    }\n  }\n}\n"

func (all *merged) add(t *testing.T, dir string, m module) {
	t.Helper()
	must(t, os.Mkdir(filepath.Join(all.w.WorkingDir(), dir), 0o700))
	file := func(name, from, text string) {
		all.from[dir+"/"+name] = from
		all.w.WriteFile(filepath.Join(dir, name), text)
	}
	complete := false
	for i, d := range m.documents {
		complete = complete || d.has("terraform")
		if d.has("list") {
			continue // It is for terraform query, in separate files. check has checked it.
		}
		text := d.text
		if !acctest.CLI(t).AtLeast(terraformcli.Terraform, "1.14.0") {
			text = withoutActions(t, d)
		}
		file(fmt.Sprintf("document%d.tf", i), d.from, text)
	}
	if !complete {
		file("required.tf", "this test", required)
	}
	var undeclared strings.Builder
	for name := range m.undeclared() {
		fmt.Fprintf(&undeclared, "variable %q {}\n", name)
	}
	file("undeclared.tf", m.name+" and the variables it does not declare", undeclared.String())
	fmt.Fprintf(&all.root, "module %q {\n  source = %q\n", dir, "./"+dir)
	var variables strings.Builder
	given := m.undeclared()
	for _, name := range m.names() {
		if name, is := strings.CutPrefix(name, "variable."); is {
			given[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		fmt.Fprintf(&all.root, "  %s = var.%s_%s\n", name, dir, name)
		fmt.Fprintf(&variables, "variable \"%s_%s\" {}\n", dir, name)
	}
	fmt.Fprintf(&all.root, "}\n%s", variables.String())
}

// withoutActions removes what Terraform before 1.14 and OpenTofu do not know.
func withoutActions(t *testing.T, d document) string {
	t.Helper()
	file, diags := hclwrite.ParseConfig([]byte(d.text), d.from, hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	var prune func(body *hclwrite.Body)
	prune = func(body *hclwrite.Body) {
		for _, b := range body.Blocks() {
			switch b.Type() {
			case "action", "action_trigger":
				body.RemoveBlock(b)
			default:
				prune(b.Body())
			}
		}
	}
	prune(file.Body())
	return string(file.Bytes())
}
