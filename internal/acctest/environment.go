package acctest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// Quick returns the retry policy of tests, for one provider. Its short durations pass in
// pauses only. Durations that no test waits for are so long that they do not pass on a busy
// machine either. An attempt is shorter than the minutes that tests of evidence put between
// two similar signals.
func Quick() delivery.RetryPolicy {
	return delivery.RetryPolicy{
		FirstPause:         5 * time.Millisecond,
		LongestPause:       50 * time.Millisecond,
		UnreachableTimeout: 200 * time.Millisecond,
		AttemptTimeout:     2 * time.Minute,
		FirstPoll:          time.Millisecond,
		LongestPoll:        15 * time.Millisecond,
		Settle:             30 * time.Millisecond,
		Clock:              NewPauseClock(counted),
	}
}

// Briefly has timeouts for operations that would never end.
var Briefly = within(BriefTimeout)

const (
	// BriefTimeout is each of these timeouts.
	BriefTimeout = "3s"
	// counted is the longest timeout that passes in pauses only. Whatever shorter timeout
	// a test gives, a busy machine does not use it up. A longer one is never used up.
	counted = 30 * time.Second
)

// Patiently has timeouts for operations that end without one. A test with them fails if the
// operation waits.
var Patiently = within("5m")

func within(timeout string) Values {
	return Values{"timeouts": Values{"create": timeout, "update": timeout, "delete": timeout}}
}

// foreign are the prefixes of environment variables that a user may have set and that would
// change a test.
var foreign = []string{
	"AWS_", "ALIBABA", "ALICLOUD_", "CLOUD_AUTOMATOR_", "CLOUDAUTOMATOR_", "TEMPORAL_",
	"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy",
	"TF_LOG", "TF_VAR_", "TF_CLI", "TF_REATTACH", "TF_PLUGIN", "TF_DATA_DIR", "TF_WORKSPACE",
}

// home is a directory that Main creates and removes.
var home string

// Main runs the tests of a package without the user's credentials, configuration files,
// proxies or metadata address. It returns the exit code, which is not 0 if a goroutine is
// still running at the end.
func Main(m *testing.M) int {
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		for _, prefix := range foreign {
			if strings.HasPrefix(name, prefix) {
				check(os.Unsetenv(name))
			}
		}
	}
	var err error
	home, err = os.MkdirTemp("", "acctest")
	check(err)
	defer os.RemoveAll(home)
	nothing := filepath.Join(home, "nothing")
	check(os.WriteFile(nothing, nil, 0o600))
	terraformrc := filepath.Join(home, "terraformrc")
	check(os.WriteFile(terraformrc, nil, 0o600))
	// Only names in the hosts file have an address, and no query leaves the machine.
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) { return &nowhere{}, nil }}
	for name, value := range map[string]string{
		"AWS_EC2_METADATA_DISABLED":   "true",
		"AWS_CONFIG_FILE":             nothing,
		"AWS_SHARED_CREDENTIALS_FILE": nothing,
		"TF_CLI_CONFIG_FILE":          terraformrc,
		"CHECKPOINT_DISABLE":          "1",
		// Tests that need a terraform binary fail without one; they never skip.
		"TF_ACC": "1",
	} {
		check(os.Setenv(name, value))
	}
	changeDefaultTransport()
	code := m.Run()
	if code != 0 {
		return code
	}
	if err := leak(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// leak finds what a test has started and what does not end. Connections end when the
// sandbox closes, and a busy machine needs time for it. goleak gives up after half a second
// and has no option for that, so it looks for about a minute.
func leak() (err error) {
	for range 120 {
		if err = goleak.Find(); err == nil {
			return nil
		}
	}
	return err
}

// nowhere is a name server that answers that no name exists.
type nowhere struct {
	net.Conn
	answer bytes.Buffer
}

// Write takes a query with its length before it, and answers it: with the bit for an
// answer, and NXDOMAIN (RFC 1035, sections 4.1.1 and 4.2.2).
func (n *nowhere) Write(query []byte) (int, error) {
	answer := bytes.Clone(query)
	answer[4], answer[5] = answer[4]|0x80, 0x83
	return n.answer.Write(answer)
}

func (n *nowhere) Read(b []byte) (int, error)  { return n.answer.Read(b) }
func (n *nowhere) SetDeadline(time.Time) error { return nil }
func (n *nowhere) Close() error                { return nil }

func check(err error) {
	if err != nil {
		panic(err)
	}
}
