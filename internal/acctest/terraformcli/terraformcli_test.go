package terraformcli

import (
	"fmt"
	"testing"
)

// Text around the version in the output does not matter.
func TestParse(t *testing.T) {
	for said, want := range map[string]string{
		"Terraform v1.11.4\non linux_amd64\n\nYour version of Terraform is out of date! The latest version\nis 1.16.5.\n":                                "Terraform 1.11.4",
		"\nWarning: Unable to open CLI configuration file\n\nThe CLI configuration file at \"/x\" does not exist.\n\nOpenTofu v1.12.6\non linux_amd64\n": "OpenTofu 1.12.6",
		"Terraform v1.16.0-rc2\r\non windows_amd64\r\n": "Terraform 1.16.0-rc2",
	} {
		if got, err := parse("/x", said); err != nil || got.String() != want {
			t.Errorf("%q is %v, %v, want %s", said, got, err, want)
		}
	}
	if got, err := parse("/x", "bash: syntax error"); err == nil {
		t.Errorf("nonsense is %s", got)
	}
}

func TestReleases(t *testing.T) {
	for said, want := range map[string]struct{ actions, loses bool }{
		"Terraform v1.11.4":     {},
		"Terraform v1.14.0-rc1": {actions: true},
		"Terraform v1.15.9":     {actions: true},
		"Terraform v1.16.0-rc2": {actions: true, loses: true},
		"Terraform v1.16.4":     {actions: true, loses: true},
		"Terraform v1.16.5":     {actions: true},
		"OpenTofu v1.16.0":      {},
	} {
		cli, err := parse("/x", said)
		if err != nil {
			t.Fatal(err)
		}
		if got := cli.AtLeast(Terraform, "1.14.0"); got != want.actions {
			t.Errorf("%s has actions: %t", cli, got)
		}
		if got := cli.LosesState(); got != want.loses {
			t.Errorf("%s loses state: %t", cli, got)
		}
	}
}

// What a CLI prints around JSON does not matter either.
func TestJSON(t *testing.T) {
	const warning = "\nWarning: {this} and \"{}\" are old\n\n{this} is all.\n"
	for said, want := range map[string]string{
		"":                                     "[]",
		warning:                                "[]",
		`{"a": "{"}`:                           `[{"a": "{"}]`,
		"{\n  \"a\": {\n}\n}\n":                "[{\n  \"a\": {\n}\n}]",
		"{\"a\": 1}\r\n{\"b\": 2}\r\n":         `[{"a": 1} {"b": 2}]`,
		warning + "{\n\"a\": 1\n}\n" + warning: "[{\n\"a\": 1\n}]",
		"{\"a\": 1} {\"a\": 2}\n" + warning + "{\"b\": {}}\n{\"c\":": `[{"a": 1} {"b": {}}]`,
	} {
		if got := fmt.Sprintf("%s", JSON(said)); got != want {
			t.Errorf("%q has %s, want %s", said, got, want)
		}
	}
}
