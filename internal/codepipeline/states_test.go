package codepipeline_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

var (
	ready    = acctest.Values{"wait_until_ready": true}
	complete = acctest.Values{"wait_for_completion": true}
	adopts   = acctest.Values{"adopt_existing": true}
)

// play starts a provider and a sandbox on a clock that some reads move on by 15 seconds.
func play(t *testing.T, reads ...string) (*sandbox.Sandbox, *acctest.Provider) {
	t.Helper()
	var offset atomic.Int64
	s := acctest.Sandbox(t, sandbox.Options{Now: func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }})
	for _, read := range reads {
		s.Hook(read, func() { offset.Add(int64(15 * time.Second)) }, nil)
	}
	return s, acctest.StartProvider(t, acctest.Block(s.URL()))
}

// What an end means depends on the answer.
func TestEveryEnd(t *testing.T) {
	for name, test := range map[string]struct {
		then     sandbox.PipelineAction
		during   func(s *sandbox.Sandbox, of sandbox.PipelineState)
		status   string
		word     string
		succeeds bool
		reason   string
	}{
		"approved":                   {sandbox.PipelineAction{Name: "Deploy", Seconds: 20}, nil, "Approved", "Succeeded", true, ""},
		"approved, and then failed":  {sandbox.PipelineAction{Name: "Deploy", Seconds: 20, Fail: "the disk is full"}, nil, "Approved", "Failed", false, "the disk is full"},
		"approved, and then timeout": {sandbox.PipelineAction{Name: "Last", TimeoutSeconds: 20}, nil, "Approved", "Failed", false, "timed out"},
		"superseded": {sandbox.PipelineAction{Name: "Last"}, func(s *sandbox.Sandbox, _ sandbox.PipelineState) {
			another(s, "")
		}, "Approved", "Superseded", false, ""},
		"stopped": {sandbox.PipelineAction{Name: "Last"}, func(s *sandbox.Sandbox, of sandbox.PipelineState) {
			s.StopPipeline(of.ExecutionID)
		}, "Approved", "Stopped", false, ""},
		"rejected": {sandbox.PipelineAction{Name: "Last"}, nil, "Rejected", "Failed", true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, p := play(t, execution)
			of := s.StartPipeline(sandbox.Pipeline{Name: "website", Stages: stages(test.then)})
			if test.during != nil {
				s.Hook(execution, sync.OnceFunc(func() { test.during(s, of) }), nil)
			}
			r, config := p.Resource("signal_codepipeline_approval"), minimal.With(complete).With(acctest.Values{"status": test.status})
			diags := r.Apply(config)
			if test.succeeds {
				says(t, diags, false)
			} else {
				says(t, diags, true, "Target Did Not Succeed", test.word, test.reason)
			}
			if r.String("target_status") != test.word || r.Bool("target_succeeded") != test.succeeds {
				t.Errorf("the state is %s", r.State)
			}
			made(t, s, state, put, execution)
			// The status is final.
			r.Tainted = false
			for range 2 {
				says(t, r.Refresh(), false)
				says(t, r.Apply(config), false)
			}
			made(t, s)
		})
	}
}

// A wait that is turned on later finds the execution by the configured token.
func TestWaitOfAGivenToken(t *testing.T) {
	s, p := play(t, execution)
	of := s.StartPipeline(sandbox.Pipeline{Name: "website", Stages: stages(sandbox.PipelineAction{Name: "Deploy", Seconds: 20})})
	r, config := p.Resource("signal_codepipeline_approval"), minimal.With(acctest.Values{"token": of.Token})
	says(t, r.Apply(config), false)
	made(t, s, put)
	says(t, r.Apply(config.With(complete)), false)
	made(t, s, list, execution)
	if r.String("target_status") != "Succeeded" {
		t.Errorf("the state is %s", r.State)
	}

	of = s.StartPipeline(sandbox.Pipeline{Name: "website", Stages: stages()})
	says(t, p.Resource("signal_codepipeline_approval").Apply(config.With(complete).With(acctest.Values{"token": of.Token})), false)
	made(t, s, state, put, execution)
	says(t, p.Resource("signal_codepipeline_approval").Apply(config.With(complete).With(acctest.Values{"token": systems.ID(1)})), true, "Signal Not Sent", "no approval of this action has this token")
	made(t, s, state, list)
}

// The wait needs only names: neither an execution nor the pipeline must exist.
func TestReady(t *testing.T) {
	later := sandbox.PipelineStage{Name: "Build", Actions: []sandbox.PipelineAction{{Name: "Compile", Seconds: 40}}}
	for name, before := range map[string]func(s *sandbox.Sandbox) acctest.Values{
		"it waits": func(s *sandbox.Sandbox) acctest.Values { another(s, ""); return nil },
		"not yet": func(s *sandbox.Sandbox) acctest.Values {
			s.StartPipeline(sandbox.Pipeline{Name: "website", Stages: append([]sandbox.PipelineStage{later}, stages()...)})
			return nil
		},
		"not yet again": func(s *sandbox.Sandbox) acctest.Values {
			another(s, "")
			somebody(s, "Approved", "")
			s.StartPipeline(sandbox.Pipeline{Name: "website", Stages: append([]sandbox.PipelineStage{later}, stages()...)})
			return nil
		},
		"not yet in this one": func(s *sandbox.Sandbox) acctest.Values {
			another(s, "PARALLEL")
			of := s.StartPipeline(sandbox.Pipeline{Name: "website", Mode: "PARALLEL", Stages: append([]sandbox.PipelineStage{later}, stages()...)})
			return acctest.Values{"pipeline_execution_id": of.ExecutionID}
		},
		"no pipeline": func(s *sandbox.Sandbox) acctest.Values {
			reads := 0
			s.Hook(state, func() {
				if reads++; reads == 3 {
					another(s, "")
				}
			}, nil)
			return nil
		},
		"with its token": func(s *sandbox.Sandbox) acctest.Values {
			of := another(s, "")
			return acctest.Values{"token": of.Token, "pipeline_execution_id": of.ExecutionID}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, p := play(t, state, execution)
			config := minimal.With(before(s)).With(ready)
			s.ResetRequestLog()
			r := p.Resource("signal_codepipeline_approval")
			says(t, r.Apply(config), false)
			if s.Count(put) != 1 || s.Accepted(put) != 1 || r.String("token") == "" {
				t.Errorf("recorded is %s after %v", r.State, s.RequestLog())
			}
		})
	}
}

// The provider does not wait for an approval that can no longer come.
func TestNeverReady(t *testing.T) {
	for name, test := range map[string]struct {
		before func(s *sandbox.Sandbox) acctest.Values
		says   string
	}{
		"answered in this one": {func(s *sandbox.Sandbox) acctest.Values {
			of := another(s, "")
			somebody(s, "Approved", "theirs")
			return acctest.Values{"pipeline_execution_id": of.ExecutionID}
		}, `with the summary "theirs"`},
		"superseded": {func(s *sandbox.Sandbox) acctest.Values {
			of := another(s, "")
			another(s, "")
			return acctest.Values{"pipeline_execution_id": of.ExecutionID}
		}, "Abandoned"},
		"answered under its token": {func(s *sandbox.Sandbox) acctest.Values {
			of := another(s, "")
			somebody(s, "Approved", "theirs")
			another(s, "")
			return acctest.Values{"token": of.Token}
		}, `with the summary "theirs"`},
		"another token in this one": {func(s *sandbox.Sandbox) acctest.Values {
			return acctest.Values{"token": systems.ID(1), "pipeline_execution_id": another(s, "").ExecutionID}
		}, "another token"},
	} {
		t.Run(name, func(t *testing.T) {
			s, p := play(t)
			r := p.Resource("signal_codepipeline_approval")
			config := minimal.With(test.before(s)).With(ready)
			says(t, r.Apply(config.With(acctest.Patiently)), true, "Signal Not Sent", test.says)
			if !r.State.IsNull() || s.Count(put) != 0 {
				t.Errorf("recorded is %s after %v", r.State, s.RequestLog())
			}
			// At destroy there is nothing left to answer.
			says(t, r.Apply(config.With(acctest.Values{"when": "destroy"})), false)
			diags := r.Destroy()
			if s.Count(put) != 0 {
				t.Errorf("said %s after %v", diags, s.RequestLog())
			}
		})
	}
}

// An approval that was already given is recognised in one execution, by its status and
// summary.
func TestAdopt(t *testing.T) {
	for name, test := range map[string]struct {
		mode, summary string
		named, hidden bool
		delivery      string
		says          string
	}{
		"the same":                       {"", "mine", true, false, "ADOPTED", ""},
		"the same in parallel":           {"PARALLEL", "mine", true, false, "ADOPTED", ""},
		"the same, its token not listed": {"", "mine", true, true, "ADOPTED", ""},
		"another summary":                {"", "theirs", true, false, "", `with the summary "theirs"`},
		"no execution that is named":     {"", "mine", false, false, "", "without pipeline_execution_id or token"},
	} {
		t.Run(name, func(t *testing.T) {
			s, p := play(t, execution)
			of := s.StartPipeline(sandbox.Pipeline{Name: "website", Mode: test.mode, HideTokens: test.hidden, Stages: stages(sandbox.PipelineAction{Name: "Deploy", Seconds: 20})})
			somebody(s, "Approved", test.summary)
			config, r := minimal.With(adopts).With(complete).With(acctest.Values{"summary": "mine"}), p.Resource("signal_codepipeline_approval")
			if test.named {
				config["pipeline_execution_id"] = of.ExecutionID
			}
			says(t, r.Apply(config), test.says != "", test.says)
			if r.String("delivery") != test.delivery || s.Count(put) != 0 {
				t.Errorf("recorded is %s after %v", r.State, s.RequestLog())
			}
			if test.delivery == "" {
				return
			}
			for _, entry := range s.RequestLog() {
				if entry.Operation == list && !strings.Contains(entry.Body, of.ExecutionID) {
					t.Errorf("the execution is known, and was looked for: %s", entry.Body)
				}
			}
			if r.String("target_status") != "Succeeded" {
				t.Errorf("the state is %s", r.State)
			}
			s.ResetRequestLog()
			says(t, r.Refresh(), false)
			says(t, r.Apply(config), false)
			made(t, s)
		})
	}
}

// A wait sends nothing, with any target.
func TestWaitWithoutASignal(t *testing.T) {
	waits := func(t *testing.T, of sandbox.Pipeline) (*sandbox.Sandbox, *acctest.Resource, acctest.Values) {
		t.Helper()
		s, p := play(t, execution)
		of.Name = "website"
		started := s.StartPipeline(of)
		t.Cleanup(func() {
			if s.Count(put) != 0 {
				t.Errorf("a wait has sent: %v", s.RequestLog())
			}
		})
		return s, p.Resource("signal_codepipeline_approval_wait"), acctest.Values{"pipeline_name": "website", "pipeline_execution_id": started.ExecutionID}
	}
	build := sandbox.PipelineStage{Name: "Build", Actions: []sandbox.PipelineAction{{Name: "Compile", Seconds: 40}}}
	t.Run("the end", func(t *testing.T) {
		s, r, config := waits(t, sandbox.Pipeline{Stages: []sandbox.PipelineStage{build}})
		says(t, r.Apply(config), false)
		if r.String("target_status") != "Succeeded" || r.String("id") != "website/"+config["pipeline_execution_id"].(string) {
			t.Errorf("the state is %s", r.State)
		}
		made(t, s, execution)
		says(t, r.Import(r.String("id")), false)
		if r.String("target_status") != "Succeeded" {
			t.Errorf("imported is %s", r.State)
		}
	})
	t.Run("a failure", func(t *testing.T) {
		_, r, config := waits(t, sandbox.Pipeline{Stages: []sandbox.PipelineStage{{Name: "Build", Actions: []sandbox.PipelineAction{{Name: "Compile", Seconds: 20, Fail: "the disk is full"}}}}})
		says(t, r.Apply(config), true, "Target Did Not Succeed", "the disk is full")
	})
	for _, mode := range []string{"", "PARALLEL"} {
		t.Run("an approval "+mode, func(t *testing.T) {
			s, r, config := waits(t, sandbox.Pipeline{Mode: mode, Stages: append([]sandbox.PipelineStage{build}, stages()...)})
			says(t, r.Apply(config.With(acctest.Values{"until": "ready"})), false)
			if r.Bool("target_succeeded") != true || s.Pipelines("website")[0].Token == "" {
				t.Errorf("the state is %s", r.State)
			}
		})
	}
	t.Run("no approval", func(t *testing.T) {
		_, r, config := waits(t, sandbox.Pipeline{Stages: []sandbox.PipelineStage{build}})
		says(t, r.Apply(config.With(acctest.Values{"until": "ready"})), true, "does not become ready any more", "Succeeded")
	})
	t.Run("nothing", func(t *testing.T) {
		_, r, config := waits(t, sandbox.Pipeline{Stages: []sandbox.PipelineStage{build}})
		says(t, r.Apply(config.With(acctest.Values{"pipeline_execution_id": systems.ID(1)})), true, "Target Cannot Be Read", "PipelineExecutionNotFoundException")
		says(t, r.Apply(config.With(acctest.Values{"pipeline_execution_id": nil})), true, "pipeline_execution_id")
	})
}

// A retry of the failed stage reopens the execution: what one wait has seen is not its end.
func TestRetriedExecutionIsWaitedFor(t *testing.T) {
	s, p := play(t)
	of := s.StartPipeline(sandbox.Pipeline{Name: "website", Stages: []sandbox.PipelineStage{{Name: "Release", Actions: []sandbox.PipelineAction{{Name: "Approve", Runs: 2}}}}})
	if err := s.AnswerApproval("website", "somebody", "Rejected", "not yet"); err != nil {
		t.Fatal(err)
	}
	wait := acctest.Values{"pipeline_name": "website", "pipeline_execution_id": of.ExecutionID, "timeouts": acctest.Values{"create": "1s"}}
	says(t, p.Resource("signal_codepipeline_approval_wait").Apply(wait), true, "Target Did Not Succeed", "Failed")
	if !s.RetryPipeline(of.ExecutionID) {
		t.Fatal("the stage is not retried")
	}
	says(t, p.Resource("signal_codepipeline_approval_wait").Apply(wait), true, "Target Still Running", "InProgress")
}
