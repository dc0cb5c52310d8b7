package job_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// FuzzJobHistories runs random histories of a job: operations of a user, events at the
// service, faults, lagging reads, and killed providers. A small model says what must hold:
// one live job for the state; jobs of others unchanged; old credentials without effect
// after a rotation; nothing left to do; and no secret in the wrong place.
func FuzzJobHistories(f *testing.F) {
	for seed := range uint64(25) {
		f.Add(seed)
	}
	for _, failed := range []uint64{2429, 2622, 2710, 2776, 7863, 10240, 10421, 1003032, 40009911} {
		f.Add(failed)
	}
	if more, _ := strconv.ParseUint(os.Getenv("JOB_HISTORIES"), 10, 64); more > 0 {
		from, _ := strconv.ParseUint(os.Getenv("JOB_HISTORIES_FROM"), 10, 64)
		for seed := from; seed < from+more; seed++ {
			f.Add(1000 + seed)
			if seed%4 == 0 {
				f.Add(wide + seed)
				f.Add(late + seed)
			}
		}
	}
	for seed := range uint64(10) {
		f.Add(wide + seed)
		f.Add(late + seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) { live(t, seed) })
}

// wide is the first seed whose history also has settings that the service may fill in or
// ignore. The histories of the seeds below it stay what they were.
const wide = 1_000_000

// late is the first seed whose history also has successors that reads show only after the
// provider has given up looking for them.
const late = 1_000_000_000

// longRun reports whether there is time for all of a test's cases.
func longRun() bool { return os.Getenv("JOB_HISTORIES") != "" }

// history is one random history.
type history struct {
	*bench
	random *rand.Rand
	config acctest.Values
	// others are the jobs of somebody else, by their ids.
	others map[string]string
	// stray are jobs that a killed creation has left. No state has known them.
	stray map[string]bool
	// applied is the configuration of the last apply without a fault. old are the
	// credentials at that time.
	applied acctest.Values
	old     credentials
	// untold says that the job was imported, and that no update has recorded its triggers
	// yet.
	untold bool
	// calm says that since then nothing has happened at the service, nothing has failed, and
	// no other job was requested.
	calm bool
	// passed is how far the service's clock is ahead, and lag how far its reads lag behind.
	passed *atomic.Int64
	lag    time.Duration
	// late says that there are late successors, and hidden that one is not shown yet. lists
	// counts the lists until it is.
	late, hidden bool
	lists        int
	// wide says that settings come and go that the service may fill in or ignore.
	wide bool
	// said is all that the provider has said and logged.
	said  strings.Builder
	log   bytes.Buffer
	steps []string
}

func live(t *testing.T, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 17))
	h := &history{random: random, config: nightly, others: map[string]string{}, stray: map[string]bool{}, passed: new(atomic.Int64)}
	kind := sandbox.CloudAutomator{PatchRotates: random.IntN(2) == 0, Inactive: sandbox.InactiveRuns}
	if random.IntN(3) == 0 {
		kind.Words = []sandbox.Wording{sandbox.Wordings[random.IntN(len(sandbox.Wordings))]}
	}
	if random.IntN(3) == 0 {
		h.lag = time.Second
	}
	if h.late = seed >= late; h.late {
		h.lag = time.Second
	}
	if h.wide = seed >= wide; h.wide {
		kind.RuntimeValues, kind.IgnoresRuntimeValues = random.IntN(2) == 0, random.IntN(2) == 0
	}
	s := acctest.Sandbox(t, sandbox.Options{
		CloudAutomator: kind, ReadLag: h.lag, Now: func() time.Time { return time.Now().Add(time.Duration(h.passed.Load())) },
	})
	h.bench = &bench{acctest.StartProvider(t, acctest.Block(s.URL()), hasty()).Resource(jobType), t, s, kind.PatchRotates}
	if h.lag > 0 {
		// The second of two reads shows what happened before the first.
		reads := 0
		for _, operation := range []string{"GetJob", "ListJobs"} {
			s.Hook(operation, func() {
				switch reads++; {
				case !h.hidden && reads%2 == 0:
					h.pass()
				case h.hidden && operation == "ListJobs":
					if h.lists--; h.lists == 0 {
						h.show()
					}
				}
			}, nil)
		}
	}
	for range 4 + random.IntN(8) {
		h.step()
	}
	h.steps = append(h.steps, "end")
	h.quiet()
	h.check()
	if diags := h.told(h.Destroy()); diags.HasError() {
		h.violated("the destroy says %s", diags)
	}
	for _, job := range h.s.TriggerJobs() {
		if h.others[job.ID] == "" && !h.stray[job.ID] {
			h.violated("job %s %q is left after the destroy", job.ID, job.Attributes.Name)
		}
	}
	h.untouched()
	h.secrets()
}

// pass moves the time on until reads show everything that has happened.
func (h *history) pass() { h.passed.Add(int64(h.lag)) }

// show ends the time in which a late successor is not shown.
func (h *history) show() {
	if h.hidden {
		h.hidden = false
		h.pass()
	}
}

// secrets checks that neither messages nor logs contain the credentials of a job or the API
// key.
func (h *history) secrets() {
	for where, text := range map[string]string{"said": h.said.String(), "logged": h.log.String()} {
		for _, secret := range h.kept() {
			if strings.Contains(text, secret) {
				h.violated("the secret %s was %s: %s", secret, where, text)
			}
		}
	}
}

// kept returns the existing secrets.
func (h *history) kept() []string {
	secrets := []string{"sandbox-api-key"}
	for _, job := range h.s.TriggerJobs() {
		secrets = append(secrets, job.Token, job.AccessToken)
	}
	return append(secrets, strings.TrimPrefix(h.old.url, h.s.URL()+"/trigger/"), h.old.accessToken)
}

// unstored checks that the private state has no secret, and neither has the state with
// store_credentials = false.
func (h *history) unstored() {
	var private map[string][]byte
	if stored := h.Stored(); len(stored.Private) > 0 {
		if err := json.Unmarshal(stored.Private, &private); err != nil {
			h.t.Fatal(err)
		}
	}
	text := fmt.Sprintf("%s", private)
	if h.config["store_credentials"] == false {
		text += h.State.String()
	}
	for _, secret := range h.kept() {
		if secret != "" && strings.Contains(text, secret) {
			h.violated("the secret %s is stored: %s", secret, text)
		}
	}
}

func (h *history) violated(format string, args ...any) {
	h.t.Helper()
	h.t.Fatalf("%s, after %s:\n%s", fmt.Sprintf(format, args...), strings.Join(h.steps, ", "), strings.Join(h.made(), "\n"))
}

func (h *history) step() {
	type kind struct {
		name string
		do   func()
	}
	kinds := []kind{
		{"apply", h.quiet}, {"apply", h.quiet},
		{"rename", func() { h.change("name", fmt.Sprintf("nightly %d", h.random.IntN(3))) }},
		{"date", func() { h.change("expiration_date", []any{nil, "2098-01-01", "2099-01-01"}[h.random.IntN(3)]) }},
		{"trigger", func() {
			h.change("rotation_triggers", acctest.Values{"n": fmt.Sprint(h.random.IntN(1000))})
		}},
		{"rotate_on_update", func() { h.change("rotate_on_update", h.random.IntN(2) == 0) }},
		{"store_credentials", func() { h.change("store_credentials", h.random.IntN(2) == 0) }},
		{"refresh", func() { h.fresh(); h.seen(h.Refresh()) }},
		{"taint", func() { h.Tainted = !h.State.IsNull() }},
		{"untaint", func() { h.Tainted = false }},
		{"console rotates", func() { h.s.RotateTriggerJob(h.String("id")) }},
		{"console removes", h.removed},
		{"console deactivates", func() { h.s.ActivateTriggerJob(h.String("id"), false) }},
		{"console activates", func() { h.s.ActivateTriggerJob(h.String("id"), true) }},
		{"replaced", h.replaced}, {"replaced first", h.replacedFirst},
		{"console renames", h.renamed},
		{"another's job", h.another},
		{"fault", h.fault},
		{"killed", func() { h.killed(false) }}, {"killed", func() { h.killed(false) }},
		{"killed alone", func() { h.killed(true) }},
		{"import", h.imported},
	}
	if h.wide {
		for range 3 {
			kinds = append(kinds,
				kind{"runtime values", func() { h.change("allow_runtime_action_values", []any{nil, true, false}[h.random.IntN(3)]) }},
				kind{"post-processes", func() {
					h.change("completed_post_process_id", []any{nil, []any{}, []any{5}, []any{6, 5}}[h.random.IntN(4)])
				}})
		}
	}
	if h.late {
		for range 10 {
			kinds = append(kinds, kind{"late successor", h.lateSuccessor})
		}
	}
	one := kinds[h.random.IntN(len(kinds))]
	h.steps = append(h.steps, one.name)
	switch one.name {
	case "apply", "rename", "date", "trigger", "rotate_on_update", "store_credentials", "refresh", "another's job", "runtime values", "post-processes":
	default:
		h.calm = false
	}
	one.do()
	h.untouched()
}

func (h *history) change(name string, value any) {
	h.config = h.config.With(acctest.Values{name: value})
}

// fresh starts another run of Terraform.
func (h *history) fresh() {
	h.pass()
	h.Resource = h.On(acctest.StartProvider(h.t, acctest.Block(h.s.URL()), hasty()))
	h.Log = &h.log
}

// seen stores the provider's messages.
func (h *history) seen(diags acctest.Diagnostics) acctest.Diagnostics {
	h.said.WriteString(diags.String())
	return diags
}

// replaced replaces the job, like -replace.
func (h *history) replaced() {
	h.quiet()
	old := h.old
	h.Tainted = true
	h.quiet()
	h.dead(old)
}

// dead checks that old credentials run no job.
func (h *history) dead(old credentials) {
	if status := old.run(h.t); status == 200 {
		h.violated("what ran the job before its rotation still runs one")
	}
}

// replacedFirst does so with create_before_destroy.
func (h *history) replacedFirst() {
	h.quiet()
	next := h.Provider.Resource(jobType)
	if diags := h.told(next.Apply(h.config)); diags.HasError() {
		h.violated("the creation says %s", diags)
	}
	if diags := h.told(h.Destroy()); diags.HasError() {
		h.violated("the destroy says %s", diags)
	}
	h.dead(h.old)
	h.Resource, h.untold, h.calm = next, false, false
	h.quiet()
}

// quiet refreshes and applies without faults, and leaves nothing to do.
func (h *history) quiet() {
	h.s.ClearFaults()
	h.fresh()
	if !h.State.IsNull() {
		tainted := h.Tainted
		if diags := h.told(h.Refresh()); diags.HasError() {
			h.violated("the refresh says %s", diags)
		}
		h.Tainted = tainted && !h.State.IsNull()
	}
	before, held, idle := h.State, h.held(), h.calm && !h.Tainted && !h.asks()
	id := h.String("id")
	diags := h.told(h.Apply(h.config))
	if job, there := h.s.TriggerJob(h.String("id")); there && !job.Attributes.Active && diags.HasError() && strings.Contains(diags.String(), "Activate the job") {
		// A rotation that needs a new job waits until somebody does that.
		h.s.ActivateTriggerJob(job.ID, true)
		h.fresh()
		diags = append(h.told(h.Refresh()), h.told(h.Apply(h.config))...)
	}
	if diags.HasError() {
		h.violated("the apply says %s", diags)
	}
	h.check()
	h.unstored()
	job, _ := h.s.TriggerJob(h.String("id"))
	if idle && (job.ID != id || h.of(job) != h.old) {
		h.violated("nothing was asked for, and job %s with %v is job %s with %v", id, h.old, job.ID, h.of(job))
	}
	if !h.untold && id != "" && held.url != "" && triggers(h.t, before) != triggers(h.t, h.State) {
		h.dead(held)
	}
	if h.untold = h.untold && h.State.Equal(before); h.untold {
		return
	}
	if h.applied != nil && fmt.Sprint(h.applied["rotation_triggers"]) != fmt.Sprint(h.config["rotation_triggers"]) {
		h.dead(h.old)
	}
	h.applied, h.old, h.calm = h.config, h.of(job), true
}

// asks reports whether the configuration requests a change at the service since the last
// apply without a fault.
func (h *history) asks() bool {
	local := acctest.Values{"rotate_on_update": nil, "store_credentials": nil}
	return fmt.Sprint(h.applied.With(local)) != fmt.Sprint(h.config.With(local))
}

// triggers returns the recorded rotation_triggers.
func triggers(t *testing.T, state tftypes.Value) string {
	t.Helper()
	var attributes map[string]tftypes.Value
	if err := state.As(&attributes); err != nil {
		t.Fatal(err)
	}
	return attributes["rotation_triggers"].String()
}

// check compares the state with the service.
func (h *history) check() {
	id := h.String("id")
	for _, job := range h.s.TriggerJobs() {
		if job.ID != id && h.others[job.ID] == "" && !h.stray[job.ID] {
			h.violated("beside job %s there is %s %q", id, job.ID, job.Attributes.Name)
		}
		if job.ID == id {
			if strings.TrimSpace(job.Attributes.Name) != h.config["name"] {
				h.violated("job %s is called %q", id, job.Attributes.Name)
			}
			if h.config["store_credentials"] != false && h.held() != h.of(job) {
				h.violated("the state has %v, and the job %v", h.held(), h.of(job))
			}
		}
	}
	if _, there := h.s.TriggerJob(id); !there {
		h.violated("job %s is not there", id)
	}
	if h.others[id] != "" {
		h.violated("the state owns another's job %s", id)
	}
	before := h.State
	h.pass()
	if diags := h.told(h.Refresh()); diags.HasError() || !h.State.Equal(before) {
		h.violated("a refresh made of %s\n%s %s", before, h.State, diags)
	}
	if plan, diags := h.Plan(h.config); h.seen(diags).HasError() || !plan.Planned.Equal(h.State) {
		h.violated("the plan is not empty: %s of %s: %s", plan.Planned, h.State, diags)
	}
}

// untouched checks that jobs of somebody else have not changed and have not run.
func (h *history) untouched() {
	for id, was := range h.others {
		job, there := h.s.TriggerJob(id)
		if now := fmt.Sprint(there, job.Attributes.Name, job.Token, job.AccessToken, len(job.Runs)); now != was {
			h.violated("another's job %s was %s and is %s", id, was, now)
		}
	}
}

// another creates a job like this one in another directory.
func (h *history) another() {
	h.s.ClearFaults()
	other := acctest.StartProvider(h.t, acctest.Block(h.s.URL())).Resource(jobType)
	if diags := other.Apply(h.config); diags.HasError() {
		h.violated("the other apply says %s", diags)
	}
	job, there := h.s.TriggerJob(other.String("id"))
	h.others[job.ID] = fmt.Sprint(there, job.Attributes.Name, job.Token, job.AccessToken, len(job.Runs))
}

// removed removes the job, as somebody else does. Its suffix, which names the job that it has
// replaced, is then lost, even if that job still exists.
func (h *history) removed() {
	job, _ := h.s.RemoveTriggerJob(h.String("id"))
	_, predecessor, _ := strings.Cut(job.Attributes.Name, " (successor of job ")
	h.stray[strings.TrimSuffix(predecessor, ")")] = true
}

// renamed changes the name of the job, as somebody else does.
func (h *history) renamed() {
	if h.State.IsNull() || h.String("id") == "" {
		return
	}
	h.s.RenameTriggerJob(h.String("id"), "by hand")
}

// fault applies with a fault in one request.
func (h *history) fault() {
	h.fresh()
	kinds := []sandbox.Kind{sandbox.KindDropBefore, sandbox.KindDropAfter, sandbox.KindErrorBefore, sandbox.KindErrorAfter, sandbox.KindRefuse, sandbox.KindHTML}
	fault := sandbox.Fault{Operation: "cloudautomator:*", Kind: kinds[h.random.IntN(len(kinds))], Skip: h.random.IntN(9), Times: 1 + h.random.IntN(3)}
	if fault.Kind == sandbox.KindRefuse && fault.Skip > 5 {
		// A rotation cannot remove the old job, and another rotation is requested.
		fault = sandbox.Fault{Operation: "DeleteJob", Kind: sandbox.KindRefuse}
		h.change("rotation_triggers", acctest.Values{"n": "stays"})
		defer func() { h.change("rotation_triggers", acctest.Values{"n": "again"}) }()
	}
	h.s.Inject(fault)
	if !h.State.IsNull() && h.random.IntN(2) == 0 {
		tainted := h.Tainted
		h.told(h.Refresh())
		h.Tainted = tainted && !h.State.IsNull()
	}
	h.told(h.Apply(h.config))
	h.s.ClearFaults()
}

// lateSuccessor applies a rotation whose creation of a successor gets no answer, and goes on
// at once. The service shows the successor only then.
func (h *history) lateSuccessor() {
	h.quiet()
	h.calm = false
	h.change("rotation_triggers", acctest.Values{"n": fmt.Sprint(h.random.IntN(1000))})
	h.fresh()
	h.s.Inject(sandbox.Fault{Operation: "CreateJob", Kind: sandbox.KindDropAfter, Times: 1})
	h.s.Hook("CreateJob", nil, func() { h.hidden, h.lists = true, 0 })
	h.told(h.Apply(h.config))
	h.s.ClearFaults()
	// Whatever is changed before the successor is shown, is shown together with it.
	h.s.Hook("CreateJob", nil, h.show)
	h.s.Hook("UpdateJob", nil, h.show)
	h.Resource, h.lists = h.On(acctest.StartProvider(h.t, acctest.Block(h.s.URL()), patient())), 1+h.random.IntN(3)
	h.Log = &h.log
	switch h.random.IntN(4) {
	case 0:
		h.told(h.Refresh())
	case 1:
		h.told(h.Destroy())
	case 2:
		h.change("rotation_triggers", nil)
		h.told(h.Refresh())
		h.told(h.Apply(h.config))
	default:
		h.told(h.Apply(h.config))
	}
	h.show()
	h.s.Hook("CreateJob", nil, nil)
	h.s.Hook("UpdateJob", nil, nil)
}

// told stores a job that a warning names because it cannot be distinguished from somebody
// else's. The provider leaves it alone, and the user knows of it.
func (h *history) told(diags acctest.Diagnostics) acctest.Diagnostics {
	for _, one := range append(h.seen(diags), h.seen(h.Destroyed)...) {
		if one.Summary != "Job Is Gone" {
			continue
		}
		for _, job := range h.s.TriggerJobs() {
			if strings.Contains(one.Detail, job.ID) {
				h.stray[job.ID] = true
			}
		}
	}
	return diags
}

// killed applies with a provider that is killed at a request. alone says that Terraform is
// not killed, so it keeps the state and loses the private state.
func (h *history) killed(alone bool) {
	creating := h.State.IsNull() || h.Tainted
	known := map[string]bool{}
	for _, job := range h.s.TriggerJobs() {
		known[job.ID] = true
	}
	h.s.ClearFaults()
	h.killedAt(h.random.IntN(9), h.random.IntN(2) == 0, h.config)
	if alone && !creating {
		h.Forget()
	}
	for _, job := range h.s.TriggerJobs() {
		if creating && !known[job.ID] {
			h.stray[job.ID] = true
		}
	}
}

// imported removes the job from the state, and imports it again.
func (h *history) imported() {
	h.s.ClearFaults()
	h.quiet()
	id := h.String("id")
	h.Resource = h.Provider.Resource(jobType)
	if diags := h.seen(h.Import(id)); diags.HasError() {
		h.violated("the import says %s", diags)
	}
	h.applied, h.untold = nil, true
}
