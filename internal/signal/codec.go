package signal

import (
	"context"
	"fmt"
	"maps"
	"reflect"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// This file reads and writes resources instead of the framework, for two
// reasons.
//
// All signals share one model, although systems offer different options. The
// framework requires a field for each attribute and an attribute for each
// field.
//
// The framework compiles a regular expression for each field that it reads, and
// walks the whole schema for each attribute that it writes. With this file,
// planning a sent signal takes 0.80 ms instead of 0.99 ms, and creating one
// takes 4,523 allocations instead of 6,804. The regular expressions are
// https://github.com/hashicorp/terraform-plugin-framework/issues/725. No issue about the
// walks is known.

// restore decodes the value of a resource into data, which points to a model.
// kind is the type of the value. A value that does not fit an attribute's type
// is an error on its path. restore reports whether there is no error.
func restore(ctx context.Context, raw tftypes.Value, kind attr.Type, data any, diags *diag.Diagnostics) bool {
	values := attributeValues(raw, diags)
	if diags.HasError() {
		return false
	}
	object, ok := kind.(attr.TypeWithAttributeTypes)
	if values == nil || !ok {
		diags.Append(unreadable(fmt.Errorf("%s is no object that could be read as a %s", raw, kind)))
		return false
	}
	types := object.AttributeTypes()
	if err := eachAttribute(reflect.ValueOf(data).Elem(), func(name string, field reflect.Value) error {
		attribute, ok := types[name]
		if !ok {
			return nil // an option that the system does not offer
		}
		value, err := attribute.ValueFromTerraform(ctx, values[name])
		if err != nil {
			diags.AddAttributeError(path.Root(name), "Invalid Value", "This argument cannot have this value. If it takes a whole number, the number must not have a fraction or more than 64 bits.")
			return nil
		}
		if !reflect.TypeOf(value).AssignableTo(field.Type()) {
			return fmt.Errorf("%s is a %T, not a %s", name, value, field.Type())
		}
		field.Set(reflect.ValueOf(value))
		return nil
	}); err != nil {
		diags.Append(unreadable(err))
	}
	return !diags.HasError()
}

// attributeValues returns the attributes of a resource by name. It returns none if
// the resource is null.
func attributeValues(raw tftypes.Value, diags *diag.Diagnostics) (values map[string]tftypes.Value) {
	if err := raw.As(&values); err != nil {
		diags.Append(unreadable(err))
	}
	return values
}

func unreadable(err error) diag.Diagnostic {
	return diag.NewErrorDiagnostic("Resource Not Read", fmt.Sprintf("Reading what Terraform has of the resource failed: %s. Please report this.", err))
}

// record writes data, which points to a model, as the state. It writes values
// that are still unknown as null.
func record(ctx context.Context, state *tfsdk.State, data any, diags *diag.Diagnostics) {
	kind := state.Raw.Type()
	object, _ := kind.(tftypes.Object)
	values := map[string]tftypes.Value{}
	err := eachAttribute(reflect.ValueOf(data).Elem(), func(name string, field reflect.Value) error {
		if _, ok := object.AttributeTypes[name]; !ok {
			return nil // an option that the system does not offer
		}
		written, err := field.Interface().(attr.Value).ToTerraformValue(ctx)
		if err == nil && !written.IsFullyKnown() {
			written, err = tftypes.Transform(written, func(_ *tftypes.AttributePath, v tftypes.Value) (tftypes.Value, error) {
				if !v.IsKnown() {
					return tftypes.NewValue(v.Type(), nil), nil
				}
				return v, nil
			})
		}
		values[name] = written
		return err
	})
	if err == nil {
		err = tftypes.ValidateValue(kind, values)
	}
	if err != nil {
		diags.AddError("State Not Written", fmt.Sprintf("Writing the state failed: %s. Please report this.", err))
		return
	}
	state.Raw = tftypes.NewValue(kind, values)
}

// eachAttribute calls do for each attribute of a model and of the structs in
// it.
func eachAttribute(model reflect.Value, do func(name string, field reflect.Value) error) error {
	for i := range model.NumField() {
		field := model.Type().Field(i)
		var err error
		name, tagged := field.Tag.Lookup("tfsdk")
		switch {
		case !field.IsExported():
		case tagged:
			err = do(name, model.Field(i))
		case model.Field(i).Kind() == reflect.Interface:
			err = eachAttribute(model.Field(i).Elem().Elem(), do)
		default:
			err = eachAttribute(model.Field(i), do)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// replan plans attributes as this value. It is nil for null and
// tftypes.UnknownValue for unknown.
func replan(resp *resource.ModifyPlanResponse, as any, names ...string) {
	planned := maps.Clone(attributeValues(resp.Plan.Raw, &resp.Diagnostics))
	if resp.Diagnostics.HasError() {
		return
	}
	for _, name := range names {
		planned[name] = tftypes.NewValue(planned[name].Type(), as)
	}
	resp.Plan.Raw = tftypes.NewValue(resp.Plan.Raw.Type(), planned)
}

// commonValues returns the attributes that two planned resources have in common. It returns the
// others as unknown.
func commonValues(a, b tftypes.Value, diags *diag.Diagnostics) tftypes.Value {
	values, others := maps.Clone(attributeValues(a, diags)), attributeValues(b, diags)
	for name, value := range values {
		if !value.Equal(others[name]) {
			values[name] = tftypes.NewValue(value.Type(), tftypes.UnknownValue)
		}
	}
	return tftypes.NewValue(a.Type(), values)
}

// textOf returns a string attribute, "" if it is null or unknown.
func textOf(value tftypes.Value) (text string) {
	if value.IsKnown() && !value.IsNull() && value.Type().Is(tftypes.String) {
		_ = value.As(&text)
	}
	return text
}
