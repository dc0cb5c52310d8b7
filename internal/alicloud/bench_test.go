package alicloud_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	ros "github.com/alibabacloud-go/ros-20190910/v4/client"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/alibabacloud-go/tea/tea"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/alicloud"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// prompt answers every request at once, as ROS does.
type prompt struct{}

// Call is how the SDK wants its connections.
func (p prompt) Call(req *http.Request, _ *http.Transport) (*http.Response, error) {
	return delivery.Client{Doer: p}.Do(req)
}

func (prompt) Do(req *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Request: req, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(`{"RequestId":"B288A0BE-D927-4888-B0F7-B35EF84B6E6F"}`)),
	}, nil
}

// BenchmarkEncode makes a signal's request, signs it and reads its answer, without a network.
func BenchmarkEncode(b *testing.B) {
	clients := alicloud.NewClients(alicloud.Config{Region: "cn-hangzhou", AccessKey: "access-key", SecretKey: "secret-key", UserAgent: "terraform-provider-signal/bench"})
	request := &ros.SignalResourceRequest{
		RegionId:          tea.String("cn-hangzhou"),
		StackId:           tea.String("4a6c9851-3b0f-4f5f-b4ca-a14bf691****"),
		LogicalResourceId: tea.String("Deployed"),
		Status:            tea.String("SUCCESS"),
		UniqueId:          tea.String("00000000-0000-4000-8000-000000000000"),
		ClientToken:       tea.String("00000000-0000-4000-8000-000000000001"),
	}
	for b.Loop() {
		attempt := alicloud.SendWithToken(b.Context(), clients, alicloud.Service{Name: "ros", Host: "ros.aliyuncs.com"}, func(ctx context.Context, config *openapi.Config) (string, error) {
			config.HttpClient = prompt{}
			client, err := ros.NewClient(config)
			if err != nil {
				return "", err
			}
			out, err := client.SignalResourceWithContext(ctx, request, &dara.RuntimeOptions{})
			if err != nil {
				return "", err
			}
			return tea.StringValue(out.Body.RequestId), nil
		})
		if attempt.Outcome != delivery.Accepted {
			b.Fatal(attempt.Err)
		}
	}
}
