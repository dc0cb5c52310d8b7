package sandbox

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

var (
	signalTypes  = []string{"Approve", "Reject", "StartStep", "StopStep", "Resume", "Revoke"}
	documentName = regexp.MustCompile(`^[a-zA-Z0-9_\-.:/]{3,128}$`)
)

// ssm simulates the Automation part of AWS Systems Manager, API version 2014-11-06.
type ssm struct {
	*awsJSON
	documents map[string]Automation
	lag       time.Duration
	stepLimit int

	executions map[string]*execution
}

func newSSM(s *Sandbox, o Options) *ssm {
	m := &ssm{
		documents:  o.Documents,
		lag:        o.ReadLag,
		stepLimit:  cmp.Or(o.StepLimit, 100),
		executions: map[string]*execution{},
	}
	if m.documents == nil {
		m.documents = map[string]Automation{"Sandbox-Approval": {Steps: []Step{
			{Name: "approve", Action: actionApprove}, {Name: "deploy", Action: "aws:executeScript"},
		}}}
	}
	m.awsJSON = &awsJSON{
		sandbox: s, forget: func() { clear(m.executions) }, service: "ssm", target: "AmazonSSM", version: "1.1",
		operations: map[string]func(*call) (any, *apiError){
			"SendAutomationSignal":             handle(m.sendAutomationSignal),
			"GetAutomationExecution":           handle(m.getAutomationExecution),
			"DescribeAutomationExecutions":     handle(m.describeAutomationExecutions),
			"DescribeAutomationStepExecutions": handle(m.describeAutomationStepExecutions),
			"StartAutomationExecution":         handle(m.startAutomationExecution),
		},
		resource: func(c *call) string {
			in := peek[struct{ AutomationExecutionID, DocumentName string }](c)
			if in.DocumentName != "" {
				return m.arn(c, "automation-definition/"+in.DocumentName+":$DEFAULT")
			}
			return m.arn(c, "automation-execution/"+in.AutomationExecutionID)
		},
	}
	return m
}

func (m *ssm) start(a Automation) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.begin(a, "")
}

// begin: the caller must hold m.mu.
func (m *ssm) begin(a Automation, executedBy string) string {
	e := newExecution(a, executedBy, m.sandbox.now())
	m.executions[e.spec.ID] = e
	return e.spec.ID
}

// find returns an execution as it is now. The caller must hold m.mu.
func (m *ssm) find(c *call, id string) (*execution, *apiError) {
	e := m.executions[id]
	if e == nil || e.spec.Region != "" && e.spec.Region != c.region {
		return nil, failf(400, "AutomationExecutionNotFoundException", "Automation execution %s does not exist.", id)
	}
	e.settle(c.now)
	return e, nil
}

// view returns what a read may show of an execution. The caller must hold m.mu.
func (m *ssm) view(c *call, id string, read func(*execution)) (AutomationExecution, *apiError) {
	e, err := m.find(c, id)
	if err != nil {
		return AutomationExecution{}, err
	}
	read(e)
	view, visible := e.past.at(c.now.Add(-m.lag))
	if !visible {
		return view, failf(400, "AutomationExecutionNotFoundException", "Automation execution %s does not exist.", id)
	}
	return view, nil
}

// sendRequest is the request of SendAutomationSignal.
type sendRequest struct {
	getRequest
	SignalType *string
	Payload    *map[string][]string
}

func (in sendRequest) check(v *constraints) {
	in.getRequest.check(v)
	v.required("signalType", in.SignalType, 0, 1<<10)
	v.enum("signalType", in.SignalType, signalTypes...)
	if in.Payload != nil {
		checkPayload(v, *in.Payload)
	}
}

func (m *ssm) sendAutomationSignal(c *call, in sendRequest) (any, *apiError) {
	e, err := m.find(c, *in.AutomationExecutionID)
	if err != nil {
		return nil, err
	}
	if err := e.signal(Signal{c.now, *in.SignalType, or(in.Payload, nil), c.caller.ARN}); err != nil {
		return nil, err
	}
	c.accept()
	return struct{}{}, nil
}

func checkPayload(v *constraints, payload map[string][]string) {
	outside := func(n, low, high int) bool { return n < low || n > high }
	v.length("payload", len(payload), 1, 200)
	var keys, lists, items bool
	for key, list := range payload {
		keys = keys || outside(utf8.RuneCountInString(key), 1, 50)
		lists = lists || outside(len(list), 0, 50)
		items = items || slices.ContainsFunc(list, func(item string) bool { return outside(utf8.RuneCountInString(item), 1, 512) })
	}
	if keys {
		v.add("payload", "Map keys must satisfy constraint: [Member must have length less than or equal to 50, Member must have length greater than or equal to 1]")
	}
	if lists {
		v.add("payload", "Map value must satisfy constraint: [Member must have length less than or equal to 50, Member must have length greater than or equal to 0]")
	}
	if items {
		v.add("payload", "Map value must satisfy constraint: [Member must satisfy constraint: [Member must have length less than or equal to 512, Member must have length greater than or equal to 1]]")
	}
}

// getRequest is the request of GetAutomationExecution.
type getRequest struct {
	AutomationExecutionID *string `json:"AutomationExecutionId"`
}

func (in getRequest) check(v *constraints) {
	v.required("automationExecutionId", in.AutomationExecutionID, 36, 36)
}

func (m *ssm) getAutomationExecution(c *call, in getRequest) (any, *apiError) {
	view, err := m.view(c, *in.AutomationExecutionID, func(e *execution) { e.read(c.now) })
	if err != nil {
		return nil, err
	}
	if len(view.StepExecutions) > m.stepLimit {
		view.StepExecutions, view.StepExecutionsTruncated = view.StepExecutions[:m.stepLimit], true
	}
	return struct{ AutomationExecution AutomationExecution }{view}, nil
}

// stepMembers are the members by which steps are filtered.
var stepMembers = map[string]func(StepExecution) string{
	"StepExecutionStatus": func(s StepExecution) string { return s.StepStatus },
	"StepExecutionId":     func(s StepExecution) string { return s.StepExecutionID },
	"StepName":            func(s StepExecution) string { return s.StepName },
	"Action":              func(s StepExecution) string { return s.Action },
}

type executionFilter struct {
	Key    *string
	Values []string
}

// checkFilters checks the filters of a list, which have these keys.
func checkFilters[T any](v *constraints, filters []executionFilter, keys map[string]T) {
	for i, f := range filters {
		at := "filters." + strconv.Itoa(i+1) + ".member."
		v.required(at+"key", f.Key, 0, 1<<10)
		v.enum(at+"key", f.Key, slices.Sorted(maps.Keys(keys))...)
		v.length(at+"values", len(f.Values), 1, 10)
	}
}

// stepsRequest is the request of DescribeAutomationStepExecutions.
type stepsRequest struct {
	getRequest
	Filters      []executionFilter
	MaxResults   *int
	NextToken    string
	ReverseOrder bool
}

func (in stepsRequest) check(v *constraints) {
	in.getRequest.check(v)
	v.between("maxResults", in.MaxResults, 1, 50)
	checkFilters(v, in.Filters, stepMembers)
}

func (m *ssm) describeAutomationStepExecutions(c *call, in stepsRequest) (any, *apiError) {
	view, err := m.view(c, *in.AutomationExecutionID, func(*execution) {})
	if err != nil {
		return nil, err
	}
	steps := slices.DeleteFunc(slices.Clone(view.StepExecutions), func(s StepExecution) bool {
		for _, f := range in.Filters {
			if !slices.Contains(f.Values, stepMembers[*f.Key](s)) {
				return true
			}
		}
		return false
	})
	if in.ReverseOrder {
		slices.Reverse(steps)
	}
	steps, next, ok := pageOf(steps, view.AutomationExecutionID, in.NextToken, or(in.MaxResults, 50))
	if !ok {
		return nil, failf(400, "InvalidNextToken", "The specified token is not valid.")
	}
	return struct {
		StepExecutions []StepExecution
		NextToken      string `json:",omitempty"`
	}{steps, next}, nil
}

// executionMembers are the members by which executions are filtered; nil for filters of the
// API that the sandbox does not have. AWS does not document the format of StartTimeBefore
// and StartTimeAfter.
var executionMembers = map[string]func(AutomationExecution, string) bool{
	"DocumentNamePrefix": func(e AutomationExecution, value string) bool { return strings.HasPrefix(e.DocumentName, value) },
	"ExecutionStatus":    func(e AutomationExecution, value string) bool { return e.AutomationExecutionStatus == value },
	"ExecutionId":        func(e AutomationExecution, value string) bool { return e.AutomationExecutionID == value },
	"ParentExecutionId":  func(e AutomationExecution, value string) bool { return e.ParentExecutionID == value },
	"CurrentAction":      func(e AutomationExecution, value string) bool { return e.CurrentAction == value },
	"AutomationType":     func(_ AutomationExecution, value string) bool { return value == "Local" },
	"StartTimeBefore":    nil, "StartTimeAfter": nil, "TagKey": nil, "TargetResourceGroup": nil, "AutomationSubtype": nil, "OpsItemId": nil,
}

// executionsRequest is the request of DescribeAutomationExecutions.
type executionsRequest struct {
	Filters    *[]executionFilter
	MaxResults *int
	NextToken  string
}

func (in executionsRequest) check(v *constraints) {
	v.between("maxResults", in.MaxResults, 1, 50)
	if in.Filters == nil {
		return
	}
	v.length("filters", len(*in.Filters), 1, 10)
	checkFilters(v, *in.Filters, executionMembers)
	for i, f := range *in.Filters {
		for _, value := range f.Values {
			v.length("filters."+strconv.Itoa(i+1)+".member.values", utf8.RuneCountInString(value), 1, 150)
		}
	}
}

// automationMetadata has the members of the API's structure AutomationExecutionMetadata.
type automationMetadata struct {
	AutomationExecutionID     string `json:"AutomationExecutionId"`
	AutomationExecutionStatus string
	AutomationType            string
	CurrentAction             string `json:",omitempty"`
	CurrentStepName           string `json:",omitempty"`
	DocumentName              string
	DocumentVersion           string
	ExecutedBy                string `json:",omitempty"`
	ExecutionStartTime        epoch
	ExecutionEndTime          epoch  `json:",omitzero"`
	FailureMessage            string `json:",omitempty"`
	Mode                      string
	Outputs                   map[string][]string
	ParentExecutionID         string `json:"ParentAutomationExecutionId,omitempty"`
}

// describeAutomationExecutions lists executions in an arbitrary order, because none is documented.
func (m *ssm) describeAutomationExecutions(c *call, in executionsRequest) (any, *apiError) {
	found := []automationMetadata{}
	for _, id := range slices.Sorted(maps.Keys(m.executions)) {
		view, err := m.view(c, id, func(*execution) {})
		if err != nil {
			continue
		}
		fits := true
		if in.Filters != nil {
			for _, f := range *in.Filters {
				matches := executionMembers[*f.Key]
				if matches == nil {
					return nil, failf(400, "InvalidFilterKey", "The sandbox does not play the filter %s.", *f.Key)
				}
				fits = fits && slices.ContainsFunc(f.Values, func(value string) bool { return matches(view, value) })
			}
		}
		if fits {
			found = append(found, automationMetadata{
				view.AutomationExecutionID, view.AutomationExecutionStatus, "Local", view.CurrentAction, view.CurrentStepName, view.DocumentName, view.DocumentVersion,
				view.ExecutedBy, view.ExecutionStartTime, view.ExecutionEndTime, view.FailureMessage, view.Mode, view.Outputs, view.ParentExecutionID,
			})
		}
	}
	found, next, ok := pageOf(found, "executions", in.NextToken, or(in.MaxResults, 50))
	if !ok {
		return nil, failf(400, "InvalidNextToken", "The specified token is not valid.")
	}
	return struct {
		AutomationExecutionMetadataList []automationMetadata
		NextToken                       string `json:",omitempty"`
	}{found, next}, nil
}

// startAutomationRequest is the request of StartAutomationExecution.
type startAutomationRequest struct {
	DocumentName, Mode, ClientToken *string
	Parameters                      *map[string][]string
}

func (in startAutomationRequest) check(v *constraints) {
	v.required("documentName", in.DocumentName, 0, 1<<10)
	v.pattern("documentName", in.DocumentName, documentName)
	v.enum("mode", in.Mode, "Auto", interactive)
	v.optional("clientToken", in.ClientToken, 36, 36)
	if in.Parameters != nil {
		v.length("parameters", len(*in.Parameters), 1, 200)
	}
}

func (m *ssm) startAutomationExecution(c *call, in startAutomationRequest) (any, *apiError) {
	a, known := m.documents[*in.DocumentName]
	if !known {
		return nil, failf(400, "AutomationDefinitionNotFoundException", "Automation document %s does not exist.", *in.DocumentName)
	}
	a.ID, a.DocumentName, a.Region = "", *in.DocumentName, c.region
	if in.Mode != nil {
		a.Mode = *in.Mode
	}
	if in.Parameters != nil {
		a.Parameters = *in.Parameters
	}
	id := m.begin(a, c.caller.ARN)
	c.accept()
	return map[string]string{"AutomationExecutionId": id}, nil
}

// StartAutomation starts an execution and returns its id. It panics if the description is invalid.
func (s *Sandbox) StartAutomation(a Automation) string {
	return s.ssm.start(valid(a))
}

// Automation is the present state of an execution, without the lag of reads, and whether it exists.
func (s *Sandbox) Automation(id string) (AutomationState, bool) {
	s.ssm.mu.Lock()
	defer s.ssm.mu.Unlock()
	e := s.ssm.executions[id]
	if e == nil {
		return AutomationState{}, false
	}
	e.settle(s.now())
	return e.state(), true
}

func (m *ssm) routes() []route {
	return []route{
		{"GET /_sandbox/ssm/executions", "all executions", all(func() []AutomationState { return states(&m.mu, m.executions, m.sandbox.Automation) })},
		{"POST /_sandbox/ssm/executions", "start an Automation", given(func(a Automation) any { return map[string]string{"ID": m.start(a)} })},
		{"GET /_sandbox/ssm/executions/{id}", "one execution with its signals", named("execution", m.sandbox.Automation)},
	}
}
