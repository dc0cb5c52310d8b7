package aws

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// Signals that are sent at the same time wait together for an STS that does not
// answer, and not one after the other. Later ones ask again, until STS has answered.
func TestSilentSTSIsWaitedForOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		silent := errors.New("no answer")
		guard := newAccountGuard(Config{AllowedAccountIDs: []string{"210987654321"}}, func(ctx context.Context) (*sts.GetCallerIdentityOutput, error) {
			if asked.Add(1) > 2 {
				return &sts.GetCallerIdentityOutput{Account: awssdk.String("123456789012")}, nil
			}
			bounded, cancel := context.WithTimeout(ctx, stsTimeout)
			defer cancel()
			<-bounded.Done()
			return nil, &delivery.CredentialsError{Cause: delivery.CredentialsFailing, Err: silent}
		})
		began := time.Now()
		for round, want := range []bool{true, true, false, false} {
			var all sync.WaitGroup
			for range 20 {
				all.Go(func() {
					if err := guard.check(t.Context()); err == nil || errors.Is(err, silent) != want {
						t.Errorf("in round %d: %v", round, err)
					}
				})
			}
			all.Wait()
		}
		if took := time.Since(began); took != 2*stsTimeout || asked.Load() != 3 {
			t.Errorf("%d requests took %s", asked.Load(), took)
		}
	})
}
