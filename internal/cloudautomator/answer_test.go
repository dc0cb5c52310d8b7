package cloudautomator

import (
	"fmt"
	"net/http"
	"testing"
)

// If the service names a field, the error names it too.
func TestAnswersNameTheFieldsAtFault(t *testing.T) {
	for body, want := range map[string]string{
		`{"errors":{"aws_account_id":["is not yours"]}}`:                                                 "aws_account_id: is not yours",
		`{"errors":[{"detail":"is too long","source":{"pointer":"/data/attributes/name"}}]}`:             "name: is too long",
		`{"errors":[{"detail":"no","source":{"pointer":"/data/attributes/aws_account_ids/0"}}]}`:         "aws_account_ids: no",
		`{"errors":{"action_value":{"region":["is missing"]}}}`:                                          "action_value: region: is missing",
		`{"message":"no","errors":{"name":["a"],"group_id":["b"]}}`:                                      "group_id: b: name: a: no",
		`{"errors":[{"title":"Unprocessable","detail":"nothing named"}]}`:                                "Unprocessable: nothing named",
		`{"errors":[{"source":{"parameter":"page[size]"},"detail":"too large"}],"meta":{"trace":"abc"}}`: "page[size]: too large",
	} {
		if got := (answer{422, http.Header{}, []byte(body)}).said(); got != want {
			t.Errorf("%s says %q, want %q", body, got, want)
		}
	}
}

// An id is checked before it is used.
func TestIdentifiers(t *testing.T) {
	for text, want := range map[string]string{`"1000"`: "1000", `1000`: "1000", `12345678901234567890`: "12345678901234567890", `".."`: "", `"a/b"`: "", `null`: "", `""`: "", `{}`: ""} {
		var id Identifier
		if err := id.UnmarshalJSON([]byte(text)); string(id) != want || (err == nil) != (want != "") {
			t.Errorf("%s is %q, want %q: %v", text, fmt.Sprint(id), want, err)
		}
	}
}
