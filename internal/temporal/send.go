package temporal

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// permission is the permission that a refused request needs.
const permission = "the Write role in the namespace, or what the server's authorizer asks for to call SignalWorkflowExecution"

// signalBody is the body of SignalWorkflowExecution, without the members that are in the path.
// https://github.com/temporalio/api/blob/v1.53.0/temporal/api/workflowservice/v1/request_response.proto
type signalBody struct {
	WorkflowExecution execution       `json:"workflowExecution"`
	Input             json.RawMessage `json:"input,omitempty"`
	Identity          string          `json:"identity"`
	RequestID         string          `json:"requestId"`
}

// execution identifies a run. If RunID is empty, it is the current run.
type execution struct {
	WorkflowID string `json:"workflowId"`
	RunID      string `json:"runId,omitempty"`
}

// identityPrefix is the prefix of the identity of this provider's signals. The request id
// follows, because servers before 1.31 do not write it into the history.
const identityPrefix = "terraform-provider-signal/"

type request struct {
	client                    *Client
	namespace, workflow, name string
	body                      signalBody
}

// Send makes one SignalWorkflowExecution request.
func (r request) Send(ctx context.Context) delivery.Attempt {
	attempt := r.client.call(ctx, http.MethodPost, []string{"namespaces", r.namespace, "workflows", r.workflow, "signal", r.name}, nil, r.body, nil)
	if attempt.Outcome == delivery.Accepted || attempt.Code != "" {
		attempt.RequestID = r.body.RequestID
	}
	return attempt
}

// currentRun is a target for the run that is current when the signal arrives. The server
// recognises a repeat only in the run that has taken the signal, and another run may be
// current when the repeat arrives. So a repeat goes only to the run that the lost attempt
// went to, by its id.
type currentRun struct {
	request
	of workflow
	// lost is the first attempt whose answer was lost, and since is when it began. Both are
	// zero if there is none. Send forgets since when it returns lost as not repeatable: then
	// delivery calls Send again only if a lookup has shown that the signal has not arrived.
	lost  delivery.Attempt
	since delivery.Timestamp
}

// Send makes one request, and none if it is not known to which run a repeat must go.
func (c *currentRun) Send(ctx context.Context) delivery.Attempt {
	if c.since.IsZero() {
		began := delivery.Timestamp{At: delivery.FromNow(0)}
		attempt := c.request.Send(ctx)
		if attempt.Outcome == delivery.Unknown && attempt.Repeatable {
			c.lost, c.since = attempt, began
		}
		return attempt
	}
	if c.body.WorkflowExecution.RunID == "" {
		run, read := c.of.signalledSince(ctx, c.request, c.since)
		switch {
		case read.Outcome != delivery.Accepted && read.Retryable():
			return read
		case read.Outcome != delivery.Accepted, run == "":
			c.lost.Repeatable, c.since = false, delivery.Timestamp{}
			return c.lost
		}
		c.body.WorkflowExecution.RunID = run
	}
	return c.request.Send(ctx)
}

// explain returns the advice for the refusals of the frontend and of
// SignalWorkflowExecution, as server 1.29.1 returned them in tests.
func (r request) explain(attempt delivery.Attempt) signal.Advice {
	switch attempt.Code {
	case namespaceNotFound:
		return signal.Advice{Attribute: "namespace", Next: "Check the namespace, and that the address is that of its server. \"temporal operator namespace list\" lists those of a server."}
	case notFound:
		if strings.Contains(attempt.Message, "already completed") {
			return signal.Advice{Attribute: "workflow_id", Gone: true, Next: "The execution exists, but has closed, and takes no more signals. " + r.describe()}
		}
		return signal.Advice{Attribute: "workflow_id", Gone: true, Next: "There is no such execution in the namespace: it was never started there, or its retention period is over. Check the ids. " + r.describe()}
	case "INVALID_ARGUMENT":
		return signal.Advice{Next: "The server does not accept the request, and its message says why. A run takes 10000 signals, unless the server has another limit."}
	}
	return r.explainAccess(attempt)
}

// explainRead returns the advice for errors of the reads.
func (r request) explainRead(attempt delivery.Attempt) signal.Advice {
	if attempt.Code == "INVALID_ARGUMENT" {
		return signal.Advice{} // What explain says of it is about a signal.
	}
	return r.explain(attempt)
}

// explainAccess returns the advice for errors of any request.
func (r request) explainAccess(attempt delivery.Attempt) signal.Advice {
	switch {
	case attempt.Code == "UNAUTHENTICATED":
		return signal.Advice{Next: "Check the API key, api_key in the provider's temporal block or TEMPORAL_API_KEY in the environment, and renew it if it has expired. Where the server asks for a client certificate, check client_certificate and client_key."}
	case attempt.Code == "PERMISSION_DENIED" && strings.Contains(attempt.Message, "Host not allowed"):
		return signal.Advice{Next: "The server accepts requests only for the host names in its setting frontend.httpAllowedHosts: use one of them as the provider's temporal.address, or have this one added."}
	case attempt.Code == "PERMISSION_DENIED":
		return signal.Advice{Next: "The caller needs " + permission + "."}
	case attempt.Code == pathNotFound:
		return signal.Advice{Next: "The server's HTTP API has no such path: check the path of the address in the provider's temporal block, or of TEMPORAL_ADDRESS. The address has a path only if a proxy needs one."}
	case attempt.Code == "UNIMPLEMENTED":
		return signal.Advice{Next: "This server's HTTP API does not have this call: the server may be too old."}
	case attempt.Outcome == delivery.Unknown && attempt.Code == "":
		return signal.Advice{Next: "If no request gets an answer, check the address in the provider's temporal block, or TEMPORAL_ADDRESS: it has to be that of the HTTP API of Temporal's frontend, by convention port 7243. " +
			"Port 7233 is the gRPC API, 8233 the web page, and a server whose HTTP API is not enabled has no such port."}
	case attempt.Outcome == delivery.NotSent && attempt.Cause == delivery.Unreachable:
		return signal.Advice{Next: "Check the address in the provider's temporal block, or TEMPORAL_ADDRESS. The HTTP API of Temporal's frontend is by convention on port 7243, and self-hosted servers have to enable it."}
	}
	return signal.Advice{}
}

// describe tells the user how to see the execution.
func (r request) describe() string {
	return "Look at it with \"" + r.command("describe") + "\"."
}

// howToCheck tells the user how to check that the signal is in the execution's history.
func (r request) howToCheck() string {
	check := "To find out, look in the execution's history for a WorkflowExecutionSignaled event with the identity " + r.body.Identity + ": \"" + r.command("show") + " --output json\"."
	if r.body.WorkflowExecution.RunID == "" {
		check += " That is the history of the current run. If it was started since the signal was sent, look in the run before it, too, with --run-id: \"temporal workflow list --namespace " +
			delivery.ShellWord(r.namespace) + " --query " + delivery.ShellWord("WorkflowId = '"+r.workflow+"'") + "\" lists the runs."
	}
	return check
}

func (r request) command(verb string) string {
	command := "temporal workflow " + verb + " --namespace " + delivery.ShellWord(r.namespace) + " --workflow-id " + delivery.ShellWord(r.workflow)
	if r.body.WorkflowExecution.RunID != "" {
		command += " --run-id " + delivery.ShellWord(r.body.WorkflowExecution.RunID)
	}
	return command
}
