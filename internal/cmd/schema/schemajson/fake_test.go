package schemajson_test

import (
	"context"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// fake has one of everything that a schema can contain. The embedded interface is nil, so a
// call to anything except the schemas panics.
type fake struct {
	tfprotov6.ProviderServer

	diagnostics []*tfprotov6.Diagnostic
}

func (f fake) GetProviderSchema(context.Context, *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error) {
	return &tfprotov6.GetProviderSchemaResponse{
		Diagnostics: f.diagnostics,
		Provider: &tfprotov6.Schema{Block: &tfprotov6.SchemaBlock{
			Description:     "Sends **signals**.",
			DescriptionKind: tfprotov6.StringKindMarkdown,
			Attributes: []*tfprotov6.SchemaAttribute{
				{Name: "aws", Optional: true, NestedType: &tfprotov6.SchemaObject{
					Nesting: tfprotov6.SchemaObjectNestingModeSingle,
					Attributes: []*tfprotov6.SchemaAttribute{
						{Name: "region", Type: tftypes.String, Optional: true},
						{Name: "assume_role", Optional: true, NestedType: &tfprotov6.SchemaObject{
							Nesting: tfprotov6.SchemaObjectNestingModeList,
							Attributes: []*tfprotov6.SchemaAttribute{
								{Name: "role_arn", Type: tftypes.String, Required: true, Description: "The role."},
							},
						}},
					},
				}},
			},
		}},
		ResourceSchemas: map[string]*tfprotov6.Schema{
			"signal_all":   {Version: 3, Block: everything()},
			"signal_plain": {Block: &tfprotov6.SchemaBlock{}},
		},
		DataSourceSchemas: map[string]*tfprotov6.Schema{
			"signal_data": {Version: 1, Block: &tfprotov6.SchemaBlock{Attributes: []*tfprotov6.SchemaAttribute{
				{Name: "id", Type: tftypes.String, Computed: true},
			}}},
		},
		EphemeralResourceSchemas: map[string]*tfprotov6.Schema{
			"signal_secret": {Block: &tfprotov6.SchemaBlock{Attributes: []*tfprotov6.SchemaAttribute{
				{Name: "access_token", Type: tftypes.String, Computed: true, Sensitive: true},
			}}},
		},
		ListResourceSchemas: map[string]*tfprotov6.Schema{
			"signal_all": {Block: &tfprotov6.SchemaBlock{Attributes: []*tfprotov6.SchemaAttribute{
				{Name: "filter", Type: tftypes.String, Optional: true},
			}}},
		},
		ActionSchemas: map[string]*tfprotov6.ActionSchema{
			"signal_act": {Schema: &tfprotov6.Schema{Block: &tfprotov6.SchemaBlock{
				Description: "Sends.",
				Attributes: []*tfprotov6.SchemaAttribute{
					{Name: "timeout", Type: tftypes.String, Optional: true},
				},
			}}},
		},
		Functions: map[string]*tfprotov6.Function{
			"join": {
				Summary:            "Joins.",
				Description:        "Joins all.",
				DeprecationMessage: "Use the one built in.",
				Parameters: []*tfprotov6.FunctionParameter{
					{Name: "separator", Type: tftypes.String, Description: "Between."},
					{Name: "rest", Type: tftypes.DynamicPseudoType, AllowNullValue: true},
				},
				VariadicParameter: &tfprotov6.FunctionParameter{Name: "more", Type: tftypes.List{ElementType: tftypes.String}},
				Return:            &tfprotov6.FunctionReturn{Type: tftypes.Map{ElementType: tftypes.Number}},
			},
		},
	}, nil
}

func (fake) GetResourceIdentitySchemas(context.Context, *tfprotov6.GetResourceIdentitySchemasRequest) (*tfprotov6.GetResourceIdentitySchemasResponse, error) {
	return &tfprotov6.GetResourceIdentitySchemasResponse{
		IdentitySchemas: map[string]*tfprotov6.ResourceIdentitySchema{
			"signal_all": {Version: 2, IdentityAttributes: []*tfprotov6.ResourceIdentitySchemaAttribute{
				{Name: "id", Type: tftypes.String, RequiredForImport: true, Description: "The job."},
				{Name: "region", Type: tftypes.String, OptionalForImport: true},
			}},
		},
	}, nil
}

func everything() *tfprotov6.SchemaBlock {
	object := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"a": tftypes.Number, "b": tftypes.Bool}}
	nested := func(mode tfprotov6.SchemaObjectNestingMode) *tfprotov6.SchemaObject {
		return &tfprotov6.SchemaObject{Nesting: mode, Attributes: []*tfprotov6.SchemaAttribute{
			{Name: "name", Type: tftypes.String, Required: true},
		}}
	}
	block := &tfprotov6.SchemaBlock{Attributes: []*tfprotov6.SchemaAttribute{
		{Name: "name", Type: tftypes.String, Optional: true},
	}}
	return &tfprotov6.SchemaBlock{
		Description: "Everything.",
		Deprecated:  true,
		Attributes: []*tfprotov6.SchemaAttribute{
			{Name: "string", Type: tftypes.String, Required: true, Description: "A `string` <&>.", DescriptionKind: tfprotov6.StringKindMarkdown},
			{Name: "number", Type: tftypes.Number, Optional: true, Description: "Plain."},
			{Name: "bool", Type: tftypes.Bool, Optional: true, Computed: true},
			{Name: "dynamic", Type: tftypes.DynamicPseudoType, Optional: true},
			{Name: "list", Type: tftypes.List{ElementType: tftypes.String}, Computed: true},
			{Name: "set", Type: tftypes.Set{ElementType: tftypes.Number}, Optional: true, Deprecated: true},
			{Name: "payload", Type: tftypes.Map{ElementType: tftypes.List{ElementType: tftypes.String}}, Optional: true},
			{Name: "object", Type: object, Optional: true},
			{Name: "objects", Type: tftypes.List{ElementType: object}, Optional: true},
			{Name: "url", Type: tftypes.String, Computed: true, Sensitive: true},
			{Name: "input_wo", Type: tftypes.String, Optional: true, Sensitive: true, WriteOnly: true},
			{Name: "nested_single", Optional: true, Sensitive: true, NestedType: nested(tfprotov6.SchemaObjectNestingModeSingle)},
			{Name: "nested_list", Optional: true, NestedType: nested(tfprotov6.SchemaObjectNestingModeList)},
			{Name: "nested_set", Computed: true, NestedType: nested(tfprotov6.SchemaObjectNestingModeSet)},
			{Name: "nested_map", Required: true, NestedType: nested(tfprotov6.SchemaObjectNestingModeMap)},
		},
		BlockTypes: []*tfprotov6.SchemaNestedBlock{
			{TypeName: "block_single", Nesting: tfprotov6.SchemaNestedBlockNestingModeSingle, Block: block},
			{TypeName: "block_list", Nesting: tfprotov6.SchemaNestedBlockNestingModeList, Block: block, MinItems: 1, MaxItems: 3},
			{TypeName: "block_set", Nesting: tfprotov6.SchemaNestedBlockNestingModeSet, Block: block},
			{TypeName: "block_map", Nesting: tfprotov6.SchemaNestedBlockNestingModeMap, Block: block},
			{TypeName: "block_group", Nesting: tfprotov6.SchemaNestedBlockNestingModeGroup, Block: &tfprotov6.SchemaBlock{
				Description: "Inside.",
				Deprecated:  true,
				BlockTypes: []*tfprotov6.SchemaNestedBlock{
					{TypeName: "deeper", Nesting: tfprotov6.SchemaNestedBlockNestingModeList, Block: block},
				},
			}},
		},
	}
}
