package job_test

import (
	"os"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest"
)

func TestMain(m *testing.M) {
	os.Exit(acctest.Main(m))
}
