// Package schemajson renders what a provider server offers in the form of
// `terraform providers schema -json`, which documentation generators and
// editors read.
package schemajson

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// formatVersion is the version of Terraform's own output that this package
// follows: https://developer.hashicorp.com/terraform/cli/commands/providers/schema
const formatVersion = "1.0"

// Write asks the server for everything it offers and writes it as the only
// provider of the document, under the given name.
func Write(ctx context.Context, w io.Writer, name string, server tfprotov6.ProviderServer) error {
	schemas, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return fmt.Errorf("reading the provider's schemas: %w", err)
	}
	if err := errorOf(schemas.Diagnostics); err != nil {
		return fmt.Errorf("reading the provider's schemas: %w", err)
	}
	identities, err := server.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		return fmt.Errorf("reading the provider's identity schemas: %w", err)
	}
	if err := errorOf(identities.Diagnostics); err != nil {
		return fmt.Errorf("reading the provider's identity schemas: %w", err)
	}

	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(document{
		FormatVersion: formatVersion,
		Providers: map[string]providerJSON{name: {
			Provider:           schemaOf(schemas.Provider),
			Resources:          each(schemas.ResourceSchemas, schemaOf),
			DataSources:        each(schemas.DataSourceSchemas, schemaOf),
			EphemeralResources: each(schemas.EphemeralResourceSchemas, schemaOf),
			ListResources:      each(schemas.ListResourceSchemas, schemaOf),
			Actions:            each(schemas.ActionSchemas, actionOf),
			Functions:          each(schemas.Functions, functionOf),
			Identities:         each(identities.IdentitySchemas, identityOf),
		}},
	}); err != nil {
		return fmt.Errorf("writing the schemas: %w", err)
	}
	return nil
}

type document struct {
	FormatVersion string                  `json:"format_version"`
	Providers     map[string]providerJSON `json:"provider_schemas"`
}

type providerJSON struct {
	Provider           *schemaJSON             `json:"provider,omitempty"`
	Resources          map[string]*schemaJSON  `json:"resource_schemas,omitempty"`
	DataSources        map[string]*schemaJSON  `json:"data_source_schemas,omitempty"`
	EphemeralResources map[string]*schemaJSON  `json:"ephemeral_resource_schemas,omitempty"`
	ListResources      map[string]*schemaJSON  `json:"list_resource_schemas,omitempty"`
	Actions            map[string]actionJSON   `json:"action_schemas,omitempty"`
	Functions          map[string]functionJSON `json:"functions,omitempty"`
	Identities         map[string]identityJSON `json:"resource_identity_schemas,omitempty"`
}

type schemaJSON struct {
	Version int64      `json:"version"`
	Block   *blockJSON `json:"block,omitempty"`
}

type blockJSON struct {
	Attributes      map[string]attributeJSON `json:"attributes,omitempty"`
	BlockTypes      map[string]blockTypeJSON `json:"block_types,omitempty"`
	Description     string                   `json:"description,omitempty"`
	DescriptionKind string                   `json:"description_kind,omitempty"`
	Deprecated      bool                     `json:"deprecated,omitempty"`
}

type blockTypeJSON struct {
	NestingMode string     `json:"nesting_mode,omitempty"`
	Block       *blockJSON `json:"block,omitempty"`
	MinItems    int64      `json:"min_items,omitempty"`
	MaxItems    int64      `json:"max_items,omitempty"`
}

type attributeJSON struct {
	Type            tftypes.Type    `json:"type,omitempty"`
	NestedType      *nestedTypeJSON `json:"nested_type,omitempty"`
	Description     string          `json:"description,omitempty"`
	DescriptionKind string          `json:"description_kind,omitempty"`
	Deprecated      bool            `json:"deprecated,omitempty"`
	Required        bool            `json:"required,omitempty"`
	Optional        bool            `json:"optional,omitempty"`
	Computed        bool            `json:"computed,omitempty"`
	Sensitive       bool            `json:"sensitive,omitempty"`
	WriteOnly       bool            `json:"write_only,omitempty"`
}

type nestedTypeJSON struct {
	Attributes  map[string]attributeJSON `json:"attributes,omitempty"`
	NestingMode string                   `json:"nesting_mode,omitempty"`
}

type actionJSON struct {
	Block *blockJSON `json:"block,omitempty"`
}

type functionJSON struct {
	Description        string          `json:"description,omitempty"`
	Summary            string          `json:"summary,omitempty"`
	DeprecationMessage string          `json:"deprecation_message,omitempty"`
	ReturnType         tftypes.Type    `json:"return_type"`
	Parameters         []parameterJSON `json:"parameters,omitempty"`
	VariadicParameter  *parameterJSON  `json:"variadic_parameter,omitempty"`
}

type parameterJSON struct {
	Name        string       `json:"name,omitempty"`
	Description string       `json:"description,omitempty"`
	IsNullable  bool         `json:"is_nullable,omitempty"`
	Type        tftypes.Type `json:"type"`
}

type identityJSON struct {
	Version    int64                            `json:"version"`
	Attributes map[string]identityAttributeJSON `json:"attributes,omitempty"`
}

type identityAttributeJSON struct {
	Type              tftypes.Type `json:"type,omitempty"`
	Description       string       `json:"description,omitempty"`
	RequiredForImport bool         `json:"required_for_import,omitempty"`
	OptionalForImport bool         `json:"optional_for_import,omitempty"`
}

func each[From, To any](in map[string]From, convert func(From) To) map[string]To {
	out := make(map[string]To, len(in))
	for name, value := range in {
		out[name] = convert(value)
	}
	return out
}

func schemaOf(s *tfprotov6.Schema) *schemaJSON {
	if s == nil {
		return nil
	}
	return &schemaJSON{Version: s.Version, Block: blockOf(s.Block)}
}

func actionOf(s *tfprotov6.ActionSchema) actionJSON {
	if s == nil || s.Schema == nil {
		return actionJSON{}
	}
	return actionJSON{Block: blockOf(s.Schema.Block)}
}

func blockOf(b *tfprotov6.SchemaBlock) *blockJSON {
	if b == nil {
		return nil
	}
	blocks := make(map[string]blockTypeJSON, len(b.BlockTypes))
	for _, nested := range b.BlockTypes {
		blocks[nested.TypeName] = blockTypeJSON{
			NestingMode: strings.ToLower(nested.Nesting.String()),
			Block:       blockOf(nested.Block),
			MinItems:    nested.MinItems,
			MaxItems:    nested.MaxItems,
		}
	}
	return &blockJSON{
		Attributes:      attributesOf(b.Attributes),
		BlockTypes:      blocks,
		Description:     b.Description,
		DescriptionKind: kindOf(b.DescriptionKind),
		Deprecated:      b.Deprecated,
	}
}

func attributesOf(attributes []*tfprotov6.SchemaAttribute) map[string]attributeJSON {
	out := make(map[string]attributeJSON, len(attributes))
	for _, a := range attributes {
		out[a.Name] = attributeJSON{
			Type:            a.Type,
			NestedType:      nestedTypeOf(a.NestedType),
			Description:     a.Description,
			DescriptionKind: kindOf(a.DescriptionKind),
			Deprecated:      a.Deprecated,
			Required:        a.Required,
			Optional:        a.Optional,
			Computed:        a.Computed,
			Sensitive:       a.Sensitive,
			WriteOnly:       a.WriteOnly,
		}
	}
	return out
}

func nestedTypeOf(o *tfprotov6.SchemaObject) *nestedTypeJSON {
	if o == nil {
		return nil
	}
	return &nestedTypeJSON{
		Attributes:  attributesOf(o.Attributes),
		NestingMode: strings.ToLower(o.Nesting.String()),
	}
}

func functionOf(f *tfprotov6.Function) functionJSON {
	out := functionJSON{
		Description:        f.Description,
		Summary:            f.Summary,
		DeprecationMessage: f.DeprecationMessage,
		ReturnType:         f.Return.Type,
	}
	for _, p := range f.Parameters {
		out.Parameters = append(out.Parameters, parameterOf(p))
	}
	if f.VariadicParameter != nil {
		variadic := parameterOf(f.VariadicParameter)
		out.VariadicParameter = &variadic
	}
	return out
}

func parameterOf(p *tfprotov6.FunctionParameter) parameterJSON {
	return parameterJSON{
		Name:        p.Name,
		Description: p.Description,
		IsNullable:  p.AllowNullValue,
		Type:        p.Type,
	}
}

func identityOf(s *tfprotov6.ResourceIdentitySchema) identityJSON {
	attributes := make(map[string]identityAttributeJSON, len(s.IdentityAttributes))
	for _, a := range s.IdentityAttributes {
		attributes[a.Name] = identityAttributeJSON{
			Type:              a.Type,
			Description:       a.Description,
			RequiredForImport: a.RequiredForImport,
			OptionalForImport: a.OptionalForImport,
		}
	}
	return identityJSON{Version: s.Version, Attributes: attributes}
}

func kindOf(kind tfprotov6.StringKind) string {
	if kind == tfprotov6.StringKindMarkdown {
		return "markdown"
	}
	return "plain"
}

// errorOf joins the errors among the diagnostics. Warnings are dropped: a
// schema that is served with one is still the schema.
func errorOf(diagnostics []*tfprotov6.Diagnostic) error {
	var errs []error
	for _, d := range diagnostics {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			errs = append(errs, fmt.Errorf("%s: %s", d.Summary, d.Detail))
		}
	}
	return errors.Join(errs...)
}
