package aws

import (
	"context"
	"encoding/json"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	smithymiddleware "github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// watch adds middleware for the requests that the SDK makes on its own, with
// its own connections. It adds the credentials in these requests to the
// secrets, and limits the size of their answers, as for all other requests. It
// sees the request as it is sent, and the answer before the SDK reads it.
func (c Config) watch(stack *smithymiddleware.Stack) error {
	return stack.Deserialize.Add(smithymiddleware.DeserializeMiddlewareFunc("Watch", func(ctx context.Context, in smithymiddleware.DeserializeInput, next smithymiddleware.DeserializeHandler) (smithymiddleware.DeserializeOutput, smithymiddleware.Metadata, error) {
		if req, ok := in.Request.(*smithyhttp.Request); ok {
			c.Secrets.Observe(req.Request)
			switch middleware.GetOperationName(ctx) {
			case "CreateToken", "CreateOAuth2Token": // of SSO, and of "aws login"
				c.hideMembers(req)
			}
		}
		out, metadata, err := next.HandleDeserialize(ctx, in)
		if resp, ok := out.RawResponse.(*smithyhttp.Response); ok && resp != nil && resp.Response != nil {
			delivery.Bound(resp.Response)
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
