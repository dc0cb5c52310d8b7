package provider_test

import (
	"context"
	"fmt"
	"path/filepath"
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

// vendorsProvider is a stand-in for the vendor's provider, for a job that delays. It
// creates its jobs directly in the sandbox.
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

// serveVendors serves the stand-in for the vendor's provider to Terraform from this
// process.
func serveVendors(t *testing.T, s *sandbox.Sandbox) *tfexec.ReattachOption {
	t.Helper()
	address := acctest.CLI(t).Env()["TF_ACC_PROVIDER_HOST"] + "/cloudautomator/cloudautomator"
	served, closed := make(chan *plugin.ReattachConfig), make(chan struct{})
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	go func() {
		_ = tf6server.Serve(address, providerserver.NewProtocol6(&vendorsProvider{s}), tf6server.WithDebug(ctx, served, closed), tf6server.WithGoPluginLogger(hclog.NewNullLogger()), tf6server.WithLoggingSink(t))
	}()
	t.Cleanup(func() { stop(); <-closed })
	at := <-served
	return tfexec.Reattach(tfexec.ReattachInfo{address: {
		Protocol: string(at.Protocol), ProtocolVersion: at.ProtocolVersion, Pid: at.Pid, Test: true,
		Addr: tfexec.ReattachConfigAddr{Network: at.Addr.Network(), String: at.Addr.String()},
	}})
}

// coming is the folder of the guide's configurations.
const coming = "guides/coming-from-the-vendors-provider/"

// withVendors returns a workspace that also has the stand-in for the vendor's provider, and
// applies a configuration of the guide.
type withVendors struct {
	*acctest.Workspace
	t       *testing.T
	s       *sandbox.Sandbox
	vendors *tfexec.ReattachOption
}

func besideVendors(t *testing.T) withVendors {
	t.Helper()
	s := acctest.Sandbox(t, sandbox.Options{})
	w := acctest.Bare(t, map[string]string{"CLOUD_AUTOMATOR_API_KEY": "sandbox-api-key", "CLOUD_AUTOMATOR_API_ENDPOINT": s.URL() + "/api/v1/"})
	return withVendors{w, t, s, serveVendors(t, s)}
}

func (w withVendors) apply(example string, variables map[string]string) {
	w.t.Helper()
	w.Example(filepath.Join("..", "..", "examples", coming+example))
	w.Variables(variables)
	must(w.t, w.Apply(w.t.Context(), w.vendors))
	if changed, err := w.Plan(w.t.Context(), w.vendors); err != nil || changed {
		w.t.Errorf("%s: a further plan has changes: %t, %v", example, changed, err)
	}
}

// A real terraform moves or imports a job from the vendor's provider, as the guide shows.
// Nothing changes at the service, and the next plan has no changes. After that, Terraform
// no longer needs the vendor's provider.
func TestAccJobComesFromTheVendorsProvider(t *testing.T) {
	t.Parallel()
	for _, example := range []string{"moved", "import"} {
		t.Run(example, func(t *testing.T) {
			t.Parallel()
			w := besideVendors(t)
			variables := map[string]string{"group_id": "1"}
			w.apply("before", variables)
			job := w.s.TriggerJobs()[0]
			if example == "import" {
				variables["job_id"] = job.ID
			}
			w.apply(example, variables)
			text := contents(t, filepath.Join("..", "..", "examples", coming+example, "main.tf"))
			_, resource, _ := strings.Cut(text, "resource \"signal_http_trigger_job\"")
			resource, _, _ = strings.Cut(resource, "\n}\n")
			w.Write(required + "\nvariable \"group_id\" {}\n\nresource \"signal_http_trigger_job\"" + resource + "\n}\n")
			w.Variables(map[string]string{"group_id": "1"})
			if changed, err := w.Plan(t.Context()); err != nil || changed {
				t.Errorf("a plan without the vendor's provider has changes: %t, %v", changed, err)
			}
			if made := w.s.Count("CreateJob") + w.s.Count("UpdateJob") + w.s.Count("DeleteJob") + w.s.Count("TriggerJob"); made > 0 || len(w.s.TriggerJobs()) != 1 {
				t.Errorf("the jobs are %v, and the requests were %v", w.s.TriggerJobs(), w.s.RequestLog())
			}
			one := w.Resources()["signal_http_trigger_job.pause"]
			if len(w.Resources()) != 1 || one == nil || one.AttributeValues["id"] != job.ID || one.AttributeValues["access_token"] != job.AccessToken {
				t.Errorf("the state has %v", w.Resources())
			}
			must(t, w.Destroy(t.Context()))
			if len(w.s.TriggerJobs()) > 0 {
				t.Errorf("jobs are left: %v", w.s.TriggerJobs())
			}
		})
	}
}

// A job can stay with the vendor's provider while a signal runs it.
func TestAccJobOfTheVendorsProviderIsRun(t *testing.T) {
	t.Parallel()
	w := besideVendors(t)
	w.apply("before", map[string]string{"group_id": "1"})
	for _, release := range []string{"1", "2"} {
		w.apply("kept", map[string]string{"group_id": "1", "release": release})
	}
	if jobs := w.s.TriggerJobs(); len(jobs) != 1 || len(jobs[0].Runs) != 2 || w.s.Count("TriggerJob") != 2 || w.s.Count("UpdateJob") > 0 {
		t.Errorf("the jobs are %+v", jobs)
	}
}
