package provider_test

import (
	"encoding/json"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// Each request is the same as that of the vendor's own tool. The target need not exist,
// because the request is in the request log in any case.
func TestRequestsAreThoseOfTheVendorsTools(t *testing.T) {
	for _, y := range systems.All {
		for _, want := range y.Requests {
			t.Run(y.Name()+" "+want.Name, func(t *testing.T) {
				t.Parallel()
				s := acctest.Sandbox(t, sandbox.Options{})
				diags := acctest.StartProvider(t, acctest.Block(s.URL())).Resource(y.Type).Apply(want.Arguments)
				made := s.RequestLog()
				if len(made) != 1 {
					t.Fatalf("made %d requests: %s", len(made), diags)
				}
				sent := made[0]
				if sent.Method != "POST" || sent.Path != "/" || sent.Query != "" {
					t.Errorf("sent %s %s?%s", sent.Method, sent.Path, sent.Query)
				}
				for header, value := range want.Header {
					if got := sent.Header.Values(header); len(got) != 1 || got[0] != value {
						t.Errorf("%s is %q, want %q", header, got, value)
					}
				}
				if got := members(t, want, sent.Body); !reflect.DeepEqual(got, members(t, want, want.Body)) {
					t.Errorf("sent %s, want %s", sent.Body, want.Body)
				}
				if region, ok := want.Arguments["region"]; ok && sent.Region != region {
					t.Errorf("sent to %s, want %s", sent.Region, region)
				}
			})
		}
	}
}

// members returns the members of a body, in the format that the request names.
func members(t *testing.T, request systems.Request, body string) any {
	t.Helper()
	if strings.HasPrefix(request.Header["Content-Type"], "application/x-www-form-urlencoded") {
		form, err := url.ParseQuery(body)
		must(t, err)
		return form
	}
	var object map[string]any
	must(t, json.Unmarshal([]byte(body), &object))
	return object
}

// The provider finds keys of the environment that no request can carry before it makes a
// request, at once, and names their variables.
func TestKeysThatNoRequestCanCarry(t *testing.T) {
	s := acctest.Sandbox(t, sandbox.Options{})
	for resource, c := range map[string]struct {
		block acctest.Values
		env   map[string]string
		says  string
	}{
		"signal_automation": {
			acctest.Values{"aws": acctest.AWS(s.URL()).With(acctest.Values{"access_key": nil, "secret_key": nil})},
			map[string]string{"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "canary-session\n"}, "the AWS_* environment variables",
		},
		"signal_stack_resource": {
			acctest.Values{"alicloud": acctest.Alicloud(s.URL()).With(acctest.Values{"access_key": nil, "secret_key": nil})},
			map[string]string{"ALICLOUD_ACCESS_KEY": "key", "ALICLOUD_SECRET_KEY": "canary-secret\n"}, "ALICLOUD_ACCESS_KEY",
		},
		"signal_http_trigger": {
			acctest.Values{"cloud_automator": acctest.Values{"endpoint": s.URL() + "/api/v1/"}},
			map[string]string{"CLOUD_AUTOMATOR_API_KEY": "canary-key\n"}, "the Cloud Automator API key from CLOUD_AUTOMATOR_API_KEY has a line break",
		},
		"signal_temporal_workflow": {
			acctest.Values{"temporal": acctest.Values{"address": s.URL()}},
			map[string]string{"TEMPORAL_API_KEY": "canary-key\n"}, "the Temporal API key from TEMPORAL_API_KEY has a line break",
		},
	} {
		t.Run(resource, func(t *testing.T) {
			for name, value := range c.env {
				t.Setenv(name, value)
			}
			config := systems.Of(resource).Ready(s)
			if resource == "signal_http_trigger" {
				config = acctest.Values{"job_id": "1"}
			}
			s.ResetRequestLog()
			// Without the test's retry policy, the provider would try again for half a minute.
			diags := acctest.StartProvider(t, c.block).Resource(resource).Apply(config)
			says(t, diags, true, "Signal Not Sent", c.says)
			if said := diags.String(); strings.Contains(said, "canary") || strings.Contains(said, "attempts") || strings.Contains(said, "proxy") {
				t.Error(said)
			}
			if made := s.RequestLog(); len(made) > 0 {
				t.Errorf("these requests were made: %v", made)
			}
		})
	}
}
