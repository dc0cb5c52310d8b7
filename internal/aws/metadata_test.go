package aws

import (
	"net/http"
	"net/url"
	"testing"
)

// Metadata services send credentials in plain text, so no proxy may see them.
func TestMetadataServicesAreAskedDirectly(t *testing.T) {
	find := Config{HTTPProxy: "http://proxy.invalid:3128"}.proxy()
	for to, proxied := range map[string]bool{
		"http://169.254.169.254/latest/": false, "http://169.254.170.2/v2/": false, "http://169.254.170.23/v1/": false,
		"http://[fd00:ec2::254]/latest/": false, "http://[fd00:ec2::23]/v1/": false, "http://127.0.0.1:8080/": false,
		"http://sts.amazonaws.com/": true, "https://ssm.us-east-1.amazonaws.com/": true, "http://10.0.0.1/": true,
	} {
		u, err := url.Parse(to)
		if err != nil {
			t.Fatal(err)
		}
		proxy, err := find(&http.Request{URL: u})
		if err != nil || (proxy != nil) != proxied {
			t.Errorf("%s goes through %v, %v", to, proxy, err)
		}
	}
}
