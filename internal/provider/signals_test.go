package provider_test

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// system is one row of the table.
type system = systems.System

// eachSystem runs a test for every system, with its own sandbox and provider.
func eachSystem(t *testing.T, test func(t *testing.T, y system, s *sandbox.Sandbox, p *acctest.Provider)) {
	t.Helper()
	for _, y := range systems.All {
		t.Run(y.Name(), func(t *testing.T) {
			t.Parallel()
			s := acctest.Sandbox(t, sandbox.Options{})
			test(t, y, s, acctest.StartProvider(t, acctest.Block(s.URL())))
		})
	}
}

// operationOf returns the operation of a request as the request log names it, if it is not
// one of the job API.
func operationOf(r *http.Request) string {
	if _, operation, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
		return operation
	}
	if action := r.Header.Get("X-Acs-Action"); action != "" {
		return action
	}
	if strings.Contains(r.Header.Get("Authorization"), "/cloudformation/aws4_request") {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		form, _ := url.ParseQuery(string(body))
		return "CloudFormation." + form.Get("Action")
	}
	if strings.Contains(r.URL.Path, "/namespaces/") && strings.Contains(r.URL.Path, "/signal/") {
		return "Temporal.SignalWorkflowExecution"
	}
	return "TriggerJob"
}
