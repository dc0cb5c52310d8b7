package aws

import (
	"context"
	"fmt"
	"strings"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// Caller returns the ARN of the identity that signs, "" if the provider has not
// read it.
func (c *Clients) Caller() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.loaded == nil {
		return ""
	}
	return awssdk.ToString(c.loaded.chain.guard.caller.Load())
}

// longestAsking is how long FindCaller waits for STS.
const longestAsking = 10 * time.Second

// FindCaller is Caller, and reads the ARN if the provider has not read it. It
// needs no permission. It returns "" if STS does not tell. If STS may tell the next
// time, it returns the attempt of a read that can be repeated, otherwise an accepted one.
func (c *Clients) FindCaller(ctx context.Context) (string, delivery.Attempt) {
	told := delivery.Attempt{Outcome: delivery.Accepted}
	if known := c.Caller(); known != "" {
		return known, told
	}
	loaded, err := c.load(ctx)
	if err != nil {
		return "", told
	}
	ctx, cancel := context.WithTimeout(ctx, longestAsking)
	defer cancel()
	identity, err := loaded.chain.guard.identify(ctx)
	if err == nil {
		return awssdk.ToString(identity.Arn), told
	}
	failed := loaded.chain.credentialsError(ctx, err)
	if !delivery.AttemptWithoutCredentials(failed).Retryable() {
		return "", told
	}
	// With the outcome Unknown, the read is repeated as long as other reads that look
	// for a signal, and not until the timeout.
	return "", delivery.Attempt{Outcome: delivery.Unknown, Err: fmt.Errorf("finding out who sends, with sts:GetCallerIdentity: %w", failed)}
}

// Differ reports whether two ARNs provably name two identities.
func Differ(one, other string) bool {
	a, err := arn.Parse(one)
	if err != nil {
		return false
	}
	b, err := arn.Parse(other)
	if err != nil {
		return false
	}
	kind, name := principal(a)
	otherKind, otherName := principal(b)
	return a.AccountID != b.AccountID || kind != "" && otherKind != "" && (kind != otherKind || name != otherName)
}

// principal returns the kind and the name of what an ARN identifies: a user, a
// role or the root of an account; empty for anything else. The ARN of a role's
// session differs from the role's ARN, and contains a session name that
// changes.
func principal(of arn.ARN) (kind, name string) {
	names := strings.Split(of.Resource, "/")
	switch {
	case of.Resource == "root":
		return "root", ""
	case names[0] == "user" && len(names) > 1:
		return "user", of.Resource
	case names[0] == "role" && len(names) > 1:
		return "role", names[len(names)-1]
	case names[0] == "assumed-role" && len(names) > 1:
		return "role", names[1]
	default:
		return "", ""
	}
}
