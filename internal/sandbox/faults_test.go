package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func TestFaults(t *testing.T) {
	for name, test := range map[string]struct {
		fault  Fault
		status int // 0 means no answer.
		code   string
		acted  bool
		check  func(*testing.T, answer)
	}{
		"refuse": {fault: Fault{Kind: KindRefuse}, status: 400, code: "AccessDeniedException", check: says("perform: ssm:SendAutomationSignal on")},
		"refuse otherwise": {fault: Fault{Kind: KindRefuse, Status: 418, Code: "Teapot", Message: "short and stout"},
			status: 418, code: "Teapot", check: says("short and stout")},
		"delay":           {fault: Fault{Kind: KindDelay, Delay: time.Millisecond}, status: 200, acted: true},
		"throttle":        {fault: Fault{Kind: KindThrottle}, status: 400, code: "ThrottlingException", check: says("Rate exceeded")},
		"error before":    {fault: Fault{Kind: KindErrorBefore}, status: 500, code: "InternalServerError"},
		"503 before":      {fault: Fault{Kind: KindErrorBefore, Status: 503, Code: "ServiceUnavailable"}, status: 503, code: "ServiceUnavailable"},
		"error after":     {fault: Fault{Kind: KindErrorAfter}, status: 500, code: "InternalServerError", acted: true},
		"drop before":     {fault: Fault{Kind: KindDropBefore}, check: failsWith(io.EOF)},
		"drop after":      {fault: Fault{Kind: KindDropAfter}, acted: true, check: failsWith(io.EOF)},
		"expired":         {fault: Fault{Kind: KindExpired}, status: 400, code: "ExpiredTokenException"},
		"truncate":        {fault: Fault{Kind: KindTruncate}, status: 200, acted: true, check: failsWith(io.ErrUnexpectedEOF)},
		"truncate json":   {fault: Fault{Kind: KindTruncateJSON}, status: 200, acted: true, check: badJSON},
		"html":            {fault: Fault{Kind: KindHTML}, status: 502, check: page},
		"html ok":         {fault: Fault{Kind: KindHTMLOK}, status: 200, check: page},
		"html after":      {fault: Fault{Kind: KindHTMLAfter}, status: 502, acted: true, check: page},
		"html of its own": {fault: Fault{Kind: KindHTML, Status: 504, Body: "<html>gone</html>"}, status: 504, check: says("gone")},
		"redirect": {fault: Fault{Kind: KindRedirect, Body: "http://127.0.0.1:1/"}, status: 307, check: func(t *testing.T, a answer) {
			if got := a.header.Get("Location"); got != "http://127.0.0.1:1/" {
				t.Errorf("Location %q", got)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s, c, _ := start(t, Options{})
			s.StartAutomation(approval(fixedID))
			test.fault.Operation = "SendAutomationSignal"
			test.fault.Times = 1
			s.Inject(test.fault)
			a := c.signal(fixedID, "Approve", "", "")
			if a.status != test.status || a.code() != test.code {
				t.Errorf("got %d %q %q (%v), want %d %q", a.status, a.code(), a.raw, a.err, test.status, test.code)
			}
			if test.check != nil {
				test.check(t, a)
			} else if a.err != nil {
				t.Error(a.err)
			}
			e := s.RequestLog()[0]
			if len(s.RequestLog()) != 1 || e.Accepted != test.acted || e.Fault != string(test.fault.Kind) || e.Status != test.status || e.Code != test.code {
				t.Errorf("entry %+v", e)
			}
			if state, _ := s.Automation(fixedID); (len(state.Signals) == 1) != test.acted {
				t.Errorf("%d signals were taken", len(state.Signals))
			}
			want, code := 200, ""
			if test.acted {
				want, code = 400, "InvalidAutomationSignalException"
			}
			c.signal(fixedID, "Approve", "", "").want(t, want, code)
		})
	}
}

func says(text string) func(*testing.T, answer) {
	return func(t *testing.T, a answer) {
		if a.err != nil || !strings.Contains(a.raw, text) {
			t.Errorf("got %s (%v), want %q", a.raw, a.err, text)
		}
	}
}

func failsWith(err error) func(*testing.T, answer) {
	return func(t *testing.T, a answer) {
		if !errors.Is(a.err, err) {
			t.Errorf("got %v, want %v", a.err, err)
		}
	}
}

func badJSON(t *testing.T, a answer) {
	if a.err != nil || json.Valid([]byte(a.raw)) {
		t.Errorf("got %q (%v), want a whole answer of half a document", a.raw, a.err)
	}
}

func page(t *testing.T, a answer) {
	if !strings.HasPrefix(a.raw, "<html>") || a.header.Get("Content-Type") != "text/html; charset=utf-8" || a.header.Get("x-amzn-RequestId") != "" {
		t.Errorf("got %q %v", a.raw, a.header)
	}
}

func TestTruncatedReadsAreCut(t *testing.T) {
	s, c, _ := start(t, Options{})
	s.StartAutomation(approval(fixedID))
	in := `{"AutomationExecutionId":"` + fixedID + `"}`
	whole := c.send("GetAutomationExecution", in)
	s.Inject(Fault{Operation: "ssm:GetAutomationExecution", Kind: KindTruncateJSON})
	cut := c.send("GetAutomationExecution", in)
	if cut.raw == "" || cut.raw != whole.raw[:len(whole.raw)/2] {
		t.Errorf("%q is not half of %q", cut.raw, whole.raw)
	}
}

func TestHeldRequestsEndWithTheirClient(t *testing.T) {
	for kind, acted := range map[Kind]int{KindStall: 0, KindStallAfter: 1, KindDelay: 0} {
		t.Run(string(kind), func(t *testing.T) {
			s, c, _ := start(t, Options{})
			s.StartAutomation(approval(fixedID))
			s.Inject(Fault{Operation: "*", Kind: kind, Delay: time.Hour})
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan answer, 1)
			go func() {
				ended <- c.do(c.request(ctx, map[string]string{
					"content-type": "application/x-amz-json-1.1", "x-amz-target": "AmazonSSM.SendAutomationSignal",
				}, `{"AutomationExecutionId":"`+fixedID+`","SignalType":"Approve"}`))
			}()
			for len(s.RequestLog()) == 0 || s.RequestLog()[0].Fault == "" || s.Accepted("SendAutomationSignal") != acted {
				if t.Context().Err() != nil {
					t.Fatal("the request never arrived")
				}
			}
			for range 20 {
				c.admin("GET", "faults", "", nil)
			}
			if e := s.RequestLog()[0]; e.Status != 0 || len(ended) != 0 {
				t.Errorf("answered: %+v", e)
			}
			cancel()
			if a := <-ended; !errors.Is(a.err, context.Canceled) {
				t.Errorf("got %d %v", a.status, a.err)
			}
			if n := s.Accepted("SendAutomationSignal"); n != acted {
				t.Errorf("acted on %d requests, want %d", n, acted)
			}
		})
	}
}

func TestDelayHoldsTheAnswer(t *testing.T) {
	const delay = 30 * time.Millisecond
	s, c, _ := start(t, Options{})
	s.StartAutomation(approval(fixedID))
	s.Inject(Fault{Operation: "*", Kind: KindDelay, Delay: delay})
	s.Inject(Fault{Operation: "*", Kind: KindThrottle, Times: 1})
	began := time.Now()
	c.signal(fixedID, "Approve", "", "").want(t, 400, "ThrottlingException")
	if took := time.Since(began); took < delay {
		t.Errorf("answered after %v", took)
	}
	if e := s.last(t); e.Fault != "delay+throttle" {
		t.Errorf("fault %q", e.Fault)
	}
	c.signal(fixedID, "Approve", "", "").want(t, 200, "")
	if e := s.last(t); e.Fault != "delay" {
		t.Errorf("fault %q", e.Fault)
	}
}

func TestThrottleGoesByTheClock(t *testing.T) {
	s, c, clk := start(t, Options{})
	s.Inject(Fault{Operation: "ssm:*", Kind: KindThrottle, Rate: 3})
	burst := func() (through int) {
		for range 10 {
			if c.signal(fixedID, "Approve", "", "").code() != "ThrottlingException" {
				through++
			}
		}
		return through
	}
	for _, step := range []struct {
		wait time.Duration
		want int
	}{{0, 3}, {0, 0}, {time.Second, 3}, {700 * time.Millisecond, 2}, {time.Hour, 3}} {
		clk.advance(step.wait)
		if got := burst(); got != step.want {
			t.Errorf("%d requests through after %v, want %d", got, step.wait, step.want)
		}
	}
}

func TestFaultsCountAndMatch(t *testing.T) {
	s, c, _ := start(t, Options{})
	s.Inject(Fault{Operation: "GetAutomationExecution", Kind: KindErrorBefore})
	s.Inject(Fault{Operation: "swf:*", Kind: KindErrorBefore})
	s.Inject(Fault{Operation: "SendAutomationSignal", Kind: KindThrottle, Skip: 1, Times: 2})
	var got []string
	for range 4 {
		got = append(got, c.signal(fixedID, "Approve", "", "").code())
	}
	want := "AutomationExecutionNotFoundException ThrottlingException ThrottlingException AutomationExecutionNotFoundException"
	if strings.Join(got, " ") != want {
		t.Errorf("got %v", got)
	}
	c.key = "nobody"
	s.Inject(Fault{Operation: "*", Kind: KindDropBefore, Times: 1})
	c.signal(fixedID, "Approve", "", "").want(t, 400, "UnrecognizedClientException")
	c.key = "sandbox-access-key"
	if a := c.signal(fixedID, "Approve", "", ""); a.err == nil {
		t.Error("a request with a failed authentication used up the fault")
	}
	s.ClearFaults()
	if len(s.Faults()) != 0 {
		t.Error("faults are left")
	}
	c.send("GetAutomationExecution", `{"AutomationExecutionId":"`+fixedID+`"}`).want(t, 400, "AutomationExecutionNotFoundException")
}

func TestInvalidFaultsPanic(t *testing.T) {
	for _, f := range []Fault{
		{Operation: "*", Kind: "typo"}, {Kind: KindStall}, {Operation: "*", Kind: KindDelay}, {Operation: "*", Kind: KindRedirect},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v was accepted", f)
				}
			}()
			New(Options{}).Inject(f)
		}()
	}
}
