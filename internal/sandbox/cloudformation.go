package sandbox

import (
	"cmp"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

var (
	cloudFormationName = regexp.MustCompile(`^[a-zA-Z][-a-zA-Z0-9]*$`)
	// cloudFormationTarget is the pattern of StackName in the API reference of SignalResource.
	cloudFormationTarget = regexp.MustCompile(`^([a-zA-Z][-a-zA-Z0-9]*|arn:(aws|aws-us-gov|aws-cn):[-a-zA-Z0-9:/._+]*)$`)
)

const (
	cloudFormationStackType     = "AWS::CloudFormation::Stack"
	cloudFormationConditionType = "AWS::CloudFormation::WaitCondition"
	cloudFormationHandleType    = "AWS::CloudFormation::WaitConditionHandle"
	cloudFormationWaiting       = "_IN_PROGRESS"
)

// CloudFormationStack describes a stack under creation or update. Its options choose where the documents leave the behaviour open.
type CloudFormationStack struct {
	// Name defaults to "sandbox", and ID, an ARN, is generated if it is empty.
	Name, ID string
	// StartSeconds is the time until the stack exists, or its update begins.
	StartSeconds int
	// Action is CREATE (default) or UPDATE.
	Action string
	// Resources are created in an order that fits their DependsOn. The stack is complete
	// when all of them are.
	Resources []CloudFormationResource
	// CleanupSeconds is the time that an update takes to remove replaced resources, after
	// all are updated.
	CleanupSeconds int
	// Rollback undoes a failed stack. If it is nil, the stack stays failed.
	Rollback *Rollback
	// Outputs are the outputs of the complete stack.
	Outputs map[string]string
	// TakesAny accepts signals to resources that do not wait for one. AWS does not document
	// whether they are refused.
	TakesAny bool
	// KnowsIDsFirst answers "already exists" for a known UniqueId even if the stack does
	// not wait any more. AWS does not document which of the two refusals comes first.
	KnowsIDsFirst bool
	// PageSize is the number of events on a page. Default 100. The service's pages depend
	// on the size of the events.
	PageSize int
}

// CloudFormationResource is a resource of a CloudFormationStack.
type CloudFormationResource struct {
	// Name is the logical id. Type is a wait condition by default. A resource of type
	// AWS::CloudFormation::WaitConditionHandle is complete at once.
	Name, Type string
	// Signals is the number of signals that the resource waits for, because of its
	// CreationPolicy or UpdatePolicy.
	Signals int
	// TimeoutSeconds is how long it waits for them; 0 means no limit.
	TimeoutSeconds int
	// Seconds is how long a resource without signals takes.
	Seconds int
	// Fail is the reason why such a resource fails; if empty, it succeeds.
	Fail string
	// Hold means that it never ends.
	Hold bool
	// DependsOn are the resources that must be complete before it starts.
	DependsOn []string
}

// CloudFormationStackState is the present state of a stack, without the lag of reads.
type CloudFormationStackState struct {
	Name, ID, Status, StatusReason string
	Resources                      []CloudFormationResourceState
	Events                         []CloudFormationEvent
	// Signals are the accepted ones.
	Signals []CloudFormationSignal
}

// CloudFormationResourceState is a resource of a stack that has begun.
type CloudFormationResourceState struct{ LogicalResourceID, ResourceType, Status, StatusReason string }

// CloudFormationEvent has the members of the API's StackEvent.
type CloudFormationEvent struct {
	EventID              string `xml:"EventId"`
	StackID              string `xml:"StackId"`
	StackName            string
	LogicalResourceID    string `xml:"LogicalResourceId"`
	PhysicalResourceID   string `xml:"PhysicalResourceId"`
	ResourceType         string
	Timestamp            string
	ResourceStatus       string
	ResourceStatusReason string `xml:",omitempty"`

	at time.Time
}

// CloudFormationSignal is one accepted signal.
type CloudFormationSignal struct {
	Time                       time.Time
	Resource, UniqueID, Status string
}

func (d CloudFormationStack) check() error {
	if d.Name != "" && (!cloudFormationName.MatchString(d.Name) || len(d.Name) > 128) {
		return fmt.Errorf("%q is no name of a stack", d.Name)
	}
	if !slices.Contains([]string{"", "CREATE", "UPDATE"}, d.Action) {
		return fmt.Errorf("action %q is neither CREATE nor UPDATE", d.Action)
	}
	if len(d.Resources) == 0 {
		return errors.New("a stack needs at least one resource")
	}
	turn := map[string]bool{}
	for range d.Resources {
		for _, r := range d.Resources {
			turn[r.Name] = !slices.ContainsFunc(r.DependsOn, func(other string) bool { return !turn[other] })
		}
	}
	for _, r := range d.Resources {
		switch {
		case r.Name == "" || !turn[r.Name]:
			return fmt.Errorf("resource %q can never start", r.Name)
		case len(turn) != len(d.Resources):
			return errors.New("two resources have the same name")
		case r.Signals < 0 || r.Seconds < 0 || r.TimeoutSeconds < 0:
			return fmt.Errorf("resource %q has a negative number", r.Name)
		}
	}
	return nil
}

// cloudFormation simulates AWS CloudFormation, API version 2010-05-15, as far as resources of stacks wait for signals.
type cloudFormation struct {
	*awsQuery
	// lag is how far reads lag behind.
	lag time.Duration

	stacks []*cloudFormationStack
}

// A cloudFormationStack changes only when a request reads or changes it, so it needs no goroutine.
type cloudFormationStack struct {
	spec          CloudFormationStack
	starts        time.Time
	begun         bool
	resources     []*cloudFormationResource
	events        []CloudFormationEvent
	signals       []CloudFormationSignal
	status        string
	statusReason  string
	rollbackEnds  time.Time
	cleanupEnds   time.Time
	rollbackBegan bool
}

type cloudFormationResource struct {
	CloudFormationResource
	begun          bool
	status, reason string
	// ends is when it ends without a signal; zero means never, or that it has not started.
	ends time.Time
	ids  map[string]bool
}

func newCloudFormation(s *Sandbox, o Options) *cloudFormation {
	f := &cloudFormation{lag: o.ReadLag}
	f.awsQuery = &awsQuery{
		sandbox: s, forget: func() { f.stacks = nil }, service: "cloudformation", version: "2010-05-15", namespace: "http://cloudformation.amazonaws.com/doc/2010-05-15/",
		prefix: "CloudFormation.", // ROS also has an operation SignalResource.
		operations: map[string]func(*call, url.Values) (any, *apiError){
			"SignalResource":        f.signalResource,
			"DescribeStacks":        f.describeStacks,
			"DescribeStackResource": f.describeStackResource,
			"DescribeStackEvents":   f.describeStackEvents,
		},
		resource: func(c *call, form url.Values) string {
			if name := form.Get("StackName"); strings.HasPrefix(name, "arn:") {
				return name
			}
			return fmt.Sprintf("arn:aws:cloudformation:%s:%s:stack/%s/*", c.region, c.caller.Account, form.Get("StackName"))
		},
	}
	return f
}

func (f *cloudFormation) start(spec CloudFormationStack) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	spec.Name, spec.Action, spec.PageSize = cmp.Or(spec.Name, "sandbox"), cmp.Or(spec.Action, "CREATE"), cmp.Or(spec.PageSize, 100)
	spec.ID = cmp.Or(spec.ID, "arn:aws:cloudformation:us-east-1:"+defaultAccount+":stack/"+spec.Name+"/"+newUUID())
	now := f.sandbox.now()
	s := &cloudFormationStack{spec: spec, starts: now.Add(time.Duration(spec.StartSeconds) * time.Second)}
	for _, r := range spec.Resources {
		r.Type = cmp.Or(r.Type, cloudFormationConditionType)
		s.resources = append(s.resources, &cloudFormationResource{CloudFormationResource: r, ids: map[string]bool{}})
	}
	if spec.Action == "UPDATE" {
		for _, r := range s.resources {
			s.show(r, "CREATE_COMPLETE", "", now)
		}
		s.show(nil, "CREATE_COMPLETE", "", now)
	}
	s.settle(now)
	f.stacks = append(f.stacks, s)
	return spec.ID
}

// find returns the newest stack with a name, or the stack with an ARN, as it is now; nil if
// there is none. The caller must hold f.mu.
func (f *cloudFormation) find(name string, now time.Time) *cloudFormationStack {
	for _, s := range slices.Backward(f.stacks) {
		if s.settle(now); (s.spec.ID == name || s.spec.Name == name) && len(s.events) > 0 {
			return s
		}
	}
	return nil
}

func (f *cloudFormation) signalResource(c *call, form url.Values) (any, *apiError) {
	var v constraints
	target(&v, form)
	required(&v, form, "LogicalResourceId", 1<<20)
	required(&v, form, "UniqueId", 64)
	required(&v, form, "Status", 1<<20)
	v.enum("status", text(form, "Status"), "SUCCESS", "FAILURE")
	s, e := f.named(c, form, v, "Stack %s does not exist")
	if e != nil {
		return nil, e
	}
	in := CloudFormationSignal{c.now, form.Get("LogicalResourceId"), form.Get("UniqueId"), form.Get("Status")}
	if e := s.signal(in); e != nil {
		return nil, e
	}
	c.accept()
	return nil, nil
}

// named returns the stack that a request names, or an error with a text if there is none.
func (f *cloudFormation) named(c *call, form url.Values, v constraints, missing string) (*cloudFormationStack, *apiError) {
	if e := invalid(v); e != nil {
		return nil, e
	}
	s := f.find(form.Get("StackName"), c.now)
	if s == nil {
		return nil, refusal(missing, form.Get("StackName"))
	}
	return s, nil
}

func target(v *constraints, form url.Values) {
	required(v, form, "StackName", 1<<20)
	v.pattern("stackName", text(form, "StackName"), cloudFormationTarget)
}

func required(v *constraints, form url.Values, member string, most int) {
	v.required(strings.ToLower(member[:1])+member[1:], text(form, member), 1, most)
}

// signal applies a signal to the stack, or returns why the stack does not take it.
func (s *cloudFormationStack) signal(in CloudFormationSignal) *apiError {
	r := s.resource(in.Resource)
	if r == nil || r.status == "" {
		return refusal("Resource %s does not exist for stack %s", in.Resource, s.spec.Name)
	}
	if r.Type == cloudFormationHandleType {
		return refusal("Resource %s is of type AWS_CLOUDFORMATION_WAIT_CONDITION_HANDLE_V3 and cannot be signaled", r.Name)
	}
	exists := in.Status == "SUCCESS" && r.ids[in.UniqueID]
	switch {
	case exists && s.spec.KnowsIDsFirst:
	case !strings.HasSuffix(s.status, cloudFormationWaiting) || s.rollbackBegan:
		return refusal("Stack %s is in %s state and cannot be signaled", s.spec.ID, s.status)
	}
	switch waits := strings.HasSuffix(r.status, cloudFormationWaiting) && r.Signals > 0; {
	case exists:
		return refusal("Signal with ID %s for resource %s already exists. Signals may only be updated with a FAILURE status.", in.UniqueID, r.Name)
	case !waits && !s.spec.TakesAny:
		return refusal("Resource %s is in %s state and cannot be signaled", r.Name, r.status)
	case !waits:
		s.take(r, in)
	case in.Status == "FAILURE":
		s.signals = append(s.signals, in)
		s.fail(r, received(in), in.Time)
	default:
		if s.take(r, in); len(r.ids) >= r.Signals {
			s.complete(r, in.Time)
		}
	}
	return nil
}

func received(in CloudFormationSignal) string {
	return "Received " + in.Status + " signal with UniqueId " + in.UniqueID
}

// take counts a signal and adds it to the stack's events.
func (s *cloudFormationStack) take(r *cloudFormationResource, in CloudFormationSignal) {
	r.ids[in.UniqueID] = true
	s.signals = append(s.signals, in)
	s.show(r, r.status, received(in), in.Time)
}

func (s *cloudFormationStack) resource(name string) *cloudFormationResource {
	i := slices.IndexFunc(s.resources, func(r *cloudFormationResource) bool { return r.Name == name })
	if i < 0 {
		return nil
	}
	return s.resources[i]
}

// show sets the status of a resource, or of the stack if r is nil, and adds an event.
func (s *cloudFormationStack) show(r *cloudFormationResource, status, reason string, at time.Time) {
	event := CloudFormationEvent{
		EventID: newUUID(), StackID: s.spec.ID, StackName: s.spec.Name, Timestamp: at.UTC().Format("2006-01-02T15:04:05.000Z"),
		ResourceStatus: status, ResourceStatusReason: reason, at: at,
	}
	if r == nil {
		s.status, s.statusReason = status, reason
		event.LogicalResourceID, event.PhysicalResourceID, event.ResourceType = s.spec.Name, s.spec.ID, cloudFormationStackType
	} else {
		r.status, r.reason = status, reason
		event.LogicalResourceID, event.PhysicalResourceID, event.ResourceType = r.Name, s.spec.Name+"-"+r.Name, r.Type
	}
	s.events = append(s.events, event)
}

// proceed starts the resources that can start, and ends the stack when all are complete.
func (s *cloudFormationStack) proceed(now time.Time) {
	complete := func(name string) bool { return s.resource(name).status == s.spec.Action+"_COMPLETE" }
	done := true
	for _, r := range s.resources {
		if !r.begun && !slices.ContainsFunc(r.DependsOn, func(other string) bool { return !complete(other) }) {
			r.begun = true
			s.show(r, s.spec.Action+cloudFormationWaiting, "", now)
			switch {
			case r.Type == cloudFormationHandleType:
				s.show(r, s.spec.Action+"_COMPLETE", "", now)
			case r.Hold || r.Signals > 0 && r.TimeoutSeconds == 0:
			case r.Signals > 0:
				r.ends = now.Add(time.Duration(r.TimeoutSeconds) * time.Second)
			default:
				r.ends = now.Add(time.Duration(r.Seconds) * time.Second)
			}
		}
		done = done && complete(r.Name)
	}
	switch {
	case !done:
	case s.spec.Action == "UPDATE" && s.spec.CleanupSeconds > 0:
		s.cleanupEnds = now.Add(time.Duration(s.spec.CleanupSeconds) * time.Second)
		s.show(nil, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "", now)
	default:
		s.show(nil, s.spec.Action+"_COMPLETE", "", now)
	}
}

func (s *cloudFormationStack) complete(r *cloudFormationResource, now time.Time) {
	r.ends = time.Time{}
	s.show(r, s.spec.Action+"_COMPLETE", "", now)
	s.proceed(now)
}

func (s *cloudFormationStack) fail(r *cloudFormationResource, reason string, now time.Time) {
	s.show(r, s.spec.Action+"_FAILED", reason, now)
	for _, other := range s.resources {
		if other.ends = (time.Time{}); strings.HasSuffix(other.status, cloudFormationWaiting) {
			s.show(other, s.spec.Action+"_FAILED", "Resource creation cancelled", now)
		}
	}
	why := fmt.Sprintf("The following resource(s) failed to %s: [%s]. ", strings.ToLower(s.spec.Action), r.Name)
	if s.spec.Rollback == nil {
		s.show(nil, s.spec.Action+"_FAILED", why, now)
		return
	}
	s.rollbackBegan, s.rollbackEnds = true, now.Add(time.Duration(s.spec.Rollback.Seconds)*time.Second)
	s.show(nil, s.rollback()+cloudFormationWaiting, why+"Rollback requested by user.", now)
}

func (s *cloudFormationStack) rollback() string {
	if s.spec.Action == "UPDATE" {
		return "UPDATE_ROLLBACK"
	}
	return "ROLLBACK"
}

// settle applies everything that is due, in the order of time.
func (s *cloudFormationStack) settle(now time.Time) {
	if !s.begun && !s.starts.After(now) {
		s.begun = true
		s.show(nil, s.spec.Action+cloudFormationWaiting, "User Initiated", s.starts)
		s.proceed(s.starts)
	}
	for {
		var next *cloudFormationResource
		for _, r := range s.resources {
			if !r.ends.IsZero() && (next == nil || r.ends.Before(next.ends)) {
				next = r
			}
		}
		if next == nil || next.ends.After(now) {
			break
		}
		switch at := next.ends; {
		case next.Signals > 0:
			s.fail(next, fmt.Sprintf("Failed to receive %d resource signal(s) within the specified duration", next.Signals-len(next.ids)), at)
		case next.Fail != "":
			s.fail(next, next.Fail, at)
		default:
			s.complete(next, at)
		}
	}
	if at := s.cleanupEnds; !at.IsZero() && !at.After(now) {
		s.cleanupEnds = time.Time{}
		s.show(nil, "UPDATE_COMPLETE", "", at)
	}
	if at := s.rollbackEnds; !at.IsZero() && !at.After(now) {
		s.rollbackEnds = time.Time{}
		if reason := s.spec.Rollback.Fail; reason != "" {
			s.show(nil, s.rollback()+"_FAILED", reason, at)
			return
		}
		s.show(nil, s.rollback()+"_COMPLETE", "", at)
	}
}

// seen returns the last event that a read shows of a resource, or of the stack if name and
// kind are the stack's. The first event of the stack is always visible.
func (s *cloudFormationStack) seen(name, kind string, until time.Time) (last CloudFormationEvent) {
	for _, e := range s.events {
		own := e.LogicalResourceID == name && (e.ResourceType == cloudFormationStackType) == (kind == cloudFormationStackType)
		if own && (!e.at.After(until) || kind == cloudFormationStackType && last.EventID == "") {
			last = e
		}
	}
	return last
}

func (f *cloudFormation) describeStacks(c *call, form url.Values) (any, *apiError) {
	var v constraints
	target(&v, form)
	s, e := f.named(c, form, v, "Stack with id %s does not exist")
	if e != nil {
		return nil, e
	}
	type output struct{ OutputKey, OutputValue string }
	type stack struct {
		StackID           string `xml:"StackId"`
		StackName         string
		CreationTime      string
		StackStatus       string
		StackStatusReason string   `xml:",omitempty"`
		Outputs           []output `xml:"Outputs>member"`
	}
	shown := s.seen(s.spec.Name, cloudFormationStackType, c.now.Add(-f.lag))
	found := stack{
		StackID: s.spec.ID, StackName: s.spec.Name, CreationTime: s.events[0].Timestamp, StackStatus: shown.ResourceStatus, StackStatusReason: shown.ResourceStatusReason,
	}
	if found.StackStatus == s.spec.Action+"_COMPLETE" {
		for key, value := range s.spec.Outputs {
			found.Outputs = append(found.Outputs, output{key, value})
		}
	}
	return struct {
		XMLName xml.Name `xml:"DescribeStacksResult"`
		Stacks  []stack  `xml:"Stacks>member"`
	}{Stacks: []stack{found}}, nil
}

func (f *cloudFormation) describeStackResource(c *call, form url.Values) (any, *apiError) {
	var v constraints
	target(&v, form)
	required(&v, form, "LogicalResourceId", 1<<20)
	s, e := f.named(c, form, v, "Stack '%s' does not exist")
	if e != nil {
		return nil, e
	}
	shown := s.seen(form.Get("LogicalResourceId"), "", c.now.Add(-f.lag))
	if shown.EventID == "" {
		return nil, refusal("Resource %s does not exist for stack %s", form.Get("LogicalResourceId"), s.spec.Name)
	}
	type detail struct {
		StackID              string `xml:"StackId"`
		StackName            string
		LogicalResourceID    string `xml:"LogicalResourceId"`
		PhysicalResourceID   string `xml:"PhysicalResourceId"`
		ResourceType         string
		LastUpdatedTimestamp string
		ResourceStatus       string
		ResourceStatusReason string `xml:",omitempty"`
	}
	return struct {
		XMLName             xml.Name `xml:"DescribeStackResourceResult"`
		StackResourceDetail detail
	}{StackResourceDetail: detail{
		shown.StackID, shown.StackName, shown.LogicalResourceID, shown.PhysicalResourceID, shown.ResourceType, shown.Timestamp, shown.ResourceStatus, shown.ResourceStatusReason,
	}}, nil
}

func (f *cloudFormation) describeStackEvents(c *call, form url.Values) (any, *apiError) {
	var v constraints
	target(&v, form)
	v.optional("nextToken", text(form, "NextToken"), 1, 1024)
	s, e := f.named(c, form, v, "Stack [%s] does not exist")
	if e != nil {
		return nil, e
	}
	events := slices.DeleteFunc(slices.Clone(s.events[1:]), func(e CloudFormationEvent) bool { return e.at.After(c.now.Add(-f.lag)) })
	events = append([]CloudFormationEvent{s.events[0]}, events...)
	slices.Reverse(events)
	from := 0
	if given := form.Get("NextToken"); given != "" {
		decoded, _ := base64.StdEncoding.DecodeString(given)
		var err error
		if from, err = strconv.Atoi(string(decoded)); err != nil || from < 0 || from > len(events) {
			return nil, refusal("The specified pagination token is not valid")
		}
	}
	to := min(from+s.spec.PageSize, len(events))
	next := ""
	if to < len(events) {
		next = base64.StdEncoding.EncodeToString([]byte(strconv.Itoa(to)))
	}
	return struct {
		XMLName     xml.Name              `xml:"DescribeStackEventsResult"`
		StackEvents []CloudFormationEvent `xml:"StackEvents>member"`
		NextToken   string                `xml:",omitempty"`
	}{StackEvents: events[from:to], NextToken: next}, nil
}

// StartCloudFormationStack starts a stack and returns its ARN. It panics if the description is invalid.
func (s *Sandbox) StartCloudFormationStack(d CloudFormationStack) string {
	return s.cloudFormation.start(valid(d))
}

// CloudFormationStack is the present state of a stack, by its name or ARN, and whether it exists.
func (s *Sandbox) CloudFormationStack(name string) (CloudFormationStackState, bool) {
	s.cloudFormation.mu.Lock()
	defer s.cloudFormation.mu.Unlock()
	st := s.cloudFormation.find(name, s.now())
	if st == nil {
		return CloudFormationStackState{}, false
	}
	state := CloudFormationStackState{
		Name: st.spec.Name, ID: st.spec.ID, Status: st.status, StatusReason: st.statusReason,
		Events: slices.Clone(st.events), Signals: slices.Clone(st.signals),
	}
	for _, r := range st.resources {
		if r.status != "" {
			state.Resources = append(state.Resources, CloudFormationResourceState{r.Name, r.Type, r.status, r.reason})
		}
	}
	return state, true
}

// UpdateCloudFormationStack starts an update of a complete stack, with the same resources.
// It reports whether there is one.
func (s *Sandbox) UpdateCloudFormationStack(name string) bool {
	s.cloudFormation.mu.Lock()
	defer s.cloudFormation.mu.Unlock()
	now := s.now()
	st := s.cloudFormation.find(name, now)
	if st == nil || strings.HasSuffix(st.status, cloudFormationWaiting) {
		return false
	}
	st.spec.Action, st.begun, st.starts = "UPDATE", false, now
	for _, r := range st.resources {
		r.begun, r.ids = false, map[string]bool{}
	}
	st.settle(now)
	return true
}

// RemoveCloudFormationStack removes all traces of a stack. It reports whether the stack
// existed.
func (s *Sandbox) RemoveCloudFormationStack(name string) bool {
	s.cloudFormation.mu.Lock()
	defer s.cloudFormation.mu.Unlock()
	before := len(s.cloudFormation.stacks)
	s.cloudFormation.stacks = slices.DeleteFunc(s.cloudFormation.stacks, func(st *cloudFormationStack) bool { return st.spec.ID == name || st.spec.Name == name })
	return len(s.cloudFormation.stacks) < before
}

// CloudFormationStacks returns the ARNs of all stacks, in the order in which they were
// started.
func (s *Sandbox) CloudFormationStacks() []string {
	s.cloudFormation.mu.Lock()
	defer s.cloudFormation.mu.Unlock()
	ids := []string{}
	for _, st := range s.cloudFormation.stacks {
		ids = append(ids, st.spec.ID)
	}
	return ids
}

func (f *cloudFormation) routes() []route {
	return []route{
		{"GET /_sandbox/cloudformation/stacks", "all stacks", all(func() []CloudFormationStackState {
			return existing(f.sandbox.CloudFormationStacks(), f.sandbox.CloudFormationStack)
		})},
		{"POST /_sandbox/cloudformation/stacks", "start a stack", given(func(d CloudFormationStack) any { return map[string]string{"ID": f.start(d)} })},
		{"GET /_sandbox/cloudformation/stacks/{id...}", "one stack with its signals", named("stack", f.sandbox.CloudFormationStack)},
		{"DELETE /_sandbox/cloudformation/stacks/{id...}", "remove a stack", removed("stack", f.sandbox.RemoveCloudFormationStack)},
	}
}
