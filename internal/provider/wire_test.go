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

// Each request is the one that the vendor's own tool makes. Whether there is such a
// target is of no matter here: the request is in the request log either way.
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

// members are what a body holds, in the format that the request names.
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
