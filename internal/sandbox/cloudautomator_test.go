package sandbox

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// newJob has only what the documents require.
const newJob = `{"name":"nightly","group_id":10,"aws_account_id":20,"rule_type":"webhook","rule_value":null,"action_type":"stop_instances","action_value":{"region":"ap-northeast-1"}}`

// jobs makes a request of the job API as its documents describe it. change may make it
// invalid.
func (c *client) jobs(method, path, body string, change ...func(*http.Request)) answer {
	c.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, c.url+"/api/v1/jobs"+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer sandbox-api-key")
	r.Header.Set("Content-Type", "application/json")
	for _, f := range change {
		f(r)
	}
	return c.do(r)
}

// trigger runs a job as its document describes it.
func (c *client) trigger(token, accessToken string, change ...func(*http.Request)) answer {
	c.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, c.url+"/trigger/"+token, http.NoBody)
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Authorization", "CAAuth "+accessToken)
	for _, f := range change {
		f(r)
	}
	return c.do(r)
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// wants compares an answer with a status and parts of its body.
func (a answer) wants(t *testing.T, status int, parts ...string) {
	t.Helper()
	if a.err != nil || a.status != status {
		t.Fatalf("got %d %s (%v), want %d", a.status, a.raw, a.err, status)
	}
	for _, part := range parts {
		if !strings.Contains(a.raw, part) {
			t.Errorf("%s is not in %s", part, a.raw)
		}
	}
}

// job reads the id and attributes of an answer.
func (a answer) job(t *testing.T) (id string, attributes map[string]any) {
	t.Helper()
	var document struct {
		Data struct {
			ID, Type   string
			Attributes map[string]any
		}
	}
	if err := json.Unmarshal([]byte(a.raw), &document); err != nil || document.Data.Type != "trigger_jobs" {
		t.Fatalf("%v: %s", err, a.raw)
	}
	return document.Data.ID, document.Data.Attributes
}

func rule(t *testing.T, attributes map[string]any) (token, accessToken string) {
	t.Helper()
	value, _ := attributes["rule_value"].(map[string]any)
	token, _ = value["token"].(string)
	accessToken, _ = value["access_token"].(string)
	if token == "" || accessToken == "" || value["time_zone"] != "Tokyo" {
		t.Fatalf("rule_value is %v", attributes["rule_value"])
	}
	return token, accessToken
}

func TestJobFromCreationToRemoval(t *testing.T) {
	s, c, clk := start(t, Options{})
	made := c.jobs("POST", "", newJob)
	made.wants(t, 201)
	id, attributes := made.job(t)
	token, accessToken := rule(t, attributes)
	delete(attributes, "rule_value")
	want := map[string]any{
		"name": "nightly", "active": true, "group_id": 10.0, "aws_account_id": 20.0, "aws_account_ids": []any{}, "google_cloud_account_id": nil,
		"rule_type": "webhook", "action_type": "stop_instances", "action_value": map[string]any{"region": "ap-northeast-1"},
		"allow_runtime_action_values": nil, "effective_date": nil, "expiration_date": nil,
		"completed_post_process_id": []any{}, "failed_post_process_id": []any{},
		"created_at": "2026-03-26T01:24:49.000+09:00", "updated_at": "2026-03-26T01:24:49.000+09:00",
	}
	if got, wanted := string(mustJSON(attributes)), string(mustJSON(want)); got != wanted {
		t.Errorf("made %s, want %s", got, wanted)
	}
	if got := made.header.Get("Content-Type"); got != "application/json; charset=utf-8" || made.header.Get("X-Request-Id") != "" {
		t.Errorf("headers %v", made.header)
	}
	if e := s.last(t); e.Service != "cloudautomator" || e.Operation != "CreateJob" || !e.Accepted || e.Header.Get("Authorization") != "Bearer ***" {
		t.Errorf("entry %+v", e)
	}

	if read := c.jobs("GET", "/"+id, ""); read.raw != made.raw {
		t.Errorf("read %s, made %s", read.raw, made.raw)
	}
	c.trigger(token, accessToken).wants(t, 200, `"result":"ok"`, `"trigger_job_id":`+id)
	if e := s.last(t); e.Operation != "TriggerJob" || !e.Accepted || e.Header.Get("Authorization") != "CAAuth ***" {
		t.Errorf("entry %+v", e)
	}
	clk.advance(time.Hour)
	changed := c.jobs("PATCH", "/"+id, `{"name":"weekly","aws_account_id":null,"aws_account_ids":[1,2],"action_value":{"tag_key":"env"},"expiration_date":"2027-01-01","group_id":10}`)
	changed.wants(t, 200, `"name":"weekly"`, `"aws_account_id":null`, `"aws_account_ids":[1,2]`, `"action_value":{"tag_key":"env"}`, `"expiration_date":"2027-01-01"`,
		`"updated_at":"2026-03-26T02:24:49.000+09:00"`, `"created_at":"2026-03-26T01:24:49.000+09:00"`)
	c.trigger(token, accessToken).wants(t, 200)
	state, _ := s.TriggerJob(id)
	if len(state.Runs) != 2 || !state.Runs[1].Equal(clk.now()) || state.Rotations != 0 {
		t.Errorf("state %+v", state)
	}

	if gone := c.jobs("DELETE", "/"+id, ""); gone.status != 204 || gone.raw != "" {
		t.Errorf("removed with %d %q", gone.status, gone.raw)
	}
	c.jobs("GET", "/"+id, "").wants(t, 404, "There is no such job")
	c.jobs("PATCH", "/"+id, `{"name":"again"}`).wants(t, 404)
	c.jobs("DELETE", "/"+id, "").wants(t, 404)
	c.trigger(token, accessToken).wants(t, 404)
	if len(s.TriggerJobs()) != 0 || s.Accepted("DeleteJob") != 1 {
		t.Errorf("left %v", s.TriggerJobs())
	}
}

func TestJobsAreChecked(t *testing.T) {
	s, c, _ := start(t, Options{})
	with := func(changes string) string {
		var job, change map[string]any
		if err := json.Unmarshal([]byte(newJob), &job); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(changes), &change); err != nil {
			t.Fatal(changes, err)
		}
		maps.Copy(job, change)
		return string(mustJSON(job))
	}
	for changes, says := range map[string]string{
		`{"name":""}`:                                         "name must not be blank",
		`{"name":" "}`:                                        "name must not be blank",
		`{"name":7}`:                                          "name must not be a number",
		`{"group_id":0}`:                                      "group_id must be a positive number",
		`{"group_id":"10"}`:                                   "group_id must not be a string",
		`{"rule_type":"cron"}`:                                "rule_type has to be webhook",
		`{"rule_type":null}`:                                  "rule_type has to be webhook",
		`{"rule_value":{"token":"mine"}}`:                     "rule_value has to be null",
		`{"action_type":"StopInstances"}`:                     `action_type \"StopInstances\" is not known`,
		`{"action_type":"make_coffee"}`:                       "is not known",
		`{"action_type":"no_action"}`:                         "action_value must be empty",
		`{"action_value":null}`:                               "action_value must be an object",
		`{"action_value":[]}`:                                 "action_value must not be a array",
		`{"effective_date":"soon"}`:                           "effective_date must be a date",
		`{"expiration_date":"2027-02-30"}`:                    "expiration_date must be a date",
		`{"aws_account_id":null}`:                             "aws_account_id or aws_account_ids is needed",
		`{"aws_account_id":-1}`:                               "account ids must be positive",
		`{"aws_account_ids":[1,0]}`:                           "account ids must be positive",
		`{"aws_account_ids":[1]}`:                             "only one of",
		`{"google_cloud_account_id":1}`:                       "only one of",
		`{"action_type":"google_compute_start_vm_instances"}`: "google_cloud_account_id is needed",
		`{"action_type":"delay","aws_account_ids":[1]}`:       "only one of",
		`{"aws_account_id":null,"google_cloud_account_id":1}`: "aws_account_id or aws_account_ids is needed",
		`{"active":false}`:                                    "active is not a member that can be set",
		`{"data":{}}`:                                         "data is not a member that can be set",
		`{}`:                                                  "",
		`{"aws_account_id":null,"aws_account_ids":[1,2]}`:     "",
		`{"aws_account_id":null,"google_cloud_account_id":1,"action_type":"google_compute_stop_vm_instances"}`: "",
		`{"aws_account_id":null,"action_type":"delay","action_value":{"delay_minutes":1}}`:                     "",
		`{"effective_date":"2026-01-01","expiration_date":"2026-01-01T00:00:00+09:00"}`:                        "",
		`{"allow_runtime_action_values":true,"completed_post_process_id":[1],"failed_post_process_id":[]}`:     "",
	} {
		made := c.jobs("POST", "", with(changes))
		if says == "" {
			made.wants(t, 201)
			continue
		}
		made.wants(t, 422, says)
	}
	for body, status := range map[string]int{"": 400, "null": 400, "[]": 400, "{": 400, `"x"`: 400, "{}": 422} {
		c.jobs("POST", "", body).wants(t, status)
	}
	c.jobs("POST", "", newJob, header("Content-Type", "text/plain")).wants(t, 415)
	c.jobs("POST", "", newJob, header("Content-Type", "application/json; charset=utf-8")).wants(t, 201)
	if made := len(s.TriggerJobs()); made != 7 || s.Accepted("CreateJob") != made {
		t.Errorf("%d jobs were made by %d requests", made, s.Accepted("CreateJob"))
	}
	if len(actionTypes) != 66 || len(slices.Compact(slices.Clone(actionTypes))) != 66 {
		t.Errorf("%d action types", len(actionTypes))
	}
}

func TestWhatCannotBeChanged(t *testing.T) {
	s, c, _ := start(t, Options{})
	id, _ := c.jobs("POST", "", newJob).job(t)
	state := func() string {
		job, _ := s.TriggerJob(id)
		return string(mustJSON(job))
	}
	before := state()
	for changes, says := range map[string]string{
		`{"group_id":11}`:                 "group_id cannot be changed",
		`{"action_type":"delay"}`:         "action_type cannot be changed",
		`{"rule_type":"cron"}`:            "rule_type cannot be changed",
		`{"name":""}`:                     "name must not be blank",
		`{"action_value":null}`:           "action_value must be an object",
		`{"aws_account_id":null}`:         "is needed",
		`{"aws_account_ids":[1]}`:         "only one of",
		`{"id":"5"}`:                      "id is not a member",
		`{"aws_account_id":7,"name":" "}`: "name must not be blank",
	} {
		c.jobs("PATCH", "/"+id, changes).wants(t, 422, says)
	}
	if after := state(); after != before {
		t.Errorf("refused changes made %s of %s", after, before)
	}
	c.jobs("PATCH", "/"+id, `{"group_id":10,"action_type":"stop_instances","rule_type":"webhook","rule_value":null}`).wants(t, 200)
}

func TestAPIKeys(t *testing.T) {
	s, c, _ := start(t, Options{CloudAutomator: CloudAutomator{APIKeys: []string{"one", "two"}}})
	for authorization, status := range map[string]int{
		"Bearer one": 200, "Bearer two": 200, "Bearer sandbox-api-key": 401, "Bearer": 401, "Bearer ": 401, "": 401, "CAAuth one": 401, "bearer one": 401, "one": 401,
	} {
		if got := c.jobs("GET", "", "", header("Authorization", authorization)); got.status != status {
			t.Errorf("%q gave %d", authorization, got.status)
		}
	}
	c.jobs("GET", "/1/2", "", header("Authorization", "Bearer one")).wants(t, 404)
	c.jobs("PUT", "/1", "", header("Authorization", "Bearer one")).wants(t, 404)
	if s.Count("ListJobs") != 9 {
		t.Errorf("the request log holds %v", s.RequestLog())
	}
}

func TestTriggerIsChecked(t *testing.T) {
	s, c, _ := start(t, Options{})
	job := s.AddTriggerJob(TriggerJob{})
	other := s.AddTriggerJob(TriggerJob{Token: "other", AccessToken: "others"})
	cron := s.AddTriggerJob(TriggerJob{RuleType: "cron", RuleValue: map[string]any{"hour": "9"}})
	if cron.Token != "" || cron.AccessToken != "" || job.Token == other.Token || len(job.Token) != 32 || len(job.AccessToken) != 32 {
		t.Fatalf("jobs %+v %+v %+v", job, other, cron)
	}
	for name, a := range map[string]answer{
		"another token":        c.trigger(job.Token+"0", job.AccessToken),
		"no token":             c.trigger("", job.AccessToken),
		"nothing at all":       c.trigger("", ""),
		"another access token": c.trigger(job.Token, job.AccessToken+"0"),
		"another job's":        c.trigger(job.Token, other.AccessToken),
		"no access token":      c.trigger(job.Token, ""),
		"another scheme":       c.trigger(job.Token, "", header("Authorization", "Bearer "+job.AccessToken)),
		"nothing":              c.trigger(job.Token, "", func(r *http.Request) { r.Header.Del("Authorization") }),
		"GET":                  c.trigger(job.Token, job.AccessToken, func(r *http.Request) { r.Method = "GET" }),
		"a path below":         c.trigger(job.Token+"/x", job.AccessToken),
	} {
		if a.status != 404 || !strings.Contains(a.raw, "There is no such trigger") {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
	body := func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(strings.NewReader("{}")), 2 }
	c.trigger(job.Token, job.AccessToken, body).wants(t, 400, "body has to be empty")
	chunked := func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(strings.NewReader("")), -1 }
	c.trigger(job.Token, job.AccessToken, chunked).wants(t, 411)
	// net/http always sends the header, so the test writes this request itself.
	conn, err := net.Dial("tcp", strings.TrimPrefix(c.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, _ = io.WriteString(conn, "POST /trigger/"+job.Token+" HTTP/1.1\r\nHost: x\r\nAuthorization: CAAuth "+job.AccessToken+"\r\nConnection: close\r\n\r\n")
	if raw, _ := io.ReadAll(conn); !strings.HasPrefix(string(raw), "HTTP/1.1 411") {
		t.Errorf("without Content-Length: %s", raw)
	}
	if state, _ := s.TriggerJob(job.ID); len(state.Runs) != 0 || s.Accepted("TriggerJob") != 0 {
		t.Errorf("the job ran: %+v", state)
	}
	s.PlayCloudAutomator(CloudAutomator{TakesBody: true, TextJobID: true, RequestIDs: true})
	a := c.trigger(job.Token, job.AccessToken, body)
	a.wants(t, 200, `"trigger_job_id":"`+job.ID+`"`)
	if e := s.last(t); a.header.Get("X-Request-Id") != e.RequestID {
		t.Errorf("headers %v, entry %+v", a.header, e)
	}
}

func TestJobsThatAreNotToRun(t *testing.T) {
	for name, job := range map[string]TriggerJob{
		"inactive":          {Inactive: true},
		"not effective yet": {EffectiveDate: "2026-03-27"},
		"expired":           {ExpirationDate: "2026-03-25"},
		"expired by time":   {ExpirationDate: "2026-03-26T01:24:49+09:00"},
	} {
		for answer, want := range map[InactiveAnswer]struct {
			status, runs int
			says         string
		}{
			"": {404, 0, "There is no such trigger"}, InactiveNotFound: {404, 0, "There is no such trigger"},
			InactiveRefused: {400, 0, "not active"}, InactiveNotOK: {200, 0, `"result":"error"`}, InactiveRuns: {200, 1, `"result":"ok"`},
		} {
			t.Run(name+" "+string(answer), func(t *testing.T) {
				s, c, clk := start(t, Options{CloudAutomator: CloudAutomator{Inactive: answer}})
				made := s.AddTriggerJob(job)
				c.trigger(made.Token, made.AccessToken).wants(t, want.status, want.says)
				if state, _ := s.TriggerJob(made.ID); len(state.Runs) != want.runs || s.Accepted("TriggerJob") != want.runs {
					t.Errorf("state %+v", state)
				}
				if job.EffectiveDate != "" {
					// The day begins in Japan's time zone.
					clk.advance(22*time.Hour + 35*time.Minute + 11*time.Second)
					c.trigger(made.Token, made.AccessToken).wants(t, 200, `"result":"ok"`)
				}
			})
		}
	}
	s, c, clk := start(t, Options{})
	last := s.AddTriggerJob(TriggerJob{EffectiveDate: "2026-03-26", ExpirationDate: "2026-03-26"})
	c.trigger(last.Token, last.AccessToken).wants(t, 200)
	clk.advance(22*time.Hour + 35*time.Minute + 11*time.Second)
	c.trigger(last.Token, last.AccessToken).wants(t, 404)
}

func TestRotation(t *testing.T) {
	for _, rotates := range []bool{true, false} {
		s, c, _ := start(t, Options{CloudAutomator: CloudAutomator{PatchRotates: rotates}})
		id, attributes := c.jobs("POST", "", newJob).job(t)
		token, accessToken := rule(t, attributes)
		_, attributes = c.jobs("PATCH", "/"+id, `{}`).job(t)
		patched, patchedAccess := rule(t, attributes)
		if (patched != token) != rotates || (patchedAccess != accessToken) != rotates {
			t.Errorf("PATCH made %s %s of %s %s", patched, patchedAccess, token, accessToken)
		}
		c.trigger(token, accessToken).wants(t, map[bool]int{true: 404, false: 200}[rotates])
		c.trigger(patched, patchedAccess).wants(t, 200)

		pressed, ok := s.RotateTriggerJob(id)
		if !ok || pressed.Token == patched || pressed.AccessToken == patchedAccess {
			t.Fatalf("the console made %+v", pressed)
		}
		c.trigger(patched, patchedAccess).wants(t, 404)
		c.trigger(patched, pressed.AccessToken).wants(t, 404)
		c.trigger(pressed.Token, patchedAccess).wants(t, 404)
		c.trigger(pressed.Token, pressed.AccessToken).wants(t, 200)
		_, attributes = c.jobs("GET", "/"+id, "").job(t)
		if read, readAccess := rule(t, attributes); read != pressed.Token || readAccess != pressed.AccessToken {
			t.Errorf("read %v, want %+v", attributes, pressed)
		}
		if state, _ := s.TriggerJob(id); state.Rotations != map[bool]int{true: 2, false: 1}[rotates] {
			t.Errorf("rotated %d times", state.Rotations)
		}
	}
	s, _, _ := start(t, Options{})
	cron := s.AddTriggerJob(TriggerJob{RuleType: "cron"})
	if _, ok := s.RotateTriggerJob(cron.ID); ok {
		t.Error("a job without an HTTP trigger was rotated")
	}
	if _, ok := s.RotateTriggerJob("nobody"); ok {
		t.Error("a job that does not exist was rotated")
	}
}

func TestJobsArePaged(t *testing.T) {
	s, c, _ := start(t, Options{})
	list := func(query string) (ids []string, links map[string]any, total int) {
		t.Helper()
		a := c.jobs("GET", "?"+query, "")
		a.wants(t, 200)
		var document struct {
			Data  []struct{ ID string }
			Links map[string]any
			Meta  struct{ Total int }
		}
		if err := json.Unmarshal([]byte(a.raw), &document); err != nil || document.Data == nil {
			t.Fatalf("%v: %s", err, a.raw)
		}
		for _, job := range document.Data {
			ids = append(ids, job.ID)
		}
		return ids, document.Links, document.Meta.Total
	}
	if ids, links, total := list(""); len(ids) != 0 || links["next"] != nil || links["prev"] != nil || total != 0 {
		t.Errorf("without jobs the list is %v %v %d", ids, links, total)
	}
	var made []string
	for i := range 32 {
		made = append(made, s.AddTriggerJob(TriggerJob{ID: strconv.Itoa(500 - i)}).ID)
	}
	var seen []string
	next := ""
	for pages := 1; ; pages++ {
		ids, links, total := list(next)
		seen = append(seen, ids...)
		if total != 32 {
			t.Errorf("total %d", total)
		}
		address, more := links["next"].(string)
		if !more {
			if pages != 3 {
				t.Errorf("%d pages", pages)
			}
			break
		}
		u, err := url.Parse(address)
		if err != nil || !strings.HasPrefix(address, s.URL()+"/api/v1/jobs?") {
			t.Fatalf("next is %s (%v)", address, err)
		}
		next = u.RawQuery
	}
	if !slices.Equal(seen, made) {
		t.Errorf("saw %v, made %v", seen, made)
	}
	if ids, links, _ := list("page%5Bnumber%5D=2&page%5Bsize%5D=31"); len(ids) != 1 || links["next"] != nil || links["prev"] != s.URL()+"/api/v1/jobs?page[number]=1&page[size]=31" {
		t.Errorf("the second page: %v %v", ids, links)
	}
	if ids, links, _ := list("page[number]=9"); len(ids) != 0 || links["next"] != nil {
		t.Errorf("the page after the last one: %v %v", ids, links)
	}
	for _, bad := range []string{"page[number]=0", "page[number]=x", "page[size]=0", "page[size]=101", "page[size]="} {
		c.jobs("GET", "?"+bad, "").wants(t, 400)
	}
}

func TestReadsOfJobsLag(t *testing.T) {
	s, c, clk := start(t, Options{ReadLag: time.Minute, CloudAutomator: CloudAutomator{PatchRotates: true}})
	id, attributes := c.jobs("POST", "", newJob).job(t)
	token, accessToken := rule(t, attributes)
	c.jobs("GET", "/"+id, "").wants(t, 404)
	c.jobs("GET", "", "").wants(t, 200, `"total":0`)
	c.trigger(token, accessToken).wants(t, 200)
	clk.advance(time.Minute)
	c.jobs("GET", "/"+id, "").wants(t, 200, `"nightly"`, token)
	patched := c.jobs("PATCH", "/"+id, `{"name":"weekly"}`)
	patched.wants(t, 200, `"weekly"`)
	c.jobs("GET", "/"+id, "").wants(t, 200, `"nightly"`, token, accessToken)
	c.trigger(token, accessToken).wants(t, 404)
	clk.advance(time.Minute)
	if read := c.jobs("GET", "/"+id, ""); read.raw != patched.raw {
		t.Errorf("read %s, want %s", read.raw, patched.raw)
	}
	c.jobs("DELETE", "/"+id, "").wants(t, 204)
	c.jobs("GET", "/"+id, "").wants(t, 200, `"weekly"`)
	c.jobs("GET", "", "").wants(t, 200, `"total":1`)
	clk.advance(time.Minute)
	c.jobs("GET", "/"+id, "").wants(t, 404)
	if len(s.TriggerJobs()) != 0 {
		t.Error("the job still exists")
	}
}

func TestWhatCloudAutomatorLeavesOpen(t *testing.T) {
	s, c, _ := start(t, Options{CloudAutomator: CloudAutomator{DeleteStatus: 200, ActionDefaults: map[string]any{"trace_status": "true", "region": "us-east-1"}}})
	made := c.jobs("POST", "", newJob)
	made.wants(t, 201, `"action_value":{"region":"ap-northeast-1","trace_status":"true"}`)
	id, _ := made.job(t)
	c.jobs("PATCH", "/"+id, `{"action_value":{}}`).wants(t, 200, `"action_value":{"region":"us-east-1","trace_status":"true"}`)
	if gone := c.jobs("DELETE", "/"+id, ""); gone.status != 200 || gone.raw != "{}" {
		t.Errorf("removed with %d %q", gone.status, gone.raw)
	}
	for shape, want := range map[ErrorShape]struct{ contentType, body string }{
		"":            {"application/json; charset=utf-8", `{"errors":[{"code":"not_found","detail":"There is no such job.","status":"404","title":"Not Found"}]}`},
		ErrorsMessage: {"application/json; charset=utf-8", `{"message":"There is no such job."}`},
		ErrorsText:    {"text/plain; charset=utf-8", "There is no such job."},
		ErrorsEmpty:   {"", ""},
		ErrorsHTML:    {"text/html; charset=utf-8", "<html>"},
	} {
		s.PlayCloudAutomator(CloudAutomator{Errors: shape})
		a := c.jobs("GET", "/"+id, "")
		if a.status != 404 || a.header.Get("Content-Type") != want.contentType || !strings.HasPrefix(a.raw, want.body) || want.body == "" && a.raw != "" {
			t.Errorf("%q: %d %v %s", shape, a.status, a.header, a.raw)
		}
	}
	s.Reset()
	c.jobs("POST", "", newJob).wants(t, 201, "trace_status")
	for _, o := range []CloudAutomator{{Inactive: "typo"}, {Errors: "typo"}, {DeleteStatus: 202}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v was accepted", o)
				}
			}()
			New(Options{CloudAutomator: o})
		}()
	}
}

func TestFaultsOfCloudAutomator(t *testing.T) {
	for name, test := range map[string]struct {
		kind     Kind
		trigger  int
		api      int
		acted    bool
		throttle string
	}{
		"refuse":       {kind: KindRefuse, trigger: 403, api: 403},
		"throttle":     {kind: KindThrottle, trigger: 429, api: 429, throttle: "2"},
		"expired":      {kind: KindExpired, trigger: 404, api: 401},
		"error before": {kind: KindErrorBefore, trigger: 500, api: 500},
		"error after":  {kind: KindErrorAfter, trigger: 502, api: 500, acted: true},
	} {
		t.Run(name, func(t *testing.T) {
			s, c, _ := start(t, Options{RetryAfter: 2 * time.Second})
			job := s.AddTriggerJob(TriggerJob{})
			s.Inject(Fault{Operation: "cloudautomator:*", Kind: test.kind})
			a := c.trigger(job.Token, job.AccessToken)
			a.wants(t, test.trigger)
			c.jobs("DELETE", "/"+job.ID, "").wants(t, test.api)
			if _, there := s.TriggerJob(job.ID); s.Accepted("TriggerJob") == 1 != test.acted || there == test.acted || a.header.Get("Retry-After") != test.throttle {
				t.Errorf("the request log holds %v, the headers %v", s.RequestLog(), a.header)
			}
		})
	}
}

func TestAdministrationOfJobs(t *testing.T) {
	s, c, _ := start(t, Options{})
	var made TriggerJobState
	if status := c.admin("POST", "cloudautomator/jobs", `{"ID":"7","Token":"t","AccessToken":"a","Name":"mine"}`, &made); status != 200 || made.ID != "7" || made.Attributes.Name != "mine" {
		t.Fatalf("%d %+v", status, made)
	}
	c.trigger("t", "a").wants(t, 200, `"trigger_job_id":7`)
	var all []TriggerJobState
	if c.admin("GET", "cloudautomator/jobs", "", &all); len(all) != 1 || len(all[0].Runs) != 1 {
		t.Errorf("jobs %+v", all)
	}
	var rotated TriggerJobState
	if c.admin("POST", "cloudautomator/jobs/7/rotate", "", &rotated); rotated.Token == "t" || rotated.Token == "" || rotated.Rotations != 1 {
		t.Errorf("rotated %+v", rotated)
	}
	c.admin("POST", "cloudautomator/jobs/7/active", `{"Active":false}`, nil)
	c.jobs("GET", "/7", "").wants(t, 200, `"active":false`)
	c.trigger(rotated.Token, rotated.AccessToken).wants(t, 404)
	if status := c.admin("PUT", "cloudautomator/options", `{"Inactive":"runs"}`, nil); status != 200 {
		t.Errorf("status %d", status)
	}
	c.trigger(rotated.Token, rotated.AccessToken).wants(t, 200)
	var one TriggerJobState
	if c.admin("GET", "cloudautomator/jobs/7", "", &one); len(one.Runs) != 2 {
		t.Errorf("job %+v", one)
	}
	if status := c.admin("DELETE", "cloudautomator/jobs/7", "", nil); status != 200 || len(s.TriggerJobs()) != 0 {
		t.Errorf("status %d, left %v", status, s.TriggerJobs())
	}
	for request, want := range map[string]int{
		"GET cloudautomator/jobs/7 ":                        404,
		"DELETE cloudautomator/jobs/7 ":                     404,
		"POST cloudautomator/jobs/7/rotate ":                404,
		`POST cloudautomator/jobs/7/active {"Active":true}`: 404,
		`POST cloudautomator/jobs/7/active {"Actve":true}`:  400,
		`POST cloudautomator/jobs {"Tokn":"t"}`:             400,
		`POST cloudautomator/jobs {"Token":"a/b"}`:          400,
		`POST cloudautomator/jobs {"ExpirationDate":"x"}`:   400,
		`PUT cloudautomator/options {"Inactive":"typo"}`:    400,
		`PUT cloudautomator/options {"PatchRotats":true}`:   400,
	} {
		part := strings.SplitN(request, " ", 3)
		if got := c.admin(part[0], part[1], part[2], nil); got != want {
			t.Errorf("%s: status %d, want %d", request, got, want)
		}
	}
	c.admin("POST", "reset", "", nil)
	made = s.AddTriggerJob(TriggerJob{Inactive: true})
	c.trigger(made.Token, made.AccessToken).wants(t, 404)
}

func TestPatchKeepsOneOfTheTwo(t *testing.T) {
	for _, keepsURL := range []bool{true, false} {
		s, c, _ := start(t, Options{CloudAutomator: CloudAutomator{PatchRotates: true, PatchKeepsURL: keepsURL, PatchKeepsToken: !keepsURL}})
		id, attributes := c.jobs("POST", "", newJob).job(t)
		token, accessToken := rule(t, attributes)
		c.jobs("PATCH", "/"+id, `{"name":"weekly"}`).wants(t, 200)
		now, _ := s.TriggerJob(id)
		if (now.Token == token) != keepsURL || (now.AccessToken == accessToken) == keepsURL {
			t.Errorf("the job is %+v", now)
		}
	}
}
