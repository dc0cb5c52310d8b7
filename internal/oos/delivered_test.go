package oos_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// The answer is lost after or before the service acts on the signal.
const after, before = sandbox.KindDropAfter, sandbox.KindDropBefore

func TestLostAnswerIsReadBack(t *testing.T) {
	with := func(e sandbox.OOSExecution, change func(*sandbox.OOSExecution)) sandbox.OOSExecution {
		change(&e)
		return e
	}
	quiet := func(e *sandbox.OOSExecution) { e.HideNotes = true }
	risky := sandbox.OOSTask{Name: "drop", HighRisk: true, Hold: true}
	risks := sandbox.OOSTask{Name: "drop", HighRisk: true, Hold: true, Loop: []string{"a", "b"}}
	two := sandbox.OOSTask{Name: "gate", Action: "ACS::Approve", MinRequiredApprovals: 2}
	second := sandbox.OOSTask{Name: "second", Action: "ACS::Approve"}
	debug := sandbox.OOSExecution{Mode: "Debug", Tasks: []sandbox.OOSTask{hold}}
	paused := with(of(sandbox.OOSTask{Name: "deploy", Seconds: 10, Fail: "the disk is full"}, sandbox.OOSTask{Name: "hold", Hold: true}), func(e *sandbox.OOSExecution) { e.PauseOnFailure = true })
	reject := acctest.Values{"notify_type": "Reject"}
	execute := acctest.Values{"notify_type": "ExecuteTask", "task_name": "deploy"}
	for name, test := range map[string]struct {
		of     sandbox.OOSExecution
		change acctest.Values
		// earlier and meanwhile are signals of somebody else, sent some time before and
		// right after.
		earlier, meanwhile acctest.Values
		ago                time.Duration
		options            sandbox.Options
		fault              sandbox.Kind
		// delivery is the result, and sends the number of requests.
		delivery string
		sends    int
		says     string
	}{
		"approved":                         {of: of(gate, hold), fault: after, delivery: "CONFIRMED", sends: 1},
		"not approved":                     {of: of(gate, hold), fault: before, delivery: "SENT", sends: 2},
		"approved, and the run is over":    {of: of(gate, deploy), fault: after, delivery: "CONFIRMED", sends: 1},
		"approved, no note shown":          {of: with(of(gate, hold), quiet), fault: after, delivery: "UNKNOWN", sends: 1, says: "at about the same time"},
		"not approved, no note shown":      {of: with(of(gate, hold), quiet), fault: before, delivery: "SENT", sends: 2},
		"rejected":                         {of: of(gate, hold), change: reject, fault: after, delivery: "CONFIRMED", sends: 1},
		"rejected, shown as failed":        {of: with(of(gate, hold), func(e *sandbox.OOSExecution) { e.RejectedTask = "Failed" }), change: reject, fault: after, delivery: "CONFIRMED", sends: 1},
		"rejected, no note shown":          {of: with(of(gate, hold), quiet), change: reject, fault: after, delivery: "UNKNOWN", sends: 1},
		"not rejected":                     {of: of(gate, hold), change: reject, fault: before, delivery: "SENT", sends: 2},
		"another's approval meanwhile":     {of: of(gate, hold), meanwhile: acctest.Values{}, fault: before, delivery: "UNKNOWN", sends: 1, says: "no task that certainly waited"},
		"another's rejection meanwhile":    {of: of(gate, hold), meanwhile: reject, fault: before, delivery: "UNKNOWN", sends: 1, says: "no task that certainly waited"},
		"another's with this note":         {of: of(gates), change: acctest.Values{"notify_note": "go"}, earlier: acctest.Values{"notify_note": "go"}, fault: after, delivery: "UNKNOWN", sends: 1, says: "more signals like this one"},
		"another's long ago, second gate":  {of: of(gate, second), earlier: acctest.Values{}, ago: time.Minute, fault: before, delivery: "SENT", sends: 2},
		"another's just now, second gate":  {of: of(gate, second), earlier: acctest.Values{}, fault: before, delivery: "UNKNOWN", sends: 1, says: "no task that certainly waited"},
		"the second gate":                  {of: of(gate, second, hold), earlier: acctest.Values{}, ago: time.Minute, fault: after, delivery: "CONFIRMED", sends: 1},
		"the gate is gone, another waits":  {of: of(gate, second), meanwhile: acctest.Values{}, fault: before, delivery: "UNKNOWN", sends: 1, says: "no task that certainly waited"},
		"one of two approvals":             {of: of(two), fault: after, delivery: "CONFIRMED", sends: 1},
		"one of two, no note shown":        {of: with(of(two), quiet), fault: after, delivery: "UNKNOWN", sends: 1, says: "does not tell since when"},
		"none of two":                      {of: of(two), fault: before, delivery: "UNKNOWN", sends: 1, says: "does not tell since when"},
		"how many it needs is not shown":   {of: with(of(gate), func(e *sandbox.OOSExecution) { e.HideProperties = true }), fault: before, delivery: "UNKNOWN", sends: 1, says: "does not tell since when"},
		"one of many gates":                {of: of(gates), fault: after, delivery: "CONFIRMED", sends: 1},
		"none of many gates":               {of: of(gates), fault: before, delivery: "SENT", sends: 2},
		"all of many gates":                {of: with(of(gates, hold), func(e *sandbox.OOSExecution) { e.DecidesAll = true }), fault: after, delivery: "UNKNOWN", sends: 1, says: "more signals like this one"},
		"by item":                          {of: of(gates), change: acctest.Values{"loop_item": "b"}, fault: after, delivery: "CONFIRMED", sends: 1},
		"by item, another one is approved": {of: of(gates), change: acctest.Values{"loop_item": "b"}, meanwhile: acctest.Values{"loop_item": "c"}, fault: before, delivery: "SENT", sends: 2},
		"high risk":                        {of: of(risky), fault: after, delivery: "CONFIRMED", sends: 1},
		"high risk, no note shown":         {of: with(of(risky), quiet), fault: after, delivery: "UNKNOWN", sends: 1},
		"high risk, not approved":          {of: of(risky), fault: before, delivery: "SENT", sends: 2},
		"one of two risks, no note shown":  {of: with(of(risks), quiet), fault: after, delivery: "UNKNOWN", sends: 1, says: "no task that certainly waited"},
		"executed":                         {of: debug, change: execute, fault: after, delivery: "CONFIRMED", sends: 1},
		"executed, no note shown":          {of: with(debug, quiet), change: execute, fault: after, delivery: "UNKNOWN", sends: 1},
		"not executed":                     {of: debug, change: execute, fault: before, delivery: "SENT", sends: 2},
		"completed, which shows no note":   {of: debug, change: acctest.Values{"notify_type": "CompleteExecution"}, fault: after, delivery: "UNKNOWN", sends: 1, says: "at about the same time"},
		"not completed":                    {of: debug, change: acctest.Values{"notify_type": "CompleteExecution"}, fault: before, delivery: "SENT", sends: 2},
		"cancelled":                        {of: debug, earlier: execute, ago: time.Minute, change: acctest.Values{"notify_type": "CancelTask"}, fault: after, delivery: "CONFIRMED", sends: 1},
		"not cancelled":                    {of: debug, earlier: execute, ago: time.Minute, change: acctest.Values{"notify_type": "CancelTask"}, fault: before, delivery: "SENT", sends: 2},
		"skipped":                          {of: paused, change: acctest.Values{"notify_type": "SkipTask"}, fault: after, delivery: "CONFIRMED", sends: 1},
		"not skipped":                      {of: paused, change: acctest.Values{"notify_type": "SkipTask"}, fault: before, delivery: "SENT", sends: 2},
		"retried":                          {of: paused, change: acctest.Values{"notify_type": "RetryTask"}, fault: after, delivery: "CONFIRMED", sends: 1},
		"retried in place":                 {of: with(paused, func(e *sandbox.OOSExecution) { e.RetryInPlace = true }), change: acctest.Values{"notify_type": "RetryTask"}, fault: after, delivery: "UNKNOWN", sends: 1},
		"not retried":                      {of: paused, change: acctest.Values{"notify_type": "RetryTask"}, fault: before, delivery: "SENT", sends: 2},
		"without the time":                 {of: of(gate, hold), options: sandbox.Options{NoDate: true}, fault: after, delivery: "UNKNOWN", sends: 1, says: "does not tell what time it is"},
		"truncated":                        {of: of(gate, hold), fault: sandbox.KindTruncate, delivery: "CONFIRMED", sends: 1},
		"500 after acting":                 {of: of(gate, hold), fault: sandbox.KindErrorAfter, delivery: "CONFIRMED", sends: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// The service's clock differs from this machine's.
			for _, skew := range []time.Duration{-2 * time.Minute, 0, 2 * time.Minute} {
				var offset atomic.Int64
				offset.Store(int64(skew - test.ago))
				test.options.Now = func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }
				s := acctest.Sandbox(t, test.options)
				test.of.ID, test.of.SecondsAgo = "exec-1", 60
				s.StartOOSExecution(test.of)
				config := acctest.Values{"execution_id": "exec-1", "notify_type": "Approve"}
				others := 0
				other := func(change acctest.Values) {
					others++
					if diags := acctest.StartProvider(t, acctest.Block(s.URL())).Resource(signalType).Apply(config.With(change)); len(diags) > 0 {
						t.Error(diags)
					}
				}
				if test.earlier != nil {
					other(test.earlier)
					offset.Store(int64(skew))
				}
				r := acctest.StartProvider(t, acctest.Block(s.URL())).Resource(signalType)
				fault := sandbox.Fault{Operation: notify, Kind: test.fault, Times: 1}
				if test.meanwhile != nil {
					fault.Met = func() { other(test.meanwhile) }
				}
				s.Inject(fault)
				says(t, r.Apply(config.With(test.change)), test.delivery == "UNKNOWN", test.says)
				if r.String("delivery") != test.delivery || s.Count(notify)-others != test.sends {
					t.Errorf("with a clock %s ahead delivery is %q, want %q, after %v", skew, r.String("delivery"), test.delivery, s.RequestLog())
				}
			}
		})
	}
}
