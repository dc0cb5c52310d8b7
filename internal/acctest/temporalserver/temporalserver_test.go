package temporalserver_test

import (
	"context"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/temporalserver"
)

// In these tests, the binary of the test is a server that panics before it is ready. The
// file that this variable names has the number of panics.
const failures = "TEST_SERVER_FAILURES"

func TestMain(m *testing.M) {
	if path := os.Getenv(failures); path != "" {
		serve(path)
		return
	}
	os.Exit(m.Run())
}

func serve(path string) {
	text, _ := os.ReadFile(path)
	left, _ := strconv.Atoi(string(text))
	if left > 0 {
		_ = os.WriteFile(path, []byte(strconv.Itoa(left-1)), 0o600)
		panic("address already in use")
	}
	_, _ = os.Stdout.WriteString(`{"http": "http://127.0.0.1:1", "grpc": "127.0.0.1:2"}` + "\n")
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func TestStart(t *testing.T) {
	for name, test := range map[string]struct {
		failures int
		says     string
	}{
		"a server that starts":                {0, ""},
		"a server that loses its ports twice": {2, ""},
		"a server that never starts":          {100, "address already in use"},
	} {
		t.Run(name, func(t *testing.T) {
			path := t.TempDir() + "/failures"
			if err := os.WriteFile(path, []byte(strconv.Itoa(test.failures)), 0o600); err != nil {
				t.Fatal(err)
			}
			t.Setenv(failures, path)
			server, err := temporalserver.Start(context.Background(), os.Args[0])
			if test.says != "" {
				if err == nil || !strings.Contains(err.Error(), test.says) {
					t.Fatalf("Start said %v, want %q", err, test.says)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if server.HTTP != "http://127.0.0.1:1" {
				t.Errorf("HTTP is %q", server.HTTP)
			}
			if err := server.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
