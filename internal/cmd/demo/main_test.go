package main

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// perform runs the demo in an environment in which leftover files can be seen.
func perform(t *testing.T, scenes []systems.System) (string, error) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	// A user may have set these, and they would break the demo if it used them.
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "theirs", "TF_CLI_ARGS": "-nonsense",
		"TF_CLI_CONFIG_FILE": dir, "TF_VAR_endpoint": "http://127.0.0.1:1", "TF_WORKSPACE": "theirs", "TF_DATA_DIR": "/nonsense",
	} {
		t.Setenv(name, value)
	}
	var out bytes.Buffer
	err := run(t.Context(), &out, scenes)
	left, readErr := os.ReadDir(dir)
	// go-plugin kills a provider that takes more than two seconds to end, with its socket.
	left = slices.DeleteFunc(left, func(entry os.DirEntry) bool { return strings.HasPrefix(entry.Name(), "plugin") })
	if readErr != nil || len(left) > 0 {
		t.Errorf("the demo left %v, %v", left, readErr)
	}
	return out.String(), err
}

func TestDemo(t *testing.T) {
	if _, err := acctest.Temporal(); err != nil { // builds it
		t.Fatal(err)
	}
	out, err := perform(t, systems.Signals())
	if err != nil {
		t.Fatalf("%s\n%s", err, out)
	}
	for _, scene := range systems.Signals() {
		if strings.Count(out, scene.Demo.Before) != 1 || strings.Count(out, scene.Demo.After) != 3 {
			t.Errorf("%s does not tell what the service saw:\n%s", scene.Short(), out)
		}
	}
}

// The demo fails if anything differs from its text.
func TestDemoNoticesWhatGoesWrong(t *testing.T) {
	spoilt := func(change func(*systems.System)) []systems.System {
		s := systems.Signals()[0]
		change(&s)
		return []systems.System{s}
	}
	for want, scenes := range map[string][]systems.System{
		"Outcome of the Signal Unknown": spoilt(func(s *systems.System) {
			start := s.Demo.Start
			s.Demo.Start = func(box *sandbox.Sandbox) {
				box.Inject(sandbox.Fault{Operation: s.Operation, Kind: sandbox.KindDropAfter})
				box.Inject(sandbox.Fault{Operation: s.ShownBy, Kind: sandbox.KindRefuse})
				start(box)
			}
		}),
		"the service should have seen 1 accepted": spoilt(func(s *systems.System) { s.Operation = "Another" }),
		"the service should show: something else": spoilt(func(s *systems.System) { s.Demo.Before = "something else" }),
	} {
		if out, err := perform(t, scenes); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v\n%s", want, err, out)
		}
	}
}

func TestSceneNamesAreChecked(t *testing.T) {
	if got, err := choose([]string{"automation"}); err != nil || len(got) != 1 {
		t.Errorf("chose %v, %v", got, err)
	}
	if _, err := choose([]string{"nonsense"}); err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("a wrong name said %v", err)
	}
}
