package provider_test

import (
	"bufio"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/matrix"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// obstacle is a server in the place of a service that lets no connection through.
type obstacle struct {
	at string
	mu sync.Mutex
	// met counts the connections. passed has the bytes that are neither a CONNECT nor a TLS
	// handshake.
	met    int
	passed []string
}

func (o *obstacle) count() (met int, passed []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.met, o.passed
}

// stand serves connections with a function that returns the bytes that should not have
// arrived.
func stand(t *testing.T, serve func(conn net.Conn) (passed string)) *obstacle {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	o := &obstacle{at: listener.Addr().String()}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer conn.Close()
				o.mu.Lock()
				o.met++
				o.mu.Unlock()
				if passed := serve(conn); passed != "" {
					o.mu.Lock()
					defer o.mu.Unlock()
					o.passed = append(o.passed, passed)
				}
			})
		}
	})
	t.Cleanup(func() { _ = listener.Close(); serving.Wait() })
	return o
}

// proxyPassword is part of the proxy's URL. The proxy repeats it in its answer.
const proxyPassword = "canary-proxy-password"

// refusing returns a proxy that answers CONNECT with a status.
func refusing(t *testing.T, status int) *obstacle {
	t.Helper()
	return stand(t, func(conn net.Conn) string {
		req, err := http.ReadRequest(bufio.NewReader(conn))
		if err != nil {
			return err.Error()
		}
		page := "<html>" + proxyPassword + "</html>"
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 %d %s for %s\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s", status, http.StatusText(status), proxyPassword, len(page), page)
		if req.Method != http.MethodConnect {
			return req.Method + " " + req.URL.String()
		}
		return ""
	})
}

// alerting returns a server that ends TLS handshakes with an alert.
func alerting(t *testing.T, alert byte) *obstacle {
	t.Helper()
	return stand(t, func(conn net.Conn) string {
		head := make([]byte, 5)
		if _, err := io.ReadFull(conn, head); err != nil || head[0] != 22 {
			return fmt.Sprintf("%q: %v", head, err)
		}
		_, _ = io.CopyN(io.Discard, conn, int64(head[3])<<8|int64(head[4]))
		_, _ = conn.Write([]byte{21, 3, 3, 0, 2, 2, alert})
		return ""
	})
}

// passage is one reason why no connection can be made.
type passage struct {
	// Proxy is the status of a proxy's answer. Alert is the TLS alert of the server.
	proxy int
	alert byte
	// mayPass says that the provider tries again.
	mayPass bool
	says    []string
}

const (
	proxySaysNo   = "proxies lock accounts"
	proxyCannot   = "could not connect to the service itself"
	needsProxy    = "whether a proxy is needed"
	clientAsked   = "requires a client certificate"
	clientRefused = "did not accept the client certificate"
)

// advice has all next steps. Each cause has its own, and no error has that of another
// cause.
var advice = []string{proxySaysNo, proxyCannot, needsProxy, clientAsked, clientRefused, "neither TLS 1.2 nor 1.3", "refused the TLS handshake", "because of an internal error", "check region and endpoint", "could not prove who it is"}

var passages = map[string]passage{
	"proxy 403":            {403, 0, false, []string{"the proxy", "HTTP 403", "CONNECT", proxySaysNo}},
	"proxy 407":            {407, 0, false, []string{"the proxy", "HTTP 407", "CONNECT", proxySaysNo}},
	"proxy 502":            {502, 0, true, []string{"the proxy", "HTTP 502", "CONNECT", proxyCannot}},
	"proxy 503":            {503, 0, true, []string{"the proxy", "HTTP 503", "CONNECT", proxyCannot}},
	"protocol_version":     {0, 70, false, []string{"protocol version", "neither TLS 1.2 nor 1.3"}},
	"handshake_failure":    {0, 40, false, []string{"handshake failure", "refused the TLS handshake"}},
	"internal_error":       {0, 80, true, []string{"internal error", "because of an internal error"}},
	"certificate_required": {0, 116, false, []string{"certificate required", clientAsked}},
	"unknown_ca":           {0, 48, false, []string{"unknown certificate authority", clientRefused}},
}

// open starts the obstacle. It returns the obstacle, the provider block that leads to it,
// and its URL.
func (w passage) open(t *testing.T) (*obstacle, acctest.Values, string) {
	t.Helper()
	if w.alert != 0 {
		o := alerting(t, w.alert)
		return o, acctest.Block("https://" + o.at), "https://" + o.at
	}
	o := refusing(t, w.proxy)
	proxy := "http://user:" + proxyPassword + "@" + o.at
	url := acctest.Behind(t, proxy)
	block := acctest.Block(url)
	block["aws"] = acctest.AWS(url).With(acctest.Values{"https_proxy": proxy})
	return o, block, url
}

// holds checks how many connections reached the obstacle, and the error that was reported.
func (w passage) holds(t *testing.T, o *obstacle, diags acctest.Diagnostics) {
	t.Helper()
	met, passed := o.count()
	if len(passed) > 0 {
		t.Errorf("this came through: %v", passed)
	}
	if w.mayPass != (met > 1) || met == 0 {
		t.Errorf("%d connections, and another attempt may help: %t", met, w.mayPass)
	}
	said := diags.String()
	for _, part := range w.says {
		if !strings.Contains(said, part) {
			t.Errorf("%q is not in the error:\n%s", part, said)
		}
	}
	own := w.says[len(w.says)-1]
	for _, other := range append(advice, proxyPassword, "request id") {
		if other != own && strings.Contains(said, other) {
			t.Errorf("%q is in the error:\n%s", other, said)
		}
	}
	if w.proxy != 0 && !strings.Contains(said, o.at) {
		t.Errorf("the proxy %s is not named:\n%s", o.at, said)
	}
}

// A proxy that does not connect, and a server that ends the handshake, prevent every
// signal. The provider tries once if another attempt cannot help.
func TestNoSignalPassesWhatDoesNotConnect(t *testing.T) {
	for name, w := range passages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, y := range systems.All {
				t.Run(y.Name(), func(t *testing.T) {
					s := acctest.Sandbox(t, sandbox.Options{})
					config := y.Ready(s)
					o, block, url := w.open(t)
					if trigger, ok := config["url"].(string); ok {
						config["url"] = strings.Replace(trigger, s.URL(), url, 1)
					}
					s.ResetRequestLog()
					r := acctest.StartProvider(t, block).Resource(y.Type)
					diags := r.Apply(config)
					became(t, y, s, r, matrix.Cell{Result: matrix.NotSent}, diags)
					w.holds(t, o, diags)
				})
			}
		})
	}
}

// The same for a job: it is not created, changed or removed.
func TestNoJobPassesWhatDoesNotConnect(t *testing.T) {
	for name, w := range passages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.Sandbox(t, sandbox.Options{})
			y := jobAs("CreateJob")
			config := y.Ready(s)
			made := acctest.StartProvider(t, acctest.Block(s.URL())).Resource(y.Type)
			apply(t, made, config)
			s.ResetRequestLog()
			for what, try := range map[string]func(p *acctest.Provider) (*acctest.Resource, acctest.Diagnostics){
				"create": func(p *acctest.Provider) (*acctest.Resource, acctest.Diagnostics) {
					r := p.Resource(y.Type)
					return r, r.Apply(config)
				},
				"update": func(p *acctest.Provider) (*acctest.Resource, acctest.Diagnostics) {
					r := made.On(p)
					return r, r.Apply(config.With(acctest.Values{"name": "weekly"}))
				},
				"delete": func(p *acctest.Provider) (*acctest.Resource, acctest.Diagnostics) {
					r := made.On(p)
					return r, r.Destroy()
				},
			} {
				t.Run(what, func(t *testing.T) {
					o, block, _ := w.open(t)
					r, diags := try(acctest.StartProvider(t, block))
					if !diags.HasError() || r.State.IsNull() != (what == "create") || r.Tainted {
						t.Errorf("tainted: %t, and the state is %s: %s", r.Tainted, r.State, diags)
					}
					w.holds(t, o, diags)
				})
			}
		})
	}
}

// The provider also asks once for credentials behind such a proxy.
func TestNoCredentialsPassAProxyThatRefuses(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o700))
		must(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	t.Setenv("HOME", dir)
	const start = "https://start.example"
	sum := sha1.Sum([]byte(start)) // The AWS CLI names its cache like this.
	file(".aws/sso/cache/"+hex.EncodeToString(sum[:])+".json", fmt.Sprintf(`{"startUrl": %q, "region": "us-east-1", "accessToken": "canary-sso", "expiresAt": %q}`,
		start, time.Now().Add(time.Hour).UTC().Format(time.RFC3339)))
	config := file("config", "[profile sso]\nsso_start_url = "+start+"\nsso_region = us-east-1\nsso_account_id = 123456789012\nsso_role_name = deploy\n"+
		"[profile role]\nrole_arn = arn:aws:iam::123456789012:role/deploy\nsource_profile = keys\n[profile keys]\naws_access_key_id = AKIA\naws_secret_access_key = secret\n")
	keyless := acctest.Values{"access_key": nil, "secret_key": nil, "shared_config_files": []any{config}}
	for name, c := range map[string]struct {
		cloud, resource string
		change          acctest.Values
	}{
		"AWS, assume_role": {"aws", "signal_automation", acctest.Values{"assume_role": []any{acctest.Values{"role_arn": role(homeAccount, "deploy")}}}},
		"AWS, web identity": {"aws", "signal_automation", keyless.With(acctest.Values{"assume_role_with_web_identity": acctest.Values{
			"role_arn": role(homeAccount, "deploy"), "web_identity_token": "token"}})},
		"AWS, the role of a profile": {"aws", "signal_automation", keyless.With(acctest.Values{"profile": "role"})},
		"AWS, SSO":                   {"aws", "signal_automation", keyless.With(acctest.Values{"profile": "sso"})},
		"AWS, the account":           {"aws", "signal_automation", acctest.Values{"allowed_account_ids": []any{homeAccount}}},
		"Alibaba Cloud, assume_role": {"alicloud", "signal_stack_resource", acctest.Values{"assume_role": acctest.Values{"role_arn": ramRole}}},
	} {
		for _, way := range []string{"proxy 407", "proxy 502"} {
			t.Run(name+" "+way, func(t *testing.T) {
				w := passages[way]
				s := acctest.Sandbox(t, sandbox.Options{})
				o, block, _ := w.open(t)
				signal := c.resource
				given := systems.Of(signal).Ready(s)
				s.ResetRequestLog()
				r := acctest.StartProvider(t, acctest.Values{c.cloud: block[c.cloud].(acctest.Values).With(c.change)}).Resource(signal)
				diags := r.Apply(given)
				became(t, systems.Of(signal), s, r, matrix.Cell{Result: matrix.NotSent}, diags)
				w.holds(t, o, diags)
				if strings.Contains(diags.String(), "canary") || strings.Contains(diags.String(), "aws sso login") {
					t.Error(diags)
				}
			})
		}
	}
}

// A connection that hangs until the timeout or Ctrl-C is one attempt, and the error says
// so.
func TestConnectionThatHangs(t *testing.T) {
	for signal, block := range map[string]func(at string) acctest.Values{
		"signal_automation":     func(at string) acctest.Values { return acctest.Values{"aws": acctest.AWS(at)} },
		"signal_stack_resource": func(at string) acctest.Values { return acctest.Values{"alicloud": acctest.Alicloud(at)} },
	} {
		for name, timeout := range map[string]string{"timeout": acctest.BriefTimeout, "Ctrl-C": "5m"} {
			t.Run(signal+", "+name, func(t *testing.T) {
				t.Parallel()
				hangs := make(chan struct{}, 10)
				silent := stand(t, func(net.Conn) string {
					hangs <- struct{}{}
					<-t.Context().Done()
					return ""
				})
				p, y := acctest.StartProvider(t, block("https://"+silent.at)), systems.Of(signal)
				config := y.Ready(acctest.Sandbox(t, sandbox.Options{})).With(acctest.Values{"timeouts": acctest.Values{"create": timeout}})
				go func() {
					<-hangs
					map[string]func(){"timeout": p.Expire, "Ctrl-C": p.Stop}[name]()
				}()
				r := p.Resource(signal)
				diags := r.Apply(config)
				says(t, diags, true, "Signal Not Sent", map[string]string{"timeout": "create timeout of " + timeout, "Ctrl-C": "cancelled"}[name])
				if said := diags.String(); strings.Contains(said, "attempts") || strings.Contains(said, "again until") || strings.Contains(said, "tried again") {
					t.Errorf("the error of one attempt is %s", said)
				}
				if met, _ := silent.count(); met != 1 || !r.State.IsNull() {
					t.Errorf("%d connections were made, and recorded is %s", met, r.State)
				}
			})
		}
	}
}
