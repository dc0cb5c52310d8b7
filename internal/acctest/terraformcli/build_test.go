package terraformcli

import "testing"

// The remaining backends import only modules that go.mod has.
func TestWithoutInnerModules(t *testing.T) {
	gomod, backends := withoutInnerModules(`module github.com/hashicorp/terraform

require (
	github.com/hashicorp/hcl/v2 v2.24.0
	github.com/hashicorp/terraform/internal/backend/remote-state/s3 v0.0.0-00010101000000-000000000000
	github.com/hashicorp/terraform/internal/legacy v0.0.0-00010101000000-000000000000
)

replace github.com/hashicorp/terraform/internal/backend/remote-state/s3 => ./internal/backend/remote-state/s3

replace github.com/hashicorp/terraform/internal/legacy => ./internal/legacy
`, `import (
	"github.com/hashicorp/terraform/internal/backend"
	backendLocal "github.com/hashicorp/terraform/internal/backend/local"
	backendHTTP "github.com/hashicorp/terraform/internal/backend/remote-state/http"
	backendS3 "github.com/hashicorp/terraform/internal/backend/remote-state/s3"
)

		"local": func() backend.Backend { return backendLocal.New() },
		"http":  func() backend.Backend { return backendHTTP.New() },
		"s3":    func() backend.Backend { return backendS3.New() },
`)
	if want := `module github.com/hashicorp/terraform

require (
	github.com/hashicorp/hcl/v2 v2.24.0
)


`; gomod != want {
		t.Errorf("go.mod is %s", gomod)
	}
	if want := `import (
	"github.com/hashicorp/terraform/internal/backend"
	backendLocal "github.com/hashicorp/terraform/internal/backend/local"
	backendHTTP "github.com/hashicorp/terraform/internal/backend/remote-state/http"
)

		"local": func() backend.Backend { return backendLocal.New() },
		"http":  func() backend.Backend { return backendHTTP.New() },
`; backends != want {
		t.Errorf("the backends are %s", backends)
	}
}
