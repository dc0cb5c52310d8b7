package alicloud

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// prompt answers every request at once, as ROS does.
type prompt struct{}

func (prompt) Do(req *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Request: req, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(`{"RequestId":"B288A0BE-D927-4888-B0F7-B35EF84B6E6F"}`)),
	}, nil
}

// BenchmarkEncode makes a signal's request, signs it and reads its answer, without a network.
func BenchmarkEncode(b *testing.B) {
	clients := NewClients(Config{Region: "cn-hangzhou", AccessKey: "access-key", SecretKey: "secret-key", UserAgent: "terraform-provider-signal/bench"})
	clients.pool = httpClient{delivery.Client{Doer: prompt{}}}
	for b.Loop() {
		_, attempt := Request[struct{}](b.Context(), Service{Name: "ros", Host: "ros.aliyuncs.com", Version: "2019-09-10"}.Client(clients, "cn-beijing"), "SignalResource", map[string]string{
			"RegionId":          "cn-hangzhou",
			"StackId":           "4a6c9851-3b0f-4f5f-b4ca-a14bf691****",
			"LogicalResourceId": "Deployed",
			"Status":            "SUCCESS",
			"UniqueId":          "00000000-0000-4000-8000-000000000000",
			"ClientToken":       "00000000-0000-4000-8000-000000000001",
		})
		if attempt.Outcome != delivery.Accepted {
			b.Fatal(attempt.Err)
		}
	}
}
