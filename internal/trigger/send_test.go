package trigger_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// start starts a provider and one job.
func start(t *testing.T, options sandbox.Options) (*sandbox.Sandbox, *acctest.Resource, sandbox.TriggerJobState) {
	t.Helper()
	s := acctest.Sandbox(t, options)
	job := s.AddTriggerJob(sandbox.TriggerJob{Token: canary + "-url", AccessToken: canary + "-token"})
	return s, acctest.StartProvider(t, acctest.Block(s.URL())).Resource("signal_http_trigger"), job
}

func byURL(s *sandbox.Sandbox, job sandbox.TriggerJobState) acctest.Values {
	return acctest.Values{"url": s.TriggerURL(job), "access_token": job.AccessToken}
}

func runs(t *testing.T, s *sandbox.Sandbox, id string) int {
	t.Helper()
	job, ok := s.TriggerJob(id)
	if !ok {
		t.Fatalf("there is no job %s", id)
	}
	return len(job.Runs)
}

// said applies a configuration that must fail with one error on an attribute, and without a
// secret.
func said(t *testing.T, r *acctest.Resource, config acctest.Values, at string, parts ...string) {
	t.Helper()
	diags := r.Apply(config)
	if len(diags) != 1 || diags[0].Attribute != at {
		t.Errorf("said %s, want one error on %q", diags, at)
	}
	for _, part := range parts {
		if !strings.Contains(diags.String(), part) {
			t.Errorf("%q is not in the error:\n%s", part, diags)
		}
	}
	// net/http's own message begins like this, and continues with the URL.
	for _, part := range []string{canary, `Post "`, `Get "`} {
		if strings.Contains(diags.String(), part) {
			t.Errorf("%q is in the error:\n%s", part, diags)
		}
	}
}

// operations returns the requests that were made, in order.
func operations(s *sandbox.Sandbox) (made []string) {
	for _, entry := range s.RequestLog() {
		made = append(made, entry.Operation)
	}
	return made
}

// The request is that of the HTTP trigger's page, and has nothing more.
func TestRequest(t *testing.T) {
	for name, test := range map[string]struct {
		config func(*sandbox.Sandbox, sandbox.TriggerJobState) acctest.Values
		made   []string
	}{
		"url and access token": {byURL, []string{"TriggerJob"}},
		"url and write-only": {func(s *sandbox.Sandbox, job sandbox.TriggerJobState) acctest.Values {
			return acctest.Values{"url": s.TriggerURL(job), "access_token_wo": job.AccessToken, "access_token_wo_version": 1}
		}, []string{"TriggerJob"}},
		"both write-only": {func(s *sandbox.Sandbox, job sandbox.TriggerJobState) acctest.Values {
			return acctest.Values{"url_wo": s.TriggerURL(job), "url_wo_version": 1, "access_token_wo": job.AccessToken, "access_token_wo_version": 1}
		}, []string{"TriggerJob"}},
		"job": {func(_ *sandbox.Sandbox, job sandbox.TriggerJobState) acctest.Values {
			return acctest.Values{"job_id": job.ID}
		}, []string{"GetJob", "TriggerJob"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, r, job := start(t, sandbox.Options{})
			if diags := r.Apply(test.config(s, job)); len(diags) > 0 {
				t.Fatal(diags)
			}
			if made := operations(s); !slices.Equal(made, test.made) {
				t.Fatalf("made %v, want %v", made, test.made)
			}
			sent := s.RequestLog()[len(test.made)-1]
			if sent.Method != "POST" || sent.Path != "/trigger/"+job.Token || sent.Query != "" || sent.Body != "" || !strings.HasSuffix(s.URL(), sent.Host) {
				t.Errorf("sent %+v", sent)
			}
			for header, want := range map[string]string{
				"Authorization": "CAAuth ***", "Content-Length": "0", "Content-Type": "", "Transfer-Encoding": "",
				"User-Agent": "terraform-provider-signal/test",
			} {
				if got := sent.Header.Get(header); got != want {
					t.Errorf("%s is %q, want %q", header, got, want)
				}
			}
			if runs(t, s, job.ID) != 1 || r.String("trigger_job_id") != job.ID {
				t.Errorf("ran %d times, recorded job %q", runs(t, s, job.ID), r.String("trigger_job_id"))
			}
			if _, given := test.config(s, job)["url"]; !given && strings.Contains(r.State.String(), canary) {
				t.Errorf("the credentials of the job are in the state: %s", r.State)
			}
			if _, writeOnly := test.config(s, job)["url_wo"]; writeOnly && strings.Contains(r.State.String(), job.Token) {
				t.Errorf("the write-only URL is in the state: %s", r.State)
			}
			if _, writeOnly := test.config(s, job)["access_token_wo"]; writeOnly && strings.Contains(r.State.String(), job.AccessToken) {
				t.Errorf("the write-only token is in the state: %s", r.State)
			}
		})
	}
}

// A refusal is an error on the argument with the URL, and does not show it.
func TestRefusedWriteOnlyURL(t *testing.T) {
	s, r, job := start(t, sandbox.Options{})
	config := acctest.Values{"url_wo": s.TriggerURL(job), "url_wo_version": 1, "access_token": "another"}
	s.Inject(sandbox.Fault{Operation: "TriggerJob", Kind: sandbox.KindRefuse, Message: "nothing at " + s.TriggerURL(job)})
	diags := r.Apply(config)
	if len(diags) != 1 || diags[0].Attribute != "url_wo" || strings.Contains(diags.String(), job.Token) {
		t.Errorf("said %s", diags)
	}
}

// The provider reads the job through the job API, with either form of the endpoint.
func TestReadRequest(t *testing.T) {
	for _, endpoint := range []string{"/api/v1/", "/api/v1"} {
		s, _, job := start(t, sandbox.Options{})
		p := acctest.StartProvider(t, acctest.Values{"cloud_automator": acctest.Values{"api_key": "sandbox-api-key", "endpoint": s.URL() + endpoint}})
		if diags := p.Resource("signal_http_trigger").Apply(acctest.Values{"job_id": job.ID}); len(diags) > 0 {
			t.Fatal(diags)
		}
		read := s.RequestLog()[0]
		if read.Method != "GET" || read.Path != "/api/v1/jobs/"+job.ID || read.Body != "" || read.Header.Get("Authorization") != "Bearer ***" ||
			read.Header.Get("Content-Type") != "application/json" || read.Header.Get("User-Agent") != "terraform-provider-signal/test" {
			t.Errorf("read by %+v", read)
		}
	}
}

// Only triggers, taint and -replace run the job again. A rotation must not.
func TestUpdatesSendNothing(t *testing.T) {
	s, r, job := start(t, sandbox.Options{})
	apply := func(config acctest.Values) {
		t.Helper()
		if diags := r.Apply(config); len(diags) > 0 {
			t.Fatal(diags)
		}
		if s.Count("TriggerJob") != 1 || r.String("trigger_job_id") != job.ID || r.String("delivery") != "SENT" {
			t.Fatalf("after %v the state is %s and the request log %v", config, r.State, s.RequestLog())
		}
	}
	apply(byURL(s, job))
	id, sentAt := r.String("id"), r.String("sent_at")
	rotated, _ := s.RotateTriggerJob(job.ID)
	apply(byURL(s, rotated))
	if r.String("url") != s.TriggerURL(rotated) || r.String("access_token") != rotated.AccessToken {
		t.Errorf("the new credentials are not recorded: %s", r.State)
	}
	apply(acctest.Values{"url": s.TriggerURL(rotated), "access_token_wo": "one", "access_token_wo_version": 1})
	apply(acctest.Values{"url": s.TriggerURL(rotated), "access_token_wo": "two", "access_token_wo_version": 2})
	apply(acctest.Values{"job_id": job.ID})
	apply(acctest.Values{"job_id": "another"})
	if r.String("id") != id || r.String("sent_at") != sentAt || r.String("job_id") != "another" || r.String("url") != "" || len(s.RequestLog()) != 1 {
		t.Errorf("the state is %s, the request log %v", r.State, s.RequestLog())
	}
}

func TestRequestIDIsRecordedWhenThereIsOne(t *testing.T) {
	s, r, job := start(t, sandbox.Options{CloudAutomator: sandbox.CloudAutomator{RequestIDs: true}})
	if diags := r.Apply(byURL(s, job)); len(diags) > 0 {
		t.Fatal(diags)
	}
	if got := r.String("request_id"); got == "" || got != s.RequestLog()[0].RequestID {
		t.Errorf("request_id is %q", got)
	}
	diags := r.Provider.Resource("signal_http_trigger").Apply(byURL(s, job).With(acctest.Values{"access_token": "another"}))
	if want := "request id " + s.RequestLog()[1].RequestID; !strings.Contains(diags.String(), want) {
		t.Errorf("%q is not in the error:\n%s", want, diags)
	}
}

// The text of an error is shown in any format, with the same advice.
func TestErrorShapes(t *testing.T) {
	for shape, words := range map[sandbox.ErrorShape]string{
		sandbox.ErrorsJSONAPI: `"not_found: Not Found: There is no such`,
		sandbox.ErrorsMessage: `"There is no such`,
		sandbox.ErrorsText:    `"There is no such`,
		sandbox.ErrorsEmpty:   "",
		sandbox.ErrorsHTML:    "web page",
	} {
		t.Run(string(shape), func(t *testing.T) {
			s, r, job := start(t, sandbox.Options{CloudAutomator: sandbox.CloudAutomator{Errors: shape}})
			config := byURL(s, job)
			said(t, r, config.With(acctest.Values{"url": config["url"].(string) + "0"}), "url",
				"Signal Rejected", "an HTTP POST to the Cloud Automator trigger at 127.0.0.1:", "HTTP 404", words, `"Update"`, "Applying again")
			says := []string{"Signal Not Sent", "Cloud Automator job 4711", "reading the job", "HTTP 404", words, "Applying again"}
			if shape != sandbox.ErrorsHTML {
				says = append(says, "Check the job's id")
			}
			at := map[bool]string{true: "", false: "job_id"}[shape == sandbox.ErrorsHTML]
			said(t, r, acctest.Values{"job_id": "4711"}, at, says...)
			if made := operations(s); !slices.Equal(made, []string{"TriggerJob", "GetJob"}) || !r.State.IsNull() {
				t.Errorf("recorded %s after %v", r.State, made)
			}
		})
	}
}

// The document does not say what the trigger answers for a job that does not run.
func TestInactiveJobs(t *testing.T) {
	for answer, test := range map[sandbox.InactiveAnswer]struct {
		delivery string
		says     []string
	}{
		sandbox.InactiveNotFound: {"", []string{"Signal Rejected", "HTTP 404", "Update"}},
		sandbox.InactiveRefused:  {"", []string{"Signal Rejected", "HTTP 400", "The job is not active", "Update"}},
		sandbox.InactiveNotOK:    {"UNKNOWN", []string{"Outcome of the Signal Unknown", "HTTP 200", "without saying that the job has started", "The job is not active", "execution log"}},
		sandbox.InactiveRuns:     {"SENT", nil},
	} {
		t.Run(string(answer), func(t *testing.T) {
			s, r, job := start(t, sandbox.Options{CloudAutomator: sandbox.CloudAutomator{Inactive: answer}})
			s.ActivateTriggerJob(job.ID, false)
			if test.says == nil {
				if diags := r.Apply(byURL(s, job)); len(diags) > 0 {
					t.Error(diags)
				}
			} else if at := "url"; test.delivery == "" {
				said(t, r, byURL(s, job), at, test.says...)
				said(t, r, acctest.Values{"job_id": job.ID}, "job_id", "Signal Rejected", "effective and expiration dates")
			} else {
				said(t, r, byURL(s, job), "", test.says...)
			}
			if r.String("delivery") != test.delivery {
				t.Errorf("the state is %s", r.State)
			}
		})
	}
}

// A server with any answers gives those that the sandbox does not give.
func TestAnswers(t *testing.T) {
	page := "<!DOCTYPE html><title>Sorry</title>"
	for name, test := range map[string]struct {
		status            int
		contentType, body string
		retryAfter        string
		// delivery is the value in the state. job is trigger_job_id.
		delivery, job string
		// requests is the number of requests; a negative number is a minimum.
		requests int
		at       string
		says     []string
	}{
		"number":               {status: 200, body: `{"result":"ok","trigger_job_id":12345}`, delivery: "SENT", job: "12345", requests: 1},
		"large number":         {status: 200, body: `{"result":"ok","trigger_job_id":12345678901234567890}`, delivery: "SENT", job: "12345678901234567890", requests: 1},
		"text":                 {status: 200, body: `{"result":"ok","trigger_job_id":"j-1"}`, delivery: "SENT", job: "j-1", requests: 1},
		"no id":                {status: 200, body: `{"result":"ok"}`, delivery: "SENT", requests: 1},
		"null id":              {status: 200, body: `{"result":"ok","trigger_job_id":null}`, delivery: "SENT", requests: 1},
		"empty id":             {status: 200, body: `{"result":"ok","trigger_job_id":""}`, delivery: "SENT", requests: 1},
		"more members":         {status: 200, body: "\n" + `{"more":[1],"result":"ok","trigger_job_id":1}` + "\n", delivery: "SENT", job: "1", requests: 1},
		"another content type": {status: 200, contentType: "text/plain", body: `{"result":"ok","trigger_job_id":1}`, delivery: "SENT", job: "1", requests: 1},
		"an id with secrets":   {status: 200, body: `{"result":"ok","trigger_job_id":"1\u001b[31m ` + canary + `-token 2"}`, delivery: "SENT", job: "1 [31m *** 2", requests: 1},
		"an id without end":    {status: 200, body: `{"result":"ok","trigger_job_id":"` + strings.Repeat("é", 5000) + `"}`, delivery: "SENT", job: strings.Repeat("é", 1100) + " [...] " + strings.Repeat("é", 393), requests: 1},
		"not ok":               {status: 200, body: `{"result":"ng","trigger_job_id":1}`, delivery: "UNKNOWN", requests: 1, says: []string{`has started: "ng"`}},
		"OK in capitals":       {status: 200, body: `{"result":"OK","trigger_job_id":1}`, delivery: "UNKNOWN", requests: 1, says: []string{`"OK"`}},
		"result of no text":    {status: 200, body: `{"result":true}`, delivery: "UNKNOWN", requests: 1, says: []string{"without saying"}},
		"no result":            {status: 200, body: `{"trigger_job_id":1}`, delivery: "UNKNOWN", requests: 1, says: []string{"without saying"}},
		"empty":                {status: 200, delivery: "UNKNOWN", requests: 1, says: []string{"without saying"}},
		"null":                 {status: 200, body: `null`, delivery: "UNKNOWN", requests: 1, says: []string{"without saying"}},
		"list":                 {status: 200, body: `[{"result":"ok"}]`, delivery: "UNKNOWN", requests: 1, says: []string{"without saying"}},
		"two documents":        {status: 200, body: `{"result":"ok"}{"result":"ok"}`, delivery: "UNKNOWN", requests: 1, says: []string{"without saying"}},
		"half a document":      {status: 200, body: `{"result":"ok","trigger_jo`, delivery: "UNKNOWN", requests: 1, says: []string{"without saying"}},
		"ok in a page":         {status: 200, contentType: "text/html", body: page, delivery: "UNKNOWN", requests: 1, says: []string{"web page", "proxy"}},
		"201":                  {status: 201, body: `{"result":"ok","trigger_job_id":1}`, delivery: "UNKNOWN", requests: 1, says: []string{"HTTP 201"}},
		"204":                  {status: 204, delivery: "UNKNOWN", requests: 1, says: []string{"HTTP 204"}},
		"301":                  {status: 301, delivery: "UNKNOWN", requests: 1, at: "url", says: []string{"redirect", "HTTP 301"}},
		"400":                  {status: 400, requests: 1, at: "url", says: []string{"Signal Rejected", "access token"}},
		"401":                  {status: 401, body: `{"error":{"message":"who?"}}`, requests: 1, at: "url", says: []string{`"who?"`, "access token"}},
		"404 page":             {status: 404, contentType: "text/html", body: page, requests: 1, at: "url", says: []string{"Signal Rejected", "web page", "access token"}},
		"403 page":             {status: 403, contentType: "text/html", body: page, delivery: "UNKNOWN", requests: 1, says: []string{"proxy"}},
		"429":                  {status: 429, requests: -5, says: []string{"Signal Not Sent", "HTTP 429", "timeout"}},
		"429 page":             {status: 429, contentType: "text/html", body: page, requests: -5, says: []string{"Signal Not Sent", "HTTP 429"}},
		"429 with a pause":     {status: 429, retryAfter: "3600", requests: 1, says: []string{"Signal Not Sent", "timeout"}},
		"429, eternal pause":   {status: 429, retryAfter: "9999999999999", requests: 1, says: []string{"Signal Not Sent", "timeout"}},
		"429, no pause":        {status: 429, retryAfter: "-1", requests: -5, says: []string{"Signal Not Sent"}},
		"500 empty":            {status: 500, requests: -5, says: []string{"Signal Not Sent", "HTTP 500"}},
		"500 text":             {status: 500, contentType: "text/plain", body: "later", requests: -5, says: []string{`"later"`}},
		"500 page":             {status: 500, contentType: "text/html; charset=utf-8", body: page, delivery: "UNKNOWN", requests: 1, says: []string{"HTTP 500", "proxy"}},
		"500 page in disguise": {status: 500, contentType: "application/json", body: "\n" + page, delivery: "UNKNOWN", requests: 1, says: []string{"HTTP 500", "proxy"}},
		"503 JSON":             {status: 503, body: `{"message":"busy"}`, requests: -5, says: []string{"Signal Not Sent", `"busy"`}},
		"503 with a pause":     {status: 503, retryAfter: "3600", requests: 1, says: []string{"Signal Not Sent", "timeout"}},
		"503 page":             {status: 503, contentType: "text/html", body: page, delivery: "UNKNOWN", requests: 1, says: []string{"HTTP 503", "proxy"}},
		"501":                  {status: 501, delivery: "UNKNOWN", requests: 1, says: []string{"HTTP 501"}},
		"502":                  {status: 502, body: `{}`, delivery: "UNKNOWN", requests: 1, says: []string{"HTTP 502"}},
		"504":                  {status: 504, delivery: "UNKNOWN", requests: 1, says: []string{"HTTP 504"}},
		"secrets":              {status: 400, body: `{"message":"No route matches [POST] \"/trigger/` + canary + `\" for ` + canary + `-token"}`, requests: 1, at: "url", says: []string{`No route matches [POST] "***" for ***`}},
		"secrets in a 200":     {status: 200, contentType: "text/plain", body: "nothing at /trigger/" + canary, delivery: "UNKNOWN", requests: 1, says: []string{"nothing at ***"}},
		"a secret at the end":  {status: 400, contentType: "text/plain", body: strings.Repeat("é", 295) + " " + canary, requests: 1, at: "url", says: []string{strings.Repeat("é", 295) + ` ***"`}},
		"control characters":   {status: 400, contentType: "text/plain", body: "a\x1b[31mb\r\n\x00c\xff", requests: 1, at: "url", says: []string{`"a [31mb c"`}},
		"a long text":          {status: 400, contentType: "text/plain", body: strings.Repeat("é", 5000), requests: 1, at: "url", says: []string{strings.Repeat("é", 1000), " [...] " + strings.Repeat("é", 300)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			requests := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				mu.Lock()
				requests++
				mu.Unlock()
				// There is no content type at all, and not a guessed one.
				w.Header()["Content-Type"] = nil
				if test.contentType != "" {
					w.Header().Set("Content-Type", test.contentType)
				}
				if test.retryAfter != "" {
					w.Header().Set("Retry-After", test.retryAfter)
				}
				w.WriteHeader(test.status)
				_, _ = fmt.Fprint(w, test.body)
			}))
			defer server.Close()
			r := acctest.StartProvider(t, nil).Resource("signal_http_trigger")
			config := acctest.Values{
				"url": server.URL + "/trigger/" + canary, "access_token": canary + "-token", "timeouts": acctest.Values{"create": "2s"},
			}
			if test.says != nil {
				said(t, r, config, test.at, test.says...)
			} else if diags := r.Apply(config); len(diags) > 0 {
				t.Error(diags)
			}
			if r.String("delivery") != test.delivery || r.String("trigger_job_id") != test.job || r.String("request_id") != "" {
				t.Errorf("the state is %s", r.State)
			}
			mu.Lock()
			defer mu.Unlock()
			if test.requests >= 0 && requests != test.requests || requests < -test.requests {
				t.Errorf("%d requests, want %d", requests, test.requests)
			}
		})
	}
}

// The access token goes to no other host.
func TestRedirectsAreNotFollowed(t *testing.T) {
	elsewhere := acctest.Sandbox(t, sandbox.Options{})
	for _, location := range []string{elsewhere.URL(), "/trigger", "://trigger"} {
		s, r, job := start(t, sandbox.Options{})
		location += "/" + job.Token
		s.Inject(sandbox.Fault{Operation: "TriggerJob", Kind: sandbox.KindRedirect, Body: location})
		at := "url"
		if strings.HasPrefix(location, ":") {
			at = ""
		}
		said(t, r, byURL(s, job), at, "Outcome of the Signal Unknown")
		if r.String("delivery") != "UNKNOWN" || s.Count("TriggerJob") != 1 {
			t.Errorf("the state is %s after %v", r.State, s.RequestLog())
		}
	}
	if made := elsewhere.RequestLog(); len(made) > 0 {
		t.Errorf("the other host got %v", made)
	}
}

// Reading the job changes nothing, so the provider tries again after any temporary failure.
func TestReadIsTriedAgain(t *testing.T) {
	for name, fault := range map[string]sandbox.Fault{
		"500":       {Kind: sandbox.KindErrorBefore},
		"503":       {Kind: sandbox.KindErrorBefore, Status: 503},
		"502 page":  {Kind: sandbox.KindHTML},
		"throttled": {Kind: sandbox.KindThrottle},
		"dropped":   {Kind: sandbox.KindDropBefore},
		"truncated": {Kind: sandbox.KindTruncate},
		"stalled":   {Kind: sandbox.KindStall},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.Sandbox(t, sandbox.Options{})
			job := s.AddTriggerJob(sandbox.TriggerJob{})
			p := acctest.StartProvider(t, acctest.Block(s.URL()))
			if fault.Kind == sandbox.KindStall {
				fault = p.StallAttempt("", fault.Kind)
			}
			r := p.Resource("signal_http_trigger")
			fault.Operation, fault.Times = "GetJob", 2
			s.Inject(fault)
			if diags := r.Apply(acctest.Values{"job_id": job.ID}); len(diags) > 0 {
				t.Fatal(diags)
			}
			if made := operations(s); !slices.Equal(made, []string{"GetJob", "GetJob", "GetJob", "TriggerJob"}) {
				t.Errorf("made %v", made)
			}
		})
	}
}

func TestReadErrors(t *testing.T) {
	for name, test := range map[string]struct {
		fault sandbox.Fault
		reads int
		at    string
		says  []string
	}{
		"for ever":    {fault: sandbox.Fault{Kind: sandbox.KindErrorBefore}, reads: -5, says: []string{"HTTP 500", "create timeout of 2s"}},
		"refused":     {fault: sandbox.Fault{Kind: sandbox.KindRefuse}, reads: 1, at: "job_id", says: []string{"HTTP 403", "This is not allowed", "API key may not read"}},
		"expired key": {fault: sandbox.Fault{Kind: sandbox.KindExpired}, reads: 1, says: []string{"HTTP 401", "CLOUD_AUTOMATOR_API_KEY", "api_key"}},
		"another 4xx": {fault: sandbox.Fault{Kind: sandbox.KindRefuse, Status: 418, Message: "short and stout"}, reads: 1, says: []string{"HTTP 418", "short and stout"}},
		"a page":      {fault: sandbox.Fault{Kind: sandbox.KindHTMLOK}, reads: 1, says: []string{"HTTP 200", "web page", "proxy"}},
		"no JSON":     {fault: sandbox.Fault{Kind: sandbox.KindTruncateJSON}, reads: 1, says: []string{"HTTP 200", "JSON:API"}},
		"redirect":    {fault: sandbox.Fault{Kind: sandbox.KindRedirect, Body: "/elsewhere"}, reads: 1, says: []string{"HTTP 307"}},
		"throttled":   {fault: sandbox.Fault{Kind: sandbox.KindThrottle}, reads: 1, says: []string{"HTTP 429", "timeout"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, r, job := start(t, sandbox.Options{RetryAfter: time.Hour})
			test.fault.Operation = "GetJob"
			s.Inject(test.fault)
			said(t, r, acctest.Values{"job_id": job.ID, "timeouts": acctest.Values{"create": "2s"}}, test.at,
				append(test.says, "Signal Not Sent", "Cloud Automator job "+job.ID, "reading the job")...)
			if reads := s.Count("GetJob"); test.reads >= 0 && reads != test.reads || reads < -test.reads || s.Count("TriggerJob") != 0 || !r.State.IsNull() {
				t.Errorf("recorded %s after %v", r.State, s.RequestLog())
			}
		})
	}
}

func TestOnlyWebhookJobsCanBeRun(t *testing.T) {
	s, r, _ := start(t, sandbox.Options{})
	job := s.AddTriggerJob(sandbox.TriggerJob{RuleType: "cron", RuleValue: map[string]any{"hour": "9", "token": 7}})
	said(t, r, acctest.Values{"job_id": job.ID}, "job_id", "Signal Not Sent", `rule_type is "cron", not "webhook"`, "HTTP trigger")
	if made := operations(s); !slices.Equal(made, []string{"GetJob"}) {
		t.Errorf("made %v", made)
	}
}

// A rotation between two attempts is no failure: the second attempt reads again.
func TestRotationBetweenAttempts(t *testing.T) {
	s, r, job := start(t, sandbox.Options{})
	s.Inject(sandbox.Fault{Operation: "TriggerJob", Kind: sandbox.KindErrorBefore, Status: 503, Times: 1})
	s.Hook("GetJob", func() {
		if s.Count("TriggerJob") == 1 {
			s.RotateTriggerJob(job.ID)
		}
	}, nil)
	if diags := r.Apply(acctest.Values{"job_id": job.ID}); len(diags) > 0 {
		t.Fatal(diags)
	}
	if made := operations(s); !slices.Equal(made, []string{"GetJob", "TriggerJob", "GetJob", "TriggerJob"}) || runs(t, s, job.ID) != 1 {
		t.Errorf("ran %d times after %v", runs(t, s, job.ID), made)
	}
}

// Only job_id needs the provider's block, and only when it is used.
func TestConfiguration(t *testing.T) {
	s := acctest.Sandbox(t, sandbox.Options{})
	job := s.AddTriggerJob(sandbox.TriggerJob{})
	endpoint := s.URL() + "/api/v1"
	for name, test := range map[string]struct {
		block       acctest.Values
		environment map[string]string
		// says are parts of the error with job_id, nil if there must be none.
		says []string
	}{
		"nothing":          {says: []string{"no Cloud Automator API key", "api_key", "CLOUD_AUTOMATOR_API_KEY", "Nothing was sent"}},
		"block":            {block: acctest.Values{"api_key": "sandbox-api-key", "endpoint": endpoint}},
		"provider's names": {environment: map[string]string{"CLOUD_AUTOMATOR_API_KEY": "sandbox-api-key", "CLOUD_AUTOMATOR_API_ENDPOINT": endpoint + "/"}},
		"vendor's name":    {environment: map[string]string{"CLOUDAUTOMATOR_API_KEY": "sandbox-api-key", "CLOUD_AUTOMATOR_API_ENDPOINT": endpoint}},
		"both names": {environment: map[string]string{
			"CLOUD_AUTOMATOR_API_KEY": "sandbox-api-key", "CLOUDAUTOMATOR_API_KEY": canary, "CLOUD_AUTOMATOR_API_ENDPOINT": endpoint,
		}},
		"empty names": {environment: map[string]string{
			"CLOUD_AUTOMATOR_API_KEY": "", "CLOUDAUTOMATOR_API_KEY": "sandbox-api-key", "CLOUD_AUTOMATOR_API_ENDPOINT": endpoint,
		}},
		"block wins": {
			block:       acctest.Values{"api_key": "sandbox-api-key", "endpoint": endpoint},
			environment: map[string]string{"CLOUD_AUTOMATOR_API_KEY": canary, "CLOUD_AUTOMATOR_API_ENDPOINT": "https://ca.invalid/"},
		},
		"part of a block": {
			block:       acctest.Values{"api_key": "sandbox-api-key"},
			environment: map[string]string{"CLOUD_AUTOMATOR_API_ENDPOINT": endpoint},
		},
		"wrong key":    {block: acctest.Values{"api_key": canary, "endpoint": endpoint}, says: []string{"HTTP 401", "CLOUD_AUTOMATOR_API_KEY"}},
		"unknown key":  {block: acctest.Values{"api_key": acctest.Unknown, "endpoint": endpoint}, says: []string{"cloud_automator.api_key is not known yet"}},
		"key of lines": {environment: map[string]string{"CLOUD_AUTOMATOR_API_KEY": canary + "\n"}, says: []string{"from CLOUD_AUTOMATOR_API_KEY has a line break"}},
		"http endpoint": {
			block:       acctest.Values{"api_key": "sandbox-api-key"},
			environment: map[string]string{"CLOUD_AUTOMATOR_API_ENDPOINT": "http://ca.invalid/"},
			says:        []string{"must be an https URL", "CLOUD_AUTOMATOR_API_ENDPOINT"},
		},
		"endpoint with a user": {
			block:       acctest.Values{"api_key": "sandbox-api-key"},
			environment: map[string]string{"CLOUD_AUTOMATOR_API_ENDPOINT": "https://me:" + canary + "@ca.invalid/"},
			says:        []string{"without user", "CLOUD_AUTOMATOR_API_ENDPOINT"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for name, value := range test.environment {
				t.Setenv(name, value)
			}
			block := acctest.Values{}
			if test.block != nil {
				block["cloud_automator"] = test.block
			}
			p := acctest.StartProvider(t, block)
			s.ResetRequestLog()
			if diags := p.Resource("signal_http_trigger").Apply(byURL(s, job)); len(diags) > 0 {
				t.Errorf("by url: %s", diags)
			}
			if made := operations(s); !slices.Equal(made, []string{"TriggerJob"}) {
				t.Errorf("by url made %v", made)
			}
			r := p.Resource("signal_http_trigger")
			if test.says != nil {
				said(t, r, acctest.Values{"job_id": job.ID}, "", test.says...)
			} else if diags := r.Apply(acctest.Values{"job_id": job.ID}); len(diags) > 0 {
				t.Errorf("by job_id: %s", diags)
			}
		})
	}
}

// All signals of a provider share one pool, which is set up once, however many start
// together.
func TestOneConnectionPool(t *testing.T) {
	s := acctest.Sandbox(t, sandbox.Options{})
	p := acctest.StartProvider(t, acctest.Block(s.URL()))
	var signals sync.WaitGroup
	const parallel, each = 10, 10
	for range parallel {
		signals.Go(func() {
			for range each {
				job := s.AddTriggerJob(sandbox.TriggerJob{})
				if diags := p.Resource("signal_http_trigger").Apply(acctest.Values{"job_id": job.ID}); len(diags) > 0 {
					t.Error(diags)
				}
			}
		})
	}
	signals.Wait()
	// A few more connections than are in use at a time: net/http opens one while another
	// becomes idle.
	if s.Accepted("TriggerJob") != parallel*each || s.Connections() > 3*parallel {
		t.Errorf("%d signals on %d connections", s.Accepted("TriggerJob"), s.Connections())
	}
}

func TestServersThatCannotProveWhoTheyAre(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	r := acctest.StartProvider(t, nil).Resource("signal_http_trigger")
	said(t, r, acctest.Values{"url": server.URL + "/trigger/" + canary, "access_token": canary}, "", "Signal Not Sent", "certificate", "prove")
}

func TestHostsThatDoNotExist(t *testing.T) {
	r := acctest.StartProvider(t, nil).Resource("signal_http_trigger")
	said(t, r, acctest.Values{"url": "https://ca.invalid/trigger/" + canary, "access_token": canary, "timeouts": acctest.Values{"create": "5s"}}, "",
		"Signal Not Sent", "the Cloud Automator trigger at ca.invalid failed", "lookup ca.invalid")
}
