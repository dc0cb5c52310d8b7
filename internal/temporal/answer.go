package temporal

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// status is an error of the HTTP API: a gRPC status in JSON.
// https://github.com/googleapis/googleapis/blob/master/google/rpc/status.proto
type status struct {
	Code    *int   `json:"code"`
	Message string `json:"message"`
	Details []struct {
		Type string `json:"@type"`
	} `json:"details"`
}

// codeNames are the names of the gRPC codes, as in Attempt.Code.
// https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto
var codeNames = map[int]string{
	1: "CANCELLED", 2: "UNKNOWN", 3: "INVALID_ARGUMENT", 4: "DEADLINE_EXCEEDED", 5: "NOT_FOUND", 6: "ALREADY_EXISTS", 7: "PERMISSION_DENIED",
	8: "RESOURCE_EXHAUSTED", 9: "FAILED_PRECONDITION", 10: "ABORTED", 11: "OUT_OF_RANGE", 12: "UNIMPLEMENTED", 13: "INTERNAL", 14: "UNAVAILABLE",
	15: "DATA_LOSS", 16: "UNAUTHENTICATED",
}

// notFound is the Attempt.Code for a workflow that does not exist. The server's code for a
// namespace that does not exist is the same.
const (
	notFound          = "NOT_FOUND"
	namespaceNotFound = "NOT_FOUND (namespace)"
	// pathNotFound is the Attempt.Code for a path that the HTTP API does not have. Only the
	// message differs.
	// https://github.com/grpc-ecosystem/grpc-gateway/blob/v2.26.3/runtime/errors.go
	pathNotFound = "NOT_FOUND (path)"
)

// classify returns the outcome of an answer of the HTTP API.
//
// Some codes mean that the frontend refused the request before it acted. With any other
// code, the server may have taken the signal. Then the request may be repeated, because the
// server recognises its request id.
// https://github.com/temporalio/temporal/blob/v1.29.1/service/history/api/signalworkflow/api.go
func classify(resp *http.Response, text []byte, out any) delivery.Attempt {
	attempt := delivery.Attempt{
		Outcome: delivery.Unknown, Status: resp.StatusCode, RetryAfter: delivery.RetryAfter(resp.Header.Get("Retry-After"), time.Second),
		Err: &delivery.ForeignAnswerError{Service: "Temporal", Status: resp.Status, ContentType: resp.Header.Get("Content-Type")},
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(text, &object) != nil || object == nil {
		attempt.Repeatable = resp.StatusCode >= 500 || resp.StatusCode == http.StatusOK
		return attempt
	}
	if resp.StatusCode == http.StatusOK {
		if out != nil && json.Unmarshal(text, out) != nil {
			attempt.Repeatable = true
			return attempt
		}
		attempt.Outcome, attempt.Err = delivery.Accepted, nil
		return attempt
	}
	var said status
	if json.Unmarshal(text, &said) != nil || said.Code == nil {
		attempt.Repeatable = resp.StatusCode >= 500
		return attempt
	}
	attempt.Code, attempt.Message = codeNames[*said.Code], said.Message
	if attempt.Code == "" {
		attempt.Code = "code " + strconv.Itoa(*said.Code)
	}
	switch attempt.Code {
	case "RESOURCE_EXHAUSTED":
		attempt.Outcome, attempt.Cause = delivery.NotSent, delivery.Throttled
	case "INVALID_ARGUMENT", notFound, "ALREADY_EXISTS", "PERMISSION_DENIED", "FAILED_PRECONDITION", "OUT_OF_RANGE", "UNIMPLEMENTED", "UNAUTHENTICATED":
		attempt.Outcome = delivery.Rejected
	default:
		attempt.Repeatable = true
	}
	if attempt.Code == notFound && said.Message == http.StatusText(http.StatusNotFound) {
		attempt.Code = pathNotFound
	}
	for _, detail := range said.Details {
		if strings.HasSuffix(detail.Type, ".NamespaceNotFoundFailure") {
			attempt.Code = namespaceNotFound
		}
	}
	attempt.Err = fmt.Errorf("%s: %s", attempt.Code, attempt.Message)
	return attempt
}
