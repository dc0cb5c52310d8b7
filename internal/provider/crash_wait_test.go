//go:build !windows

package provider_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/terraform-exec/tfexec"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/crash"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// crashedWait is a wait that is interrupted while one of its reads is under way, or when it
// has ended.
type crashedWait struct {
	system
	name string
	done bool
	// until is the argument of the wait. mark is in all requests that read only its target.
	until, mark string
	// reads counts the reads of the target: those before the interruption, and after it
	// those of the next run.
	reads atomic.Int32
	// refreshed is how often the next run reads the target before it waits.
	refreshed atomic.Int32
	// reached is called when a read of the wait is under way, and again when the next run
	// has read that the target is still running.
	reached, again func()
}

func (g *crashedWait) address() string { return g.Type + "_wait." + g.name }

// waitPost is a handler in front of the sandbox. It holds the reads that must be under way
// when the interruption happens.
type waitPost struct {
	*sandbox.Sandbox
	url   string
	waits []*crashedWait
	// held is the number of the read that is held.
	held                       int32
	striking                   atomic.Bool
	reaching, holding, rereads sync.WaitGroup
}

func (p *waitPost) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	var concerned []*crashedWait
	for _, g := range p.waits {
		if strings.Contains(r.URL.String()+string(body), g.mark) {
			concerned = append(concerned, g)
		}
	}
	if len(concerned) == 0 {
		for _, g := range p.waits {
			if g.until == "ended" && readsMany(operationOf(r), g.Type) {
				concerned = append(concerned, g)
			}
		}
	}
	striking, hold := p.striking.Load(), false
	for _, g := range concerned {
		hold = g.reads.Add(1) >= p.held && striking && !g.done || hold
	}
	if !hold {
		p.Handler().ServeHTTP(w, r)
		for _, g := range concerned {
			if !striking && g.reads.Load() > g.refreshed.Load() {
				g.again()
			}
		}
		return
	}
	p.holding.Add(1)
	defer p.holding.Done()
	for _, g := range concerned {
		g.reached() // All waits share the read.
	}
	<-r.Context().Done()
	panic(http.ErrAbortHandler)
}

// TestAccCrashOfWaits ends Terraform too early, with waits of each system, at each request
// of their life. Then it runs the same command again. The next run goes on waiting, and no
// run sends a signal.
func TestAccCrashOfWaits(t *testing.T) {
	for _, b := range interruptions {
		for _, held := range []int32{1, 2} {
			t.Run(fmt.Sprintf("%s at read %d", b.name, held), func(t *testing.T) {
				t.Parallel()
				surviveWaiting(t, b, held)
			})
		}
	}
}

func surviveWaiting(t *testing.T, b interruption, held int32) {
	if b.ending == crash.Interrupted {
		acctest.KeepsState(t)
	}
	ending := b.endingHere(t)
	clock := &clock{}
	p := &waitPost{Sandbox: sandbox.New(sandbox.Options{Now: clock.now, Temporal: acctest.TemporalURL}), held: held}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	p.url = server.URL
	resources := p.start(t)
	signals := signalled(p.Sandbox)
	w := acctest.TerraformAt(t, p.url)
	w.SetStdout(io.Discard)
	processes := w.Watch()
	w.Configure(resources)
	run := func() error { return w.Apply(t.Context(), tfexec.Parallelism(len(p.waits))) }

	p.striking.Store(true)
	b.interrupt(t, processes, run, p.reaching.Wait)
	p.holding.Wait()
	p.striking.Store(false)

	left := w.Resources()
	for _, g := range p.waits {
		g.reads.Store(0)
		want, found := crash.OfWait(g.moment(), ending), left[g.address()]
		if (found != nil) != want.Recorded || found != nil && found.Tainted != want.Tainted {
			t.Errorf("%s is left as %+v, want %+v", g.address(), found, want)
		}
		switch {
		case found != nil && g.done:
			g.again() // It has nothing left to read.
		case found != nil:
			g.refreshed.Store(1)
		}
	}
	go func() {
		p.rereads.Wait()
		clock.offset.Add(int64((systems.Later + 10) * time.Second))
	}()
	if err := run(); err != nil {
		t.Fatal(err)
	}
	after := w.Resources()
	for _, g := range p.waits {
		var succeeded any = true
		if g.until == "ended" && g.Gate.EndsUntold {
			succeeded = nil
		}
		if found := after[g.address()]; found == nil || found.Tainted || found.AttributeValues["target_succeeded"] != succeeded {
			t.Errorf("the next run did not wait for %s: %+v", g.address(), found)
		}
		if reads := g.reads.Load(); reads > 0 && g.done && left[g.address()] != nil {
			t.Errorf("%s had ended, and the next run reads it %d times", g.address(), reads)
		}
	}
	if n := signalled(p.Sandbox) - signals; n != 0 {
		t.Errorf("%d signals were sent: %v", n, p.RequestLog())
	}
}

func (g *crashedWait) moment() crash.Moment {
	if g.done {
		return crash.Recorded
	}
	return crash.Waiting
}

// start creates targets that are not ready, targets that run on after their signal, and
// targets that are ready. It returns the waits for them. When the first of the others
// reads, the waits for ready targets are recorded.
func (p *waitPost) start(t *testing.T) map[string]map[string]acctest.Values {
	provider := acctest.StartProvider(t, acctest.Block(p.url))
	resources := map[string]map[string]acctest.Values{}
	var done []any
	add := func(y system, name, until string, at systems.Moment) acctest.Values {
		signal, mark := y.Interrupted(p.Sandbox, at)
		if at == systems.Waiting {
			apply(t, provider.Resource(y.Type), signal)
		}
		g := &crashedWait{system: y, name: name, until: until, mark: mark, done: name == "done"}
		p.rereads.Add(1)
		g.again = sync.OnceFunc(p.rereads.Done)
		if !g.done {
			p.reaching.Add(1)
			g.reached = sync.OnceFunc(p.reaching.Done)
		}
		p.waits = append(p.waits, g)
		wait := y.Type + "_wait"
		if resources[wait] == nil {
			resources[wait] = map[string]acctest.Values{}
		}
		resources[wait][name] = waitFor(provider.Resource(wait), signal).With(acctest.Values{"until": until})
		return resources[wait][name]
	}
	var first acctest.Values
	for _, y := range systems.Signals() {
		if y.Gate == nil {
			continue
		}
		begins := add(y, "ready", "ready", systems.UntilReady)
		if first == nil {
			first = begins
		}
		add(y, "ended", "ended", systems.Waiting)
		add(y, "done", "ready", systems.Acted)
		done = append(done, y.Type+"_wait.done")
	}
	first["depends_on"] = done
	return resources
}
