package delivery

import (
	"context"
	"net/url"
)

// Log tells users who look for trouble what is done. A nil Log tells nobody.
type Log func(ctx context.Context, message string, fields ...map[string]any)

// ClientMade is what a client uses, in words without secrets; "" for what there is not.
type ClientMade struct{ Service, Credentials, Endpoint, Region string }

// Made tells that a client was made. Nobody has been asked for anything at that time.
func (l Log) Made(ctx context.Context, client ClientMade) {
	if l == nil {
		return
	}
	if at, err := url.Parse(client.Endpoint); err == nil && at.Host != "" {
		// The rest may hold a password.
		client.Endpoint = at.Scheme + "://" + at.Host
	}
	fields := map[string]any{}
	for name, value := range map[string]string{"service": client.Service, "credentials": client.Credentials, "endpoint": client.Endpoint, "region": client.Region} {
		if value != "" {
			fields[name] = value
		}
	}
	l(ctx, "made a client", fields)
}
