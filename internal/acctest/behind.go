package acctest

import (
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
)

// proxies are the proxies for host names that have no address.
var (
	proxies sync.Map
	hosts   atomic.Int64
)

// Behind returns the URL of a server that can be reached only through a proxy. The clients
// of a provider in this process use the proxy; the aws block needs https_proxy.
func Behind(t testing.TB, proxy string) string {
	t.Helper()
	at, err := url.Parse(proxy)
	must(t, err)
	host := fmt.Sprintf("behind-%d.invalid", hosts.Add(1))
	proxies.Store(host, at)
	t.Cleanup(func() { proxies.Delete(host) })
	return "https://" + host
}

// proxyFor returns the proxy for a request.
func proxyFor(req *http.Request) (*url.URL, error) {
	if at, ok := proxies.Load(req.URL.Hostname()); ok {
		return at.(*url.URL), nil
	}
	return http.ProxyFromEnvironment(req)
}
