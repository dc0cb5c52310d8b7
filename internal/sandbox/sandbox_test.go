package sandbox

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const fixedID = "b2bc0e75-4d48-4b7b-be9b-0cb5cEXAMPLE"

// A clock stands still until the test moves it on.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 3, 25, 16, 24, 49, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// A client signs requests with its own code, written from the specification, so that it can
// prove the verifier.
type client struct {
	t                  *testing.T
	url                string
	now                func() time.Time
	http               *http.Client
	key, secret, token string
	region, service    string
	tamper             func(*http.Request)
}

type answer struct {
	status int
	header http.Header
	raw    string
	err    error
	last   bool // The server ended the connection with this answer.
}

func start(t *testing.T, o Options) (*Sandbox, *client, *clock) {
	t.Helper()
	clk := newClock()
	o.Now = clk.now
	s := New(o)
	if err := s.StartToRefuse(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return s, &client{
		t: t, url: s.URL(), now: clk.now, key: "sandbox-access-key", secret: "sandbox-secret-key", region: "us-east-1", service: "ssm",
		http: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, clk
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func (c *client) request(ctx context.Context, headers map[string]string, body string) *http.Request {
	r, err := http.NewRequestWithContext(ctx, "POST", c.url+"/", strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	stamp := c.now().UTC().Format("20060102T150405Z")
	signed := map[string]string{"host": r.URL.Host, "x-amz-date": stamp}
	if c.token != "" {
		signed["x-amz-security-token"] = c.token
	}
	for k, v := range headers {
		signed[k] = v
	}
	var names []string
	for k, v := range signed {
		names = append(names, k)
		if k != "host" {
			r.Header.Set(k, v)
		}
	}
	slices.Sort(names)
	canonical := "POST\n/\n\n"
	for _, k := range names {
		canonical += k + ":" + signed[k] + "\n"
	}
	canonical += fmt.Sprintf("\n%s\n%x", strings.Join(names, ";"), sha256.Sum256([]byte(body)))
	scope := stamp[:8] + "/" + c.region + "/" + c.service + "/aws4_request"
	key := mac(mac(mac(mac([]byte("AWS4"+c.secret), stamp[:8]), c.region), c.service), "aws4_request")
	signature := mac(key, fmt.Sprintf("AWS4-HMAC-SHA256\n%s\n%s\n%x", stamp, scope, sha256.Sum256([]byte(canonical))))
	r.Header.Set("Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%x",
		c.key, scope, strings.Join(names, ";"), signature))
	if c.tamper != nil {
		c.tamper(r)
	}
	return r
}

func (c *client) do(r *http.Request) answer {
	resp, err := c.http.Do(r)
	if err != nil {
		return answer{err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(raw), err, resp.Close}
}

func (c *client) send(operation, body string) answer {
	return c.do(c.request(context.Background(), map[string]string{
		"content-type": "application/x-amz-json-1.1", "x-amz-target": "AmazonSSM." + operation,
	}, body))
}

func (c *client) signal(id, signalType, key, value string) answer {
	in := map[string]any{"AutomationExecutionId": id, "SignalType": signalType}
	if key != "" {
		in["Payload"] = map[string][]string{key: {value}}
	}
	return c.send("SendAutomationSignal", string(mustJSON(in)))
}

func (a answer) code() string {
	var e struct {
		Type string `json:"__type"`
	}
	_ = json.Unmarshal([]byte(a.raw), &e)
	return e.Type
}

func (a answer) want(t *testing.T, status int, code string) {
	t.Helper()
	if a.err != nil || a.status != status || a.code() != code {
		t.Fatalf("got %d %q (%v) %s, want %d %q", a.status, a.code(), a.err, a.raw, status, code)
	}
}

func (s *Sandbox) last(t *testing.T) Request {
	t.Helper()
	entries := s.RequestLog()
	if len(entries) == 0 {
		t.Fatal("request log is empty")
	}
	return entries[len(entries)-1]
}

func approval(id string) Automation {
	return Automation{ID: id, Steps: []Step{{Name: "approve", Action: "aws:approve"}, {Name: "deploy", Action: "aws:executeScript"}}}
}

func TestJournalHoldsWhatWasAnswered(t *testing.T) {
	var log bytes.Buffer
	s, c, clk := start(t, Options{Log: &log})
	s.StartAutomation(approval(fixedID))
	a := c.signal(fixedID, "Approve", "Comment", "Looks good")
	a.want(t, 200, "")
	if a.raw != "{}" {
		t.Errorf("body %q", a.raw)
	}
	e := s.last(t)
	if e.Seq != 1 || e.Service != "ssm" || e.Operation != "SendAutomationSignal" || e.Region != "us-east-1" || e.Method != "POST" ||
		e.Path != "/" || "http://"+e.Host != s.URL() || !strings.Contains(e.Body, "Looks good") || e.Status != 200 || e.Code != "" || !e.Accepted ||
		e.Fault != "" || !e.Time.Equal(clk.now()) {
		t.Errorf("entry %+v", e)
	}
	if id := a.header.Get("x-amzn-RequestId"); len(id) != 36 || id != e.RequestID {
		t.Errorf("request id %q, request log %q", id, e.RequestID)
	}
	if got := a.header.Get("Date"); got != clk.now().Format(http.TimeFormat) {
		t.Errorf("Date %q is not the sandbox's", got)
	}
	if got := a.header.Get("Content-Type"); got != "application/x-amz-json-1.1" {
		t.Errorf("Content-Type %q", got)
	}
	if got := e.Header.Get("Authorization"); got != "AWS4-HMAC-SHA256 Credential=sandbox-access-key" {
		t.Errorf("Authorization %q has too much or too little", got)
	}
	if want := "16:24:49 #1 ssm SendAutomationSignal us-east-1 -> 200 accepted\n"; log.String() != want {
		t.Errorf("log %q, want %q", log.String(), want)
	}

	c.signal(fixedID, "Approve", "", "").want(t, 400, "InvalidAutomationSignalException")
	if e := s.last(t); e.Seq != 2 || e.Accepted || e.Code != "InvalidAutomationSignalException" || e.Status != 400 {
		t.Errorf("refused entry %+v", e)
	}
	if s.Count("SendAutomationSignal") != 2 || s.Accepted("SendAutomationSignal") != 1 {
		t.Errorf("counted %d, accepted %d", s.Count("SendAutomationSignal"), s.Accepted("SendAutomationSignal"))
	}
	s.ResetRequestLog()
	if n := len(s.RequestLog()); n != 0 {
		t.Errorf("%d entries after reset", n)
	}
}

func TestUnclaimedRequestsAreJournaledToo(t *testing.T) {
	var log bytes.Buffer
	s, c, _ := start(t, Options{Log: &log})
	r, _ := http.NewRequestWithContext(t.Context(), "GET", s.URL()+"/nothing?here=1", nil)
	if a := c.do(r); a.status != 404 {
		t.Errorf("status %d", a.status)
	}
	if want := "16:24:49 #1 GET /nothing -> 404\n"; log.String() != want {
		t.Errorf("log %q, want %q", log.String(), want)
	}
	if e := s.last(t); e.Service != "" || e.Path != "/nothing" || e.Query != "here=1" || e.Status != 404 {
		t.Errorf("entry %+v", e)
	}
}

func TestOnlyLoopback(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "nonsense"} {
		s := New(Options{})
		if err := s.Start(addr); err == nil {
			t.Errorf("%s was accepted", addr)
		}
		_ = s.Close()
	}
}

func TestRefuseAndAccept(t *testing.T) {
	s, c, _ := start(t, Options{})
	s.StartAutomation(approval(fixedID))
	url := s.URL()
	c.signal(fixedID, "Resume", "", "").want(t, 400, "InvalidAutomationSignalException")
	for range 3 {
		s.Refuse()
		if a := c.signal(fixedID, "Approve", "", ""); !errors.Is(a.err, syscall.ECONNREFUSED) {
			t.Fatalf("got %d %v, want a refused connection", a.status, a.err)
		}
		if err := s.Accept(); err != nil {
			t.Fatal(err)
		}
	}
	if s.URL() != url {
		t.Errorf("moved from %s to %s", url, s.URL())
	}
	c.signal(fixedID, "Approve", "", "").want(t, 200, "")
	if n := s.Count("SendAutomationSignal"); n != 2 {
		t.Errorf("%d requests arrived, want 2", n)
	}
}

func TestRefuseAnswersRequestsUnderWay(t *testing.T) {
	s, c, _ := start(t, Options{})
	s.StartAutomation(approval(fixedID))
	s.Hook("SendAutomationSignal", nil, s.Refuse)
	under := c.signal(fixedID, "Approve", "", "")
	under.want(t, 200, "")
	if !under.last {
		t.Error("the connection stays open for a request that should be refused")
	}
	if a := c.signal(fixedID, "Approve", "", ""); !errors.Is(a.err, syscall.ECONNREFUSED) {
		t.Errorf("got %d %v, want a refused connection", a.status, a.err)
	}
}

func TestHooksRunAroundActing(t *testing.T) {
	s, c, _ := start(t, Options{})
	s.StartAutomation(approval(fixedID))
	var seen []string
	note := func(when string) func() {
		return func() {
			state, _ := s.Automation(fixedID)
			seen = append(seen, fmt.Sprintf("%s %d signals, accepted %d", when, len(state.Signals), s.Accepted("SendAutomationSignal")))
		}
	}
	s.Hook("SendAutomationSignal", note("before"), note("after"))
	c.signal(fixedID, "Approve", "", "").want(t, 200, "")
	c.signal(fixedID, "Approve", "", "").want(t, 400, "InvalidAutomationSignalException")
	s.Hook("SendAutomationSignal", nil, nil)
	c.signal(fixedID, "Approve", "", "")
	want := []string{"before 0 signals, accepted 0", "after 1 signals, accepted 1", "before 1 signals, accepted 1"}
	if !slices.Equal(seen, want) {
		t.Errorf("saw %q, want %q", seen, want)
	}
}

func TestTLS(t *testing.T) {
	s := New(Options{})
	if err := s.StartTLS("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	get := func(pool *x509.CertPool) error {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
		defer transport.CloseIdleConnections()
		r, _ := http.NewRequestWithContext(t.Context(), "GET", s.URL()+"/_sandbox/", nil)
		resp, err := (&http.Client{Transport: transport}).Do(r)
		if err == nil {
			_ = resp.Body.Close()
		}
		return err
	}
	var unknown x509.UnknownAuthorityError
	if err := get(x509.NewCertPool()); !errors.As(err, &unknown) {
		t.Errorf("with an untrusted certificate the error is %v", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(s.CertificatePEM()) {
		t.Fatal("no certificate in the PEM")
	}
	if err := get(pool); err != nil {
		t.Error(err)
	}
}

func TestCloseLeavesNothingBehind(t *testing.T) {
	before := runtime.NumGoroutine()
	s, c, _ := start(t, Options{})
	s.StartAutomation(approval(fixedID))
	s.Inject(Fault{Operation: "SendAutomationSignal", Kind: KindStall, Times: 1})
	s.Inject(Fault{Operation: "SendAutomationSignal", Kind: KindDelay, Delay: time.Hour})
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			if a := c.signal(fixedID, "Approve", "", ""); a.err == nil {
				t.Errorf("a held request was answered with %d", a.status)
			}
		})
	}
	for held := 0; held < 4; runtime.Gosched() {
		held = 0
		for _, e := range s.RequestLog() {
			if e.Fault != "" {
				held++
			}
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	clients.Wait()
	_ = conn.Close()
	c.http.CloseIdleConnections()
	if n := s.Accepted("SendAutomationSignal"); n != 0 {
		t.Errorf("%d held requests were acted on", n)
	}
	deadline := time.Now().Add(time.Minute)
	for runtime.NumGoroutine() > before && time.Now().Before(deadline) {
		runtime.Gosched()
	}
	if n := runtime.NumGoroutine(); n > before {
		stacks := make([]byte, 1<<16)
		t.Errorf("%d goroutines before, %d after\n%s", before, n, stacks[:runtime.Stack(stacks, true)])
	}
}

func TestCloseEndsRequestsOfForeignServers(t *testing.T) {
	s, c, _ := start(t, Options{})
	foreign := httptest.NewServer(s.Handler())
	defer foreign.Close()
	c.url = foreign.URL
	s.Inject(Fault{Operation: "*", Kind: KindStall})
	ended := make(chan answer)
	go func() { ended <- c.signal(fixedID, "Approve", "", "") }()
	for len(s.RequestLog()) == 0 || s.RequestLog()[0].Fault == "" {
		runtime.Gosched()
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if a := <-ended; !errors.Is(a.err, io.EOF) {
		t.Errorf("got %d %v", a.status, a.err)
	}
}

func TestManyAtOnce(t *testing.T) {
	s, c, _ := start(t, Options{})
	s.Inject(Fault{Operation: "SendAutomationSignal", Kind: KindThrottle, Times: 9})
	const executions = 25 // Each execution gets 10 approvals, so 9 throttled ones cannot starve an execution.
	ids := make([]string, executions)
	for i := range ids {
		ids[i] = s.StartAutomation(approval(""))
	}
	var clients sync.WaitGroup
	for range 10 {
		clients.Go(func() {
			for _, id := range ids {
				c.signal(id, "Approve", "", "")
				c.send("GetAutomationExecution", `{"AutomationExecutionId":"`+id+`"}`)
				s.RequestLog()
			}
		})
	}
	clients.Wait()
	if n := s.Count("SendAutomationSignal"); n != 10*executions {
		t.Errorf("%d signals in the request log", n)
	}
	if n := s.Accepted("SendAutomationSignal"); n != executions {
		t.Errorf("%d signals accepted, want one for each execution", n)
	}
	for i, e := range s.RequestLog() {
		if e.Seq != i+1 {
			t.Fatalf("entry %d has sequence number %d", i, e.Seq)
		}
	}
}

func TestConnectionsAreCounted(t *testing.T) {
	s, c, _ := start(t, Options{})
	for range 3 {
		c.signal(fixedID, "Approve", "", "")
	}
	if n := s.Connections(); n != 1 {
		t.Errorf("%d connections for three requests in a row, want 1", n)
	}
	c.http.CloseIdleConnections()
	c.signal(fixedID, "Approve", "", "")
	if n := s.Connections(); n != 2 {
		t.Errorf("%d connections, want 2", n)
	}
}
