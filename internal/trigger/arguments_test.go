package trigger_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
)

// canary is a secret that must not be shown.
const canary = "c4n4ry-0f-the-trigger"

func TestArguments(t *testing.T) {
	r := acctest.StartProvider(t, nil).Resource("signal_http_trigger")
	job := acctest.Values{"job_id": "1000"}
	trigger := acctest.Values{"url": "https://manager.cloudautomator.com/trigger/" + canary, "access_token": canary}
	url := func(url any) acctest.Values { return trigger.With(acctest.Values{"url": url}) }
	token := func(token any) acctest.Values { return trigger.With(acctest.Values{"access_token": token}) }
	secretly := func(token any) acctest.Values {
		return trigger.With(acctest.Values{"access_token": nil, "access_token_wo": token, "access_token_wo_version": 1})
	}
	hidden := func(url any) acctest.Values {
		return secretly(canary).With(acctest.Values{"url": nil, "url_wo": url, "url_wo_version": 1})
	}
	for name, test := range map[string]struct {
		config acctest.Values
		// at is the attribute at fault, "" if there is none; says is a part of the error.
		at, says string
	}{
		"job":                    {config: job},
		"url and access token":   {config: trigger},
		"url and write-only":     {config: secretly(canary)},
		"neither":                {acctest.Values{}, "job_id", "url"},
		"both":                   {trigger.With(job), "job_id", "url"},
		"unknown job and url":    {config: trigger.With(acctest.Values{"job_id": acctest.Unknown})},
		"job and unknown url":    {config: job.With(acctest.Values{"url": acctest.Unknown})},
		"job of letters":         {config: acctest.Values{"job_id": "aZ_0-"}},
		"empty job":              {acctest.Values{"job_id": ""}, "job_id", "id of a job"},
		"job with a slash":       {acctest.Values{"job_id": "1000/../1"}, "job_id", "id of a job"},
		"job with a space":       {acctest.Values{"job_id": "1000 "}, "job_id", "id of a job"},
		"job with a line break":  {acctest.Values{"job_id": "1000\n"}, "job_id", "id of a job"},
		"job in other digits":    {acctest.Values{"job_id": "１０００"}, "job_id", "id of a job"},
		"unknown job":            {config: acctest.Values{"job_id": acctest.Unknown}},
		"job and access token":   {job.With(acctest.Values{"access_token": canary}), "access_token", "leave access_token out"},
		"job and write-only":     {job.With(acctest.Values{"access_token_wo": canary}), "access_token_wo", "leave access_token_wo out"},
		"job and unknown token":  {config: job.With(acctest.Values{"access_token": acctest.Unknown, "access_token_wo": acctest.Unknown})},
		"url alone":              {token(nil), "access_token", "access_token_wo"},
		"url, token unknown":     {config: token(acctest.Unknown)},
		"unknown url alone":      {config: acctest.Values{"url": acctest.Unknown}},
		"both tokens":            {trigger.With(acctest.Values{"access_token_wo": canary}), "access_token", "access_token_wo"},
		"version alone":          {trigger.With(acctest.Values{"access_token_wo_version": 1}), "access_token_wo_version", "access_token_wo"},
		"unknown version":        {config: secretly(canary).With(acctest.Values{"access_token_wo_version": acctest.Unknown})},
		"empty token":            {token(""), "access_token", "visible"},
		"token with a space":     {token(canary + " "), "access_token", "visible"},
		"token with line break":  {token(canary + "\n"), "access_token", "visible"},
		"token not ASCII":        {token(canary + "é"), "access_token", "visible"},
		"token of signs":         {config: token("!~/+=:")},
		"empty write-only":       {secretly(""), "access_token_wo", "visible"},
		"write-only line break":  {secretly(canary + "\n"), "access_token_wo", "visible"},
		"unknown write-only":     {config: secretly(acctest.Unknown)},
		"another host and path":  {config: url("https://ca.example.jp:8443/a/b?c=d")},
		"http to this machine":   {config: url("http://localhost:8080/trigger/" + canary)},
		"http to LOCALHOST":      {config: url("http://LOCALHOST/trigger/" + canary)},
		"http to 127.0.0.1":      {config: url("http://127.0.0.1/trigger/" + canary)},
		"http to 127.255.0.9":    {config: url("http://127.255.0.9:1/trigger/" + canary)},
		"http to ::1":            {config: url("http://[::1]:1/trigger/" + canary)},
		"http to another host":   {url("http://manager.cloudautomator.com/trigger/" + canary), "url", "https"},
		"http to 128.0.0.1":      {url("http://128.0.0.1/trigger/" + canary), "url", "https"},
		"http to localhost.evil": {url("http://localhost.example.com/trigger/" + canary), "url", "https"},
		"http to 127.0.0.1.evil": {url("http://127.0.0.1.example.com/trigger/" + canary), "url", "https"},
		"another scheme":         {url("ftp://localhost/trigger/" + canary), "url", "https"},
		"user":                   {url("https://" + canary + "@manager.cloudautomator.com/trigger/1"), "url", "user"},
		"fragment":               {url("https://manager.cloudautomator.com/trigger/1#" + canary), "url", "fragment"},
		"empty fragment":         {url("https://manager.cloudautomator.com/trigger/" + canary + "#"), "url", "fragment"},
		"no scheme":              {url("manager.cloudautomator.com/trigger/" + canary), "url", "absolute"},
		"path only":              {url("/trigger/" + canary), "url", "absolute"},
		"no host":                {url("https:///trigger/" + canary), "url", "host"},
		"port only":              {url("https://:443/trigger/" + canary), "url", "host"},
		"bad port":               {url("https://manager.cloudautomator.com:" + canary + "/trigger/1"), "url", "absolute"},
		"line break":             {url("https://manager.cloudautomator.com/trigger/" + canary + "\n"), "url", "absolute"},
		"trailing space":         {url("https://manager.cloudautomator.com/trigger/" + canary + " "), "url", "spaces"},
		"wide space":             {url("https://manager.cloudautomator.com/trigger/" + canary + "\u3000"), "url", "spaces"},
		"write-only url":         {config: hidden(trigger["url"])},
		"both urls":              {trigger.With(acctest.Values{"url_wo": trigger["url"], "url_wo_version": 1}), "url", "url_wo"},
		"job and write-only url": {job.With(acctest.Values{"url_wo": trigger["url"], "url_wo_version": 1}), "job_id", "url_wo"},
		"job, unknown url_wo":    {config: job.With(acctest.Values{"url_wo": acctest.Unknown})},
		"url_wo alone":           {hidden(trigger["url"]).With(acctest.Values{"access_token_wo": nil, "access_token_wo_version": nil}), "access_token", "access_token_wo"},
		"url_wo over http":       {hidden("http://manager.cloudautomator.com/trigger/" + canary), "url_wo", "https"},
		"unknown url_wo":         {config: hidden(acctest.Unknown)},
		"url_wo, no version":     {hidden(trigger["url"]).With(acctest.Values{"url_wo_version": nil}), "url_wo", "url_wo_version"},
		"empty url":              {url(""), "url", "absolute"},
		"unknown url":            {config: url(acctest.Unknown)},
	} {
		t.Run(name, func(t *testing.T) {
			diags := r.For(t).Validate(test.config)
			if strings.Contains(diags.String(), canary) {
				t.Errorf("a secret is said:\n%s", diags)
			}
			if test.at == "" {
				if len(diags) > 0 {
					t.Errorf("refused: %s", diags)
				}
				return
			}
			if len(diags) != 1 || diags[0].Attribute != test.at || !strings.Contains(diags.String(), test.says) {
				t.Errorf("said %q, want %q on %s", diags, test.says, test.at)
			}
		})
	}
}

// An action keeps no secret, so it can only run a job by its id.
func TestActionArguments(t *testing.T) {
	a := acctest.StartProvider(t, nil).Action("signal_http_trigger")
	if names := slices.Sorted(maps.Keys(a.Arguments())); !slices.Equal(names, []string{"job_id", "resend_on_unknown", "timeout"}) {
		t.Errorf("the action has %q", names)
	}
	for job, says := range map[any]string{
		"1000": "", "aZ_0-": "", acctest.Unknown: "", nil: "required", "": "id of a job", "1000/../1": "id of a job", "1000\n": "id of a job",
	} {
		diags := append(a.Validate(acctest.Values{"job_id": job}), a.Plan(acctest.Values{"job_id": job})...)
		if says == "" && len(diags) > 0 || says != "" && (len(diags) == 0 || diags[0].Attribute != "job_id" || !strings.Contains(diags.String(), says)) {
			t.Errorf("job_id = %q said %q, want %q", job, diags, says)
		}
	}
}

func TestProviderBlock(t *testing.T) {
	for name, test := range map[string]struct {
		block    acctest.Values
		at, says string
	}{
		"empty":            {block: acctest.Values{}},
		"key":              {block: acctest.Values{"api_key": canary}},
		"empty key":        {block: acctest.Values{"api_key": ""}},
		"key, line break":  {acctest.Values{"api_key": canary + "\n"}, "cloud_automator.api_key", "visible"},
		"unknown key":      {block: acctest.Values{"api_key": acctest.Unknown}},
		"endpoint":         {block: acctest.Values{"endpoint": "https://ca.example.jp/api/v1"}},
		"this machine":     {block: acctest.Values{"endpoint": "http://[::1]:8080/api/v1/"}},
		"http":             {acctest.Values{"endpoint": "http://ca.example.jp/api/v1/"}, "cloud_automator.endpoint", "https"},
		"user":             {acctest.Values{"endpoint": "https://me:" + canary + "@ca.example.jp/api/v1/"}, "cloud_automator.endpoint", "user"},
		"no URL":           {acctest.Values{"endpoint": "ca.example.jp"}, "cloud_automator.endpoint", "URL"},
		"query":            {acctest.Values{"endpoint": "https://ca.example.jp/?a"}, "cloud_automator.endpoint", "query"},
		"empty endpoint":   {block: acctest.Values{"endpoint": ""}},
		"unknown endpoint": {block: acctest.Values{"endpoint": acctest.Unknown}},
	} {
		t.Run(name, func(t *testing.T) {
			_, diags := acctest.TryProvider(t, acctest.Values{"cloud_automator": test.block})
			if strings.Contains(diags.String(), canary) {
				t.Errorf("a secret is said:\n%s", diags)
			}
			if test.at == "" && len(diags) > 0 || test.at != "" && (len(diags) != 1 || diags[0].Attribute != test.at || !strings.Contains(diags.String(), test.says)) {
				t.Errorf("said %q, want %q on %q", diags, test.says, test.at)
			}
		})
	}
}
