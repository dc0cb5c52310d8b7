package sandbox

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
)

// SignalName is what the LogicalResourceId of a signal names.
type SignalName string

// What a signal's LogicalResourceId names is not documented.
const (
	// NamesEither takes the logical id of the wait condition and that of its handle. It is the default.
	NamesEither SignalName = "either"
	// NamesCondition takes that of the condition alone.
	NamesCondition SignalName = "condition"
	// NamesHandle takes that of the handle alone.
	NamesHandle SignalName = "handle"
)

// Stack describes a stack under creation or update. What the documents leave open is an option here.
type Stack struct {
	// ID is made when it is empty.
	ID   string
	Name string
	// Region confines the stack to one region; empty is visible in all.
	Region string
	// Action is CREATE (default) or UPDATE.
	Action string
	// Conditions wait for signals. The stack is complete once all of them are.
	Conditions []WaitCondition
	// Resources are the logical ids of resources that wait for no signal.
	Resources []string
	// Signals is what the LogicalResourceId of a signal names.
	Signals SignalName
	// CountRepeats counts a signal whose UniqueId was there already; else it changes nothing.
	CountRepeats bool
	// FailAtTimeout lets a FAILURE fail its condition only at the condition's timeout; else it does so at once.
	FailAtTimeout bool
	// CountWarnings counts WARNING signals along with at least one SUCCESS; else a condition needs Count of SUCCESS.
	CountWarnings bool
	// StillProcessing is how many repeats of a ClientToken are answered LastTokenProcessing before they get the
	// result of the first request.
	StillProcessing int
	// TokenSeconds is how long a ClientToken is remembered; 0 is for ever.
	TokenSeconds int
}

// WaitCondition is a resource of type ALIYUN::ROS::WaitCondition with its ALIYUN::ROS::WaitConditionHandle.
type WaitCondition struct {
	// Name and Handle are logical ids. Handle defaults to Name with "Handle" appended.
	Name, Handle string
	// Count is how many signals it waits for. Default 1.
	Count int
	// TimeoutSeconds counts from its start; 0 is never.
	TimeoutSeconds int
	// DependsOn are names of conditions that have to be complete before it starts.
	DependsOn []string
}

// StackState is a stack as GetStack shows it, with its resources, events and the signals it took.
type StackState struct {
	StackID      string `json:"StackId"`
	StackName    string
	Region       string `json:"RegionId"`
	Status       string
	StatusReason string
	CreateTime   string
	Resources    []StackResource
	Events       []StackEvent
	Signals      []StackSignal
}

// StackResource has the members that GetStackResource answers.
type StackResource struct {
	LogicalResourceID  string `json:"LogicalResourceId"`
	PhysicalResourceID string `json:"PhysicalResourceId"`
	ResourceType       string
	Status             string
	StatusReason       string
	UpdateTime         string
}

// StackEvent has the members of ListStackEvents' structure Events.
type StackEvent struct {
	EventID            string `json:"EventId"`
	StackID            string `json:"StackId"`
	StackName          string
	LogicalResourceID  string `json:"LogicalResourceId"`
	PhysicalResourceID string `json:"PhysicalResourceId"`
	ResourceType       string
	Status             string
	StatusReason       string
	CreateTime         string
}

// StackSignal is one signal that a stack took.
type StackSignal struct {
	Time        time.Time
	Resource    string
	Status      string
	UniqueID    string `json:"UniqueId"`
	ClientToken string
	// Repeated says that its UniqueId was there already and that it was not counted.
	Repeated bool
}

const (
	rosTime         = "2006-01-02T15:04:05"
	typeStack       = "ALIYUN::ROS::Stack"
	typeCondition   = "ALIYUN::ROS::WaitCondition"
	typeHandle      = "ALIYUN::ROS::WaitConditionHandle"
	typeOther       = "ALIYUN::ROS::Sleep"
	stackInProgress = "_IN_PROGRESS"
	stackComplete   = "_COMPLETE"
	stackFailed     = "_FAILED"
)

func (d Stack) check() error {
	if len(d.Conditions) == 0 {
		return errors.New("a stack needs at least one condition that waits")
	}
	if !slices.Contains([]string{"", "CREATE", "UPDATE"}, d.Action) {
		return fmt.Errorf("action %q is neither CREATE nor UPDATE", d.Action)
	}
	if !slices.Contains([]SignalName{"", NamesEither, NamesCondition, NamesHandle}, d.Signals) {
		return fmt.Errorf("signals cannot name %q", d.Signals)
	}
	taken, earlier := slices.Clone(d.Resources), []string{}
	for _, w := range d.Conditions {
		for _, id := range []string{w.Name, w.handle()} {
			if id == "" || slices.Contains(taken, id) {
				return fmt.Errorf("resource %q needs a name of its own", id)
			}
			taken = append(taken, id)
		}
		if w.Count < 0 || w.TimeoutSeconds < 0 {
			return fmt.Errorf("condition %q has a negative number", w.Name)
		}
		for _, name := range w.DependsOn {
			if !slices.Contains(earlier, name) {
				return fmt.Errorf("condition %q depends on %q, which is no earlier one", w.Name, name)
			}
		}
		earlier = append(earlier, w.Name)
	}
	return nil
}

func (w WaitCondition) handle() string { return cmp.Or(w.Handle, w.Name+"Handle") }

// A stack moves only when somebody looks or signals, so it needs no goroutine.
type stack struct {
	spec       Stack
	now        StackState
	conditions []*condition
	tokens     map[string]*token
}

type condition struct {
	WaitCondition
	// deadline is when it fails by itself; zero is never, or not before it has started.
	deadline time.Time
	uniques  map[string]bool
	// successes and warnings are counted signals; failure is the reason of a FAILURE that waits for the timeout.
	successes, warnings int
	failure             string
}

// A token is a ClientToken whose request succeeded.
type token struct {
	parameters string
	requestID  string
	since      time.Time
	repeats    int
}

func newStack(spec Stack, now time.Time) *stack {
	spec.ID, spec.Action = cmp.Or(spec.ID, newUUID()), cmp.Or(spec.Action, "CREATE")
	s := &stack{spec: spec, tokens: map[string]*token{}, now: StackState{
		StackID: spec.ID, StackName: cmp.Or(spec.Name, "sandbox"), Region: spec.Region, CreateTime: now.UTC().Format(rosTime),
	}}
	s.show("", stackInProgress, "Stack "+spec.Action+" started", now)
	for _, id := range spec.Resources {
		s.add(id, typeOther)
		s.show(id, stackComplete, "state changed", now)
	}
	for _, w := range spec.Conditions {
		s.add(w.handle(), typeHandle)
		s.show(w.handle(), stackComplete, "state changed", now)
		s.add(w.Name, typeCondition)
		w.Count = max(1, w.Count)
		s.conditions = append(s.conditions, &condition{WaitCondition: w, uniques: map[string]bool{}})
	}
	s.proceed(now)
	return s
}

func (s *stack) add(id, kind string) {
	s.now.Resources = append(s.now.Resources, StackResource{
		LogicalResourceID: id, PhysicalResourceID: newUUID(), ResourceType: kind, Status: "INIT_COMPLETE",
	})
}

func (s *stack) resource(id string) *StackResource {
	i := slices.IndexFunc(s.now.Resources, func(r StackResource) bool { return r.LogicalResourceID == id })
	if i < 0 {
		return nil
	}
	return &s.now.Resources[i]
}

// show sets the status of a resource or, without an id, of the stack, which makes an event.
func (s *stack) show(id, phase, reason string, now time.Time) {
	event := StackEvent{
		EventID: newUUID(), StackID: s.spec.ID, StackName: s.now.StackName, Status: s.spec.Action + phase, StatusReason: reason,
		CreateTime: now.UTC().Format(rosTime),
	}
	if r := s.resource(id); r != nil {
		r.Status, r.StatusReason, r.UpdateTime = event.Status, reason, event.CreateTime
		event.LogicalResourceID, event.PhysicalResourceID, event.ResourceType = id, r.PhysicalResourceID, r.ResourceType
	} else {
		s.now.Status, s.now.StatusReason = event.Status, reason
		event.LogicalResourceID, event.PhysicalResourceID, event.ResourceType = s.now.StackName, s.spec.ID, typeStack
	}
	s.now.Events = append(s.now.Events, event)
}

func (s *stack) is(id, phase string) bool { return s.resource(id).Status == s.spec.Action+phase }

func (s *stack) ended() bool { return s.now.Status != s.spec.Action+stackInProgress }

// proceed starts the conditions whose turn it is, and ends the stack once all are complete.
func (s *stack) proceed(now time.Time) {
	done := true
	for _, w := range s.conditions {
		done = done && s.is(w.Name, stackComplete)
		held := slices.ContainsFunc(w.DependsOn, func(name string) bool { return !s.is(name, stackComplete) })
		if held || s.resource(w.Name).Status != "INIT_COMPLETE" {
			continue
		}
		s.show(w.Name, stackInProgress, "state changed", now)
		if w.TimeoutSeconds > 0 {
			w.deadline = now.Add(time.Duration(w.TimeoutSeconds) * time.Second)
		}
	}
	if done {
		s.show("", stackComplete, "Stack "+s.spec.Action+" completed successfully", now)
	}
}

func (s *stack) fail(w *condition, reason string, now time.Time) {
	s.show(w.Name, stackFailed, reason, now)
	s.show("", stackFailed, "Resource "+s.spec.Action+" failed: "+reason, now)
}

// settle lets the conditions fail whose time has come, the earliest first.
func (s *stack) settle(now time.Time) {
	for !s.ended() {
		var next *condition
		for _, w := range s.conditions {
			due := s.is(w.Name, stackInProgress) && !w.deadline.IsZero() && !w.deadline.After(now)
			if due && (next == nil || w.deadline.Before(next.deadline)) {
				next = w
			}
		}
		if next == nil {
			return
		}
		s.fail(next, cmp.Or(next.failure, fmt.Sprintf("WaitConditionTimeout: %d of %d received", next.successes, next.Count)), next.deadline)
	}
}

// find is the condition that a signal's LogicalResourceId means.
func (s *stack) find(id string) (*condition, *apiError) {
	for _, w := range s.conditions {
		named := id == w.Name && s.spec.Signals != NamesHandle || id == w.handle() && s.spec.Signals != NamesCondition
		if named && !s.ended() && s.is(w.Name, stackInProgress) {
			return w, nil
		}
	}
	if s.resource(id) == nil {
		return nil, failf(404, "ResourceNotFound", "The Resource (%s) could not be found in Stack %s.", id, s.now.StackName)
	}
	return nil, failf(404, "ResourceNotAvailable", "The Resource (%s) is not available.", id)
}

// signal moves the stack, or leaves it as it was and says why.
func (s *stack) signal(in StackSignal) *apiError {
	w, e := s.find(in.Resource)
	if e != nil {
		return e
	}
	in.Repeated = w.uniques[in.UniqueID] && !s.spec.CountRepeats
	s.now.Signals = append(s.now.Signals, in)
	if in.Repeated {
		return nil
	}
	w.uniques[in.UniqueID] = true
	switch in.Status {
	case "SUCCESS":
		w.successes++
	case "WARNING":
		w.warnings++
	case "FAILURE":
		w.failure = cmp.Or(w.failure, "WaitConditionFailure: signal "+in.UniqueID+" reported a failure")
	}
	counted := w.successes
	if s.spec.CountWarnings && w.successes > 0 {
		counted += w.warnings
	}
	switch {
	case w.failure != "" && !s.spec.FailAtTimeout:
		s.fail(w, w.failure, in.Time)
	case w.failure != "":
	case counted >= w.Count:
		s.show(w.Name, stackComplete, "state changed", in.Time)
		s.proceed(in.Time)
	case w.successes == 0 && w.warnings >= w.Count:
		s.fail(w, "WaitConditionFailure: all signals are warnings", in.Time)
	}
	return nil
}

func (s *stack) state() StackState {
	state := s.now
	state.Resources, state.Events, state.Signals = slices.Clone(state.Resources), slices.Clone(state.Events), slices.Clone(state.Signals)
	return state
}
