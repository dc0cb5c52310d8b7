package sandbox

import (
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Statuses of service deployments and of their hooks, from the API reference of DescribeServiceDeployments.
const (
	deploymentInProgress         = "IN_PROGRESS"
	deploymentSuccessful         = "SUCCESSFUL"
	deploymentStopped            = "STOPPED"
	deploymentRollbackInProgress = "ROLLBACK_IN_PROGRESS"
	deploymentRollbackSuccessful = "ROLLBACK_SUCCESSFUL"
	deploymentRollbackFailed     = "ROLLBACK_FAILED"

	hookAwaiting   = "AWAITING_ACTION"
	hookInProgress = "IN_PROGRESS"
	hookSucceeded  = "SUCCEEDED"
	hookFailed     = "FAILED"
	hookTimedOut   = "TIMED_OUT"

	hookContinue = "CONTINUE"
	hookRollback = "ROLLBACK"
)

var (
	deploymentStatuses = []string{
		"PENDING", deploymentInProgress, "STOP_REQUESTED", "ROLLBACK_REQUESTED", deploymentRollbackInProgress,
		deploymentSuccessful, deploymentStopped, deploymentRollbackSuccessful, deploymentRollbackFailed,
	}
	// lifecycleStages are the stages of deployments and of hooks.
	lifecycleStages = []string{
		"RECONCILE_SERVICE", "PRE_SCALE_UP", "SCALE_UP", "POST_SCALE_UP", "TEST_TRAFFIC_SHIFT", "POST_TEST_TRAFFIC_SHIFT", "PRE_PRODUCTION_TRAFFIC_SHIFT",
		"PRODUCTION_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME", "CLEAN_UP",
	}
	deploymentARN = regexp.MustCompile(`^arn:[\w-]+:ecs:([a-z0-9-]+):(\d{12}):service-deployment/([^/]+)/([^/]+)/([^/]+)$`)
)

// ServiceDeployment describes a deployment of an ECS service to start. Its stages follow
// each other. Its options choose where the documents leave the behaviour open.
type ServiceDeployment struct {
	// Cluster and Service are names. The default cluster is "default"; a service name is
	// generated.
	Cluster, Service string
	// ID is the last part of the ARN; generated if empty.
	ID string
	// Region is the region of the deployment. Default us-east-1.
	Region string
	// StartSeconds is the time until the deployment exists. Until then its service does not
	// exist either, unless ServiceExists is set.
	StartSeconds  int
	ServiceExists bool
	Stages        []DeploymentStage
	// RollbackSeconds is how long a rollback takes, and RollbackFails how it ends.
	RollbackSeconds int
	RollbackFails   bool
	// AcceptRepeats accepts more actions on a hook that does not await one any more,
	// without an effect. The service does not. Tests of the provider need it to see
	// repeats.
	AcceptRepeats bool
	// UsedHook is the error for a hook that does not await an action any more. Default
	// InvalidParameterException. AWS does not document it.
	UsedHook string
	// RolledBackHook is the status of a hook that was answered with ROLLBACK. Default
	// SUCCEEDED. AWS does not document it.
	RolledBackHook string
	// HookSeconds is how long a hook is IN_PROGRESS after it was answered with CONTINUE.
	// AWS does not document whether it is.
	HookSeconds int
	// HidesUpdates changes updatedAt only at the end of the deployment. AWS does not
	// document which changes it shows.
	HidesUpdates bool
	// ForgetsHooks lists only the hook of the current stage. AWS does not document whether
	// earlier hooks stay listed.
	ForgetsHooks bool
}

// DeploymentStage is a stage of a ServiceDeployment. It pauses, unless it has Seconds or Hold.
type DeploymentStage struct {
	// Name is the lifecycle stage. Default POST_TEST_TRAFFIC_SHIFT.
	Name string
	// HookID is the id of the pause; generated if empty. Twin is the id of a second pause
	// hook, which holds the stage as long as the first one. AWS does not document whether a
	// stage can have two.
	HookID, Twin string
	// TimeoutSeconds and TimeoutAction end a pause without an answer. Default a day, and
	// ROLLBACK.
	TimeoutSeconds int
	TimeoutAction  string
	// Seconds is how long a stage without a pause takes, and Fail why it fails after that.
	// A stage with Hold never ends.
	Seconds int
	Fail    string
	Hold    bool
	// Lambda gives such a stage a hook that runs a function.
	Lambda bool
}

// ServiceDeploymentState is the present state of a deployment, without the lag of reads.
type ServiceDeploymentState struct {
	ARN, Cluster, Service, Status, Stage string
	// HookID is the id of the pause that awaits an action, empty if none does.
	HookID string
	Hooks  []DeploymentHook
	// Actions are the accepted actions, including repeats.
	Actions []DeploymentAction
}

// DeploymentHook has the members of the API's DeploymentLifecycleHookDetail.
type DeploymentHook struct {
	HookID, TargetType, Status, TimeoutAction string
	ExpiresAt                                 time.Time
}

// DeploymentAction is one accepted ContinueServiceDeployment.
type DeploymentAction struct {
	Time           time.Time
	HookID, Action string
}

func (d ServiceDeployment) check() error {
	if len(d.Stages) == 0 {
		return fmt.Errorf("a deployment has stages")
	}
	for _, stage := range d.Stages {
		if stage.Name != "" && !slices.Contains(lifecycleStages, stage.Name) {
			return fmt.Errorf("unknown lifecycle stage %q", stage.Name)
		}
		if !slices.Contains([]string{"", hookContinue, hookRollback}, stage.TimeoutAction) {
			return fmt.Errorf("unknown timeout action %q", stage.TimeoutAction)
		}
	}
	if !slices.Contains([]string{"", "ClientException", "InvalidParameterException"}, d.UsedHook) {
		return fmt.Errorf("unknown answer to a used hook %q", d.UsedHook)
	}
	if !slices.Contains([]string{"", hookSucceeded, hookFailed}, d.RolledBackHook) {
		return fmt.Errorf("unknown status of a hook %q", d.RolledBackHook)
	}
	return nil
}

// ecs simulates the service deployments of Amazon ECS, API version 2014-11-13.
type ecs struct {
	*awsJSON
	lag time.Duration

	deployments []*serviceDeployment
}

// A serviceDeployment changes only when a request reads or changes it, so it needs no goroutine.
type serviceDeployment struct {
	spec    ServiceDeployment
	arn     string
	started time.Time
	stage   int
	// deadline is when the current stage ends without a request; zero if it does not.
	deadline time.Time
	states   history[deploymentState]
	actions  []DeploymentAction
}

type deploymentState struct {
	status, stage, reason       string
	updated, finished, rollback time.Time
	hooks                       []DeploymentHook
}

func newECS(s *Sandbox, o Options) *ecs {
	e := &ecs{lag: o.ReadLag}
	e.awsJSON = &awsJSON{
		sandbox: s, forget: func() { e.deployments = nil }, service: "ecs", target: "AmazonEC2ContainerServiceV20141113", version: "1.1", message: "message", internal: "ServerException",
		operations: map[string]func(*call) (any, *apiError){
			"ContinueServiceDeployment":  handle(e.continueServiceDeployment),
			"DescribeServiceDeployments": handle(e.describeServiceDeployments),
			"ListServiceDeployments":     handle(e.listServiceDeployments),
		},
		resource: func(c *call) string {
			in := peek[struct {
				ServiceDeploymentArn, Cluster, Service string
				ServiceDeploymentArns                  []string
			}](c)
			arns := append(in.ServiceDeploymentArns, in.ServiceDeploymentArn)
			if in.Service != "" {
				arns[0] = e.arn(c, "service/"+lastPart(cmp.Or(in.Cluster, "default"))+"/"+lastPart(in.Service))
			}
			return cmp.Or(arns[0], "*")
		},
	}
	return e
}

// lastPart returns the name in an ARN, or the name itself.
func lastPart(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

func (e *ecs) start(spec ServiceDeployment) *serviceDeployment {
	e.mu.Lock()
	defer e.mu.Unlock()
	spec.Cluster, spec.Service = cmp.Or(spec.Cluster, "default"), cmp.Or(spec.Service, "service-"+newUUID())
	spec.ID, spec.Region = cmp.Or(spec.ID, strings.ReplaceAll(newUUID(), "-", "")[:21]), cmp.Or(spec.Region, "us-east-1")
	spec.Stages = slices.Clone(spec.Stages)
	for i := range spec.Stages {
		stage := &spec.Stages[i]
		stage.Name, stage.HookID = cmp.Or(stage.Name, "POST_TEST_TRAFFIC_SHIFT"), cmp.Or(stage.HookID, "ecs-pause-"+newUUID())
		stage.TimeoutSeconds, stage.TimeoutAction = cmp.Or(stage.TimeoutSeconds, 24*60*60), cmp.Or(stage.TimeoutAction, hookRollback)
	}
	d := &serviceDeployment{
		spec: spec, arn: fmt.Sprintf("arn:aws:ecs:%s:123456789012:service-deployment/%s/%s/%s", spec.Region, spec.Cluster, spec.Service, spec.ID),
		started: e.sandbox.now().Add(time.Duration(spec.StartSeconds) * time.Second),
	}
	d.states.add(d.started, deploymentState{status: deploymentInProgress, updated: d.started})
	d.enter(0, d.started)
	e.deployments = append(e.deployments, d)
	return d
}

// change appends a changed copy of the present state.
func (d *serviceDeployment) change(at time.Time, do func(*deploymentState)) {
	next := d.states.last()
	next.hooks = slices.Clone(next.hooks)
	do(&next)
	if !d.spec.HidesUpdates || !next.finished.IsZero() {
		next.updated = at
	}
	d.states.add(at, next)
}

// hook returns the hook with that id; nil if there is none.
func (s deploymentState) hook(id string) *DeploymentHook {
	if i := slices.IndexFunc(s.hooks, func(h DeploymentHook) bool { return h.HookID == id }); i >= 0 {
		return &s.hooks[i]
	}
	return nil
}

// enter starts stage i, or ends the deployment if there is none.
func (d *serviceDeployment) enter(i int, at time.Time) {
	d.stage, d.deadline = i, time.Time{}
	if i == len(d.spec.Stages) {
		d.change(at, func(s *deploymentState) { s.status, s.stage, s.finished = deploymentSuccessful, "CLEAN_UP", at })
		return
	}
	stage := d.spec.Stages[i]
	d.change(at, func(s *deploymentState) {
		s.stage = stage.Name
		if d.spec.ForgetsHooks {
			s.hooks = nil
		}
		hook := DeploymentHook{HookID: stage.HookID, TargetType: "PAUSE", Status: hookAwaiting, TimeoutAction: stage.TimeoutAction}
		hook.ExpiresAt = at.Add(time.Duration(stage.TimeoutSeconds) * time.Second)
		switch {
		case stage.Hold:
		case stage.Seconds > 0:
			d.deadline = at.Add(time.Duration(stage.Seconds) * time.Second)
		default:
			d.deadline = hook.ExpiresAt
			s.hooks = append(s.hooks, hook)
		}
		if stage.Twin != "" {
			hook.HookID = stage.Twin
			s.hooks = append(s.hooks, hook)
		}
		if stage.Lambda {
			hook.TargetType, hook.Status = "AWS_LAMBDA", hookInProgress
			s.hooks = append(s.hooks, hook)
		}
	})
}

// proceed ends the hook of the current stage successfully, and goes on.
func (d *serviceDeployment) proceed(at time.Time) {
	d.change(at, func(s *deploymentState) {
		if hook := s.hook(d.spec.Stages[d.stage].HookID); hook != nil && hook.Status != hookTimedOut {
			hook.Status = hookSucceeded
		}
	})
	d.enter(d.stage+1, at)
}

func (d *serviceDeployment) rollBack(reason string, at time.Time) {
	d.change(at, func(s *deploymentState) {
		s.status, s.reason, s.rollback = deploymentRollbackInProgress, reason, at
	})
	d.deadline = at.Add(time.Duration(d.spec.RollbackSeconds) * time.Second)
}

// settle ends the stages whose time is over, each at the right time.
func (d *serviceDeployment) settle(now time.Time) {
	for !d.deadline.IsZero() && !d.deadline.After(now) {
		at := d.deadline
		if d.states.last().status == deploymentRollbackInProgress {
			d.deadline = time.Time{}
			d.change(at, func(s *deploymentState) {
				s.finished, s.status = at, deploymentRollbackSuccessful
				if d.spec.RollbackFails {
					s.status = deploymentRollbackFailed
				}
			})
			continue
		}
		stage := d.spec.Stages[d.stage]
		switch hook := d.states.last().hook(stage.HookID); {
		case hook != nil && hook.Status == hookAwaiting:
			d.change(at, func(s *deploymentState) { s.hook(stage.HookID).Status = hookTimedOut })
			if stage.TimeoutAction == hookContinue {
				d.proceed(at)
			} else {
				d.rollBack("Lifecycle hook timed out.", at)
			}
		case stage.Fail != "":
			d.rollBack(stage.Fail, at)
		default:
			d.proceed(at)
		}
	}
}

// act performs an action on a hook that awaits one.
func (d *serviceDeployment) act(id, action string, now time.Time) {
	if action == hookRollback {
		d.change(now, func(s *deploymentState) { s.hook(id).Status = cmp.Or(d.spec.RolledBackHook, hookSucceeded) })
		d.rollBack("Service deployment rolled back because of user request.", now)
		d.settle(now)
		return
	}
	if d.spec.HookSeconds == 0 {
		d.proceed(now)
		return
	}
	d.change(now, func(s *deploymentState) { s.hook(id).Status = hookInProgress })
	d.deadline = now.Add(time.Duration(d.spec.HookSeconds) * time.Second)
}

func invalidParameter(format string, of ...any) *apiError {
	return failf(400, "InvalidParameterException", format, of...)
}

// find returns a deployment as it is now, nil if there is none.
func (e *ecs) find(c *call, arn string) *serviceDeployment {
	if d := e.started(arn); d != nil && !c.now.Before(d.started) {
		d.settle(c.now)
		return d
	}
	return nil
}

// started returns a deployment, nil if it was never started. The caller must hold e.mu.
func (e *ecs) started(arn string) *serviceDeployment {
	if i := slices.IndexFunc(e.deployments, func(d *serviceDeployment) bool { return d.arn == arn }); i >= 0 {
		return e.deployments[i]
	}
	return nil
}

// checkARN checks that the ARN is that of a deployment in the region of the request.
func checkARN(c *call, arn string) *apiError {
	parts := deploymentARN.FindStringSubmatch(arn)
	if parts == nil || parts[1] != c.region {
		return invalidParameter("Invalid service deployment ARN: %s", arn)
	}
	return nil
}

type continueRequest struct{ ServiceDeploymentArn, HookID, Action *string }

// check does nothing, because ECS has separate errors for invalid requests.
func (continueRequest) check(*constraints) {}

func (e *ecs) continueServiceDeployment(c *call, in continueRequest) (any, *apiError) {
	action := or(in.Action, hookContinue)
	switch {
	case in.ServiceDeploymentArn == nil || in.HookID == nil || *in.HookID == "":
		return nil, invalidParameter("serviceDeploymentArn and hookId must not be empty")
	case action != hookContinue && action != hookRollback:
		return nil, invalidParameter("action %s is not one of CONTINUE and ROLLBACK", action)
	}
	if err := checkARN(c, *in.ServiceDeploymentArn); err != nil {
		return nil, err
	}
	d := e.find(c, *in.ServiceDeploymentArn)
	if d == nil {
		return nil, failf(400, "ServiceDeploymentNotFoundException", "Service deployment not found: %s", *in.ServiceDeploymentArn)
	}
	known := slices.ContainsFunc(d.states, func(m moment[deploymentState]) bool { return m.state.hook(*in.HookID) != nil })
	hook := d.states.last().hook(*in.HookID)
	open := hook != nil && hook.Status == hookAwaiting && d.states.last().status == deploymentInProgress
	switch {
	case !known:
		return nil, invalidParameter("The service deployment has no lifecycle hook %s", *in.HookID)
	case !open && !d.spec.AcceptRepeats:
		return nil, failf(400, cmp.Or(d.spec.UsedHook, "InvalidParameterException"), "The lifecycle hook %s is not awaiting an action", *in.HookID)
	}
	d.actions = append(d.actions, DeploymentAction{c.now, *in.HookID, action})
	if open {
		d.act(*in.HookID, action, c.now)
	}
	c.accept()
	return map[string]string{"serviceDeploymentArn": d.arn}, nil
}

type describeDeploymentsRequest struct{ ServiceDeploymentArns []string }

func (describeDeploymentsRequest) check(*constraints) {}

func (e *ecs) describeServiceDeployments(c *call, in describeDeploymentsRequest) (any, *apiError) {
	if n := len(in.ServiceDeploymentArns); n == 0 || n > 20 {
		return nil, invalidParameter("serviceDeploymentArns has %d members, not 1 to 20", n)
	}
	shown, failures := []map[string]any{}, []map[string]string{}
	for _, arn := range in.ServiceDeploymentArns {
		if err := checkARN(c, arn); err != nil {
			return nil, err
		}
		d := e.find(c, arn)
		if d == nil {
			failures = append(failures, map[string]string{"arn": arn, "reason": "MISSING"})
			continue
		}
		state, known := d.states.at(c.now.Add(-e.lag))
		if !known {
			state = d.states[0].state // A deployment that exists is visible to reads.
		}
		deployment := d.brief(state)
		deployment["updatedAt"], deployment["lifecycleStage"] = epoch{state.updated}, state.stage
		hooks := []map[string]any{}
		for _, hook := range state.hooks {
			hooks = append(hooks, map[string]any{
				"hookId": hook.HookID, "targetType": hook.TargetType, "status": hook.Status, "expiresAt": epoch{hook.ExpiresAt}, "timeoutAction": hook.TimeoutAction,
			})
		}
		deployment["lifecycleHookDetails"] = hooks
		if !state.rollback.IsZero() {
			deployment["rollback"] = map[string]any{"reason": state.reason, "startedAt": epoch{state.rollback}}
		}
		shown = append(shown, deployment)
	}
	return map[string]any{"serviceDeployments": shown, "failures": failures}, nil
}

// brief returns the members that both reads show.
func (d *serviceDeployment) brief(state deploymentState) map[string]any {
	prefix := "arn:aws:ecs:" + d.spec.Region + ":123456789012:"
	out := map[string]any{
		"serviceDeploymentArn": d.arn, "clusterArn": prefix + "cluster/" + d.spec.Cluster, "serviceArn": prefix + "service/" + d.spec.Cluster + "/" + d.spec.Service,
		"status": state.status, "createdAt": epoch{d.started}, "startedAt": epoch{d.started},
	}
	if state.reason != "" {
		out["statusReason"] = state.reason
	}
	if !state.finished.IsZero() {
		out["finishedAt"] = epoch{state.finished}
	}
	return out
}

type listDeploymentsRequest struct {
	Service, Cluster, NextToken *string
	Status                      []string
	MaxResults                  *int
	CreatedAt                   *struct{ Before, After *float64 }
}

func (listDeploymentsRequest) check(*constraints) {}

// listServiceDeployments lists the oldest deployment first. AWS does not document the
// order.
func (e *ecs) listServiceDeployments(c *call, in listDeploymentsRequest) (any, *apiError) {
	if in.Service == nil || *in.Service == "" {
		return nil, invalidParameter("service must not be empty")
	}
	for _, status := range in.Status {
		if !slices.Contains(deploymentStatuses, status) {
			return nil, invalidParameter("status %s is none of a service deployment", status)
		}
	}
	size := or(in.MaxResults, 20)
	if size < 1 || size > 100 {
		return nil, invalidParameter("maxResults %d is not between 1 and 100", size)
	}
	cluster, service := lastPart(or(in.Cluster, "default")), lastPart(*in.Service)
	clusterKnown, serviceKnown, found := false, false, []map[string]any{}
	for _, d := range e.deployments {
		if d.spec.Cluster != cluster || d.spec.Region != c.region {
			continue
		}
		clusterKnown = true
		if d.spec.Service != service {
			continue
		}
		serviceKnown = serviceKnown || d.spec.ServiceExists || !c.now.Before(d.started)
		d.settle(c.now)
		state, known := d.states.at(c.now.Add(-e.lag))
		if !known || len(in.Status) > 0 && !slices.Contains(in.Status, state.status) {
			continue
		}
		created := float64(d.started.UnixMilli()) / 1000
		if in.CreatedAt != nil && (in.CreatedAt.After != nil && created < *in.CreatedAt.After || in.CreatedAt.Before != nil && created > *in.CreatedAt.Before) {
			continue
		}
		found = append(found, d.brief(state))
	}
	switch {
	case !clusterKnown:
		return nil, failf(400, "ClusterNotFoundException", "Cluster not found.")
	case !serviceKnown:
		return nil, failf(400, "ServiceNotFoundException", "Service not found.")
	}
	found, next, ok := pageOf(found, "", or(in.NextToken, ""), size)
	if !ok {
		return nil, invalidParameter("Invalid token: %s", *in.NextToken)
	}
	out := map[string]any{"serviceDeployments": found}
	if next != "" {
		out["nextToken"] = next
	}
	return out, nil
}

// StartServiceDeployment starts a deployment and returns its state, with its ARN and the hook that awaits an action. An
// invalid description is a mistake of the test, and panics.
func (s *Sandbox) StartServiceDeployment(spec ServiceDeployment) ServiceDeploymentState {
	d := s.ecs.start(valid(spec))
	s.ecs.mu.Lock()
	defer s.ecs.mu.Unlock()
	return d.state(s.now())
}

// ServiceDeployment returns the present state of a deployment, and false if it was never started.
func (s *Sandbox) ServiceDeployment(arn string) (ServiceDeploymentState, bool) {
	s.ecs.mu.Lock()
	defer s.ecs.mu.Unlock()
	if d := s.ecs.started(arn); d != nil {
		return d.state(s.now()), true
	}
	return ServiceDeploymentState{}, false
}

// ServiceDeployments returns the present states of all deployments, oldest first.
func (s *Sandbox) ServiceDeployments() []ServiceDeploymentState {
	s.ecs.mu.Lock()
	defer s.ecs.mu.Unlock()
	states := []ServiceDeploymentState{}
	for _, d := range s.ecs.deployments {
		states = append(states, d.state(s.now()))
	}
	return states
}

func (d *serviceDeployment) state(now time.Time) ServiceDeploymentState {
	d.settle(now)
	present := d.states.last()
	state := ServiceDeploymentState{
		ARN: d.arn, Cluster: d.spec.Cluster, Service: d.spec.Service, Status: present.status, Stage: present.stage,
		Hooks: slices.Clone(present.hooks), Actions: slices.Clone(d.actions),
	}
	for _, hook := range present.hooks {
		if hook.Status == hookAwaiting && present.status == deploymentInProgress {
			state.HookID = hook.HookID
		}
	}
	return state
}

// AnswerHook answers the hook that awaits an action, as another user does, and reports
// whether there was one.
func (s *Sandbox) AnswerHook(arn, action string) bool {
	s.ecs.mu.Lock()
	defer s.ecs.mu.Unlock()
	now, d := s.now(), s.ecs.started(arn)
	if d == nil {
		return false
	}
	waits := d.state(now).HookID
	if waits != "" {
		d.act(waits, action, now)
	}
	return waits != ""
}

// StopServiceDeployment stops a deployment, as in the console, and reports whether it was in progress.
func (s *Sandbox) StopServiceDeployment(arn string) bool {
	s.ecs.mu.Lock()
	defer s.ecs.mu.Unlock()
	now, d := s.now(), s.ecs.started(arn)
	if d == nil || d.state(now).Status != deploymentInProgress {
		return false
	}
	d.deadline = time.Time{}
	d.change(now, func(s *deploymentState) {
		s.status, s.reason, s.finished = deploymentStopped, "Service deployment stopped by user.", now
	})
	return true
}

func (e *ecs) routes() []route {
	return []route{
		{"GET /_sandbox/ecs/deployments", "all service deployments", all(e.sandbox.ServiceDeployments)},
		{"POST /_sandbox/ecs/deployments", "start a ServiceDeployment", given(e.sandbox.StartServiceDeployment)},
		{"POST /_sandbox/ecs/answers", "answer the hook that awaits an action", func(r *http.Request) (any, error) {
			in, err := adminBody[struct{ ARN, Action string }](r)
			if err == nil && in.Action != hookContinue && in.Action != hookRollback {
				err = fmt.Errorf("unknown action %q", in.Action)
			}
			if err != nil {
				return nil, err
			}
			if !e.sandbox.AnswerHook(in.ARN, in.Action) {
				return nil, notFound("hook that awaits an action in " + in.ARN)
			}
			return struct{}{}, nil
		}},
	}
}
