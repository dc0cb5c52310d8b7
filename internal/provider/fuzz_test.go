package provider_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// resourcesOf returns the resource of each system, in their order.
func resourcesOf(p *acctest.Provider) (resources []*acctest.Resource) {
	for _, y := range systems {
		resources = append(resources, p.Resource(y.resource))
	}
	return resources
}

// FuzzArguments puts any text into any string argument of any signal: none
// panics or makes an invalid plan, what passes validation can be planned, and a
// secret is not repeated.
func FuzzArguments(f *testing.F) {
	s := acctest.Sandbox(f, sandbox.Options{})
	resources := resourcesOf(acctest.StartProvider(f, acctest.Block(s.URL())))
	for i, r := range resources {
		for j := range r.Strings() {
			for _, text := range []string{"", "canary", "\x00canary\n", "\xff\u2028é", strings.Repeat("ü", 513), "https://canary@[::1%25lo]:99999/#", "arn:aws:canary", "-1"} {
				f.Add(uint8(i), j, text)
			}
		}
	}
	f.Fuzz(func(t *testing.T, i uint8, name, text string) {
		y, r := systems[int(i)%len(systems)], resources[int(i)%len(systems)].For(t)
		secret, argument := r.Strings()[name]
		if !argument {
			return
		}
		s.Reset()
		// Terraform hands on no text that is not UTF-8.
		text = strings.ToValidUTF8(text, "?")
		config := y.ready(t, s).With(acctest.Values{name: text})
		said := r.Validate(config)
		if !said.HasError() {
			_, planning := r.Plan(config)
			said = append(said, planning...)
			if planning.HasError() {
				t.Errorf("%s = %q passes validation and cannot be planned: %s", name, text, planning)
			}
		}
		if secret && strings.Contains(text, "canary") && strings.Contains(said.String(), text) {
			t.Errorf("%s is repeated: %s", name, said)
		}
	})
}

// FuzzAnswers answers each signal in any way: none panics, and none is taken for
// sent unless the answer is the one in the service's document.
func FuzzAnswers(f *testing.F) {
	for i := range systems {
		for _, status := range []uint16{200, 204, 301, 400, 403, 404, 429, 500, 503} {
			f.Add(uint8(i), status, "application/x-amz-json-1.1", "", "", []byte(`{"__type":"ThrottlingException","message":"slow down"}`))
			f.Add(uint8(i), status, "application/json", "AccessDeniedException:http://x", "1", []byte(`{"RequestId":"1","result":"ok","trigger_job_id":9,"Code":"Throttling","Message":"m"}`))
			f.Add(uint8(i), status, "text/html", "", "-1", []byte("<html></html>"))
			f.Add(uint8(i), status, "", "", "99999999999999999999", []byte(nil))
			f.Add(uint8(i), status, "application/json", "", "", []byte("{}"))
			f.Add(uint8(i), status, "application/json", "", "", []byte("{\"result\":\"ok\""))
			f.Add(uint8(i), status, "application/json", "", "", []byte("[]"))
			f.Add(uint8(i), status, "application/json", "", "", []byte(`{"RequestId":null,"result":["ok"]}`))
			f.Add(uint8(i), status, "application/json", "", "", []byte(`{"data":{"attributes":{"rule_type":"webhook","rule_value":{"token":"t","access_token":"a"}}},"result":"ok","trigger_job_id":{}}`))
		}
	}
	s := acctest.Sandbox(f, sandbox.Options{})
	var answer http.HandlerFunc
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		answer(w, r)
	}))
	f.Cleanup(server.Close)
	resources := resourcesOf(acctest.StartProvider(f, acctest.Block(server.URL)))
	f.Fuzz(func(t *testing.T, i uint8, status uint16, contentType, errorType, retryAfter string, body []byte) {
		y, r := systems[int(i)%len(systems)], resources[int(i)%len(systems)].For(t)
		// Below 200 an answer is not the last one, and net/http refuses to send others.
		status = 200 + (status+200)%400
		answer = func(w http.ResponseWriter, _ *http.Request) {
			for name, value := range map[string]string{"Content-Type": contentType, "X-Amzn-Errortype": errorType, "Retry-After": retryAfter} {
				if value != "" {
					w.Header().Set(name, value)
				}
			}
			w.WriteHeader(int(status))
			_, _ = w.Write(body)
		}
		s.Reset()
		config := y.ready(t, s).With(acctest.Values{"timeouts": acctest.Values{"create": "20ms"}})
		if at, given := config["url"].(string); given {
			config["url"] = strings.Replace(at, s.URL(), server.URL, 1)
		}
		diags := r.Apply(config)
		switch sent := r.String("delivery"); {
		case (sent == "SENT") == diags.HasError():
			t.Errorf("delivery is %q, and it said %s", sent, diags)
		case sent == "SENT" && !documented(y, int(status), body):
			t.Errorf("%s took HTTP %d with %q for success", y.resource, status, body)
		case sent != "SENT" && sent != "UNKNOWN" && !r.State.IsNull():
			t.Errorf("recorded %s", r.State)
		}
	})
}

// documented reports whether an answer is the one that the service's document
// gives for success. AWS documents an empty body, and sends an empty object.
func documented(y system, status int, body []byte) bool {
	var members map[string]any
	object := json.Unmarshal(body, &members) == nil && members != nil
	switch y.resource {
	case "signal_stack_resource":
		id, _ := members["RequestId"].(string)
		return status == http.StatusOK && id != ""
	case "signal_http_trigger":
		return status == http.StatusOK && members["result"] == "ok"
	default:
		return status == http.StatusOK && (object || len(strings.TrimSpace(string(body))) == 0)
	}
}
