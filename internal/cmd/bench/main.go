// Command bench measures the provider and one that does nothing, and prints the ratios. It
// uses the terraform or tofu of TF_ACC_TERRAFORM_PATH, or the one on PATH.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-exec/tfexec"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/checkout"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/terraformcli"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// bench is one run of the benchmark.
type bench struct {
	rounds, signals int
	// runTime is how long an execution runs after its signal.
	runTime time.Duration
	dir     string
	cli     terraformcli.CLI
	// The paths of the provider, the one that does nothing and the one without resources.
	ours, idle, empty string
	rows              []*row
}

var measurements = []struct {
	name string
	run  func(*bench, context.Context)
}{
	{"apply", (*bench).apply}, {"latency", (*bench).latency}, {"throttle", (*bench).throttle}, {"wait", (*bench).wait},
	{"batch", (*bench).batch}, {"detect", (*bench).detect}, {"startup", (*bench).startup}, {"binary", (*bench).binary},
}

func main() {
	b := &bench{}
	flag.IntVar(&b.rounds, "rounds", 5, "how often each side of a ratio is measured, in turn")
	flag.IntVar(&b.signals, "signals", 1000, "how many signals an apply sends")
	flag.DurationVar(&b.runTime, "run-time", 90*time.Second, "how long the executions run that signals wait for")
	only := flag.String("only", ".", "regular expression of what to measure: apply, latency, throttle, wait, batch, detect, startup, binary")
	page := flag.String("write", "", "page to write the table into, between its two comments")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	table, err := b.run(ctx, *only)
	fmt.Print("\n", table)
	if err == nil && *page != "" {
		err = write(*page, table)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// failure is the error of a call that the benchmark needs.
type failure struct{ error }

// run measures, and returns the table: that of what was measured, if an error has ended it.
func (b *bench) run(ctx context.Context, only string) (page string, failed error) {
	defer func() {
		switch ended := recover().(type) {
		case nil:
		case failure:
			page, failed = table(b.rows), ended
		default:
			panic(ended)
		}
	}()
	b.cli, b.dir = must(terraformcli.Find(ctx)), must(os.MkdirTemp("", "bench"))
	defer os.RemoveAll(b.dir)
	with := fmt.Sprintf("Measured with %s, %s, %s/%s, %d CPUs.\n", b.cli, runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	fmt.Print(with)
	check(os.Setenv("CGO_ENABLED", "0")) // A release is built without it.
	for path, pkg := range map[*string]string{&b.ours: ".", &b.idle: "./internal/cmd/bench/idle", &b.empty: "./internal/cmd/bench/empty"} {
		*path = filepath.Join(b.dir, "built", filepath.Base(pkg), checkout.Executable(terraformcli.Binary))
		check(checkout.Build(ctx, ".", pkg, *path, checkout.ReleaseFlags...))
	}
	for _, m := range measurements {
		if start := time.Now(); regexp.MustCompile(only).MatchString(m.name) {
			m.run(b, ctx)
			fmt.Printf("%s: %s\n", m.name, time.Since(start).Round(time.Second))
		}
	}
	return with + "\n" + table(b.rows), nil
}

// must returns the value of a call that succeeded. It ends the benchmark if the call failed.
func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		panic(failure{err})
	}
}

// row is one line of the table: the measured values, most of them ratios, and the goal for
// their median.
type row struct {
	name   string
	goal   float64
	values []float64
	// broken are the conditions that did not hold. note explains the values.
	broken []string
	note   string
}

// row returns a new line of the table.
func (b *bench) row(goal float64, name string, of ...any) *row {
	r := &row{name: fmt.Sprintf(name, of...), goal: goal}
	b.rows = append(b.rows, r)
	return r
}

func (r *row) add(value float64) { r.values = append(r.values, value) }

// expect records the condition if it does not hold.
func (r *row) expect(holds bool, format string, of ...any) {
	if !holds {
		r.broken = append(r.broken, fmt.Sprintf(format, of...))
	}
}

func median(values []float64) float64 {
	sorted, n := slices.Sorted(slices.Values(values)), len(values)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// table returns the rows in Markdown, with notes and broken conditions below them.
func table(rows []*row) string {
	lines, notes := "| measure | goal | median | lowest to highest | values | met |\n|---|---|---|---|---|---|\n", "\n"
	for _, r := range rows {
		if len(r.values) == 0 {
			continue // An error ended its measurement.
		}
		met := map[bool]string{true: "yes", false: "**no**"}[median(r.values) <= r.goal && len(r.broken) == 0]
		lines += fmt.Sprintf("| %s | <= %.4g | %.4g | %.4g to %.4g | %d | %s |\n", r.name, r.goal, median(r.values), slices.Min(r.values), slices.Max(r.values), len(r.values), met)
		for _, note := range append(r.broken, r.note) {
			if note != "" {
				notes += fmt.Sprintf("- %s: %s\n", r.name, note)
			}
		}
	}
	return lines + notes
}

// write replaces the table in a page, between two comments.
func write(page, table string) error {
	text, err := os.ReadFile(page)
	place := regexp.MustCompile(`(?s)(<!-- table: written by make bench -->\n).*(<!-- end of table -->)`)
	if err == nil && !place.Match(text) {
		err = errors.New(page + " has no place for the table")
	}
	if err != nil {
		return err
	}
	return os.WriteFile(page, place.ReplaceAll(text, []byte("${1}"+table+"${2}")), 0o644)
}

// operation sends a signal. id is the id of an execution, for its number.
const operation, id = "SendAutomationSignal", "%08d-0000-4000-8000-000000000000"

// serve starts a sandbox with executions that wait for approval. They take another approval
// too, so a signal that is sent twice can be seen.
func (b *bench) serve(executions int, faults ...sandbox.Fault) *sandbox.Sandbox {
	s := sandbox.New(sandbox.Options{})
	steps := []sandbox.Step{{Name: "approve", Action: "aws:approve"}, {Name: "deploy", Action: "aws:sleep", SleepSeconds: int(b.runTime.Seconds())}}
	for i := range executions {
		s.StartAutomation(sandbox.Automation{ID: fmt.Sprintf(id, i), AcceptRepeats: true, Steps: steps})
	}
	for _, fault := range faults {
		s.Inject(fault)
	}
	check(s.Start("127.0.0.1:0"))
	return s
}

const configuration = `{
  "terraform": {"required_providers": {"signal": {"source": "terraform-provider-signal/signal"}}},
  "provider": {"signal": {"aws": {"region": "us-east-1", "access_key": "sandbox-access-key", "secret_key": "sandbox-secret-key", "endpoints": {"ssm": %q}}}},
  "resource": {"signal_automation": {"approve": {
    "count": %d, "automation_execution_id": "${format(\"%s\", %t ? 0 : count.index)}", "signal_type": "Approve", "wait_for_completion": "${%t ? true : null}"
  }}}
}`

// load is what an apply sends, to the same execution or to one each, with or without a wait.
type load struct {
	signals     int
	same, waits bool
}

// program is a built provider, and the copy of it that runs.
type program struct{ built, used string }

// program returns a built provider with a first copy.
func (b *bench) program(built string) program {
	p := program{built, filepath.Join(must(os.MkdirTemp(b.dir, "provider")), filepath.Base(built))}
	p.renew()
	return p
}

// renew replaces the last copy with a new one. Where the pages of a file lie in memory changes
// how fast the same program runs: copies of one provider started in 21 to 31 ms. So each
// value of a ratio of times is measured with files of its own.
func (p program) renew() {
	check(os.WriteFile(p.used+".new", must(os.ReadFile(p.built)), 0o755))
	check(os.Rename(p.used+".new", p.used))
}

// remove removes the copy.
func (p program) remove() { check(os.RemoveAll(filepath.Dir(p.used))) }

// open returns a terraform with a provider, for a load on a server.
func (b *bench) open(provider string, s *sandbox.Sandbox, l load) *tfexec.Terraform {
	dir := must(os.MkdirTemp(b.dir, "workspace"))
	check(os.WriteFile(filepath.Join(dir, "main.tf.json"), fmt.Appendf(nil, configuration, s.URL(), l.signals, id, l.same, l.waits), 0o600))
	terraform := must(terraformcli.Open(dir, b.cli.Path, filepath.Dir(provider), nil))
	terraform.SetStdout(io.Discard)
	return terraform
}

// round has a terraform with each provider, for the same signals on the same server.
type round struct {
	number   int
	server   *sandbox.Sandbox
	sides    [2]*tfexec.Terraform
	programs [2]program
}

// inTurn does the same with both providers, one after the other, and returns how many
// seconds each took. The order changes with each round, so neither always runs on a machine
// that the other has warmed up.
func (r round) inTurn(do func(*tfexec.Terraform)) (ours, idle float64) {
	var took [2]float64
	for i := range took {
		side := (i + r.number) % 2
		r.programs[side].renew()
		begin := time.Now()
		do(r.sides[side])
		took[side] = time.Since(begin).Seconds()
	}
	return took[0], took[1]
}

// compare calls do in each round, to apply the signals with both providers. Then it checks
// that each signal was accepted once, with one request besides the throttled ones.
func (b *bench) compare(row *row, rounds int, do func(round), faults ...sandbox.Fault) {
	for number := range rounds {
		s, l, wrong := b.serve(b.signals, faults...), load{signals: b.signals}, 0
		r := round{number: number, server: s, programs: [2]program{b.program(b.ours), b.program(b.idle)}}
		for i, p := range r.programs {
			r.sides[i] = b.open(p.used, s, l)
		}
		do(r)
		for i := range b.signals {
			if execution, _ := s.Automation(fmt.Sprintf(id, i)); len(execution.Signals) != 1 {
				wrong++
			}
		}
		accepted, sent := s.Accepted(operation), len(unthrottled(s))
		row.expect(accepted == b.signals && sent == b.signals && wrong == 0,
			"of %d signals %d were accepted, by %d requests besides the throttled ones, and %d executions do not have one signal", b.signals, accepted, sent, wrong)
		check(s.Close())
		for _, p := range r.programs {
			p.remove()
		}
	}
}

func unthrottled(s *sandbox.Sandbox) []sandbox.Request {
	return slices.DeleteFunc(s.RequestLog(), func(r sandbox.Request) bool { return r.Fault == string(sandbox.KindThrottle) })
}

func size(path ...string) float64 { return float64(must(os.Stat(filepath.Join(path...))).Size()) }

// apply measures apply and plan without any latency, and the connections that the apply
// opens, at Terraform's default for the number of concurrent operations.
func (b *bench) apply(ctx context.Context) {
	const atOnce = 10
	apply := b.row(1.05, "apply of %d signals, no latency / the same apply of a provider that does nothing", b.signals)
	plan := b.row(1.02, "plan with refresh of %d sent signals / the same plan of a provider that does nothing", b.signals)
	connections := b.row(atOnce, "connections opened for %d signals at parallelism %d", b.signals, atOnce)
	b.compare(apply, b.rounds, func(r round) {
		ours, idle := r.inTurn(func(t *tfexec.Terraform) { check(t.Apply(ctx, tfexec.Parallelism(atOnce))) })
		apply.add(ours / idle)
		connections.add(float64(r.server.Connections()))
		sent := len(r.server.RequestLog())
		for range 5 { // A plan takes a few seconds, an apply many.
			r.number++
			ours, idle := r.inTurn(func(t *tfexec.Terraform) { plan.expect(!must(t.Plan(ctx)), "a plan found changes after the apply") })
			plan.add(ours / idle)
		}
		plan.expect(len(r.server.RequestLog()) == sent, "the plans made %d requests", len(r.server.RequestLog())-sent)
		// Terraform's work grows with the state, so the sizes may differ by at most 2 %.
		more := size(r.sides[1].WorkingDir(), "terraform.tfstate") / size(r.sides[0].WorkingDir(), "terraform.tfstate")
		apply.note = fmt.Sprintf("The provider that does nothing recorded %.3f times as much.", more)
		apply.expect(more > 0.98 && more < 1.02, "both should record as much")
	})
}

// latency measures apply with 100 ms of latency, a hundred signals at a time.
func (b *bench) latency(ctx context.Context) {
	const delay, atOnce = 100 * time.Millisecond, 100
	least := time.Duration(b.signals) * delay / atOnce
	row := b.row(1.05, "apply of %d signals, latency %s, parallelism %d / (%s + the same apply of a provider that does nothing)", b.signals, delay, atOnce, least)
	b.compare(row, b.rounds, func(r round) {
		ours, idle := r.inTurn(func(t *tfexec.Terraform) { check(t.Apply(ctx, tfexec.Parallelism(atOnce))) })
		row.add(ours / (least.Seconds() + idle))
	}, sandbox.Fault{Operation: "*", Kind: sandbox.KindDelay, Delay: delay})
}

// throttle measures the time to send signals to a service that takes 50 a second. It plans
// before. The note says how much of that time is Terraform's.
func (b *bench) throttle(ctx context.Context) {
	const rate = 50
	for _, atOnce := range []int{10, 100} {
		row := b.row(1.10, "service throttling at %d a second, %d signals, parallelism %d: time of the apply / (signals / rate)", rate, b.signals, atOnce)
		b.compare(row, max(1, b.rounds/2), func(r round) {
			for _, t := range r.sides {
				must(t.Plan(ctx, tfexec.Out("planned")))
			}
			ours, idle := r.inTurn(func(t *tfexec.Terraform) {
				check(t.Apply(ctx, tfexec.Parallelism(atOnce), tfexec.DirOrPlan("planned")))
			})
			row.add(ours * rate / float64(b.signals))
			sent := unthrottled(r.server)
			row.note = fmt.Sprintf("The service takes a second's worth at once, so the least is %.2f. In the last round %d requests were throttled, and of the apply's %.1f s the signals took %.1f s, from the first to the last. The apply of the provider that does nothing took %.1f s.",
				1-rate/float64(b.signals), len(r.server.RequestLog())-len(sent), ours, sent[len(sent)-1].Time.Sub(sent[0].Time).Seconds(), idle)
		}, sandbox.Fault{Operation: "*", Kind: sandbox.KindThrottle, Rate: rate})
	}
}

func (b *bench) wait(ctx context.Context) {
	b.compareReads(ctx, 1.1, "100 resources waiting on one execution, parallelism 10", load{100, true, true}, 10)
	b.compareReads(ctx, 1.1, "100 resources waiting on one execution, parallelism 100", load{100, true, true}, 100)
}

func (b *bench) batch(ctx context.Context) {
	b.compareReads(ctx, 25, "200 resources waiting on 200 executions", load{200, false, true}, 200)
}

// compareReads compares, in each round, the reads for signals that wait with those for one
// signal. All wait at the same time, so this takes as long as one wait.
func (b *bench) compareReads(ctx context.Context, goal float64, name string, many load, atOnce int) {
	row, one := b.row(goal, "%s: reads / one waiter's", name), load{1, false, true}
	loads, reads := slices.Repeat([]load{many, one}, b.rounds), map[load][]float64{}
	servers, errs := make([]*sandbox.Sandbox, len(loads)), make([]error, len(loads))
	var all sync.WaitGroup
	for i, l := range loads {
		servers[i] = b.serve(l.signals)
		terraform := b.open(b.ours, servers[i], l)
		all.Go(func() { errs[i] = terraform.Apply(ctx, tfexec.Parallelism(atOnce)) })
	}
	all.Wait()
	check(errors.Join(errs...))
	for i, l := range loads {
		sent := servers[i].Count(operation)
		row.expect(sent == l.signals, "%d signals made %d requests to send", l.signals, sent)
		reads[l] = append(reads[l], float64(len(servers[i].RequestLog())-sent))
		check(servers[i].Close())
	}
	for _, n := range reads[many] {
		row.add(n / median(reads[one]))
	}
	row.note = fmt.Sprintf("%v reads in %s, against %v.", reads[many], b.runTime, reads[one])
}

// detect measures how long after the end of a run a wait of ten minutes ends. Time passes
// only in the pauses between two reads, so this is without the time of a read.
func (b *bench) detect(ctx context.Context) {
	const waits, wait, most = 1000, 10 * time.Minute, 15 * time.Second
	row := b.row(8, "seconds from the end of a run to the end of the wait for it, after %s of a simulated clock", wait)
	longest := b.row(most.Seconds(), "the longest of these times, in seconds")
	policy := delivery.DefaultRetryPolicy
	for i := range time.Duration(waits) {
		clock, late := &pauses{}, time.Duration(0)
		policy.Clock = clock
		run := delivery.NewProbe("run", func(context.Context) (time.Duration, delivery.Attempt) {
			return clock.passed - (wait + i*most/waits), delivery.Attempt{Outcome: delivery.Accepted}
		}, func(since time.Duration) delivery.Observation {
			late = since
			return delivery.Observation{State: delivery.StateOf(since >= 0, false)}
		})
		check(delivery.NewPoller(policy).Wait(ctx, run, func(delivery.Observation, time.Time) {}).Stopped)
		row.add(late.Seconds())
	}
	longest.add(slices.Max(row.values))
}

// pauses is a clock whose timers fire at once. The poller uses nothing else of it.
type pauses struct {
	delivery.Clock
	passed time.Duration
}

func (p *pauses) NewTimer(d time.Duration) (<-chan time.Time, func()) {
	p.passed += d
	return time.After(0), func() {}
}

func (p *pauses) WithAttemptTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, d)
}

// startup measures the time until the schema is served. A process starts in milliseconds,
// and another process may disturb it for many. So it compares the medians of ten starts.
func (b *bench) startup(ctx context.Context) {
	row := b.row(1.2, "start-up to schema served / an empty framework provider")
	var medians [2][]float64
	ours, empty := b.program(b.ours), b.program(b.empty)
	for range 4 * b.rounds { // A start takes milliseconds, an apply seconds.
		ours.renew()
		empty.renew()
		var took [2][]float64
		for range 10 {
			took[0], took[1] = append(took[0], start(ctx, ours.used)), append(took[1], start(ctx, empty.used))
		}
		for i := range took {
			medians[i] = append(medians[i], median(took[i]))
		}
		row.add(median(took[0]) / median(took[1]))
	}
	row.note = fmt.Sprintf("The medians are %.1f ms and %.1f ms, each with the certificates and the handshake of go-plugin.", median(medians[0]), median(medians[1]))
}

// start starts a provider as Terraform does, and returns after how many milliseconds its
// schema is served.
func start(ctx context.Context, provider string) float64 {
	begin := time.Now()
	client := goplugin.NewClient(&goplugin.ClientConfig{
		// Terraform sets this cookie, so that users do not start a provider by mistake.
		HandshakeConfig:  goplugin.HandshakeConfig{MagicCookieKey: "TF_PLUGIN_MAGIC_COOKIE", MagicCookieValue: "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2"},
		VersionedPlugins: map[int]goplugin.PluginSet{6: {}},
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		AutoMTLS:         true,
		Cmd:              exec.CommandContext(ctx, provider),
		Logger:           hclog.NewNullLogger(),
	})
	defer client.Kill()
	// An empty message keeps the schema as unknown fields.
	check(must(client.Client()).(*goplugin.GRPCClient).Conn.Invoke(ctx, "/tfplugin6.Provider/GetProviderSchema", &emptypb.Empty{}, &emptypb.Empty{}, grpc.MaxCallRecvMsgSize(64<<20)))
	return time.Since(begin).Seconds() * 1e3
}

func (b *bench) binary(context.Context) {
	b.row(30, "binary, stripped, in MB").add(size(b.ours) / 1e6)
}
