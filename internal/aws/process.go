package aws

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"runtime"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// process returns the credentials that a profile's credential_process prints.
// It replaces the SDK's own provider, which puts the process's output into
// errors and its standard error unfiltered into the log.
type process struct{ *stsSetup }

// isProcess reports whether credentials come from a credential_process of the SDK.
func isProcess(source awssdk.CredentialsProvider) bool {
	return awssdk.IsCredentialsProvider(source, (*processcreds.Provider)(nil))
}

// command returns the credential_process of the profiles in use; "" if there is none.
func command(used []*config.SharedConfig) (command string) {
	for _, profile := range used {
		command = cmp.Or(command, profile.CredentialProcess)
	}
	return command
}

// Retrieve runs the process.
func (p process) Retrieve(ctx context.Context) (awssdk.Credentials, error) {
	found := awssdk.Credentials{Source: processcreds.ProviderName}
	err := delivery.RunHelper(ctx, p.config.Secrets, func(ctx context.Context) *exec.Cmd {
		if runtime.GOOS == "windows" {
			return exec.CommandContext(ctx, "cmd.exe", "/C", p.command) //nolint:gosec // The user names it in the profile.
		}
		return exec.CommandContext(ctx, "sh", "-c", p.command) //nolint:gosec // The user names it in the profile.
	}, func(printed []byte) error {
		if runtime.GOOS == "windows" {
			printed = bytes.ReplaceAll(printed, []byte(`\"`), []byte(`"`))
		}
		var said processcreds.CredentialProcessResponse
		switch err := json.Unmarshal(printed, &said); {
		case err != nil:
			return errors.New("it has to print the JSON of a credential_process and nothing else")
		case said.Version != 1:
			return errors.New("what it printed has another Version than 1")
		case said.AccessKeyID == "":
			return errors.New("what it printed has no AccessKeyId")
		case said.SecretAccessKey == "":
			return errors.New("what it printed has no SecretAccessKey")
		}
		found.AccessKeyID, found.SecretAccessKey, found.SessionToken, found.AccountID = said.AccessKeyID, said.SecretAccessKey, said.SessionToken, said.AccountID
		if said.Expiration != nil {
			found.CanExpire, found.Expires = true, *said.Expiration
		}
		return nil
	})
	if err != nil {
		return found, fmt.Errorf("running the credential_process of the profile: %w", err)
	}
	return found, nil
}
