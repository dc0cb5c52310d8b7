package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/go-version"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/terraformcli"
)

var (
	uses   = regexp.MustCompile(`(?m)^\s*(?:- )?uses: (.*)$`)
	pinned = regexp.MustCompile(`^[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
)

// A tag can be moved to other code, and a commit cannot. A job must not have more
// permissions than it declares.
func TestWorkflowsArePinnedAndNarrow(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "..", ".github", "workflows", "*.yml"))
	if err != nil || len(files) < 2 {
		t.Fatalf("found the workflows %q: %v", files, err)
	}
	pins := map[string]string{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text := string(content)
		if !strings.Contains(text, "\npermissions: {}\n") && !strings.Contains(text, "\npermissions:\n  contents: read\n\n") {
			t.Errorf("%s does not begin with empty permissions", file)
		}
		for _, action := range uses.FindAllStringSubmatch(text, -1) {
			name, pin, _ := strings.Cut(action[1], "@")
			if !pinned.MatchString(action[1]) {
				t.Errorf("%s uses %q: name the full commit and, as a comment, its version", file, action[1])
			}
			if pins[name] != "" && pins[name] != pin {
				t.Errorf("%s uses %s at %s, another place at %s", file, name, pin, pins[name])
			}
			pins[name] = pin
		}
	}
	if len(pins) < 3 {
		t.Errorf("found only these actions: %v", pins)
	}
}

// Dependabot proposes no release of a module that cannot be used here, and the one that is
// used is not such a release.
func TestHeldModulesAreIgnored(t *testing.T) {
	read := func(name ...string) string {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(append([]string{"..", "..", ".."}, name...)...))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	dependabot := read(".github", "dependabot.yml")
	for module, folder := range map[string]string{
		"github.com/aws/aws-sdk-go-v2/service/ssm":            ".",
		"github.com/aws/aws-sdk-go-v2/service/cloudformation": ".",
		"github.com/aws/aws-sdk-go-v2/service/ecs":            ".",
		"github.com/goreleaser/goreleaser/v2":                 "tools/goreleaser",
		"github.com/temporalio/cli":                           "tools/temporal",
	} {
		used := regexp.MustCompile(`\b` + module + ` v(\S+)`).FindStringSubmatch(read(folder, "go.mod"))
		ignored := regexp.MustCompile(`"` + module + `"\n\s+versions: \["(.+)"\]`).FindStringSubmatch(dependabot)
		if used == nil || ignored == nil {
			t.Errorf("%s: go.mod has %q, and dependabot.yml ignores %q", module, used, ignored)
			continue
		}
		if version.MustConstraints(version.NewConstraint(ignored[1])).Check(version.Must(version.NewVersion(used[1]))) {
			t.Errorf("%s is used in %s, which is ignored: %s", module, used[1], ignored[1])
		}
	}
}

// The one check that the branch requires needs all other jobs to have succeeded, and they
// run every release from the oldest that is supported.
func TestWorkflowChecksEverything(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("..", "..", "..", ".github", "workflows", "test.yml"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(content)
	_, list, _ := strings.Cut(text, "\njobs:\n")
	var others, succeeded []string
	for _, job := range regexp.MustCompile(`(?m)^  ([\w-]+):$`).FindAllStringSubmatch(list, -1) {
		if job[1] != "passed" {
			others, succeeded = append(others, job[1]), append(succeeded, "success")
		}
	}
	_, passed, _ := strings.Cut(list, "\n  passed:\n")
	for _, line := range []string{
		"if: always()\n", "needs: [" + strings.Join(others, ", ") + "]\n",
		`'[ "$RESULTS" = ` + strings.Join(succeeded, ",") + ` ]'` + "\n", "RESULTS: ${{ join(needs.*.result, ',') }}\n",
	} {
		if len(others) < 5 || !strings.Contains(passed, line) {
			t.Errorf("the job passed has no %s", line)
		}
	}
	oldest := version.Must(version.NewVersion(terraformcli.Minimum)).Segments()[1]
	for engine, newest := range map[string]int{"terraform": 16, "tofu": 12} {
		want := ""
		for minor := oldest; minor <= newest; minor++ {
			want += fmt.Sprintf("%q, ", fmt.Sprintf("1.%d.*", minor))
		}
		if !strings.Contains(list, "\n        "+engine+": ["+want+"latest]\n") {
			t.Errorf("the matrix of %s is not [%slatest]", engine, want)
		}
	}
}
