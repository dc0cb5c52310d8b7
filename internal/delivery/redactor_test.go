package delivery_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// secret has characters that JSON, URLs and HTML escape.
const secret = `a/b+c "d" <é&ü> 100%`

func escapedRunes(format string) string {
	var text strings.Builder
	for _, r := range secret {
		fmt.Fprintf(&text, format, r)
	}
	return text.String()
}

func escapedBytes(format string) string {
	var text strings.Builder
	for _, b := range []byte(secret) {
		fmt.Fprintf(&text, format, b)
	}
	return text.String()
}

func inJSON(t *testing.T, text string) string {
	t.Helper()
	quoted, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(quoted)
}

// A secret is hidden in every spelling, and nothing else is hidden.
func TestASecretIsHiddenInEverySpelling(t *testing.T) {
	t.Parallel()
	plainJSON := &strings.Builder{}
	encoder := json.NewEncoder(plainJSON)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(secret); err != nil {
		t.Fatal(err)
	}
	for name, spelling := range map[string]string{
		"as it is":                    secret,
		"JSON":                        inJSON(t, secret),
		"JSON with HTML as it is":     plainJSON.String(),
		"JSON with slashes escaped":   strings.ReplaceAll(inJSON(t, secret), "/", `\/`),
		"JSON with numbers alone":     escapedRunes(`\u%04x`),
		"JSON with large digits":      escapedRunes(`\u%04X`),
		"JSON in JSON":                inJSON(t, inJSON(t, secret)),
		"JSON in JSON in JSON":        inJSON(t, inJSON(t, inJSON(t, secret))),
		"Go":                          fmt.Sprintf("%q", secret),
		"Go, in ASCII":                fmt.Sprintf("%+q", secret),
		"query":                       url.QueryEscape(secret),
		"path":                        url.PathEscape(secret),
		"URL, all of it":              escapedBytes("%%%02X"),
		"URL, small digits":           strings.ToLower(url.QueryEscape(secret)),
		"URL in a URL":                url.QueryEscape(url.PathEscape(secret)),
		"URL in JSON":                 inJSON(t, url.QueryEscape(secret)),
		"JSON in a URL":               url.QueryEscape(inJSON(t, secret)),
		"HTML":                        html.EscapeString(secret),
		"HTML with names":             strings.NewReplacer("&", "&amp;", `"`, "&quot;", "<", "&lt;", ">", "&gt;", "é", "&eacute;", "ü", "&uuml;").Replace(secret),
		"HTML with numbers":           escapedRunes("&#%d;"),
		"HTML with hexadecimals":      escapedRunes("&#x%X;"),
		"HTML in JSON":                inJSON(t, html.EscapeString(secret)),
		"JSON in HTML":                html.EscapeString(inJSON(t, secret)),
		"base64":                      base64.StdEncoding.EncodeToString([]byte(secret)),
		"base64 after one byte":       base64.StdEncoding.EncodeToString([]byte(":" + secret + ":")),
		"base64 after two bytes":      base64.RawStdEncoding.EncodeToString([]byte("u:" + secret + "::")),
		"base64 of URLs":              base64.RawURLEncoding.EncodeToString([]byte("user:" + secret)),
		"base64 in a URL":             url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(secret))),
		"with a zero width in it":     secret[:5] + "\u200b" + secret[5:],
		"with its space on two lines": strings.Replace(secret, " ", "\n   ", 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			redactor := delivery.NewRedactor()
			redactor.Hide(secret)
			said := redactor.Text("before " + spelling + " after")
			if !strings.HasPrefix(said, "before ") || !strings.HasSuffix(said, " after") || !strings.Contains(said, "***") {
				t.Errorf("of %q it said %q", spelling, said)
			}
			// In base64, the characters that a secret shares with its neighbours may stay, and
			// so may quotation marks.
			if rest := strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(said, "before "), " after"), "***", ""); len(rest) > 14 {
				t.Errorf("of %q it left %q", spelling, rest)
			}
			if !utf8.ValidString(said) {
				t.Errorf("%q is no text", said)
			}
		})
	}
}

func TestOnlySecretsAreHidden(t *testing.T) {
	t.Parallel()
	redactor := delivery.NewRedactor()
	redactor.Hide("", "/", "/o", "one", "pass word", "longer", "longer secret")
	for said, want := range map[string]string{
		"connection refused":               "connection refused",
		"one for all":                      "one for all",
		"the pass word is pass+word":       "the *** is ***",
		"a longer secret, or a longer one": "a ***, or a *** one",
		"100% of \\ and & and &; and %zz":  "100% of \\ and & and &; and %zz",
		`\u00zz \ud800 \ud800\u0041 %4`:    `\u00zz \ud800 \ud800\u0041 %4`,
		"longerlonger":                     "***",
		"grüß Gott, 東京":                    "grüß Gott, 東京",
		"\n two \t\n lines \n":             "two lines",
		"\x1b[1;31mred\x1b[0m":             "[1;31mred [0m",
		"a\x1b]0;title\aschön\u009b1m":     "a ]0;title schön 1m",
		"\x07bell\x00zero\x7f\r\u2028x":    "bell zero x",
		"right\u202eleft\u2066":            "rightleft",
		"bad \xff\xfe.":                    "bad .",
		"\x1b":                             "",
	} {
		if got := redactor.Text(said); got != want {
			t.Errorf("of %q it said %q, want %q", said, got, want)
		}
	}
	if got := (*delivery.Redactor)(nil).With("secret").Text("no secret\x1b"); got != "no ***" {
		t.Errorf("it said %q", got)
	}
	if got := redactor.With("another").Text("longer another"); got != "*** ***" {
		t.Errorf("it said %q", got)
	}
}

func TestWhatIsSaidIsCut(t *testing.T) {
	t.Parallel()
	redactor := delivery.NewRedactor()
	redactor.Hide("the one secret")
	for _, size := range []int{1400, 1500, 1501, 3000, 1 << 20, 300 << 20} {
		said := redactor.Text("begin " + strings.Repeat("x", size-9) + "end")
		if n := utf8.RuneCountInString(said); n > 1500 || n < min(size, 1000) || !strings.HasPrefix(said, "begin x") {
			t.Errorf("of %d characters it said %d: %.20q", size, n, said)
		}
		if size < 10000 && !strings.HasSuffix(said, "xend") {
			t.Errorf("of %d characters the end is missing", size)
		}
		if again := redactor.Text(said); again != said {
			t.Errorf("said again it is %d characters, and was %d", len(again), len(said))
		}
	}
	// The cut goes through a secret that spaces have moved close to the beginning.
	for left := range len("the one secret") {
		said := redactor.Text("so" + strings.Repeat(" ", 64<<10-2-left) + "the one secret")
		if left > delivery.MinSecretLength && said != "so *** [...]" || strings.Contains(said, "the o") {
			t.Errorf("with %d left of it, it said %q", left, said)
		}
	}
}

func TestAnErrorIsRedactedAndStaysWhatItIs(t *testing.T) {
	t.Parallel()
	redactor := delivery.NewRedactor()
	redactor.Hide("topsecret")
	err := redactor.Error(fmt.Errorf("reading topsecret: %w", io.ErrUnexpectedEOF))
	if err.Error() != "reading ***: unexpected EOF" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v", err)
	}
	if redactor.Error(nil) != nil {
		t.Error("no error became one")
	}
}

// Values in requests that prove who sends them count as secrets, and so does the password
// of a proxy.
func TestWhatIsSentIsSecret(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	proxy, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy.User = url.UserPassword("somebody", "proxy password")
	redactor := delivery.NewRedactor()
	client := delivery.Client{Doer: delivery.NewHTTPClient(&http.Transport{Proxy: http.ProxyURL(proxy)}), Secrets: redactor}
	for name, value := range map[string]string{
		"X-Amz-Security-Token":   "session-token",
		"x-acs-security-token":   "security-token",
		"Authorization":          "CAAuth access-token",
		"x-amz-sso_bearer_token": "bearer-token",
	} {
		req, err := http.NewRequest(http.MethodPost, "http://service.invalid/", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header[name] = []string{value}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	said := "session-token security-token access-token bearer-token proxy+password " + base64.StdEncoding.EncodeToString([]byte("somebody:proxy password"))
	if got := redactor.Text(said); strings.Trim(got, "* Q=") != "" {
		t.Errorf("it said %q", got)
	}
	if got := redactor.Text("CAAuth somebody"); got != "CAAuth somebody" {
		t.Errorf("it said %q", got)
	}
}

// The result of decoding need not be UTF-8.
func TestRedactorReadsBytes(t *testing.T) {
	redactor := delivery.NewRedactor()
	redactor.Hide(secret)
	for _, before := range []string{"%83%ff", `\ud800`, "%e3%80"} {
		if got, want := redactor.Text(before+secret), before+"***"; got != want {
			t.Errorf("it said %q, want %q", got, want)
		}
	}
}

func FuzzRedactor(f *testing.F) {
	f.Add(secret, "before ", " after")
	f.Add(`\u0041%41&#65;`, `\`, `%`)
	f.Add(secret, "%83", "%ff")
	f.Fuzz(func(t *testing.T, hidden, before, after string) {
		redactor := delivery.NewRedactor()
		redactor.Hide(hidden)
		said := redactor.Text(before + hidden + after)
		if utf8.RuneCountInString(said) > 1500 || !utf8.ValidString(said) || strings.ContainsFunc(said, func(r rune) bool { return r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 }) {
			t.Errorf("it said %q", said)
		}
		plain := !strings.ContainsFunc(hidden, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '+' || r == '*' || r == '.' })
		if plain && len(hidden) >= delivery.MinSecretLength && strings.Contains(said, hidden) {
			t.Errorf("it said %q", said)
		}
	})
}
