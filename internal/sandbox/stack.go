package sandbox

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
)

// SignalName says what the LogicalResourceId of a signal names.
type SignalName string

// Alibaba Cloud does not document what a signal's LogicalResourceId names.
const (
	// NamesEither accepts the logical id of the wait condition and that of its handle. It
	// is the default.
	NamesEither SignalName = "either"
	// NamesCondition accepts only that of the condition.
	NamesCondition SignalName = "condition"
	// NamesHandle accepts only that of the handle.
	NamesHandle SignalName = "handle"
)

// Unbegun is how GetStackResource shows a resource whose turn has not come.
type Unbegun string

// GetStackResource documents no status for such a resource.
const (
	// UnbegunInit shows it as INIT_COMPLETE. It is the default.
	UnbegunInit Unbegun = "init"
	// UnbegunBlank shows it without a status.
	UnbegunBlank Unbegun = "blank"
	// UnbegunAbsent answers that it does not exist.
	UnbegunAbsent Unbegun = "absent"
)

// Stack describes a stack under creation or update. Its options choose where the documents leave the behaviour open.
type Stack struct {
	// ID is generated if it is empty.
	ID   string
	Name string
	// Parent is the id of the stack in which this one is nested.
	Parent string
	// Region is the region of the stack; if empty, all regions show it.
	Region string
	// Action is CREATE (default) or UPDATE.
	Action string
	// Conditions wait for signals, and Sleeps take some time. The stack is complete when
	// all of them are.
	Conditions []WaitCondition
	Sleeps     []Sleep
	// Resources are the logical ids of resources that need no signal.
	Resources []string
	// Rollback undoes a failed stack, as ROS does unless that is disabled.
	Rollback *Rollback
	// Unbegun is how GetStackResource shows a resource whose turn has not come.
	Unbegun Unbegun
	// Signals is what the LogicalResourceId of a signal names.
	Signals SignalName
	// CountRepeats counts a signal with a known UniqueId; otherwise it changes nothing.
	CountRepeats bool
	// FailAtTimeout makes a FAILURE fail its condition at the condition's timeout;
	// otherwise at once.
	FailAtTimeout bool
	// CountWarnings counts WARNING signals if there is a SUCCESS; otherwise a condition
	// needs Count signals with SUCCESS.
	CountWarnings bool
	// StillProcessing is how many repeats of a ClientToken are answered with
	// LastTokenProcessing before one gets the result of the first request.
	StillProcessing int
	// TokenSeconds is how long a ClientToken is remembered; 0 means for ever.
	TokenSeconds int
}

// WaitCondition is a resource of type ALIYUN::ROS::WaitCondition with its ALIYUN::ROS::WaitConditionHandle.
type WaitCondition struct {
	// Name and Handle are logical ids. Handle defaults to Name with "Handle" appended.
	Name, Handle string
	// Count is how many signals the condition waits for. Default 1.
	Count int
	// TimeoutSeconds is the timeout from its start; 0 means none.
	TimeoutSeconds int
	// DependsOn are the names of conditions and sleeps that must be complete before it
	// starts.
	DependsOn []string
}

// Sleep is a resource of type ALIYUN::ROS::Sleep. It stands for everything that takes time
// before or after a condition.
type Sleep struct {
	Name    string
	Seconds int
	// Fail is the reason with which it fails after its time; if empty, it succeeds.
	Fail string
	// Hold means that it never ends.
	Hold bool
	// DependsOn are the names of conditions and sleeps that must be complete before it
	// starts.
	DependsOn []string
}

// Rollback is what a stack does after a failure. The rollback of a creation removes the
// resources.
type Rollback struct {
	Seconds int
	// Fail is the reason with which it fails; if empty, it succeeds.
	Fail string
}

// StackState is a stack as GetStack shows it, with its resources, events and the signals
// that it received.
type StackState struct {
	StackID      string `json:"StackId"`
	StackName    string
	Region       string `json:"RegionId"`
	Status       string
	StatusReason string
	// RollbackFailedRootReason is why the stack was rolled back, after the rollback has
	// also failed.
	RollbackFailedRootReason string
	// UpdateTime is when the update began, "" for a stack that is being created.
	CreateTime, UpdateTime string
	Resources              []StackResource
	Events                 []StackEvent
	Signals                []StackSignal
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

	at time.Time
}

// StackSignal is one signal that a stack received.
type StackSignal struct {
	Time        time.Time
	Resource    string
	Status      string
	UniqueID    string `json:"UniqueId"`
	ClientToken string
	// Repeated says that the UniqueId was known and the signal was not counted.
	Repeated bool
}

const (
	rosTime         = "2006-01-02T15:04:05"
	typeStack       = "ALIYUN::ROS::Stack"
	typeCondition   = "ALIYUN::ROS::WaitCondition"
	typeHandle      = "ALIYUN::ROS::WaitConditionHandle"
	typeOther       = "ALIYUN::ROS::Sleep"
	unbegun         = "INIT_COMPLETE"
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
	if !slices.Contains([]Unbegun{"", UnbegunInit, UnbegunBlank, UnbegunAbsent}, d.Unbegun) {
		return fmt.Errorf("a resource that has not begun cannot be %q", d.Unbegun)
	}
	if d.Rollback != nil && d.Rollback.Seconds < 0 {
		return errors.New("the rollback has a negative number")
	}
	taken := slices.Clone(d.Resources)
	for _, w := range d.Conditions {
		for _, id := range []string{w.Name, w.handle()} {
			if id == "" || slices.Contains(taken, id) {
				return fmt.Errorf("resource %q needs another name", id)
			}
			taken = append(taken, id)
		}
		if w.Count < 0 || w.TimeoutSeconds < 0 {
			return fmt.Errorf("condition %q has a negative number", w.Name)
		}
	}
	for _, l := range d.Sleeps {
		if l.Name == "" || slices.Contains(taken, l.Name) {
			return fmt.Errorf("resource %q needs another name", l.Name)
		}
		if l.Seconds < 0 {
			return fmt.Errorf("sleep %q has a negative number", l.Name)
		}
		taken = append(taken, l.Name)
	}
	return d.checkOrder()
}

// checkOrder returns an error for a resource that could never start.
func (d Stack) checkOrder() error {
	waits := map[string][]string{}
	for _, w := range d.Conditions {
		waits[w.Name] = w.DependsOn
	}
	for _, l := range d.Sleeps {
		waits[l.Name] = l.DependsOn
	}
	turn := map[string]bool{}
	for range len(waits) {
		for name, on := range waits {
			turn[name] = !slices.ContainsFunc(on, func(other string) bool { return !turn[other] })
		}
	}
	for name, on := range waits {
		if !turn[name] {
			return fmt.Errorf("%q can never start: it depends on %q", name, on)
		}
	}
	return nil
}

func (w WaitCondition) handle() string { return cmp.Or(w.Handle, w.Name+"Handle") }

// A stack changes only when a request reads or changes it, so it needs no goroutine.
type stack struct {
	spec       Stack
	now        StackState
	conditions []*condition
	sleeps     []*sleep
	tokens     map[string]*token
	// rolledBack is when the rollback ends, and why is its reason.
	rolledBack time.Time
	why        string
}

type condition struct {
	WaitCondition
	// deadline is when the condition times out; zero means never, or that it has not
	// started.
	deadline time.Time
	uniques  map[string]bool
	// successes and warnings count signals. failure is the reason of a FAILURE that waits
	// for the timeout.
	successes, warnings int
	failure             string
}

type sleep struct {
	Sleep
	// ends is when the sleep ends; zero means never, or that it has not started.
	ends time.Time
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
	if spec.Action == "UPDATE" {
		s.now.CreateTime, s.now.UpdateTime = now.AddDate(0, 0, -1).UTC().Format(rosTime), now.UTC().Format(rosTime)
	}
	s.show("", spec.Action+stackInProgress, "Stack "+spec.Action+" started", now)
	for _, id := range spec.Resources {
		s.add(id, typeOther)
		s.show(id, spec.Action+stackComplete, "state changed", now)
	}
	for _, w := range spec.Conditions {
		s.add(w.handle(), typeHandle)
		s.show(w.handle(), spec.Action+stackComplete, "state changed", now)
		s.add(w.Name, typeCondition)
		w.Count = max(1, w.Count)
		s.conditions = append(s.conditions, &condition{WaitCondition: w, uniques: map[string]bool{}})
	}
	for _, l := range spec.Sleeps {
		s.add(l.Name, typeOther)
		s.sleeps = append(s.sleeps, &sleep{Sleep: l})
	}
	s.proceed(now)
	return s
}

func (s *stack) add(id, kind string) {
	s.now.Resources = append(s.now.Resources, StackResource{
		LogicalResourceID: id, PhysicalResourceID: newUUID(), ResourceType: kind, Status: unbegun,
	})
}

func (s *stack) resource(id string) *StackResource {
	i := slices.IndexFunc(s.now.Resources, func(r StackResource) bool { return r.LogicalResourceID == id })
	if i < 0 {
		return nil
	}
	return &s.now.Resources[i]
}

// show sets the status of a resource, or of the stack without an id, and adds an event.
func (s *stack) show(id, status, reason string, now time.Time) {
	event := StackEvent{
		EventID: newUUID(), StackID: s.spec.ID, StackName: s.now.StackName, Status: status, StatusReason: reason,
		CreateTime: now.UTC().Format(rosTime), at: now,
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

// seen returns the last event of a resource, or of the stack without an id, that a read
// shows at a time. The first event of the stack is always visible.
func (s *stack) seen(id string, until time.Time) (last StackEvent) {
	for _, e := range s.now.Events {
		its := id == "" && e.ResourceType == typeStack || e.LogicalResourceID == id && e.ResourceType != typeStack
		if its && (!e.at.After(until) || id == "" && last.Status == "") {
			last = e
		}
	}
	return last
}

func (s *stack) is(id, phase string) bool { return s.resource(id).Status == s.spec.Action+phase }

func (s *stack) ended() bool { return s.now.Status != s.spec.Action+stackInProgress }

// proceed starts the conditions and sleeps that can start, and ends the stack when all are
// complete.
func (s *stack) proceed(now time.Time) {
	done := true
	starts := func(id string, after []string) bool {
		done = done && s.is(id, stackComplete)
		held := slices.ContainsFunc(after, func(name string) bool { return !s.is(name, stackComplete) })
		if held || s.resource(id).Status != unbegun {
			return false
		}
		s.show(id, s.spec.Action+stackInProgress, "state changed", now)
		return true
	}
	for _, w := range s.conditions {
		if starts(w.Name, w.DependsOn) && w.TimeoutSeconds > 0 {
			w.deadline = now.Add(time.Duration(w.TimeoutSeconds) * time.Second)
		}
	}
	for _, l := range s.sleeps {
		if starts(l.Name, l.DependsOn) && !l.Hold {
			l.ends = now.Add(time.Duration(l.Seconds) * time.Second)
		}
	}
	if done {
		s.show("", s.spec.Action+stackComplete, "Stack "+s.spec.Action+" completed successfully", now)
	}
}

func (s *stack) complete(id string, now time.Time) {
	s.show(id, s.spec.Action+stackComplete, "state changed", now)
	s.proceed(now)
}

func (s *stack) fail(id, reason string, now time.Time) {
	s.show(id, s.spec.Action+stackFailed, reason, now)
	s.why = "Resource " + s.spec.Action + " failed: " + reason
	if s.spec.Rollback == nil {
		s.show("", s.spec.Action+stackFailed, s.why, now)
		return
	}
	s.rolledBack = now.Add(time.Duration(s.spec.Rollback.Seconds) * time.Second)
	s.show("", s.rollback()+stackInProgress, "Stack "+s.spec.Action+" rollback started", now)
}

func (s *stack) rollback() string {
	if s.spec.Action == "CREATE" {
		return "CREATE_ROLLBACK"
	}
	return "ROLLBACK"
}

func (s *stack) endRollback(now time.Time) {
	s.rolledBack = time.Time{}
	if reason := s.spec.Rollback.Fail; reason != "" {
		s.now.RollbackFailedRootReason = s.why
		s.show("", s.rollback()+stackFailed, reason, now)
		return
	}
	if s.spec.Action == "CREATE" {
		s.now.Resources = nil
	}
	s.show("", s.rollback()+stackComplete, "Stack "+s.spec.Action+" rollback completed successfully", now)
}

// settle applies everything that is due, in the order of time.
func (s *stack) settle(now time.Time) {
	for at, happen := s.next(); happen != nil && !at.After(now); at, happen = s.next() {
		happen(at)
	}
}

// next returns the next change and its time, nil if there is none.
func (s *stack) next() (at time.Time, happen func(time.Time)) {
	consider := func(due time.Time, then func(time.Time)) {
		if !due.IsZero() && (happen == nil || due.Before(at)) {
			at, happen = due, then
		}
	}
	consider(s.rolledBack, s.endRollback)
	if s.ended() {
		return at, happen
	}
	for _, w := range s.conditions {
		if s.is(w.Name, stackInProgress) {
			consider(w.deadline, func(now time.Time) {
				s.fail(w.Name, cmp.Or(w.failure, fmt.Sprintf("WaitConditionTimeout: %d of %d received", w.successes, w.Count)), now)
			})
		}
	}
	for _, l := range s.sleeps {
		if s.is(l.Name, stackInProgress) {
			consider(l.ends, func(now time.Time) {
				if l.Fail != "" {
					s.fail(l.Name, l.Fail, now)
					return
				}
				s.complete(l.Name, now)
			})
		}
	}
	return at, happen
}

// find returns the condition for a signal's LogicalResourceId.
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

// signal applies a signal to the stack, or returns why the stack does not take it.
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
		s.fail(w.Name, w.failure, in.Time)
	case w.failure != "":
	case counted >= w.Count:
		s.complete(w.Name, in.Time)
	case w.successes == 0 && w.warnings >= w.Count:
		s.fail(w.Name, "WaitConditionFailure: all signals are warnings", in.Time)
	}
	return nil
}

func (s *stack) state() StackState {
	state := s.now
	state.Resources, state.Events, state.Signals = slices.Clone(state.Resources), slices.Clone(state.Events), slices.Clone(state.Signals)
	return state
}
