package job_test

import (
	"os"
	"runtime/debug"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
)

// TestMain has the garbage collector run as seldom as in the provider's own process. It took a fourth of the time.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	os.Exit(acctest.Main(m))
}
