package delivery

import (
	"context"
	"net/url"
)

// Log writes to the provider's log. A nil Log writes nothing.
type Log func(ctx context.Context, message string, fields ...map[string]any)

// ClientMade describes a new client, without secrets. Unknown fields are "".
type ClientMade struct{ Service, Credentials, Endpoint, Region string }

// Made logs that a client was created. No request has been made at that time.
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
