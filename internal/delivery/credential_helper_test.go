package delivery_test

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// A helper's error message is shown without the helper's output, however short that is and
// whatever is around it, and without what looks like a secret.
func TestComplaintsOfHelpers(t *testing.T) {
	const printed = `{"Version":1,"AccessKeyId":"AKIA","SecretAccessKey":"s3cr3t/x=","SessionToken":"tok:en,1","Pin":4711,"Note":"two w\u00f6rds"}`
	for name, test := range map[string]struct{ printed, complaint, want string }{
		"values of JSON":                   {printed, "AKIA, s3cr3t/x= and tok:en,1 and 4711 and two wörds", "***, *** and *** and *** and ***"},
		"names of JSON are no secrets":     {printed, "no SecretAccessKey in Version 1", "no SecretAccessKey in Version 1"},
		"a value in another word":          {printed, "pin=4711&key=AKIA;x", "pin=***&key=***;x"},
		"a value in base64":                {printed, "czNjcjN0L3g9 it was", "*** it was"},
		"a value, escaped":                 {printed, `s3cr3t%2Fx%3D and "s3cr3t\/x="`, `*** and "***"`},
		"variables":                        {"SECRET=abcd\nTOKEN='ef gh ijkl'\n", "abcd, ijkl", "***, ***"},
		"a line before the JSON":           {"hello hunter2\n" + printed, "hunter2 and s3cr3t/x= again", "*** and *** again"},
		"half of the JSON":                 {`{"SecretAccessKey":"hunter2","Sess`, "got hunter2", "got ***"},
		"words that are too short":         {"to be or not", "not to be", "not to be"},
		"nothing":                          {"", "no credentials for you: sign in first", "no credentials for you: sign in first"},
		"a long key":                       {"", "key Unto1dSecretOfFortyCharacters/AndMore+Ones== refused", "key *** refused"},
		"a short password":                 {"", "login failed: password=hunter2, user=me", "login failed: password=***, user=me"},
		"a short token of JSON":            {"", `sent {"user": "me", "refresh_token": "abcd1"}`, `sent {"user": "me", "refresh_token": "***"}`},
		"an option":                        {"", "usage: helper --api-key abcd1 --user me", "usage: helper --api-key *** --user me"},
		"a header":                         {"", "> Authorization: Bearer abcd1", "> Authorization: Bearer ***"},
		"the password of a URL":            {"", "cannot reach http://me:hunter2@proxy:3128/", "cannot reach http://me:***@proxy:3128/"},
		"a key that the cut would go into": {"", strings.Repeat("word ", 300) + "Unto1dSecretOfFortyCharacters/AndMore+Ones " + strings.Repeat("more ", 300), ""},
		"too much to tell":                 {manyWords(), "hunter2", "(not shown, because it printed too much to tell what is secret in this)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			used := errors.New("not used")
			err := delivery.RunHelper(t.Context(), delivery.NewRedactor(), func(ctx context.Context) *exec.Cmd {
				cmd := exec.CommandContext(ctx, "sh", "-c", `printf '%s' "$PRINTED"; printf '%s' "$COMPLAINT" >&2`)
				cmd.Env = []string{"PRINTED=" + test.printed, "COMPLAINT=" + test.complaint}
				return cmd
			}, func(got []byte) error {
				if string(got) != test.printed {
					t.Errorf("it printed %q", got)
				}
				return used
			})
			if !errors.Is(err, used) {
				t.Fatal(err)
			}
			_, complaint, _ := strings.Cut(err.Error(), "not used. It said: ")
			if test.want != "" && complaint != test.want || strings.Contains(err.Error(), "Unto1d") {
				t.Errorf("it said %q, want %q", complaint, test.want)
			}
		})
	}
}

func manyWords() string {
	var words strings.Builder
	for a := 'a'; a <= 'z'; a++ {
		for b := 'a'; b <= 'z'; b++ {
			words.WriteString("word" + string(a) + string(b) + " ")
		}
	}
	return words.String()
}

// Unusual words of a helper's output are hidden everywhere, and ordinary ones are not.
func TestWhatHelpersPrintIsSecret(t *testing.T) {
	secrets := delivery.NewRedactor()
	_ = delivery.RunHelper(t.Context(), secrets, func(ctx context.Context) *exec.Cmd {
		return exec.CommandContext(ctx, "sh", "-c", `echo 'connection refused, TOKEN=AQoDYXdzEJr1K-canary'; exit 1`)
	}, nil)
	if got := secrets.Text("connection refused by AQoDYXdzEJr1K-canary"); got != "connection refused by ***" {
		t.Errorf("it said %q", got)
	}
}
