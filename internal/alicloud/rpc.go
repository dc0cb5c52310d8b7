package alicloud

import (
	"context"
	"fmt"

	sdk "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/alibabacloud-go/tea/tea"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// Request makes one attempt of an operation, with the SDK core that all SDKs of Alibaba
// Cloud share. It leaves out empty parameters. The answer is set if the attempt is
// accepted. An unknown outcome is repeatable only with a ClientToken.
func Request[T any](ctx context.Context, c Client, operation string, parameters map[string]string) (answer T, attempt delivery.Attempt) {
	parameters["RegionId"] = c.Region
	attempt = c.request(ctx, operation, parameters, &answer)
	return answer, attempt
}

// request is Request without the type parameter, so that it is compiled once.
func (c Client) request(ctx context.Context, operation string, parameters map[string]string, answer any) delivery.Attempt {
	c.clients.tell(ctx, c)
	with, err := c.clients.keys(ctx)
	if err != nil {
		return delivery.AttemptWithoutCredentials(err)
	}
	attempt := c.clients.judge(with, send(ctx, func(ctx context.Context) (string, error) {
		var out struct {
			RequestID string `json:"RequestId"`
		}
		err := rpc(ctx, c.clients.client(c.Service, with), c.Service.Version, operation, "AK", parameters, nil, &out, answer)
		return out.RequestID, err
	}))
	// The vendor's rule for requests with a ClientToken is to repeat them after a server
	// error or no result, but not after a 4xx.
	attempt.Repeatable = attempt.Repeatable && parameters["ClientToken"] != ""
	return attempt
}

// rpc makes one request to an API of the style RPC, and decodes its answer into each of
// outs. It calls DoRequestWithCtx, as CallApiWithCtx does for the present signature. With
// CallApiWithCtx the linker keeps the code for all older signatures, too.
func rpc(ctx context.Context, client *sdk.Client, version, operation, auth string, query, body map[string]string, outs ...any) error {
	request := &openapi.OpenApiRequest{Query: filled(query)}
	if body != nil {
		request.Body = openapi.ParseToMap(filled(body))
	}
	answer, err := client.DoRequestWithCtx(ctx, &openapi.Params{
		Action: tea.String(operation), Version: tea.String(version), Protocol: tea.String("HTTPS"),
		Pathname: tea.String("/"), Method: tea.String("POST"), AuthType: tea.String(auth), Style: tea.String("RPC"),
		ReqBodyType: tea.String("formData"), BodyType: tea.String("json"),
	}, request, &dara.RuntimeOptions{})
	if err != nil {
		return err
	}
	for _, out := range outs {
		if err := dara.Convert(answer["body"], out); err != nil {
			return fmt.Errorf("the answer cannot be read: %w", err)
		}
	}
	return nil
}

// filled returns the parameters that are not empty.
func filled(parameters map[string]string) map[string]*string {
	some := map[string]*string{}
	for name, value := range parameters {
		if value != "" {
			some[name] = tea.String(value)
		}
	}
	return some
}
