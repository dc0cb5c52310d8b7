package aws_test

import (
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
)

// The protocol decides which answers count as the service's own.
func TestOwnAnswers(t *testing.T) {
	const (
		signalled = `<SignalResourceResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></SignalResourceResponse>`
		refused   = `<?xml version="1.0"?><ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type><Code>ValidationError</Code></Error></ErrorResponse>`
	)
	for body, own := range map[string]struct{ json, xml bool }{
		``:                       {json: true},
		`{}`:                     {json: true},
		`{"approvedAt": 1.5}`:    {json: true},
		`{"approvedAt":`:         {},
		`[]`:                     {},
		`"ok"`:                   {},
		signalled:                {xml: true},
		refused:                  {xml: true},
		signalled[:100]:          {},
		signalled + `<a>`:        {},
		signalled + signalled:    {},
		signalled + `proxy`:      {},
		`proxy` + signalled:      {},
		" \n" + signalled + "\n": {xml: true},
		`<Response/>`:            {},
		`<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body><SignalResourceResponse/></Body></Envelope>`: {},
		`<Error><Code>AccessDenied</Code></Error>`: {},
		`<html><body>Log in</body></html>`:         {},
		`<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body><p>Response</p></body></html>`: {},
		`<!DOCTYPE html><html><body><br></body></html>`:                                                       {},
		`proxy`:    {},
		`Response`: {},
	} {
		if got := aws.IsJSON([]byte(body)); got != own.json {
			t.Errorf("JSON of a service: %t of %s", got, body)
		}
		if got := aws.IsXML([]byte(body)); got != own.xml {
			t.Errorf("XML of a service: %t of %s", got, body)
		}
	}
}
