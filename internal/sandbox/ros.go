package sandbox

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"time"
)

var clientToken = regexp.MustCompile(`^[A-Za-z0-9_-]*$`)

// ros simulates Alibaba Cloud Resource Orchestration Service, API version 2019-09-10, as far as stacks wait for signals.
type ros struct {
	*acsRPC

	// lag is how far reads lag behind.
	lag time.Duration

	stacks map[string]*stack
}

func newROS(s *Sandbox, o Options, used *nonces) *ros {
	m := &ros{lag: o.ReadLag, stacks: map[string]*stack{}}
	m.acsRPC = &acsRPC{
		sandbox: s, forget: func() { clear(m.stacks) }, service: "ros", ram: "ros", version: "2019-09-10", host: "ros.aliyuncs.com", nonces: used, retryAfter: o.RetryAfter,
		operations: map[string]func(*call, *acsParameters) (map[string]any, *apiError){
			"SignalResource":   m.signalResource,
			"GetStack":         m.getStack,
			"GetStackResource": m.getStackResource,
			"ListStacks":       m.listStacks,
			"ListStackEvents":  m.listStackEvents,
		},
	}
	return m
}

// match also accepts requests with an unknown API version, to refuse them.
func (m *ros) match(c *call) bool { return c.r.Header.Get("x-acs-action") != "" }

func (m *ros) start(spec Stack) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := newStack(spec, m.sandbox.now())
	m.stacks[s.spec.ID] = s
	return s.spec.ID
}

// find returns a stack as it is now. The caller must hold m.mu.
func (m *ros) find(c *call, id string) (*stack, *apiError) {
	s := m.stacks[id]
	if s == nil || s.spec.Region != "" && s.spec.Region != c.region {
		return nil, failf(404, "StackNotFound", "The Stack (%s) could not be found.", id)
	}
	s.settle(c.now)
	return s, nil
}

// named returns the stack that a request names, or the first error of its parameters.
func (m *ros) named(c *call, p *acsParameters) (*stack, *apiError) {
	if p.err != nil {
		return nil, p.err
	}
	return m.find(c, p.values.Get("StackId"))
}

func (m *ros) signalResource(c *call, p *acsParameters) (map[string]any, *apiError) {
	p.required("RegionId")
	p.required("StackId")
	in := StackSignal{Time: c.now, Resource: p.required("LogicalResourceId"), Status: p.required("Status"), UniqueID: p.required("UniqueId")}
	in.ClientToken = p.values.Get("ClientToken")
	p.enum("Status", "SUCCESS", "FAILURE", "WARNING")
	p.length("UniqueId", 1, 64)
	p.length("ClientToken", 0, 64)
	p.pattern("ClientToken", clientToken.MatchString)
	s, e := m.named(c, p)
	if e != nil {
		return nil, e
	}
	if in.ClientToken == "" {
		if e := s.signal(in); e != nil {
			return nil, e
		}
		c.accept()
		return nil, nil
	}
	return m.once(c, p, s, in)
}

// once gives a repeat with the same ClientToken the result of the first request, without a
// further effect. The caller must hold m.mu.
func (m *ros) once(c *call, p *acsParameters, s *stack, in StackSignal) (map[string]any, *apiError) {
	known, parameters := m.token(c, in.ClientToken), p.values.Encode()
	if known == nil {
		if e := s.signal(in); e != nil {
			return nil, e
		}
		s.tokens[c.caller.Account+"/"+in.ClientToken] = &token{parameters: parameters, requestID: c.requestID, since: c.now}
		c.accept()
		return nil, nil
	}
	if known.parameters != parameters {
		return nil, failf(400, "InvalidIdempotenceParameter", "The parameters of this request differ from those of an earlier one with the same ClientToken.")
	}
	if known.repeats++; known.repeats <= s.spec.StillProcessing {
		return nil, failf(400, "LastTokenProcessing", "The last request with this ClientToken is still being processed.")
	}
	return map[string]any{"RequestId": known.requestID}, nil
}

// token returns a ClientToken that the account has used, for any stack. The caller must
// hold m.mu.
func (m *ros) token(c *call, name string) *token {
	for _, s := range m.stacks {
		known, life := s.tokens[c.caller.Account+"/"+name], time.Duration(s.spec.TokenSeconds)*time.Second
		if known != nil && (life == 0 || c.now.Sub(known.since) < life) {
			return known
		}
	}
	return nil
}

func (m *ros) getStack(c *call, p *acsParameters) (map[string]any, *apiError) {
	p.required("RegionId")
	p.required("StackId")
	p.enum("OutputOption", "Enabled", "Disabled")
	s, e := m.named(c, p)
	if e != nil {
		return nil, e
	}
	shown := s.seen("", c.now.Add(-m.lag))
	found := map[string]any{
		"StackId": s.spec.ID, "StackName": s.now.StackName, "RegionId": c.region, "Status": shown.Status, "StatusReason": shown.StatusReason,
		"CreateTime": s.now.CreateTime, "UpdateTime": s.now.UpdateTime,
	}
	if why := s.now.RollbackFailedRootReason; why != "" && shown.Status == s.now.Status {
		found["RollbackFailedRootReason"] = why
	}
	return found, nil
}

func (m *ros) getStackResource(c *call, p *acsParameters) (map[string]any, *apiError) {
	p.required("RegionId")
	p.required("StackId")
	resource := p.required("LogicalResourceId")
	s, e := m.named(c, p)
	if e != nil {
		return nil, e
	}
	r, shown := s.resource(resource), s.seen(resource, c.now.Add(-m.lag))
	if r == nil || shown.Status == "" && s.spec.Unbegun == UnbegunAbsent {
		return nil, failf(404, "ResourceNotFound", "The Resource (%s) could not be found in Stack %s.", resource, s.now.StackName)
	}
	found := map[string]any{
		"StackId": s.spec.ID, "StackName": s.now.StackName, "LogicalResourceId": resource, "PhysicalResourceId": r.PhysicalResourceID,
		"ResourceType": r.ResourceType, "Status": cmp.Or(shown.Status, unbegun), "StatusReason": shown.StatusReason, "UpdateTime": shown.CreateTime,
	}
	if shown.Status == "" && s.spec.Unbegun == UnbegunBlank {
		delete(found, "Status")
	}
	return found, nil
}

// listStacks lists stacks in an arbitrary order, because none is documented.
func (m *ros) listStacks(c *call, p *acsParameters) (map[string]any, *apiError) {
	p.required("RegionId")
	page, size := p.number("PageNumber", 1, 1, 1<<20), p.number("PageSize", 10, 1, 50)
	p.enum("ShowNestedStack", "true", "false")
	names, ids, statuses := p.list("StackName"), p.list("StackIds"), p.list("Status")
	id, parent, nested := p.values.Get("StackId"), p.values.Get("ParentStackId"), p.values.Get("ShowNestedStack") == "true"
	switch {
	case len(names) > 5:
		p.invalid("StackName")
	case len(ids) > 10:
		p.invalid("StackIds")
	case parent != "" && !nested:
		p.invalid("ShowNestedStack")
	}
	if p.err != nil {
		return nil, p.err
	}
	found := []map[string]any{}
	for _, known := range slices.Sorted(maps.Keys(m.stacks)) {
		s, e := m.find(c, known)
		if e != nil {
			continue
		}
		shown := s.seen("", c.now.Add(-m.lag))
		switch {
		case shown.at.After(c.now.Add(-m.lag)): // It is not listed yet.
		case len(names) > 0 && !slices.Contains(names, s.now.StackName), len(ids) > 0 && !slices.Contains(ids, known), id != "" && id != known:
		case len(statuses) > 0 && !slices.Contains(statuses, shown.Status):
		case parent != "" && s.spec.Parent != parent, s.spec.Parent != "" && !nested:
		default:
			found = append(found, map[string]any{
				"StackId": known, "StackName": s.now.StackName, "RegionId": c.region, "Status": shown.Status, "StatusReason": shown.StatusReason,
				"CreateTime": s.now.CreateTime, "UpdateTime": s.now.UpdateTime, "ParentStackId": s.spec.Parent,
			})
		}
	}
	from := min((page-1)*size, len(found))
	return map[string]any{
		"TotalCount": len(found), "PageNumber": page, "PageSize": size, "Stacks": found[from:min(from+size, len(found))],
	}, nil
}

func (m *ros) listStackEvents(c *call, p *acsParameters) (map[string]any, *apiError) {
	p.required("RegionId")
	p.required("StackId")
	page, size := p.number("PageNumber", 1, 1, 1<<20), p.number("PageSize", 10, 1, 50)
	resources, statuses := p.list("LogicalResourceId"), p.list("Status")
	s, e := m.named(c, p)
	if e != nil {
		return nil, e
	}
	events := slices.DeleteFunc(slices.Clone(s.now.Events), func(event StackEvent) bool {
		return len(resources) > 0 && !slices.Contains(resources, event.LogicalResourceID) ||
			len(statuses) > 0 && !slices.Contains(statuses, event.Status)
	})
	// The newest is first.
	slices.Reverse(events)
	from := min((page-1)*size, len(events))
	return map[string]any{
		"TotalCount": len(events), "PageNumber": page, "PageSize": size, "Events": events[from:min(from+size, len(events))],
	}, nil
}

// StartStack starts a stack and returns its id. It panics if the description is invalid.
func (s *Sandbox) StartStack(d Stack) string {
	return s.ros.start(valid(d))
}

// Stack returns the present state of a stack, and false if there is none.
func (s *Sandbox) Stack(id string) (StackState, bool) {
	s.ros.mu.Lock()
	defer s.ros.mu.Unlock()
	st := s.ros.stacks[id]
	if st == nil {
		return StackState{}, false
	}
	st.settle(s.now())
	return st.state(), true
}

// RemoveStack removes all traces of a stack. It reports whether the stack existed.
func (s *Sandbox) RemoveStack(id string) bool {
	s.ros.mu.Lock()
	defer s.ros.mu.Unlock()
	_, existed := s.ros.stacks[id]
	delete(s.ros.stacks, id)
	return existed
}

func (m *ros) routes() []route {
	return []route{
		{"GET /_sandbox/ros/stacks", "all stacks", all(func() []StackState { return states(&m.mu, m.stacks, m.sandbox.Stack) })},
		{"POST /_sandbox/ros/stacks", "start a stack", given(func(d Stack) any { return map[string]string{"ID": m.start(d)} })},
		{"GET /_sandbox/ros/stacks/{id}", "one stack with its signals", named("stack", m.sandbox.Stack)},
		{"DELETE /_sandbox/ros/stacks/{id}", "remove a stack", removed("stack", m.sandbox.RemoveStack)},
	}
}
