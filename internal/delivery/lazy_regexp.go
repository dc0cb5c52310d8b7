package delivery

import (
	"regexp"
	"sync"
)

// LazyRegexp returns a function that compiles the regular expression in its first call, and
// panics if it cannot be compiled. A plan or apply starts the provider several times, and
// each time needs few of its regular expressions.
func LazyRegexp(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}
