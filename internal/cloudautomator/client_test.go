package cloudautomator

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// served returns a client of a job API, and what it keeps from being shown.
func served(t *testing.T, api http.HandlerFunc) (*Client, *delivery.Redactor) {
	t.Helper()
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	secrets := delivery.NewRedactor()
	return NewClient(Config{APIKey: "the-key-of-the-api", Endpoint: server.URL + "/api/v1/", Secrets: secrets}), secrets
}

// An error answer may repeat the job, and so what runs it: nothing that was never seen
// before is shown.
func TestErrorAnswersDoNotShowWhatRunsAJob(t *testing.T) {
	const token, access = "t0ken-0f-a-new-job", "acce55/t0ken-0f-a-new-job"
	for name, body := range map[string]string{
		"the document":     `{"data":{"id":"7","attributes":{"name":"nightly","rule_value":{"token":"` + token + `","access_token":"` + access + `","time_zone":"Tokyo"}}}}`,
		"another order":    `{"job": {"rule_value" : { "access_token" : "` + access + `" , "time_zone": "}", "token" : "` + token + `"}}, "name": "nightly"}`,
		"a cut document":   `{"data":{"attributes":{"name":"nightly","rule_value":{"token":"` + token + `","access_token":"` + access,
		"escaped":          `{"name":"nightly","rule_value":{"access_token":"` + strings.ReplaceAll(access, "/", `\/`) + `","token":"` + strings.ReplaceAll(token, "t", `\u0074`) + `"}}`,
		"quoted":           `{"errors":[{"detail":"nightly is invalid: {\"rule_value\":{\"token\":\"` + token + `\",\"access_token\":\"` + access + `\"}}"}]}`,
		"quoted by Ruby":   `{"error":"nightly failed: {\"rule_value\"=>{\"token\"=>\"` + token + `\", \"access_token\"=>\"` + access + `\"}}"}`,
		"a URL":            `{"error":"nightly failed at https://manager.cloudautomator.com/trigger/` + token + `"}`,
		"beside a message": `{"errors":[{"detail":"nightly ` + token + ` failed"}],"data":{"rule_value":{"token":"` + token + `","access_token":"` + access + `"}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			client, secrets := served(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusInternalServerError)
				_, _ = w.Write([]byte(body))
			})
			_, err := client.CreateJob(t.Context(), map[string]any{"name": "nightly"})
			if err == nil || !strings.Contains(err.Error(), "nightly") {
				t.Fatalf("the error is %v", err)
			}
			if said := secrets.Error(err).Error(); strings.Contains(said, "0f-a-new-job") || strings.Contains(said, "acce55") || !strings.Contains(said, "nightly") {
				t.Errorf("it shows %s", said)
			}
		})
	}
}

// An error that only mentions tokens is shown as it is.
func TestErrorsAboutTokensAreShown(t *testing.T) {
	client, secrets := served(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"token": "must be renewed", "rule_value": ["token", "is missing"]}`))
	})
	_, err := client.Job(t.Context(), "7")
	if said := secrets.Error(err).Error(); !strings.Contains(said, "must be renewed") || !strings.Contains(said, "is missing") {
		t.Errorf("it shows %s", said)
	}
}

// Pages that go round in a circle end the list at once.
func TestPagesInACircle(t *testing.T) {
	for name, next := range map[string]map[string]string{
		"of one":          {"1": "1"},
		"of two":          {"1": "2", "2": "1"},
		"after the first": {"1": "2", "2": "3", "3": "2"},
	} {
		t.Run(name, func(t *testing.T) {
			requests := 0
			client, _ := served(t, func(w http.ResponseWriter, r *http.Request) {
				if requests++; requests > 9 {
					w.WriteHeader(http.StatusTooManyRequests)
					return
				}
				_, _ = fmt.Fprintf(w, `{"data": [], "links": {"next": "/api/v1/jobs?page[number]=%s&page[size]=100"}}`, next[r.URL.Query().Get("page[number]")])
			})
			list, err := client.Jobs(), error(nil)
			for err == nil && !list.Done {
				err = list.ReadPage(t.Context())
			}
			if err == nil || !strings.Contains(err.Error(), "next page") || requests != len(next) {
				t.Errorf("after %d requests: %v", requests, err)
			}
		})
	}
}

// A page that fails is read again, and the pages before it are not.
func TestListGoesOnAtTheFailedPage(t *testing.T) {
	var asked []string
	client, _ := served(t, func(w http.ResponseWriter, r *http.Request) {
		page := r.URL.Query().Get("page[number]")
		if asked = append(asked, page); len(asked) == 2 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		links := `{}`
		if page == "1" {
			links = `{"next": "/api/v1/jobs?page[number]=2"}`
		}
		_, _ = fmt.Fprintf(w, `{"data": [{"id": "%s", "attributes": {}}, {"id": "9", "attributes": {}}], "links": %s}`, page, links)
	})
	list := client.Jobs()
	for try := 0; !list.Done && try < 9; try++ {
		_ = list.ReadPage(t.Context())
	}
	var ids []string
	for _, job := range list.Jobs {
		ids = append(ids, job.ID)
	}
	if fmt.Sprint(asked, ids) != "[1 2 2] [1 9 2]" {
		t.Errorf("read were the pages %v, found the jobs %v", asked, ids)
	}
}
