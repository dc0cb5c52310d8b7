package acctest

import (
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Arbitrary makes values from a fuzzer's input. When the input is used up, it changes
// nothing more.
type Arbitrary struct {
	data    []byte
	samples []string
}

// NewArbitrary returns an Arbitrary for a fuzzer's input. The samples are strings that a
// fuzzer would not find in time.
func NewArbitrary(data []byte, samples ...string) *Arbitrary { return &Arbitrary{data, samples} }

// Below returns a number from 0 up to, but not including, n.
func (a *Arbitrary) Below(n int) int {
	if len(a.data) == 0 || n <= 0 {
		return 0
	}
	b := a.data[0]
	a.data = a.data[1:]
	return int(b) % n
}

// Text returns a sample, or any text in UTF-8, as all texts of Terraform are.
func (a *Arbitrary) Text() string {
	if i := a.Below(len(a.samples) + 1); i > 0 {
		return a.samples[i-1]
	}
	n := min(a.Below(256), len(a.data))
	text := string(a.data[:n])
	a.data = a.data[n:]
	return strings.ToValidUTF8(text, "?")
}

// Config returns a configuration in which it changed a few arguments: to any value of their
// type, to null, or, if unknown is true, to an unknown value.
func (a *Arbitrary) Config(kinds map[string]tftypes.Type, config Values, unknown bool) Values {
	config = config.With(nil)
	names := slices.Sorted(maps.Keys(kinds))
	for range a.Below(4) {
		name := names[a.Below(len(names))]
		config[name] = a.value(kinds[name], unknown)
	}
	return config
}

func (a *Arbitrary) value(kind tftypes.Type, unknown bool) any {
	switch a.Below(8) {
	case 1:
		return nil
	case 2:
		if unknown {
			return Unknown
		}
		return nil
	}
	switch kind := kind.(type) {
	case tftypes.Object:
		object := Values{}
		for _, name := range slices.Sorted(maps.Keys(kind.AttributeTypes)) {
			object[name] = a.value(kind.AttributeTypes[name], unknown)
		}
		return object
	case tftypes.Map:
		elements := Values{}
		for range a.Below(4) {
			elements[a.Text()] = a.value(kind.ElementType, unknown)
		}
		return elements
	case tftypes.List:
		return a.list(kind.ElementType, unknown)
	case tftypes.Set:
		return a.list(kind.ElementType, unknown)
	}
	switch {
	case kind.Is(tftypes.Bool):
		return a.Below(2) == 1
	case kind.Is(tftypes.Number):
		return []any{0, 1, -1, 1.5, 1e100, int64(1) << 62}[a.Below(6)]
	default:
		return a.Text()
	}
}

func (a *Arbitrary) list(kind tftypes.Type, unknown bool) []any {
	elements := []any{}
	for range a.Below(4) {
		elements = append(elements, a.value(kind, unknown))
	}
	return elements
}

// Resolve returns the configuration with a value for each unknown one.
func (a *Arbitrary) Resolve(kinds map[string]tftypes.Type, config Values) Values {
	resolved := Values{}
	for _, name := range slices.Sorted(maps.Keys(config)) {
		resolved[name] = a.resolve(kinds[name], config[name])
	}
	return resolved
}

func (a *Arbitrary) resolve(kind tftypes.Type, value any) any {
	if value == Unknown {
		return a.value(kind, false)
	}
	switch v := value.(type) {
	case Values:
		kinds := map[string]tftypes.Type{}
		for name := range v {
			if object, ok := kind.(tftypes.Object); ok {
				kinds[name] = object.AttributeTypes[name]
			} else {
				kinds[name] = kind.(tftypes.Map).ElementType
			}
		}
		return a.Resolve(kinds, v)
	case []any:
		element := tftypes.Type(tftypes.String)
		switch kind := kind.(type) {
		case tftypes.List:
			element = kind.ElementType
		case tftypes.Set:
			element = kind.ElementType
		}
		resolved := make([]any, len(v))
		for i := range v {
			resolved[i] = a.resolve(element, v[i])
		}
		return resolved
	default:
		return value
	}
}

// Attributes returns the resource's attributes with their types: those that can be
// configured, or all.
func (r *Resource) Attributes(all bool) map[string]tftypes.Type {
	kinds := map[string]tftypes.Type{}
	for _, attribute := range members(r.schema.ResourceSchemas[r.name].Block) {
		if all || attribute.Required || attribute.Optional {
			kinds[attribute.Name] = r.kind.AttributeTypes[attribute.Name]
		}
	}
	return kinds
}

// Put sets any state, as an earlier version might have left it.
func (r *Resource) Put(state Values) {
	r.t.Helper()
	r.State = encode(r.t, r.kind, map[string]any(state))
}

// Block returns the attributes of the provider block with their types.
func (p *Provider) Block() map[string]tftypes.Type {
	return p.schema.Provider.ValueType().(tftypes.Object).AttributeTypes
}

// Resources returns the names of the provider's resource types.
func (p *Provider) Resources() []string { return slices.Sorted(maps.Keys(p.schema.ResourceSchemas)) }

// Actions returns the names of the provider's actions.
func (p *Provider) Actions() []string { return slices.Sorted(maps.Keys(p.schema.ActionSchemas)) }
