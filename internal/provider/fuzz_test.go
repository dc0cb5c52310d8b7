package provider_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// FuzzArguments sets any string argument of any signal to any text. No text makes the
// provider panic or plan something invalid, each configuration that passes validation can
// be planned, and no message repeats a secret.
func FuzzArguments(f *testing.F) {
	s := acctest.Sandbox(f, sandbox.Options{})
	p := acctest.StartProvider(f, acctest.Block(s.URL()))
	for i, y := range systems.All {
		for j := range p.Resource(y.Type).Strings() {
			for _, text := range []string{"", "canary", "\x00canary\n", "\xff\u2028é", strings.Repeat("ü", 513), "https://canary@[::1%25lo]:99999/#", "arn:aws:canary", "-1"} {
				f.Add(uint8(i), j, text)
			}
		}
	}
	f.Fuzz(func(t *testing.T, i uint8, name, text string) {
		y := systems.All[int(i)%len(systems.All)]
		r := p.For(t).Resource(y.Type)
		secret, argument := r.Strings()[name]
		if !argument {
			return
		}
		s.Reset()
		// Terraform passes on no text that is not UTF-8.
		text = strings.ToValidUTF8(text, "?")
		config := y.Ready(s).With(acctest.Values{name: text})
		said := r.Validate(config)
		if !said.HasError() {
			_, planning := r.Plan(config)
			said = append(said, planning...)
			if planning.HasError() {
				t.Errorf("%s = %q passes validation and cannot be planned: %s", name, text, planning)
			}
		}
		if secret && strings.Contains(text, "canary") && strings.Contains(said.String(), text) {
			t.Errorf("%s is repeated: %s", name, said)
		}
	})
}

// FuzzAnswers answers each signal with any answer. None makes the provider panic, and only
// the documented answer makes it record the signal as sent.
func FuzzAnswers(f *testing.F) {
	for i := range systems.All {
		for _, status := range []uint16{200, 204, 301, 400, 403, 404, 429, 500, 503} {
			f.Add(uint8(i), status, "application/x-amz-json-1.1", "", "", []byte(`{"__type":"ThrottlingException","message":"slow down"}`))
			f.Add(uint8(i), status, "application/json", "AccessDeniedException:http://x", "1", []byte(`{"RequestId":"1","result":"ok","trigger_job_id":9,"Code":"Throttling","Message":"m"}`))
			f.Add(uint8(i), status, "text/html", "", "-1", []byte("<html></html>"))
			f.Add(uint8(i), status, "", "", "99999999999999999999", []byte(nil))
			f.Add(uint8(i), status, "application/json", "", "", []byte("{}"))
			f.Add(uint8(i), status, "application/json", "", "", []byte("{\"result\":\"ok\""))
			f.Add(uint8(i), status, "application/json", "", "", []byte("[]"))
			f.Add(uint8(i), status, "application/json", "", "", []byte(`{"RequestId":null,"result":["ok"]}`))
			f.Add(uint8(i), status, "application/json", "", "", []byte(`{"data":{"attributes":{"rule_type":"webhook","rule_value":{"token":"t","access_token":"a"}}},"result":"ok","trigger_job_id":{}}`))
		}
	}
	s := acctest.Sandbox(f, sandbox.Options{})
	// A request that a timeout has cut off may arrive during the next input.
	var answer atomic.Pointer[http.HandlerFunc]
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		(*answer.Load())(w, r)
	}))
	f.Cleanup(server.Close)
	p := acctest.StartProvider(f, acctest.Block(server.URL))
	f.Fuzz(func(t *testing.T, i uint8, status uint16, contentType, errorType, retryAfter string, body []byte) {
		y := systems.All[int(i)%len(systems.All)]
		r := p.For(t).Resource(y.Type)
		// Below 200 an answer is not the final one, and net/http refuses to send others.
		status = 200 + (status+200)%400
		given := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for name, value := range map[string]string{"Content-Type": contentType, "X-Amzn-Errortype": errorType, "Retry-After": retryAfter} {
				if value != "" {
					w.Header().Set(name, value)
				}
			}
			w.WriteHeader(int(status))
			_, _ = w.Write(body)
		})
		answer.Store(&given)
		s.Reset()
		config := y.Ready(s).With(acctest.Values{"timeouts": acctest.Values{"create": "20ms"}})
		if at, ok := config["url"].(string); ok {
			config["url"] = strings.Replace(at, s.URL(), server.URL, 1)
		}
		diags := r.Apply(config)
		switch sent := r.String("delivery"); {
		case (sent == "SENT") == diags.HasError():
			t.Errorf("delivery is %q, and it said %s", sent, diags)
		case sent == "SENT" && !documented(y, int(status), body):
			t.Errorf("%s took HTTP %d with %q for success", y.Type, status, body)
		case sent != "SENT" && sent != "UNKNOWN" && !r.State.IsNull():
			t.Errorf("recorded %s", r.State)
		}
	})
}

// documented reports whether an answer is the documented success of the service.
func documented(y system, status int, body []byte) bool {
	var members map[string]any
	if json.Unmarshal(body, &members) != nil {
		members = nil
	}
	return status == http.StatusOK && y.IsSuccess(members, string(body))
}

// samples are texts that a fuzzer would not find in time.
var samples = []string{
	"Approve", "StartStep", "SUCCESS", "FAILURE", "apply", "destroy", "error", "record", "1ms", "5m", "us-east-1", "sandbox", "1",
	"12345678-1234-1234-1234-123456789012", "w-0123456789abcdef0", "http://127.0.0.1:1/trigger/x", "https://example.invalid/trigger/x",
	"arn:aws:iam::123456789012:role/x", "SENT", "UNKNOWN", "ADOPTED", "CONFIRMED", "2026-01-02T03:04:05Z", "Success", "COMPLETED", "OPEN",
}

// seeds are inputs that change nothing or little.
func seeds(f *testing.F, add func(i uint8, data []byte)) {
	f.Helper()
	for i := range uint8(8) {
		add(i, nil)
		for shift := range byte(2) {
			data := make([]byte, 256)
			for j := range data {
				data[j] = byte(j)*(2*i+7) + shift
			}
			add(i, data)
		}
	}
}

// hangs ends the process and prints its stacks, unless the test ends in minutes. The
// timeout of a request that gets no answer is longer.
func hangs(t *testing.T) {
	t.Helper()
	watch := time.AfterFunc(4*time.Minute, func() {
		debug.SetTraceback("all")
		panic("hangs")
	})
	t.Cleanup(func() { watch.Stop() })
}

// brief are timeouts for waits without an end.
var brief = acctest.Values{"create": "30ms", "update": "30ms", "delete": "30ms"}

// alone returns a sandbox and a provider for one input: a request that its timeout has cut
// off may arrive during the next input.
func alone(t *testing.T) (*sandbox.Sandbox, *acctest.Provider) {
	t.Helper()
	s := acctest.Sandbox(t, sandbox.Options{})
	return s, acctest.StartProvider(t, acctest.Block(s.URL()))
}

// bases are configurations of the resources that are not signals. Without them, few
// configurations would pass validation.
var bases = map[string]acctest.Values{
	"signal_http_trigger_job": {
		"name": "nightly", "group_id": 10, "aws_account_id": 20, "action_type": "stop_instances", "action_value": `{"region": "ap-northeast-1"}`,
	},
}

// baseOf returns a valid configuration of a resource that is not a signal. For a wait, its
// run has ended soon.
func baseOf(p *acctest.Provider, s *sandbox.Sandbox, name string) acctest.Values {
	if base, known := bases[name]; known {
		return base.With(nil)
	}
	if signal, is := strings.CutSuffix(name, "_wait"); is {
		return waitFor(p.Resource(name), systems.Of(signal).Gate.Running(s, well))
	}
	return acctest.Values{}
}

// fuzzed is a resource with a valid configuration.
func fuzzed(t *testing.T, p *acctest.Provider, s *sandbox.Sandbox, i uint8) (*acctest.Resource, acctest.Values) {
	t.Helper()
	n := int(i) % (len(systems.All) + len(p.Resources()))
	if n >= len(systems.All) {
		name := p.Resources()[n-len(systems.All)]
		return p.Resource(name), baseOf(p, s, name)
	}
	return p.Resource(systems.All[n].Type), systems.All[n].Ready(s)
}

// confined reports whether a configuration or state leads only to the sandbox.
func confined(s *sandbox.Sandbox, config acctest.Values) bool {
	url, given := config["url"].(string)
	return !given || strings.HasPrefix(url, s.URL()+"/")
}

// signalled returns how many requests have sent a signal.
func signalled(s *sandbox.Sandbox) (n int) {
	operations := map[string]bool{}
	for _, y := range systems.All {
		operations[y.Operation] = true
	}
	for operation := range operations {
		n += s.Count(operation)
	}
	return n
}

// FuzzLife takes any resource through a life of any configurations, which are at first only
// partly known. Each configuration that passes validation can be planned. A plan has the
// configured values, and its known values are applied. Plans, refreshes, updates and waits
// send nothing, and every other operation sends at most one signal. A destroy whose wait
// fails may come between the configurations. Nothing panics or hangs.
func FuzzLife(f *testing.F) {
	seeds(f, func(i uint8, data []byte) { f.Add(i, data) })
	p := acctest.StartProvider(f, nil)
	each := func(i int, name string) {
		for j := range len(p.Resource(name).Attributes(false)) {
			// The first configuration is unchanged. In the second one, one argument is unknown
			// at first.
			f.Add(uint8(i), []byte{0, 1, byte(j), 2, 3, 1, 3, 1, 3, 1})
		}
	}
	for i, y := range systems.All {
		each(i, y.Type)
		if y.Gate == nil {
			continue
		}
		names := slices.Sorted(maps.Keys(p.Resource(y.Type).Attributes(false)))
		at := func(name string) byte { return byte(slices.Index(names, name)) }
		destroy, unknown := []byte{at("when"), 0, byte(slices.Index(samples, "destroy") + 1)}, []byte{at("triggers"), 2}
		// The destroy of the first configuration waits, and fails. In the second one, triggers
		// are unknown at first, and turn out to be the same.
		waits := slices.Concat([]byte{2}, destroy, []byte{at("wait_for_completion"), 0, 1})
		f.Add(uint8(i), slices.Concat(waits, []byte{1}, unknown))
		f.Add(uint8(i), slices.Concat(waits, []byte{2}, destroy, unknown))
	}
	for i, name := range p.Resources() {
		if !p.Resource(name).Has("delivery") {
			each(len(systems.All)+i, name)
		}
	}
	f.Fuzz(func(t *testing.T, i uint8, data []byte) {
		hangs(t)
		s, p := alone(t)
		a := acctest.NewArbitrary(data, samples...)
		r, base := fuzzed(t, p, s, i)
		for range 3 {
			part := a.Config(r.Attributes(false), base, true)
			before := signalled(s)
			if r.Validate(part).HasError() {
				continue
			}
			if _, diags := r.Plan(part); diags.HasError() && r.State.IsNull() {
				t.Errorf("%v passes validation and cannot be planned: %s", part, diags)
			}
			part["timeouts"] = timeoutsOf(r)
			whole := a.Resolve(r.Attributes(false), part)
			if !confined(s, whole) || r.Validate(whole).HasError() || r.Final(part, whole).HasError() {
				continue
			}
			plan, _ := r.Plan(whole)
			if n := signalled(s); n != before {
				t.Errorf("planning %v sent %d signals", whole, n-before)
			}
			update := !r.State.IsNull() && !r.Tainted && len(plan.Replace) == 0
			said := r.Apply(whole)
			switch n := signalled(s) - before; {
			case (update || r.Has("until")) && n > 0, n > 2:
				t.Errorf("applying %v sent %d signals and said %s", whole, n, said)
			case r.State.IsNull() && !said.HasError():
				t.Errorf("applying %v left nothing and said %s", whole, said)
			}
			if r.String("delivery") == "UNKNOWN" {
				// Its request may arrive only now.
				return
			}
			before = signalled(s)
			_ = r.Refresh()
			if n := signalled(s); n != before {
				t.Errorf("a refresh sent %d signals", n-before)
			}
			if !r.Has("when") || r.String("when") != "destroy" || r.Bool("wait_for_completion") != true {
				continue
			}
			said = r.Destroy()
			if n := signalled(s); n-before > 1 {
				t.Errorf("destroying sent %d signals and said %s", n-before, said)
			}
			if r.String("delivery") == "UNKNOWN" {
				return
			}
		}
		if !r.State.IsNull() {
			_ = r.Destroy()
		}
	})
}

// timeoutsOf returns short timeouts for a resource. A wait has none for a destroy.
func timeoutsOf(r *acctest.Resource) acctest.Values {
	if r.Has("until") {
		return acctest.Values{"create": brief["create"], "update": brief["update"]}
	}
	return brief
}

// FuzzStates gives any resource any state, as from an earlier version or an editor, and
// upgrades, refreshes, plans and destroys it.
func FuzzStates(f *testing.F) {
	seeds(f, func(i uint8, data []byte) { f.Add(i, data, []byte(nil)) })
	for i := range uint8(8) {
		f.Add(i, []byte(nil), []byte(`{"id":"1","delivery":"SENT","wait_for_completion":true,"sent_at":"yesterday","triggers":{"a":null}}`))
		f.Add(i, []byte(nil), []byte(`{"unheard_of":1}`))
		f.Add(i, []byte(nil), []byte("null"))
	}
	f.Fuzz(func(t *testing.T, i uint8, data, text []byte) {
		hangs(t)
		s, p := alone(t)
		a := acctest.NewArbitrary(data, samples...)
		r, config := fuzzed(t, p, s, i)
		config["timeouts"] = timeoutsOf(r)
		state := a.Config(r.Attributes(true), config, false)
		state["timeouts"] = timeoutsOf(r)
		r.Put(state)
		if len(text) > 0 {
			_ = r.Upgrade(acctest.Stored{Version: int64(a.Below(3)), State: text})
			if r.String("url") != "" {
				return
			}
		}
		_ = r.Refresh()
		_, _ = r.Plan(config)
		if n := signalled(s); n > 0 {
			t.Errorf("a plan or a refresh of %s sent %d signals", r.State, n)
		}
		if !r.State.IsNull() && confined(s, state) {
			_ = r.Destroy()
		}
		if n := signalled(s); n > 1 {
			t.Errorf("destroying sent %d signals", n)
		}
	})
}

// FuzzActions checks, plans and invokes any action with any configuration, which is at
// first only partly known.
func FuzzActions(f *testing.F) {
	seeds(f, func(i uint8, data []byte) { f.Add(i, data) })
	f.Fuzz(func(t *testing.T, i uint8, data []byte) {
		hangs(t)
		y := systems.All[int(i)%len(systems.All)]
		if !y.HasAction {
			return
		}
		s, p := alone(t)
		a, action := acctest.NewArbitrary(data, samples...), p.Action(y.Type)
		part := a.Config(action.Arguments(), y.Ready(s), true)
		if action.Validate(part).HasError() {
			return
		}
		_ = action.Plan(part)
		if made := s.RequestLog(); len(made) > 0 {
			t.Errorf("planning %v made requests: %v", part, made)
		}
		part["timeout"] = "30ms"
		_, said := action.Invoke(a.Resolve(action.Arguments(), part))
		if n := signalled(s); n > 1 {
			t.Errorf("invoking sent %d signals and said %s", n, said)
		}
	})
}

// FuzzBlocks configures the provider with any blocks.
func FuzzBlocks(f *testing.F) {
	kinds := acctest.StartProvider(f, nil).Block()
	seeds(f, func(_ uint8, data []byte) { f.Add(data) })
	f.Fuzz(func(t *testing.T, data []byte) {
		hangs(t)
		a := acctest.NewArbitrary(data, samples...)
		_, _ = acctest.TryProvider(t, a.Config(kinds, acctest.Block("http://127.0.0.1:1"), true))
	})
}

// reader is a sandbox in which another handler answers one of the reads.
type reader struct {
	*sandbox.Sandbox
	*clock
	url string
	// instead answers the read of this name, if there is one.
	read    string
	instead http.HandlerFunc

	mu sync.Mutex
	// answers are those of the sandbox, by read.
	answers map[string][]byte
}

func newReader(t testing.TB) *reader {
	t.Helper()
	c := &clock{}
	d := &reader{Sandbox: sandbox.New(sandbox.Options{Now: c.now, Temporal: acctest.TemporalURL}), clock: c, answers: map[string][]byte{}}
	server := httptest.NewServer(d)
	t.Cleanup(server.Close)
	d.url = server.URL
	return d
}

func (d *reader) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	read := operationOf(r)
	if r.Method == http.MethodGet {
		read = "job"
	}
	if d.instead != nil && d.read == read {
		_, _ = io.Copy(io.Discard, r.Body)
		d.instead(w, r)
		return
	}
	answer := httptest.NewRecorder()
	d.Handler().ServeHTTP(answer, r)
	d.mu.Lock()
	d.answers[read] = answer.Body.Bytes()
	d.mu.Unlock()
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// apply applies a signal that adopts and waits, if its system offers that.
func (d *reader) apply(t testing.TB, y system, changed acctest.Values) (*acctest.Resource, acctest.Diagnostics) {
	t.Helper()
	var config acctest.Values
	if y.Gate == nil {
		config = y.Ready(d.Sandbox)
	} else {
		d.Hook(y.Gate.Read, d.tick, nil)
		config = y.Gate.Running(d.Sandbox, well).With(waiting).With(acctest.Values{"wait_until_ready": true})
	}
	if path, given := config["url"].(string); given {
		config["url"] = d.url + path
	}
	if y.Gate != nil && y.Gate.Adopts {
		config = config.With(y.AdoptsWith()).With(acctest.Values{"adopt_existing": true})
	}
	r := acctest.StartProvider(t, acctest.Block(d.url)).Resource(y.Type)
	return r, r.Apply(config.With(changed))
}

// FuzzReads answers one of the reads of a signal in any way. The signal adopts, waits and
// may have lost its answer. No answer makes the provider send it a second time, or read on
// without a pause.
func FuzzReads(f *testing.F) {
	reads := make([][]string, len(systems.All))
	for i, y := range systems.All {
		d := newReader(f)
		if _, diags := d.apply(f, y, nil); len(diags) > 0 {
			f.Fatal(diags)
		}
		delete(d.answers, y.Operation)
		reads[i] = slices.Sorted(maps.Keys(d.answers))
		for j, read := range reads[i] {
			whole := string(d.answers[read])
			same := strings.NewReplacer("</StackEvents>", "</StackEvents><NextToken>t</NextToken>").Replace(whole)
			if rest, isObject := strings.CutPrefix(whole, "{"); isObject {
				same = `{"NextToken":"t","nextToken":"t","nextPageToken":"t",` + rest
			}
			for _, body := range []string{whole, same, "", "[]", `{"__type":"ThrottlingException","message":"m"}`} {
				f.Add(uint8(i), uint8(j), uint16(200), body == "", []byte(body))
				f.Add(uint8(i), uint8(j), uint16(400), body != "", []byte(body))
			}
		}
	}
	f.Fuzz(func(t *testing.T, i, j uint8, status uint16, lost bool, body []byte) {
		hangs(t)
		y, names := systems.All[int(i)%len(systems.All)], reads[int(i)%len(systems.All)]
		if len(names) == 0 {
			return
		}
		d := newReader(t)
		var answers atomic.Int64
		d.read, d.instead = names[int(j)%len(names)], func(w http.ResponseWriter, _ *http.Request) {
			if answers.Add(1) > 1000 {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			w.Header().Set("Content-Type", "application/x-amz-json-1.1")
			w.WriteHeader(200 + (int(status)+200)%400)
			_, _ = w.Write(body)
		}
		if lost {
			d.Inject(sandbox.Fault{Operation: y.Operation, Kind: sandbox.KindErrorAfter, Status: http.StatusGatewayTimeout, Times: 1})
		}
		r, said := d.apply(t, y, acctest.Values{"timeouts": brief})
		if n := answers.Load(); n > 1000 {
			t.Errorf("%d times it made the read %s, and it said %s", n, d.read, said)
		}
		sent, accepted := r.String("delivery"), d.Accepted(y.Operation)
		switch {
		case accepted > 1:
			t.Errorf("%d signals were accepted, and it said %s", accepted, said)
		case sent == "SENT" && accepted == 0:
			t.Errorf("a signal that was not sent is recorded, and the apply returned %s", said)
		case sent == "" && accepted > 0:
			t.Errorf("a signal that was sent is not recorded, and the apply returned %s", said)
		}
	})
}
