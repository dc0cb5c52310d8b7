package alicloud

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// silent is a source that does not answer for a minute, this number of times.
type silent struct {
	times int32
	asked atomic.Int32
}

func (s *silent) retrieve(ctx context.Context, _ *Clients) (keys, error) {
	if s.asked.Add(1) > s.times {
		return keys{accessKey: "key", secretKey: "secret", expires: time.Now().Add(time.Hour)}, nil
	}
	bounded, cancel := context.WithTimeout(ctx, stsTimeout)
	defer cancel()
	<-bounded.Done()
	return keys{}, errors.New("no answer")
}

func (*silent) String() string { return "a silent source" }

// Signals that are sent at the same time wait together for a source that does not
// answer, and not one after the other.
func TestSilentSourceIsWaitedForOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &silent{times: 2}
		c := NewClients(Config{})
		c.loaded = &settings{source: source}
		began := time.Now()
		for round, want := range []bool{false, false, true, true} {
			var all sync.WaitGroup
			for range 20 {
				all.Go(func() {
					if got, err := c.keys(t.Context()); (err == nil) != want || (got.accessKey == "key") != want {
						t.Errorf("in round %d: %v", round, err)
					}
				})
			}
			all.Wait()
		}
		if took := time.Since(began); took != 2*stsTimeout || source.asked.Load() != 3 {
			t.Errorf("%d requests took %s", source.asked.Load(), took)
		}
	})
}

// The log has a line for each service and region, with the region of the signal.
func TestClientsAreLogged(t *testing.T) {
	var logged []string
	clients := NewClients(Config{Region: "cn-hangzhou", AccessKey: "access-key", SecretKey: "secret-key", Log: func(_ context.Context, _ string, fields ...map[string]any) {
		logged = append(logged, fmt.Sprint(fields[0]["service"], " ", fields[0]["region"], " ", fields[0]["endpoint"]))
	}})
	clients.pool = httpClient{delivery.Client{Doer: prompt{}}}
	ros, oos := Service{Name: "ros", Host: "ros.aliyuncs.com", Version: "2019-09-10"}, Service{Name: "oos", Host: "oos.*.aliyuncs.com", Version: "2019-06-01"}
	for range 2 {
		for _, client := range []Client{ros.Client(clients, "cn-beijing"), ros.Client(clients, "cn-shanghai"), oos.Client(clients, "cn-beijing")} {
			_, _ = Request[struct{}](t.Context(), client, "ListStacks", map[string]string{})
		}
	}
	want := []string{"ros cn-beijing ros.aliyuncs.com", "ros cn-shanghai ros.aliyuncs.com", "oos cn-beijing oos.cn-beijing.aliyuncs.com"}
	if !slices.Equal(logged, want) {
		t.Errorf("the log has %q, want %q", logged, want)
	}
}
