package provider_test

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/matrix"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/provider"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// trial is one system with one fault.
type trial struct {
	*testing.T
	system
	*sandbox.Sandbox
	*acctest.Provider
	config  acctest.Values
	trouble matrix.Trouble
	// refuses is set until the provider pauses because the port is closed.
	refuses *atomic.Bool
}

// elsewhere are places without a service: a host name that does not exist, and a port that
// nobody can open. Somebody else may open a port that a sandbox has closed.
var elsewhere = map[matrix.Line]string{matrix.Nameless: "https://signal.invalid", matrix.Refused: "http://127.0.0.1:1"}

// try creates a sandbox, and a provider with the retry policy of the fault.
func try(t *testing.T, y system, trouble matrix.Trouble) *trial {
	t.Helper()
	return tryWith(t, y, trouble, sandbox.Options{})
}

// opening is a clock that opens a port in the first pause while it refuses connections.
type opening struct {
	*acctest.PauseClock
	open func()
}

func (o opening) NewTimer(d time.Duration) (<-chan time.Time, func()) {
	o.open()
	return o.PauseClock.NewTimer(d)
}

// tryWith is try with a given sandbox.
func tryWith(t *testing.T, y system, trouble matrix.Trouble, options sandbox.Options) *trial {
	t.Helper()
	policy, clock := acctest.Quick(), acctest.NewPauseClock(trouble.Timeout)
	trouble.Faults = slices.Clone(trouble.Faults)
	for i := range trouble.Faults {
		trouble.Faults[i].Stalled = map[bool]func(){false: clock.Expire, true: clock.ExpireAttempts}[trouble.AttemptEnds]
	}
	if trouble.Timeout > 0 || trouble.AttemptEnds {
		policy.Clock = clock
	}
	if trouble.Timeout > 0 {
		policy.FirstPause, policy.LongestPause = trouble.Timeout/15, time.Minute
	}
	// A read after the last one that is needed has not begun yet when a test goes on.
	policy.FirstPoll, policy.LongestPoll = 100*time.Millisecond, 100*time.Millisecond
	switch {
	case trouble.Line == matrix.HTTP2 && y.Package == "":
		policy.UnreachableTimeout = 3 * time.Second // The provider looks just as long for a job that may have been created.
	case trouble.Line == matrix.RefusedAtFirst || trouble.Line == matrix.HTTP2 || trouble.Line != matrix.Refused && y.ShownBy != "":
		policy.UnreachableTimeout = time.Minute
	}
	start := acctest.Sandbox
	if trouble.Line == matrix.RefusedAtFirst {
		start = acctest.SandboxToRefuse
	}
	if trouble.Line == matrix.HTTP2 {
		start = acctest.SandboxHTTP2
	}
	s := start(t, options)
	var refuses atomic.Bool
	if trouble.Line == matrix.RefusedAtFirst {
		policy.Clock = opening{clock, func() {
			if !refuses.CompareAndSwap(true, false) {
				return
			}
			if err := s.Accept(); err != nil {
				t.Error(err)
			}
		}}
	}
	config := y.Ready(s)
	at := cmp.Or(elsewhere[trouble.Line], s.URL())
	if trouble.Line == matrix.Untrusted {
		stranger := acctest.SandboxTLS(t, options)
		at = stranger.URL()
		t.Cleanup(func() {
			if made := stranger.RequestLog(); len(made) > 0 {
				t.Errorf("a server that is not trusted received %v", made)
			}
		})
	}
	if trigger, ok := config["url"].(string); ok {
		config["url"] = strings.Replace(trigger, s.URL(), at, 1)
	}
	return &trial{t, y, s, acctest.StartProvider(t, acctest.Block(at), provider.WithPolicy(policy)), config, trouble, &refuses}
}

// within returns the configuration with the fault's timeout.
func (x *trial) within(operation string) acctest.Values {
	if x.trouble.Timeout == 0 {
		return x.config
	}
	return x.config.With(acctest.Values{"timeouts": acctest.Values{operation: x.trouble.Timeout.String()}})
}

// hit begins the fault.
func (x *trial) inject() {
	x.ResetRequestLog()
	inject := func(faults []sandbox.Fault) {
		for _, fault := range faults {
			fault.Operation = cmp.Or(fault.Operation, x.Operation)
			if fault.Operation == x.ShownBy {
				fault.Skip += x.LookUps
			}
			x.Inject(fault)
		}
	}
	inject(x.trouble.Faults)
	x.Hook(x.Operation, nil, func() { inject(x.trouble.Afterwards) })
	if x.trouble.Line == matrix.RefusedAtFirst {
		x.Refuse()
		x.refuses.Store(true)
		x.Cleanup(func() {
			if x.refuses.Load() {
				x.Error("the provider has not paused after a refused connection")
			}
		})
	}
}

// heal ends it.
func (x *trial) heal() {
	x.Hook(x.Operation, nil, nil)
	x.ClearFaults()
	x.accept()
	x.ResetRequestLog()
}

func (x *trial) accept() {
	if err := x.Accept(); err != nil {
		x.Error(err)
	}
}

// holds compares the requests and the diagnostics with a cell of the matrix.
func (x *trial) holds(want matrix.Cell, diags acctest.Diagnostics, state ...string) {
	x.Helper()
	requests, taken := x.Count(x.Operation), x.Accepted(x.Operation)
	if want.Requests == matrix.Many && requests < 3 || want.Requests != matrix.Many && requests != want.Requests || taken != want.Taken {
		x.Errorf("there were %d requests, of which %d were taken, want %d and %d:\n%v", requests, taken, want.Requests, want.Taken, x.RequestLog())
	}
	if want.Error == "" {
		if len(diags) > 0 {
			x.Errorf("said %s", diags)
		}
		return
	}
	if len(diags) != 1 || !diags[0].Error || diags[0].Summary != want.Error {
		x.Errorf("said %s, want one error %q", diags, want.Error)
	}
	said := diags.String()
	for _, part := range append(state, want.Says...) {
		if part == "request id" && x.NoRequestID {
			continue
		}
		if part = strings.ReplaceAll(part, "PERMISSION", x.Permission); !strings.Contains(said, part) {
			x.Errorf("%q is not in the error:\n%s", part, said)
		}
	}
	if x.NoRequestID && strings.Contains(said, "request id") {
		x.Errorf("there is no request id, but it is in the error:\n%s", said)
	}
}

// records compares a resource's state with a cell of the matrix.
func (x *trial) records(want matrix.Cell, r *acctest.Resource) {
	x.Helper()
	if r.String("delivery") != want.Delivery || r.State.IsNull() != (want.Delivery == "") || r.Tainted != want.Tainted() {
		x.Errorf("tainted: %t, and the state is %s, want delivery %q", r.Tainted, r.State, want.Delivery)
	}
}

// became compares the result of a signal, outside of the matrix's own faults, with a cell.
func became(t *testing.T, y system, s *sandbox.Sandbox, r *acctest.Resource, want matrix.Cell, diags acctest.Diagnostics) {
	t.Helper()
	x := &trial{T: t, system: y, Sandbox: s}
	x.holds(want, diags, standing[want.Word].created...)
	x.records(want, r)
}

// sends counts the requests with a signal that a function makes.
func (x *trial) sends(what string, want bool, does func() acctest.Diagnostics) {
	x.Helper()
	before := x.Count(x.Operation)
	if diags := does(); diags.HasError() {
		x.Errorf("%s returned %s", what, diags)
	}
	if sent := x.Count(x.Operation) - before; sent != map[bool]int{true: 1}[want] {
		x.Errorf("%s sent %d signals:\n%v", what, sent, x.RequestLog())
	}
}

// standing are parts of each error that say what the state has of the signal.
var standing = map[string]struct{ created, destroyed []string }{
	matrix.Rejected.Word: {[]string{"nothing is recorded", "Applying again"}, []string{"is kept", "Destroying again"}},
	matrix.NotSent.Word:  {[]string{"nothing is recorded", "Applying again"}, []string{"is kept", "Destroying again"}},
	matrix.Unknown.Word:  {[]string{"To find out", "tainted", "terraform untaint"}, []string{"To find out", "is kept", "terraform state rm"}},
}

// The matrix holds for every signal: when its resource is created, when it is destroyed,
// and as an action. A row takes most of its time to wait, so all rows run at once.
func TestWhatHappensWhen(t *testing.T) {
	for _, section := range matrix.Sections {
		for _, row := range section.Rows {
			t.Run(row.Name, func(t *testing.T) {
				t.Parallel()
				var all sync.WaitGroup
				defer all.Wait()
				for _, y := range systems.All {
					end := row.For(y)
					run := func(how string, test func(x *trial)) {
						all.Go(func() { t.Run(y.Name()+" "+how, func(t *testing.T) { test(try(t, y, row.Trouble)) }) })
					}
					run("created", func(x *trial) { x.create(end, nil) })
					run("destroyed", func(x *trial) { x.destroy(end) })
					if y.HasAction {
						run("invoked", func(x *trial) { x.invoke(end) })
					}
					if other, is := row.Resend(y); is {
						run("resending", func(x *trial) { x.create(other, acctest.Values{"resend_on_unknown": true}) })
					}
				}
			})
		}
	}
}

// One attempt is one request, whatever a vendor's SDK does by itself: the pauses are so
// long that no timeout allows a second attempt.
func TestOneAttemptIsOneRequest(t *testing.T) {
	eachSystem(t, func(t *testing.T, y system, s *sandbox.Sandbox, _ *acctest.Provider) {
		for _, section := range matrix.Sections {
			for _, row := range section.Rows {
				if row.Line != matrix.Sound || row.Timeout > 0 || row.AttemptEnds {
					continue
				}
				s.Reset()
				x := &trial{T: t, system: y, Sandbox: s, Provider: acctest.StartProvider(t, acctest.Block(s.URL()), unhurried()), config: y.Ready(s), trouble: row.Trouble}
				x.inject()
				x.Resource(y.Type).Apply(x.config)
				if s.Count(y.Operation) != 1 {
					t.Errorf("%s: the request log is %v", row.Name, s.RequestLog())
				}
			}
		}
	})
}

func (x *trial) create(want matrix.Cell, options acctest.Values) {
	config, r := x.within("create").With(options), x.Resource(x.Type)
	x.inject()
	x.holds(want, r.Apply(config), standing[want.Word].created...)
	x.records(want, r)
	x.heal()

	// A refresh sends nothing, and the next apply does what the page says.
	if !r.State.IsNull() {
		if diags := r.Refresh(); len(diags) > 0 || len(x.RequestLog()) > 0 {
			x.Errorf("a refresh said %s and made %v", diags, x.RequestLog())
		}
	}
	if r.Tainted {
		r.Tainted = false // terraform untaint
		x.sends("an apply after untaint", false, func() acctest.Diagnostics { return r.Apply(config) })
		r.Tainted = true
	}
	if x.trouble.Line == matrix.Sound {
		x.sends("the next apply", want.Again, func() acctest.Diagnostics { return r.Apply(x.config) })
	}
}

// destroy leaves a resource whose signal was not delivered in the state, untainted.
func (x *trial) destroy(want matrix.Cell) {
	r := x.Resource(x.Type)
	plant(x.T, r, x.within("delete"))
	x.inject()
	x.holds(want, r.Destroy(), standing[want.Word].destroyed...)
	kept := want.Error != ""
	if r.State.IsNull() == kept || kept && r.String("delivery") != want.Delivery || r.Tainted {
		x.Errorf("tainted: %t, and the state is %s, want it kept: %t, with delivery %q", r.Tainted, r.State, kept, want.Delivery)
	}
}

func (x *trial) invoke(want matrix.Cell) {
	config := x.config
	if x.trouble.Timeout > 0 {
		config = config.With(acctest.Values{"timeout": x.trouble.Timeout.String()})
	}
	x.inject()
	_, diags := x.Action(x.Type).Invoke(config)
	x.holds(want, diags)
	if said := diags.String(); strings.Contains(said, "untaint") || strings.Contains(said, "recorded") {
		x.Errorf("an action's error mentions a state:\n%s", said)
	}
}

// Each row has its own name, and each cell of a system belongs to one of them.
func TestMatrixRowsHaveNames(t *testing.T) {
	names := map[string]bool{}
	for _, section := range matrix.Sections {
		for _, row := range section.Rows {
			if names[row.Name] {
				t.Errorf("there are two rows %q", row.Name)
			}
			names[row.Name] = true
		}
	}
	for _, y := range systems.All {
		for name := range y.Cells {
			if !names[name] {
				t.Errorf("%s has a cell in the row %q, which the matrix does not have", y.Name(), name)
			}
		}
	}
}

// If a server resets every stream, only a signal that may be repeated makes several
// requests: the service drops repeats, or shows that the signal has not arrived.
func TestEndlessResetsCostOneRequestWhereNoneMayBeRepeated(t *testing.T) {
	for _, section := range matrix.Sections {
		for _, row := range section.Rows {
			if row.Name != "every stream reset" {
				continue
			}
			for _, y := range systems.All {
				repeats := y.Lost == systems.Repeatable || y.Lost == systems.ReadBack
				if cell := row.For(y); (cell.Requests == 1) == repeats || cell.Taken != 0 {
					t.Errorf("%s, which may be repeated: %t, makes %d requests", y.Name(), repeats, cell.Requests)
				}
			}
			return
		}
	}
	t.Error("there is no such row")
}
