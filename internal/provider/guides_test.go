package provider_test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/terraformcli"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// guidePages is the folder of the guides in docs/.
const guidePages = "guides"

// gates is where the configurations of the guide "Provisioning gates" are.
const gates = "guides/provisioning-gates/"

// guide is a complete configuration of the documentation, unchanged. It has the retry
// policy that users have.
type guide struct {
	*acctest.Workspace
	t *testing.T
	s *sandbox.Sandbox
}

// openGuide starts an execution whose time the provider's reads move on, and gives its id
// to a configuration. The environment has all other settings.
func openGuide(t *testing.T, name string, steps ...sandbox.Step) guide {
	t.Helper()
	t.Parallel()
	c := &clock{}
	s := acctest.Sandbox(t, sandbox.Options{Now: c.now})
	s.Hook("GetAutomationExecution", c.tick, nil)
	return openExample(t, s, name, map[string]string{"automation_execution_id": s.StartAutomation(sandbox.Automation{Steps: steps})})
}

func openExample(t *testing.T, s *sandbox.Sandbox, name string, variables map[string]string) guide {
	t.Helper()
	w := acctest.Bare(t, map[string]string{
		"AWS_ENDPOINT_URL": s.URL(), "AWS_REGION": "us-east-1",
		"AWS_ACCESS_KEY_ID": "sandbox-access-key", "AWS_SECRET_ACCESS_KEY": "sandbox-secret-key",
	})
	w.Example(filepath.Join("..", "..", "examples", name))
	w.Variables(variables)
	return guide{w, t, s}
}

// apply returns what terraform did, in order, such as "created terraform_data.release", and
// the errors.
func (g guide) apply(options ...string) (did []string, said string) {
	g.t.Helper()
	return g.run("apply", options...)
}

func (g guide) destroy() (did []string, said string) {
	g.t.Helper()
	return g.run("destroy")
}

func (g guide) run(command string, options ...string) (did []string, said string) {
	g.t.Helper()
	text, err := g.Run(append([]string{command, "-auto-approve", "-json"}, options...)...)
	return g.did(text), diagnosed(g.t, text, err)
}

// event is a line of terraform's machine-readable output.
type event struct {
	Type string
	Hook struct {
		Resource struct{ Addr string }
		Action   string
	}
	Diagnostic struct{ Severity, Summary, Detail string }
}

func eventsIn(t *testing.T, text string) (events []event) {
	t.Helper()
	for _, object := range terraformcli.JSON(text) {
		var e event
		must(t, json.Unmarshal(object, &e))
		events = append(events, e)
	}
	return events
}

func (g guide) did(text string) (did []string) {
	g.t.Helper()
	for _, e := range eventsIn(g.t, text) {
		if e.Type == "apply_complete" {
			did = append(did, e.Hook.Action+" "+e.Hook.Resource.Addr)
		}
	}
	return did
}

// diagnosed returns terraform's errors, "" if there were none.
func diagnosed(t *testing.T, text string, err error) string {
	t.Helper()
	var said []string
	for _, e := range eventsIn(t, text) {
		if e.Diagnostic.Severity == "error" {
			said = append(said, e.Diagnostic.Summary+": "+e.Diagnostic.Detail)
		}
	}
	if (err != nil) != (len(said) > 0) {
		t.Fatalf("terraform ended with %v and said %q", err, said)
	}
	return strings.Join(said, "\n")
}

// wants compares what terraform did and said with the expectation.
func (g guide) wants(did []string, said string, does []string, says ...string) {
	g.t.Helper()
	if !slices.Equal(did, does) {
		g.t.Errorf("terraform did %q, want %q", did, does)
	}
	if (said != "") != (len(says) > 0) {
		g.t.Errorf("terraform said %q, want %q", said, says)
	}
	for _, part := range says {
		if !strings.Contains(said, part) {
			g.t.Errorf("%q is not in what was said: %s", part, said)
		}
	}
}

// sent checks that the request log has this number of signals, none of them refused.
func (g guide) sent(signals int) {
	g.t.Helper()
	g.sentBy("SendAutomationSignal", signals)
}

func (g guide) sentBy(operation string, signals int) {
	g.t.Helper()
	if g.s.Count(operation) != signals || g.s.Accepted(operation) != signals {
		g.t.Errorf("the request log does not hold %d signals: %v", signals, g.s.RequestLog())
	}
}

// settling returns a step that lasts two reads. So the request log shows whether the
// provider waits for it.
func settling(name string) sandbox.Step {
	return sandbox.Step{Name: name, Action: "aws:sleep", SleepSeconds: 20}
}

var (
	approveStep = sandbox.Step{Name: "approve", Action: "aws:approve"}
	failingStep = sandbox.Step{Name: "deploy", Action: "aws:executeScript", Fail: "the disk is full"}
)

// The gate on the first page, which newcomers apply against the sandbox.
func TestAccFirstGate(t *testing.T) {
	g := openGuide(t, "provider", approveStep, settling("settle"))
	did, said := g.apply()
	g.wants(did, said, []string{"create signal_automation.approve", "create terraform_data.deploy"})
	did, said = g.apply()
	g.wants(did, said, nil)
	g.sent(1)
}

func TestAccGuideBlock(t *testing.T) {
	g := openGuide(t, gates+"block", settling("prepare"), approveStep, settling("settle"))
	did, said := g.apply()
	g.wants(did, said, []string{"create signal_automation.migrate", "create terraform_data.application"})
	if got := g.Resources()["terraform_data.application"].AttributeValues["output"]; got != "deployed after Success" {
		t.Errorf("the application was %v", got)
	}
	did, said = g.apply()
	g.wants(did, said, nil)
	g.sent(1)
}

func TestAccGuideBlockHolds(t *testing.T) {
	g := openGuide(t, gates+"block", approveStep, failingStep)
	did, said := g.apply()
	g.wants(did, said, nil, "Target Did Not Succeed", "the disk is full", "terraform untaint")
	// The tainted resource is replaced, but the run has ended, so wait_until_ready sends
	// nothing.
	did, said = g.apply()
	g.wants(did, said, []string{"delete signal_automation.migrate"}, "Signal Not Sent", "Failed")
	if left := g.Resources(); len(left) > 0 {
		t.Errorf("the state holds %v", left)
	}
	g.sent(1)
}

func TestAccGuideBlockAcceptedByUntaint(t *testing.T) {
	g := openGuide(t, gates+"block", approveStep, failingStep)
	did, said := g.apply()
	g.wants(did, said, nil, "Target Did Not Succeed")
	if err := g.Do("untaint", "signal_automation.migrate"); err != nil {
		t.Fatal(err)
	}
	did, said = g.apply()
	g.wants(did, said, []string{"create terraform_data.application"})
	g.sent(1)
}

func TestAccGuidePostcondition(t *testing.T) {
	g := openGuide(t, gates+"postcondition", approveStep, settling("settle"))
	did, said := g.apply()
	g.wants(did, said, []string{"create signal_automation.check", "create terraform_data.release"})
	g.sent(1)
}

func TestAccGuidePostconditionHolds(t *testing.T) {
	g := openGuide(t, gates+"postcondition", approveStep, failingStep)
	did, said := g.apply()
	g.wants(did, said, []string{"create signal_automation.check"}, "The check of the release ended as Failed.")
	did, said = g.apply()
	g.wants(did, said, nil, "The check of the release ended as Failed.")
	if left := g.Resources(); len(left) != 1 || left["signal_automation.check"].Tainted {
		t.Errorf("the state holds %v", left)
	}
	g.sent(1)
	g.Variables(map[string]string{"automation_execution_id": g.s.StartAutomation(sandbox.Automation{Steps: []sandbox.Step{approveStep}})})
	did, said = g.apply()
	g.wants(did, said, []string{"delete signal_automation.check", "create signal_automation.check", "create terraform_data.release"})
	g.sent(2)
}

func TestAccGuideDestroy(t *testing.T) {
	g := openGuide(t, gates+"destroy", sandbox.Step{Name: "hold", Action: "aws:pause"}, settling("settle"))
	did, said := g.apply()
	g.wants(did, said, []string{"create terraform_data.application", "create signal_automation.maintenance"})
	did, said = g.apply()
	g.wants(did, said, nil)
	g.sent(0)
	did, said = g.destroy()
	g.wants(did, said, []string{"delete signal_automation.maintenance", "delete terraform_data.application"})
	if g.s.Count("GetAutomationExecution") < 2 {
		t.Errorf("nothing waited for the end of the run: %v", g.s.RequestLog())
	}
	g.sent(1)
}

func TestAccGuideSteps(t *testing.T) {
	g := openGuide(t, gates+"steps", approveStep, settling("settle"), sandbox.Step{Name: "production", Action: "aws:approve"}, settling("settle again"))
	did, said := g.apply()
	g.wants(did, said, []string{"create signal_automation.staging", "create terraform_data.smoke_test", "create signal_automation.production"})
	var order []string
	for _, e := range g.s.RequestLog() {
		if len(order) == 0 || order[len(order)-1] != e.Operation {
			order = append(order, e.Operation)
		}
	}
	if want := []string{"GetAutomationExecution", "SendAutomationSignal", "GetAutomationExecution", "SendAutomationSignal", "GetAutomationExecution"}; !slices.Equal(order, want) {
		t.Errorf("the request log is %q, want %q", order, want)
	}
	// The service would have refused a signal before its step was ready.
	g.sent(2)
}

// The apply adopts a signal that was sent before. Removing the argument after that changes
// nothing else.
func TestAccGuideComingFromLocalExec(t *testing.T) {
	g := openGuide(t, "guides/coming-from-local-exec/after", approveStep, settling("settle"))
	did, said := g.apply()
	g.wants(did, said, []string{"create signal_automation.approve", "create terraform_data.application"})
	// This state does not have the signal, as after a command.
	must(t, g.StateRm(t.Context(), "signal_automation.approve"))
	did, said = g.apply()
	g.wants(did, said, []string{"create signal_automation.approve"})
	if got := g.Resources()["signal_automation.approve"].AttributeValues["delivery"]; got != "ADOPTED" {
		t.Errorf("delivery is %v", got)
	}
	config := contents(t, filepath.Join(g.WorkingDir(), "main.tf"))
	g.Write(strings.Replace(config, "adopt_existing = true", "", 1))
	did, said = g.apply()
	g.wants(did, said, []string{"update signal_automation.approve"})
	g.sent(1)
}

// The command of the guide "Rotate trigger credentials" runs the job with the present
// credentials, and the service refuses it with old ones.
func TestGuideProvesOldCredentialsDead(t *testing.T) {
	s := acctest.Sandbox(t, sandbox.Options{})
	job := s.AddTriggerJob(sandbox.TriggerJob{})
	commands := acctest.Commands(t, filepath.Join("..", "..", "docs", guidePages, "rotate-trigger-credentials.md"))
	if len(commands) != 1 {
		t.Fatalf("the guide has %d blocks of commands, want 1", len(commands))
	}
	try := func(status string, runs int) {
		t.Helper()
		text, err := acctest.Shell(t, t.TempDir(), []string{"OLD_URL=" + s.TriggerURL(job), "OLD_TOKEN=" + job.AccessToken}, commands[0])
		must(t, err)
		if !strings.Contains(text, "HTTP/1.1 "+status) || s.Accepted("TriggerJob") != runs {
			t.Errorf("the job was run %d times, want %d, and the command printed:\n%s", s.Accepted("TriggerJob"), runs, text)
		}
	}
	try("200", 1)
	if _, rotated := s.RotateTriggerJob(job.ID); !rotated {
		t.Fatal("there is no job to rotate")
	}
	try("404", 1)
}

// openTwelveHosts starts a stack that is complete after twelve hosts have signalled.
func openTwelveHosts(t *testing.T) guide {
	t.Helper()
	t.Parallel()
	s := acctest.Sandbox(t, sandbox.Options{})
	s.StartCloudFormationStack(sandbox.CloudFormationStack{Name: "fleet", Resources: []sandbox.CloudFormationResource{{Name: "Hosts", Signals: 12}}})
	return openExample(t, s, "guides/twelve-hosts-and-one-wait/hosts", map[string]string{"stack_name": "fleet"})
}

const hostSignal = "CloudFormation.SignalResource"

func TestAccGuideTwelveHosts(t *testing.T) {
	g := openTwelveHosts(t)
	did, said := g.apply("-parallelism=10")
	if behind := []string{"create signal_cloudformation_resource_wait.hosts", "create terraform_data.application"}; said != "" || len(did) != 26 || !slices.Equal(did[24:], behind) {
		t.Errorf("terraform did %q and said %q", did, said)
	}
	if got := g.Resources()["terraform_data.application"].AttributeValues["output"]; got != "deployed after CREATE_COMPLETE" {
		t.Errorf("the application was %v", got)
	}
	g.sentBy(hostSignal, 12)
	waits := false
	for _, e := range g.s.RequestLog() {
		if e.Operation != hostSignal {
			waits = true
		} else if waits {
			t.Errorf("something was read before all signals were sent: %v", g.s.RequestLog())
			break
		}
	}
	made := len(g.s.RequestLog())
	did, said = g.apply("-parallelism=10")
	g.wants(did, said, nil)
	did, said = g.destroy()
	if len(did) != 26 || said != "" {
		t.Errorf("destroyed %q and said %s", did, said)
	}
	if more := g.s.RequestLog()[made:]; len(more) > 0 {
		t.Errorf("these requests were made after the wait: %v", more)
	}
}

// If each signal waits, ten wait for two that are not sent, until they time out. The
// commands of the guide recover from that.
func TestAccGuideTwelveHostsThatEachWait(t *testing.T) {
	acctest.KeepsState(t)
	g := openTwelveHosts(t)
	config := contents(t, filepath.Join(g.WorkingDir(), "main.tf"))
	g.Write(strings.Replace(config, "unique_id           = each.key", "unique_id           = each.key\n  wait_for_completion = true\n  timeouts {\n    create = \"10s\"\n  }", 1))
	_, said := g.apply("-parallelism=10")
	for _, part := range []string{"Target Still Running", "9 other resources of this apply wait for the same run", "one signal_cloudformation_resource_wait with depends_on", "terraform untaint"} {
		if !strings.Contains(said, part) {
			t.Errorf("%q is not in what was said: %s", part, said)
		}
	}
	if left := g.Resources(); left["signal_cloudformation_resource_wait.hosts"] != nil || left["terraform_data.application"] != nil {
		t.Error("the resources that depend on the signals were created")
	}
	g.sentBy(hostSignal, 12)
	commands := acctest.Commands(t, filepath.Join("..", "..", "docs", guidePages, "twelve-hosts-and-one-wait.md"))
	if len(commands) != 2 {
		t.Fatalf("the guide has %d blocks of commands, want one for one signal and one for all", len(commands))
	}
	path := delivery.ShellWord(filepath.ToSlash(g.ExecPath()))
	cli := strings.NewReplacer("terraform state", path+" state", "terraform untaint", path+" untaint")
	if text, err := acctest.Shell(t, g.WorkingDir(), []string{"HOME=" + g.WorkingDir()}, "set +e\n"+cli.Replace(commands[0]+commands[1])); err != nil && !strings.Contains(text, "not tainted") {
		t.Fatalf("%s: %s", err, text)
	}
	for address, one := range g.Resources() {
		if one.Tainted {
			t.Errorf("%s is still tainted after the commands of the guide", address)
		}
	}
	g.Write(config)
	_, said = g.apply("-parallelism=10")
	if left := g.Resources(); said != "" || left["terraform_data.application"] == nil {
		t.Errorf("it left %v and said %s", left, said)
	}
	g.sentBy(hostSignal, 12)
}
