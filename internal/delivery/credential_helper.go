package delivery

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	// helperTimeout is how long a credential helper may take.
	helperTimeout = time.Minute
	// helperDelay is how long processes that the helper has started may keep its
	// output open after the helper has ended or was killed.
	helperDelay = time.Second
	// longestHelperOutput limits how many bytes a helper may print.
	longestHelperOutput = 1 << 20
	// mostWords limits the words of a helper's output. The output of a helper that
	// works has about ten.
	mostWords = 500
)

// RunHelper runs a credential helper and passes its output to use. The error of
// use must not show the output. The long words that the helper prints count as secrets
// from then on, even if RunHelper fails. An error says how the helper ended. It never shows
// its standard output, and of its standard error no words that are in the output or
// look like secrets.
func RunHelper(ctx context.Context, secrets *Redactor, command func(ctx context.Context) *exec.Cmd, use func(printed []byte) error) error {
	bounded, cancel := context.WithTimeout(ctx, helperTimeout)
	defer cancel()
	var printed, complaint limitedBuffer
	cmd := command(bounded)
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = nil, &printed, &complaint, helperDelay
	err := cmd.Run()
	words := printedWords(printed.Bytes())
	for _, word := range words[:min(len(words), mostWords)] {
		if len(word) >= longWord {
			secrets.Hide(word)
		}
	}
	exit := (*exec.ExitError)(nil)
	switch {
	case err == nil || errors.Is(err, exec.ErrWaitDelay):
		if err = use(printed.Bytes()); err == nil {
			return nil
		}
	case ctx.Err() != nil:
		err = fmt.Errorf("it was stopped: %w", context.Cause(ctx))
	case bounded.Err() != nil:
		err = fmt.Errorf("it did not end within %s", helperTimeout)
	case errors.Is(err, errTooMuch):
		err = fmt.Errorf("it printed more than %d MB", longestHelperOutput>>20)
	case errors.As(err, &exit):
		err = fmt.Errorf("it ended with %w", exit)
	default:
		err = fmt.Errorf("it could not be run: %w", err)
	}
	if said := complained(complaint.String(), words, secrets); said != "" {
		err = fmt.Errorf("%w. It said: %s", err, said)
	}
	return err
}

// complained returns what a helper wrote to standard error. It shows no word that the
// helper also printed, and nothing that looks like a secret.
func complained(complaint string, printed []string, secrets *Redactor) string {
	switch {
	case strings.TrimSpace(complaint) == "":
		return ""
	case len(printed) > mostWords:
		return "(not shown, because it printed too much to tell what is secret in this)"
	}
	// Text cuts a long complaint, and a secret with it, so what looks like a secret has to
	// be gone before. Text also removes characters that may hide a secret from the pattern.
	return withoutProbable(secrets.With(printed...).Text(withoutProbable(complaint)))
}

// withoutProbable returns a text without what looks like a secret.
func withoutProbable(text string) string {
	text = namedSecret().ReplaceAllString(text, "${1}"+hidden)
	return probableSecret().ReplaceAllStringFunc(text, func(word string) string {
		if strings.ContainsFunc(word, unicode.IsUpper) && strings.ContainsFunc(word, unicode.IsLower) && strings.ContainsFunc(word, unicode.IsDigit) {
			return hidden
		}
		return word
	})
}

// printedWords returns what a helper printed: the values of its JSON, and if it is not
// only JSON, all words. A secret may have the characters that separate words in it, so
// words are split in several ways. Words that are too short to be secrets are left out.
func printedWords(printed []byte) (words []string) {
	known := map[string]bool{}
	add := func(word string) {
		if !known[word] && utf8.RuneCountInString(word) >= MinSecretLength {
			known[word] = true
			words = append(words, word)
		}
	}
	var texts []string
	if !json.Valid(printed) {
		texts = append(texts, string(printed))
	}
	if begin := bytes.IndexAny(printed, "{["); begin >= 0 {
		var value any
		decoder := json.NewDecoder(bytes.NewReader(printed[begin:]))
		decoder.UseNumber()
		if decoder.Decode(&value) == nil {
			for _, text := range JSONTexts(value) {
				add(text)
				texts = append(texts, text)
			}
		}
	}
	for _, text := range texts {
		for _, separators := range []string{"", `"'`, "\"'{}[](),;:=&"} {
			for _, word := range strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(separators, r) }) {
				add(word)
			}
		}
	}
	slices.SortStableFunc(words, func(a, b string) int { return len(b) - len(a) })
	return words
}

// longWord is the length from which on a word that a helper printed is hidden in all
// texts, and not only in the helper's own. The names in the output of helpers and
// ordinary words are shorter.
const longWord = 16

var (
	// probableSecret matches words that may be keys or tokens.
	probableSecret = LazyRegexp(`[A-Za-z0-9+/_-]{24,}=*`)
	// namedSecret matches the value after the name of a secret, as in variables, options,
	// JSON and headers, and the password of a URL. Its group is what stands before it.
	namedSecret = LazyRegexp(`(?i)(` + secretName + `\s*=\s*["']?|--?` + secretName + `\s+|"` + secretName + `"\s*:\s*"|` +
		`\bauthorization:\s*(?:bearer|basic)\s+|://[^\s/@:]*:)[^\s"'&,;@*]{4,}`)
)

// secretName matches the name of a secret.
const secretName = `[\w-]*(?:secret|token|passw(?:or)?d|passphrase|pwd|credential|api[_-]?key|access[_-]?key)[\w-]*` //nolint:gosec // It matches names, and is no secret.

var errTooMuch = errors.New("too much was written")

// limitedBuffer stores at most longestHelperOutput bytes.
type limitedBuffer struct{ bytes.Buffer }

// Write returns errTooMuch beyond the limit.
func (b *limitedBuffer) Write(p []byte) (int, error) {
	if b.Len()+len(p) > longestHelperOutput {
		return 0, errTooMuch
	}
	return b.Buffer.Write(p)
}
