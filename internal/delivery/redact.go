package delivery

import (
	"bytes"
	"context"
	"encoding/base64"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	// MinSecretLength is how many code points a secret has to have to be hidden. A
	// shorter one is in words by chance, and its absence would show it.
	MinSecretLength = 4
	// longestText is how much of what somebody else says is shown, in code points.
	longestText = 1500
	// longestEnd is how much of that is the end of a longer text: errors that wrap
	// others have their cause there.
	longestEnd = 400
	// longestRead is how much of what somebody else says is looked at, in bytes.
	longestRead = 64 << 10
	// hidden stands where a secret was.
	hidden = "***"
)

// Redactor makes fit to be shown what others say: services, proxies, SDKs, credential
// helpers and the targets of signals. It knows the secrets that this process holds or
// has sent. What it lets through has no secret in it, in any spelling that JSON, URLs,
// HTML or base64 give it, and no character that a terminal obeys; it is on one line, and
// short enough to be read. A nil Redactor knows no secrets.
type Redactor struct {
	// parent knows more secrets; it may be nil.
	parent *Redactor

	mu sync.RWMutex
	// known are the secrets as they are told, and spellings what texts are searched for.
	known     map[string]bool
	spellings []string
}

// NewRedactor returns one that knows no secrets yet.
func NewRedactor() *Redactor { return &Redactor{known: map[string]bool{}} }

// With returns a Redactor for which some texts are secret in addition.
func (r *Redactor) With(secrets ...string) *Redactor {
	more := NewRedactor()
	more.parent = r
	more.Hide(secrets...)
	return more
}

// Hide has texts count as secrets from now on. Those shorter than MinSecretLength do not.
func (r *Redactor) Hide(secrets ...string) {
	if r == nil {
		return
	}
	for _, secret := range secrets {
		if utf8.RuneCountInString(secret) >= MinSecretLength && !r.knows(secret) {
			r.learn(secret)
		}
	}
}

func (r *Redactor) knows(secret string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.known[secret]
}

func (r *Redactor) learn(secret string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known[secret] = true
	for _, spelling := range append(inBase64(secret), unspaced(clean(secret))) {
		if utf8.RuneCountInString(spelling) >= MinSecretLength {
			r.spellings = append(r.spellings, spelling)
		}
	}
}

// Observe has count as secret what a request carries to prove who sends it. It returns
// the request as one for which the password of a proxy does, too.
func (r *Redactor) Observe(req *http.Request) *http.Request {
	if r == nil {
		return req
	}
	r.hideUser(req.URL.User)
	// The SDKs write headers as they like, and net/http finds only those in its own spelling.
	for name, values := range req.Header {
		name = strings.ToLower(name)
		for _, value := range values {
			switch scheme, proof, _ := strings.Cut(value, " "); {
			case strings.HasSuffix(name, "token"):
				r.Hide(value)
			case name != "authorization" && name != "proxy-authorization", strings.Contains(scheme, "-HMAC-"):
				// A signature proves nothing but its own request.
			case proof == "":
				r.Hide(value)
			default:
				r.Hide(proof)
			}
		}
	}
	return req.WithContext(context.WithValue(req.Context(), redactorKey{}, r))
}

type redactorKey struct{}

// hideUser has the password of a URL count as secret, such as a proxy's.
func (r *Redactor) hideUser(user *url.Userinfo) {
	if password, set := user.Password(); set {
		r.Hide(password, user.Username()+":"+password)
	}
}

// Text is what somebody else said, fit to be shown.
func (r *Redactor) Text(said string) string {
	cut := len(said) > longestRead
	if cut {
		said = said[:longestRead]
	}
	shown := r.hide(clean(said), cut)
	if runes := []rune(shown); cut || len(runes) > longestText {
		head, end := runes[:min(len(runes), longestText-longestEnd)], ""
		if !cut {
			end = " " + string(runes[len(runes)-longestEnd+len(" [...] "):])
		}
		shown = string(head) + " [...]" + end
	}
	return shown
}

// Error returns err with its words as Text has them; nil for nil.
func (r *Redactor) Error(err error) error {
	if err == nil {
		return nil
	}
	return redactedError{err, r}
}

type redactedError struct {
	error
	redactor *Redactor
}

func (e redactedError) Error() string { return e.redactor.Text(e.error.Error()) }

func (e redactedError) Unwrap() error { return e.error }

// Attempt returns an attempt whose words are fit to be shown.
func (r *Redactor) Attempt(a Attempt) Attempt {
	a.Code, a.Message, a.RequestID, a.Err = r.Text(a.Code), r.Text(a.Message), r.Text(a.RequestID), r.Error(a.Err)
	return a
}

// secrets are the spellings to search for.
func (r *Redactor) secrets() (all []string) {
	for ; r != nil; r = r.parent {
		r.mu.RLock()
		all = append(all, r.spellings...)
		r.mu.RUnlock()
	}
	return all
}

// hide puts hidden in the place of each secret in a clean text. Where the text was
// cut, the end of it may be the begin of a secret.
func (r *Redactor) hide(text string, cut bool) string {
	secrets := r.secrets()
	if len(secrets) == 0 {
		return text
	}
	// marks has 1 where a secret begins and -1 where it has ended.
	marks := make([]int, len(text)+1)
	for _, read := range readings(text) {
		for _, secret := range secrets {
			for from := 0; ; {
				i := strings.Index(read.text[from:], secret)
				if i < 0 {
					break
				}
				from += i
				marks[read.from[from]]++
				from += len(secret)
				marks[read.to[from-1]]--
			}
			for n := min(len(secret), len(read.text)) - 1; cut && n >= MinSecretLength; n-- {
				if strings.HasSuffix(read.text, secret[:n]) {
					marks[read.from[len(read.text)-n]]++
					marks[len(text)]--
					break
				}
			}
		}
	}
	var shown strings.Builder
	depth, began := 0, 0
	for i, mark := range marks {
		if depth == 0 && mark > 0 {
			shown.WriteString(text[began:i])
			shown.WriteString(hidden)
		}
		if depth += mark; depth == 0 && mark < 0 {
			began = i
		}
	}
	shown.WriteString(text[began:])
	return shown.String()
}

// reading is a text as somebody reads it who takes some of it for an encoding. Each
// of its bytes comes from somewhere in the text that is read.
type reading struct {
	text     string
	from, to []int
}

// mostReadings bounds the work on a text that is made to have many.
const mostReadings = 24

// readings are the text itself and what comes of decoding it, up to three times over.
func readings(text string) []reading {
	plain := reading{text: text, from: make([]int, len(text)), to: make([]int, len(text))}
	for i := range len(text) {
		plain.from[i], plain.to[i] = i, i+1
	}
	all, seen := []reading{plain}, map[string]bool{text: true}
	for begin, depth := 0, 0; depth < 3; depth++ {
		end := len(all)
		for _, read := range all[begin:end] {
			for _, decode := range []func(string) (string, int){unescaped, unquoted, unreferenced} {
				decoded := read.decoded(decode)
				if !seen[decoded.text] && len(all) < mostReadings {
					seen[decoded.text] = true
					all = append(all, decoded)
				}
			}
		}
		begin = end
	}
	for i := range all {
		all[i].text = unspaced(all[i].text)
	}
	return all
}

// decoded is what comes of decoding. The decoder returns what stands for the begin
// of a text, and how much of it that is: 0 where nothing is encoded.
func (r reading) decoded(decode func(string) (string, int)) (d reading) {
	var text strings.Builder
	for i := 0; i < len(r.text); {
		means, n := decode(r.text[i:])
		if n == 0 {
			means, n = r.text[i:i+1], 1
		}
		text.WriteString(means)
		for range len(means) {
			d.from, d.to = append(d.from, r.from[i]), append(d.to, r.to[i+n-1])
		}
		i += n
	}
	d.text = text.String()
	return d
}

// unescaped decodes the escapes of JSON, and those of Go's and Python's literals.
func unescaped(text string) (string, int) {
	if len(text) < 2 || text[0] != '\\' {
		return "", 0
	}
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[text[1]]
	switch r, n := hexRune(text[2:], digits); {
	case n > 0 && utf16.IsSurrogate(r):
		if low, m := hexRune(strings.TrimPrefix(text[2+n:], `\u`), 4); m > 0 && strings.HasPrefix(text[2+n:], `\u`) {
			return string(utf16.DecodeRune(r, low)), 4 + n + m
		}
		return "", 0
	case n > 0:
		return string(r), 2 + n
	}
	switch text[1] {
	case 'b', 'f', 'n', 'r', 't':
		return " ", 2
	case '"', '\'', '/', '\\':
		return text[1:2], 2
	}
	return "", 0
}

func hexRune(text string, digits int) (rune, int) {
	if digits == 0 || len(text) < digits {
		return 0, 0
	}
	r, err := strconv.ParseUint(text[:digits], 16, 31)
	if err != nil {
		return 0, 0
	}
	return rune(r), digits
}

// unquoted decodes percent-encoding.
func unquoted(text string) (string, int) {
	if len(text) < 3 || text[0] != '%' {
		return "", 0
	}
	b, err := strconv.ParseUint(text[1:3], 16, 8)
	if err != nil {
		return "", 0
	}
	return string([]byte{byte(b)}), 3
}

// longestReference is how long a character reference may be that is looked for.
const longestReference = 12

// unreferenced decodes the character references of HTML.
func unreferenced(text string) (string, int) {
	if text[0] != '&' {
		return "", 0
	}
	n := strings.IndexByte(text[:min(len(text), longestReference)], ';') + 1
	if means := html.UnescapeString(text[:n]); n > 0 && means != text[:n] {
		return means, n
	}
	return "", 0
}

// unspaced has what may stand for a space in a URL or a wrapped line be one. The text
// keeps its length, also where it is not UTF-8: positions in it are looked up.
func unspaced(text string) string {
	spaced := []byte(text)
	for i, b := range spaced {
		if b == '+' || b < utf8.RuneSelf && unicode.IsSpace(rune(b)) {
			spaced[i] = ' '
		}
	}
	return string(spaced)
}

// inBase64 is what base64 makes of a secret wherever in a longer text it stands: at
// each of three offsets, without the characters in which its neighbours have a share.
func inBase64(secret string) (spellings []string) {
	for offset, shared := range []int{0, 2, 3} {
		text := append(bytes.Repeat([]byte{0}, offset), secret...)
		whole := len(text) * 8 / 6
		if whole-shared < MinSecretLength {
			continue
		}
		for _, alphabet := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
			spelling := unspaced(alphabet.EncodeToString(text)[shared:whole])
			if !slices.Contains(spellings, spelling) {
				spellings = append(spellings, spelling)
			}
		}
	}
	return spellings
}

// clean is a text on one line, without what a terminal obeys.
func clean(said string) string {
	var text strings.Builder
	space := false
	for _, r := range strings.ToValidUTF8(said, "") {
		switch {
		case unicode.Is(unicode.Cf, r): // It has no width, or turns the direction.
		case unicode.IsSpace(r), !unicode.IsPrint(r):
			space = text.Len() > 0
		default:
			if space {
				text.WriteByte(' ')
				space = false
			}
			text.WriteRune(r)
		}
	}
	return text.String()
}

// hidingProxy has the password of the proxy that it finds for a request count as secret.
func hidingProxy(find func(*http.Request) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	if find == nil {
		return nil
	}
	return func(req *http.Request) (*url.URL, error) {
		proxy, err := find(req)
		if r, ok := req.Context().Value(redactorKey{}).(*Redactor); ok && proxy != nil {
			r.hideUser(proxy.User)
		}
		return proxy, err
	}
}
