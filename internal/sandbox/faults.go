package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Kind is what a Fault does to a request.
type Kind string

// The kinds of faults. All except KindDelay determine the answer. A delay can be combined
// with one of them.
const (
	// KindRefuse answers with the service's access-denied error, or with Code, Status and
	// Message. Not acted.
	KindRefuse Kind = "refuse"
	// KindDelay first waits for Delay, by the wall clock. If the client or the sandbox goes
	// away in that time, the request is dropped and not acted on.
	KindDelay Kind = "delay"
	// KindStall never answers. Not acted.
	KindStall Kind = "stall"
	// KindStallAfter acts and never answers.
	KindStallAfter Kind = "stall_after"
	// KindThrottle answers with the service's throttling error, to all requests or, with
	// Rate, to those above the rate.
	KindThrottle Kind = "throttle"
	// KindErrorBefore answers with a server error. Not acted.
	KindErrorBefore Kind = "error_before"
	// KindErrorAfter acts and answers with a server error.
	KindErrorAfter Kind = "error_after"
	// KindDropBefore closes the connection. Not acted.
	KindDropBefore Kind = "drop_before"
	// KindDropAfter acts and closes the connection.
	KindDropAfter Kind = "drop_after"
	// KindTruncate acts, announces more bytes than it sends and closes the connection.
	KindTruncate Kind = "truncate"
	// KindTruncateJSON acts and answers with a complete HTTP message whose JSON is cut
	// short.
	KindTruncateJSON Kind = "truncate_json"
	// KindHTML answers like a failing proxy, with status 502. Not acted.
	KindHTML Kind = "html"
	// KindHTMLAfter acts and then answers like KindHTML.
	KindHTMLAfter Kind = "html_after"
	// KindHTMLOK answers like a captive portal, with status 200. Not acted.
	KindHTMLOK Kind = "html_ok"
	// KindRedirect answers 307 to the URL in Body. Not acted.
	KindRedirect Kind = "redirect"
	// KindReset reads the request and ends its HTTP/2 stream with PROTOCOL_ERROR. Not acted. On HTTP/1 it is KindDropBefore.
	KindReset Kind = "reset"
	// KindResetAfter acts and ends the HTTP/2 stream with PROTOCOL_ERROR. On HTTP/1 it is KindDropAfter.
	KindResetAfter Kind = "reset_after"
	// KindRefuseStream ends the HTTP/2 stream with REFUSED_STREAM, which means that the
	// server did not process it. Not acted. On HTTP/1 it is KindDropBefore.
	KindRefuseStream Kind = "refuse_stream"
	// KindGoAway sends GOAWAY with a last stream below the request's. That means that the
	// server did not process this stream and all later ones of the connection. Not acted.
	// On HTTP/1 it is KindDropBefore.
	KindGoAway Kind = "go_away"
	// KindExpired answers with the service's error for expired credentials. Not acted.
	KindExpired Kind = "expired"
)

var kinds = []Kind{
	KindRefuse, KindDelay, KindStall, KindStallAfter, KindThrottle, KindErrorBefore, KindErrorAfter, KindDropBefore,
	KindDropAfter, KindTruncate, KindTruncateJSON, KindHTML, KindHTMLAfter, KindHTMLOK, KindRedirect, KindReset, KindResetAfter, KindRefuseStream, KindGoAway, KindExpired,
}

// Fault is a fault to inject into authenticated requests. If several apply, the oldest
// wins.
type Fault struct {
	// Operation is an operation's name, "service:operation", "service:*" or "*".
	Operation string
	Kind      Kind
	// Times is the number of requests with the fault; 0 means all.
	Times int
	// Skip is the number of requests without the fault before that.
	Skip  int
	Delay time.Duration
	// Status, Code and Message replace those of the service's error.
	Status  int
	Code    string
	Message string
	// Rate is how many requests a second KindThrottle accepts, by the sandbox's clock. The
	// bucket holds one second's requests and is full at first.
	Rate float64
	// Body is the page of KindHTML, KindHTMLAfter and KindHTMLOK, and the location of
	// KindRedirect.
	Body string
	// Met is called, unless it is nil, when the fault meets a request, before anything acts.
	Met func() `json:"-"`
	// Stalled is called, unless it is nil, when a request begins to stall.
	Stalled func() `json:"-"`
}

// stall never answers.
func (f Fault) stall(s *Sandbox, c *call) reply {
	if f.Stalled != nil {
		f.Stalled()
	}
	s.wait(c, -1)
	return reply{}
}

func (f Fault) check() error {
	switch {
	case !slices.Contains(kinds, f.Kind):
		return fmt.Errorf("unknown fault kind %q, have %q", f.Kind, kinds)
	case f.Operation == "":
		return fmt.Errorf(`fault %s names no operation; "*" is all`, f.Kind)
	case f.Kind == KindDelay && f.Delay <= 0:
		return fmt.Errorf("fault %s needs a Delay", f.Kind)
	case f.Kind == KindRedirect && f.Body == "":
		return fmt.Errorf("fault %s needs its location as Body", f.Kind)
	}
	return nil
}

type plainFault Fault

// MarshalJSON writes Delay as a string such as "250ms".
func (f Fault) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		plainFault
		Delay string
	}{plainFault(f), f.Delay.String()})
}

// UnmarshalJSON reads Delay as a string such as "250ms", and refuses unknown members.
func (f *Fault) UnmarshalJSON(b []byte) error {
	in := struct {
		plainFault
		Delay string
	}{Delay: "0s"}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return err
	}
	delay, err := time.ParseDuration(in.Delay)
	*f = Fault(in.plainFault)
	f.Delay = delay
	return err
}

type faults struct {
	mu     sync.Mutex
	active []*activeFault
}

type activeFault struct {
	Fault
	skipped, hits int
	tokens        float64
	refilled      time.Time
}

// Inject adds a fault. It panics if the fault is invalid.
func (s *Sandbox) Inject(f Fault) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.active = append(s.faults.active, &activeFault{Fault: valid(f), tokens: max(1, f.Rate), refilled: s.now()})
}

// Faults returns the injected faults, including those that have been used up.
func (s *Sandbox) Faults() []Fault {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	list := make([]Fault, len(s.faults.active))
	for i, f := range s.faults.active {
		list[i] = f.Fault
	}
	return list
}

// ClearFaults removes all faults. A fault that delays or stalls a request goes on doing so.
func (s *Sandbox) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.active = nil
}

// next returns the delay for a request, and the fault after it, if there is one.
func (fs *faults) next(service, operation string, now time.Time) (delay time.Duration, _ Fault) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	names := []string{"*", operation, service + ":*", service + ":" + operation}
	for _, f := range fs.active {
		if !slices.Contains(names, f.Operation) || !f.hit(now) {
			continue
		}
		if f.Kind != KindDelay {
			return delay, f.Fault
		}
		delay += f.Delay
	}
	return delay, Fault{}
}

func (f *activeFault) hit(now time.Time) bool {
	if f.skipped < f.Skip {
		f.skipped++
		return false
	}
	if f.Times > 0 && f.hits == f.Times {
		return false
	}
	if f.Rate > 0 {
		f.tokens = min(max(1, f.Rate), f.tokens+f.Rate*max(0, now.Sub(f.refilled).Seconds()))
		f.refilled = now
		if f.tokens >= 1 {
			f.tokens--
			return false
		}
	}
	f.hits++
	return true
}

func faultNames(delay time.Duration, f Fault) string {
	switch {
	case delay > 0 && f.Kind != "":
		return string(KindDelay + "+" + f.Kind)
	case delay > 0:
		return string(KindDelay)
	}
	return string(f.Kind)
}

// faultBefore reports whether the fault answers instead of the service.
func (s *Sandbox) faultBefore(svc service, c *call, f Fault) (reply, bool) {
	if f.Met != nil {
		f.Met()
	}
	switch f.Kind {
	case KindRefuse, KindThrottle, KindExpired, KindErrorBefore:
		return fail(svc, c, f.error(svc, c)), true
	case KindStall:
		return f.stall(s, c), true
	case KindDropBefore:
		return reply{}, true
	case KindReset:
		return reply{end: streamReset}, true
	case KindRefuseStream:
		return reply{end: streamRefused}, true
	case KindGoAway:
		return reply{end: goingAway}, true
	case KindHTML:
		return f.page(http.StatusBadGateway), true
	case KindHTMLOK:
		return f.page(http.StatusOK), true
	case KindRedirect:
		return reply{status: http.StatusTemporaryRedirect, header: map[string]string{"Location": f.Body}}, true
	}
	return reply{}, false
}

func (s *Sandbox) faultAfter(svc service, c *call, f Fault, p reply) reply {
	switch f.Kind {
	case KindErrorAfter:
		return fail(svc, c, f.error(svc, c))
	case KindStallAfter:
		return f.stall(s, c)
	case KindDropAfter:
		return reply{}
	case KindResetAfter:
		return reply{end: streamReset}
	case KindHTMLAfter:
		return f.page(http.StatusBadGateway)
	case KindTruncate:
		p.missing = len(p.body) - len(p.body)/2 + 64
		p.body = p.body[:len(p.body)/2]
	case KindTruncateJSON:
		if p.body = p.body[:len(p.body)/2]; len(p.body) == 0 {
			p.body = []byte("{")
		}
	}
	return p
}

func (f Fault) error(svc service, c *call) *apiError {
	e := *svc.fault(c, f.Kind)
	if f.Status != 0 {
		e.status = f.Status
	}
	if f.Code != "" {
		e.code = f.Code
	}
	if f.Message != "" {
		e.message = f.Message
	}
	return &e
}

func (f Fault) page(status int) reply {
	if f.Status != 0 {
		status = f.Status
	}
	body := f.Body
	if body == "" {
		body = fmt.Sprintf("<html><head><title>%d</title></head><body><h1>%[1]d %s</h1></body></html>\n", status, http.StatusText(status))
	}
	return reply{status: status, header: map[string]string{"Content-Type": "text/html; charset=utf-8"}, body: []byte(body)}
}
