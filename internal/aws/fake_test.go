package aws_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// request is a request that the fake has received.
type request struct {
	// what is the operation, such as "AssumeRole" or "SendAutomationSignal".
	what string
	// key and region are those of the signature.
	key, region string
	// host is the host of the request.
	host string
	// form is the form of a request to STS.
	form   url.Values
	header http.Header
	// body is the JSON of the request.
	body string
}

// answer answers a request; nil answers as the service does.
type answer func(w http.ResponseWriter, r request) bool

// fake simulates STS, SSM, the metadata services of EC2 and of containers, and a proxy. It
// is written from the API references. It does not verify signatures, because the sandbox
// does.
type fake struct {
	*httptest.Server
	// now is its clock.
	now func() time.Time

	mu       sync.Mutex
	requests []request
	// answers are used before the answers of the service, one for each request of an
	// operation.
	answers  map[string][]answer
	sessions int
}

func start(t *testing.T) *fake {
	t.Helper()
	f := &fake{now: time.Now, answers: map[string][]answer{}}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

// next sets the answers for the next requests of an operation.
func (f *fake) next(what string, answers ...answer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answers[what] = append(f.answers[what], answers...)
}

// seen returns the operations of the requests, in order.
func (f *fake) seen() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var seen []string
	for _, r := range f.requests {
		seen = append(seen, r.what)
	}
	return strings.Join(seen, " ")
}

// last is the last request of an operation.
func (f *fake) last(t *testing.T, what string) request {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := len(f.requests) - 1; i >= 0; i-- {
		if f.requests[i].what == what {
			return f.requests[i]
		}
	}
	t.Fatalf("%s was not asked for, but %v", what, f.requests)
	return request{}
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	asked := request{host: r.Host, header: r.Header, body: string(body)}
	_, target, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	asked.form, _ = url.ParseQuery(string(body))
	switch {
	case target != "":
		asked.what = target
	case r.Method == http.MethodPost && r.URL.Path == "/":
		asked.what = asked.form.Get("Action")
	default:
		asked.what = r.Method + " " + r.URL.Path
	}
	_, credential, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	if scope := strings.Split(credential, "/"); len(scope) > 3 {
		asked.key, asked.region = scope[0], scope[2]
	}
	f.mu.Lock()
	f.requests = append(f.requests, asked)
	var say answer
	if said := f.answers[asked.what]; len(said) > 0 {
		say, f.answers[asked.what] = said[0], said[1:]
	}
	f.mu.Unlock()
	w.Header()["Date"] = []string{f.now().UTC().Format(http.TimeFormat)}
	w.Header().Set("X-Amzn-Requestid", "request-id")
	if say != nil && say(w, asked) {
		return
	}
	f.answer(w, asked)
}

func (f *fake) answer(w http.ResponseWriter, r request) {
	switch r.what {
	case "AssumeRole", "AssumeRoleWithWebIdentity":
		f.session(w, r.what, time.Hour)
	case "GetCallerIdentity":
		_, _ = io.WriteString(w, "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>")
	case "PUT /latest/api/token":
		w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "21600")
		_, _ = io.WriteString(w, "token")
	case "GET /latest/meta-data/iam/security-credentials/":
		_, _ = io.WriteString(w, "instance-role")
	case "GET /latest/meta-data/iam/security-credentials/instance-role", "GET /container":
		_ = json.NewEncoder(w).Encode(map[string]any{
			"Code": "Success", "AccessKeyId": "ASIAMACHINE", "SecretAccessKey": "secret", "Token": "token", "Expiration": f.now().Add(time.Hour).UTC(),
		})
	case "GET /latest/dynamic/instance-identity/document":
		_, _ = io.WriteString(w, `{"region": "ap-northeast-3"}`)
	case "POST /token": // CreateToken of SSO OIDC, with which a sign-in is renewed
		_, _ = io.WriteString(w, `{"accessToken":"canary/of+the=renewed","refreshToken":"canary/of+the=next","tokenType":"Bearer","expiresIn":3600}`)
	case "GET /federation/credentials":
		_ = json.NewEncoder(w).Encode(map[string]any{"roleCredentials": map[string]any{
			"accessKeyId": "ASIASSO", "secretAccessKey": "canary/of+the=session", "sessionToken": "canary/of+the=session", "expiration": f.now().Add(time.Hour).UnixMilli(),
		}})
	case "SendAutomationSignal", "GetAutomationExecution":
		_, _ = io.WriteString(w, "{}")
	default:
		http.NotFound(w, nil)
	}
}

// session gives new credentials: ASIA1, ASIA2 and so on.
func (f *fake) session(w http.ResponseWriter, what string, lasts time.Duration) {
	f.mu.Lock()
	f.sessions++
	n := f.sessions
	f.mu.Unlock()
	_, _ = fmt.Fprintf(w, "<%[1]sResponse><%[1]sResult><Credentials><AccessKeyId>ASIA%[2]d</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken><Expiration>%[3]s</Expiration></Credentials></%[1]sResult></%[1]sResponse>",
		what, n, f.now().Add(lasts).UTC().Format(time.RFC3339))
}

// The answers that a test has the fake give.

func refuses(status int, code, message string) answer {
	return func(w http.ResponseWriter, r request) bool {
		if r.header.Get("X-Amz-Target") != "" {
			w.Header().Set("X-Amzn-Errortype", code)
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, `{"__type":%q,"message":%q}`, code, message)
			return true
		}
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>request-id</RequestId></ErrorResponse>", code, message)
		return true
	}
}

func drops(http.ResponseWriter, request) bool { panic(http.ErrAbortHandler) }

func portal(w http.ResponseWriter, _ request) bool {
	w.Header().Set("Content-Type", "text/html")
	_, _ = io.WriteString(w, "<html>Sign in</html>")
	return true
}

// often returns the same answer for many requests.
func often(many int, one answer) (answers []answer) {
	for range many {
		answers = append(answers, one)
	}
	return answers
}

// client is the part of SSM that the tests use.
type client struct {
	send aws.Operation[ssm.SendAutomationSignalInput, ssm.SendAutomationSignalOutput, ssm.Options]
	get  aws.Operation[ssm.GetAutomationExecutionInput, ssm.GetAutomationExecutionOutput, ssm.Options]
}

var service = aws.Service[*client]{Name: "ssm", IsOwn: aws.IsJSON, NewClient: func(cfg awssdk.Config) *client {
	c := ssm.NewFromConfig(cfg)
	return &client{c.SendAutomationSignal, c.GetAutomationExecution}
}}

// static returns a configuration with keys that do not expire, with the fake as all
// services.
func (f *fake) static() aws.Config {
	return aws.Config{Region: "us-east-1", AccessKey: "AKIASTATIC", SecretKey: "secret", Endpoints: map[string]string{"ssm": f.URL, "sts": f.URL}}
}

// role is static with a role.
func (f *fake) role() aws.Config {
	c := f.static()
	c.AssumeRole = []aws.AssumeRole{{RoleARN: roleARN}}
	return c
}

const roleARN = "arn:aws:iam::123456789012:role/deploy"

// signals sends signals and reads targets as the provider does.
type signals struct {
	t      *testing.T
	client *client
}

func open(t *testing.T, config aws.Config, region string) signals {
	t.Helper()
	c, err := service.Client(t.Context(), aws.NewClients(config), region)
	if err != nil {
		t.Fatal(err)
	}
	return signals{t, c}
}

// Send makes one attempt.
func (s signals) Send(ctx context.Context) delivery.Attempt {
	return aws.Send(ctx, s.client.send, &ssm.SendAutomationSignalInput{AutomationExecutionId: awssdk.String("00000000-0000-4000-8000-000000000000"), SignalType: "Approve"})
}

// quick returns the retry policy of a test, and a context that ends when the policy has
// made pauses of this length.
func (s signals) quick(most time.Duration) (delivery.RetryPolicy, context.Context, context.CancelFunc) {
	policy := acctest.Quick()
	policy.Clock = acctest.NewPauseClock(most)
	ctx, cancel := policy.Clock.WithTimeout(s.t.Context(), most)
	return policy, ctx, cancel
}

// deliver sends a signal with the retry policy of a test and a timeout.
func (s signals) deliver(most time.Duration) delivery.Result {
	policy, ctx, cancel := s.quick(most)
	defer cancel()
	return policy.Deliver(ctx, delivery.NewRateLimiters(policy).For(""), s, delivery.UnknownOutcomePolicy{}, func(delivery.Attempt, time.Duration) {})
}

// wait reads a target until a read succeeds.
func (s signals) wait(most time.Duration) delivery.WaitResult {
	policy, ctx, cancel := s.quick(most)
	defer cancel()
	probe := delivery.NewProbe("target", func(ctx context.Context) (*ssm.GetAutomationExecutionOutput, delivery.Attempt) {
		return aws.Get(ctx, s.client.get, &ssm.GetAutomationExecutionInput{AutomationExecutionId: awssdk.String("00000000-0000-4000-8000-000000000000")})
	}, func(*ssm.GetAutomationExecutionOutput) delivery.Observation {
		return delivery.Observation{State: delivery.Reached}
	})
	return delivery.NewPoller(policy).Wait(ctx, probe, func(delivery.Observation, time.Time) {})
}

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
