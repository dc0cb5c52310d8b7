package signal

import (
	"context"
	"fmt"
	"maps"
	"reflect"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// The framework's State.Set and Plan.SetAttribute walk the schema anew for each
// attribute: together they took half of the time that planning and sending a signal
// take in the provider. All attributes of a signal are at its top.

// record writes the data, a model, as the state. What is still unknown was never found out.
func record(ctx context.Context, state *tfsdk.State, data any) (diags diag.Diagnostics) {
	values := map[string]tftypes.Value{}
	err := eachAttribute(reflect.ValueOf(data).Elem(), func(name string, value attr.Value) error {
		written, err := value.ToTerraformValue(ctx)
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
	kind := state.Raw.Type()
	if err == nil {
		err = tftypes.ValidateValue(kind, values)
	}
	if err != nil {
		diags.AddError("State Not Written", fmt.Sprintf("Writing the state failed: %s. Please report this.", err))
		return diags
	}
	state.Raw = tftypes.NewValue(kind, values)
	return diags
}

// eachAttribute calls do for each attribute of a model, those of embedded structs included.
func eachAttribute(model reflect.Value, do func(name string, value attr.Value) error) error {
	for i := range model.NumField() {
		field := model.Type().Field(i)
		var err error
		if field.Anonymous {
			err = eachAttribute(model.Field(i), do)
		} else {
			err = do(field.Tag.Get("tfsdk"), model.Field(i).Interface().(attr.Value))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// replan has attributes be planned as null or, with tftypes.UnknownValue, as unknown.
func replan(plan *tfsdk.Plan, as any, names ...string) (diags diag.Diagnostics) {
	var planned map[string]tftypes.Value
	if err := plan.Raw.As(&planned); err != nil {
		diags.AddError("Plan Not Changed", fmt.Sprintf("Changing the plan failed: %s. Please report this.", err))
		return diags
	}
	planned = maps.Clone(planned)
	for _, name := range names {
		planned[name] = tftypes.NewValue(planned[name].Type(), as)
	}
	plan.Raw = tftypes.NewValue(plan.Raw.Type(), planned)
	return diags
}
