package codepipeline_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

const (
	put       = "PutApprovalResult"
	state     = "GetPipelineState"
	execution = "GetPipelineExecution"
	list      = "ListActionExecutions"
)

// stages returns the stages of a pipeline that first waits for approval, and then runs
// these actions.
func stages(then ...sandbox.PipelineAction) []sandbox.PipelineStage {
	all := []sandbox.PipelineStage{{Name: "Approve", Actions: []sandbox.PipelineAction{{Name: "Release"}}}}
	if len(then) > 0 {
		all = append(all, sandbox.PipelineStage{Name: "Deploy", Actions: then})
	}
	return all
}

// start starts a provider and one execution of a pipeline, and returns the arguments that
// approve it by name.
func start(t *testing.T, p sandbox.Pipeline) (*sandbox.Sandbox, *acctest.Resource, acctest.Values, sandbox.PipelineState) {
	t.Helper()
	s := acctest.Sandbox(t, sandbox.Options{})
	p.Name = "website"
	if p.Stages == nil {
		p.Stages = stages()
	}
	of := s.StartPipeline(p)
	return s, acctest.StartProvider(t, acctest.Block(s.URL())).Resource("signal_codepipeline_approval"), minimal, of
}

// another starts another execution of the pipeline.
func another(s *sandbox.Sandbox, mode string) sandbox.PipelineState {
	return s.StartPipeline(sandbox.Pipeline{Name: "website", Mode: mode, Stages: stages()})
}

// made checks the operations in the request log, without repeats, and clears it. The tests
// of delivery check how often a wait reads.
func made(t *testing.T, s *sandbox.Sandbox, want ...string) {
	t.Helper()
	var got []string
	for _, entry := range s.RequestLog() {
		got = append(got, entry.Operation)
	}
	if got = slices.Compact(got); !slices.Equal(got, want) {
		t.Errorf("made %q, want %q", got, want)
	}
	s.ResetRequestLog()
}

func says(t *testing.T, diags acctest.Diagnostics, isError bool, parts ...string) {
	t.Helper()
	if diags.HasError() != isError {
		t.Errorf("an error: %t, want %t: %s", diags.HasError(), isError, diags)
	}
	for _, part := range parts {
		if !strings.Contains(diags.String(), part) {
			t.Errorf("%q is not in what was said:\n%s", part, diags)
		}
	}
}

// recorded checks what the state has of the signal.
func recorded(t *testing.T, r *acctest.Resource, delivery string, of sandbox.PipelineState) {
	t.Helper()
	if r.String("delivery") != delivery || r.String("token") != of.Token || r.String("pipeline_execution_id") != of.ExecutionID {
		t.Errorf("the state is %s, want %s of %+v", r.State, delivery, of)
	}
}

func results(s *sandbox.Sandbox) (results []sandbox.ApprovalResult) {
	for _, of := range s.Pipelines("") {
		results = append(results, of.Results...)
	}
	return results
}

// The provider finds the token that the request needs, and records it.
func TestTokenIsFound(t *testing.T) {
	t.Run("in the state", func(t *testing.T) {
		s, r, config, of := start(t, sandbox.Pipeline{})
		says(t, r.Apply(config), false)
		made(t, s, state, put)
		recorded(t, r, "SENT", of)
		for range 2 {
			says(t, r.Refresh(), false)
			says(t, r.Apply(config), false)
		}
		says(t, r.Destroy(), false)
		made(t, s)
	})
	t.Run("of one execution", func(t *testing.T) {
		s, r, config, of := start(t, sandbox.Pipeline{})
		says(t, r.Apply(config.With(acctest.Values{"pipeline_execution_id": of.ExecutionID})), false)
		made(t, s, execution, state, put)
		recorded(t, r, "SENT", of)
	})
	t.Run("in the list of a parallel pipeline", func(t *testing.T) {
		s, r, config, of := start(t, sandbox.Pipeline{Mode: "PARALLEL"})
		another(s, "PARALLEL")
		says(t, r.Apply(config.With(acctest.Values{"pipeline_execution_id": of.ExecutionID})), false)
		made(t, s, execution, list, put)
		recorded(t, r, "SENT", of)
		if all := s.Pipelines("website"); len(all[0].Results) != 1 || len(all[1].Results) != 0 {
			t.Errorf("the executions are %+v", all)
		}
	})
	t.Run("not of a parallel pipeline alone", func(t *testing.T) {
		for _, options := range []acctest.Values{nil, ready} {
			s, r, config, _ := start(t, sandbox.Pipeline{Mode: "PARALLEL"})
			diags := r.Apply(config.With(options))
			says(t, diags, true, "Signal Not Sent", "PARALLEL", "Set pipeline_execution_id")
			if diags[0].Attribute != "pipeline_execution_id" || !r.State.IsNull() {
				t.Errorf("at %q, and recorded is %s", diags[0].Attribute, r.State)
			}
			made(t, s, state, execution)
		}
	})
	t.Run("given", func(t *testing.T) {
		s, r, config, of := start(t, sandbox.Pipeline{Mode: "PARALLEL"})
		says(t, r.Apply(config.With(acctest.Values{"token": of.Token, "status": "Rejected", "summary": "no"})), false)
		made(t, s, put)
		if got := results(s); len(got) != 1 || got[0].Status != "Rejected" || got[0].Summary != "no" {
			t.Errorf("the answers are %+v", got)
		}
	})
}

// A signal that is sent again, or at destroy, finds the approval that waits at that time.
func TestNextApproval(t *testing.T) {
	s, r, config, first := start(t, sandbox.Pipeline{})
	says(t, r.Apply(config), false)
	recorded(t, r, "SENT", first)
	second := another(s, "")
	says(t, r.Apply(config.With(acctest.Values{"triggers": acctest.Values{"release": "2"}})), false)
	recorded(t, r, "SENT", second)
	for _, name := range []string{"token", "pipeline_execution_id"} {
		// The recorded values can be set in the configuration, and removed again.
		says(t, r.Apply(config.With(acctest.Values{"triggers": acctest.Values{"release": "2"}, name: r.String(name)})), false)
	}
	made(t, s, state, put, state, put)

	third := another(s, "")
	says(t, r.Apply(config.With(acctest.Values{"when": "destroy"})), false, "Signal Will Be Sent Again")
	made(t, s)
	says(t, r.Destroy(), false)
	made(t, s, state, put)
	if got := results(s); len(got) != 3 || got[2].Token != third.Token {
		t.Errorf("the answers are %+v", got)
	}
}

func TestNobodyWaitsAtDestroy(t *testing.T) {
	for name, test := range map[string]struct {
		change acctest.Values
		fails  bool
		says   string
	}{
		"no pipeline":        {acctest.Values{"pipeline_name": "nobody"}, false, "Target Is Gone"},
		"answered":           {nil, true, "is kept"},
		"answered, by token": {acctest.Values{"token": "first"}, false, "Target Is Gone"},
	} {
		t.Run(name, func(t *testing.T) {
			s, r, config, of := start(t, sandbox.Pipeline{})
			if config = config.With(test.change).With(acctest.Values{"when": "destroy"}); config["token"] != nil {
				config["token"] = of.Token
			}
			says(t, r.Apply(config), false)
			somebody(s, "Rejected", "")
			says(t, r.Destroy(), test.fails, test.says)
			if r.State.IsNull() == test.fails || len(results(s)) != 1 {
				t.Errorf("left %s", r.State)
			}
		})
	}
}

// An approval that is still to come is not gone, and neither is one that the provider cannot
// tell from others.
func TestNothingIsGoneAtDestroy(t *testing.T) {
	later := sandbox.PipelineStage{Name: "Build", Actions: []sandbox.PipelineAction{{Name: "Build", Seconds: 3600}}}
	for name, test := range map[string]struct {
		of   sandbox.Pipeline
		says string
	}{
		"the action has not run yet": {sandbox.Pipeline{Stages: append([]sandbox.PipelineStage{later}, stages()...)}, "has not run yet"},
		"a parallel pipeline":        {sandbox.Pipeline{Mode: "PARALLEL"}, "Set pipeline_execution_id"},
	} {
		t.Run(name, func(t *testing.T) {
			s, r, config, _ := start(t, test.of)
			says(t, r.Apply(config.With(acctest.Values{"when": "destroy"})), false)
			says(t, r.Destroy(), true, "Signal Not Sent", "is kept", test.says)
			if r.State.IsNull() || s.Count(put) > 0 {
				t.Errorf("left %s after %v", r.State, s.RequestLog())
			}
		})
	}
}

func TestActionFindsTheToken(t *testing.T) {
	s := acctest.Sandbox(t, sandbox.Options{})
	another(s, "")
	progress, diags := acctest.StartProvider(t, acctest.Block(s.URL())).Action("signal_codepipeline_approval").Invoke(minimal.With(complete))
	says(t, diags, false)
	if said := strings.Join(progress, "\n"); !strings.Contains(said, "Found the target") || !strings.Contains(said, "Succeeded") {
		t.Errorf("reported %q", progress)
	}
	made(t, s, state, put, execution)
}

// After a failed search nothing was sent.
func TestLookUpsThatFail(t *testing.T) {
	s, r, config, of := start(t, sandbox.Pipeline{})
	s.Inject(sandbox.Fault{Operation: state, Kind: sandbox.KindRefuse, Times: 1})
	says(t, r.Apply(config), true, "Signal Not Sent", "codepipeline:GetPipelineState", "request id")
	if s.Count(put) != 0 || !r.State.IsNull() {
		t.Errorf("recorded is %s after %v", r.State, s.RequestLog())
	}
	for _, kind := range []sandbox.Kind{sandbox.KindThrottle, sandbox.KindErrorBefore, sandbox.KindDropBefore, sandbox.KindHTMLOK} {
		s.Inject(sandbox.Fault{Operation: state, Kind: kind, Times: 1})
	}
	says(t, r.Apply(config), false)
	recorded(t, r, "SENT", of)
	if s.Count(put) != 1 {
		t.Errorf("the request log is %v", s.RequestLog())
	}
}

func TestNothingToAnswer(t *testing.T) {
	for name, test := range map[string]struct {
		change acctest.Values
		before func(s *sandbox.Sandbox, of sandbox.PipelineState) acctest.Values
		at     string
		says   []string
	}{
		"no pipeline":          {change: acctest.Values{"pipeline_name": "nobody"}, at: "pipeline_name", says: []string{"lists no approval", "Check the names"}},
		"no stage":             {change: acctest.Values{"stage_name": "Aprove"}, at: "pipeline_name", says: []string{"Aprove/Release", "has no stage of this name"}},
		"no action":            {change: acctest.Values{"action_name": "Relase"}, at: "pipeline_name", says: []string{"Approve/Relase", "has no action of this name"}},
		"no such execution":    {change: acctest.Values{"pipeline_execution_id": systems.ID(1)}, at: "pipeline_name", says: []string{"lists no approval"}},
		"answered":             {before: answered, at: "pipeline_name", says: []string{"lists no approval", "Failed", "sandbox", `with the summary "no"`}},
		"answered in this one": {before: answeredHere, says: []string{"does not wait for an answer any more", "Failed", `with the summary "no"`}},
		"ended": {before: func(s *sandbox.Sandbox, _ sandbox.PipelineState) acctest.Values {
			of := s.StartPipeline(sandbox.Pipeline{Name: "website", Stages: append([]sandbox.PipelineStage{{Name: "Build", Actions: []sandbox.PipelineAction{{Name: "Compile", Seconds: 60}}}}, stages()...)})
			s.StopPipeline(of.ExecutionID)
			return acctest.Values{"pipeline_execution_id": of.ExecutionID}
		}, at: "pipeline_execution_id", says: []string{"is Stopped", "has not come to this approval"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, r, config, of := start(t, sandbox.Pipeline{})
			if config = config.With(test.change); test.before != nil {
				config = config.With(test.before(s, of))
			}
			sent := s.Count(put)
			diags := r.Apply(config)
			says(t, diags, true, append(test.says, "Signal Not Sent")...)
			if len(diags) != 1 || diags[0].Attribute != test.at || !r.State.IsNull() || s.Count(put) != sent {
				t.Errorf("said %s, and recorded is %s after %v", diags, r.State, s.RequestLog())
			}
		})
	}
}

// answered rejects the approval, as another user does.
func answered(s *sandbox.Sandbox, _ sandbox.PipelineState) acctest.Values {
	somebody(s, "Rejected", "no")
	return nil
}

func answeredHere(s *sandbox.Sandbox, of sandbox.PipelineState) acctest.Values {
	somebody(s, "Rejected", "no")
	return acctest.Values{"pipeline_execution_id": of.ExecutionID}
}

// somebody answers the approval that waits last, as another user does.
func somebody(s *sandbox.Sandbox, status, summary string) {
	if err := s.AnswerApproval("website", "arn:aws:iam::123456789012:user/sandbox", status, summary); err != nil {
		panic(err)
	}
}

// A used token is reported as such, and no other approval is answered instead.
func TestAnsweredMeanwhile(t *testing.T) {
	for _, code := range []string{"ApprovalAlreadyCompletedException", "InvalidApprovalTokenException"} {
		t.Run("found "+code, func(t *testing.T) {
			s, r, config, _ := start(t, sandbox.Pipeline{UsedToken: code})
			s.Hook(put, func() {
				s.Hook(put, nil, nil)
				somebody(s, "Approved", "theirs")
				another(s, "")
			}, nil)
			says(t, r.Apply(config), true, "Signal Rejected", code, "answered by somebody else meanwhile", "it is Succeeded, by arn:aws:iam::123456789012:user/sandbox", `with the summary "theirs"`, "get-pipeline-state --name website")
			made(t, s, state, put, state, list)
			if !r.State.IsNull() || len(results(s)) != 1 {
				t.Errorf("recorded is %s, and the answers are %v", r.State, results(s))
			}
		})
		t.Run("given "+code, func(t *testing.T) {
			s, r, config, of := start(t, sandbox.Pipeline{UsedToken: code})
			somebody(s, "Approved", "")
			diags := r.Apply(config.With(acctest.Values{"token": of.Token}))
			says(t, diags, true, "Signal Rejected", code, "it is Succeeded, by arn", "good for one answer")
			if diags[0].Attribute != "token" {
				t.Errorf("at %q", diags[0].Attribute)
			}
			made(t, s, put, state, list)
		})
	}
}

func TestAnswersAreExplained(t *testing.T) {
	for name, test := range map[string]struct {
		change   acctest.Values
		at, says string
	}{
		"no stage":  {acctest.Values{"stage_name": "Aprove"}, "stage_name", "Check the name of the stage"},
		"no action": {acctest.Values{"action_name": "Relase"}, "action_name", "Check the name of the action"},
	} {
		t.Run(name, func(t *testing.T) {
			_, r, config, of := start(t, sandbox.Pipeline{})
			diags := r.Apply(config.With(acctest.Values{"token": of.Token}).With(test.change))
			says(t, diags, true, "Signal Rejected", test.says)
			if diags[0].Attribute != test.at {
				t.Errorf("at %q", diags[0].Attribute)
			}
		})
	}
}

// After a lost answer the action's state decides, even if another execution has reached the
// action.
func TestLostAnswers(t *testing.T) {
	summary := acctest.Values{"summary": "release 7"}
	for name, test := range map[string]struct {
		pipeline sandbox.Pipeline
		kind     sandbox.Kind
		then     func(s *sandbox.Sandbox)
		given    bool
		token    bool
		delivery string
		sends    int
		says     []string
	}{
		"arrived":                              {kind: sandbox.KindDropAfter, delivery: "CONFIRMED", sends: 1},
		"arrived, and the next is there":       {kind: sandbox.KindDropAfter, then: func(s *sandbox.Sandbox) { another(s, "") }, delivery: "CONFIRMED", sends: 1},
		"arrived in a parallel one":            {pipeline: sandbox.Pipeline{Mode: "PARALLEL"}, kind: sandbox.KindDropAfter, then: func(s *sandbox.Sandbox) { another(s, "PARALLEL") }, given: true, delivery: "CONFIRMED", sends: 1},
		"arrived, by token":                    {kind: sandbox.KindDropAfter, token: true, delivery: "CONFIRMED", sends: 1},
		"arrived, and no token is listed":      {pipeline: sandbox.Pipeline{HideTokens: true}, kind: sandbox.KindDropAfter, delivery: "CONFIRMED", sends: 1},
		"arrived, by a token not listed":       {pipeline: sandbox.Pipeline{HideTokens: true}, kind: sandbox.KindDropAfter, token: true, delivery: "CONFIRMED", sends: 1},
		"not arrived, by a token not listed":   {pipeline: sandbox.Pipeline{HideTokens: true}, kind: sandbox.KindDropBefore, token: true, delivery: "SENT", sends: 2},
		"arrived, by a token seen no more":     {pipeline: sandbox.Pipeline{HideTokens: true}, kind: sandbox.KindDropAfter, then: func(s *sandbox.Sandbox) { another(s, "") }, token: true, delivery: "UNKNOWN", sends: 1, says: []string{"does not show what became of the approval with this token"}},
		"did not arrive":                       {kind: sandbox.KindDropBefore, delivery: "SENT", sends: 2},
		"did not arrive in a parallel one":     {pipeline: sandbox.Pipeline{Mode: "PARALLEL"}, kind: sandbox.KindDropBefore, given: true, delivery: "SENT", sends: 2},
		"did not arrive, and another rejected": {kind: sandbox.KindDropBefore, then: func(s *sandbox.Sandbox) { somebody(s, "Rejected", "release 7") }, sends: 2, says: []string{"Signal Rejected", "somebody else"}},
		"did not arrive, and another approved": {kind: sandbox.KindDropBefore, then: func(s *sandbox.Sandbox) { somebody(s, "Approved", "me first") }, sends: 2, says: []string{"Signal Rejected", "somebody else"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, r, config, of := start(t, test.pipeline)
			if config = config.With(summary); test.given {
				config["pipeline_execution_id"] = of.ExecutionID
			}
			if test.token {
				config["token"] = of.Token
				of.ExecutionID = "" // which nothing looks up
			}
			s.Inject(sandbox.Fault{Operation: put, Kind: test.kind, Times: 1})
			then := sync.OnceFunc(func() {
				if test.then != nil {
					test.then(s)
				}
			})
			s.Hook(put, nil, then) // which comes where the service has acted
			s.Hook(state, func() {
				if s.Count(put) == 1 {
					then()
				}
			}, nil)
			says(t, r.Apply(config), test.says != nil, test.says...)
			if s.Count(put) != test.sends || r.String("delivery") != test.delivery {
				t.Errorf("recorded is %s after %v", r.State, s.RequestLog())
			}
			if name == "did not arrive" && s.Count(list) > 0 {
				t.Errorf("the state shows that the approval is open, and more was read: %v", s.RequestLog())
			}
			if test.delivery != "" {
				recorded(t, r, test.delivery, of)
			}
		})
	}
}

// The text that the list has instead of a summary may differ from the summary, so it does
// not exclude this answer.
func TestSummaryThatIsNotShown(t *testing.T) {
	s, r, config, of := start(t, sandbox.Pipeline{Mode: "PARALLEL", HideSummaries: true})
	// At that time the state shows another execution.
	s.Hook(put, nil, func() { another(s, "PARALLEL") })
	s.Inject(sandbox.Fault{Operation: put, Kind: sandbox.KindDropAfter, Times: 1})
	says(t, r.Apply(config.With(acctest.Values{"pipeline_execution_id": of.ExecutionID, "summary": "release 7"})), true, "Outcome of the Signal Unknown", "may be this one", "get-pipeline-state")
	if s.Count(put) != 1 || !r.Tainted {
		t.Errorf("recorded is %s after %v", r.State, s.RequestLog())
	}
}

// Somebody else's answer is not taken for this signal's, although its status, its
// summary and its time are the same: who gave it is compared.
func TestSomebodyElsesAnswerConfirmsNothing(t *testing.T) {
	const eve, self = "arn:aws:iam::123456789012:user/eve", "arn:aws:iam::123456789012:user/sandbox"
	identity := sandbox.Fault{Operation: "GetCallerIdentity", Kind: sandbox.KindRefuse}
	passing := []sandbox.Fault{
		{Operation: "GetCallerIdentity", Kind: sandbox.KindThrottle, Times: 1},
		{Operation: "GetCallerIdentity", Kind: sandbox.KindErrorBefore, Times: 1},
		{Operation: "GetCallerIdentity", Kind: sandbox.KindDropBefore, Times: 1},
	}
	failing := sandbox.Fault{Operation: "GetCallerIdentity", Kind: sandbox.KindErrorBefore}
	for name, test := range map[string]struct {
		kind sandbox.Kind
		// by is who answers in the place of the lost signal, if anybody does.
		by       string
		faults   []sandbox.Fault
		delivery string
		sends    int
		says     []string
	}{
		"arrived":                              {kind: sandbox.KindDropAfter, delivery: "CONFIRMED", sends: 1},
		"arrived, and nobody tells who we are": {kind: sandbox.KindDropAfter, faults: []sandbox.Fault{identity}, delivery: "UNKNOWN", sends: 1, says: []string{"Outcome of the Signal Unknown", "or another one at about the same time"}},
		"arrived, and STS fails at first":      {kind: sandbox.KindDropAfter, faults: passing, delivery: "CONFIRMED", sends: 1},
		"arrived, and STS fails":               {kind: sandbox.KindDropAfter, faults: []sandbox.Fault{failing}, delivery: "UNKNOWN", sends: 1, says: []string{"Outcome of the Signal Unknown", "sts:GetCallerIdentity"}},
		"somebody else's, and STS fails once":  {kind: sandbox.KindDropBefore, by: eve, faults: passing[:1], delivery: "UNKNOWN", sends: 1, says: []string{"Outcome of the Signal Unknown", "or another one at about the same time"}},
		"somebody else's":                      {kind: sandbox.KindDropBefore, by: eve, delivery: "UNKNOWN", sends: 1, says: []string{"Outcome of the Signal Unknown", "or another one at about the same time"}},
		"and nobody tells who we are":          {kind: sandbox.KindDropBefore, by: eve, faults: []sandbox.Fault{identity}, delivery: "UNKNOWN", sends: 1, says: []string{"Outcome of the Signal Unknown", "or another one at about the same time"}},
		"of somebody who is not shown":         {kind: sandbox.KindDropBefore, by: "", delivery: "UNKNOWN", sends: 1, says: []string{"Outcome of the Signal Unknown", "or another one at about the same time"}},
		"of our own credentials":               {kind: sandbox.KindDropBefore, by: self, delivery: "CONFIRMED", sends: 1}, // which cannot be told apart, as the docs say
	} {
		for _, summary := range []string{"", "release 7"} {
			t.Run(name+", "+summary, func(t *testing.T) {
				t.Parallel()
				s, r, config, _ := start(t, sandbox.Pipeline{})
				lost := sandbox.Fault{Operation: put, Kind: test.kind, Times: 1}
				if test.kind == sandbox.KindDropBefore {
					lost.Met = func() {
						if err := s.AnswerApproval("website", test.by, "Approved", summary); err != nil {
							t.Error(err)
						}
					}
				}
				s.Inject(lost)
				for _, fault := range test.faults {
					s.Inject(fault)
				}
				says(t, r.Apply(config.With(acctest.Values{"summary": summary})), test.says != nil, test.says...)
				if s.Count(put) != test.sends || len(results(s)) != 1 || r.String("delivery") != test.delivery {
					t.Errorf("recorded is %s after %v", r.State, s.RequestLog())
				}
			})
		}
	}
}
