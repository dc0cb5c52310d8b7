package provider_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-exec/tfexec"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/provider"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// patientApproval starts an execution that takes any number of approvals. So a second
// signal is not refused and can be seen.
func patientApproval(s *sandbox.Sandbox) string {
	return s.StartAutomation(sandbox.Automation{
		Steps:         []sandbox.Step{{Name: "approve", Action: "aws:approve", MinRequiredApprovals: 100}},
		AcceptRepeats: true,
	})
}

// received returns how many signals an execution took.
func received(s *sandbox.Sandbox, id string) int {
	execution, _ := s.Automation(id)
	return len(execution.Signals)
}

func TestAccOneSignalInALife(t *testing.T) {
	t.Parallel()
	s := acctest.Sandbox(t, sandbox.Options{})
	id := patientApproval(s)
	config := func(options string) string {
		return fmt.Sprintf(`
provider "signal" {
  aws {
    region     = "us-east-1"
    access_key = "sandbox-access-key"
    secret_key = "sandbox-secret-key"
    endpoints { ssm = %q }
  }
}

resource "signal_automation" "approve" {
  automation_execution_id = %q
  signal_type             = "Approve"
  payload                 = { Comment = ["Schönes Ding"] }
  triggers                = { release = "1" }
  %s
}
`, s.URL(), id, options)
	}
	once := func(*terraform.State) error {
		if requests := s.RequestLog(); len(requests) != 1 || s.Accepted("SendAutomationSignal") != 1 {
			return fmt.Errorf("the request log holds %v", requests)
		}
		return nil
	}
	const address = "signal_automation.approve"
	applied := func(options string, action plancheck.ResourceActionType) resource.TestStep {
		return resource.TestStep{
			Config: config(options),
			Check:  once,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(address, action),
			}},
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(address, tfjsonpath.New("delivery"), knownvalue.StringExact("SENT")),
				statecheck.ExpectKnownValue(address, tfjsonpath.New("region"), knownvalue.StringExact("us-east-1")),
				statecheck.ExpectKnownValue(address, tfjsonpath.New("request_id"), knownvalue.NotNull()),
			},
		}
	}
	acctest.CLI(t) // terraform-plugin-testing uses the same.
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: map[string]func() (tfprotov6.ProviderServer, error){
			"signal": providerserver.NewProtocol6WithError(provider.New("test", provider.WithPolicy(acctest.Quick()))()),
		},
		Steps: []resource.TestStep{
			applied("", plancheck.ResourceActionCreate),
			applied("", plancheck.ResourceActionNoop),
			applied("", plancheck.ResourceActionNoop),
			{RefreshState: true, Check: once},
			{Config: config(""), PlanOnly: true},
			applied(`timeouts { create = "5m" }`, plancheck.ResourceActionUpdate),
		},
		CheckDestroy: once,
	})
}

// The operations of a real terraform on a resource, on all signals at once.
func TestAccWhatSendsAgain(t *testing.T) {
	t.Parallel()
	s := acctest.Sandbox(t, sandbox.Options{})
	w := acctest.Terraform(t, s)
	ctx := t.Context()
	configs := make([]acctest.Values, len(systems.All))
	for i, y := range systems.All {
		configs[i] = y.Ready(s)
	}
	// write writes a configuration in which each signal has this name, this release as its
	// trigger, and additional arguments.
	write := func(name, release string, more acctest.Values) {
		resources := map[string]map[string]acctest.Values{
			"terraform_data": {"release": {"input": release}},
		}
		for i, y := range systems.All {
			if resources[y.Type] == nil {
				resources[y.Type] = map[string]acctest.Values{}
			}
			resources[y.Type][fmt.Sprint(name, i)] = configs[i].With(acctest.Values{"triggers": acctest.Values{"release": release}}).With(more)
		}
		w.Configure(resources)
	}
	// each calls a function with the address of every signal.
	each := func(name string, do func(address string) error) (err error) {
		for i, y := range systems.All {
			err = errors.Join(err, do(fmt.Sprintf("%s.%s%d", y.Type, name, i)))
		}
		return err
	}
	// moved returns moved blocks: every signal had another name before.
	moved := func(from, to string, suffixes ...string) {
		var blocks strings.Builder
		_ = each("", func(address string) error {
			resource, i, _ := strings.Cut(address, ".")
			fmt.Fprintf(&blocks, "moved {\n  from = %s.%s%s%s\n  to   = %[1]s.%[5]s%[3]s%[6]s\n}\n", resource, from, i, suffixes[0], to, suffixes[1])
			return nil
		})
		w.Write(blocks.String())
	}
	// step checks how many signals of each kind the request log has.
	operations := map[string]int{}
	for _, y := range systems.All {
		operations[y.Operation]++
	}
	step := func(what string, sent int, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %s", what, err)
		}
		for operation, signals := range operations {
			if s.Count(operation) != signals*sent || s.Accepted(operation) != signals*sent {
				t.Fatalf("after %s the request log does not hold %d of each %s: %v", what, sent, operation, s.RequestLog())
			}
		}
	}

	write("one", "1", nil)
	step("the first apply", 1, w.Apply(ctx))
	step("a refresh only", 1, w.Do("apply", "-auto-approve", "-refresh-only"))
	step("an apply without a refresh", 1, w.Apply(ctx, tfexec.Refresh(false)))
	changes, err := w.Plan(ctx)
	if step("a plan", 1, err); changes {
		t.Error("a plan after nothing has changed has changes")
	}
	write("one", "2", nil)
	_, err = w.Plan(ctx)
	step("planning another trigger", 1, err)
	step("another trigger without a refresh", 2, w.Apply(ctx, tfexec.Refresh(false)))

	step("taint", 2, each("one", func(address string) error { return w.Do("taint", address) }))
	step("untaint", 2, each("one", func(address string) error { return w.Do("untaint", address) }))
	step("an apply after untaint", 2, w.Apply(ctx))
	step("taint", 2, each("one", func(address string) error { return w.Do("taint", address) }))
	step("an apply after taint", 3, w.Apply(ctx))
	replace := []string{"apply", "-auto-approve"}
	_ = each("one", func(address string) error { replace = append(replace, "-replace="+address); return nil })
	step("-replace", 4, w.Do(replace...))

	write("one", "3", nil)
	step("-target of something else", 4, w.Apply(ctx, tfexec.Target("terraform_data.release")))
	var target []tfexec.ApplyOption
	_ = each("one", func(address string) error { target = append(target, tfexec.Target(address)); return nil })
	step("-target", 5, w.Apply(ctx, target...))

	triggered := acctest.Values{"lifecycle": acctest.Values{
		"replace_triggered_by": []any{"terraform_data.release"}, "ignore_changes": []any{"triggers"},
	}}
	write("one", "3", triggered)
	step("replace_triggered_by", 5, w.Apply(ctx))
	write("one", "4", triggered)
	step("what replace_triggered_by names has changed", 6, w.Apply(ctx))

	write("two", "4", nil)
	moved("one", "two", "", "")
	step("moving", 6, w.Apply(ctx))
	w.Write("")
	write("two", "4", acctest.Values{"count": 1})
	step("introducing count", 6, w.Apply(ctx))
	write("two", "4", acctest.Values{"count": 2})
	step("one more", 7, w.Apply(ctx))
	write("two", "4", acctest.Values{"for_each": `${toset(["x", "y"])}`})
	moved("two", "two", "[0]", `["x"]`)
	step("count to for_each, one of them moved", 8, w.Apply(ctx))
	w.Write("")
	write("two", "4", acctest.Values{"for_each": `${toset(["x"])}`})
	step("one less", 8, w.Apply(ctx))
	write("two", "5", acctest.Values{"for_each": `${toset(["x"])}`, "lifecycle": acctest.Values{"create_before_destroy": true}})
	step("a replacement that is created before", 9, w.Apply(ctx))

	write("two", "5", acctest.Values{"for_each": `${toset(["x", "y"])}`})
	_ = each("two", func(address string) error {
		said := acctest.Unwrapped(w.Import(ctx, address+`["y"]`, "anything"))
		if !strings.Contains(said, "Signals Cannot Be Imported") || !strings.Contains(said, "by other means") {
			t.Errorf("importing %s said %q", address, said)
		}
		return nil
	})
	step("destroy", 9, w.Destroy(ctx))
}

// If the service shows a signal whose answer was lost, the provider finds it, and Terraform
// creates what depends on it.
func TestAccLostAnswerIsReadBack(t *testing.T) {
	t.Parallel()
	s := acctest.Sandbox(t, sandbox.Options{})
	w := acctest.Terraform(t, s)
	w.Write(fmt.Sprintf(`
resource "signal_automation" "approve" {
  automation_execution_id = %q
  signal_type             = "Approve"
  payload                 = { Comment = ["release 7"] }
}
resource "terraform_data" "downstream" {
  depends_on = [signal_automation.approve]
}
`, patientApproval(s)))
	s.Inject(sandbox.Fault{Operation: "SendAutomationSignal", Kind: sandbox.KindDropAfter, Times: 1})
	for range 2 {
		if err := w.Apply(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	resources := w.Resources()
	if got := resources["signal_automation.approve"].AttributeValues["delivery"]; got != "CONFIRMED" || resources["terraform_data.downstream"] == nil {
		t.Errorf("delivery is %v, and the state holds %v", got, resources)
	}
	if s.Count("SendAutomationSignal") != 1 || s.Accepted("SendAutomationSignal") != 1 || s.Count("GetAutomationExecution") != 1 {
		t.Errorf("the request log holds %v", s.RequestLog())
	}
}

// Four signals of one apply lose their answers in four ways, and the provider may not read
// their targets. None is sent again, and Terraform creates nothing that depends on them.
func TestAccUnknownOutcomes(t *testing.T) {
	t.Parallel()
	s := acctest.Sandbox(t, sandbox.Options{})
	w := acctest.Terraform(t, s)
	ctx := t.Context()
	names := []string{"a", "b", "c", "d"}
	var config strings.Builder
	for _, name := range names {
		fmt.Fprintf(&config, `
resource "signal_automation" %[1]q {
  automation_execution_id = %[2]q
  signal_type             = "Approve"
}
resource "terraform_data" %[1]q {
  depends_on = [signal_automation.%[1]s]
}
`, name, patientApproval(s))
	}
	w.Write(config.String())
	for _, kind := range []sandbox.Kind{sandbox.KindDropAfter, sandbox.KindErrorBefore, sandbox.KindErrorAfter, sandbox.KindTruncate} {
		s.Inject(sandbox.Fault{Operation: "SendAutomationSignal", Kind: kind, Times: 1})
	}
	s.Inject(sandbox.Fault{Operation: "GetAutomationExecution", Kind: sandbox.KindRefuse})

	// Releases of Terraform that can lose the state keep it so.
	var one []tfexec.ApplyOption
	if acctest.CLI(t).LosesState() {
		one = append(one, tfexec.Parallelism(1))
	}
	said := acctest.Unwrapped(w.Apply(ctx, one...))
	for _, part := range []string{"Error: Outcome of the Signal Unknown", "Allow the IAM action ssm:GetAutomationExecution", "terraform untaint", `delivery = "UNKNOWN"`} {
		if strings.Count(said, part) != len(names) {
			t.Errorf("%q should be in the error %d times:\n%s", part, len(names), said)
		}
	}
	// Three of the four signals had an effect. Each execution received one request.
	if s.Count("SendAutomationSignal") != 4 || s.Accepted("SendAutomationSignal") != 3 {
		t.Errorf("the request log holds %v", s.RequestLog())
	}
	resources := w.Resources()
	for _, name := range names {
		sent := resources["signal_automation."+name]
		if sent == nil || !sent.Tainted || sent.AttributeValues["delivery"] != "UNKNOWN" {
			t.Errorf("the state of %s is %+v", name, sent)
		}
		if resources["terraform_data."+name] != nil {
			t.Errorf("what depends on %s was created", name)
		}
	}
	if len(resources) != len(names) {
		t.Errorf("the state holds %v", resources)
	}

	// Untaint accepts a and b as delivered. The apply sends c and d once more.
	for _, name := range names[:2] {
		if err := w.Do("untaint", "signal_automation."+name); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Apply(ctx); err != nil {
		t.Fatal(err)
	}
	if s.Count("SendAutomationSignal") != 6 || s.Accepted("SendAutomationSignal") != 5 {
		t.Errorf("the request log holds %v", s.RequestLog())
	}
	resources = w.Resources()
	for _, name := range names {
		want := "SENT"
		if slices.Contains(names[:2], name) {
			want = "UNKNOWN"
		}
		if got := resources["signal_automation."+name]; got.Tainted || got.AttributeValues["delivery"] != want || resources["terraform_data."+name] == nil {
			t.Errorf("%s is %+v", name, got)
		}
	}
	if changes, err := w.Plan(ctx); changes || err != nil {
		t.Errorf("the plan after untaint has changes: %t, %v", changes, err)
	}
}

// This test has the retry policy that users have.
func TestAccWhatPassesIsTriedAgain(t *testing.T) {
	t.Parallel()
	s := acctest.SandboxToRefuse(t, sandbox.Options{})
	w := acctest.Terraform(t, s)
	w.Write(fmt.Sprintf(`
resource "signal_automation" "approve" {
  automation_execution_id = %q
  signal_type             = "Approve"
}
`, patientApproval(s)))
	s.Inject(sandbox.Fault{Operation: "SendAutomationSignal", Kind: sandbox.KindThrottle, Times: 2})
	log := filepath.Join(t.TempDir(), "log")
	must(t, w.SetLogPath(log))
	s.Refuse()
	ctx, applied := context.WithCancel(t.Context())
	var opened sync.WaitGroup
	opened.Go(func() {
		// The provider's log says that it has met the closed port.
		for text := ""; !strings.Contains(text, "refused"); {
			if delivery.Sleep(ctx, 20*time.Millisecond) != nil {
				t.Error("no connection was refused")
				break
			}
			read, _ := os.ReadFile(log)
			text = string(read)
		}
		if err := s.Accept(); err != nil {
			t.Error(err)
		}
	})
	if err := w.Apply(t.Context()); err != nil {
		t.Error(err)
	}
	applied()
	opened.Wait()
	if len(s.RequestLog()) != 3 || s.Accepted("SendAutomationSignal") != 1 {
		t.Errorf("the request log holds %v", s.RequestLog())
	}
}

func TestAccMistakesShowAtPlan(t *testing.T) {
	t.Parallel()
	s := acctest.Sandbox(t, sandbox.Options{})
	w := acctest.Terraform(t, s)
	good := map[string]string{"automation_execution_id": fmt.Sprintf("%q", patientApproval(s)), "signal_type": `"Approve"`}
	mistakes := []struct {
		attribute, value string
		says             []string
	}{
		{"automation_execution_id", `"5a4d0b0c"`, []string{": automation_execution_id = ", "36"}},
		{"signal_type", `"Deny"`, []string{": signal_type = ", "use Reject"}},
		{"payload", `{}`, []string{": payload = ", "at least 1"}},
		{"payload", `{ Comment = [join("", [for i in range(513) : "x"])] }`, []string{`payload["Comment"][0]`, "512", "513"}},
		{"timeouts", `{ create = "soon" }`, []string{`"soon"`}},
	}
	var config strings.Builder
	for i, mistake := range mistakes {
		fmt.Fprintf(&config, "resource \"signal_automation\" \"m%d\" {\n", i)
		arguments := map[string]string{mistake.attribute: mistake.value}
		for name, value := range good {
			if name != mistake.attribute {
				arguments[name] = value
			}
		}
		for name, value := range arguments {
			if name != "timeouts" {
				name += " ="
			}
			fmt.Fprintf(&config, "  %s %s\n", name, value)
		}
		config.WriteString("}\n")
	}
	w.Write(config.String())
	_, err := w.Plan(t.Context())
	said := acctest.Unwrapped(err)
	if strings.Count(said, "Error: ") != len(mistakes) {
		t.Errorf("want %d errors:\n%s", len(mistakes), said)
	}
	for i, mistake := range mistakes {
		_, from, _ := strings.Cut(said, fmt.Sprintf("with signal_automation.m%d,", i))
		one, _, _ := strings.Cut(from, "Error: ")
		for _, part := range mistake.says {
			if !strings.Contains(one, part) {
				t.Errorf("%s = %s said, without %q: %s", mistake.attribute, mistake.value, part, one)
			}
		}
	}
	if made := s.RequestLog(); len(made) > 0 {
		t.Errorf("planning made requests: %v", made)
	}
}
