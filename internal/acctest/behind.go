package acctest

import (
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
)

// proxies are those by which hosts are reached that have no address, by their names.
var (
	proxies sync.Map
	hosts   atomic.Int64
)

// Behind is the URL of a server that only a proxy leads to. The clients of a provider
// in this process ask it; the aws block needs its https_proxy.
func Behind(t testing.TB, proxy string) string {
	t.Helper()
	at, err := url.Parse(proxy)
	must(t, err)
	host := fmt.Sprintf("behind-%d.invalid", hosts.Add(1))
	proxies.Store(host, at)
	t.Cleanup(func() { proxies.Delete(host) })
	return "https://" + host
}

// proxyFor finds the proxy for a request.
func proxyFor(req *http.Request) (*url.URL, error) {
	if at, ok := proxies.Load(req.URL.Hostname()); ok {
		return at.(*url.URL), nil
	}
	return http.ProxyFromEnvironment(req)
}
