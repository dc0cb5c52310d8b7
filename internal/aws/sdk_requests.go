package aws

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithymiddleware "github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// useOurClient adds middleware to the clients that the SDK makes on its own, for SSO,
// "aws login" and containers. It makes their requests with the HTTP client that
// all other requests use, because the SDK's own repeats a request: a read on a
// connection that the server has closed, and any request whose HTTP/2 stream is
// reset. The SDK makes these clients while it loads the configuration, before
// there is the other one.
func (s *stsSetup) useOurClient(stack *smithymiddleware.Stack) error {
	return stack.Deserialize.Add(smithymiddleware.DeserializeMiddlewareFunc("UseOurClient", func(ctx context.Context, in smithymiddleware.DeserializeInput, next smithymiddleware.DeserializeHandler) (smithymiddleware.DeserializeOutput, smithymiddleware.Metadata, error) {
		switch middleware.GetServiceID(ctx) {
		case sts.ServiceID, imds.ServiceID:
			// STS has a separate client here. The metadata service of EC2 is asked with
			// short timeouts.
			return next.HandleDeserialize(ctx, in)
		}
		answer, metadata, err := smithyhttp.NewClientHandlerWithOptions(s.sdkDoer).Handle(ctx, in.Request)
		return smithymiddleware.DeserializeOutput{RawResponse: answer}, metadata, err
	}), smithymiddleware.After)
}

// sdkDoer makes the requests of the clients that the SDK makes on its own.
type sdkDoer struct {
	delivery.Doer
	timeout time.Duration
}

// Do sends req and reads the answer whole.
func (d sdkDoer) Do(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(req.Context(), d.timeout)
	defer cancel()
	// The request is not the one that the credentials are for.
	ctx, trace := delivery.WithRequestTrace(ctx)
	resp, err := d.Doer.Do(req.WithContext(ctx))
	if err != nil && trace.Connected() {
		err = &lostAnswerError{err}
	}
	return resp, err
}

// lostAnswerError means that a source of credentials was asked, and that its answer
// was lost. It may answer the next time.
type lostAnswerError struct{ error }

// Unwrap returns how it was lost.
func (e *lostAnswerError) Unwrap() error { return e.error }

// watchSDKRequests adds middleware for the requests that the SDK makes on its own. It adds
// the credentials in these requests to the secrets, and limits the size of their
// answers, as for all other requests. It sees the request as it is sent, and the
// answer before the SDK reads it.
func (c Config) watchSDKRequests(stack *smithymiddleware.Stack) error {
	return stack.Deserialize.Add(smithymiddleware.DeserializeMiddlewareFunc("WatchSDKRequests", func(ctx context.Context, in smithymiddleware.DeserializeInput, next smithymiddleware.DeserializeHandler) (smithymiddleware.DeserializeOutput, smithymiddleware.Metadata, error) {
		if req, ok := in.Request.(*smithyhttp.Request); ok {
			c.Secrets.LearnFrom(req.Request)
			switch middleware.GetOperationName(ctx) {
			case "CreateToken", "CreateOAuth2Token": // of SSO, and of "aws login"
				c.hideMembers(req)
			}
		}
		out, metadata, err := next.HandleDeserialize(ctx, in)
		if resp, ok := out.RawResponse.(*smithyhttp.Response); ok && resp != nil && resp.Response != nil {
			delivery.LimitResponseBody(resp.Response)
		}
		return out, metadata, err
	}), smithymiddleware.After)
}

// hideMembers adds the secrets in the body of a request that renews a sign-in
// to the known secrets.
func (c Config) hideMembers(req *smithyhttp.Request) {
	body, err := io.ReadAll(req.GetStream())
	if err != nil || req.RewindStream() != nil {
		return
	}
	var members map[string]any
	if json.Unmarshal(body, &members) != nil {
		return
	}
	for name, value := range members {
		if text, ok := value.(string); ok && (strings.HasSuffix(name, "Token") || strings.HasSuffix(name, "Secret")) {
			c.Secrets.Hide(text)
		}
	}
}
