package main

import (
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/terraformcli"
)

// The shell gets the path as it is, and runs nothing that is in it.
func TestTheShellKeepsThePath(t *testing.T) {
	for _, path := range []string{"/usr/bin/tofu", "/a $HOME b/tofu", "/`echo it`/$(echo is)/it's/\"tofu\""} {
		commands := exports(terraformcli.CLI{Path: path, Name: terraformcli.OpenTofu})
		said, err := acctest.Shell(t, t.TempDir(), nil, commands+`printf '%s %s' "$TF_ACC_PROVIDER_HOST" "$TF_ACC_TERRAFORM_PATH"`)
		if want := "registry.opentofu.org " + path; err != nil || said != want {
			t.Errorf("%s set %s, %v, want %s", commands, said, err, want)
		}
	}
}
