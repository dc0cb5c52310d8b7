package provider_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-exec/tfexec"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	resourceschema "github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// vendorsAddress is where Terraform has the vendor's provider.
const vendorsAddress = "registry.terraform.io/cloudautomator/cloudautomator"

// vendorsProvider plays what the vendor's provider makes of a job that delays. It
// puts its jobs straight into the sandbox.
type vendorsProvider struct{ s *sandbox.Sandbox }

func (*vendorsProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "cloudautomator"
}
func (*vendorsProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{}
}
func (*vendorsProvider) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {
}
func (*vendorsProvider) DataSources(context.Context) []func() datasource.DataSource { return nil }
func (p *vendorsProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{func() resource.Resource { return &vendorsResource{p.s} }}
}

type vendorsResource struct{ s *sandbox.Sandbox }

func (*vendorsResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "cloudautomator_job"
}

func (*vendorsResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	computed := resourceschema.StringAttribute{Computed: true}
	resp.Schema = resourceschema.Schema{
		Attributes: map[string]resourceschema.Attribute{
			"id":              resourceschema.StringAttribute{Computed: true},
			"name":            resourceschema.StringAttribute{Required: true},
			"group_id":        resourceschema.Int64Attribute{Required: true},
			"rule_type":       resourceschema.StringAttribute{Required: true},
			"action_type":     resourceschema.StringAttribute{Required: true},
			"aws_account_id":  resourceschema.Int64Attribute{Optional: true},
			"aws_account_ids": resourceschema.ListAttribute{ElementType: types.Int64Type, Optional: true},
			"webhook_rule_value": resourceschema.ListNestedAttribute{Computed: true, NestedObject: resourceschema.NestedAttributeObject{
				Attributes: map[string]resourceschema.Attribute{"token": computed, "access_token": computed, "time_zone": computed},
			}},
		},
		Blocks: map[string]resourceschema.Block{"delay_action_value": resourceschema.ListNestedBlock{NestedObject: resourceschema.NestedBlockObject{
			Attributes: map[string]resourceschema.Attribute{"delay_minutes": resourceschema.Int64Attribute{Optional: true}},
		}}},
	}
}

func (r *vendorsResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var name string
	var minutes int64
	resp.Diagnostics.Append(req.Plan.GetAttribute(ctx, path.Root("name"), &name)...)
	resp.Diagnostics.Append(req.Plan.GetAttribute(ctx, path.Root("delay_action_value").AtListIndex(0).AtName("delay_minutes"), &minutes)...)
	if resp.Diagnostics.HasError() {
		return
	}
	job := r.s.AddTriggerJob(sandbox.TriggerJob{Name: name, ActionValue: map[string]any{"delay_minutes": fmt.Sprint(minutes)}})
	resp.State.Raw = req.Plan.Raw
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), job.ID)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("webhook_rule_value"), []struct {
		Token       string `tfsdk:"token"`
		AccessToken string `tfsdk:"access_token"`
		TimeZone    string `tfsdk:"time_zone"`
	}{{job.Token, job.AccessToken, "Tokyo"}})...)
}

func (*vendorsResource) Read(context.Context, resource.ReadRequest, *resource.ReadResponse) {}
func (*vendorsResource) Update(context.Context, resource.UpdateRequest, *resource.UpdateResponse) {
}
func (r *vendorsResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var id string
	resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root("id"), &id)...)
	r.s.RemoveTriggerJob(id)
}

// serveVendors serves the vendor's provider to Terraform from this process.
func serveVendors(t *testing.T, s *sandbox.Sandbox) *tfexec.ReattachOption {
	t.Helper()
	served, closed := make(chan *plugin.ReattachConfig), make(chan struct{})
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	go func() {
		_ = tf6server.Serve(vendorsAddress, providerserver.NewProtocol6(&vendorsProvider{s}), tf6server.WithDebug(ctx, served, closed),
			tf6server.WithoutLogStderrOverride(), tf6server.WithGoPluginLogger(hclog.NewNullLogger()))
	}()
	t.Cleanup(func() { stop(); <-closed })
	at := <-served
	return tfexec.Reattach(tfexec.ReattachInfo{vendorsAddress: {
		Protocol: string(at.Protocol), ProtocolVersion: at.ProtocolVersion, Pid: at.Pid, Test: true,
		Addr: tfexec.ReattachConfigAddr{Network: at.Addr.Network(), String: at.Addr.String()},
	}})
}

// vendorsConfig is a job of the vendor's provider.
const vendorsConfig = `
resource "cloudautomator_job" "one" {
  name        = "pause"
  group_id    = 10
  rule_type   = "webhook"
  action_type = "delay"
  delay_action_value {
    delay_minutes = 5
  }
}
`

// withVendors is a workspace that has the vendor's provider, too.
func withVendors(t *testing.T, s *sandbox.Sandbox) *acctest.Workspace {
	t.Helper()
	w := acctest.TerraformAt(t, s.URL())
	requireProviders(t, w, s, map[string]any{"cloudautomator": map[string]any{"source": vendorsAddress}})
	return w
}

func requireProviders(t *testing.T, w *acctest.Workspace, s *sandbox.Sandbox, more map[string]any) {
	t.Helper()
	required := map[string]any{"signal": map[string]any{"source": "terraform-provider-signal/signal"}}
	maps.Copy(required, more)
	text, err := json.Marshal(map[string]any{
		"terraform": map[string]any{"required_providers": required},
		"provider":  map[string]any{"signal": acctest.Block(s.URL())},
	})
	must(t, err)
	w.WriteFile("provider.tf.json", string(text))
}

// A job may stay with the vendor's provider, and is run by a signal.
func TestAccJobOfTheVendorsProviderIsRun(t *testing.T) {
	t.Parallel()
	s := acctest.Sandbox(t, sandbox.Options{})
	vendors, w := serveVendors(t, s), withVendors(t, s)
	w.Write(vendorsConfig + `
resource "signal_http_trigger" "one" {
  job_id   = cloudautomator_job.one.id
  triggers = { release = "1" }
}
`)
	must(t, w.Apply(t.Context(), vendors))
	must(t, w.Apply(t.Context(), vendors))
	if jobs := s.TriggerJobs(); len(jobs) != 1 || len(jobs[0].Runs) != 1 || s.Count("TriggerJob") != 1 {
		t.Errorf("the jobs are %+v", jobs)
	}
}

// A real terraform takes a job over from the vendor's provider, with moved, and with
// removed and import: nothing changes at the service, and nothing is left to do.
func TestAccJobComesFromTheVendorsProvider(t *testing.T) {
	t.Parallel()
	for name, blocks := range map[string]string{
		"moved": `
moved {
  from = cloudautomator_job.one
  to   = signal_http_trigger_job.one
}
`,
		"removed and import": `
removed {
  from = cloudautomator_job.one
  lifecycle {
    destroy = false
  }
}

import {
  to = signal_http_trigger_job.one
  id = %q
}
`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.Sandbox(t, sandbox.Options{})
			vendors := serveVendors(t, s)
			w := withVendors(t, s)
			w.Write(vendorsConfig)
			must(t, w.Apply(t.Context(), vendors))
			jobs := s.TriggerJobs()
			if len(jobs) != 1 {
				t.Fatalf("there are %d jobs", len(jobs))
			}
			if strings.Contains(blocks, "%q") {
				blocks = fmt.Sprintf(blocks, jobs[0].ID)
			}
			job := fmt.Sprintf(`
resource "signal_http_trigger_job" "one" {
  name         = "pause"
  group_id     = %d
  action_type  = "delay"
  action_value = jsonencode({ delay_minutes = 5 })
}
`, jobs[0].Attributes.GroupID)
			w.Write(job + blocks)
			must(t, w.Apply(t.Context(), vendors))
			// From here on the vendor's provider is not needed any more.
			requireProviders(t, w, s, nil)
			w.Write(job)
			if changed, err := w.Plan(t.Context()); err != nil || changed {
				t.Errorf("a further plan has changes: %t, %v", changed, err)
			}
			if made := s.Count("CreateJob") + s.Count("UpdateJob") + s.Count("DeleteJob") + s.Count("TriggerJob"); made > 0 {
				t.Errorf("the requests were %v", s.RequestLog())
			}
			one := w.Resources()["signal_http_trigger_job.one"]
			if len(w.Resources()) != 1 || one == nil || one.AttributeValues["id"] != jobs[0].ID || one.AttributeValues["access_token"] != jobs[0].AccessToken {
				t.Errorf("the state has %v", w.Resources())
			}
			must(t, w.Destroy(t.Context()))
			if len(s.TriggerJobs()) > 0 {
				t.Errorf("jobs are left: %v", s.TriggerJobs())
			}
		})
	}
}
