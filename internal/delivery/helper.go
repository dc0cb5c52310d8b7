package delivery

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"time"
	"unicode"
)

const (
	// helperTimeout is how long a credential helper may take.
	helperTimeout = time.Minute
	// helperDelay is how long processes that the helper has started may keep its
	// output open after the helper has ended or was killed.
	helperDelay = time.Second
	// longestHelp limits how many bytes a helper may print.
	longestHelp = 1 << 20
)

// HelperError means that a credential helper returned no usable credentials. It
// never shows the helper's standard output, which may contain credentials.
type HelperError struct {
	// Err says how the helper ended.
	Err error
	// Complaint is what the helper wrote to standard error, without words that look
	// like secrets.
	Complaint string
}

func (e *HelperError) Error() string {
	if e.Complaint == "" {
		return e.Err.Error()
	}
	return fmt.Sprintf("%s. It said: %s", e.Err, e.Complaint)
}

// Unwrap returns how the helper ended.
func (e *HelperError) Unwrap() error { return e.Err }

// RunHelper runs a credential helper and passes its output to use. The error of
// use must not show the output. Everything that the helper prints counts as
// secret, even if RunHelper fails. All errors are *HelperError.
func RunHelper(ctx context.Context, secrets *Redactor, command func(ctx context.Context) *exec.Cmd, use func(printed []byte) error) error {
	bounded, cancel := context.WithTimeout(ctx, helperTimeout)
	defer cancel()
	var printed, complaint limitedBuffer
	cmd := command(bounded)
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = nil, &printed, &complaint, helperDelay
	err := cmd.Run()
	for _, word := range strings.FieldsFunc(printed.String(), func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`"'{}:,`, r) }) {
		if len(word) >= leastProbable {
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
		err = fmt.Errorf("it printed more than %d MB", longestHelp>>20)
	case errors.As(err, &exit):
		err = fmt.Errorf("it ended with %w", exit)
	default:
		err = fmt.Errorf("it could not be run: %w", err)
	}
	said := secrets.Text(complaint.String())
	for _, word := range probableSecret.FindAllString(said, -1) {
		if strings.ContainsFunc(word, unicode.IsUpper) && strings.ContainsFunc(word, unicode.IsLower) && strings.ContainsFunc(word, unicode.IsDigit) {
			said = strings.ReplaceAll(said, word, hidden)
		}
	}
	return &HelperError{err, said}
}

// leastProbable is the length from which on an unknown word is treated as a
// secret. The member names in the output of helpers are shorter.
const leastProbable = 16

var probableSecret = regexp.MustCompile(`[A-Za-z0-9+/=_-]{24,}`)

var errTooMuch = errors.New("too much was written")

// limitedBuffer takes no more than longestHelp bytes.
type limitedBuffer struct{ bytes.Buffer }

// Write returns errTooMuch beyond the limit.
func (b *limitedBuffer) Write(p []byte) (int, error) {
	if b.Len()+len(p) > longestHelp {
		return 0, errTooMuch
	}
	return b.Buffer.Write(p)
}
