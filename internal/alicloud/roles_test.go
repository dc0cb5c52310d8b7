package alicloud_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// metadataVariable holds the case that a process of its own is to test.
const metadataVariable = "SIGNAL_TEST_METADATA"

// The metadata service has a fixed address, which no test may contact: a proxy
// answers in its place. Go looks for proxies once in a process, so each case
// has one of its own.
func TestMachineRole(t *testing.T) {
	for _, name := range []string{"keys", "incomplete", "refused", "stalled"} {
		t.Run(name, func(t *testing.T) {
			child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestMachineRoleAlone$", "-test.count=1")
			child.Env = append(os.Environ(), metadataVariable+"="+name)
			if said, err := child.CombinedOutput(); err != nil || strings.Contains(string(said), "SKIP") {
				t.Errorf("%v: %s", err, said)
			}
		})
	}
}

func TestMachineRoleAlone(t *testing.T) {
	name := os.Getenv(metadataVariable)
	if name == "" {
		t.Skip("part of TestMachineRole")
	}
	s, config := start(t, sandbox.Options{})
	var (
		mu    sync.Mutex
		asked []string
	)
	gone := make(chan struct{})
	metadata := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = append(asked, r.Method+" "+r.URL.String())
		mu.Unlock()
		keys := r.Method == http.MethodGet && r.URL.Host == "100.100.100.200" && r.URL.Path == "/latest/meta-data/ram/security-credentials/builder"
		switch {
		case r.Method == http.MethodPut:
			_, _ = fmt.Fprint(w, "metadata-token")
		case name == "keys" && keys:
			_, _ = fmt.Fprintf(w, `{"Code":"Success","AccessKeyId":"three","AccessKeySecret":"secret-of-three","SecurityToken":"token-of-three","Expiration":%q}`,
				time.Now().Add(time.Hour).UTC().Format("2006-01-02T15:04:05Z"))
		case name == "incomplete":
			_, _ = fmt.Fprint(w, `{"AccessKeyId":"three","AccessKeySecret":"secret-of-three","SecurityToken":"token-of-three"}`)
		case name == "stalled":
			<-gone
		default:
			http.NotFound(w, r)
		}
	}))
	defer metadata.Close()
	defer close(gone)
	t.Setenv("HTTP_PROXY", metadata.URL)
	home, _ := os.UserHomeDir()
	write(t, filepath.Join(home, ".aliyun", "config.json"), "machine", profile("machine", "EcsRamRole", map[string]any{"ram_role_name": "builder", "region_id": "r"}))
	p := acctest.StartProvider(t, acctest.Values{"alicloud": acctest.Values{"endpoints": acctest.Values{"ros": s.URL()}}})

	if name == "stalled" {
		done := make(chan acctest.Diagnostics)
		go func() { done <- p.Resource("signal_stack_resource").Apply(config) }()
		again := time.NewTicker(10 * time.Millisecond)
		defer again.Stop()
		var stopped time.Time
		for {
			select {
			case <-again.C:
				mu.Lock()
				begun := len(asked) > 1
				mu.Unlock()
				if begun {
					if stopped.IsZero() {
						stopped = time.Now()
					}
					p.Stop()
				}
			case diags := <-done:
				if took := time.Since(stopped); stopped.IsZero() || took > time.Second || !strings.Contains(diags.String(), "Signal Not Sent") {
					t.Errorf("ended %s after Ctrl-C and said %s", took, diags)
				}
				return
			}
		}
	}
	for range 2 {
		diags := p.Resource("signal_stack_resource").Apply(config)
		if name == "keys" {
			if len(diags) > 0 || signer(s) != "three" {
				t.Errorf("signed by %q: %s", signer(s), diags)
			}
			continue
		}
		if !strings.Contains(diags.String(), "Signal Not Sent") || !strings.Contains(diags.String(), "ECS instance") || strings.Contains(diags.String(), "secret-of") || len(s.RequestLog()) > 0 {
			t.Errorf("said %s", diags)
		}
	}
	if name == "keys" && len(asked) != 2 {
		t.Errorf("two signals asked %q", asked)
	}
}
