package provider_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/cmd/schema/schemajson"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/provider"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// releases has a folder for every release, named after it, with the schemas of the
// resources and states that it has written. The folder unreleased is for the schemas and
// states that may still change. A release renames it.
var releases = filepath.Join("testdata", "releases")

const unreleased = "unreleased"

var update = flag.Bool("update", false, "write testdata/releases/unreleased anew")

// stateOf is the state of one resource as a release has written it, and its configuration.
type stateOf struct {
	Name     string         `json:"name"`
	Resource string         `json:"resource"`
	Config   acctest.Values `json:"config"`
	acctest.Stored
}

// job is the only resource with an object at the service. Its state has values of that
// object and a salted hash of its credentials, which cannot be in a file. So each test
// creates the job and fills in these values.
var job = struct {
	resource string
	config   acctest.Values
	theirs   []string
}{
	resource: "signal_http_trigger_job",
	config: acctest.Values{
		"name": "nightly", "group_id": 10, "aws_account_id": 20, "action_type": "stop_instances", "action_value": `{"region": "ap-northeast-1"}`,
		"rotation_triggers": acctest.Values{"month": "1"},
	},
	theirs: []string{"id", "url", "access_token", "rotated_at", "created_at", "updated_at"},
}

// existing creates the job of a state, and returns the state with the job's values.
func existing(t *testing.T, p *acctest.Provider, s *sandbox.Sandbox, state stateOf) stateOf {
	t.Helper()
	if state.Resource != job.resource {
		return state
	}
	made := p.Resource(job.resource)
	apply(t, made, state.Config)
	var then, now map[string]any
	must(t, json.Unmarshal(state.State, &then))
	must(t, json.Unmarshal(made.Stored().State, &now))
	for _, name := range job.theirs {
		if _, kept := then[name]; kept {
			then[name] = now[name]
		}
	}
	state.State, state.Private = []byte(text(t, then)), made.Stored().Private
	s.ResetRequestLog()
	return state
}

// Reading a state of an older provider does not send its signal again and does not rotate a
// job.
func TestUpgradeSendsNothing(t *testing.T) {
	if *update {
		recordRelease(t)
	}
	each(t, func(t *testing.T, dir string) {
		for _, state := range read[[]stateOf](t, dir, "states.json") {
			t.Run(state.Name, func(t *testing.T) {
				s := acctest.Sandbox(t, sandbox.Options{})
				p := acctest.StartProvider(t, acctest.Block(s.URL()))
				state := existing(t, p, s, state)
				r := p.Resource(state.Resource)
				if diags := r.Upgrade(state.Stored); len(diags) > 0 {
					t.Fatal(diags)
				}
				upgraded := r.State
				if diags := r.Refresh(); len(diags) > 0 {
					t.Fatal(diags)
				}
				if !r.State.Equal(upgraded) {
					t.Errorf("a refresh changes the state: %s", changes(t, upgraded, r.State))
				}
				plan, diags := r.Plan(state.Config)
				if len(diags) > 0 || len(plan.Replace) > 0 || !plan.Planned.Equal(upgraded) {
					t.Errorf("the plan after an upgrade is not empty: it replaces for %q and changes %s: %s", plan.Replace, changes(t, upgraded, plan.Planned), diags)
				}
				if state.Config["when"] != "destroy" && state.Resource != job.resource {
					if diags := r.Destroy(); len(diags) > 0 {
						t.Error(diags)
					}
				}
				for _, made := range s.RequestLog() {
					if state.Resource != job.resource || made.Method != http.MethodGet {
						t.Errorf("this request was made: %s", made)
					}
				}
			})
		}
	})
}

// Every resource has states from which it can be upgraded.
func TestUpgradeStatesAreComplete(t *testing.T) {
	each(t, func(t *testing.T, dir string) {
		states, known := read[[]stateOf](t, dir, "states.json"), read[map[string]schemaOf](t, dir, "schemas.json")
		for name := range known {
			if !slices.ContainsFunc(states, func(state stateOf) bool { return state.Resource == name }) {
				t.Errorf("there is no state of %s", name)
			}
		}
	})
}

// schemaOf is the part of a resource's schema on which states depend.
type schemaOf struct {
	Version    int64                     `json:"version"`
	Attributes map[string]map[string]any `json:"attributes"`
}

const rewrite = "go test ./internal/provider -run TestUpgrade -update"

func TestUpgradeSchemasAreKnown(t *testing.T) {
	now := schemas(t)
	each(t, func(t *testing.T, dir string) {
		then := read[map[string]schemaOf](t, dir, "schemas.json")
		if filepath.Base(dir) == unreleased {
			for name := range union(now, then) {
				if text(t, now[name]) != text(t, then[name]) {
					t.Errorf("The schema of %s is not the one in %s:\n%s\nNothing has been released with it yet: write it anew with\n\n  %s\n\nand look at what changes.",
						name, dir, differences(then[name], now[name]), rewrite)
				}
			}
			return
		}
		for name, was := range then {
			is, there := now[name]
			switch {
			case !there:
				t.Errorf("%s was released and no longer exists, so the states of its users can no longer be read. Keep it, or offer a move to another resource.", name)
			case is.Version < was.Version:
				t.Errorf("the schema of %s has version %d, and version %d was released", name, is.Version, was.Version)
			case is.Version == was.Version:
				for attribute, had := range was.Attributes {
					if has := is.Attributes[attribute]; text(t, shape(has)) != text(t, shape(had)) {
						t.Errorf("%s.%s was released as %s and is %s. A state of that release does not fit any more: raise the version of the schema and write a state upgrader for version %d.",
							name, attribute, text(t, had), text(t, has), was.Version)
					}
				}
			}
		}
	})
}

// changes returns the attributes in which two states differ.
func changes(t *testing.T, before, after tftypes.Value) (names []string) {
	t.Helper()
	var was, is map[string]tftypes.Value
	must(t, before.As(&was))
	must(t, after.As(&is))
	for name := range was {
		if !was[name].Equal(is[name]) {
			names = append(names, fmt.Sprintf("%s from %s to %s", name, was[name], is[name]))
		}
	}
	return names
}

// shape is the part of an attribute that a state must fit.
func shape(attribute map[string]any) any {
	return []any{attribute["type"], attribute["block"], attribute["write_only"]}
}

func differences(was, is schemaOf) string {
	var lines []string
	if was.Version != is.Version {
		lines = append(lines, fmt.Sprintf("version: was %d, is %d", was.Version, is.Version))
	}
	for name := range union(was.Attributes, is.Attributes) {
		had, _ := json.Marshal(was.Attributes[name])
		has, _ := json.Marshal(is.Attributes[name])
		if string(had) != string(has) {
			lines = append(lines, fmt.Sprintf("%s: was %s, is %s", name, had, has))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func union[V any](maps ...map[string]V) map[string]bool {
	names := map[string]bool{}
	for _, m := range maps {
		for name := range m {
			names[name] = true
		}
	}
	return names
}

// schemas returns the present schemas of the resources, without descriptions.
func schemas(t *testing.T) map[string]schemaOf {
	t.Helper()
	var document bytes.Buffer
	must(t, schemajson.Write(t.Context(), &document, "signal", providerserver.NewProtocol6(provider.New("test")())()))
	var all struct {
		Providers map[string]struct {
			Resources map[string]struct {
				Version int64
				Block   struct {
					Attributes map[string]map[string]any
					Blocks     map[string]map[string]any `json:"block_types"`
				}
			} `json:"resource_schemas"`
		} `json:"provider_schemas"`
	}
	must(t, json.Unmarshal(document.Bytes(), &all))
	found := map[string]schemaOf{}
	for name, schema := range all.Providers["signal"].Resources {
		// A state holds a block like an attribute of the same name.
		attributes := maps.Clone(schema.Block.Attributes)
		maps.Copy(attributes, schema.Block.Blocks)
		silence(attributes)
		found[name] = schemaOf{schema.Version, attributes}
	}
	return found
}

// silence removes descriptions from an attribute, at every depth.
func silence(attributes map[string]map[string]any) {
	for _, attribute := range attributes {
		delete(attribute, "description")
		delete(attribute, "description_kind")
		nested, _ := attribute["block"].(map[string]any)
		delete(nested, "description_kind")
		inner, _ := nested["attributes"].(map[string]any)
		for name, one := range inner {
			silence(map[string]map[string]any{name: one.(map[string]any)})
		}
	}
}

// recordRelease writes the folder of the unreleased states. A value that differs between
// two recordings would differ in every branch.
func recordRelease(t *testing.T) {
	t.Helper()
	dir := filepath.Join(releases, unreleased)
	must(t, os.MkdirAll(dir, 0o755))
	write(t, dir, "schemas.json", schemas(t))
	states := recorded(t)
	lines, again := strings.Split(string(states), "\n"), strings.Split(string(recorded(t)), "\n")
	for i, line := range lines {
		if i >= len(again) || line != again[i] {
			t.Errorf("settled must replace more generated values: line %d differs: %s", i+1, line)
			break
		}
	}
	must(t, os.WriteFile(filepath.Join(dir, "states.json"), states, 0o644))
}

// recorded returns states of all resources, as this provider writes them.
func recorded(t *testing.T) []byte {
	t.Helper()
	c := &clock{}
	s := acctest.Sandbox(t, sandbox.Options{Now: c.now})
	p := acctest.StartProvider(t, acctest.Block(s.URL()))
	var states []json.RawMessage
	keep := func(name string, y system, config acctest.Values) {
		t.Helper()
		r := p.Resource(y.Type)
		r.Apply(config)
		if r.State.IsNull() {
			t.Fatalf("%s%s left no state", y.Name(), name)
		}
		stored := r.Stored()
		if y.Type == job.resource {
			stored.Private = nil
		}
		states = append(states, settled([]byte(text(t, stateOf{y.Name() + name, y.Type, config, stored})), s.URL()))
	}
	for _, y := range systems.All {
		keep("", y, y.Ready(s))
		keep(", with triggers", y, y.Ready(s).With(acctest.Values{"triggers": acctest.Values{"release": "1"}, "timeouts": acctest.Values{"create": "5m"}}))
		keep(", at destroy", y, y.Ready(s).With(acctest.Values{"when": "destroy"}))
		s.Inject(sandbox.Fault{Operation: y.Operation, Kind: sandbox.KindDropAfter, Times: 1})
		keep(", answer lost", y, y.Ready(s))
		if y.Gate == nil {
			continue
		}
		s.Hook(y.Gate.Read, c.tick, nil)
		for _, end := range []string{well, badly} {
			keep(", ended "+end, y, y.Gate.Running(s, end).With(waiting))
		}
		if !slices.Contains(p.Resources(), y.Type+"_wait") {
			continue // TestEverySignalIsComplete reports it.
		}
		// A wait that has ended reads nothing.
		signal := y.Gate.Running(s, well)
		keep(", waited for", y, signal)
		keep("", system{Type: y.Type + "_wait"}, waitFor(p.Resource(y.Type+"_wait"), signal))
	}
	keep("", system{Type: job.resource}, job.config)
	return []byte(text(t, states))
}

// madeUp are the values that every run generates, and what the n-th of each kind is
// replaced with.
var madeUp = []struct {
	pattern *regexp.Regexp
	written func(n int) string
}{
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), func(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+09:00)`), func(int) string { return "2026-01-01T00:00:00Z" }},
	{regexp.MustCompile(`\bw-[0-9a-f]{17}\b`), func(n int) string { return fmt.Sprintf("w-%017d", n) }},
	{regexp.MustCompile(`\b22[\w+/]{43}=`), func(n int) string { return fmt.Sprintf("22%043d=", n) }},
	{regexp.MustCompile(`\b[0-9a-f]{32}\b`), func(n int) string { return fmt.Sprintf("%032d", n) }},
	{regexp.MustCompile(`\b[0-9a-f]{21}\b`), func(n int) string { return fmt.Sprintf("%021d", n) }},
}

// settled replaces generated values, so that each difference is a change. It replaces the
// sandbox's address with one on which nothing listens. It numbers the values within a
// state, so another state before it does not change this one.
func settled(state []byte, url string) []byte {
	for _, one := range madeUp {
		seen := map[string]string{}
		state = one.pattern.ReplaceAllFunc(state, func(found []byte) []byte {
			if seen[string(found)] == "" {
				seen[string(found)] = one.written(len(seen) + 1)
			}
			return []byte(seen[string(found)])
		})
	}
	return bytes.ReplaceAll(state, []byte(url), []byte("http://127.0.0.1:1"))
}

func each(t *testing.T, test func(t *testing.T, dir string)) {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(releases, "*"))
	must(t, err)
	if len(dirs) == 0 {
		t.Fatalf("there are no schemas in %s: a test that compares nothing proves nothing", releases)
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) { test(t, dir) })
	}
}

func read[V any](t *testing.T, dir, name string) (value V) {
	t.Helper()
	must(t, json.Unmarshal([]byte(contents(t, filepath.Join(dir, name))), &value))
	return value
}

func write(t *testing.T, dir, name string, value any) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(dir, name), []byte(text(t, value)), 0o644))
}

func text(t *testing.T, value any) string {
	t.Helper()
	encoded, err := json.MarshalIndent(value, "", "  ")
	must(t, err)
	return string(encoded) + "\n"
}
