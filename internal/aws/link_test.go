package aws

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
)

// source gives credentials with this lifetime, or fails.
type source struct {
	lasts time.Duration
	err   error
	asked int
}

func (s *source) Retrieve(context.Context) (awssdk.Credentials, error) {
	s.asked++
	if s.err != nil {
		return awssdk.Credentials{}, s.err
	}
	return awssdk.Credentials{AccessKeyID: "id", SecretAccessKey: "secret", CanExpire: s.lasts != 0, Expires: time.Now().Add(s.lasts)}, nil
}

// Credentials are renewed minutes before they expire, and short ones after two thirds of
// their lifetime.
func TestCredentialsAreRenewedEarly(t *testing.T) {
	for lasts, early := range map[time.Duration]time.Duration{time.Hour: 5 * time.Minute, 15 * time.Minute: 5 * time.Minute, 6 * time.Minute: 2 * time.Minute, -time.Hour: 0} {
		l := newLink(&source{lasts: lasts})
		keys, err := l.cache.Retrieve(t.Context())
		if left := time.Until(keys.Expires); err != nil || left > lasts-early || left < lasts-early-time.Minute {
			t.Errorf("those of %s are renewed after %s: %v", lasts, left, err)
		}
	}
	static := &source{}
	l := newLink(static)
	for range 3 {
		if keys, err := l.cache.Retrieve(t.Context()); err != nil || keys.CanExpire {
			t.Errorf("those that do not end: %+v, %v", keys, err)
		}
	}
	if static.asked != 1 {
		t.Errorf("those that do not end were asked for %d times", static.asked)
	}
}

// If a renewal fails, the old credentials are used while they are valid.
func TestCredentialsThatCannotBeRenewed(t *testing.T) {
	failed := errors.New("failed")
	for lasts, used := range map[time.Duration]bool{time.Minute: true, -time.Second: false} {
		from := &source{lasts: lasts}
		l := newLink(from)
		if _, err := l.cache.Retrieve(t.Context()); err != nil {
			t.Fatal(err)
		}
		from.err = failed
		keys, err := l.HandleFailToRefresh(t.Context(), awssdk.Credentials{}, failed)
		if (err == nil) != used || used && time.Until(keys.Expires) > renewalPause {
			t.Errorf("those of %s: %+v, %v", lasts, keys, err)
		}
		if used {
			k := &keyring{links: []*link{l}}
			if !k.expired("id") {
				t.Error("those that can be renewed cannot")
			}
			if _, err := l.HandleFailToRefresh(t.Context(), awssdk.Credentials{}, failed); err == nil {
				t.Error("those that a service called expired are used")
			}
		}
	}
}

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
