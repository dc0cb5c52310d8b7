package signal

import (
	"reflect"
	"testing"
)

// A system without its type parameter has all fields of the system with it. A forgotten
// field would be a promise that no resource keeps.
func TestUntypedSystemLacksNothing(t *testing.T) {
	whole := System[struct{}]{Wait: &Wait[struct{}]{}}
	fill(t, reflect.ValueOf(whole.Wait).Elem())
	fill(t, reflect.ValueOf(&whole).Elem())
	untyped := whole.untyped()
	for _, of := range []reflect.Value{reflect.ValueOf(untyped.System), reflect.ValueOf(*untyped.Wait)} {
		for i := range of.NumField() {
			if of.Field(i).IsZero() {
				t.Errorf("%s lacks %s", of.Type().Name(), of.Type().Field(i).Name)
			}
		}
	}
	if _, made := untyped.arguments().(*struct{}); !made {
		t.Errorf("the arguments are %T", untyped.arguments())
	}
}

// fill sets each field that has no value yet to one that is not zero.
func fill(t *testing.T, of reflect.Value) {
	t.Helper()
	for i := range of.NumField() {
		field := of.Field(i)
		if !field.IsZero() {
			continue
		}
		switch field.Kind() {
		case reflect.String:
			field.SetString("given")
		case reflect.Bool:
			field.SetBool(true)
		case reflect.Func:
			field.Set(reflect.MakeFunc(field.Type(), nil))
		case reflect.Map:
			field.Set(reflect.MakeMap(field.Type()))
		case reflect.Slice:
			field.Set(reflect.MakeSlice(field.Type(), 1, 1))
		case reflect.Pointer:
			field.Set(reflect.New(field.Type().Elem()))
		case reflect.Interface:
			for _, one := range []any{nowhere{}, computedString("")} {
				if value := reflect.ValueOf(one); value.Type().Implements(field.Type()) {
					field.Set(value)
				}
			}
		}
		if field.IsZero() {
			t.Fatalf("%s has no value to try", of.Type().Field(i).Name)
		}
	}
}

// nowhere is a cloud.
type nowhere struct{ Cloud }
