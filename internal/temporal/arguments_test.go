package temporal

import (
	"context"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func accepts(check validator.String, value types.String) bool {
	var resp validator.StringResponse
	check.ValidateString(context.Background(), validator.StringRequest{Path: path.Root("argument"), ConfigValue: value}, &resp)
	return !resp.Diagnostics.HasError()
}

// The limits count bytes, as the server does.
func TestPathSegmentAtItsEdges(t *testing.T) {
	for text, fine := range map[string]bool{
		"":                               false,
		"a":                              true,
		strings.Repeat("a", longestID):   true,
		strings.Repeat("a", longestID+1): false,
		strings.Repeat("é", 500):         true,
		strings.Repeat("é", 501):         false,
		"a/b":                            false,
		"/":                              false,
		".":                              false,
		"..":                             false,
		"...":                            true,
		"a b%2F":                         true,
	} {
		if accepts(PathSegment, types.StringValue(text)) != fine {
			t.Errorf("%.20q of %d bytes, %d characters: want %t", text, len(text), utf8.RuneCountInString(text), fine)
		}
	}
	if !accepts(PathSegment, types.StringUnknown()) || !accepts(PathSegment, types.StringNull()) {
		t.Error("an unknown value is refused")
	}
}

func TestInputAtItsEdges(t *testing.T) {
	for text, fine := range map[string]bool{
		`[]`:                 true,
		` [1, {"a": null}] `: true,
		`{}`:                 false,
		`null`:               false,
		`"x"`:                false,
		`[`:                  false,
		``:                   false,
		`[] []`:              false,
		`["` + strings.Repeat("x", longestInput-4) + `"]`: true,
		`["` + strings.Repeat("x", longestInput-3) + `"]`: false,
	} {
		if accepts(jsonArray, types.StringValue(text)) != fine {
			t.Errorf("%.20q of %d bytes: want %t", text, len(text), fine)
		}
	}
}

func FuzzInput(f *testing.F) {
	f.Add(`["go", {"a": [1, null]}]`)
	f.Add(`{"metadata": {}, "data": ""}`)
	f.Fuzz(func(t *testing.T, text string) {
		if accepts(jsonArray, types.StringValue(text)) && !strings.HasPrefix(strings.TrimSpace(text), "[") {
			t.Errorf("%q is taken for an array", text)
		}
	})
}
