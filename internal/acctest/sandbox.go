package acctest

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// Sandbox starts a sandbox that ends with the test.
func Sandbox(t testing.TB, options sandbox.Options) *sandbox.Sandbox {
	t.Helper()
	if options.Temporal == nil {
		options.Temporal = TemporalURL
	}
	s := sandbox.New(options)
	must(t, s.Start("127.0.0.1:0"))
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

// SandboxToRefuse is Sandbox on a port that the system gives nobody by chance, so
// that nobody else answers there while the sandbox refuses connections.
func SandboxToRefuse(t testing.TB, options sandbox.Options) *sandbox.Sandbox {
	t.Helper()
	if options.Temporal == nil {
		options.Temporal = TemporalURL
	}
	s := sandbox.New(options)
	for {
		// Below what systems hand out, which begins with 32768 at the lowest.
		err := s.Start(fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(10000)))
		if err == nil {
			break
		}
		if t.Context().Err() != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

// SandboxTLS is Sandbox with a certificate that nobody trusts.
func SandboxTLS(t testing.TB, options sandbox.Options) *sandbox.Sandbox {
	t.Helper()
	if options.Temporal == nil {
		options.Temporal = TemporalURL
	}
	s := sandbox.New(options)
	must(t, s.StartTLS("127.0.0.1:0"))
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

// SandboxHTTP2 is Sandbox behind TLS, for clients that speak HTTP/2. The clients of a
// provider in this process trust it; the aws block needs its Authority.
func SandboxHTTP2(t testing.TB, options sandbox.Options) *sandbox.Sandbox {
	t.Helper()
	if options.Temporal == nil {
		options.Temporal = TemporalURL
	}
	s := sandbox.New(options)
	must(t, s.StartHTTP2("127.0.0.1:0", authority().certificate))
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

// AWS is the provider's aws block for a server at url.
func AWS(url string) Values {
	return Values{
		"custom_ca_bundle": Authority(),
		"region":           "us-east-1", "access_key": "sandbox-access-key", "secret_key": "sandbox-secret-key",
		"endpoints": endpoints("aws", url),
	}
}

// Alicloud is the provider's alicloud block for a server at url.
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

// Block is a provider block for a server at url that speaks all services.
func Block(url string) Values {
	return Values{
		"aws":             AWS(url),
		"alicloud":        Alicloud(url),
		"temporal":        Values{"address": url, "api_key": "sandbox-api-key"},
		"cloud_automator": Values{"api_key": "sandbox-api-key", "endpoint": url + "/api/v1/"},
	}
}
