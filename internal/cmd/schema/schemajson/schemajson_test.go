package schemajson_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/terraformcli"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/cmd/schema/schemajson"
)

const (
	address = "registry.terraform.io/terraform-provider-signal/signal"
	// serveEnv makes this test binary the fake provider that terraform runs, so the
	// comparison needs no second build.
	serveEnv = "SCHEMAJSON_TEST_SERVE"
)

func TestMain(m *testing.M) {
	if os.Getenv(serveEnv) != "" {
		err := tf6server.Serve(address, func() tfprotov6.ProviderServer { return fake{} })
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// This package prints what the terraform or tofu of the tests prints. Only the golden file
// has sections that an old one does not know.
func TestAccSameAsTerraform(t *testing.T) {
	cli, err := terraformcli.Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(dir, "terraform-provider-signal")); err != nil {
		t.Fatal(err)
	}
	if err := terraformcli.Use(dir, dir); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "main.tf", fmt.Sprintf("terraform {\n  required_providers {\n    signal = {\n      source = %q\n    }\n  }\n}\n", "terraform-provider-signal/signal"))

	cmd := terraformcli.Command(t.Context(), dir, cli.Path, map[string]string{serveEnv: "1"}, "providers", "schema", "-json")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	printed, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", cmd, err, printed, stderr.String())
	}
	documents := terraformcli.JSON(string(printed))
	if len(documents) != 1 {
		t.Fatalf("%s: %d JSON documents in %s", cmd, len(documents), printed)
	}
	sections := []string{"provider", "resource_schemas", "data_source_schemas", "ephemeral_resource_schemas", "functions"}
	theirs, ours := providerIn(t, documents[0]), providerIn(t, render(t, fake{}))
	if cli.Name == terraformcli.OpenTofu {
		// It writes functions in another form, without what deprecates them, and the
		// documentation generator reads Terraform's.
		sections = sections[:len(sections)-1]
		delete(theirs, "functions")
	}
	for section, want := range theirs {
		if got := ours[section]; !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %s\nwant %s", section, indented(t, got), indented(t, want))
		}
	}
	for _, section := range sections {
		if theirs[section] == nil {
			t.Errorf("%s printed no %s: nothing was compared", cli, section)
		}
	}
}

func TestGolden(t *testing.T) {
	const golden = "testdata/fake.json"
	got := render(t, fake{})
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("differs from %s (UPDATE_GOLDEN=1 rewrites it):\n%s", golden, got)
	}
}

func TestDiagnostics(t *testing.T) {
	broken := &tfprotov6.Diagnostic{Severity: tfprotov6.DiagnosticSeverityError, Summary: "Broken", Detail: "attribute id"}
	odd := &tfprotov6.Diagnostic{Severity: tfprotov6.DiagnosticSeverityWarning, Summary: "Odd"}

	var out bytes.Buffer
	err := schemajson.Write(context.Background(), &out, "signal", fake{diagnostics: []*tfprotov6.Diagnostic{odd, broken}})
	if err == nil || !strings.Contains(err.Error(), "Broken: attribute id") || out.Len() > 0 {
		t.Errorf("an error among the diagnostics gave %v and %d bytes", err, out.Len())
	}

	render(t, fake{diagnostics: []*tfprotov6.Diagnostic{odd}})
}

func render(t *testing.T, server tfprotov6.ProviderServer) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := schemajson.Write(t.Context(), &out, "signal", server); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// providerIn returns the only provider in a document, under any name: terraform uses the
// full address, and the documentation generator needs the short name.
func providerIn(t *testing.T, printed []byte) map[string]any {
	t.Helper()
	var document struct {
		FormatVersion string                    `json:"format_version"`
		Providers     map[string]map[string]any `json:"provider_schemas"`
	}
	if err := json.Unmarshal(printed, &document); err != nil {
		t.Fatalf("%v in %s", err, printed)
	}
	if document.FormatVersion != "1.0" || len(document.Providers) != 1 {
		t.Fatalf("format %q with %d providers", document.FormatVersion, len(document.Providers))
	}
	for _, provider := range document.Providers {
		return provider
	}
	return nil
}

func indented(t *testing.T, value any) []byte {
	t.Helper()
	out, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
