// Package systems is the table of the signalling systems. It has a file for each, with
// everything that tests, sandbox scenarios, the demo and the documentation need to know
// about its signal. They are derived from the table, or checked against it.
package systems

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// All are all rows of the table.
var All = slices.Concat(automation, workflowExecution, workflowStepState, sfnTask, codepipelineApproval, ecsDeployment, cloudFormationResource, stackResource, oosExecution, httpTrigger, temporalWorkflow, byName)

// Values are the arguments of a block: strings, bools, numbers, Values, []any,
// nil for null, or tftypes.UnknownValue.
type Values map[string]any

// With returns the values with changes; nil removes a value.
func (v Values) With(changed Values) Values {
	with := Values{}
	maps.Copy(with, v)
	maps.Copy(with, changed)
	return with
}

// System is one signal. If the target of a resource can be given in several ways, there is
// a row for each. Only the first row has Demo, Examples and Docs.
type System struct {
	// Variant distinguishes the rows of one resource; "" if there is only one.
	Variant string
	// Type is the resource type, and the type of the action.
	Type string
	// Package is the system's folder in internal/.
	Package string
	// Block is the provider block that the signal needs, and Endpoint the argument in its
	// endpoints, "" if there is none.
	Block, Endpoint string
	// Operation is the request that carries the signal, as the request log names it.
	Operation string
	// Permission is the text that the error of a refusal must contain.
	Permission string
	// HasAction says that there is also an action.
	HasAction bool

	// Ready creates a target that waits for the signal, and returns the arguments for it.
	// The target also takes a second signal, so a signal that is sent twice by mistake is
	// not refused and can be seen.
	Ready func(s *sandbox.Sandbox) Values
	// Resends are changed arguments that make another signal. A change of Recorded ones is
	// recorded and sends nothing. Unseen ones are write-only, so Terraform cannot compare
	// them. Together they are all arguments of the signal.
	Resends, Recorded, Unseen Values
	// Together are like Resends, for arguments that cannot be changed without others. The
	// tests of the system's package change them.
	Together Values
	// Optional are the arguments of Ready that can be left out.
	Optional []string
	// Missing are arguments of a target that does not exist, and MissingAt the argument
	// that the error is about.
	Missing   Values
	MissingAt string
	// Ambiguous says that the service answers the same for a missing target as for wrong credentials.
	Ambiguous bool
	// Naming says how the target can be named; nil if it cannot.
	Naming *Naming
	// LooksUp says that the provider finds the target before it sends.
	LooksUp bool
	// Finds says that the target that was found is recorded, and used from then on.
	Finds bool
	// LaterHides says that the service shows one time for all signals to a target, so a
	// later signal hides the time of an earlier one.
	LaterHides bool
	// NoRequestID says that the service's answers have no request id.
	NoRequestID bool
	// RetryAfter says that a throttling answer can say when to try again.
	RetryAfter bool
	// IsSuccess reports whether an answer with HTTP 200 is the documented success. members
	// is nil unless the body is a JSON object.
	IsSuccess func(members map[string]any, body string) bool
	// Requests are requests as the vendor's own tool makes them.
	Requests []Request

	// Gate says how to wait for a target; nil if it cannot be read.
	Gate *Gate

	// Lost says what the provider can do after a lost answer.
	Lost Lost
	// ShownBy is the first read that finds out whether a signal has arrived; only with
	// ReadBack.
	ShownBy string
	// LookUps is how often ShownBy is called to find the target before the send.
	LookUps int
	// ProvedBy is the last read that finds this out, if it differs.
	ProvedBy string
	// ShowsSignals says that the service also shows a Repeatable signal. A repeat tells
	// sooner. If repeats do not settle the outcome, the provider looks the signal up.
	ShowsSignals bool
	// Cells are the results in rows of the fault matrix, by their names, that differ from
	// those of Lost.
	Cells map[string]Cell

	// Interrupted creates the target of a signal during which Terraform is stopped at a
	// moment. The mark is in all requests that send the signal or read its target, and in
	// no others.
	Interrupted func(s *sandbox.Sandbox, at Moment) (arguments Values, mark string)
	// Guards keep the signal from taking effect twice after Terraform was killed.
	Guards []Guarded

	// Demo is the scene of `make demo` and the example that it shows.
	Demo Demo
	// Examples are the scenarios of the system's folders in examples/.
	Examples []Scenario
	// Docs are the texts of the documentation about this signal alone.
	Docs Docs
}

// Name is the row's name in tests.
func (y System) Name() string {
	if y.Variant == "" {
		return y.Type
	}
	return y.Type + " " + y.Variant
}

// Lacks returns the names of the fields that the row needs and does not have. Without most
// of them, tests would fail for other reasons than they say.
func (y System) Lacks() (fields []string) {
	lack := func(prefix string, of any, required ...string) {
		for _, field := range required {
			if reflect.ValueOf(of).FieldByName(field).IsZero() {
				fields = append(fields, prefix+field)
			}
		}
	}
	lack("", y, "Type", "Package", "Block", "Operation", "Permission", "Ready", "Missing", "MissingAt", "IsSuccess", "Guards")
	if !y.Finds {
		lack("", y, "Interrupted")
	}
	if y.Lost == ReadBack {
		lack("", y, "ShownBy")
	}
	if y.Block == "aws" || y.Block == "alicloud" {
		lack("", y, "Endpoint")
	}
	if y.Gate != nil {
		lack("Gate.", *y.Gate, "Read", "Permission", "Running", "Unready", "IsRunning", "Succeeded", "Failed", "Absent")
	}
	return fields
}

// TakesOne reports whether a target takes only one signal, unlike the target of Ready.
func (y System) TakesOne() bool {
	return slices.ContainsFunc(y.Guards, func(g Guarded) bool { return g.Guard == ShownToken })
}

// AdoptsWith returns the additional arguments with which adopt_existing recognises a
// signal; nil if it needs none.
func (y System) AdoptsWith() Values {
	if first := Of(y.Type); first.Gate != nil {
		return first.Gate.AdoptsWith
	}
	return nil
}

// Short returns the resource's type without the provider's prefix, as in file names.
func (y System) Short() string { return strings.TrimPrefix(y.Type, "signal_") }

// Signals returns the first rows of all resources.
func Signals() (signals []System) {
	for _, y := range All {
		if !slices.ContainsFunc(signals, func(other System) bool { return other.Type == y.Type }) {
			signals = append(signals, y)
		}
	}
	return signals
}

// Of returns the first row of a resource.
func Of(resource string) System {
	return All[slices.IndexFunc(All, func(y System) bool { return y.Type == resource })]
}

// Gate says how to wait for the targets of a system.
type Gate struct {
	// Read is the operation that reads the target's status, and Permission the text that
	// the error of a refused read must contain.
	Read, Permission string
	// Running creates a target that takes the signal and whose run ends in this way. Each
	// read brings the end nearer.
	Running func(s *sandbox.Sandbox, end string) Values
	// Unready creates a target that takes the signal only after some reads.
	Unready func(s *sandbox.Sandbox) Values
	// NotReady is a part of the error about such a target: what it does or waits for, "" if
	// the service does not show it before it is ready.
	NotReady string
	// IsRunning, Succeeded and Failed are the service's words for target_status.
	IsRunning, Succeeded, Failed string
	// EndsUntold says that the service does not tell whether a run that has ended
	// succeeded.
	EndsUntold bool
	// Absent are targets that do not exist, and what a wait does about each.
	Absent []Absent
	// Expires names the part of the target that waits until a time that the service shows,
	// such as "a step"; "" if none is shown.
	Expires string
	// Reason is a part of the service's text about a failure, "" if there is none.
	Reason string
	// Adopts says that there is adopt_existing. AdoptsWith are the additional arguments
	// with which it recognises a signal.
	Adopts     bool
	AdoptsWith Values
	// Batch says how waits for different targets share reads; nil if each target is read
	// alone.
	Batch *Batch
}

// Absent is a target that does not exist.
type Absent struct {
	// When says in Markdown what does not exist.
	When string
	// Arguments change those of Running so that they name it.
	Arguments Values
	// Waits has the values of until with which a wait waits for it. With the others, the
	// wait fails.
	Waits []string
}

// The values of until, and those of Absent.Waits.
const (
	Ended = "ended"
	Ready = "ready"
)

// Then says in Markdown what the wait does.
func (a Absent) Then() string {
	waits := func(until string) bool { return slices.Contains(a.Waits, until) }
	const fails, goesOn = "fails at once", "waits for it until the timeout"
	switch {
	case waits(Ended) && waits(Ready):
		return goesOn
	case waits(Ready):
		return fails + "; with `until = \"ready\"` " + goesOn
	case waits(Ended):
		return goesOn + "; with `until = \"ready\"` " + fails
	default:
		return fails
	}
}

// Batch is a read of several targets.
type Batch struct {
	Operation string
	// Permission is the additional permission that the batch needs, "" if it needs none.
	Permission string
	// Reads says what one request reads, as in the documentation. Is reports whether a
	// request is such a read.
	Reads string
	Is    func(sandbox.Request) bool
	// Target creates one of the targets that are read together, whose run succeeds after
	// some time; nil to use Gate.Running.
	Target func(*sandbox.Sandbox) Values
}

// The ends of a run.
const (
	Well  = "well"
	Badly = "badly"
	Never = "never"
)

// Naming has the argument for the target's name, that for its id, and a filter, "" if there
// is none.
type Naming struct{ Name, ID, Filter string }

// Request is a request of the vendor's own tool for these arguments.
type Request struct {
	Name      string
	Arguments Values
	Header    map[string]string
	// Body is compared as JSON, or as a form if Content-Type says so.
	Body string
}

// Moment is the point at which Terraform ends too early.
type Moment string

// The moments, in the order in which they follow each other.
const (
	UntilReady Moment = "waiting until the target is ready"
	BackingOff Moment = "pausing before another attempt"
	Leaving    Moment = "the request has left and never arrives"
	Acted      Moment = "the service has acted, and its answer is under way"
	Waiting    Moment = "waiting for the end of the run"
	Recorded   Moment = "done, while other resources are not"
)

// Later is the delay of a target of Interrupted in seconds, unless the sandbox's clock is
// moved on. Signatures stay valid for that long.
const Later = 120

// Guard keeps a signal from taking effect twice.
type Guard string

// The guards.
const (
	// Unguarded means that there is no guard.
	Unguarded Guard = "none"
	// ShowsSignals means that there is no guard, but that the service can show a signal
	// whose answer was lost.
	ShowsSignals Guard = "read back"
	// Adopting means that adopt_existing looks for the signal at the service.
	Adopting Guard = "adopt_existing"
	// Generated means that the provider generates an id, and Pinned that the user sets it.
	Generated Guard = "generated ids"
	Pinned    Guard = "pinned ids"
	// GeneratedShown and PinnedShown are the same, for services that also show the signal.
	GeneratedShown Guard = "generated ids, read back"
	PinnedShown    Guard = "pinned ids, read back"
	// GeneratedOnce means that the provider generates the id, and that the service shows
	// the signal and refuses a second one with the same id.
	GeneratedOnce Guard = "generated ids that work once, read back"
	// UsedToken means that a token works for one callback.
	UsedToken Guard = "used token"
	// ShownToken is the same, or with another id, for services that also show the signal
	// that used it.
	ShownToken Guard = "used token, read back"
)

// Guarded is a signal with a guard.
type Guarded struct {
	Guard Guard
	// With returns the arguments that turn the guard on, for a target with this mark; nil
	// if there are none.
	With func(mark string) Values
	// Means names those arguments in Markdown.
	Means string
}

// Demo is the scene of a system in the demo. Its configuration is examples/demo/<name>,
// which creates terraform_data.deployment after its one signal.
type Demo struct {
	Title string
	// Start creates the target of the example's default variables.
	Start func(*sandbox.Sandbox)
	// Variables returns the variables with the address of the sandbox; nil for "endpoint".
	Variables func(url string) map[string]string
	// State describes the target. It must be Before, and After once the signal was sent.
	State         func(*sandbox.Sandbox) string
	Before, After string
}

// Given returns the variables of the example for a sandbox at url.
func (d Demo) Given(url string) map[string]string {
	if d.Variables != nil {
		return d.Variables(url)
	}
	return map[string]string{"endpoint": url}
}

// URL stands for the sandbox's address in the variables of a Scenario.
const URL = "URL"

// Scenario is an example, with targets in the sandbox that wait for its signals.
type Scenario struct {
	// Example is a folder in examples/.
	Example string
	// Variables are values of the example's variables, as in a configuration; "URL" at the
	// beginning stands for the sandbox's address.
	Variables []Variable
	// Start creates what the example needs; nil if it needs nothing.
	Start func(*sandbox.Sandbox)
}

// Variable is a variable of an example.
type Variable struct{ Name, Value string }

// String returns the variable for the option -var.
func (v Variable) String() string { return v.Name + "=" + v.Value }

// Docs are the texts of the documentation about one signal.
type Docs struct {
	// Service is the short name of the service.
	Service string
	// Named says how a target is identified, in Markdown, if not by the arguments of
	// Missing.
	Named string
	// API returns a Markdown link to the vendor's page about an operation.
	API func(operation string) string
	// Sends is the row of the tables of resources.
	Sends string
	// Lost says what the provider does after a lost answer, and Repeats how the service
	// recognises a repeat: the row in the guide "Delivery".
	Lost, Repeats string
	// LostRows are the rows about lost answers on the resource's page, in Markdown, if they
	// differ from those of Lost.
	LostRows string
	// LateNote says what happens to a signal that reads show too late; only with ReadBack.
	LateNote string
	// AfterCrash says what to do after a crash, in Markdown.
	AfterCrash string
	// LookUp says what the provider reads before it sends, and the permission for that, in
	// Markdown; "" if it reads nothing.
	LookUp string
	// NoPolicy says what sending needs if that is not a policy, and NoReadPolicy what only
	// waiting needs then.
	NoPolicy, NoReadPolicy string
	// NoAction says why there is no action, and ByAction which arguments an action has if
	// they differ from the resource's.
	NoAction, ByAction string
	// Answers are answers of the service with a special cause.
	Answers []Answer
}

// Answer is an answer that leads to an error on an argument.
type Answer struct {
	// Code is the service's, or the HTTP status. Where the code alone does not tell,
	// the service's words follow after ": ", with "..." for names.
	Code string
	// Argument is the argument of the error, "" for none.
	Argument string
	// Check says what to check.
	Check string
}

// ID returns the id of a target in an example. It is fixed, so that a command in the
// documentation always works. No two examples have the same id, so they can be applied in
// any order.
func ID(n int) string { return fmt.Sprintf("5a4d0b0c-0000-4000-8000-%012d", n) }

// seconds is how long runs and preparations of a Gate take.
const seconds = 40

// Endpoints are the arguments in the endpoints of a provider's block.
func Endpoints(block string) (names []string) {
	for _, y := range Signals() {
		if y.Block == block && !slices.Contains(names, y.Endpoint) {
			names = append(names, y.Endpoint)
		}
	}
	return append(names, "sts")
}

// List joins names as a sentence does.
func List(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}
