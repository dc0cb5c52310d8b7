package plugin

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// Server returns the server of a provider.
//
// The framework's server keeps the context of every call until the provider stops, and with
// it the loggers in the context. Memory use for 4,000 signals was 340 MiB at its peak, and
// is 49 MiB with contexts that the server can keep only during the call. See
// registerContext in
// https://github.com/hashicorp/terraform-plugin-framework/blob/v1.19.0/internal/proto6server/serve.go
// No issue about it is known.
func Server(p func() provider.Provider) tfprotov6.ProviderServer { return newServer(p) }

func newServer(p func() provider.Provider) server {
	return server{frameworkServer: providerserver.NewProtocol6(p())().(frameworkServer)}
}

// frameworkServer has the methods of the framework's server.
type frameworkServer interface {
	tfprotov6.ProviderServer
	tfprotov6.ActionServer
	tfprotov6.ListResourceServer
}

// server replaces the contexts of the calls that Terraform makes for each resource.
type server struct {
	frameworkServer
	// schema has one schema, and is closed behind it; nil without prepare.
	schema chan schemaOrError
}

func (s server) ValidateResourceConfig(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return lend(ctx, req, s.frameworkServer.ValidateResourceConfig)
}

func (s server) UpgradeResourceState(ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	return lend(ctx, req, s.frameworkServer.UpgradeResourceState)
}

func (s server) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	return lend(ctx, req, s.frameworkServer.ReadResource)
}

func (s server) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	return lend(ctx, req, s.frameworkServer.PlanResourceChange)
}

func (s server) ApplyResourceChange(ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	return lend(ctx, req, s.frameworkServer.ApplyResourceChange)
}

// PlanAction validates the configuration again. Terraform validates it only when it does not
// know the values of variables yet.
func (s server) PlanAction(ctx context.Context, req *tfprotov6.PlanActionRequest) (*tfprotov6.PlanActionResponse, error) {
	refused, err := s.refused(ctx, req.ActionType, req.Config)
	if err != nil {
		return nil, err
	}
	if len(refused) > 0 {
		return &tfprotov6.PlanActionResponse{Diagnostics: refused}, nil
	}
	return s.frameworkServer.PlanAction(ctx, req)
}

// InvokeAction validates the configuration again, because some values may have been unknown
// during the plan.
func (s server) InvokeAction(ctx context.Context, req *tfprotov6.InvokeActionRequest) (*tfprotov6.InvokeActionServerStream, error) {
	refused, err := s.refused(ctx, req.ActionType, req.Config)
	if err != nil {
		return nil, err
	}
	if len(refused) == 0 {
		return s.frameworkServer.InvokeAction(ctx, req)
	}
	return &tfprotov6.InvokeActionServerStream{Events: func(push func(tfprotov6.InvokeActionEvent) bool) {
		push(tfprotov6.InvokeActionEvent{Type: tfprotov6.CompletedInvokeActionEventType{Diagnostics: refused}})
	}}, nil
}

// refused returns the errors in the configuration of an action.
func (s server) refused(ctx context.Context, action string, config *tfprotov6.DynamicValue) ([]*tfprotov6.Diagnostic, error) {
	valid, err := s.ValidateActionConfig(ctx, &tfprotov6.ValidateActionConfigRequest{ActionType: action, Config: config})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(valid.Diagnostics, func(d *tfprotov6.Diagnostic) bool { return d.Severity != tfprotov6.DiagnosticSeverityError }), nil
}

// prepare begins to make the schema while Terraform and the plugin still make keys and
// shake hands. Terraform waits for the schema next, unless it knows it already.
func prepare(of server) server {
	of.schema = make(chan schemaOrError, 1)
	go func() {
		schema, err := of.frameworkServer.GetProviderSchema(context.Background(), &tfprotov6.GetProviderSchemaRequest{})
		of.schema <- schemaOrError{schema, err}
		close(of.schema)
	}()
	return of
}

type schemaOrError struct {
	schema *tfprotov6.GetProviderSchemaResponse
	err    error
}

// GetProviderSchema returns the schema that prepare has made to the first call, so that it
// is not kept in memory. It makes another one for any further call.
func (s server) GetProviderSchema(ctx context.Context, req *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error) {
	if s.schema != nil {
		if made, first := <-s.schema; first {
			return made.schema, made.err
		}
	}
	return s.frameworkServer.GetProviderSchema(ctx, req)
}

func lend[Request, Response any](ctx context.Context, req Request, call func(context.Context, Request) (Response, error)) (Response, error) {
	lent := &lentContext{}
	lent.own.Store(&ctx)
	defer lent.own.Store(&over)
	return call(lent, req)
}

// lentContext is another context during a call, and a cancelled context after the call.
type lentContext struct {
	own atomic.Pointer[context.Context]
}

// over replaces the context after the call.
var over = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

func (c *lentContext) Deadline() (time.Time, bool) { return (*c.own.Load()).Deadline() }

func (c *lentContext) Done() <-chan struct{} { return (*c.own.Load()).Done() }

func (c *lentContext) Err() error { return (*c.own.Load()).Err() }

func (c *lentContext) Value(key any) any { return (*c.own.Load()).Value(key) }
