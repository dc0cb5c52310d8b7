package systems

import (
	"fmt"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// approvalStage is a stage whose one action waits for approval.
var approvalStage = sandbox.PipelineStage{Name: "Approve", Actions: []sandbox.PipelineAction{{Name: "Release"}}}

// deployStage returns a stage with one action that takes this number of seconds, and fails
// if fail is not "".
func deployStage(seconds int, fail string) sandbox.PipelineStage {
	return sandbox.PipelineStage{Name: "Deploy", Actions: []sandbox.PipelineAction{{Name: "Deploy", Seconds: seconds, Fail: fail}}}
}

// buildStage returns a stage that takes some time before an approval waits.
func buildStage(seconds int) sandbox.PipelineStage {
	return sandbox.PipelineStage{Name: "Build", Actions: []sandbox.PipelineAction{{Name: "Compile", Seconds: seconds}}}
}

// approveRelease answers the approval of a pipeline.
func approveRelease(of sandbox.PipelineState) Values {
	return Values{
		"pipeline_name": of.Name, "stage_name": "Approve", "action_name": "Release", "status": "Approved",
		"pipeline_execution_id": of.ExecutionID,
	}
}

// approveToken is like approveRelease, with the token, so no search is needed.
func approveToken(of sandbox.PipelineState) Values {
	return approveRelease(of).With(Values{"token": of.Token})
}

var codepipelineApproval = []System{{
	Type:       "signal_codepipeline_approval",
	Package:    "codepipeline",
	Block:      "aws",
	Endpoint:   "codepipeline",
	Operation:  "PutApprovalResult",
	Permission: "codepipeline:PutApprovalResult",
	HasAction:  true,
	Ready: func(s *sandbox.Sandbox) Values {
		of := s.StartPipeline(sandbox.Pipeline{Name: anotherPipeline(s), Stages: []sandbox.PipelineStage{approvalStage, {Name: "Test", Actions: approvalStage.Actions}}, AcceptRepeats: true})
		return approveToken(of).With(Values{"summary": "release 7"})
	},
	Resends: Values{
		"pipeline_name":         "another",
		"stage_name":            "another",
		"action_name":           "another",
		"status":                "Rejected",
		"summary":               "another",
		"token":                 ID(0),
		"pipeline_execution_id": ID(0),
		"region":                "eu-central-1",
	},
	Optional:  []string{"summary", "token", "pipeline_execution_id"},
	Missing:   Values{"pipeline_name": "nobody"},
	MissingAt: "pipeline_name",
	IsSuccess: func(members map[string]any, _ string) bool { return members["approvedAt"] != nil },
	// As botocore 1.43.11 serializes the API model 2015-07-09.
	Requests: []Request{{
		Name:      "minimal",
		Arguments: Values{"pipeline_name": "p", "stage_name": "s", "action_name": "a", "status": "Approved", "token": ID(0)},
		Header:    codepipelineHeader,
		Body:      fmt.Sprintf(`{"pipelineName": "p", "stageName": "s", "actionName": "a", "result": {"summary": "", "status": "Approved"}, "token": %q}`, ID(0)),
	}, {
		Name: "full",
		Arguments: Values{
			"pipeline_name": "p", "stage_name": "s.@-_", "action_name": "a", "status": "Rejected", "summary": "<\u00e9>\n", "token": ID(0),
			"pipeline_execution_id": ID(1), "region": "eu-west-1",
		},
		Header: codepipelineHeader,
		Body:   fmt.Sprintf(`{"pipelineName": "p", "stageName": "s.@-_", "actionName": "a", "result": {"summary": "<\u00e9>\n", "status": "Rejected"}, "token": %q}`, ID(0)),
	}},
	Gate: &Gate{
		Read:       "GetPipelineExecution",
		Permission: "codepipeline:GetPipelineExecution",
		Running: func(s *sandbox.Sandbox, end string) Values {
			last := map[string]sandbox.PipelineStage{
				Well: deployStage(seconds, ""), Badly: deployStage(seconds, "the disk is full"), Never: {Name: "Test", Actions: approvalStage.Actions},
			}[end]
			return approveToken(s.StartPipeline(sandbox.Pipeline{Name: anotherPipeline(s), Stages: []sandbox.PipelineStage{approvalStage, last}}))
		},
		NotReady: "The execution has not come to this approval.",
		Unready: func(s *sandbox.Sandbox) Values {
			return approveRelease(s.StartPipeline(sandbox.Pipeline{Name: anotherPipeline(s), Stages: []sandbox.PipelineStage{buildStage(seconds), approvalStage}}))
		},
		Absent: []Absent{
			{When: "the pipeline does not exist", Arguments: Values{"pipeline_name": "nobody", "pipeline_execution_id": ID(99)}},
			{When: "the pipeline has no such execution", Arguments: Values{"pipeline_execution_id": ID(99)}},
		},
		IsRunning: "InProgress", Succeeded: "Succeeded", Failed: "Failed",
		Reason: "the disk is full",
		Adopts: true,
	},
	Lost:     ReadBack,
	ShownBy:  "GetPipelineState",
	ProvedBy: "ListActionExecutions",
	Interrupted: func(s *sandbox.Sandbox, at Moment) (Values, string) {
		of := sandbox.Pipeline{
			Name:   fmt.Sprintf("interrupted-%d", len(s.Pipelines(""))) + "-",
			Stages: []sandbox.PipelineStage{approvalStage, {Name: "Test", Actions: approvalStage.Actions}},
		}
		switch at {
		case UntilReady:
			of.Stages = []sandbox.PipelineStage{buildStage(Later), approvalStage}
			started := s.StartPipeline(of)
			return approveRelease(started), of.Name
		case Waiting:
			of.Stages[1] = deployStage(Later, "")
		}
		return approveToken(s.StartPipeline(of)), of.Name
	},
	Guards: []Guarded{{Guard: ShownToken}, adopting},
	Demo: Demo{
		Title: "approve a stage of an AWS CodePipeline pipeline",
		Start: func(s *sandbox.Sandbox) { startRelease(s, "release") },
		State: func(s *sandbox.Sandbox) string {
			of := s.Pipelines("release")[0]
			return fmt.Sprintf("execution %s, answers received: %d", of.Status, len(of.Results))
		},
		Before: `execution InProgress, answers received: 0`,
		After:  `execution Succeeded, answers received: 1`,
	},
	Examples: []Scenario{{
		Example:   "resources/signal_codepipeline_approval",
		Variables: []Variable{{"pipeline_name", "blog"}, {"last_pipeline_name", "shop"}, {"release", "1.2.3"}},
		Start: func(s *sandbox.Sandbox) {
			startRelease(s, "blog")
			startRelease(s, "shop")
		},
	}, {
		Example:   "resources/signal_codepipeline_approval_wait",
		Variables: []Variable{{"pipeline_execution_id", ID(40)}},
		Start: func(s *sandbox.Sandbox) {
			s.StartPipeline(sandbox.Pipeline{Name: "website", ExecutionID: ID(40), Mode: "PARALLEL", Stages: []sandbox.PipelineStage{
				{Name: "Approve", Actions: []sandbox.PipelineAction{{Name: "Security"}, {Name: "Release"}}},
			}})
		},
	}},
	Docs: Docs{
		Service: "CodePipeline",
		Named:   "by its `pipeline_name`, `stage_name` and `action_name`. The signal goes to the approval that waits, or to that of `token` or `pipeline_execution_id`",
		API:     awsAPI("codepipeline/latest/APIReference"),
		Sends:   "the answer to a manual approval of an AWS CodePipeline pipeline",
		Lost:    "reads the approval. If it still waits, the signal is sent again. If it is closed, its answer is read. An answer from the time of the send with this status and `summary`, by the caller of this provider, confirms the signal. If another status or `summary` has closed the approval, the signal is rejected. Anything else is unknown",
		Repeats: "the `token` works for one answer",
		LookUp:  "Without `token`, the provider first finds the token with one `GetPipelineState` request, which needs `codepipeline:GetPipelineState` on the pipeline. With `pipeline_execution_id` it also needs `codepipeline:GetPipelineExecution`, and for a pipeline in `PARALLEL` mode `codepipeline:ListActionExecutions`.",
		AfterCrash: "the token works for one answer, and the service refuses a used one. Without `token`, the next apply finds that the approval no longer waits. If another execution waits by then, it answers that approval. " +
			"To prevent this, set `pipeline_execution_id`.",
		Answers: []Answer{
			{"InvalidApprovalTokenException", "token", "whether the approval was answered, has timed out, or its execution has ended"},
			{"ApprovalAlreadyCompletedException", "token", "who has answered the approval"},
			{"PipelineNotFoundException", "pipeline_name", "the pipeline's name, region and account"},
			{"StageNotFoundException", "stage_name", "the stage's name"},
			{"ActionNotFoundException", "action_name", "the action's name"},
			{"AccessDeniedException", "", "the permission `codepipeline:PutApprovalResult`"},
		},
	},
}}

var codepipelineHeader = map[string]string{"X-Amz-Target": "CodePipeline_20150709.PutApprovalResult", "Content-Type": "application/x-amz-json-1.1"}

// anotherPipeline returns a name that no pipeline has.
func anotherPipeline(s *sandbox.Sandbox) string {
	return fmt.Sprintf("website-%d", len(s.Pipelines("")))
}

func startRelease(s *sandbox.Sandbox, name string) {
	s.StartPipeline(sandbox.Pipeline{Name: name, Stages: []sandbox.PipelineStage{approvalStage}})
}
