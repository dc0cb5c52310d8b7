package acctest

import (
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// Sandbox starts a sandbox that ends with the test.
func Sandbox(t testing.TB, options sandbox.Options) *sandbox.Sandbox {
	t.Helper()
	return started(t, options, func(s *sandbox.Sandbox) error { return s.Start("127.0.0.1:0") })
}

// SandboxToRefuse is like Sandbox, for tests in which it refuses connections.
func SandboxToRefuse(t testing.TB, options sandbox.Options) *sandbox.Sandbox {
	t.Helper()
	return started(t, options, (*sandbox.Sandbox).StartToRefuse)
}

// SandboxTLS is like Sandbox, with a certificate that no client trusts.
func SandboxTLS(t testing.TB, options sandbox.Options) *sandbox.Sandbox {
	t.Helper()
	return started(t, options, func(s *sandbox.Sandbox) error { return s.StartTLS("127.0.0.1:0") })
}

// SandboxHTTP2 is like Sandbox, with TLS and HTTP/2. The clients of a provider in this
// process trust it; the aws block needs Authority.
func SandboxHTTP2(t testing.TB, options sandbox.Options) *sandbox.Sandbox {
	t.Helper()
	return started(t, options, func(s *sandbox.Sandbox) error { return s.StartHTTP2("127.0.0.1:0", authority().certificate) })
}

// started starts a sandbox, before the real Temporal server unless the options have
// another one, and closes it when the test ends.
func started(t testing.TB, options sandbox.Options, start func(*sandbox.Sandbox) error) *sandbox.Sandbox {
	t.Helper()
	if options.Temporal == nil {
		options.Temporal = TemporalURL
	}
	s := sandbox.New(options)
	must(t, start(s))
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

// AWS returns an aws block for a server at url.
func AWS(url string) Values {
	return Values{
		"custom_ca_bundle": Authority(),
		"region":           "us-east-1", "access_key": "sandbox-access-key", "secret_key": "sandbox-secret-key",
		"endpoints": endpoints("aws", url),
	}
}

// Alicloud returns an alicloud block for a server at url.
func Alicloud(url string) Values {
	return Values{
		"region": "cn-hangzhou", "access_key": "sandbox-access-key", "secret_key": "sandbox-secret-key",
		"endpoints": endpoints("alicloud", url),
	}
}

func endpoints(block, url string) Values {
	values := Values{}
	for _, name := range systems.Endpoints(block) {
		values[name] = url
	}
	return values
}

// Block returns a provider block for a server at url that has all services.
func Block(url string) Values {
	return Values{
		"aws":             AWS(url),
		"alicloud":        Alicloud(url),
		"temporal":        Values{"address": url, "api_key": "sandbox-api-key"},
		"cloud_automator": Values{"api_key": "sandbox-api-key", "endpoint": url + "/api/v1/"},
	}
}
