package alicloud

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	sdk "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/alibabacloud-go/tea/tea"
	"github.com/aliyun/credentials-go/credentials/providers"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// defaultSession is the session name that the alicloud provider uses.
const defaultSession = "terraform"

// roleError means that a role could not be assumed.
type roleError struct {
	role    string
	attempt delivery.Attempt
}

func (e *roleError) Error() string {
	said := e.attempt.Err.Error()
	if e.attempt.Code != "" {
		said = fmt.Sprintf("STS answered %s: %s", e.attempt.Code, e.attempt.Message)
	}
	return fmt.Sprintf("assuming the role %s: %s", e.role, said)
}

func (e *roleError) Unwrap() error { return e.attempt.Err }

// assume asks STS for the keys of a role. credentials-go could do so, too, but
// neither ends with a context nor goes to an endpoint without TLS.
func (c *Clients) assume(ctx context.Context, with keys, role AssumeRole) (keys, error) {
	query := map[string]*string{
		"RoleArn":         tea.String(role.RoleARN),
		"RoleSessionName": tea.String(cmp.Or(role.SessionName, defaultSession)),
	}
	for name, value := range map[string]string{"ExternalId": role.ExternalID, "Policy": role.Policy} {
		if value != "" {
			query[name] = tea.String(value)
		}
	}
	if seconds := int(role.SessionExpiration / time.Second); seconds > 0 {
		query["DurationSeconds"] = tea.String(strconv.Itoa(seconds))
	}
	var granted keys
	attempt := send(ctx, func(ctx context.Context) (string, error) {
		client, err := sdk.NewClient(c.client("sts", with))
		if err != nil {
			return "", err
		}
		client.DisableSDKError = tea.Bool(true)
		answer, err := client.CallApiWithCtx(ctx, &openapi.Params{
			Action: tea.String("AssumeRole"), Version: tea.String("2015-04-01"), Protocol: tea.String("HTTPS"),
			Pathname: tea.String("/"), Method: tea.String("POST"), AuthType: tea.String("AK"), Style: tea.String("RPC"),
			ReqBodyType: tea.String("formData"), BodyType: tea.String("json"),
		}, &openapi.OpenApiRequest{Query: query}, &dara.RuntimeOptions{})
		if err != nil {
			return "", err
		}
		var out struct {
			Body struct {
				RequestID   string `json:"RequestId"`
				Credentials struct {
					AccessKeyID     string `json:"AccessKeyId"`
					AccessKeySecret string
					SecurityToken   string
					Expiration      time.Time
				}
			} `json:"body"`
		}
		if err := dara.Convert(answer, &out); err != nil {
			return "", fmt.Errorf("the answer cannot be read: %w", err)
		}
		in := out.Body.Credentials
		granted = keys{accessKey: in.AccessKeyID, secretKey: in.AccessKeySecret, securityToken: in.SecurityToken, expires: in.Expiration}
		if granted.accessKey == "" || granted.secretKey == "" || granted.securityToken == "" || granted.expires.IsZero() {
			return "", errors.New("the answer holds no credentials")
		}
		return out.Body.RequestID, nil
	})
	if attempt.Outcome == delivery.Accepted {
		return granted, nil
	}
	return keys{}, &roleError{role.RoleARN, attempt}
}

// machine gives the keys of the role of the ECS instance that this runs on.
type machine struct {
	provider *providers.ECSRAMRoleCredentialsProvider
	err      error
	// turn holds one token: the provider cannot be cancelled, may still be at work
	// for a caller that has gone, and takes no second one meanwhile.
	turn chan struct{}
}

func newMachine(role string) *machine {
	provider, err := providers.NewECSRAMRoleCredentialsProviderBuilder().WithRoleName(role).Build()
	return &machine{provider: provider, err: err, turn: make(chan struct{}, 1)}
}

// keys asks the instance's metadata service, or returns keys that it gave and
// that are good for some minutes more.
func (m *machine) keys(ctx context.Context) (keys, error) {
	if m.err != nil {
		return keys{}, m.err
	}
	select {
	case m.turn <- struct{}{}:
	case <-ctx.Done():
		return keys{}, context.Cause(ctx)
	}
	type answer struct {
		given *providers.Credentials
		err   error
	}
	done := make(chan answer, 1)
	go func() {
		var a answer
		defer func() {
			// The provider takes members of the answer for granted.
			if recover() != nil {
				a = answer{err: errors.New("the metadata service gave an incomplete answer")}
			}
			<-m.turn
			done <- a
		}()
		a.given, a.err = m.provider.GetCredentials()
	}()
	select {
	case a := <-done:
		if a.err != nil {
			return keys{}, fmt.Errorf("asking the ECS instance for the keys of its role: %s", strings.TrimSpace(a.err.Error()))
		}
		return keys{accessKey: a.given.AccessKeyId, secretKey: a.given.AccessKeySecret, securityToken: a.given.SecurityToken}, nil
	case <-ctx.Done():
		return keys{}, context.Cause(ctx)
	}
}
