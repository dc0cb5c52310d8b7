package delivery

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// plainWord is what every shell takes as it is.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+:,./=-]*$`)

// ShellWord is a text as one word of a shell's command line, for commands that advice
// offers: whoever named a target is not to say what else is run.
func ShellWord(text string) string {
	switch {
	case plainWord.MatchString(text):
		return text
	case !strings.ContainsFunc(text, notPrinted):
		return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
	}
	var word strings.Builder
	for _, b := range []byte(text) {
		if b >= ' ' && b < 0x7f && b != '\'' && b != '\\' {
			word.WriteByte(b)
		} else {
			fmt.Fprintf(&word, `\x%02x`, b)
		}
	}
	return "$'" + word.String() + "'"
}

func notPrinted(r rune) bool { return !unicode.IsPrint(r) }
