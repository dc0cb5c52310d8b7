package delivery_test

import (
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// A key that no request can carry is refused, with its source and without its value.
func TestCredentialsThatNoRequestCanCarry(t *testing.T) {
	const from = "the key from SOME_VARIABLE"
	for name, test := range map[string]struct {
		value              string
		credential, bearer bool // They say whether a key and a token can be carried.
	}{
		"as it should be":    {"kanary+/=", true, true},
		"a line end":         {"kanary\n", false, false},
		"a line break in it": {"kan\r\nary", false, false},
		"a NUL":              {"kan\x00ary", false, false},
		"DEL":                {"kanary\x7f", false, false},
		"a tab behind it":    {"kanary\t", false, false},
		"a blank before it":  {" kanary", false, false},
		"a blank in it":      {"kan ary", true, false},
		"a tab in it":        {"kan\tary", true, false},
		"not ASCII":          {"kanàry", true, false},
	} {
		for what, check := range map[string]struct {
			err error
			ok  bool
		}{
			"a credential": {delivery.CheckCredential(from, test.value), test.credential},
			"a token":      {delivery.CheckBearerToken(from, test.value), test.bearer},
		} {
			if (check.err == nil) != check.ok || check.err != nil && (!strings.HasPrefix(check.err.Error(), from) || strings.Contains(check.err.Error(), "kan")) {
				t.Errorf("%s, %s: %v", name, what, check.err)
			}
		}
	}
}
