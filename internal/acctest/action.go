package acctest

import (
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Action is one action of a provider.
type Action struct {
	*Provider
	name string
	kind tftypes.Object
	// Deferred says that the provider deferred the last plan.
	Deferred bool
}

// Action returns an action type.
func (p *Provider) Action(name string) *Action {
	p.t.Helper()
	schema := p.schema.ActionSchemas[name]
	if schema == nil {
		p.t.Fatalf("the provider has no action %s", name)
	}
	return &Action{Provider: p, name: name, kind: schema.Schema.ValueType().(tftypes.Object)}
}

// Arguments are the action's attributes with their types.
func (a *Action) Arguments() map[string]tftypes.Type { return a.kind.AttributeTypes }

// Validate asks the provider to check a configuration.
func (a *Action) Validate(config Values) Diagnostics {
	a.t.Helper()
	resp, err := a.actions().ValidateActionConfig(a.t.Context(), &tfprotov6.ValidateActionConfigRequest{
		ActionType: a.name, Config: dynamic(a.t, a.kind, map[string]any(config)),
	})
	must(a.t, err)
	return diagnostics(resp.Diagnostics)
}

// Plan asks the provider to plan a configuration. Terraform accepts a deferral only if it
// allows one, and only because of the provider's configuration.
func (a *Action) Plan(config Values) Diagnostics {
	a.t.Helper()
	resp, err := a.actions().PlanAction(a.t.Context(), &tfprotov6.PlanActionRequest{
		ActionType: a.name, Config: dynamic(a.t, a.kind, map[string]any(config)),
		ClientCapabilities: &tfprotov6.PlanActionClientCapabilities{DeferralAllowed: a.DeferralAllowed},
	})
	must(a.t, err)
	a.Deferred = resp.Deferred != nil
	if a.Deferred && (!a.DeferralAllowed || resp.Deferred.Reason != tfprotov6.DeferredReasonProviderConfigUnknown) {
		a.t.Errorf("deferral allowed: %t, Terraform refuses that the plan is deferred because of %s", a.DeferralAllowed, resp.Deferred.Reason)
	}
	return diagnostics(resp.Diagnostics)
}

// Invoke validates, plans and invokes a configuration, and returns what the
// provider reported on the way. A deferred action is not invoked.
func (a *Action) Invoke(config Values) (progress []string, diags Diagnostics) {
	a.t.Helper()
	if diags := a.Validate(config); diags.HasError() {
		return nil, diags
	}
	if diags := a.Plan(config); diags.HasError() || a.Deferred {
		return nil, diags
	}
	return a.invoke(config)
}

func (a *Action) invoke(config Values) (progress []string, diags Diagnostics) {
	a.t.Helper()
	stream, err := a.actions().InvokeAction(a.t.Context(), &tfprotov6.InvokeActionRequest{
		ActionType: a.name, Config: dynamic(a.t, a.kind, map[string]any(config)),
	})
	must(a.t, err)
	for event := range stream.Events {
		switch e := event.Type.(type) {
		case tfprotov6.ProgressInvokeActionEventType:
			progress = append(progress, e.Message)
		case tfprotov6.CompletedInvokeActionEventType:
			diags = append(diags, diagnostics(e.Diagnostics)...)
		}
	}
	return progress, diags
}

// InvokeLater plans a configuration with unknown values, and invokes the action
// when they are known, as Terraform does: without validating it again. A deferred action is
// not invoked.
func (a *Action) InvokeLater(unknown, config Values) Diagnostics {
	a.t.Helper()
	if diags := a.Validate(unknown); diags.HasError() {
		return diags
	}
	if diags := a.Plan(unknown); diags.HasError() || a.Deferred {
		return diags
	}
	_, diags := a.invoke(config)
	return diags
}

func (a *Action) actions() tfprotov6.ActionServer {
	server, ok := a.server.(tfprotov6.ActionServer)
	if !ok {
		a.t.Fatal("the provider serves no actions")
	}
	return server
}
