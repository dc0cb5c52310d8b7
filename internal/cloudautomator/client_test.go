package cloudautomator

import (
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
