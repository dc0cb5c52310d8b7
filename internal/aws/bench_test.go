package aws_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/aws"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// prompt reads every request and answers it at once, as SSM does.
type prompt struct{}

func (prompt) Do(req *http.Request) (*http.Response, error) {
	if _, err := io.Copy(io.Discard, req.Body); err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: http.StatusOK, Request: req, Body: io.NopCloser(strings.NewReader("{}")),
		Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amzn-Requestid": {"7f9c1b1e-0000-4000-8000-000000000000"}},
	}, nil
}

// BenchmarkEncode makes a signal's request, signs it and reads its answer, without a network.
func BenchmarkEncode(b *testing.B) {
	clients := aws.NewClients(aws.Config{Region: "us-east-1", AccessKey: "access-key", SecretKey: "secret-key", UserAgent: "terraform-provider-signal/bench"})
	service := aws.Service[*ssm.Client]{Name: "ssm", IsOwn: aws.IsJSON, NewClient: func(cfg awssdk.Config) *ssm.Client {
		cfg.HTTPClient = delivery.Client{Doer: prompt{}}
		return ssm.NewFromConfig(cfg)
	}}
	client, err := service.Client(b.Context(), clients, "")
	if err != nil {
		b.Fatal(err)
	}
	input := &ssm.SendAutomationSignalInput{
		AutomationExecutionId: awssdk.String("00000000-0000-4000-8000-000000000000"),
		SignalType:            types.SignalTypeApprove,
		Payload:               map[string][]string{"Comment": {"Looks good"}},
	}
	for b.Loop() {
		attempt := aws.Send(b.Context(), client.SendAutomationSignal, input)
		if attempt.Outcome != delivery.Accepted {
			b.Fatal(attempt.Err)
		}
	}
}
