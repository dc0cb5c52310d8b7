package aws_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// After a temporary failure to get or renew credentials the signal is sent once, and a wait
// goes on.
func TestTroubleWithCredentialsPasses(t *testing.T) {
	for name, trouble := range map[string][]answer{
		"unavailable":       often(7, refuses(503, "ServiceUnavailable", "try later")),
		"failing":           often(4, refuses(500, "InternalFailure", "failed")),
		"throttled":         often(7, refuses(400, "Throttling", "Rate exceeded")),
		"dropped":           often(7, drops),
		"a captive portal":  often(2, portal),
		"no identity":       often(2, refuses(400, "IDPCommunicationError", "unreachable")),
		"too many requests": often(4, refuses(429, "TooManyRequestsException", "slow down")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := start(t)
			f.next("AssumeRole", trouble...)
			result := open(t, f.role(), "").deliver(time.Minute)
			if result.Outcome != delivery.Accepted || strings.Count(f.seen(), "SendAutomationSignal") != 1 {
				t.Errorf("a signal ended %s: %v\nseen: %s", result.Outcome, result.Err, f.seen())
			}
			f = start(t)
			f.next("AssumeRole", trouble...)
			if end := open(t, f.role(), "").wait(time.Minute); !end.Reached() {
				t.Errorf("a wait ended %+v", end)
			}
		})
	}
}

// If something else answers in the place of STS, the provider does not ask until the
// timeout: a refusal ends the send at once, and another page within half a minute. The
// provider does ask again after an answer that may be temporary.
func TestForeignAnswersOfSTS(t *testing.T) {
	page := func(status int, body string) answer {
		return func(w http.ResponseWriter, _ request) bool {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
			return true
		}
	}
	const html = "<html><body>Sign in</body></html>"
	for name, test := range map[string]struct {
		answer answer
		cause  delivery.Cause
	}{
		"a page":          {page(200, html), delivery.CredentialsUnreachable},
		"nothing":         {page(200, ""), delivery.CredentialsUnreachable},
		"a redirect":      {page(302, ""), delivery.CredentialsUnreachable},
		"401":             {page(401, html), delivery.NoCredentials},
		"403":             {page(403, html), delivery.NoCredentials},
		"403 and nothing": {page(403, ""), delivery.NoCredentials},
		"404":             {page(404, html), delivery.NoCredentials},
		"407":             {page(407, html), delivery.NoCredentials},
		"413":             {page(413, html), delivery.NoCredentials},
		"408":             {page(408, html), delivery.CredentialsFailing},
		"429":             {page(429, html), delivery.CredentialsFailing},
		"502":             {page(502, html), delivery.CredentialsFailing},
		"503 and nothing": {page(503, ""), delivery.CredentialsFailing},
		"half an answer": {func(w http.ResponseWriter, _ request) bool {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, "<AssumeRoleResponse>")
			return true
		}, delivery.CredentialsFailing},
	} {
		for what, config := range map[string]func(*fake) aws.Config{
			"AssumeRole": (*fake).role,
			"GetCallerIdentity": func(f *fake) aws.Config {
				c := f.static()
				c.AllowedAccountIDs = []string{"123456789012"}
				return c
			},
		} {
			t.Run(what+", "+name, func(t *testing.T) {
				t.Parallel()
				f := start(t)
				f.next(what, test.answer)
				s := open(t, config(f), "")
				attempt := s.Send(t.Context())
				if attempt.Outcome != delivery.NotSent || attempt.Cause != test.cause || f.seen() != what {
					t.Errorf("it ended %s with cause %d: %v\nseen: %s", attempt.Outcome, attempt.Cause, attempt.Err, f.seen())
				}
				if next := s.Send(t.Context()); next.Outcome != delivery.Accepted {
					t.Errorf("the next one ended %s: %v", next.Outcome, next.Err)
				}
			})
		}
	}
}

// A permanent failure ends at once, with a next step that fits and never sends the signal
// again.
func TestTroubleWithCredentialsThatStays(t *testing.T) {
	web := func(f *fake) aws.Config {
		c := f.static()
		c.AccessKey, c.WebIdentity = "", &aws.WebIdentity{RoleARN: roleARN, Token: "jwt-of-the-pipeline"}
		return c
	}
	guarded := func(f *fake) aws.Config {
		c := f.static()
		c.AllowedAccountIDs = []string{"123456789012"}
		return c
	}
	for name, test := range map[string]struct {
		config      func(*fake) aws.Config
		what        string
		trouble     answer
		says        []string
		saysNothing string
	}{
		"a role that is denied": {(*fake).role, "AssumeRole", refuses(403, "AccessDenied", "not authorized"), []string{"AssumeRole", "AccessDenied", "assume_role", "trust policy", "sts:AssumeRole"}, ""},
		"keys that are wrong":   {(*fake).role, "AssumeRole", refuses(403, "InvalidClientTokenId", "invalid"), []string{"AssumeRole", "check access key"}, "trust policy"},
		"keys that have ended":  {(*fake).role, "AssumeRole", refuses(403, "ExpiredToken", "expired"), []string{"AssumeRole", "have expired", "renew"}, "trust policy"},
		"a token that is not taken": {web, "AssumeRoleWithWebIdentity", refuses(400, "InvalidIdentityToken", "not valid"),
			[]string{"AssumeRoleWithWebIdentity", "web identity token"}, "trust policy"},
		"a token that has ended": {web, "AssumeRoleWithWebIdentity", refuses(400, "ExpiredTokenException", "expired"), []string{"AssumeRoleWithWebIdentity", "has not expired"}, "trust policy"},
		"a role that is not for this token": {web, "AssumeRoleWithWebIdentity", refuses(403, "AccessDenied", "not authorized"),
			[]string{"assume_role_with_web_identity", "trust policy", "sts:AssumeRoleWithWebIdentity"}, ""},
		"an account that is not told": {guarded, "GetCallerIdentity", refuses(403, "AccessDenied", "denied by policy"), []string{"allowed_account_ids", "sts:GetCallerIdentity", "Allow the IAM action"}, "trust policy"},
		"keys of nobody":              {guarded, "GetCallerIdentity", refuses(403, "InvalidClientTokenId", "invalid"), []string{"sts:GetCallerIdentity", "check access key"}, "trust policy"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := start(t)
			f.next(test.what, often(9, test.trouble)...)
			s := open(t, test.config(f), "")
			result := s.deliver(10 * time.Second)
			said := result.Err.Error() + "\n" + aws.Explain(result.Attempt, "ssm:SendAutomationSignal")
			if result.Outcome != delivery.NotSent || result.Cause != delivery.NoCredentials || result.Attempts != 1 || strings.Contains(f.seen(), "SendAutomationSignal") {
				t.Errorf("it ended %s with cause %d after %d attempts; seen: %s", result.Outcome, result.Cause, result.Attempts, f.seen())
			}
			for _, part := range test.says {
				if !strings.Contains(said, part) {
					t.Errorf("%q is not in:\n%s", part, said)
				}
			}
			for _, never := range []string{test.saysNothing, "apply again", "jwt-of-the-pipeline"} {
				if never != "" && strings.Contains(said, never) {
					t.Errorf("%q is in:\n%s", never, said)
				}
			}
			if end := s.wait(10 * time.Second); end.Unreadable == nil {
				t.Errorf("a wait ended %+v", end)
			}
		})
	}
}

// After a service has called renewable credentials expired, the provider tries once with
// new ones.
func TestExpiredCredentialsAreRenewedOnce(t *testing.T) {
	expired := refuses(400, "ExpiredTokenException", "The security token included in the request is expired")
	for name, test := range map[string]struct {
		config  func(*fake) aws.Config
		ended   int
		outcome delivery.Outcome
		seen    string
	}{
		"a role's":             {(*fake).role, 1, delivery.Accepted, "AssumeRole SendAutomationSignal AssumeRole SendAutomationSignal"},
		"a role's, once again": {(*fake).role, 2, delivery.Rejected, "AssumeRole SendAutomationSignal AssumeRole SendAutomationSignal"},
		"static ones":          {(*fake).static, 1, delivery.Rejected, "SendAutomationSignal"},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t)
			f.next("SendAutomationSignal", often(test.ended, expired)...)
			result := open(t, test.config(f), "").deliver(10 * time.Second)
			if result.Outcome != test.outcome || f.seen() != test.seen {
				t.Errorf("it ended %s: %v\nseen: %s\nwant: %s", result.Outcome, result.Err, f.seen(), test.seen)
			}
			if next := aws.Explain(result.Attempt, ""); result.Err != nil && (strings.Contains(next, "again") || !strings.Contains(next, "renew")) {
				t.Errorf("the next step is %q", next)
			}
		})
	}
	t.Run("time and again, in a wait", func(t *testing.T) {
		f := start(t)
		s := open(t, f.role(), "")
		for range 5 {
			f.next("GetAutomationExecution", expired)
			if end := s.wait(10 * time.Second); !end.Reached() {
				t.Errorf("the wait ended %+v", end)
			}
		}
		if got := strings.Count(f.seen(), "AssumeRole"); got != 6 {
			t.Errorf("%d sessions, want 6: %s", got, f.seen())
		}
	})
	t.Run("those that assume the role", func(t *testing.T) {
		f := start(t)
		c := f.role()
		c.AssumeRole = append(c.AssumeRole, aws.AssumeRole{RoleARN: roleARN + "2"})
		f.next("AssumeRole", func(http.ResponseWriter, request) bool { return false }, refuses(403, "ExpiredToken", "expired"))
		result := open(t, c, "").deliver(10 * time.Second)
		if want := "AssumeRole AssumeRole AssumeRole AssumeRole SendAutomationSignal"; result.Outcome != delivery.Accepted || f.seen() != want {
			t.Errorf("it ended %s: %v\nseen: %s\nwant: %s", result.Outcome, result.Err, f.seen(), want)
		}
	})
	t.Run("those of a profile that assume its role", func(t *testing.T) {
		f := start(t)
		c := f.static()
		c.AccessKey, c.SecretKey, c.Profile = "", "", "work"
		c.SharedConfigFiles = []string{file(t, "config", "[profile base]\naws_access_key_id = ASIABASE\naws_secret_access_key = secret\naws_session_token = session\n"+
			"[profile work]\nrole_arn = "+roleARN+"\nsource_profile = base\n")}
		s := open(t, c, "")
		f.next("AssumeRole", refuses(403, "ExpiredToken", "expired"))
		if result := s.deliver(10 * time.Second); result.Cause != delivery.NoCredentials || result.Attempts != 1 {
			t.Errorf("at first, it ended %s with cause %d after %d attempts", result.Outcome, result.Cause, result.Attempts)
		}
		if result := s.deliver(10 * time.Second); result.Outcome != delivery.Accepted {
			t.Errorf("it ended %s: %v", result.Outcome, result.Err)
		}
		f.next("GetAutomationExecution", expired)
		f.next("AssumeRole", refuses(403, "ExpiredToken", "expired"))
		if end := s.wait(10 * time.Second); end.Unreadable == nil || end.Unreadable.Cause != delivery.NoCredentials {
			t.Errorf("a wait ended %+v", end)
		}
	})
	t.Run("many at once", func(t *testing.T) {
		f := start(t)
		s := open(t, f.role(), "")
		s.deliver(10 * time.Second)
		const many = 30
		for range many {
			f.next("SendAutomationSignal", func(w http.ResponseWriter, r request) bool { return r.key == "ASIA1" && expired(w, r) })
		}
		var sends sync.WaitGroup
		for range many {
			sends.Go(func() {
				if result := s.deliver(10 * time.Second); result.Outcome != delivery.Accepted {
					t.Errorf("one ended %s: %v", result.Outcome, result.Err)
				}
			})
		}
		sends.Wait()
		if got := strings.Count(f.seen(), "AssumeRole"); got != 2 {
			t.Errorf("%d sessions, want 2", got)
		}
	})
}

// A wrong clock costs one refused request.
func TestTheServicesClockCorrectsTheSignature(t *testing.T) {
	for name, off := range map[string]time.Duration{"slow": time.Hour, "fast": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			f := start(t)
			f.now = func() time.Time { return time.Now().Add(off) }
			strict := func(w http.ResponseWriter, r request) bool {
				signed, err := time.Parse("20060102T150405Z", r.header.Get("X-Amz-Date"))
				if err == nil && f.now().Sub(signed).Abs() < 5*time.Minute {
					return false
				}
				return refuses(400, "InvalidSignatureException", "Signature expired")(w, r)
			}
			f.next("SendAutomationSignal", often(10, strict)...)
			s := open(t, f.static(), "")
			if result := s.deliver(10 * time.Second); result.Outcome != delivery.Accepted || f.seen() != "SendAutomationSignal SendAutomationSignal" {
				t.Errorf("it ended %s: %v\nseen: %s", result.Outcome, result.Err, f.seen())
			}
			if result := s.deliver(10 * time.Second); result.Outcome != delivery.Accepted || result.Attempts != 1 {
				t.Errorf("the next one ended %s after %d attempts", result.Outcome, result.Attempts)
			}
			f = start(t)
			f.now = func() time.Time { return time.Now().Add(off) }
			f.next("SendAutomationSignal", often(10, refuses(400, "InvalidSignatureException", "The signature does not match"))...)
			if result := open(t, f.static(), "").deliver(10 * time.Second); result.Outcome != delivery.Rejected || result.Attempts != 2 {
				t.Errorf("a wrong key ended %s after %d attempts", result.Outcome, result.Attempts)
			}
		})
	}
}

// If no connection to STS can be made, the provider tries for half a minute, as with every
// service.
func TestUnreachableSTS(t *testing.T) {
	f := start(t)
	c := f.role()
	c.Endpoints["sts"] = "http://127.0.0.1:1"
	result := open(t, c, "").deliver(time.Minute)
	if result.Outcome != delivery.NotSent || result.Cause != delivery.CredentialsUnreachable || result.Attempts < 2 || result.Stopped != nil || !strings.Contains(result.Err.Error(), "AssumeRole") {
		t.Errorf("it ended %s with cause %d after %d attempts: %v", result.Outcome, result.Cause, result.Attempts, result.Err)
	}
}

// Every request to STS has a timeout, and the error names the request. If less time is left, the
// error names the role or the request.
func TestSilentSTS(t *testing.T) {
	for what, config := range map[string]func(*fake) aws.Config{
		"AssumeRole": (*fake).role,
		"GetCallerIdentity": func(f *fake) aws.Config {
			c := f.static()
			c.ForbiddenAccountIDs = []string{"210987654321"}
			return c
		},
	} {
		t.Run(what, func(t *testing.T) {
			silent := func(asked func()) aws.Config {
				f := start(t)
				quiet := make(chan struct{})
				t.Cleanup(func() { close(quiet) })
				f.next(what, often(100, func(http.ResponseWriter, request) bool { asked(); <-quiet; return true })...)
				return config(f)
			}
			clock := acctest.NewPauseClock(time.Minute)
			c := silent(clock.ExpireAttempts)
			c.Clock = clock
			s := open(t, c, "")
			if attempt := s.Send(t.Context()); attempt.Outcome != delivery.NotSent || attempt.Cause != delivery.CredentialsFailing || !strings.Contains(attempt.Err.Error(), "STS did not answer sts:"+what+" within 1m0s") {
				t.Errorf("it ended %s with cause %d: %v", attempt.Outcome, attempt.Cause, attempt.Err)
			}
			c = silent(clock.Expire)
			c.Clock = clock
			s = open(t, c, "")
			said := map[string]string{"AssumeRole": "assume_role: " + roleARN, "GetCallerIdentity": "sts:GetCallerIdentity"}[what]
			ctx, cancel := clock.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if attempt := s.Send(ctx); attempt.Outcome != delivery.NotSent || attempt.Cause != delivery.CredentialsFailing || !strings.Contains(attempt.Err.Error(), said) || !errors.Is(attempt.Err, context.DeadlineExceeded) {
				t.Errorf("in less time it ended %s with cause %d: %v", attempt.Outcome, attempt.Cause, attempt.Err)
			}
		})
	}
}

// If a timeout ends the wait for credentials, the error names their source, and no request
// to STS that has ended before.
func TestWaitForCredentialsNamesTheirSource(t *testing.T) {
	f := start(t)
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f.URL+"/container")
	c := f.static()
	c.AccessKey, c.SecretKey, c.AllowedAccountIDs = "", "", []string{"123456789012"}
	s := open(t, c, "")
	f.next("SendAutomationSignal", refuses(400, "ExpiredTokenException", "The security token included in the request is expired"))
	if attempt := s.Send(t.Context()); attempt.Cause != delivery.CredentialsFailing || !strings.Contains(f.seen(), "GetCallerIdentity") {
		t.Fatalf("it ended %s with cause %d after %s: %v", attempt.Outcome, attempt.Cause, f.seen(), attempt.Err)
	}
	quiet := make(chan struct{})
	t.Cleanup(func() { close(quiet) })
	ctx, cancel := context.WithCancel(t.Context())
	f.next("GET /container", func(http.ResponseWriter, request) bool { cancel(); <-quiet; return true })
	attempt := s.Send(ctx)
	if said := attempt.Err.Error(); attempt.Cause != delivery.CredentialsFailing || !strings.Contains(said, "the credentials service of the container") || strings.Contains(said, "GetCallerIdentity") {
		t.Errorf("it ended %s with cause %d: %v", attempt.Outcome, attempt.Cause, said)
	}
}

// The account is read once for all signals, with any result.
func TestTheAccountIsAskedForOnce(t *testing.T) {
	for name, test := range map[string]struct {
		allowed string
		answer  answer
		outcome delivery.Outcome
	}{
		"allowed":     {"123456789012", nil, delivery.Accepted},
		"not allowed": {"210987654321", nil, delivery.NotSent},
		"denied":      {"123456789012", refuses(403, "AccessDenied", "denied"), delivery.NotSent},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t)
			f.next("GetCallerIdentity", test.answer)
			c := f.static()
			c.AllowedAccountIDs = []string{test.allowed}
			s := open(t, c, "")
			var sends sync.WaitGroup
			for range 20 {
				sends.Go(func() {
					if result := s.deliver(10 * time.Second); result.Outcome != test.outcome || result.Attempts != 1 {
						t.Errorf("one ended %s after %d attempts: %v", result.Outcome, result.Attempts, result.Err)
					}
				})
			}
			sends.Wait()
			if strings.Count(f.seen(), "GetCallerIdentity") != 1 {
				t.Errorf("seen: %s", f.seen())
			}
		})
	}
}
