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

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
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
		CloudAutomator:   sandbox.CloudAutomator{APIKeys: []string{canaries["api_key"]}},
		WebIdentityToken: canaries["web_identity_token"],
	})
	hosts := map[string]*host{}
	for _, name := range []string{"sfn", "swf", "transfer", "sts", "ros", "job API", "trigger", "elsewhere"} {
		hosts[name] = openHost(t, s)
	}
	job := s.AddTriggerJob(sandbox.TriggerJob{Token: canaries["url"], AccessToken: canaries["access_token"]})
	triggerURL := strings.Replace(s.TriggerURL(job), s.URL(), hosts["trigger"].url, 1)
	stack := s.StartStack(sandbox.Stack{Conditions: []sandbox.WaitCondition{{Name: "Deployed", Count: 10}}})
	callback := s.StartFileWorkflow(sandbox.FileWorkflow{Steps: []sandbox.FileStep{{Token: canaries["token"]}, {}}, UsedToken: sandbox.TokenAccepted})
	s.StartWorkflow(sandbox.Workflow{WorkflowID: "order"})
	s.StartMachine(sandbox.MachineExecution{States: []sandbox.MachineState{{Token: canaries["task_token"]}}})
	other := s.AddTriggerJob(sandbox.TriggerJob{})

	aws := acctest.Values{"region": "us-east-1", "endpoints": acctest.Values{
		"sfn": hosts["sfn"].url, "swf": hosts["swf"].url, "transfer": hosts["transfer"].url, "sts": hosts["sts"].url,
	}}
	p := acctest.StartProvider(t, acctest.Values{
		"aws": aws.With(acctest.Values{"access_key": "aws", "secret_key": canaries["aws_secret_key"], "token": canaries["aws_token"]}),
		"alicloud": acctest.Values{
			"region": "cn-hangzhou", "access_key": "alicloud", "secret_key": canaries["alicloud_secret_key"], "security_token": canaries["alicloud_security_token"],
			"endpoints": acctest.Values{"ros": hosts["ros"].url},
		},
		"cloud_automator": acctest.Values{"api_key": canaries["api_key"], "endpoint": hosts["job API"].url + "/api/v1/"},
	})
	web := acctest.StartProvider(t, acctest.Values{"aws": aws.With(acctest.Values{"assume_role_with_web_identity": acctest.Values{
		"role_arn": "arn:aws:iam::123456789012:role/deploy", "session_name": "pipeline", "web_identity_token": canaries["web_identity_token"],
	}})})
	workflow := acctest.Values{"domain": "sandbox", "workflow_id": "order", "signal_name": "release", "input_wo": canaries["input_wo"], "input_wo_version": 1}
	send := func(timeout string, sent func(diags acctest.Diagnostics)) {
		within := acctest.Values{"create": timeout}
		sent(p.Resource("signal_workflow_execution").Apply(workflow))
		sent(web.Resource("signal_workflow_execution").Apply(workflow))
		sent(p.Resource("signal_workflow_step_state").Apply(acctest.Values{
			"workflow_id": callback.WorkflowID, "execution_id": callback.ExecutionID, "status": "SUCCESS", "token": canaries["token"],
		}))
		sent(p.Resource("signal_sfn_task").Apply(acctest.Values{"task_token": canaries["task_token"], "status": "SUCCESS", "output": "{}"}))
		sent(p.Resource("signal_stack_resource").Apply(acctest.Values{
			"stack_id": stack, "logical_resource_id": "Deployed", "status": "SUCCESS", "timeouts": within,
		}))
		sent(p.Resource("signal_http_trigger").Apply(acctest.Values{"url": triggerURL, "access_token": canaries["access_token"]}))
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
		"aws_token":               {"sfn", "swf", "transfer"},
		"web_identity_token":      {"sts"},
		"alicloud_security_token": {"ros"},
		"api_key":                 {"job API"},
		"token":                   {"transfer"},
		"task_token":              {"sfn"},
		"input_wo":                {"swf"},
		"url":                     {"trigger"},
		"access_token":            {"trigger"},
	}
	if !maps.EqualFunc(seen, want, slices.Equal) {
		t.Errorf("these hosts saw secrets: %v, want %v", seen, want)
	}
	if hosts["elsewhere"].saw.Len() > 0 {
		t.Errorf("a redirect was followed: %s", hosts["elsewhere"].saw.String())
	}
}
