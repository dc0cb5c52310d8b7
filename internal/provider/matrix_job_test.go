package provider_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/matrix"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// jobAs returns the system of jobs, with a fault in one operation.
func jobAs(operation string) system {
	return system{
		Type: "signal_http_trigger_job", Operation: operation,
		Ready: func(*sandbox.Sandbox) acctest.Values {
			return acctest.Values{"name": "nightly", "group_id": 10, "aws_account_id": 20, "action_type": "stop_instances", "action_value": `{"region": "ap-northeast-1"}`}
		},
	}
}

// The matrix also holds for jobs, whether the service rotates with each change or not. No
// creation is repeated blindly. After the fault the next apply creates what is configured.
func TestWhatHappensToAJobWhen(t *testing.T) {
	for _, row := range matrix.JobRows() {
		t.Run(row.Name, func(t *testing.T) {
			t.Parallel()
			end := row.Job()
			if end == (matrix.Job{}) {
				t.Fatal("nothing says what happens to a job")
			}
			var all sync.WaitGroup
			defer all.Wait()
			for _, rotates := range []bool{true, false} {
				run := func(operation string, test func(x *trial)) {
					all.Go(func() {
						t.Run(fmt.Sprintf("%s, PATCH rotates: %t", operation, rotates), func(t *testing.T) {
							test(tryWith(t, jobAs(operation), row.Trouble, sandbox.Options{CloudAutomator: sandbox.CloudAutomator{PatchRotates: rotates}}))
						})
					})
				}
				run("CreateJob", func(x *trial) { x.createJob(end.Create) })
				run("UpdateJob", func(x *trial) { x.updateJob(end.Update) })
				run("DeleteJob", func(x *trial) { x.deleteJob(end.Delete) })
			}
		})
	}
}

// notProcessed are the faults with which a server says that it has not acted.
var notProcessed = []sandbox.Kind{sandbox.KindThrottle, sandbox.KindRefuseStream, sandbox.KindGoAway}

func (x *trial) createJob(want matrix.JobResult) {
	config, r := x.within("create"), x.Resource(x.Type)
	x.inject()
	diags := r.Apply(config)
	if diags.HasError() != want.Fails || r.State.IsNull() == want.Recorded || r.Tainted != (want.Recorded && want.Fails) {
		x.Errorf("tainted: %t, and the state is %s: %s", r.Tainted, r.State, diags)
	}
	if x.Accepted(x.Operation) > 1 || want.Recorded && len(x.Faults()) > 0 && !slices.Contains(notProcessed, x.Faults()[0].Kind) && x.Count(x.Operation) != 1 {
		x.Errorf("the creation was repeated: %v", x.RequestLog())
	}
	r = x.later(r)
	x.settles(r.Apply(x.config), 1)
}

func (x *trial) updateJob(want matrix.JobResult) {
	r := x.made(x.config)
	before := r.State
	config := x.within("update").With(acctest.Values{"name": "weekly"})
	x.inject()
	diags := r.Apply(config)
	if diags.HasError() != want.Fails || want.Fails && !r.State.Equal(before) {
		x.Errorf("the state was %s and is %s: %s", before, r.State, diags)
	}
	r = x.later(r)
	x.settles(r.Apply(x.config.With(acctest.Values{"name": "weekly"})), 1)
	if name := r.String("name"); name != "weekly" {
		x.Errorf("the job is called %q", name)
	}
}

func (x *trial) deleteJob(want matrix.JobResult) {
	r := x.made(x.within("delete"))
	x.inject()
	diags := r.Destroy()
	if diags.HasError() != want.Fails || r.State.IsNull() == want.Fails {
		x.Errorf("the state is %s: %s", r.State, diags)
	}
	r = x.later(r)
	if r.State.IsNull() {
		x.settles(nil, 0)
	} else {
		x.settles(r.Destroy(), 0)
	}
}

// made is a job that was created before the fault.
func (x *trial) made(config acctest.Values) *acctest.Resource {
	x.Helper()
	r := acctest.StartProvider(x.T, acctest.Block(x.URL())).Resource(x.Type)
	apply(x.T, r, config)
	return r.On(x.Provider)
}

// later returns the resource after the fault, in another run of Terraform.
func (x *trial) later(r *acctest.Resource) *acctest.Resource {
	x.heal()
	r = r.On(acctest.StartProvider(x.T, acctest.Block(x.URL())))
	if !r.State.IsNull() {
		if diags := r.Refresh(); diags.HasError() {
			x.Errorf("a refresh said %s", diags)
		}
	}
	return r
}

// settles checks how many jobs are left in the end.
func (x *trial) settles(diags acctest.Diagnostics, jobs int) {
	x.Helper()
	if left := x.TriggerJobs(); diags.HasError() || len(left) != jobs {
		x.Errorf("%d jobs are left, want %d, and it said %s", len(left), jobs, diags)
	}
}
