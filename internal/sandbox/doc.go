// Package sandbox is a local stand-in for signalling control planes, all on one loopback port.
//
// It is written from the services' API documents and shares no code with any client of
// them. It verifies signatures, enforces every documented constraint with the service's own
// error codes and shapes, keeps state, records every request in a request log, and injects
// faults. If a document leaves something open, an option of the scenario decides it.
//
// # One request
//
// Every service has the same stages: read, request log, authenticate, faults before,
// validate and act, faults after, answer. The entry in the request log is complete before
// the first byte of the answer leaves. So a client that has an answer finds its request in
// the log.
//
// # Administration
//
// A test can do everything over HTTP, in JSON, under /_sandbox/, that it can do in process.
// Member names are those of the Go types; durations are strings such as "250ms". These
// requests are not in the request log. GET /_sandbox/ lists all routes, including those of
// the services:
//
//	GET    /_sandbox/requests              all entries, oldest first
//	DELETE /_sandbox/requests              forget all entries
//	GET    /_sandbox/faults               injected faults
//	POST   /_sandbox/faults               inject one Fault
//	DELETE /_sandbox/faults               clear all faults
//	POST   /_sandbox/reset                forget request log, faults, issued keys and the state of every service
//	GET    /_sandbox/ssm/executions       all executions
//	POST   /_sandbox/ssm/executions       start an Automation; answers {"ID": ...}
//	GET    /_sandbox/ssm/executions/{id}  one execution with the signals it received
//	POST   /_sandbox/swf/domains          register a domain: {"Name": ...}
//	POST   /_sandbox/swf/executions       start a Workflow; answers {"RunID": ...}
//	GET    /_sandbox/swf/executions/{domain}
//	                                      all runs in a domain with their histories
//	POST   /_sandbox/swf/close            close an open run: {"Domain": ..., "WorkflowID": ..., "CloseStatus": ...};
//	                                      answers {"RunID": ...}, which CONTINUED_AS_NEW goes on with
//	GET    /_sandbox/transfer/executions  all executions
//	POST   /_sandbox/transfer/executions  start a FileWorkflow; answers its state
//	GET    /_sandbox/transfer/executions/{id}
//	                                      one execution with its tokens and the callbacks it received
//	GET    /_sandbox/sfn/executions       all executions of state machines
//	POST   /_sandbox/sfn/executions       start a MachineExecution; answers its state
//	GET    /_sandbox/sfn/executions/{arn} one execution with its token, its events and the answers it received
//	GET    /_sandbox/codepipeline/executions
//	                                      all executions of pipelines
//	POST   /_sandbox/codepipeline/executions
//	                                      start a Pipeline; answers its state
//	DELETE /_sandbox/codepipeline/executions/{id}
//	                                      stop an execution
//	GET    /_sandbox/ecs/deployments      all service deployments with their hooks and the actions they took
//	POST   /_sandbox/ecs/deployments      start a ServiceDeployment; answers its state
//	POST   /_sandbox/ecs/answers          answer the hook that awaits an action: {"ARN": ..., "Action": ...}
//	GET    /_sandbox/cloudformation/stacks
//	                                      all stacks of CloudFormation
//	POST   /_sandbox/cloudformation/stacks
//	                                      start a CloudFormationStack; answers {"ID": ...}
//	GET    /_sandbox/cloudformation/stacks/{name or ARN}
//	                                      one stack with its resources, events and the signals it took
//	DELETE /_sandbox/cloudformation/stacks/{name or ARN}
//	                                      make a stack as if it had never been
//	GET    /_sandbox/ros/stacks           all stacks
//	POST   /_sandbox/ros/stacks           start a Stack; answers {"ID": ...}
//	GET    /_sandbox/ros/stacks/{id}      one stack with its resources, events and the signals it took
//	DELETE /_sandbox/ros/stacks/{id}      make a stack as if it had never been
//	GET    /_sandbox/oos/executions       all executions of OOS templates
//	POST   /_sandbox/oos/executions       start an OOSExecution; answers {"ID": ...}
//	GET    /_sandbox/oos/executions/{id}  one execution with its tasks and the signals it took
//	GET    /_sandbox/cloudautomator/jobs              all Cloud Automator jobs with their runs
//	POST   /_sandbox/cloudautomator/jobs              put a TriggerJob there; answers its TriggerJobState
//	GET    /_sandbox/cloudautomator/jobs/{id}         one job with its runs
//	DELETE /_sandbox/cloudautomator/jobs/{id}         remove a job as in the console
//	POST   /_sandbox/cloudautomator/jobs/{id}/rotate  press the console's "Update" button: a new URL and access token
//	POST   /_sandbox/cloudautomator/jobs/{id}/active  make a job active or not: {"Active": false}
//	PUT    /_sandbox/cloudautomator/options           play another CloudAutomator
//
// # Adding a service
//
// A service is one file with a type that implements the service interface, and one line in New. AWS JSON
// services embed *awsJSON or *awsQuery, which leaves only the operations and the admin routes to write.
package sandbox
