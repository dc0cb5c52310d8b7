package provider_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// runsAt is an environment variable with the address of a sandbox. If it is set, this
// binary starts a run there, as a resource that starts a run does.
const runsAt = "SIGNAL_TEST_RUNS_AT"

// approvedIn is an environment variable with the number of seconds for which the run waits
// for its approval.
const approvedIn = "SIGNAL_TEST_APPROVED_IN"

// runAndWait starts an execution of a document in the sandbox and waits until it has ended.
// It returns 0 if the execution has succeeded.
func runAndWait(url string, documents []string) int {
	seconds, err := strconv.Atoi(os.Getenv(approvedIn))
	if err != nil {
		panic(err)
	}
	description, err := json.Marshal(sandbox.Automation{DocumentName: documents[0], Steps: []sandbox.Step{
		{Name: "approve", Action: "aws:approve", TimeoutSeconds: seconds}, {Name: "migrate", Action: "aws:executeScript"},
	}})
	if err != nil {
		panic(err)
	}
	var started struct{ ID string }
	if err := ask(http.MethodPost, url+"/_sandbox/ssm/executions", description, &started); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	for {
		var execution struct{ AutomationExecutionStatus string }
		if err := ask(http.MethodGet, url+"/_sandbox/ssm/executions/"+started.ID, nil, &execution); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 2
		}
		switch status := execution.AutomationExecutionStatus; status {
		case "Success":
			return 0
		case "Waiting", "InProgress":
			_ = delivery.Sleep(context.Background(), 100*time.Millisecond)
		default:
			fmt.Fprintln(os.Stderr, "the run ended as", status)
			return 1
		}
	}
}

func ask(method, url string, body []byte, answer any) error {
	req, err := http.NewRequestWithContext(context.Background(), method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, answer)
}

// openSameApply opens the guide's first configuration. Its sandbox has the real time.
func openSameApply(t *testing.T, seconds int) guide {
	t.Helper()
	t.Parallel()
	s := acctest.Sandbox(t, sandbox.Options{})
	w := acctest.Bare(t, map[string]string{
		"AWS_ENDPOINT_URL": s.URL(), "AWS_REGION": "us-east-1", runsAt: s.URL(), approvedIn: strconv.Itoa(seconds),
		"AWS_ACCESS_KEY_ID": "sandbox-access-key", "AWS_SECRET_ACCESS_KEY": "sandbox-secret-key",
	})
	w.Example(filepath.Join("..", "..", "examples", gates+"same_apply"))
	self, err := os.Executable()
	must(t, err)
	w.Variables(map[string]string{"runbook": "Migrate-Database", "run": fmt.Sprintf("%q", self)})
	return guide{w, t, s}
}

// One apply creates a resource that starts a run and waits for its end, and the signal for
// which the run waits.
func TestAccGuideSameApply(t *testing.T) {
	g := openSameApply(t, 600)
	_, said := g.apply()
	if said != "" {
		t.Fatal(said)
	}
	left := g.Resources()
	if len(left) != 3 {
		t.Errorf("the state holds %v", left)
	}
	id, _ := left["signal_automation.approve"].AttributeValues["automation_execution_id"].(string)
	if execution, _ := g.s.Automation(id); len(execution.Signals) != 1 || execution.AutomationExecutionStatus != "Success" {
		t.Errorf("found %q, which is %+v", id, execution)
	}
	g.sent(1)
	did, said := g.apply()
	g.wants(did, said, nil)
	did, said = g.destroy()
	if len(did) != 3 || said != "" {
		t.Errorf("destroyed %q and said %s", did, said)
	}
	g.sent(1)
}

// With one resource at a time, the run waits for an approval that nothing sends, or the
// signal waits for a run that nothing starts.
func TestAccGuideSameApplyOneAtATime(t *testing.T) {
	g := openSameApply(t, 10)
	config := contents(t, filepath.Join(g.WorkingDir(), "main.tf"))
	g.Write(strings.Replace(config, "wait_until_ready = true", "timeouts {\n    create = \"4s\"\n  }\n  wait_until_ready = true", 1))
	did, said := g.apply("-parallelism=1")
	g.wants(did, said, nil, "Signal Not Sent", "create timeout", "the run ended as TimedOut")
	g.sent(0)
}
