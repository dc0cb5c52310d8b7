package delivery

import "errors"

// errPagesRepeat is the error for a list whose pages go round in a circle.
var errPagesRepeat = errors.New("the answer names a page that was read already as the next one")

// Pages reads the pages of a list, until one is not accepted or there is no next one. read
// gets the token of a page, "" for the first, and returns that of the next page, "" for
// none. The attempt is the last one. It is unknown if the list repeats a token: reading on
// would load the service until the timeout.
func Pages(read func(token string) (next string, attempt Attempt)) Attempt {
	seen := map[string]bool{}
	for token := ""; ; {
		next, attempt := read(token)
		if attempt.Outcome != Accepted || next == "" {
			return attempt
		}
		if seen[next] {
			attempt.Outcome, attempt.Err = Unknown, errPagesRepeat
			return attempt
		}
		seen[next], token = true, next
	}
}
