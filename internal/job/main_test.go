package job_test

import (
	"os"
	"runtime/debug"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
)

// TestMain makes the garbage collector run as rarely as in the provider's process. It took
// a fourth of the time.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	os.Exit(acctest.Main(m))
}
