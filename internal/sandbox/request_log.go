package sandbox

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Request is one request in the log, even if it was refused or never answered.
type Request struct {
	Seq       int
	Time      time.Time
	Service   string // empty if no service recognises the request
	Operation string
	Region    string
	Method    string
	Path      string
	Query     string
	Host      string
	// Header is the header of the request. Authorization has only its scheme and access key
	// id, and session tokens are masked.
	Header http.Header
	Body   string
	// Status and Code are those of the answer. Status is 0 before the answer, and stays 0
	// if the connection was dropped.
	Status    int
	Code      string
	RequestID string
	// Accepted says that the service acted: its state changed or a signal was recorded.
	Accepted bool
	// Fault has the names of the injected faults of this request, joined by "+".
	Fault string
}

// String returns the entry's line for Options.Log.
func (e Request) String() string {
	what := []string{e.Time.Format(time.TimeOnly), fmt.Sprintf("#%d", e.Seq), e.Service, e.Operation, e.Region}
	if e.Operation == "" {
		what = append(what, e.Method, e.Path)
	}
	line := strings.Join(slices.DeleteFunc(what, func(s string) bool { return s == "" }), " ")
	if e.Status == 0 {
		line += " -> no answer"
	} else {
		line += fmt.Sprintf(" -> %d", e.Status)
	}
	if e.Code != "" {
		line += " " + e.Code
	}
	if e.Accepted {
		line += " accepted"
	}
	if e.Fault != "" {
		line += " fault=" + e.Fault
	}
	return line
}

type requestLog struct {
	mu      sync.Mutex
	seq     int
	entries []*Request
}

func (j *requestLog) begin(service string, c *call) *Request {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.seq++
	e := &Request{
		Seq: j.seq, Time: c.now, Service: service, Operation: c.operation, Region: c.region,
		Method: c.r.Method, Path: c.r.URL.Path, Query: c.r.URL.RawQuery, Host: c.r.Host,
		Header: masked(c.r.Header), Body: string(c.body), RequestID: c.requestID,
	}
	j.entries = append(j.entries, e)
	return e
}

func (j *requestLog) update(e *Request, change func(*Request)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	change(e)
}

var accessKeyID = regexp.MustCompile(`Credential=([^/,\s]+)`)

func masked(h http.Header) http.Header {
	h = h.Clone()
	if v := h.Get("Authorization"); v != "" {
		scheme, rest, _ := strings.Cut(v, " ")
		shown := scheme + " ***"
		if m := accessKeyID.FindStringSubmatch(rest); m != nil {
			shown = scheme + " Credential=" + m[1]
		}
		h.Set("Authorization", shown)
	}
	for _, name := range []string{"X-Amz-Security-Token", "X-Acs-Security-Token"} {
		if h.Get(name) != "" {
			h.Set(name, "***")
		}
	}
	return h
}

// RequestLog returns all requests since the last reset, in the order of arrival, including
// those in progress.
func (s *Sandbox) RequestLog() []Request {
	s.requests.mu.Lock()
	defer s.requests.mu.Unlock()
	entries := make([]Request, len(s.requests.entries))
	for i, e := range s.requests.entries {
		entries[i] = *e
		entries[i].Header = e.Header.Clone()
	}
	return entries
}

// ResetRequestLog removes all entries. Seq goes on counting.
func (s *Sandbox) ResetRequestLog() {
	s.requests.mu.Lock()
	defer s.requests.mu.Unlock()
	s.requests.entries = nil
}

// Count returns how many requests for an operation arrived, including refused ones.
func (s *Sandbox) Count(operation string) int {
	return s.count(func(e Request) bool { return e.Operation == operation })
}

// Accepted returns how many requests for an operation were acted on.
func (s *Sandbox) Accepted(operation string) int {
	return s.count(func(e Request) bool { return e.Operation == operation && e.Accepted })
}

func (s *Sandbox) count(match func(Request) bool) int {
	return len(slices.DeleteFunc(s.RequestLog(), func(e Request) bool { return !match(e) }))
}
