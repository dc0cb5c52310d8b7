package delivery

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
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
	// MinSecretLength is the number of code points from which on a secret is hidden.
	// A shorter secret occurs in ordinary words by chance. Replacing it there would
	// reveal it.
	MinSecretLength = 4
	// longestText limits how many code points of a foreign text are shown.
	longestText = 1500
	// longestEnd is how many of these code points come from the end of a longer text,
	// because errors that wrap others have their cause at the end.
	longestEnd = 400
	// longestRead limits how many bytes of a foreign text are searched.
	longestRead = 64 << 10
	// hidden replaces a secret.
	hidden = "***"
)

// Redactor cleans foreign texts before they are shown: texts of services,
// proxies, SDKs, credential helpers and targets of signals. It knows the
// secrets that this process holds or has sent. It removes these secrets, also
// as JSON, URLs, HTML or base64 encode them. It removes control characters,
// puts the text on one line, and shortens it. A nil Redactor knows no secrets.
type Redactor struct {
	// parent knows further secrets; it may be nil.
	parent *Redactor

	mu sync.RWMutex
	// known are the secrets as they were added, and spellings the encoded forms to
	// search for.
	known     map[string]bool
	spellings []string
}

// NewRedactor returns a Redactor that knows no secrets yet.
func NewRedactor() *Redactor { return &Redactor{known: map[string]bool{}} }

// With returns a Redactor that also treats these texts as secrets.
func (r *Redactor) With(secrets ...string) *Redactor {
	more := NewRedactor()
	more.parent = r
	more.Hide(secrets...)
	return more
}

// Hide adds secrets. It ignores those shorter than MinSecretLength.
func (r *Redactor) Hide(secrets ...string) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, secret := range secrets {
		if r.known[secret] || utf8.RuneCountInString(secret) < MinSecretLength {
			continue
		}
		r.known[secret] = true
		for _, spelling := range append(inBase64(secret), unspaced(clean(secret))) {
			if utf8.RuneCountInString(spelling) >= MinSecretLength {
				r.spellings = append(r.spellings, spelling)
			}
		}
	}
}

// LearnFrom adds the credentials in a request to the secrets. It returns the
// request with a context that also adds the password of a proxy.
func (r *Redactor) LearnFrom(req *http.Request) *http.Request {
	if r == nil {
		return req
	}
	r.HideUser(req.URL.User)
	// SDKs use any spelling of header names, and Header.Get finds only canonical
	// ones.
	for name, values := range req.Header {
		name = strings.ToLower(name)
		for _, value := range values {
			switch scheme, proof, _ := strings.Cut(value, " "); {
			case strings.HasSuffix(name, "token"):
				r.Hide(value)
			case name != "authorization" && name != "proxy-authorization", strings.Contains(scheme, "-HMAC-"):
				// A signature is valid for its own request only, so it need not be
				// hidden.
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

// HideUser adds the password in a URL, such as a proxy's, to the secrets.
func (r *Redactor) HideUser(user *url.Userinfo) {
	if password, set := user.Password(); set {
		r.Hide(password, user.Username()+":"+password)
	}
}

// Text returns a foreign text, cleaned.
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

// Error returns err with its text cleaned; nil for nil.
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

// Attempt returns the attempt with its texts cleaned.
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

// hide replaces each secret in a clean text. If the text was cut, its end may
// be the beginning of a secret, which is also replaced.
func (r *Redactor) hide(text string, cut bool) string {
	secrets := r.secrets()
	if len(secrets) == 0 {
		return text
	}
	// marks has 1 where a secret begins and -1 where it has ended.
	marks := make([]int, len(text)+1)
	for _, form := range decodings(text) {
		for _, secret := range secrets {
			for from := 0; ; {
				i := strings.Index(form.text[from:], secret)
				if i < 0 {
					break
				}
				from += i
				marks[form.from[from]]++
				from += len(secret)
				marks[form.to[from-1]]--
			}
			for n := min(len(secret), len(form.text)) - 1; cut && n >= MinSecretLength; n-- {
				if strings.HasSuffix(form.text, secret[:n]) {
					marks[form.from[len(form.text)-n]]++
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

// decoding is a text that was decoded in one way. It records from which part of the
// original text each of its bytes comes.
type decoding struct {
	text     string
	from, to []int
}

// mostDecodings limits the work for a text that was crafted to have many
// decodings.
const mostDecodings = 24

// decodings returns the text itself and its decoded forms, decoded up to three
// times.
func decodings(text string) []decoding {
	plain := decoding{text: text, from: make([]int, len(text)), to: make([]int, len(text))}
	for i := range len(text) {
		plain.from[i], plain.to[i] = i, i+1
	}
	all, seen := []decoding{plain}, map[string]bool{text: true}
	for begin, depth := 0, 0; depth < 3; depth++ {
		end := len(all)
		for _, form := range all[begin:end] {
			for _, decode := range []func(string) (string, int){unescaped, percentDecoded, htmlUnescaped} {
				decoded := form.decoded(decode)
				if !seen[decoded.text] && len(all) < mostDecodings {
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

// decoded returns the text decoded once more, with decode. decode decodes the beginning
// of a text: it returns the decoded text and the length of the encoded one, 0
// if nothing is encoded there.
func (r decoding) decoded(decode func(string) (string, int)) (d decoding) {
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

// unescaped decodes the escape sequences of JSON, Go and Python.
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

// percentDecoded decodes percent-encoding.
func percentDecoded(text string) (string, int) {
	if len(text) < 3 || text[0] != '%' {
		return "", 0
	}
	b, err := strconv.ParseUint(text[1:3], 16, 8)
	if err != nil {
		return "", 0
	}
	return string([]byte{byte(b)}), 3
}

// longestReference limits the length of the character references that are
// decoded.
const longestReference = 12

// htmlUnescaped decodes the character references of HTML.
func htmlUnescaped(text string) (string, int) {
	if text[0] != '&' {
		return "", 0
	}
	n := strings.IndexByte(text[:min(len(text), longestReference)], ';') + 1
	if means := html.UnescapeString(text[:n]); n > 0 && means != text[:n] {
		return means, n
	}
	return "", 0
}

// unspaced replaces the characters that stand for a space in a URL or in a
// wrapped line with spaces. It keeps the length of the text, even if the text
// is not UTF-8, because positions in it are used.
func unspaced(text string) string {
	spaced := []byte(text)
	for i, b := range spaced {
		if b == '+' || b < utf8.RuneSelf && unicode.IsSpace(rune(b)) {
			spaced[i] = ' '
		}
	}
	return string(spaced)
}

// inBase64 returns the base64 forms of a secret inside a longer text: one for
// each of the three offsets, without the characters that also depend on the
// bytes beside the secret.
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

// clean returns the text on one line, without control characters.
func clean(said string) string {
	var text strings.Builder
	space := false
	for _, r := range strings.ToValidUTF8(said, "") {
		switch {
		case unicode.Is(unicode.Cf, r): // These have no width, or change the direction of the text.
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

// JSONTexts returns the texts in a decoded JSON value, and the numbers that were decoded
// as json.Number.
func JSONTexts(value any) (texts []string) {
	switch value := value.(type) {
	case map[string]any:
		for _, member := range value {
			texts = append(texts, JSONTexts(member)...)
		}
	case []any:
		for _, element := range value {
			texts = append(texts, JSONTexts(element)...)
		}
	case string:
		texts = append(texts, value)
	case json.Number:
		texts = append(texts, value.String())
	}
	return texts
}
