//go:build !windows

package provider_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/terraform-exec/tfexec"
	tfjson "github.com/hashicorp/terraform-json"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/crash"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/terraformcli"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// kind is one kind of signal in a crash test.
type kind struct {
	system
	systems.Guarded
}

// kinds returns the guards of all systems, in the order of the page.
func kinds() (kinds []kind) {
	for _, guard := range crash.Guards {
		for _, y := range systems.All {
			for _, guarded := range y.Guards {
				// If a target has taken the signal, a search by name does not find it again.
				// Another test covers a signal that is sent again to a target found by name.
				if guarded.Guard == guard && !y.Finds {
					kinds = append(kinds, kind{y, guarded})
				}
			}
		}
	}
	return kinds
}

// signal is one signal that is interrupted at one moment.
type signal struct {
	guard    crash.Guard
	resource string
	name     string
	// operation is the request that sends the signal.
	operation string
	// provedBy is the last read that shows the signal, "" if it is the first read.
	provedBy string
	at       crash.Moment
	// mark is in all requests that send the signal or read its target, and in no others.
	mark string
	// behind says that the signal depends on the signals that are recorded.
	behind bool
	// reached is called at the signal's moment. waited is called when the next run has read
	// that the target is not ready yet.
	reached, waited func()
	sent            atomic.Bool
}

func (g *signal) address() string { return g.resource + "." + g.name }

// post is a handler in front of the sandbox. It holds the requests that must be under way
// when the interruption happens.
type post struct {
	*sandbox.Sandbox
	url       string
	signals   []*signal
	resources map[string]map[string]acctest.Values

	// striking says that the interruption has not happened yet.
	striking atomic.Bool
	// reaching counts the signals whose moment has not come yet. throttling counts those of
	// them that are throttled; they come last, because throttling slows the others down.
	reaching, throttling sync.WaitGroup
	// waiting counts the signals for which the next run waits. holding counts the requests
	// that are held.
	waiting, holding sync.WaitGroup
	// sending delays requests that would otherwise meet a fault for another request.
	sending sync.Mutex
}

// newPost creates a signal of each kind for each moment of a stage.
func newPost(t *testing.T, stage crash.Stage, now func() time.Time) *post {
	p := &post{Sandbox: sandbox.New(sandbox.Options{Now: now, Temporal: acctest.TemporalURL}), resources: map[string]map[string]acctest.Values{}}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	p.url = server.URL
	var recorded []any
	for _, k := range kinds() {
		for _, at := range crash.Moments(stage) {
			if k.Gate == nil && (at == crash.UntilReady || at == crash.Waiting) {
				continue
			}
			g, config := p.add(k, at)
			if stage == crash.AtDestroy {
				config["when"] = "destroy"
			}
			if stage == crash.AtDestroy && at == crash.Acted {
				// Lookups depend on the service's time, so the test does not move it on
				// meanwhile.
				p.waiting.Add(1)
				g.waited = sync.OnceFunc(p.waiting.Done)
			}
			if at == crash.Recorded {
				recorded = append(recorded, g.address())
			}
		}
	}
	if len(recorded) > 0 {
		// When the request of this signal has arrived, the signals on which it depends are
		// recorded.
		g, config := p.add(kinds()[0], crash.Leaving)
		g.behind = true
		config["depends_on"] = recorded
	}
	return p
}

func (p *post) add(k kind, at crash.Moment) (*signal, acctest.Values) {
	config, mark := k.Interrupted(p.Sandbox, at)
	if path, given := config["url"].(string); given {
		config["url"] = p.url + path // Without its own port, the sandbox returns URLs without a host.
	}
	if k.With != nil {
		config = config.With(k.With(mark))
	}
	g := &signal{
		guard: k.Guard, resource: k.Type, name: fmt.Sprintf("s%d", len(p.signals)), at: at, mark: mark,
		reached: func() {}, waited: func() {},
	}
	g.operation, g.provedBy = k.Operation, k.ProvedBy
	switch at {
	case crash.Recorded:
	case crash.BackingOff:
		p.throttling.Add(1)
		g.reached = sync.OnceFunc(p.throttling.Done)
	default:
		p.reaching.Add(1)
		g.reached = sync.OnceFunc(p.reaching.Done)
	}
	if at == crash.UntilReady || at == crash.Waiting {
		config[map[crash.Moment]string{crash.UntilReady: "wait_until_ready", crash.Waiting: "wait_for_completion"}[at]] = true
		p.waiting.Add(1)
		g.waited = sync.OnceFunc(p.waiting.Done)
	}
	if p.resources[k.Type] == nil {
		p.resources[k.Type] = map[string]acctest.Values{}
	}
	p.resources[k.Type][g.name] = config
	p.signals = append(p.signals, g)
	return g, config
}

func (p *post) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	concerned := p.concerned(operationOf(r), r.URL.String()+string(body))
	if len(concerned) == 0 {
		p.Handler().ServeHTTP(w, r)
		return
	}
	striking := p.striking.Load()
	if g := concerned[0]; striking && operationOf(r) == g.operation {
		p.send(w, r, g)
		return
	}
	p.Handler().ServeHTTP(w, r)
	for _, g := range concerned {
		switch {
		case !striking:
			if read := operationOf(r); g.at != crash.Acted || g.provedBy == "" || read == g.provedBy || read == g.operation {
				g.waited()
			}
		case g.at == crash.UntilReady, g.at == crash.Waiting && g.sent.Load():
			g.reached()
		}
	}
}

// readsMany reports whether a request reads many targets of a signal and may name none.
func readsMany(operation, resource string) bool {
	gate := systems.Of(resource).Gate
	return gate != nil && gate.Batch != nil && gate.Batch.Operation == operation
}

// concerned returns the signals of a request. A request that sends belongs to one signal,
// and a read may belong to many.
func (p *post) concerned(operation, request string) (all []*signal) {
	for _, g := range p.signals {
		if strings.Contains(request, g.mark) {
			all = append(all, g)
		}
	}
	if len(all) > 0 {
		return all
	}
	for _, g := range p.signals {
		if g.at == crash.Waiting && readsMany(operation, g.resource) {
			all = append(all, g)
		}
	}
	return all
}

// send handles a request that sends a signal, up to the signal's moment.
func (p *post) send(w http.ResponseWriter, r *http.Request, g *signal) {
	if g.at == crash.Leaving {
		p.hold(r, g)
	}
	if g.at == crash.BackingOff {
		p.reaching.Wait()
	}
	answer := httptest.NewRecorder()
	p.sending.Lock()
	if g.at == crash.BackingOff {
		p.Inject(sandbox.Fault{Operation: g.operation, Kind: sandbox.KindThrottle, Times: 1})
	}
	p.Handler().ServeHTTP(answer, r)
	p.sending.Unlock()
	g.sent.Store(true)
	switch g.at {
	case crash.Acted:
		p.hold(r, g)
	case crash.BackingOff:
		untilRead(w, answer.Result())
		g.reached()
	default:
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	}
}

// untilRead returns when the client has read the whole answer, by its Content-Length. The
// answer asks the client to close the connection, and the client does so then.
func untilRead(w http.ResponseWriter, answer *http.Response) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	answer.Close = true
	_ = answer.Write(conn)
	_, _ = io.Copy(io.Discard, conn)
}

// hold does not answer a request. It returns when the client is gone.
func (p *post) hold(r *http.Request, g *signal) {
	p.holding.Add(1)
	defer p.holding.Done()
	g.reached()
	<-r.Context().Done()
	panic(http.ErrAbortHandler)
}

// interruption is a way to end Terraform too early.
type interruption struct {
	name   string
	ending crash.Ending
	inject func(provider, terraform *os.Process) error
}

var interruptions = []interruption{
	{"provider killed", crash.Killed, func(provider, _ *os.Process) error { return provider.Kill() }},
	{"terraform killed", crash.TofuKilled, func(_, terraform *os.Process) error { return terraform.Kill() }},
	// A terminal sends the signal to both processes.
	{"Ctrl-C", crash.Interrupted, func(provider, terraform *os.Process) error {
		if err := provider.Signal(os.Interrupt); err != nil {
			return err
		}
		return terraform.Signal(os.Interrupt)
	}},
}

// endingHere returns the ending for the engine of this run.
func (b interruption) endingHere(t *testing.T) crash.Ending {
	if b.ending == crash.TofuKilled && acctest.CLI(t).Name != terraformcli.OpenTofu {
		return crash.Killed
	}
	return b.ending
}

// interrupt ends a run when reached returns.
func (b interruption) interrupt(t *testing.T, processes *acctest.Processes, run func() error, reached func()) {
	t.Helper()
	ended, ready := make(chan error, 1), make(chan struct{})
	go func() { ended <- run() }()
	go func() { reached(); close(ready) }()
	select {
	case <-ready:
	case err := <-ended:
		t.Fatalf("ended before the crash: %v", err)
	}
	provider, terraform := processes.Now()
	t.Cleanup(func() { _ = provider.Kill() })
	if err := b.inject(provider, terraform); err != nil {
		t.Fatal(err)
	}
	// After Ctrl-C the error of a request says that it was cancelled, not that no answer came.
	if err := <-ended; err == nil || b.ending == crash.Interrupted && !strings.Contains(acctest.Unwrapped(err), "cancel") {
		t.Errorf("it ended with %v", err)
	}
}

// verdict is the result of one signal, from the state and the request log.
type verdict struct {
	Blow            string
	Stage           crash.Stage
	Moment          crash.Moment
	Resource        string
	Guard           crash.Guard
	Left            crash.Left
	Tainted         bool
	Next            crash.Next
	Sends, Accepted int
}

// TestAccCrash ends Terraform too early, with a signal of each kind at each moment, all in
// one run. Then it runs the same command again. It writes its verdicts as lines of JSON.
func TestAccCrash(t *testing.T) {
	for _, b := range interruptions {
		for _, stage := range []crash.Stage{crash.AtApply, crash.AtDestroy} {
			t.Run(b.name+" at "+string(stage), func(t *testing.T) {
				t.Parallel()
				survive(t, b, stage)
			})
		}
	}
}

func survive(t *testing.T, b interruption, stage crash.Stage) {
	if b.ending == crash.Interrupted && stage == crash.AtApply {
		acctest.KeepsState(t)
	}
	ending := b.endingHere(t)
	clock := &clock{}
	p := newPost(t, stage, clock.now)
	w := acctest.TerraformAt(t, p.url)
	w.SetStdout(io.Discard)
	processes := w.Watch()
	w.Configure(p.resources)
	run := func() error { return w.Apply(t.Context(), tfexec.Parallelism(len(p.signals))) }
	if stage == crash.AtDestroy {
		if err := run(); err != nil {
			t.Fatal(err)
		}
		run = func() error { return w.Destroy(t.Context(), tfexec.Parallelism(len(p.signals))) }
	}

	p.striking.Store(true)
	b.interrupt(t, processes, run, func() {
		p.reaching.Wait()
		p.throttling.Wait()
	})
	// A provider that outlives its Terraform sends nothing more.
	p.holding.Wait()
	p.striking.Store(false)

	left, before := w.Resources(), len(p.RequestLog())
	go func() {
		p.waiting.Wait()
		clock.offset.Add(int64((systems.Later + 10) * time.Second))
	}()
	// The run fails if a signal is refused.
	said := acctest.Unwrapped(run())
	t.Log(said)
	after, refused := w.Resources(), 0
	lines := json.NewEncoder(t.Output())
	for _, g := range p.signals {
		v := g.verdict(p.RequestLog(), before, left[g.address()], after[g.address()])
		v.Blow, v.Stage = b.name, stage
		if err := lines.Encode(v); err != nil {
			t.Fatal(err)
		}
		// A target that has taken its one signal is gone for a destroy, so the destroy warns.
		once := g.guard == crash.ShownToken || g.guard == crash.GeneratedOnce
		if v.Next == crash.Refused && (stage != crash.AtDestroy || !once) {
			refused++
		}
		if g.behind && ending == crash.TofuKilled {
			if v.Sends != 0 {
				t.Errorf("%s was sent before the signals on which it depends, and some of those were refused: %+v", g.address(), v)
			}
			continue
		}
		want := crash.At(stage, g.at, ending)
		if v.Left != want.Left || v.Tainted != want.Tainted || v.Next != want.Next[g.guard] {
			t.Errorf("%s, interrupted while %s, ended as %+v, want %+v", g.address(), g.at, v, want)
		}
	}
	if strings.Count(said, "Error: ") != refused {
		t.Errorf("%d signals were refused, and the next run printed %s", refused, said)
	}
}

// verdict compares the state before and after the next run with the request log. The first
// entries of the log are from before that run.
func (g *signal) verdict(requests []sandbox.Request, before int, left, after *tfjson.StateResource) verdict {
	v := verdict{Moment: g.at, Resource: g.resource, Guard: g.guard, Left: delivered(left), Tainted: left != nil && left.Tainted}
	var accepted, sends, refusals, reads int // before, and in the next run
	for i, e := range requests {
		switch {
		case !strings.Contains(e.Path+e.Query+e.Body, g.mark):
			continue
		case e.Operation != g.operation:
			if i >= before {
				reads++
			}
			continue
		case i < before && e.Accepted:
			accepted++
		case i >= before:
			sends++
			if e.Status >= http.StatusBadRequest {
				refusals++
			}
		}
		v.Sends++
		if e.Accepted {
			v.Accepted++
		}
	}
	switch {
	case refusals > 0 && accepted == 1 && sends == 1:
		v.Next = crash.Refused
	case sends == 1 && accepted == 0 && v.Accepted == 1:
		v.Next = crash.Sends
	case sends == 1 && accepted == 1 && v.Accepted == 2:
		v.Next = crash.Repeats
	case sends == 1 && accepted == 1 && v.Accepted == 1:
		v.Next = crash.Harmless
	case sends == 0 && accepted == 1 && reads == 0:
		v.Next = crash.Nothing
	case sends == 0 && accepted == 1 && (v.Left == "SENT" || v.Left == "CONFIRMED"):
		v.Next = crash.GoesOn
	case sends == 0 && accepted == 1 && (after == nil || delivered(after) == "ADOPTED"):
		v.Next = crash.Adopts
	}
	return v
}

// delivered returns a resource's delivery in the state.
func delivered(r *tfjson.StateResource) crash.Left {
	switch {
	case r == nil:
		return crash.Absent
	case r.AttributeValues["delivery"] == nil:
		return crash.Unsent
	default:
		return crash.Left(r.AttributeValues["delivery"].(string))
	}
}
