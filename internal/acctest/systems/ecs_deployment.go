package systems

import (
	"fmt"
	"strings"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// answerHook returns the arguments that let a paused deployment continue.
func answerHook(d sandbox.ServiceDeploymentState) Values {
	return Values{"service_deployment_arn": d.ARN, "hook_id": d.HookID, "action": "CONTINUE"}
}

var ecsDeployment = []System{{
	Type:       "signal_ecs_deployment",
	Package:    "ecs",
	Block:      "aws",
	Endpoint:   "ecs",
	Operation:  "ContinueServiceDeployment",
	Permission: "ecs:ContinueServiceDeployment",
	HasAction:  true,
	Ready: func(s *sandbox.Sandbox) Values {
		return answerHook(s.StartServiceDeployment(sandbox.ServiceDeployment{Stages: []sandbox.DeploymentStage{{}, {}}, AcceptRepeats: true}))
	},
	Resends: Values{
		"service_deployment_arn": deploymentARN("another"),
		"hook_id":                "another",
		"action":                 "ROLLBACK",
		"region":                 "eu-central-1",
	},
	Together: Values{"cluster": "default", "service": "web", "lifecycle_stage": "POST_SCALE_UP", "started_after": "2026-01-31T12:00:00Z"},
	Optional: []string{"action"},
	Missing:  Values{"service_deployment_arn": deploymentARN("nothing")}, MissingAt: "service_deployment_arn",
	IsSuccess: emptyAnswer,
	// As botocore 1.43.11 serializes the API model 2014-11-13.
	Requests: []Request{{
		Name:      "minimal",
		Arguments: Values{"service_deployment_arn": deploymentARN("d"), "hook_id": "h"},
		Header:    ecsHeader,
		Body:      fmt.Sprintf(`{"serviceDeploymentArn": %q, "hookId": "h"}`, deploymentARN("d")),
	}, {
		Name:      "full",
		Arguments: Values{"service_deployment_arn": deploymentARN("d"), "hook_id": "<h\u00e9>", "action": "ROLLBACK", "region": "us-east-1"},
		Header:    ecsHeader,
		Body:      fmt.Sprintf(`{"serviceDeploymentArn": %q, "hookId": "<h\u00e9>", "action": "ROLLBACK"}`, deploymentARN("d")),
	}},
	Gate: &Gate{
		Read:       "DescribeServiceDeployments",
		Permission: "ecs:DescribeServiceDeployments",
		Running: func(s *sandbox.Sandbox, end string) Values {
			last := map[string]sandbox.DeploymentStage{
				Well: {Name: "BAKE_TIME", Seconds: seconds}, Badly: {Name: "BAKE_TIME", Seconds: seconds, Fail: "the disk is full"}, Never: {Name: "BAKE_TIME", Hold: true},
			}[end]
			return answerHook(s.StartServiceDeployment(sandbox.ServiceDeployment{Stages: []sandbox.DeploymentStage{{}, last}}))
		},
		Unready: func(s *sandbox.Sandbox) Values {
			d := s.StartServiceDeployment(sandbox.ServiceDeployment{Stages: []sandbox.DeploymentStage{{HookID: "ecs-pause-later"}}, StartSeconds: seconds})
			return Values{"service_deployment_arn": d.ARN, "hook_id": "ecs-pause-later"}
		},
		Absent:    []Absent{{When: "the deployment does not exist", Arguments: Values{"service_deployment_arn": deploymentARN("nothing")}, Waits: []string{Ready}}},
		IsRunning: "IN_PROGRESS", Succeeded: "SUCCESSFUL", Failed: "ROLLBACK_SUCCESSFUL", Expires: "a hook",
		Reason: "the disk is full",
		Batch: &Batch{
			Operation: "DescribeServiceDeployments", Reads: "up to twenty deployments",
			Is: func(r sandbox.Request) bool { return strings.Count(r.Body, ":service-deployment/") > 1 },
		},
	},
	Lost:    ReadBack,
	ShownBy: "DescribeServiceDeployments",
	Interrupted: func(s *sandbox.Sandbox, at Moment) (Values, string) {
		d := sandbox.ServiceDeployment{Stages: []sandbox.DeploymentStage{{HookID: "ecs-pause-first"}, {}}}
		switch at {
		case UntilReady:
			d.StartSeconds = Later
		case Waiting:
			d.Stages[1].Seconds = Later
		}
		started := s.StartServiceDeployment(d)
		return Values{"service_deployment_arn": started.ARN, "hook_id": "ecs-pause-first"}, started.ARN
	},
	Guards: []Guarded{{Guard: ShownToken}},
	Demo: Demo{
		Title: "continue a deployment of an Amazon ECS service that is paused at a hook",
		Start: func(s *sandbox.Sandbox) {
			startDeployment(s, "web", ID(70), sandbox.DeploymentStage{HookID: "ecs-pause-" + ID(70)})
		},
		State: func(s *sandbox.Sandbox) string {
			d, _ := s.ServiceDeployment(serviceDeployment("web", ID(70)))
			return fmt.Sprintf("deployment %s, actions received: %d", d.Status, len(d.Actions))
		},
		Before: `deployment IN_PROGRESS, actions received: 0`,
		After:  `deployment SUCCESSFUL, actions received: 1`,
	},
	Examples: []Scenario{{
		Example:   "resources/signal_ecs_deployment",
		Variables: []Variable{{"service", "shop"}, {"task_definition_arn", "arn:aws:ecs:us-east-1:123456789012:task-definition/shop:7"}, {"service_deployment_arn", serviceDeployment("cart", ID(72))}, {"hook_id", "ecs-pause-" + ID(72)}},
		Start: func(s *sandbox.Sandbox) {
			startDeployment(s, "shop", ID(71), sandbox.DeploymentStage{Name: "POST_TEST_TRAFFIC_SHIFT"})
			startDeployment(s, "cart", ID(72), sandbox.DeploymentStage{HookID: "ecs-pause-" + ID(72)})
		},
	}, {
		Example:   "resources/signal_ecs_deployment_wait",
		Variables: []Variable{{"service", "till"}},
		Start: func(s *sandbox.Sandbox) {
			startDeployment(s, "till", ID(73), sandbox.DeploymentStage{Name: "POST_SCALE_UP"}, sandbox.DeploymentStage{Name: "POST_TEST_TRAFFIC_SHIFT"})
		},
	}},
	Docs: Docs{
		Service: "ECS",
		Named:   "by its `service_deployment_arn` and `hook_id`, or found by `cluster` and `service`",
		API:     awsAPI("AmazonECS/latest/APIReference"),
		Sends:   "the answer to a lifecycle hook that has paused a deployment of an Amazon ECS service: continue or roll back",
		Lost: "reads the deployment. If the hook still awaits an action, the signal has not arrived, and is sent again. " +
			"If the hook has ended as the signal asks, and the deployment was last updated at the time of the send, the signal is confirmed. Anything else is unknown",
		Repeats: "the `hook_id` belongs to one pause, and takes one action",
		AfterCrash: "the hook takes one action, and the service refuses another one. The apply then fails although the deployment has gone on: " +
			"remove the resource from the configuration. With `cluster` and `service`, also set `lifecycle_stage`: otherwise the next apply answers the next pause of the deployment.",
		Answers: []Answer{
			{"ServiceDeploymentNotFoundException", "service_deployment_arn", "the ARN, region and account"},
			{"InvalidParameterException", "hook_id", "whether the hook awaits an action, and the deployment is in progress"},
			{"ClientException", "hook_id", "the same; AWS does not document which of the two answers means what"},
			{"UnsupportedFeatureException", "", "whether ECS offers this in the region"},
			{"AccessDeniedException", "", "the permission `ecs:ContinueServiceDeployment`"},
		},
	},
}}

var ecsHeader = map[string]string{"X-Amz-Target": "AmazonEC2ContainerServiceV20141113.ContinueServiceDeployment", "Content-Type": "application/x-amz-json-1.1"}

func deploymentARN(id string) string { return serviceDeployment("web", id) }

// serviceDeployment is the ARN of a deployment in the default cluster.
func serviceDeployment(service, id string) string {
	return "arn:aws:ecs:us-east-1:123456789012:service-deployment/default/" + service + "/" + id
}

func startDeployment(s *sandbox.Sandbox, service, id string, stages ...sandbox.DeploymentStage) {
	s.StartServiceDeployment(sandbox.ServiceDeployment{Service: service, ID: id, Stages: stages})
}
