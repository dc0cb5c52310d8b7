package sandbox

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// direct passes requests to a handler without a connection, so that a panic in the handler
// fails the test.
type direct struct{ http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	answer := httptest.NewRecorder()
	d.ServeHTTP(answer, r)
	return answer.Result(), nil
}

// someUUID is an id that every service accepts.
const someUUID = "12345678-1234-1234-1234-123456789012"

// populated returns a sandbox with a target of each service, with ids that a fuzzer can
// use.
func populated(s *Sandbox) {
	s.Reset()
	s.StartAutomation(Automation{ID: someUUID, Steps: []Step{{Name: "approve", Action: "aws:approve"}}})
	s.StartWorkflow(Workflow{WorkflowID: "order-1", RunID: "run-1", Closes: map[string]string{"release": "COMPLETED"}})
	s.StartFileWorkflow(FileWorkflow{WorkflowID: "w-0123456789abcdef0", ExecutionID: someUUID, Steps: []FileStep{{Token: "token"}}})
	s.StartMachine(MachineExecution{ARN: fixedMachine, States: []MachineState{{Token: "token"}}})
	s.StartPipeline(Pipeline{Name: "release", Stages: []PipelineStage{{Name: "Approve", Actions: []PipelineAction{{Name: "Ask"}}}}})
	s.StartServiceDeployment(ServiceDeployment{Service: "web", ID: "first", Stages: []DeploymentStage{{HookID: "hook"}, {HookID: "next"}}})
	s.StartCloudFormationStack(CloudFormationStack{Name: "web", Resources: []CloudFormationResource{{Name: "Hosts", Signals: 1}}})
	s.StartStack(Stack{ID: someUUID, Conditions: []WaitCondition{{Name: "Deployed"}}})
	s.StartOOSExecution(OOSExecution{ID: "exec-1", Tasks: []OOSTask{{Name: "gate", Action: approveAction}}})
	s.AddTriggerJob(TriggerJob{})
}

// fuzzed is a service whose requests are signed: its signing name, its operations, and what
// the service adds to an operation in X-Amz-Target, or its version in x-acs-version. Both are
// "" if the operation is in a form.
type fuzzed struct {
	name, target, acs string
	operations        []string
}

func (a *awsJSON) fuzzed() fuzzed {
	return fuzzed{name: a.service, target: a.target + ".", operations: slices.Sorted(maps.Keys(a.operations))}
}

func (q *awsQuery) fuzzed() fuzzed {
	return fuzzed{name: q.service, operations: slices.Sorted(maps.Keys(q.operations))}
}

func (a *acsRPC) fuzzed() fuzzed {
	return fuzzed{name: a.service, acs: a.version, operations: slices.Sorted(maps.Keys(a.operations))}
}

// FuzzSignedRequests sends any well-signed request to the AWS services and those of Alibaba
// Cloud. No request makes the sandbox panic or fail.
func FuzzSignedRequests(f *testing.F) {
	s := New(Options{Now: newClock().now})
	var services []fuzzed
	for _, one := range s.services {
		switch one := one.(type) {
		case interface{ fuzzed() fuzzed }:
			services = append(services, one.fuzzed())
		case *temporal, *cloudAutomator: // They have no signatures.
		default:
			f.Fatalf("no fuzz test knows how to ask %s", one.name())
		}
	}
	for i, service := range services {
		for _, operation := range service.operations {
			for _, body := range []string{
				"", "{}", "null", `{"AutomationExecutionId":"` + someUUID + `","SignalType":"Approve","Payload":{"Comment":["c"]}}`,
				`{"domain":"sandbox","workflowId":"order-1","runId":"run-1","signalName":"release","input":"x","execution":{"workflowId":"order-1","runId":"run-1"},` +
					`"executionFilter":{"workflowId":"order-1"},"startTimeFilter":{"oldestDate":1},"maximumPageSize":1,"nextPageToken":"x","reverseOrder":true}`,
				`{"WorkflowId":"w-0123456789abcdef0","ExecutionId":"` + someUUID + `","Token":"token","Status":"SUCCESS"}`,
				`{"taskToken":"token","output":"{}","executionArn":"` + fixedMachine + `","maxResults":1,"nextToken":"1","reverseOrder":true}`,
				`{"name":"release","pipelineName":"release","stageName":"Approve","actionName":"Ask","result":{"status":"Approved","summary":""},"token":"` + someUUID + `",` +
					`"pipelineExecutionId":"` + someUUID + `","filter":{"pipelineExecutionId":"` + someUUID + `"},"maxResults":1}`,
				`{"serviceDeploymentArn":"` + fixedDeployment + `","serviceDeploymentArns":["` + fixedDeployment + `"],"hookId":"hook","action":"ROLLBACK","cluster":"default","service":"web",` +
					`"status":["IN_PROGRESS"],"createdAt":{"after":1},"maxResults":1,"nextToken":"1"}`,
				"Action=AssumeRole&Version=2011-06-15&RoleArn=arn:aws:iam::123456789012:role/x&RoleSessionName=s&DurationSeconds=900",
				"Action=SignalResource&Version=2010-05-15&StackName=web&LogicalResourceId=Hosts&UniqueId=u&Status=FAILURE",
				"Action=DescribeStackEvents&Version=2010-05-15&StackName=web&NextToken=MQ==", "Action=DescribeStackResource&Version=2010-05-15&StackName=web&LogicalResourceId=Hosts",
				"RegionId=cn-hangzhou&ExecutionId=exec-1&NotifyType=Approve&NotifyNote=n&TaskName=gate&MaxResults=50&NextToken=1&TemplateName=t&IncludeChildTaskExecution=true&StartDateAfter=2026-03-25T16:24:49Z",
				"RegionId=cn-hangzhou&StackId=" + someUUID + "&LogicalResourceId=Deployed&Status=SUCCESS&UniqueId=u&ClientToken=t&PageSize=1&PageNumber=99999999999",
			} {
				f.Add(uint8(i), operation, body)
			}
		}
	}
	f.Fuzz(func(t *testing.T, i uint8, operation, body string) {
		service := services[int(i)%len(services)]
		populated(s)
		c := &client{
			t: t, url: "http://127.0.0.1", now: s.now, key: "sandbox-access-key", secret: "sandbox-secret-key", region: "us-east-1", service: service.name,
			http: &http.Client{Transport: direct{s.Handler()}},
		}
		// No client sends a header with such a value.
		operation = strings.Map(func(r rune) rune {
			if r <= ' ' || r > '~' {
				return -1
			}
			return r
		}, operation)
		var a answer
		if service.acs != "" {
			parameters, err := url.ParseQuery(body)
			if err != nil {
				return
			}
			a = c.acs(service.acs, operation, nil, parameters).answer
		} else {
			headers := map[string]string{"content-type": "application/x-amz-json-1.1", "x-amz-target": service.target + operation}
			if service.target == "" {
				headers = map[string]string{"content-type": "application/x-www-form-urlencoded"}
			}
			a = c.do(c.request(context.Background(), headers, body))
		}
		if a.err != nil || a.status == 0 || a.status >= 500 {
			t.Errorf("%s %s %q answered %d %s %v", service.name, operation, body, a.status, a.raw, a.err)
		}
	})
}

// FuzzRequests sends any request to the sandbox, including its administration. No request
// makes it panic, and no unsigned request acts on a service that requires a signature.
func FuzzRequests(f *testing.F) {
	clk := newClock()
	s := New(Options{Now: clk.now})
	for _, header := range []string{
		"", "X-Amz-Target: AmazonSSM.SendAutomationSignal\nAuthorization: AWS4-HMAC-SHA256 Credential=sandbox-access-key/20260325/us-east-1/ssm/aws4_request, SignedHeaders=host, Signature=0",
		"Authorization: AWS4-HMAC-SHA256 Credential=/////, SignedHeaders=;;, Signature=\nX-Amz-Date: 20260325T162449Z\nX-Amz-Target: SimpleWorkflowService.SignalWorkflowExecution",
		"X-Acs-Action: SignalResource\nX-Acs-Version: 2019-09-10\nAuthorization: ACS3-HMAC-SHA256 Credential=sandbox-access-key,SignedHeaders=host;x-acs-date,Signature=0\nX-Acs-Date: 2026-03-25T16:24:49Z\nX-Acs-Signature-Nonce: n",
		"Authorization: Bearer sandbox-api-key\nContent-Type: application/vnd.api+json", "Authorization: CAAuth x",
	} {
		for _, target := range []string{"POST /", "POST /?Action=SignalResource&Version=2019-09-10", "GET /api/v1/jobs/1001", "POST /api/v1/jobs", "PATCH /api/v1/jobs/1001", "POST /trigger/x"} {
			f.Add(target, header, `{"data":{"type":"job","attributes":{"name":"n","group_id":1,"aws_account_id":1,"rule_type":"webhook","action_type":"create_ami","action_value":{}}}}`)
		}
	}
	for target, body := range map[string]string{
		"POST /_sandbox/faults":                  `{"Operation":"*","Kind":"throttle","Rate":1e308,"Delay":"1ns"}`,
		"POST /_sandbox/ssm/executions":          `{"Steps":[{"Name":"a","Action":"aws:sleep","SleepSeconds":9223372036854775807},{"Name":"b","Action":"aws:branch","Choices":[{}]}]}`,
		"POST /_sandbox/swf/executions":          `{"WorkflowID":"w","Markers":-1,"StartSeconds":-1}`,
		"POST /_sandbox/swf/close":               `{"Domain":"sandbox","WorkflowID":"order-1","CloseStatus":"CONTINUED_AS_NEW"}`,
		"POST /_sandbox/transfer/executions":     `{"Steps":[{"Type":"COPY","Seconds":-1},{}],"OnExceptionSteps":[{}]}`,
		"POST /_sandbox/cloudformation/stacks":   `{"Resources":[{"Name":"a","Signals":1,"TimeoutSeconds":9223372036854775807},{"Name":"b","DependsOn":["a"]}]}`,
		"POST /_sandbox/ros/stacks":              `{"Conditions":[{"Name":"a","DependsOn":["b"]}],"Sleeps":[{"Name":"b","DependsOn":["a"]}]}`,
		"POST /_sandbox/oos/executions":          `{"Tasks":[{"Name":"a","Action":"ACS::Approve","Loop":["x","y"]},{"Name":"b","Seconds":9223372036854775807}]}`,
		"PUT /_sandbox/cloudautomator/options":   `{}`,
		"POST /_sandbox/cloudautomator/jobs":     `{}`,
		"POST /_sandbox/cloudautomator/jobs/1/x": `{}`,
	} {
		f.Add(target, "", body)
	}
	f.Fuzz(func(t *testing.T, target, header, body string) {
		method, path, _ := strings.Cut(target, " ")
		r, err := http.NewRequestWithContext(t.Context(), method, "http://127.0.0.1"+path, strings.NewReader(body))
		if err != nil {
			return
		}
		for line := range strings.SplitSeq(header, "\n") {
			if name, value, ok := strings.Cut(line, ": "); ok {
				r.Header.Add(name, value)
			}
		}
		populated(s)
		answer := httptest.NewRecorder()
		s.Handler().ServeHTTP(answer, r)
		if answer.Code >= 500 {
			t.Errorf("%s answered %d %s", target, answer.Code, answer.Body)
		}
		for _, e := range s.RequestLog() {
			if e.Accepted && e.Service != s.cloudAutomator.name() {
				t.Errorf("accepted %s", e)
			}
		}
		// Everything that was created moves on, and can be shown.
		clk.advance(time.Hour)
		for _, state := range []string{"ssm/executions", "swf/executions/sandbox", "transfer/executions", "cloudformation/stacks", "ros/stacks", "oos/executions", "cloudautomator/jobs"} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1/_sandbox/"+state, nil)
			if err != nil {
				t.Fatal(err)
			}
			s.Handler().ServeHTTP(httptest.NewRecorder(), r)
		}
	})
}
