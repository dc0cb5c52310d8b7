// Package systems is the table of the signalling systems: a file for each, with
// everything that tests, sandbox scenarios, the demo and the documentation have to
// know of its signal. They are all derived from it, or held against it.
package systems

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// All are the rows of the table.
var All = slices.Concat(automation, workflowExecution, workflowStepState, sfnTask, codepipelineApproval, ecsDeployment, cloudFormationResource, stackResource, oosExecution, httpTrigger, temporalWorkflow, byName)

// Values are the arguments of a block: strings, bools, numbers, Values, []any,
// nil for null, or tftypes.UnknownValue.
type Values map[string]any

// With returns the values with some replaced; nil removes.
func (v Values) With(changed Values) Values {
	with := Values{}
	maps.Copy(with, v)
	maps.Copy(with, changed)
	return with
}

// System is one signal. A resource whose target can be given in several ways has a
// row for each of them; only its first row has Demo, Examples and Docs.
type System struct {
	// Variant tells the rows of one resource apart; it is empty where there is one.
	Variant string
	// Type is the resource type, and the type of the action.
	Type string
	// Package is the system's folder in internal/.
	Package string
	// Block is the provider's block that it needs, and Endpoint the argument in its
	// endpoints, "" where there is none.
	Block, Endpoint string
	// Operation is the request that carries the signal, as the request log names it.
	Operation string
	// Permission is what the error of a refusal has to name.
	Permission string
	// HasAction says that the signal is offered as an action, too.
	HasAction bool

	// Ready makes a target that is waiting for the signal, and returns the arguments
	// that send it there. The target also takes a second signal, so that one that is
	// sent by mistake is not refused but shows.
	Ready func(s *sandbox.Sandbox) Values
	// Resends are arguments with another value, which makes another signal. Recorded
	// ones are noted and send nothing. Unseen ones are write-only: Terraform cannot
	// compare them. Together they are all arguments of the signal.
	Resends, Recorded, Unseen Values
	// Together are like Resends, of arguments that cannot be changed without others:
	// the tests of the system's package change them.
	Together Values
	// Optional are the arguments of Ready that can be left out.
	Optional []string
	// Missing are arguments that name a target that is not there, and MissingAt the
	// argument that the error is about.
	Missing   Values
	MissingAt string
	// Ambiguous says that the service answers the same for a missing target as for wrong credentials.
	Ambiguous bool
	// Naming says how the target can be named; nil where it cannot.
	Naming *Naming
	// LooksUp says that the target is looked up before anything is sent.
	LooksUp bool
	// Finds says that what was looked up is recorded, and used from then on.
	Finds bool
	// LaterHides says that the service shows one time for all signals to a target, so that
	// a later one hides when an earlier one arrived.
	LaterHides bool
	// NoRequestID says that the service's answers carry none.
	NoRequestID bool
	// RetryAfter says that a throttling answer can ask to be left alone for some time.
	RetryAfter bool
	// IsSuccess reports whether an answer with HTTP 200 is the one that the service's
	// document gives for success; members is nil unless the body is a JSON object.
	IsSuccess func(members map[string]any, body string) bool
	// Requests are requests as the vendor's own tool makes them.
	Requests []Request

	// Gate is how a target is waited for; nil when it cannot be read.
	Gate *Gate

	// Lost is what can be done about a lost answer.
	Lost Lost
	// ShownBy is the operation that is read first to find out whether a signal has arrived; only with ReadBack.
	ShownBy string
	// LookUps is how often ShownBy is read to find the target, before anything is sent.
	LookUps int
	// ProvedBy is the operation that is read last for that, where it is another one.
	ProvedBy string
	// ShowsSignals says of a Repeatable signal that the service shows it, too: a repeat
	// tells sooner, and what repeats do not settle is read back.
	ShowsSignals bool
	// Cells are what the signal comes to in rows of the fault matrix, by their names,
	// where that is not what Lost makes of it.
	Cells map[string]Cell

	// Interrupted makes the target of a signal in whose way Terraform is stopped at a
	// moment. The mark is in all requests that send the signal or read its target,
	// and in no others.
	Interrupted func(s *sandbox.Sandbox, at Moment) (arguments Values, mark string)
	// Guards are what keeps the signal from taking effect twice when Terraform was killed.
	Guards []Guarded

	// Demo is the scene of `make demo` and the example that it shows.
	Demo Demo
	// Examples are the scenarios of the folders in examples/ that are the system's own.
	Examples []Scenario
	// Docs is what the pages say of the signal that is true of it alone.
	Docs Docs
}

// Name is the row's name in tests.
func (y System) Name() string {
	if y.Variant == "" {
		return y.Type
	}
	return y.Type + " " + y.Variant
}

// TakesOne reports whether the target of a signal takes no second one, though that
// of Ready does.
func (y System) TakesOne() bool {
	return slices.ContainsFunc(y.Guards, func(g Guarded) bool { return g.Guard == ShownToken })
}

// AdoptsWith are the arguments by which a signal is recognised; nil where its target and
// its own arguments do.
func (y System) AdoptsWith() Values {
	if first := Of(y.Type); first.Gate != nil {
		return first.Gate.AdoptsWith
	}
	return nil
}

// Short is the resource's type without the provider's prefix, as files are named.
func (y System) Short() string { return strings.TrimPrefix(y.Type, "signal_") }

// Signals are the first rows of all resources.
func Signals() (signals []System) {
	for _, y := range All {
		if !slices.ContainsFunc(signals, func(other System) bool { return other.Type == y.Type }) {
			signals = append(signals, y)
		}
	}
	return signals
}

// Of is the first row of a resource.
func Of(resource string) System {
	return All[slices.IndexFunc(All, func(y System) bool { return y.Type == resource })]
}

// Gate is how the targets of a system are waited for.
type Gate struct {
	// Read is the operation by which the target's status is read, and Permission
	// what the error of a refused read has to name.
	Read, Permission string
	// Running makes a target that takes the signal and whose run then ends in this
	// way; while it runs, each read brings its end nearer.
	Running func(s *sandbox.Sandbox, end string) Values
	// Unready makes a target that takes the signal only after some reads.
	Unready func(s *sandbox.Sandbox) Values
	// IsRunning, Succeeded and Failed are the service's words for target_status.
	IsRunning, Succeeded, Failed string
	// EndsUntold says that nothing tells whether a run that has ended succeeded.
	EndsUntold bool
	// Expires is what waits for a signal until a time that the service tells, such as "a
	// step"; empty where none is told.
	Expires string
	// Reason is part of what the service says of a failure, "" when it says nothing.
	Reason string
	// Adopts says that adopt_existing is offered; AdoptsWith are the arguments by which
	// a signal is recognised, where its target and its own arguments do not do.
	Adopts     bool
	AdoptsWith Values
	// Batch is how resources that wait for different targets share reads; nil where each is read alone.
	Batch *Batch
}

// Batch is a read of several targets.
type Batch struct {
	Operation string
	// Permission is what it needs beside the permissions of a wait, "" where it needs none.
	Permission string
	// Reads is what one request reads, as the pages say it, and Is tells such a request from others of the operation.
	Reads string
	Is    func(sandbox.Request) bool
	// Target makes one of the targets that are read together, whose run ends well after some time; nil where
	// Gate.Running does.
	Target func(*sandbox.Sandbox) Values
}

// How a run ends.
const (
	Well  = "well"
	Badly = "badly"
	Never = "never"
)

// Naming says how a target is named: by one argument in place of its id, and with a
// filter, "" where there is none.
type Naming struct{ Name, ID, Filter string }

// Request is one that the vendor's own tool makes for these arguments.
type Request struct {
	Name      string
	Arguments Values
	Header    map[string]string
	// Body is compared as JSON, or as a form where Content-Type says so.
	Body string
}

// Moment is how far a signal has come when Terraform ends too early.
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

// Later is for how long a target that is Interrupted keeps others waiting, unless
// the sandbox's time is moved on; signatures stand that much.
const Later = 120

// Guard is what keeps a signal from taking effect a second time.
type Guard string

// The guards.
const (
	// Unguarded signals have none.
	Unguarded Guard = "none"
	// ShowsSignals have none either, but their services can show a signal whose
	// answer was lost.
	ShowsSignals Guard = "read back"
	// Adopting signals are looked for at the service: adopt_existing.
	Adopting Guard = "adopt_existing"
	// Generated ids are made up by the provider, and Pinned ones by the user.
	Generated Guard = "generated ids"
	Pinned    Guard = "pinned ids"
	// GeneratedShown and PinnedShown are such ids of signals that the service shows, too.
	GeneratedShown Guard = "generated ids, read back"
	PinnedShown    Guard = "pinned ids, read back"
	// GeneratedOnce ids are made up by the provider, of signals that the service shows,
	// and of which it refuses a second one with the same id.
	GeneratedOnce Guard = "generated ids that work once, read back"
	// UsedToken is a token that is good for one callback.
	UsedToken Guard = "used token"
	// ShownToken is one, or another id, whose service also shows the signal that used it up.
	ShownToken Guard = "used token, read back"
)

// Guarded is a signal with a guard.
type Guarded struct {
	Guard Guard
	// With returns the arguments that turn the guard on, for a target with this mark;
	// nil where there are none.
	With func(mark string) Values
	// Means names those arguments in Markdown.
	Means string
}

// Demo is a system on show. Its configuration is examples/demo/<name>, which
// creates terraform_data.deployment after its one signal.
type Demo struct {
	Title string
	// Start makes the target that the variables of the example name by default.
	Start func(*sandbox.Sandbox)
	// Variables are those that say where the sandbox is; nil for "endpoint".
	Variables func(url string) map[string]string
	// State says in plain words how the target is, which has to be Before, and then
	// After the signal.
	State         func(*sandbox.Sandbox) string
	Before, After string
}

// Given are the variables of the example for a sandbox at url.
func (d Demo) Given(url string) map[string]string {
	if d.Variables != nil {
		return d.Variables(url)
	}
	return map[string]string{"endpoint": url}
}

// URL stands for the sandbox's address in the variables of a Scenario.
const URL = "URL"

// Scenario is an example with something in the sandbox that waits for its signals.
type Scenario struct {
	// Example is a folder in examples/.
	Example string
	// Variables are values of the example's, as its configuration would write them;
	// URL at the beginning stands for the sandbox's address.
	Variables []Variable
	// Start puts there what the example needs; nil when it needs nothing.
	Start func(*sandbox.Sandbox)
}

// Variable is one of an example.
type Variable struct{ Name, Value string }

// String is what -var takes.
func (v Variable) String() string { return v.Name + "=" + v.Value }

// Docs is what the pages say of one signal.
type Docs struct {
	// Service is the short name of who answers.
	Service string
	// Named says how a target is named, in Markdown, where that is not by the arguments
	// of Missing.
	Named string
	// API is the address of the vendor's page about the request.
	API string
	// Sends is the row of the tables of resources.
	Sends string
	// Lost says what is done when the answer is lost, and Repeats what tells a repeat
	// from another signal: the row in the guide "Delivery".
	Lost, Repeats string
	// LostRows are the rows about lost answers on the resource's page, in Markdown,
	// where they are not those of its Lost.
	LostRows string
	// LateNote says what comes of a signal that reads show too late; only with ReadBack.
	LateNote string
	// AfterCrash says what to do about a crash, in Markdown.
	AfterCrash string
	// LookUp says what is read before the signal is sent, and which permission that
	// needs, in Markdown; empty where nothing is.
	LookUp string
	// NoPolicy says what sending needs where it is no policy, and NoReadPolicy what
	// waiting alone needs then.
	NoPolicy, NoReadPolicy string
	// NoAction says why there is no action, and ByAction what an action is given where
	// that is not what the resource is given.
	NoAction, ByAction string
	// Answers are those of the service that have a cause of their own.
	Answers []Answer
}

// Answer is one that leads to an error on an argument.
type Answer struct {
	// Code is the service's, or the HTTP status. Where the code alone does not tell,
	// the service's words follow after ": ", with "..." for names.
	Code string
	// Argument is the one that the error is about, "" for none.
	Argument string
	// Check says what to check.
	Check string
}

// ID is the id of a target that an example names: fixed, so that a command written
// down once keeps working. No two examples share one, so that they can be applied
// in any order.
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
