package delivery

import (
	"fmt"
	"strings"
	"unicode"
)

// plainWord matches words that no shell needs quoted.
var plainWord = LazyRegexp(`^[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+:,./=-]*$`)

// ShellWord returns a text quoted as one word of a shell command. Error
// messages suggest commands with names of targets in them. Without quotes, a
// crafted name could run other commands.
func ShellWord(text string) string {
	switch {
	case plainWord().MatchString(text):
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
