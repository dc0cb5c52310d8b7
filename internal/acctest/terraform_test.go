package acctest

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestForeignServers(t *testing.T) {
	const ours = "http://127.0.0.1:1234"
	for text, want := range map[string][]string{
		`provider "signal" {}`: nil,
		"provider \"signal\" {\n cloud_automator { endpoint = \"http://127.0.0.1:1234/api/v1/\" }\n}":            nil,
		"provider \"signal\" {\n cloud_automator { endpoint = \"http://127.0.0.1:4599/api/v1/\" }\n}":            {"http://127.0.0.1:4599/api/v1/"},
		"provider \"signal\" {\n aws {\n endpoints { ssm = var.set }\n }\n}":                                     nil,
		"provider \"signal\" {\n aws {\n endpoints { ssm = var.theirs }\n }\n}":                                  {"https://ssm.example.com"},
		"provider \"signal\" {\n aws {\n endpoints { ssm = \"${var.theirs}/x\" }\n }\n}":                         {"https://ssm.example.com/x"},
		"provider \"signal\" {\n aws {\n endpoints { ssm = local.theirs }\n }\n}":                                {"https://ssm.example.com/y"},
		"provider \"signal\" {\n aws {\n endpoints { ssm = local.indeed }\n }\n}":                                {"https://ssm.example.com/y"},
		"provider \"signal\" {\n aws {\n endpoints { ssm = local.ours }\n }\n}":                                  nil,
		"provider \"signal\" {\n aws {\n endpoints { ssm = join(\"/\", [\"https:/\", \"example.com\"]) }\n }\n}": {"ssm, which cannot be resolved here"},
		"provider \"signal\" {\n aws {\n endpoints { ssm = terraform_data.x.output }\n }\n}":                     {"ssm, which cannot be resolved here"},
		"provider \"signal\" {\n aws {\n endpoints { ssm = var.asked }\n }\n}":                                   {"ssm, which cannot be resolved here"},
		"provider \"signal\" {\n aws {\n endpoints { ssm = \"http://127.0.0.1:12345\" }\n }\n}":                  {"http://127.0.0.1:12345"},
		"provider \"signal\" {\n temporal { address = \"temporal.example.com:7233\" }\n}":                        {"temporal.example.com:7233"},
		"provider \"signal\" {\n temporal { address = \"127.0.0.1:1234\" }\n}":                                   nil,
		"resource \"signal_http_trigger\" \"x\" { url = \"https://example.com\" }\nprovider \"signal\" {}":       {"https://example.com"},
		"resource \"signal_http_trigger\" \"x\" { url = \"http://127.0.0.1:4599/trigger/x\" }":                   {"http://127.0.0.1:4599/trigger/x"},
		"resource \"signal_http_trigger\" \"x\" { url = \"127.0.0.1:4599/trigger/x\" }":                          {"127.0.0.1:4599/trigger/x"},
		"resource \"signal_http_trigger\" \"x\" { url = \"http://127.0.0.1:1234/trigger/x\" }":                   nil,
		"resource \"signal_http_trigger\" \"x\" { url = var.theirs }":                                            {"https://ssm.example.com"},
		"resource \"signal_http_trigger\" \"x\" { url = var.set }":                                               nil,
		"resource \"signal_http_trigger\" \"x\" { url = var.asked }":                                             {"url, which cannot be resolved here"},
		"resource \"terraform_data\" \"x\" { input = \"https://example.com\" }":                                  nil,
		"action \"signal_http_trigger\" \"x\" {\n config { url = \"http://127.0.0.1:4599/trigger/x\" }\n}":       {"http://127.0.0.1:4599/trigger/x"},
	} {
		file := filepath.Join(t.TempDir(), "main.tf")
		variables := "\nvariable \"set\" { default = \"https://ssm.example.com\" }\nvariable \"theirs\" { default = \"https://ssm.example.com\" }\nvariable \"asked\" {}\n" +
			"locals {\n indeed = local.theirs\n theirs = \"${var.theirs}/y\"\n ours = \"http://127.0.0.1:1234/z\"\n}\n"
		if err := os.WriteFile(file, []byte(text+variables), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := foreignServers([]string{file}, []string{ours}, []string{"set"})
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s leads to %v, %v, want %v", text, got, err, want)
		}
	}
	if got, err := foreignServers([]string{"provider.tf.json"}, []string{ours}, nil); err != nil || len(got) != 1 {
		t.Errorf("a file in JSON leads to %v, %v", got, err)
	}
}
