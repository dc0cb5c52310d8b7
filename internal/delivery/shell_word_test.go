package delivery_test

import (
	"os/exec"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// A shell takes each quoted word as one word, and runs nothing in it.
func TestShellWords(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"plain-1.2/3:4", "", "two words", "it's", "$(touch x)", "`id`", "a;b", "a&b|c>d<e", "*?[a]{b,c}", "~", "=ls", "#", "!", "\\", `"`, "東京", "-n",
	} {
		word := delivery.ShellWord(text)
		out, err := exec.Command("sh", "-c", "printf %s. "+word).Output()
		if err != nil || string(out) != text+"." {
			t.Errorf("%s is %q to a shell, want %q (%v)", word, out, text, err)
		}
	}
	// bash, ksh and zsh know this form, and other shells do not.
	for text, want := range map[string]string{
		"plain-1.2/3:4":   "plain-1.2/3:4",
		"tab\tline\n":     `$'tab\x09line\x0a'`,
		"\x1b[31mred\a":   `$'\x1b[31mred\x07'`,
		"it's\\\n":        `$'it\x27s\x5c\x0a'`,
		"zero\u200bwidth": `$'zero\xe2\x80\x8bwidth'`,
	} {
		if word := delivery.ShellWord(text); word != want {
			t.Errorf("%q became %s", text, word)
		}
	}
}
