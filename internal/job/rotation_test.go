package job_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// A provider that is killed at a request leaves the state unchanged, and loses what it had
// found out. Whichever request it is, whether the service acted on it, whether the next
// apply refreshes first, and whether Terraform or only the provider was killed: in the end
// there is one job, and the old credentials run nothing. If the old job and the successor's
// suffix are already gone, nothing distinguishes the successor from somebody else's job. Then
// the provider names it and leaves it alone.
func TestKilledRotationIsFinished(t *testing.T) {
	changes := map[string]acctest.Values{
		"triggers":             {"rotation_triggers": acctest.Values{"month": "2"}},
		"settings":             {"name": "weekly", "action_value": `{"region": "eu-west-1"}`},
		"settings, not stored": {"name": "weekly", "store_credentials": false},
	}
	for name, change := range changes {
		for _, acted := range []bool{false, true} {
			if !acted && name != "settings" && !longRun() {
				continue // For the service, this is the same as a kill after the request before.
			}
			for _, how := range []struct{ refresh, alone bool }{{false, false}, {true, false}, {false, true}, {true, true}} {
				t.Run(fmt.Sprintf("%s, acted %t, refresh %t, alone %t", name, acted, how.refresh, how.alone), func(t *testing.T) {
					t.Parallel()
					eachKind(t, func(t *testing.T, b *bench) {
						base := b.created(nightly.With(acctest.Values{
							"rotation_triggers": acctest.Values{"month": "1"}, "store_credentials": change["store_credentials"],
						}))
						for at := 0; ; at++ {
							old, config := b.of(b.only()), base.With(change)
							done := b.killedAt(at, acted, config)
							if how.alone {
								b.Forget()
							}
							working(b, at)
							if how.refresh {
								if diags := b.Refresh(); diags.HasError() {
									t.Fatalf("killed at request %d, refreshing says %s", at, diags)
								}
							}
							orphan := b.orphan()
							diags := b.Apply(config)
							if diags.HasError() {
								t.Fatalf("killed at request %d, the next apply says %s", at, diags)
							}
							b.leftAlone(orphan, diags)
							b.dead(old)
							b.settled(config)
							if t.Failed() {
								t.Fatalf("killed at request %d:\n%s", at, strings.Join(b.made(), "\n"))
							}
							if done {
								break
							}
							// Everything is reset to the beginning.
							b.apply(base)
							b.s.ResetRequestLog()
						}
					})
				})
			}
		}
	}
}

// killedAt applies a configuration with a provider that is killed at this request, and
// loses the result. It reports whether there was no such request.
func (b *bench) killedAt(at int, acted bool, config acctest.Values) (done bool) {
	b.t.Helper()
	kind := sandbox.KindDropBefore
	if acted {
		kind = sandbox.KindDropAfter
	}
	b.s.Inject(sandbox.Fault{Operation: "cloudautomator:*", Kind: kind, Skip: at, Times: 1})
	b.s.Inject(sandbox.Fault{Operation: "cloudautomator:*", Kind: sandbox.KindDropBefore, Skip: at})
	defer b.s.ClearFaults()
	killed := b.On(acctest.StartProvider(b.t, acctest.Block(b.s.URL()), hasty()))
	return !killed.Apply(config).HasError()
}

// orphan is the only job, if the state has another one and it has no suffix.
func (b *bench) orphan() *sandbox.TriggerJobState {
	b.t.Helper()
	jobs := b.s.TriggerJobs()
	if _, there := b.s.TriggerJob(b.String("id")); there || len(jobs) != 1 || strings.Contains(jobs[0].Attributes.Name, "(successor of") {
		return nil
	}
	return &jobs[0]
}

// leftAlone checks that a job which does not belong to the state was named, and neither
// changed nor run. Then it removes the job, as the warning advises.
func (b *bench) leftAlone(orphan *sandbox.TriggerJobState, diags acctest.Diagnostics) {
	b.t.Helper()
	if orphan == nil {
		if len(others(diags)) > 0 {
			b.t.Errorf("said %s", diags)
		}
		return
	}
	contains(b.t, diags.String(), "Job Is Gone", orphan.ID, "console")
	now, there := b.s.TriggerJob(orphan.ID)
	if !there || b.String("id") == orphan.ID || b.of(now) != b.of(*orphan) || now.Attributes.Name != orphan.Attributes.Name || len(now.Runs) != len(orphan.Runs) {
		b.t.Errorf("the other job was %+v and is %+v, and the state has %s", orphan, now, b.String("id"))
	}
	b.s.RemoveTriggerJob(orphan.ID)
}

// working checks that there is a job that can be run.
func working(b *bench, at int) {
	b.t.Helper()
	runs := func(job sandbox.TriggerJobState) bool { return b.of(job).run(b.t) == 200 }
	// A request that was cut off may still be on its way, and rotate meanwhile.
	for range 2 {
		if slices.ContainsFunc(b.s.TriggerJobs(), runs) {
			return
		}
	}
	b.t.Fatalf("killed at request %d, no job of %v can be run", at, b.s.TriggerJobs())
}

// If the provider is killed before the last steps, the next one finds them: removing a
// predecessor, and removing the suffix from a job's name.
func TestKilledUpdateForgetsNoPredecessor(t *testing.T) {
	for _, rotates := range []bool{true, false} {
		for _, refresh := range []bool{true, false} {
			for _, destroy := range []bool{true, false} {
				t.Run(fmt.Sprintf("rotates %t, refresh %t, destroy %t", rotates, refresh, destroy), func(t *testing.T) {
					t.Parallel()
					b := newBench(t, sandbox.CloudAutomator{})
					b.created(nightly)
					old, config := b.held(), nightly.With(acctest.Values{"name": "weekly"})
					b.predecessorStays(config)
					config["rotate_on_update"] = rotates
					config["expiration_date"] = "2099-01-01"
					b.killedAt(0, false, config)
					b.Forget()
					if refresh {
						if diags := b.Refresh(); len(others(diags)) > 0 {
							t.Fatal(diags)
						}
					}
					if destroy {
						if diags := others(b.Destroy()); len(diags) > 0 || len(b.s.TriggerJobs()) > 0 {
							t.Errorf("left are %+v: %s", b.s.TriggerJobs(), diags)
						}
						return
					}
					b.apply(config)
					b.dead(old)
					b.settled(config)
				})
			}
		}
	}
}

// A resumed rotation is still unfinished if the provider is killed again.
func TestRotationKilledTwiceIsFinished(t *testing.T) {
	for _, stored := range []bool{true, false} {
		t.Run(fmt.Sprintf("stored %t", stored), func(t *testing.T) {
			eachKind(t, func(t *testing.T, b *bench) {
				b.created(nightly.With(acctest.Values{"store_credentials": stored}))
				old, config := b.of(b.only()), nightly.With(acctest.Values{"name": "weekly", "store_credentials": stored})
				for at := 3; at >= 0; at-- {
					b.killedAt(at, true, config)
					b.Forget()
					if diags := b.Refresh(); diags.HasError() {
						t.Fatal(diags)
					}
				}
				if diags := b.Apply(config); diags.HasError() {
					t.Fatal(diags)
				}
				b.dead(old)
				b.settled(config)
			})
		})
	}
}

// If the private state is lost and the state has the credentials, a job whose credentials
// differ from the old ones stays unchanged. It is not run for a rotation that may already
// have run it.
func TestKilledRotationIsNotRunAgain(t *testing.T) {
	for _, stored := range []bool{true, false} {
		t.Run(fmt.Sprintf("stored %t", stored), func(t *testing.T) {
			b := newBench(t, sandbox.CloudAutomator{PatchRotates: true})
			base := b.created(nightly.With(acctest.Values{"store_credentials": stored}))
			config := base.With(acctest.Values{"name": "weekly", "trigger_on_apply": true})
			killed := b.On(b.Provider)
			if diags := killed.Apply(config); len(diags) > 0 || len(b.only().Runs) != 1 {
				t.Fatalf("the jobs are %+v: %s", b.s.TriggerJobs(), diags)
			}
			b.Forget()
			if diags := b.Refresh(); diags.HasError() {
				t.Fatal(diags)
			}
			b.s.ResetRequestLog()
			b.apply(config)
			if updates := b.s.Count("UpdateJob"); (updates == 0) != stored || len(b.only().Runs) != 1 {
				t.Errorf("there were %d updates and %d runs", updates, len(b.only().Runs))
			}
			b.settled(config)
		})
	}
}

// With rotate_on_update = false a lost private state does not cause a rotation.
func TestKilledUpdateThatDoesNotRotate(t *testing.T) {
	for _, stored := range []bool{true, false} {
		b := newBench(t, sandbox.CloudAutomator{})
		config := b.created(nightly.With(acctest.Values{"store_credentials": stored, "rotate_on_update": false}))
		b.Forget()
		b.idle(config)
	}
}

// A rotation that was interrupted and is no longer requested is finished anyway.
func TestKilledRotationIsFinishedWhenItIsNotWantedAnyMore(t *testing.T) {
	for _, acted := range []bool{false, true} {
		t.Run(fmt.Sprintf("acted %t", acted), func(t *testing.T) {
			eachKind(t, func(t *testing.T, b *bench) {
				base := b.created(nightly)
				// After the seventh request, only the successor exists, and the settings are no
				// longer requested.
				for at := 0; at < 7; at++ {
					done := b.killedAt(at, acted, base.With(acctest.Values{"name": "weekly"}))
					if diags := b.Refresh(); diags.HasError() {
						t.Fatal(diags)
					}
					if diags := b.Apply(base); diags.HasError() {
						t.Fatal(diags)
					}
					b.settled(base)
					if t.Failed() {
						t.Fatalf("killed at request %d", at)
					}
					if done {
						break
					}
				}
			})
		})
	}
}

// A rotation that was interrupted by a kill leaves nothing behind when the job is then
// destroyed.
func TestKilledRotationIsDestroyed(t *testing.T) {
	for _, acted := range []bool{false, true} {
		for _, refresh := range []bool{false, true} {
			t.Run(fmt.Sprintf("acted %t, refresh %t", acted, refresh), func(t *testing.T) {
				t.Parallel()
				// The last two requests concern a job without its suffix.
				for at := range 7 {
					b := newBench(t, sandbox.CloudAutomator{})
					base := b.created(nightly)
					b.killedAt(at, acted, base.With(acctest.Values{"rotation_triggers": acctest.Values{"month": "2"}}))
					if refresh {
						if diags := b.Refresh(); diags.HasError() {
							t.Fatal(diags)
						}
					}
					if diags := others(b.Destroy()); len(diags) > 0 {
						t.Fatal(diags)
					}
					if jobs := b.s.TriggerJobs(); refresh && len(jobs) > 0 {
						t.Errorf("killed at request %d, left are %+v", at, jobs)
					}
				}
			})
		}
	}
}

func TestPredecessorThatStaysIsRemovedByTheNextApply(t *testing.T) {
	b := newBench(t, sandbox.CloudAutomator{})
	config := b.created(nightly)
	old, first := b.held(), b.String("id")
	b.s.Inject(sandbox.Fault{Operation: "DeleteJob", Kind: sandbox.KindRefuse, Message: "locked"})
	config = config.With(acctest.Values{"name": "weekly", "trigger_on_apply": true})
	b.refused(config, "Job Not Removed", "job "+first, "HTTP 403", "locked", "first_job_id", "the next apply removes")
	jobs := b.s.TriggerJobs()
	if len(jobs) != 2 || b.String("id") != jobs[1].ID || b.held() != b.of(jobs[1]) || b.Tainted || len(jobs[1].Runs) > 0 {
		t.Fatalf("the state is %s, the jobs are %+v", b.State, jobs)
	}
	// The old job stays recorded, and no further job is created.
	contains(t, b.Refresh().String(), "Rotation Not Finished", "job "+first)
	b.s.ResetRequestLog()
	b.refused(config, "Job Not Removed", "job "+first)
	b.requests("GetJob", "ListJobs", "DeleteJob")
	b.s.ClearFaults()
	b.apply(config)
	b.requests("GetJob", "ListJobs", "DeleteJob", "ListJobs", "UpdateJob", "GetJob", "TriggerJob")
	b.dead(old)
	if runs := len(b.only().Runs); runs != 1 {
		t.Errorf("the job ran %d times", runs)
	}
	b.settled(config)
}

// A rotation that is requested while the replaced job still exists is another rotation. In
// the end, the credentials that the last one has recorded run nothing, even if the provider
// is killed.
func TestRotationAskedForWhileAPredecessorStays(t *testing.T) {
	base := nightly.With(acctest.Values{"rotation_triggers": acctest.Values{"month": "1"}})
	for name, again := range map[string]acctest.Values{
		"triggers": {"rotation_triggers": acctest.Values{"month": "3"}},
		"settings": {"name": "weekly"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for at := 0; ; at++ {
				b := newBench(t, sandbox.CloudAutomator{})
				b.created(base)
				first, config := b.held(), base.With(acctest.Values{"rotation_triggers": acctest.Values{"month": "2"}})
				b.s.Inject(sandbox.Fault{Operation: "DeleteJob", Kind: sandbox.KindRefuse})
				b.refused(config, "Job Not Removed")
				second := b.held()
				config = config.With(again).With(acctest.Values{"trigger_on_apply": true})
				// A rotation that has not begun is not recorded.
				b.refused(config, "Job Not Removed")
				if b.held() != second {
					t.Error("another job was recorded")
				}
				b.s.ClearFaults()
				done := b.killedAt(at, true, config)
				orphan := b.orphan()
				diags := b.Apply(config)
				if diags.HasError() {
					t.Fatalf("killed at request %d: %s", at, diags)
				}
				if orphan != nil {
					b.leftAlone(orphan, diags)
				}
				b.dead(first)
				b.dead(second)
				b.settled(config)
				if t.Failed() {
					t.Fatalf("killed at request %d:\n%s", at, strings.Join(b.made(), "\n"))
				}
				if done {
					return
				}
			}
		})
	}
}

// Without another requested rotation, the next apply only removes the replaced job,
// whatever words the service uses for the settings of the new one.
func TestFinishedRotationIsNotRepeated(t *testing.T) {
	for _, wording := range sandbox.Wordings {
		for _, refresh := range []bool{true, false} {
			b := newBench(t, sandbox.CloudAutomator{Words: []sandbox.Wording{wording}})
			b.created(nightly)
			config := nightly.With(acctest.Values{
				"name": " weekly ", "effective_date": "2026-01-01", "aws_account_id": nil, "aws_account_ids": []any{22, 21}, "failed_post_process_id": []any{8, 7},
				"action_value": `{"region": "ap-northeast-1", "trace": "", "tags": [{"key": "b", "value": "1"}, {"key": "a", "value": "2"}]}`,
			})
			b.predecessorStays(config)
			id := b.String("id")
			if refresh {
				if diags := others(b.Refresh()); len(diags) > 0 {
					t.Fatal(diags)
				}
			}
			if diags := b.Apply(config); diags.HasError() {
				t.Fatal(diags)
			}
			if b.String("id") != id {
				t.Errorf("%v, refresh %t: job %s was rotated again: %q", wording, refresh, id, b.made())
			}
			b.idle(config)
		}
	}
}

func TestDestroyRemovesAPredecessorThatStays(t *testing.T) {
	b := newBench(t, sandbox.CloudAutomator{})
	config := b.created(nightly)
	b.s.Inject(sandbox.Fault{Operation: "DeleteJob", Kind: sandbox.KindRefuse})
	b.refused(config.With(acctest.Values{"name": "weekly"}))
	b.s.ClearFaults()
	if diags := others(b.Destroy()); len(diags) > 0 {
		t.Fatal(diags)
	}
	if jobs := b.s.TriggerJobs(); len(jobs) > 0 {
		t.Errorf("left are %+v", jobs)
	}
}

// A change of only the URL or only the token does not count as a rotation.
func TestPatchThatKeepsOneOfTheTwoDoesNotRotate(t *testing.T) {
	for name, kind := range map[string]sandbox.CloudAutomator{
		"URL": {PatchRotates: true, PatchKeepsURL: true}, "token": {PatchRotates: true, PatchKeepsToken: true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, kind)
			b.created(nightly)
			old, id, config := b.held(), b.String("id"), nightly.With(acctest.Values{"name": "weekly"})
			b.apply(config)
			if b.String("id") == id {
				t.Error("the job with the old one is still there")
			}
			if status := old.run(t); status != 404 {
				t.Errorf("the old ones answer %d", status)
			}
			b.settled(config)
		})
	}
}

// It does not count as one either if the provider is killed after it.
func TestKilledRotationOfOneOfTheTwoIsFinished(t *testing.T) {
	for name, kind := range map[string]sandbox.CloudAutomator{
		"URL": {PatchRotates: true, PatchKeepsURL: true}, "token": {PatchRotates: true, PatchKeepsToken: true},
	} {
		for _, alone := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, alone %t", name, alone), func(t *testing.T) {
				b := newBench(t, kind)
				b.created(nightly)
				old, config := b.held(), nightly.With(acctest.Values{"name": "weekly"})
				// The requests are GetJob, ListJobs and UpdateJob.
				b.killedAt(2, true, config)
				if alone {
					b.Forget()
				}
				if diags := b.Refresh(); diags.HasError() {
					t.Fatal(diags)
				}
				b.apply(config)
				b.dead(old)
				b.settled(config)
			})
		}
	}
}

// A refresh notices a change of only the token by somebody else.
func TestChangeOfTheTokenAloneIsNoticed(t *testing.T) {
	b := newBench(t, sandbox.CloudAutomator{PatchRotates: true, PatchKeepsURL: true})
	b.created(nightly.With(acctest.Values{"store_credentials": false}))
	rotated, other := b.String("rotated_at"), b.On(acctest.StartProvider(t, acctest.Block(b.s.URL())))
	if diags := other.Apply(nightly.With(acctest.Values{"name": "weekly", "rotate_on_update": false})); len(diags) > 0 {
		t.Fatal(diags)
	}
	if diags := b.Refresh(); len(diags) > 0 || b.String("rotated_at") == rotated {
		t.Errorf("rotated_at is %s: %s", b.String("rotated_at"), diags)
	}
}

// A URL and token that somebody else has set since the last refresh are also old.
func TestRotationAfterTheRefresh(t *testing.T) {
	eachKind(t, func(t *testing.T, b *bench) {
		b.created(nightly)
		first := b.held()
		b.s.RotateTriggerJob(b.String("id"))
		second, config := b.of(b.only()), nightly.With(acctest.Values{"name": "weekly"})
		b.apply(config)
		b.dead(first)
		b.dead(second)
		b.settled(config)
	})
}

func TestRotationInTheConsole(t *testing.T) {
	for _, stored := range []bool{true, false} {
		t.Run(fmt.Sprintf("stored %t", stored), func(t *testing.T) {
			eachKind(t, func(t *testing.T, b *bench) {
				config := nightly
				if !stored {
					config = config.With(acctest.Values{"store_credentials": false})
				}
				b.created(config)
				rotated := b.String("rotated_at")
				b.s.RotateTriggerJob(b.String("id"))
				if diags := b.Refresh(); len(diags) > 0 {
					t.Fatal(diags)
				}
				if b.String("rotated_at") == rotated {
					t.Error("the rotation does not show")
				}
				b.settled(config)
				if b.s.Count("UpdateJob")+b.s.Count("CreateJob") > 0 {
					t.Errorf("the requests were %q", b.made())
				}
			})
		})
	}
}

func TestJobIsDeactivatedInTheConsole(t *testing.T) {
	b := newBench(t, sandbox.CloudAutomator{})
	config := b.created(nightly)
	b.s.ActivateTriggerJob(b.String("id"), false)
	if diags := b.Refresh(); len(diags) > 0 || b.Bool("active") != false {
		t.Errorf("active is %v: %s", b.Bool("active"), diags)
	}
	b.idle(config)
}

func TestJobIsRemovedInTheConsole(t *testing.T) {
	eachKind(t, func(t *testing.T, b *bench) {
		config := b.created(nightly)
		b.s.AddTriggerJob(sandbox.TriggerJob{Name: "nightly"})
		gone := b.String("id")
		b.s.RemoveTriggerJob(gone)
		if diags := b.Refresh(); len(diags) > 0 || !b.State.IsNull() {
			t.Fatalf("the state is %s: %s", b.State, diags)
		}
		b.apply(config)
		if b.s.Count("CreateJob") != 1 || b.String("id") == gone {
			t.Errorf("the requests were %q", b.made())
		}
	})
}

// A job that is gone is not succeeded by a job that only looks like its successor.
func TestGoneJobIsNotSucceededByAnother(t *testing.T) {
	b := newBench(t, sandbox.CloudAutomator{})
	config := b.created(nightly)
	other := b.Provider.Resource(jobType)
	if diags := other.Apply(nightly.With(acctest.Values{"name": "another"})); len(diags) > 0 {
		t.Fatal(diags)
	}
	if diags := other.Apply(nightly.With(acctest.Values{"name": "yet another", "rotate_on_update": false})); len(diags) > 0 {
		t.Fatal(diags)
	}
	b.s.RemoveTriggerJob(b.String("id"))
	if diags := b.Refresh(); len(diags) > 0 {
		t.Fatal(diags)
	}
	b.apply(config)
	if b.String("id") == other.String("id") || len(b.s.TriggerJobs()) != 2 {
		t.Errorf("there are %+v", b.s.TriggerJobs())
	}
}

func TestJobIsChangedInTheConsole(t *testing.T) {
	eachKind(t, func(t *testing.T, b *bench) {
		config := b.created(nightly)
		other := b.On(acctest.StartProvider(t, acctest.Block(b.s.URL())))
		if diags := other.Apply(config.With(acctest.Values{"name": "by hand", "rotate_on_update": false})); len(diags) > 0 {
			t.Fatal(diags)
		}
		old := b.of(b.only())
		if diags := b.Refresh(); len(diags) > 0 || b.String("name") != "by hand" {
			t.Fatalf("the name is %q: %s", b.String("name"), diags)
		}
		id := b.String("id")
		b.apply(config)
		if b.String("id") != id {
			t.Error("what somebody else did has ended in a successor")
		}
		if now := b.of(b.only()); (now == old) == b.rotates {
			t.Errorf("URL and access token were %v and are %v", old, now)
		}
		b.settled(config)
	})
}

// lookAlike returns a resource whose job is gone, while another job with these settings
// exists that somebody else has created and changed since.
func (b *bench) lookAlike(config, settings acctest.Values) *acctest.Resource {
	b.t.Helper()
	other := acctest.StartProvider(b.t, acctest.Block(b.s.URL())).Resource(jobType)
	for _, config := range []acctest.Values{config.With(acctest.Values{"name": "another"}), settings} {
		if diags := other.Apply(config.With(acctest.Values{"rotate_on_update": false, "trigger_on_apply": nil})); len(diags) > 0 {
			b.t.Fatal(diags)
		}
	}
	b.s.RemoveTriggerJob(b.String("id"))
	b.Resource = b.On(acctest.StartProvider(b.t, acctest.Block(b.s.URL())))
	contains(b.t, b.Refresh().String(), "Job Is Gone", "job "+b.String("id"), other.String("id"))
	b.s.ResetRequestLog()
	return other
}

// A removed job is created again by an update, although another job looks like its
// successor. A replacement would be refused by prevent_destroy. The other job is named and
// left alone.
func TestGoneJobIsMadeAnewBesideALookAlike(t *testing.T) {
	eachKind(t, func(t *testing.T, b *bench) {
		config := b.created(nightly.With(acctest.Values{"trigger_on_apply": true}))
		gone := b.String("id")
		other := b.lookAlike(config, config.With(acctest.Values{"name": "yet another"}))
		plan, diags := b.Plan(config)
		if diags.HasError() || len(plan.Replace) > 0 || !slices.Contains(plan.Unknown(), "id") {
			t.Fatalf("planned is %s, replacing for %q: %s", plan.Planned, plan.Replace, diags)
		}
		contains(t, diags.String(), "Job Is Gone", gone, other.String("id"))
		if diags := b.Apply(config); diags.HasError() {
			t.Fatal(diags)
		}
		id := b.String("id")
		if id == gone || id == other.String("id") || len(b.s.TriggerJobs()) != 2 || b.s.Accepted("TriggerJob") != 1 {
			t.Errorf("the job is %s, the other %s, the requests were %q", id, other.String("id"), b.made())
		}
		b.idle(config)
		before := other.State
		if diags := other.Refresh(); len(diags) > 0 || !other.State.Equal(before) {
			t.Errorf("the other one became %s: %s", other.State, diags)
		}
	})
}

// A job with all settings of the configuration is not adopted either while a rotation is
// requested that may have created it. Two states never own one job.
func TestGoneJobIsNotSucceededByItsTwin(t *testing.T) {
	for _, refreshed := range []bool{true, false} {
		t.Run(fmt.Sprintf("refreshed %t", refreshed), func(t *testing.T) {
			eachKind(t, func(t *testing.T, b *bench) {
				config := b.created(nightly.With(acctest.Values{"trigger_on_apply": true}))
				before := *b.Resource
				config["rotation_triggers"] = acctest.Values{"month": "2"}
				other := b.lookAlike(config, config)
				if !refreshed {
					b.Resource = before.On(b.Provider)
				}
				twin, _ := b.s.TriggerJob(other.String("id"))
				diags := b.Apply(config)
				if diags.HasError() || b.s.Accepted("TriggerJob") != 1 {
					t.Errorf("the requests were %q: %s", b.made(), diags)
				}
				b.leftAlone(&twin, diags)
				b.settled(config)
			})
		})
	}
}

// A rotation that needs a new job would make an inactive job active.
func TestInactiveJobStaysInactive(t *testing.T) {
	eachKind(t, func(t *testing.T, b *bench) {
		b.created(nightly)
		b.s.ActivateTriggerJob(b.String("id"), false)
		if diags := b.Refresh(); len(diags) > 0 {
			t.Fatal(diags)
		}
		config := nightly.With(acctest.Values{"rotation_triggers": acctest.Values{"month": "2"}})
		_, diags := b.Plan(config)
		contains(t, diags.String(), "Inactive Job To Be Rotated")
		diags = b.Apply(config)
		if diags.HasError() == b.rotates || b.s.Count("CreateJob") > 0 || b.only().Attributes.Active {
			t.Errorf("the requests were %q: %s", b.made(), diags)
		}
		b.s.ActivateTriggerJob(b.only().ID, true)
		if diags := b.Refresh(); len(diags) > 0 {
			t.Fatal(diags)
		}
		b.apply(config)
		b.settled(config)
	})
}

// The present settings of the job count when it is changed, not the recorded ones.
func TestKilledRotationLeavesNoArgumentBehind(t *testing.T) {
	for name, change := range map[string]acctest.Values{
		"a date":         {"expiration_date": "2099-01-01"},
		"other accounts": {"aws_account_id": nil, "aws_account_ids": []any{21, 22}},
		"runtime values": {"allow_runtime_action_values": true},
		"post-processes": {"failed_post_process_id": []any{7}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// After the seventh request, only the successor exists, and the settings are no
			// longer requested.
			for at := range 7 {
				b := newBench(t, sandbox.CloudAutomator{})
				base := b.created(nightly)
				b.killedAt(at, true, base.With(change))
				if diags := b.Refresh(); diags.HasError() {
					t.Fatal(diags)
				}
				if diags := b.Apply(base); diags.HasError() {
					t.Fatalf("killed at request %d: %s", at, diags)
				}
				if b.settled(base); t.Failed() {
					t.Fatalf("killed at request %d", at)
				}
			}
		})
	}
}

func TestAccountsAreChangedInTheConsole(t *testing.T) {
	for name, c := range map[string][2]acctest.Values{
		"one to two":    {nil, {"aws_account_id": nil, "aws_account_ids": []any{21, 22}}},
		"two to one":    {{"aws_account_id": nil, "aws_account_ids": []any{21, 22}}, {"aws_account_id": 20}},
		"one to others": {nil, {"aws_account_id": 23}},
	} {
		t.Run(name, func(t *testing.T) {
			eachKind(t, func(t *testing.T, b *bench) {
				config := b.created(nightly.With(c[0]))
				by := config.With(acctest.Values{"aws_account_ids": nil, "rotate_on_update": false}).With(c[1])
				other := b.On(acctest.StartProvider(t, acctest.Block(b.s.URL())))
				if diags := other.Apply(by); len(diags) > 0 {
					t.Fatal(diags)
				}
				for _, refresh := range []bool{true, false} {
					if refresh {
						if diags := b.Refresh(); len(diags) > 0 {
							t.Fatal(diags)
						}
					}
					b.apply(config)
					b.settled(config)
				}
			})
		})
	}
}

// A suffix alone is not enough: a job of another group or another action type is no
// successor.
func TestSuffixOfAnotherKindOfJobIsNone(t *testing.T) {
	b := newBench(t, sandbox.CloudAutomator{})
	b.created(nightly)
	other := b.s.AddTriggerJob(sandbox.TriggerJob{Name: "x (successor of job " + b.String("id") + ")"})
	b.apply(nightly.With(acctest.Values{"name": "weekly"}))
	if jobs := b.s.TriggerJobs(); len(jobs) != 2 || b.String("id") == other.ID || b.String("action_type") != "stop_instances" {
		t.Errorf("the state is %s, the jobs are %+v", b.State, jobs)
	}
}

// A job that has replaced another one, and that somebody has renamed since, has lost the
// suffix. The provider remembers the job that it has replaced all the same.
func TestRenamedJobRemembersItsPredecessor(t *testing.T) {
	for _, refresh := range []bool{true, false} {
		for _, destroy := range []bool{true, false} {
			t.Run(fmt.Sprintf("refresh %t, destroy %t", refresh, destroy), func(t *testing.T) {
				b := newBench(t, sandbox.CloudAutomator{})
				b.created(nightly)
				old, first, config := b.held(), b.String("id"), nightly.With(acctest.Values{"rotation_triggers": acctest.Values{"month": "2"}})
				b.predecessorStays(config)
				b.s.RenameTriggerJob(b.String("id"), "by hand")
				if refresh {
					contains(t, b.Refresh().String(), "Rotation Not Finished", first)
				}
				if destroy {
					if diags := others(b.Destroy()); len(diags) > 0 || len(b.s.TriggerJobs()) > 0 {
						t.Errorf("left are %+v: %s", b.s.TriggerJobs(), diags)
					}
					return
				}
				b.apply(config)
				b.dead(old)
				b.settled(config)
			})
		}
	}
}

// A replaced job that cannot be removed does not keep the live one alive. The state still
// knows the replaced job then, and another destroy removes it.
func TestDestroyRemovesTheJobBesideAPredecessorThatStays(t *testing.T) {
	for _, known := range []bool{true, false} {
		t.Run(fmt.Sprintf("known %t", known), func(t *testing.T) {
			b := newBench(t, sandbox.CloudAutomator{}, hasty())
			b.created(paused)
			first := b.String("id")
			b.predecessorStays(paused.With(acctest.Values{"name": "weekly"}))
			second, live := b.String("id"), b.held()
			if !known {
				// A list that lagged behind has not shown the replaced job.
				b.s.Hook("ListJobs", func() { b.s.RemoveTriggerJob(first) }, nil)
				b.Refresh()
				b.s.Hook("ListJobs", nil, nil)
				b.s.AddTriggerJob(sandbox.TriggerJob{ID: first, Name: "nightly"})
			}
			b.s.Inject(sandbox.Fault{Operation: "DeleteJob", Kind: sandbox.KindRefuse, Times: 1, Message: "locked"})
			diags := b.Destroy()
			contains(t, diags.String(), "Job Not Removed", "job "+first, "locked", "removed: "+second, "another destroy")
			if !diags.HasError() || b.only().ID != first || live.run(t) != 404 || b.String("predecessor_id") != first {
				t.Fatalf("the state is %s, left are %+v", b.State, b.s.TriggerJobs())
			}
			contains(t, b.Refresh().String(), "Rotation Not Finished", second+" had replaced job "+first)
			b.s.Inject(sandbox.Fault{Operation: "DeleteJob", Kind: sandbox.KindRefuse, Times: 1})
			if diags := b.refused(paused, "Job Not Removed", "job "+first); strings.Contains(diags.String(), "first_job_id") {
				t.Errorf("it advises to use a job that is gone: %s", diags)
			}
			if diags := b.Destroy(); diags.HasError() || len(b.s.TriggerJobs()) > 0 {
				t.Errorf("left are %+v: %s", b.s.TriggerJobs(), diags)
			}
		})
	}
}

// A kill leaves a successor that the plan has not seen, because nothing was refreshed. An
// update that keeps the job notices it, changes nothing and asks for another plan. That plan
// knows of the successor, also without a refresh.
func TestPlanThatHasNotSeenASuccessorIsMadeAgain(t *testing.T) {
	for name, at := range map[string]int{"both exist": 4, "only the successor exists": 6} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, sandbox.CloudAutomator{})
			b.created(nightly)
			old, before := b.held(), b.State
			config := nightly.With(acctest.Values{"name": "weekly"})
			b.killedAt(at, true, config)
			successor := b.s.TriggerJobs()[len(b.s.TriggerJobs())-1]
			config["rotate_on_update"] = false
			b.s.ResetRequestLog()
			b.refused(config, "Rotation Not Finished", successor.ID, "Plan again")
			if writes := b.s.Count("CreateJob") + b.s.Count("UpdateJob") + b.s.Count("DeleteJob"); writes > 0 || !b.State.Equal(before) {
				t.Errorf("the state is %s, the requests were %q", b.State, b.made())
			}
			plan, diags := b.Plan(config)
			if contains(t, diags.String(), "Rotation Not Finished", successor.ID); !slices.Contains(plan.Unknown(), "id") {
				t.Errorf("planned is %s", plan.Planned)
			}
			b.apply(config)
			if b.String("id") != successor.ID {
				t.Errorf("the job is %s", b.String("id"))
			}
			b.dead(old)
			b.settled(config)
		})
	}
}

// The settings change after a rotation was cut short, so its successor does not have them.
// The update that finishes the rotation sets them, and does not say otherwise.
func TestFinishedRotationTakesTheSettingsOfToday(t *testing.T) {
	for name, change := range map[string]acctest.Values{
		"an account": {"aws_account_id": 21},
		"a flag":     {"allow_runtime_action_values": true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, sandbox.CloudAutomator{})
			b.created(nightly)
			config := nightly.With(acctest.Values{"rotation_triggers": acctest.Values{"month": "2"}})
			b.killedAt(4, true, config)
			config = config.With(change)
			if diags := b.Apply(config); len(others(diags)) > 0 {
				t.Errorf("said %s", diags)
			}
			b.settled(config)
		})
	}
}

// Settings that neither the creation of the successor nor its change has set are still told.
func TestFinishedRotationTellsOfSettingsThatAreNotTaken(t *testing.T) {
	b := newBench(t, sandbox.CloudAutomator{RuntimeValues: true, IgnoresRuntimeValues: true})
	config := nightly.With(acctest.Values{"allow_runtime_action_values": true})
	b.created(config)
	config["rotation_triggers"] = acctest.Values{"month": "2"}
	b.killedAt(4, true, config)
	config["allow_runtime_action_values"] = false
	contains(t, b.Apply(config).String(), "Settings Not Changed", "allow_runtime_action_values")
}
