package job

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"reflect"
	"regexp"
	"slices"
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
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
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

// covers reports whether a JSON object has the members of another one, with their values.
// It may have further members, which the service has added.
func covers(whole, part string, as form) bool {
	x, errX := parseObject(whole)
	y, errY := parseObject(part)
	return errX == nil && errY == nil && reflect.DeepEqual(as.tidy(restrictedTo(x, y)), as.tidy(y))
}

// form says which values are equal.
type form struct {
	// loose says that 0 and false are equal to null, true is equal to 1, every text that is
	// a number is one, and the order of lists has no meaning, as in a state of the vendor's
	// provider.
	loose bool
}

// tidy returns a value in a form that is the same for equal values. The order of members and
// of tags has no meaning. null, "", [] and {} are equal, and so are the notations of a
// number.
func (f form) tidy(value any) any {
	if vacant(value) {
		return nil
	}
	switch v := value.(type) {
	case map[string]any:
		object := map[string]any{}
		for name, member := range v {
			if member = f.tidy(member); member != nil {
				object[name] = member
			}
		}
		if f.loose && len(object) == 0 {
			return nil
		}
		return object
	case []any:
		list := make([]any, len(v))
		for i, item := range inOrder(v) {
			list[i] = f.tidy(item)
		}
		if f.loose {
			slices.SortFunc(list, func(a, b any) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		}
		return list
	}
	text := fmt.Sprint(value)
	if f.loose || isNumber(value) {
		text = numerical(value)
	}
	switch {
	case f.loose && (text == "0" || text == "false"):
		return nil
	case f.loose && text == "true":
		return "1"
	}
	return text
}

func isNumber(value any) bool {
	_, is := value.(json.Number)
	return is
}

// numeral matches a JSON number whose exponent is short enough to be expanded.
var numeral = regexp.MustCompile(`^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d{1,3})?$`)

// numerical returns a number, or a text that is one, in one notation.
func numerical(value any) string {
	text := fmt.Sprint(value)
	if numeral.MatchString(text) {
		n, _ := new(big.Rat).SetString(text)
		return n.RatString()
	}
	return text
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
		for _, member := range v {
			if !vacant(member) {
				return false
			}
		}
		return true
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

// restrictedTo removes from the service's value the members that the user's
// object does not have, and returns numbers in the user's notation.
func restrictedTo(whole, part any) any {
	switch part := part.(type) {
	case map[string]any:
		if object, ok := whole.(map[string]any); ok {
			restricted := map[string]any{}
			for name, value := range object {
				if given, ok := part[name]; ok {
					restricted[name] = restrictedTo(value, given)
				}
			}
			return restricted
		}
	case []any:
		if list, ok := whole.([]any); ok && len(list) == len(part) {
			restricted := make([]any, len(list))
			theirs := inOrder(part)
			for i, item := range inOrder(list) {
				restricted[i] = restrictedTo(item, theirs[i])
			}
			return restricted
		}
	}
	// The service returns some numbers as text.
	if (isNumber(whole) || isNumber(part)) && numerical(whole) == numerical(part) {
		return part
	}
	return whole
}

// drifted returns the action_value to record. If the service has all members of
// the user's object, that is the user's text. If not, it is what the service
// has of these members.
func drifted(recorded, said string) string {
	if covers(said, recorded, form{}) {
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
