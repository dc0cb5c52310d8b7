package provider_test

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// host is a proxy to the sandbox that records everything that it gets.
type host struct {
	url string
	mu  sync.Mutex
	saw strings.Builder
}

func openHost(t *testing.T, s *sandbox.Sandbox) *host {
	t.Helper()
	h := &host{}
	at, err := url.Parse(s.URL())
	must(t, err)
	onward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(at)
		r.Out.Host = r.In.Host // This header is signed.
	}, Transport: &http.Transport{DisableKeepAlives: true}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A client that gives up cuts its request short. Only what arrived counts.
		request, err := httputil.DumpRequest(r, true)
		if err != nil && r.Context().Err() == nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Error(err)
		}
		h.mu.Lock()
		h.saw.Write(request)
		h.mu.Unlock()
		onward.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	h.url = server.URL
	return h
}

// Each secret goes only to the host that needs it, even after redirects. Keys that sign go
// nowhere.
func TestSecretsGoToTheirOwnHostOnly(t *testing.T) {
	t.Parallel()
	s := acctest.Sandbox(t, sandbox.Options{
		Credentials: map[string]sandbox.Secret{
			"aws":      {SecretKey: canaries["aws_secret_key"], SessionToken: canaries["aws_token"]},
			"alicloud": {SecretKey: canaries["alicloud_secret_key"], SessionToken: canaries["alicloud_security_token"]},
		},
		CloudAutomator: sandbox.CloudAutomator{APIKeys: []string{canaries["api_key"]}},
		TemporalAPIKey: canaries["temporal_api_key"],
	})
	hosts := map[string]*host{}
	for _, name := range []string{"job API", "trigger", "temporal", "elsewhere"} {
		hosts[name] = openHost(t, s)
	}
	endpoints := func(block string) acctest.Values {
		all := acctest.Values{}
		for _, name := range systems.Endpoints(block) {
			h := openHost(t, s)
			hosts[block+" "+name], all[name] = h, h.url
		}
		return all
	}
	job := s.AddTriggerJob(sandbox.TriggerJob{Token: canaries["url"], AccessToken: canaries["access_token"]})
	hidden := s.AddTriggerJob(sandbox.TriggerJob{Token: canaries["url_wo"], AccessToken: canaries["access_token_wo"]})
	at := func(job sandbox.TriggerJobState) string {
		return strings.Replace(s.TriggerURL(job), s.URL(), hosts["trigger"].url, 1)
	}
	stack := s.StartStack(sandbox.Stack{Conditions: []sandbox.WaitCondition{{Name: "Deployed", Count: 10}}})
	callback := func(token string) sandbox.FileWorkflowState {
		return s.StartFileWorkflow(sandbox.FileWorkflow{Steps: []sandbox.FileStep{{Token: canaries[token]}, {}}, UsedToken: sandbox.TokenAccepted})
	}
	answered, hiddenly := callback("token"), callback("token_wo")
	s.StartWorkflow(sandbox.Workflow{WorkflowID: "order"})
	order := "order-" + uuid.NewString()
	s.StartTemporalWorkflow(sandbox.TemporalWorkflow{WorkflowID: order})
	for _, token := range []string{"task_token", "task_token_wo"} {
		s.StartMachine(sandbox.MachineExecution{States: []sandbox.MachineState{{Token: canaries[token]}}, AcceptRepeats: true})
	}
	other := s.AddTriggerJob(sandbox.TriggerJob{})

	aws := acctest.Values{"region": "us-east-1", "endpoints": endpoints("aws")}
	alicloud := acctest.Values{"region": "cn-hangzhou", "endpoints": endpoints("alicloud")}
	p := acctest.StartProvider(t, acctest.Values{
		"aws": aws.With(acctest.Values{"access_key": "aws", "secret_key": canaries["aws_secret_key"], "token": canaries["aws_token"]}),
		"alicloud": alicloud.With(acctest.Values{
			"access_key": "alicloud", "secret_key": canaries["alicloud_secret_key"], "security_token": canaries["alicloud_security_token"],
		}),
		"cloud_automator": acctest.Values{"api_key": canaries["api_key"], "endpoint": hosts["job API"].url + "/api/v1/"},
		"temporal":        acctest.Values{"address": hosts["temporal"].url, "api_key": canaries["temporal_api_key"]},
	})
	web := acctest.StartProvider(t, acctest.Values{"aws": aws.With(acctest.Values{"assume_role_with_web_identity": acctest.Values{
		"role_arn": "arn:aws:iam::123456789012:role/deploy", "session_name": "pipeline", "web_identity_token": canaries["web_identity_token"],
	}})})
	oidc := acctest.StartProvider(t, acctest.Values{"alicloud": alicloud.With(acctest.Values{"assume_role_with_oidc": acctest.Values{
		"role_arn": "acs:ram::1234567890123456:role/deploy", "oidc_provider_arn": "acs:ram::1234567890123456:oidc-provider/pipeline", "oidc_token": canaries["oidc_token"],
	}})})
	workflow := acctest.Values{"domain": "sandbox", "workflow_id": "order", "signal_name": "release", "input_wo": canaries["input_wo"], "input_wo_version": 1}
	send := func(timeout string, sent func(diags acctest.Diagnostics)) {
		within := acctest.Values{"create": timeout}
		sent(p.Resource("signal_workflow_execution").Apply(workflow))
		sent(web.Resource("signal_workflow_execution").Apply(workflow))
		sent(p.Resource("signal_workflow_step_state").Apply(acctest.Values{
			"workflow_id": answered.WorkflowID, "execution_id": answered.ExecutionID, "status": "SUCCESS", "token": canaries["token"],
		}))
		sent(p.Resource("signal_workflow_step_state").Apply(acctest.Values{
			"workflow_id": hiddenly.WorkflowID, "execution_id": hiddenly.ExecutionID, "status": "SUCCESS", "token_wo": canaries["token_wo"], "token_wo_version": 1,
		}))
		sent(p.Resource("signal_sfn_task").Apply(acctest.Values{"task_token": canaries["task_token"], "status": "SUCCESS", "output": "{}"}))
		sent(p.Resource("signal_sfn_task").Apply(acctest.Values{
			"task_token_wo": canaries["task_token_wo"], "task_token_wo_version": 1, "status": "SUCCESS", "output_wo": `"` + canaries["output_wo"] + `"`, "output_wo_version": 1,
		}))
		for _, p := range []*acctest.Provider{p, oidc} {
			sent(p.Resource("signal_stack_resource").Apply(acctest.Values{
				"stack_id": stack, "logical_resource_id": "Deployed", "status": "SUCCESS", "timeouts": within,
			}))
		}
		sent(p.Resource("signal_temporal_workflow").Apply(acctest.Values{
			"workflow_id": order, "signal_name": "release", "input_wo": `["` + canaries["temporal_input_wo"] + `"]`, "input_wo_version": 1, "timeouts": within,
		}))
		sent(p.Resource("signal_http_trigger").Apply(acctest.Values{"url": at(job), "access_token": canaries["access_token"]}))
		sent(p.Resource("signal_http_trigger").Apply(acctest.Values{
			"url_wo": at(hidden), "url_wo_version": 1, "access_token_wo": canaries["access_token_wo"], "access_token_wo_version": 1,
		}))
		sent(p.Resource("signal_http_trigger").Apply(acctest.Values{"job_id": other.ID, "timeouts": within}))
	}
	send("1m", func(diags acctest.Diagnostics) {
		if len(diags) > 0 {
			t.Error(diags)
		}
	})
	s.Inject(sandbox.Fault{Operation: "*", Kind: sandbox.KindRedirect, Body: hosts["elsewhere"].url})
	send("1s", func(diags acctest.Diagnostics) {
		if !diags.HasError() {
			t.Error("a redirect was taken for success")
		}
	})

	seen := map[string][]string{}
	for name, h := range hosts {
		for canary, value := range canaries {
			if strings.Contains(h.saw.String(), value) {
				seen[canary] = append(seen[canary], name)
			}
		}
	}
	slices.Sort(seen["aws_token"])
	want := map[string][]string{
		"aws_token":               {"aws sfn", "aws swf", "aws transfer"},
		"web_identity_token":      {"aws sts"},
		"alicloud_security_token": {"alicloud ros"},
		"oidc_token":              {"alicloud sts"},
		"api_key":                 {"job API"},
		"token":                   {"aws transfer"},
		"token_wo":                {"aws transfer"},
		"task_token":              {"aws sfn"},
		"task_token_wo":           {"aws sfn"},
		"output_wo":               {"aws sfn"},
		"input_wo":                {"aws swf"},
		"url":                     {"trigger"},
		"url_wo":                  {"trigger"},
		"access_token":            {"trigger"},
		"access_token_wo":         {"trigger"},
		"temporal_api_key":        {"temporal"},
		"temporal_input_wo":       {"temporal"},
	}
	for argument, canary := range covered {
		// These keys are never sent.
		if want[canary] == nil && !slices.Contains([]string{"aws_secret_key", "alicloud_secret_key", "temporal_client_key"}, canary) {
			t.Errorf("no host is named that may see %s", argument)
		}
	}
	if !maps.EqualFunc(seen, want, slices.Equal) {
		t.Errorf("these hosts saw secrets: %v, want %v", seen, want)
	}
	if hosts["elsewhere"].saw.Len() > 0 {
		t.Errorf("a redirect was followed: %s", hosts["elsewhere"].saw.String())
	}
}
