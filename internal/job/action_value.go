package job

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"reflect"
	"slices"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// parseObject decodes a JSON object. It keeps numbers as they are written.
func parseObject(text string) (map[string]any, error) {
	if text == "" {
		return map[string]any{}, nil
	}
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.UseNumber()
	var object map[string]any
	err := decoder.Decode(&object)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return nil, fmt.Errorf("it is no object, but of the type %s", wrong.Value)
	}
	if err != nil {
		return nil, err
	}
	if object == nil {
		return nil, fmt.Errorf("it is null")
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, fmt.Errorf("something follows the object")
	}
	return object, nil
}

// sameObject reports whether two texts are the same JSON object.
func sameObject(a, b string) bool { return a == b || coversObject(a, b) && coversObject(b, a) }

// coversObject reports whether a JSON object has the members of another, with their values.
func coversObject(whole, part string) bool {
	x, errX := parseObject(whole)
	y, errY := parseObject(part)
	return errX == nil && errY == nil && covers(x, y)
}

// covers reports whether a value has everything that part has. An object must
// have the members of part, and may have further ones that the service has
// added. Any other value must be equal. A number equals the same number as
// text, because the service returns some numbers as text. null, "", [] and {}
// are equal.
func covers(whole, part any) bool {
	if vacant(part) {
		return vacant(whole)
	}
	switch part := part.(type) {
	case map[string]any:
		object, ok := whole.(map[string]any)
		for name, value := range part {
			ok = ok && covers(object[name], value)
		}
		return ok
	case []any:
		list, ok := whole.([]any)
		return ok && slices.EqualFunc(inOrder(list), inOrder(part), covers)
	default:
		switch whole.(type) {
		case nil, map[string]any, []any:
			return false
		}
		return fmt.Sprint(whole) == fmt.Sprint(part) || sameNumbers(whole, part)
	}
}

// vacant reports whether a value is null or empty.
func vacant(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return !slices.ContainsFunc(slices.Collect(maps.Values(v)), func(member any) bool { return !vacant(member) })
	}
	return false
}

// inOrder sorts a list of key/value objects, such as tags, because their order
// has no meaning.
func inOrder(list []any) []any {
	for _, item := range list {
		object, ok := item.(map[string]any)
		if _, keyed := object["key"]; !ok || !keyed {
			return list
		}
	}
	return slices.SortedStableFunc(slices.Values(list), func(a, b any) int {
		x, y := a.(map[string]any), b.(map[string]any)
		return cmp.Or(cmp.Compare(fmt.Sprint(x["key"]), fmt.Sprint(y["key"])), cmp.Compare(fmt.Sprint(x["value"]), fmt.Sprint(y["value"])))
	})
}

// canonical returns a text that is equal for equal values, whatever their order
// and notation.
func canonical(value any) string {
	written, _ := json.Marshal(tidy(value, false))
	return string(written)
}

// loosely reports whether the members of a JSON object are equal to those of
// another one. It treats 0 and false like null, and ignores the order of lists.
func loosely(part, whole string) bool {
	x, errX := parseObject(part)
	y, errY := parseObject(whole)
	if errX != nil || errY != nil {
		return false
	}
	for name, value := range x {
		if !reflect.DeepEqual(tidy(value, true), tidy(y[name], true)) {
			return false
		}
	}
	return true
}

// tidy returns a value in the form that canonical and, with loose, loosely
// compare.
func tidy(value any, loose bool) any {
	switch v := value.(type) {
	case map[string]any:
		object := map[string]any{}
		for name, member := range v {
			if member = tidy(member, loose); !vacant(member) {
				object[name] = member
			}
		}
		value = object
	case []any:
		list := make([]any, len(v))
		for i, item := range inOrder(v) {
			list[i] = tidy(item, loose)
		}
		if loose {
			slices.SortFunc(list, func(a, b any) int { return cmp.Compare(canonical(a), canonical(b)) })
		}
		value = list
	case json.Number:
		if n, ok := rational(v.String()); ok {
			value = n.RatString()
		}
	}
	switch value.(type) {
	case map[string]any, []any:
		if loose && vacant(value) {
			return nil
		}
		return value
	}
	if !loose {
		return value
	}
	text := fmt.Sprint(value)
	if n, ok := rational(text); ok {
		text = n.RatString()
	}
	switch {
	case vacant(value) || text == "0" || text == "false":
		return nil
	case text == "true":
		return "1"
	default:
		return text
	}
}

// sameNumbers reports whether two values are the same number in different
// notations. At least one of them must be a number and not a text.
func sameNumbers(a, b any) bool {
	_, isA := a.(json.Number)
	_, isB := b.(json.Number)
	if !isA && !isB {
		return false
	}
	x, okX := rational(fmt.Sprint(a))
	y, okY := rational(fmt.Sprint(b))
	return okX && okY && x.Cmp(y) == 0
}

// numeral matches a JSON number whose exponent is short enough to be expanded.
var numeral = delivery.LazyRegexp(`^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d{1,3})?$`)

func rational(text string) (*big.Rat, bool) {
	if !numeral().MatchString(text) {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}

// restrictedTo removes from the service's value the members that the user's
// object does not have.
func restrictedTo(whole, part any) any {
	switch part := part.(type) {
	case map[string]any:
		object, ok := whole.(map[string]any)
		if !ok {
			return whole
		}
		restricted := map[string]any{}
		for name, value := range object {
			if given, ok := part[name]; ok {
				restricted[name] = restrictedTo(value, given)
			}
		}
		return restricted
	case []any:
		list, ok := whole.([]any)
		if !ok || len(list) != len(part) {
			return whole
		}
		restricted := make([]any, len(list))
		for i := range list {
			restricted[i] = restrictedTo(list[i], part[i])
		}
		return restricted
	default:
		return whole
	}
}

// recordedActionValue returns the action_value to record. If the service has all
// members of the user's object, that is the user's text. If not, it is what the
// service has of these members.
func recordedActionValue(recorded, said string) string {
	if coversObject(said, recorded) {
		return recorded
	}
	whole, err := parseObject(said)
	if err != nil {
		return said
	}
	var shown any = whole
	if part, err := parseObject(recorded); err == nil {
		shown = restrictedTo(whole, part)
	}
	text, _ := json.Marshal(shown) // What was decoded can be encoded.
	return string(text)
}
