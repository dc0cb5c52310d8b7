// Package acctest has the code that tests of the provider share. They use the provider at
// protocol level, without a binary, or through a real terraform, with the sandbox as the
// services.
package acctest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-log/tflogtest"
	"github.com/hashicorp/terraform-plugin-log/tfsdklogtest"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/plugin"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/provider"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// Values are the arguments of a block.
type Values = systems.Values

// Unknown is a value that Terraform does not know yet.
var Unknown = tftypes.UnknownValue

// Provider is a configured provider. Its methods make the protocol calls that Terraform
// makes.
type Provider struct {
	t      testing.TB
	server tfprotov6.ProviderServer
	schema *tfprotov6.GetProviderSchemaResponse
	// identities are the identity schemas of the resources that have one.
	identities map[string]*tfprotov6.ResourceIdentitySchema
	// DeferralAllowed tells the provider that it may defer a plan or a read.
	DeferralAllowed bool
	// Log gets what the provider logs, in all detail; nil if nothing does.
	Log io.Writer

	clock *PauseClock
}

// Stall is a fault of a service that does not answer within a short timeout, such as
// Briefly. kind is sandbox.KindStall or sandbox.KindStallAfter.
func (p *Provider) Stall(operation string, kind sandbox.Kind) sandbox.Fault {
	return sandbox.Fault{Operation: operation, Kind: kind, Stalled: p.Expire}
}

// StallAttempt is a fault of a service that does not answer a request within its timeout. kind
// is sandbox.KindStall or sandbox.KindStallAfter.
func (p *Provider) StallAttempt(operation string, kind sandbox.Kind) sandbox.Fault {
	return sandbox.Fault{Operation: operation, Kind: kind, Stalled: p.clock.ExpireAttempts}
}

// Expire ends the operations that are under way with a short timeout, as their timeout
// does. A provider with a policy of its own does not have this clock.
func (p *Provider) Expire() { p.clock.Expire() }

// context is that of a call.
func (p *Provider) context() context.Context {
	if p.Log == nil {
		return p.t.Context()
	}
	return tfsdklogtest.RootLogger(tflogtest.RootLogger(p.t.Context(), p.Log), p.Log)
}

// StartProvider configures a provider that retries quickly with a provider block.
func StartProvider(t testing.TB, block Values, options ...provider.Option) *Provider {
	t.Helper()
	p, diags := TryProvider(t, block, options...)
	if len(diags) > 0 {
		t.Fatalf("configuring the provider: %s", diags)
	}
	return p
}

// TryProvider is like StartProvider for provider blocks that validation or configuration
// may refuse.
func TryProvider(t testing.TB, block Values, options ...provider.Option) (*Provider, Diagnostics) {
	t.Helper()
	return tryRelease(t, "test", "1.11.4", block, options...)
}

// TryEngine is like TryProvider, with the version of Terraform or OpenTofu that configures
// the provider.
func TryEngine(t testing.TB, terraform string, block Values) (*Provider, Diagnostics) {
	t.Helper()
	return tryRelease(t, "test", terraform, block)
}

// StartRelease is like StartProvider, with the version of the provider.
func StartRelease(t testing.TB, version string, block Values) *Provider {
	t.Helper()
	p, diags := tryRelease(t, version, "1.11.4", block)
	if len(diags) > 0 {
		t.Fatalf("configuring the provider: %s", diags)
	}
	return p
}

func tryRelease(t testing.TB, version, terraform string, block Values, options ...provider.Option) (*Provider, Diagnostics) {
	t.Helper()
	ctx := t.Context()
	policy, clock := Quick(), NewPauseClock(counted)
	policy.Clock = clock
	server := plugin.Server(provider.New(version, append([]provider.Option{provider.WithPolicy(policy)}, options...)...))
	found, err := schemas()
	must(t, err)
	config := dynamic(t, found.schema.Provider.ValueType(), map[string]any(block))
	validated, err := server.ValidateProviderConfig(ctx, &tfprotov6.ValidateProviderConfigRequest{Config: config})
	must(t, err)
	if hasError(validated.Diagnostics) {
		return nil, diagnostics(validated.Diagnostics)
	}
	configured, err := server.ConfigureProvider(ctx, &tfprotov6.ConfigureProviderRequest{TerraformVersion: terraform, Config: config})
	must(t, err)
	return &Provider{clock: clock, t: t, server: server, schema: found.schema, identities: found.identities.IdentitySchemas}, diagnostics(configured.Diagnostics)
}

// common is what all providers of a test binary have in common.
type common struct {
	schema     *tfprotov6.GetProviderSchemaResponse
	identities *tfprotov6.GetResourceIdentitySchemasResponse
}

// schemas asks for the schemas once: tests start thousands of providers.
var schemas = sync.OnceValues(func() (found common, err error) {
	ctx, server := context.Background(), plugin.Server(provider.New("test"))
	if found.schema, err = server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{}); err == nil {
		found.identities, err = server.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	}
	return found, err
})

// For returns the provider for another test, such as that of a fuzz target.
func (p *Provider) For(t testing.TB) *Provider {
	other := *p
	other.t = t
	return &other
}

// Stop asks the provider to stop, as Ctrl-C does.
func (p *Provider) Stop() {
	_, err := p.server.StopProvider(context.WithoutCancel(p.t.Context()), &tfprotov6.StopProviderRequest{})
	must(p.t, err)
}

// Secrets returns the arguments that are sensitive or write-only, such as "aws.secret_key"
// of the provider block or "signal_http_trigger.url" of a resource.
func (p *Provider) Secrets() (secrets []string) {
	var walk func(at string, attributes []*tfprotov6.SchemaAttribute)
	walk = func(at string, attributes []*tfprotov6.SchemaAttribute) {
		for _, attribute := range attributes {
			name := strings.TrimPrefix(at+"."+attribute.Name, ".")
			if (attribute.Sensitive || attribute.WriteOnly) && (attribute.Required || attribute.Optional) {
				secrets = append(secrets, name)
			}
			if attribute.NestedType != nil {
				walk(name, attribute.NestedType.Attributes)
			}
		}
	}
	walk("", members(p.schema.Provider.Block))
	for name, resource := range p.schema.ResourceSchemas {
		walk(name, members(resource.Block))
	}
	return secrets
}

// Schemas are the blocks that users can write, by kind and name: provider, resource,
// ephemeral, list and action.
func (p *Provider) Schemas() map[string]map[string]*tfprotov6.SchemaBlock {
	all := map[string]map[string]*tfprotov6.SchemaBlock{"provider": {"": p.schema.Provider.Block}, "action": {}}
	for kind, schemas := range map[string]map[string]*tfprotov6.Schema{
		"resource": p.schema.ResourceSchemas, "ephemeral": p.schema.EphemeralResourceSchemas, "list": p.schema.ListResourceSchemas,
	} {
		all[kind] = map[string]*tfprotov6.SchemaBlock{}
		for name, schema := range schemas {
			all[kind][name] = schema.Block
		}
	}
	for name, action := range p.schema.ActionSchemas {
		all["action"][name] = action.Schema.Block
	}
	return all
}

// members are the attributes of a block, and its blocks as optional attributes,
// which is how their values are sent.
func members(block *tfprotov6.SchemaBlock) []*tfprotov6.SchemaAttribute {
	found := slices.Clone(block.Attributes)
	for _, inner := range block.BlockTypes {
		nesting := tfprotov6.SchemaObjectNestingModeSingle
		if inner.Nesting == tfprotov6.SchemaNestedBlockNestingModeList {
			nesting = tfprotov6.SchemaObjectNestingModeList
		}
		found = append(found, &tfprotov6.SchemaAttribute{
			Name: inner.TypeName, Optional: true,
			NestedType: &tfprotov6.SchemaObject{Nesting: nesting, Attributes: members(inner.Block)},
		})
	}
	return found
}

// Resource is a resource instance and its part of Terraform's state.
type Resource struct {
	*Provider
	name string
	kind tftypes.Object
	// State is null before the first apply and after a destroy.
	State   tftypes.Value
	private []byte
	// identity is nil if the resource has none.
	identity *tfprotov6.ResourceIdentityData
	// Tainted says that the next apply replaces the resource.
	Tainted bool
	// Deferred says that the provider deferred the last read.
	Deferred bool
	// Destroyed is what the destroy of the last replacement said, which Apply does not
	// return unless it failed. Terraform shows both.
	Destroyed Diagnostics
}

// Plan is the provider's plan for a configuration.
type Plan struct {
	// Replace names the attributes that force replacement.
	Replace []string
	// Planned is the planned state.
	Planned  tftypes.Value
	private  []byte
	identity *tfprotov6.ResourceIdentityData
	config   *tfprotov6.DynamicValue
	// Deferred says that the provider deferred the plan.
	Deferred bool
}

// Unknown returns the attributes whose planned values are unknown.
func (p Plan) Unknown() (names []string) {
	var values map[string]tftypes.Value
	if p.Planned.As(&values) != nil {
		return nil
	}
	for name, value := range values {
		if !value.IsFullyKnown() {
			names = append(names, name)
		}
	}
	return names
}

// String returns a planned string attribute, "" if it is null or unknown.
func (p Plan) String(name string) string {
	var (
		values map[string]tftypes.Value
		text   *string
	)
	if p.Planned.As(&values) != nil || !values[name].IsKnown() || values[name].As(&text) != nil || text == nil {
		return ""
	}
	return *text
}

// Resource returns an instance of a resource type that is not in the state yet.
func (p *Provider) Resource(name string) *Resource {
	p.t.Helper()
	schema := p.schema.ResourceSchemas[name]
	if schema == nil {
		p.t.Fatalf("the provider has no resource %s", name)
	}
	kind := schema.ValueType().(tftypes.Object)
	return &Resource{Provider: p, name: name, kind: kind, State: tftypes.NewValue(kind, nil)}
}

// Validate validates a configuration.
func (r *Resource) Validate(config Values) Diagnostics {
	r.t.Helper()
	resp, err := r.server.ValidateResourceConfig(r.context(), &tfprotov6.ValidateResourceConfigRequest{
		TypeName:           r.name,
		Config:             dynamic(r.t, r.kind, map[string]any(config)),
		ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{WriteOnlyAttributesAllowed: true},
	})
	must(r.t, err)
	return diagnostics(resp.Diagnostics)
}

// Plan plans a configuration against the state.
func (r *Resource) Plan(config Values) (Plan, Diagnostics) {
	r.t.Helper()
	return r.plan(r.State, r.private, config)
}

func (r *Resource) plan(prior tftypes.Value, private []byte, config Values) (Plan, Diagnostics) {
	r.t.Helper()
	value := encode(r.t, r.kind, map[string]any(config))
	plan := Plan{config: dynamicValue(r.t, r.kind, value)}
	resp, err := r.server.PlanResourceChange(r.context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName:           r.name,
		PriorState:         dynamicValue(r.t, r.kind, prior),
		ProposedNewState:   dynamicValue(r.t, r.kind, r.proposed(prior, value)),
		Config:             plan.config,
		PriorPrivate:       private,
		PriorIdentity:      r.identityOf(prior),
		ClientCapabilities: &tfprotov6.PlanResourceChangeClientCapabilities{DeferralAllowed: r.DeferralAllowed},
	})
	must(r.t, err)
	plan.Deferred = resp.Deferred != nil
	if hasError(resp.Diagnostics) {
		return plan, diagnostics(resp.Diagnostics)
	}
	for _, at := range resp.RequiresReplace {
		plan.Replace = append(plan.Replace, attributeName(at))
	}
	plan.Planned, err = resp.PlannedState.Unmarshal(r.kind)
	must(r.t, err)
	plan.private, plan.identity = resp.PlannedPrivate, resp.PlannedIdentity
	r.plannedAsConfigured(encode(r.t, r.kind, map[string]any(config)), prior, plan.Planned)
	return plan, diagnostics(resp.Diagnostics)
}

// plannedAsConfigured checks a plan as Terraform does: a configured value is planned, or
// keeps its prior value if the provider sees no difference, and only computed attributes
// get other values.
func (r *Resource) plannedAsConfigured(config, prior, planned tftypes.Value) {
	r.t.Helper()
	said, was, made := attributes(r.t, config), attributes(r.t, prior), attributes(r.t, planned)
	for _, attribute := range members(r.schema.ResourceSchemas[r.name].Block) {
		want, got := said[attribute.Name], made[attribute.Name]
		if before, ok := was[attribute.Name]; ok && !before.IsNull() && !want.IsNull() && got.Equal(before) {
			continue
		}
		switch {
		case attribute.WriteOnly:
			if !got.IsNull() {
				r.t.Errorf("invalid plan: the write-only %s is planned", attribute.Name)
			}
		case (!want.IsNull() || !attribute.Computed) && !got.Equal(want):
			r.t.Errorf("invalid plan: %s is configured as %s and planned as %s", attribute.Name, want, got)
		}
	}
}

// proposed merges the configuration with the prior state as Terraform does:
// computed attributes that are not configured keep their values, and write-only
// ones are left out.
func (r *Resource) proposed(prior, config tftypes.Value) tftypes.Value {
	r.t.Helper()
	before, after := attributes(r.t, prior), attributes(r.t, config)
	for _, attribute := range members(r.schema.ResourceSchemas[r.name].Block) {
		switch {
		case attribute.WriteOnly:
			after[attribute.Name] = tftypes.NewValue(r.kind.AttributeTypes[attribute.Name], nil)
		case attribute.Computed && after[attribute.Name].IsNull() && before != nil:
			after[attribute.Name] = before[attribute.Name]
		}
	}
	return tftypes.NewValue(r.kind, after)
}

// Final plans a configuration of which a part is unknown, and then the whole one. It
// compares the second plan with the first, as Terraform does before it applies.
func (r *Resource) Final(part, whole Values) Diagnostics {
	r.t.Helper()
	prior, private := r.State, r.private
	first, diags := r.Plan(part)
	if !diags.HasError() && (r.Tainted || len(first.Replace) > 0) {
		prior, private = tftypes.NewValue(r.kind, nil), nil
		first, diags = r.plan(prior, private, part)
	}
	if diags.HasError() {
		return diags
	}
	final, diags := r.plan(prior, private, whole)
	if diags.HasError() {
		return diags
	}
	if !prior.IsNull() && len(final.Replace) > 0 {
		r.t.Errorf("inconsistent final plan: first an update in place, then a replacement for %v", final.Replace)
	}
	known(r.t, "inconsistent final plan: %s was planned as %s and then as %s", first.Planned, final.Planned)
	return diags
}

// Apply validates, plans and applies a configuration. It replaces the resource if the plan
// requires that or if it is tainted.
func (r *Resource) Apply(config Values) Diagnostics {
	r.t.Helper()
	if diags := r.Validate(config); diags.HasError() {
		return diags
	}
	plan, diags := r.Plan(config)
	if diags.HasError() {
		return diags
	}
	if !r.State.IsNull() && (r.Tainted || len(plan.Replace) > 0) {
		if r.Destroyed = r.Destroy(); r.Destroyed.HasError() {
			return r.Destroyed
		}
		if plan, diags = r.Plan(config); diags.HasError() {
			return diags
		}
	}
	if plan.Planned.Equal(r.State) {
		return diags
	}
	return append(diags, r.apply(plan)...)
}

// ApplyLater plans a configuration with unknown values, and applies it when they are known.
func (r *Resource) ApplyLater(unknown, config Values) Diagnostics {
	r.t.Helper()
	plan, diags := r.Plan(unknown)
	if diags.HasError() {
		return diags
	}
	plan.config = dynamic(r.t, r.kind, map[string]any(config))
	planned, known := attributes(r.t, plan.Planned), attributes(r.t, encode(r.t, r.kind, map[string]any(config)))
	for name := range unknown {
		planned[name] = known[name]
	}
	plan.Planned = tftypes.NewValue(r.kind, planned)
	return append(diags, r.apply(plan)...)
}

func (r *Resource) apply(plan Plan) Diagnostics {
	r.t.Helper()
	creating := r.State.IsNull()
	resp, err := r.server.ApplyResourceChange(r.context(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName:       r.name,
		PriorState:     dynamicValue(r.t, r.kind, r.State),
		PlannedState:   dynamicValue(r.t, r.kind, plan.Planned),
		Config:         plan.config,
		PlannedPrivate: plan.private, PlannedIdentity: plan.identity,
	})
	must(r.t, err)
	state, err := resp.NewState.Unmarshal(r.kind)
	must(r.t, err)
	if !hasError(resp.Diagnostics) {
		consistent(r.t, plan.Planned, state)
	}
	r.State, r.private, r.identity = state, resp.Private, resp.NewIdentity
	r.Tainted = creating && hasError(resp.Diagnostics) && !state.IsNull()
	return diagnostics(resp.Diagnostics)
}

// Refresh reads the resource.
func (r *Resource) Refresh() Diagnostics {
	r.t.Helper()
	resp, err := r.server.ReadResource(r.context(), &tfprotov6.ReadResourceRequest{
		TypeName: r.name, CurrentState: dynamicValue(r.t, r.kind, r.State), Private: r.private, CurrentIdentity: r.identityOf(r.State),
		ClientCapabilities: &tfprotov6.ReadResourceClientCapabilities{DeferralAllowed: r.DeferralAllowed},
	})
	must(r.t, err)
	r.Deferred = resp.Deferred != nil
	if !hasError(resp.Diagnostics) {
		r.State, err = resp.NewState.Unmarshal(r.kind)
		must(r.t, err)
		r.private, r.identity = resp.Private, resp.NewIdentity
	}
	return diagnostics(resp.Diagnostics)
}

// Forget changes the state as Terraform does if the provider crashes in an update: the
// values stay, and the private data is lost.
func (r *Resource) Forget() { r.private = nil }

// identityOf returns the identity that Terraform keeps with a state, nil if there is no
// state.
func (r *Resource) identityOf(state tftypes.Value) *tfprotov6.ResourceIdentityData {
	if state.IsNull() {
		return nil
	}
	return r.identity
}

// Identity returns the resource's identity, attribute by attribute; nil if it has none.
func (r *Resource) Identity() map[string]string {
	r.t.Helper()
	schema := r.identities[r.name]
	if schema == nil || r.identity == nil {
		return nil
	}
	value, err := r.identity.IdentityData.Unmarshal(schema.ValueType())
	must(r.t, err)
	identity := map[string]string{}
	for name, attribute := range attributes(r.t, value) {
		var text *string
		must(r.t, attribute.As(&text))
		if text != nil {
			identity[name] = *text
		}
	}
	return identity
}

// Destroy plans and applies the resource's removal.
func (r *Resource) Destroy() Diagnostics {
	r.t.Helper()
	null := dynamicValue(r.t, r.kind, tftypes.NewValue(r.kind, nil))
	planned, err := r.server.PlanResourceChange(r.context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: r.name, PriorState: dynamicValue(r.t, r.kind, r.State), ProposedNewState: null, Config: null, PriorPrivate: r.private, PriorIdentity: r.identity,
	})
	must(r.t, err)
	if hasError(planned.Diagnostics) {
		return diagnostics(planned.Diagnostics)
	}
	diags := r.warnsOfSignal(diagnostics(planned.Diagnostics))
	diags = append(diags, r.apply(Plan{Planned: tftypes.NewValue(r.kind, nil), private: planned.PlannedPrivate, identity: planned.PlannedIdentity, config: null})...)
	return diags
}

// warnsOfSignal checks that the plan of a destroy warns if and only if the destroy sends a
// signal. It returns the other diagnostics.
func (r *Resource) warnsOfSignal(planned Diagnostics) (others Diagnostics) {
	r.t.Helper()
	warned := false
	for _, one := range planned {
		if one.Summary == "Signal Is Sent at Destroy" && !one.Error {
			warned = true
		} else {
			others = append(others, one)
		}
	}
	if sends := r.Has("when") && r.String("when") == "destroy" && r.String("delivery") == ""; warned != sends {
		r.t.Errorf("the plan of a destroy that sends a signal (%t) said %s", sends, planned)
	}
	return others
}

// Stored is a resource in Terraform's state file.
type Stored struct {
	// Version is the version of the schema with which the state was written.
	Version int64           `json:"version"`
	State   json.RawMessage `json:"state"`
	Private []byte          `json:"private,omitempty"`
}

// Stored returns the resource as Terraform would store it now.
func (r *Resource) Stored() Stored {
	r.t.Helper()
	state, err := json.Marshal(plain(r.t, r.State))
	must(r.t, err)
	return Stored{Version: r.schema.ResourceSchemas[r.name].Version, State: state, Private: r.private}
}

// Upgrade reads a stored resource, possibly of an earlier version of the provider.
func (r *Resource) Upgrade(stored Stored) Diagnostics {
	r.t.Helper()
	resp, err := r.server.UpgradeResourceState(r.context(), &tfprotov6.UpgradeResourceStateRequest{
		TypeName: r.name, Version: stored.Version, RawState: &tfprotov6.RawState{JSON: stored.State},
	})
	must(r.t, err)
	if !hasError(resp.Diagnostics) {
		r.State, err = resp.UpgradedState.Unmarshal(r.kind)
		must(r.t, err)
		r.private = stored.Private
	}
	return diagnostics(resp.Diagnostics)
}

// Import imports the resource with an id, and reads it.
func (r *Resource) Import(id string) Diagnostics {
	r.t.Helper()
	return r.take(&tfprotov6.ImportResourceStateRequest{TypeName: r.name, ID: id})
}

// ImportIdentity is like Import, by an identity.
func (r *Resource) ImportIdentity(identity Values) Diagnostics {
	r.t.Helper()
	kind := r.identities[r.name].ValueType()
	return r.take(&tfprotov6.ImportResourceStateRequest{
		TypeName: r.name, Identity: &tfprotov6.ResourceIdentityData{IdentityData: dynamic(r.t, kind, map[string]any(identity))},
	})
}

func (r *Resource) take(req *tfprotov6.ImportResourceStateRequest) Diagnostics {
	r.t.Helper()
	resp, err := r.server.ImportResourceState(r.context(), req)
	must(r.t, err)
	if hasError(resp.Diagnostics) {
		return diagnostics(resp.Diagnostics)
	}
	if len(resp.ImportedResources) != 1 {
		r.t.Fatalf("%d resources were imported", len(resp.ImportedResources))
	}
	imported := resp.ImportedResources[0]
	r.State, err = imported.State.Unmarshal(r.kind)
	must(r.t, err)
	r.private, r.identity = imported.Private, imported.Identity
	return append(diagnostics(resp.Diagnostics), r.Refresh()...)
}

// String returns a string attribute of the state, "" when it is null.
func (r *Resource) String(name string) string {
	r.t.Helper()
	if r.State.IsNull() {
		return ""
	}
	var text *string
	must(r.t, attributes(r.t, r.State)[name].As(&text))
	if text == nil {
		return ""
	}
	return *text
}

// For returns the resource for use in another test.
func (r *Resource) For(t testing.TB) *Resource {
	other := *r
	other.Provider = r.Provider.For(t)
	return &other
}

// On returns a copy of the resource for another provider. Changes of the copy do not change
// this one.
func (r *Resource) On(p *Provider) *Resource {
	other := *r
	other.Provider = p
	return &other
}

// Has reports whether the resource type has an attribute.
func (r *Resource) Has(name string) bool {
	_, has := r.kind.AttributeTypes[name]
	return has
}

// Arguments returns the attributes that can be configured.
func (r *Resource) Arguments() (arguments []*tfprotov6.SchemaAttribute) {
	for _, attribute := range members(r.schema.ResourceSchemas[r.name].Block) {
		if attribute.Required || attribute.Optional {
			arguments = append(arguments, attribute)
		}
	}
	return arguments
}

// Strings returns the names of the string arguments, and whether each is secret.
func (r *Resource) Strings() map[string]bool {
	names := map[string]bool{}
	for _, argument := range r.Arguments() {
		if r.kind.AttributeTypes[argument.Name].Is(tftypes.String) {
			names[argument.Name] = argument.Sensitive
		}
	}
	return names
}

// Bool returns a bool attribute of the state, nil when it is null.
func (r *Resource) Bool(name string) any {
	r.t.Helper()
	var truth *bool
	if r.State.IsNull() {
		return nil
	}
	must(r.t, attributes(r.t, r.State)[name].As(&truth))
	if truth == nil {
		return nil
	}
	return *truth
}

// Diagnostics are the provider's diagnostics, one line each.
type Diagnostics []Diagnostic

// Diagnostic is one diagnostic.
type Diagnostic struct {
	Error           bool
	Attribute       string
	Summary, Detail string
}

func (d Diagnostic) String() string {
	kind := "warning"
	if d.Error {
		kind = "error"
	}
	return fmt.Sprintf("%s [%s] %s: %s", kind, d.Attribute, d.Summary, d.Detail)
}

// HasError reports whether one of them is an error.
func (d Diagnostics) HasError() bool {
	for _, one := range d {
		if one.Error {
			return true
		}
	}
	return false
}

// String returns them all.
func (d Diagnostics) String() string {
	var text strings.Builder
	for _, one := range d {
		fmt.Fprintln(&text, one)
	}
	return text.String()
}

func diagnostics(from []*tfprotov6.Diagnostic) (diags Diagnostics) {
	for _, d := range from {
		diags = append(diags, Diagnostic{
			Error:     d.Severity == tfprotov6.DiagnosticSeverityError,
			Attribute: attributeName(d.Attribute), Summary: d.Summary, Detail: d.Detail,
		})
	}
	return diags
}

func hasError(from []*tfprotov6.Diagnostic) bool { return diagnostics(from).HasError() }

// attributeName formats a path as "payload.StepName" or "list.0".
func attributeName(at *tftypes.AttributePath) string {
	var steps []string
	for _, step := range at.Steps() {
		switch s := step.(type) {
		case tftypes.AttributeName:
			steps = append(steps, string(s))
		case tftypes.ElementKeyString:
			steps = append(steps, string(s))
		case tftypes.ElementKeyInt:
			steps = append(steps, fmt.Sprint(int64(s)))
		}
	}
	return strings.Join(steps, ".")
}

// consistent checks an applied state against its plan, as Terraform does: known planned
// values stay, and no value is unknown.
func consistent(t testing.TB, planned, state tftypes.Value) {
	t.Helper()
	if !state.IsFullyKnown() {
		t.Errorf("the applied state has unknown values: %s", state)
	}
	if planned.IsNull() != state.IsNull() {
		t.Errorf("planned %s, applied %s", planned, state)
		return
	}
	known(t, "inconsistent result: %s was planned as %s and applied as %s", planned, state)
}

// known compares the known values of a plan with the result.
func known(t testing.TB, otherwise string, planned, became tftypes.Value) {
	t.Helper()
	after := attributes(t, became)
	for name, value := range attributes(t, planned) {
		if value.IsFullyKnown() && !value.Equal(after[name]) {
			t.Errorf(otherwise, name, value, after[name])
		}
	}
}

func attributes(t testing.TB, object tftypes.Value) map[string]tftypes.Value {
	t.Helper()
	if object.IsNull() {
		return nil
	}
	var values map[string]tftypes.Value
	must(t, object.As(&values))
	return values
}

func dynamic(t testing.TB, kind tftypes.Type, from any) *tfprotov6.DynamicValue {
	t.Helper()
	return dynamicValue(t, kind, encode(t, kind, from))
}

func dynamicValue(t testing.TB, kind tftypes.Type, value tftypes.Value) *tfprotov6.DynamicValue {
	t.Helper()
	encoded, err := tfprotov6.NewDynamicValue(kind, value)
	must(t, err)
	return &encoded
}

// encode converts a plain Go value to a value of a Terraform type.
func encode(t testing.TB, kind tftypes.Type, from any) tftypes.Value {
	t.Helper()
	if from == nil || from == Unknown {
		return tftypes.NewValue(kind, from)
	}
	if v, ok := from.(Values); ok {
		from = map[string]any(v)
	}
	switch kind := kind.(type) {
	case tftypes.Object:
		given, values := from.(map[string]any), map[string]tftypes.Value{}
		for name, attribute := range kind.AttributeTypes {
			values[name] = encode(t, attribute, given[name])
		}
		for name := range given {
			if _, known := kind.AttributeTypes[name]; !known {
				t.Fatalf("there is no attribute %s", name)
			}
		}
		return tftypes.NewValue(kind, values)
	case tftypes.Map:
		values := map[string]tftypes.Value{}
		for name, element := range from.(map[string]any) {
			values[name] = encode(t, kind.ElementType, element)
		}
		return tftypes.NewValue(kind, values)
	case tftypes.List:
		return tftypes.NewValue(kind, encodeEach(t, kind.ElementType, from))
	case tftypes.Set:
		return tftypes.NewValue(kind, encodeEach(t, kind.ElementType, from))
	default:
		return tftypes.NewValue(kind, from)
	}
}

func encodeEach(t testing.TB, kind tftypes.Type, from any) []tftypes.Value {
	t.Helper()
	values := []tftypes.Value{}
	for _, element := range from.([]any) {
		values = append(values, encode(t, kind, element))
	}
	return values
}

// plain is the reverse of encode. It returns values as Terraform writes them in JSON.
func plain(t testing.TB, value tftypes.Value) any {
	t.Helper()
	if value.IsNull() {
		return nil
	}
	var (
		object  map[string]tftypes.Value
		list    []tftypes.Value
		text    string
		truth   bool
		number  big.Float
		members = map[string]any{}
	)
	switch kind := value.Type(); {
	case kind.Is(tftypes.Object{}), kind.Is(tftypes.Map{}):
		must(t, value.As(&object))
		for name, member := range object {
			members[name] = plain(t, member)
		}
		return members
	case kind.Is(tftypes.List{}), kind.Is(tftypes.Set{}):
		must(t, value.As(&list))
		elements := make([]any, len(list))
		for i, element := range list {
			elements[i] = plain(t, element)
		}
		return elements
	case kind.Is(tftypes.Bool):
		must(t, value.As(&truth))
		return truth
	case kind.Is(tftypes.Number):
		must(t, value.As(&number))
		return json.Number(number.Text('f', -1))
	default:
		must(t, value.As(&text))
		return text
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Move moves the resource from another type or another provider, whose state is given in
// JSON.
func (r *Resource) Move(provider, name string, version int64, state string) Diagnostics {
	r.t.Helper()
	resp, err := r.server.MoveResourceState(r.context(), &tfprotov6.MoveResourceStateRequest{
		SourceProviderAddress: provider, SourceTypeName: name, SourceSchemaVersion: version,
		SourceState: &tfprotov6.RawState{JSON: []byte(state)}, TargetTypeName: r.name,
	})
	must(r.t, err)
	if hasError(resp.Diagnostics) {
		return diagnostics(resp.Diagnostics)
	}
	r.State, err = resp.TargetState.Unmarshal(r.kind)
	must(r.t, err)
	r.private, r.identity = resp.TargetPrivate, resp.TargetIdentity
	return diagnostics(resp.Diagnostics)
}
