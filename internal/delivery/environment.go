package delivery

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
)

// ExpandPath replaces "~/" at the beginning of a path and environment variables,
// such as $HOME, in it.
func ExpandPath(path string) string {
	path = os.ExpandEnv(path)
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	return path
}

// CheckFile returns an error if a file that the user has named cannot be read. SDKs
// ignore some of these files, and would go on to the next source of credentials.
// named is the argument or the variable that names the file.
func CheckFile(named, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("reading the file that %s names: %w", named, err)
	}
	defer func() { _ = file.Close() }()
	if info, err := file.Stat(); err == nil && info.IsDir() {
		return fmt.Errorf("reading the file that %s names: %s is a directory", named, path)
	}
	return nil
}

// FirstEnv returns the value and the name of the first environment variable that is
// set.
func FirstEnv(names ...string) (value, name string) {
	for _, name := range names {
		if value := os.Getenv(name); value != "" {
			return value, name
		}
	}
	return "", ""
}

// IsLoopback reports whether a host is this machine: a loopback address or localhost.
func IsLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback() || strings.EqualFold(host, "localhost")
}

// UnknownValueError is the name of a provider argument whose value is needed and not
// known yet.
type UnknownValueError string

// Error says what the user can do.
func (e UnknownValueError) Error() string {
	return "the provider's " + string(e) + " is not known yet: apply what it depends on first"
}
