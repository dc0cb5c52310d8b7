package delivery

import "fmt"

// NextWasRead makes a read's attempt Unknown, because the next page, or what else the answer
// names as next, was read before. Otherwise the reads would go on until the timeout.
func NextWasRead(read Attempt, what string) Attempt {
	read.Outcome, read.Err = Unknown, fmt.Errorf("the answer names a %s that was read already as the next one", what)
	return read
}

// Pages reads the pages of a list, until one is not accepted or there is no next one. read
// gets the token of a page, "" for the first, and returns that of the next page, "" for
// none. The attempt is the last one. It is unknown if the list repeats a token.
func Pages(read func(token string) (next string, attempt Attempt)) Attempt {
	seen := map[string]bool{}
	for token := ""; ; {
		next, attempt := read(token)
		if attempt.Outcome != Accepted || next == "" {
			return attempt
		}
		if seen[next] {
			return NextWasRead(attempt, "page")
		}
		seen[next], token = true, next
	}
}
