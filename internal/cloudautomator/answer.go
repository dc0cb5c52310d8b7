package cloudautomator

import (
	"bytes"
	"encoding/json"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// answer is an HTTP answer with its complete body.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// page reports whether the answer is a web page, such as one of a proxy.
func (a answer) page() bool {
	media, _, _ := mime.ParseMediaType(a.header.Get("Content-Type"))
	return media == "text/html" || media == "application/xhtml+xml" || bytes.HasPrefix(bytes.TrimSpace(a.body), []byte("<"))
}

// retryAfter returns the Retry-After in seconds (RFC 9110, section 10.2.3); 0 when there is none.
func (a answer) retryAfter() time.Duration {
	return delivery.RetryAfter(a.header.Get("Retry-After"), time.Second)
}

// said returns the message in the answer. The format of Cloud Automator's
// errors is not documented, so said searches for texts. It returns "" for a web
// page. It is not fit to be shown yet.
func (a answer) said() string {
	if a.page() {
		return ""
	}
	words := []string{string(a.body)}
	var document any
	if json.Unmarshal(a.body, &document) == nil {
		words = texts(document)
	}
	return strings.Join(slices.Compact(words), ": ")
}

var (
	// ruleValue is the beginning of a rule_value up to its end, or to the end of a text that
	// is cut short, and credential is a member of it that runs a job.
	ruleValue  = delivery.LazyRegexp(`"rule_value"\s*(?::|=>)\s*\{(?:"(?:[^"\\]|\\.)*"?|[^"{}])*`)
	credential = delivery.LazyRegexp(`"(?:access_)?token"\s*(?::|=>)\s*"((?:[^"\\]|\\.)*)`)
	// triggerPath is the path of the URL that runs a job.
	triggerPath = delivery.LazyRegexp(`/trigger\\*/([\w-]+)`)
)

// credentials returns what runs the jobs in the answer, as it is there and decoded. It reads
// any text, because the format of Cloud Automator's errors is not documented.
func (a answer) credentials() (secrets []string) {
	texts := []string{string(a.body)}
	var document any
	if json.Unmarshal(a.body, &document) == nil {
		texts = append(texts, delivery.JSONTexts(document)...) // One of them may quote a job.
	}
	for _, text := range texts {
		for _, rule := range ruleValue().FindAllString(text, -1) {
			for _, found := range credential().FindAllStringSubmatch(rule, -1) {
				secret := found[1]
				secrets = append(secrets, secret)
				if json.Unmarshal([]byte(`"`+secret+`"`), &secret) == nil {
					secrets = append(secrets, secret)
				}
			}
		}
		for _, found := range triggerPath().FindAllStringSubmatch(text, -1) {
			secrets = append(secrets, found[1])
		}
	}
	return secrets
}

// listElement is the end of a JSON pointer to an element of a list.
var listElement = delivery.LazyRegexp(`(/[0-9]+)+$`)

// texts returns the strings in a JSON document: those in members that usually
// hold errors or, if there are none, all strings with the names of their
// fields.
func texts(document any) (found []string) {
	switch v := document.(type) {
	case string:
		return []string{v}
	case []any:
		for _, item := range v {
			found = append(found, texts(item)...)
		}
	case map[string]any:
		if source, ok := v["source"].(map[string]any); ok {
			for _, name := range []string{"pointer", "parameter"} {
				if at, ok := source[name].(string); ok && at != "" {
					// The field of a list's element is the list.
					at = listElement().ReplaceAllString(at, "")
					found = append(found, at[strings.LastIndex(at, "/")+1:])
				}
			}
		}
		said := false
		for _, name := range []string{"result", "errors", "error", "code", "title", "detail", "message"} {
			words := texts(v[name])
			said = said || len(words) > 0
			found = append(found, words...)
		}
		if said {
			return found
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if words := texts(v[name]); len(words) > 0 {
				found = append(append(found, name), words...)
			}
		}
	}
	return found
}
