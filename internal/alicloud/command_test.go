package alicloud

import (
	"runtime"
	"slices"
	"testing"
)

// A process_command is split at spaces, as the aliyun command line does, except in
// quotation marks.
func TestSplitCommand(t *testing.T) {
	for command, words := range map[string][]string{
		"helper":                          {"helper"},
		" helper\t--account  1\n":         {"helper", "--account", "1"},
		`"/opt/a helper" --account 'a b'`: {"/opt/a helper", "--account", "a b"},
		`helper --name=" x "y'z'`:         {"helper", "--name= x yz"},
		`helper '' ""`:                    {"helper", "", ""},
		`helper "it's" 'say "so"'`:        {"helper", "it's", `say "so"`},
		"helper $HOME `id` ; rm *":        {"helper", "$HOME", "`id`", ";", "rm", "*"},
		"helper é\u3000ü":                 {"helper", "é\u3000ü"},
		"":                                nil,
		" \t\n":                           nil,
		`helper "a`:                       nil,
		`helper 'a"`:                      nil,
	} {
		if got, err := splitCommand(command); !slices.Equal(got, words) || (err == nil) != (words != nil) {
			t.Errorf("%q is %q, want %q: %v", command, got, words, err)
		}
	}
	// On Windows, backslashes are part of paths.
	escaped := map[string][]string{`a\ b`: {"a b"}, `"a\"b"`: {`a"b`}, `'a\b'`: {`a\b`}, `a\\b`: {`a\b`}, `a\`: {`a\`}}
	if runtime.GOOS == "windows" {
		escaped = map[string][]string{`C:\helper.exe a`: {`C:\helper.exe`, "a"}}
	}
	for command, words := range escaped {
		if got, err := splitCommand(command); !slices.Equal(got, words) {
			t.Errorf("%q is %q, want %q: %v", command, got, words, err)
		}
	}
}
