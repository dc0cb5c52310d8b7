package provider_test

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/plugin"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/provider"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// measured is a configured provider with the messages of one signal_automation, encoded once.
type measured struct {
	tfprotov6.ProviderServer
	config, none, planned, sent *tfprotov6.DynamicValue
}

const measuredType = "signal_automation"

func measure(b *testing.B) measured {
	b.Helper()
	s := acctest.Sandbox(b, sandbox.Options{})
	m := measured{ProviderServer: plugin.Server(provider.New("bench"))}
	schema, err := m.GetProviderSchema(b.Context(), &tfprotov6.GetProviderSchemaRequest{})
	must(b, err)
	kind := schema.ResourceSchemas[measuredType].ValueType().(tftypes.Object)
	block := schema.Provider.ValueType().(tftypes.Object)
	aws := block.AttributeTypes["aws"].(tftypes.Object)
	configured, err := m.ConfigureProvider(b.Context(), &tfprotov6.ConfigureProviderRequest{Config: dynamic(b, filled(block, map[string]tftypes.Value{
		"aws": filled(aws, map[string]tftypes.Value{
			"region": word("us-east-1"), "access_key": word("sandbox-access-key"), "secret_key": word("sandbox-secret-key"),
			"endpoints": filled(aws.AttributeTypes["endpoints"].(tftypes.Object), map[string]tftypes.Value{"ssm": word(s.URL())}),
		}),
	}))})
	must(b, err)
	clean(b, configured.Diagnostics)
	// It takes any number of signals.
	id := s.StartAutomation(sandbox.Automation{
		Steps: []sandbox.Step{{Name: "approve", Action: "aws:approve", MinRequiredApprovals: 2}, {Name: "hold", Action: "aws:executeScript", Hold: true}}, AcceptRepeats: true,
	})
	m.config = dynamic(b, filled(kind, map[string]tftypes.Value{"automation_execution_id": word(id), "signal_type": word("Approve")}))
	m.none = dynamic(b, tftypes.NewValue(kind, nil))
	m.planned = m.plan(b)
	m.sent = m.apply(b)
	return m
}

func (m measured) plan(b *testing.B) *tfprotov6.DynamicValue {
	resp, err := m.PlanResourceChange(b.Context(), &tfprotov6.PlanResourceChangeRequest{TypeName: measuredType, PriorState: m.none, ProposedNewState: m.config, Config: m.config})
	must(b, err)
	clean(b, resp.Diagnostics)
	return resp.PlannedState
}

func (m measured) apply(b *testing.B) *tfprotov6.DynamicValue {
	resp, err := m.ApplyResourceChange(b.Context(), &tfprotov6.ApplyResourceChangeRequest{TypeName: measuredType, PriorState: m.none, PlannedState: m.planned, Config: m.config})
	must(b, err)
	clean(b, resp.Diagnostics)
	return resp.NewState
}

func BenchmarkSchema(b *testing.B) {
	for b.Loop() {
		_, err := plugin.Server(provider.New("bench")).GetProviderSchema(context.Background(), &tfprotov6.GetProviderSchemaRequest{})
		must(b, err)
	}
}

func BenchmarkValidate(b *testing.B) {
	m := measure(b)
	for b.Loop() {
		resp, err := m.ValidateResourceConfig(b.Context(), &tfprotov6.ValidateResourceConfigRequest{TypeName: measuredType, Config: m.config})
		must(b, err)
		clean(b, resp.Diagnostics)
	}
}

func BenchmarkPlan(b *testing.B) {
	m := measure(b)
	for b.Loop() {
		m.plan(b)
	}
}

// BenchmarkPlanNothing measures a plan of a signal that was sent.
func BenchmarkPlanNothing(b *testing.B) {
	m := measure(b)
	for b.Loop() {
		resp, err := m.PlanResourceChange(b.Context(), &tfprotov6.PlanResourceChangeRequest{TypeName: measuredType, PriorState: m.sent, ProposedNewState: m.sent, Config: m.config})
		must(b, err)
		clean(b, resp.Diagnostics)
	}
}

func BenchmarkRead(b *testing.B) {
	m := measure(b)
	for b.Loop() {
		resp, err := m.ReadResource(b.Context(), &tfprotov6.ReadResourceRequest{TypeName: measuredType, CurrentState: m.sent})
		must(b, err)
		clean(b, resp.Diagnostics)
	}
}

// BenchmarkSend measures the apply of a signal, including the request, the sandbox and the
// answer.
func BenchmarkSend(b *testing.B) {
	m := measure(b)
	for b.Loop() {
		m.apply(b)
	}
}

func clean(b *testing.B, diags []*tfprotov6.Diagnostic) {
	for _, d := range diags {
		b.Fatalf("%s: %s", d.Summary, d.Detail)
	}
}

func word(s string) tftypes.Value { return tftypes.NewValue(tftypes.String, s) }

// filled returns an object whose other attributes are null.
func filled(kind tftypes.Object, set map[string]tftypes.Value) tftypes.Value {
	values := map[string]tftypes.Value{}
	for name, attribute := range kind.AttributeTypes {
		values[name] = tftypes.NewValue(attribute, nil)
		if value, ok := set[name]; ok {
			values[name] = value
		}
	}
	return tftypes.NewValue(kind, values)
}

func dynamic(b testing.TB, value tftypes.Value) *tfprotov6.DynamicValue {
	encoded, err := tfprotov6.NewDynamicValue(value.Type(), value)
	must(b, err)
	return &encoded
}
