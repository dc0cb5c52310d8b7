//go:build !windows

package provider_test

import (
	"bytes"
	"io"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/terraform-exec/tfexec"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// A provider that crashes while it sends prints the stacks of its goroutines, and no
// secret.
func TestAccNoSecretInACrash(t *testing.T) {
	t.Parallel()
	w := openAviary(t)
	processes := w.Watch()
	var said, complained bytes.Buffer
	w.SetStdout(io.MultiWriter(&said, t.Output()))
	w.SetStderr(&complained)
	var sent atomic.Int32
	for _, s := range []*sandbox.Sandbox{w.s, w.other} {
		for _, y := range systems.All {
			s.Inject(sandbox.Fault{Operation: y.Operation, Kind: sandbox.KindStallAfter})
			s.Hook(y.Operation, nil, func() {
				if int(sent.Add(1)) == w.signals {
					processes.Crash()
				}
			})
		}
	}
	if err := w.Apply(t.Context(), tfexec.Parallelism(2*w.signals)); err == nil {
		t.Error("the apply does not report a crash")
	}
	logged := contents(t, w.log)
	for _, part := range []string{"SIGQUIT", "goroutine ", "delivery.RetryPolicy.Deliver"} {
		if !strings.Contains(logged, part) {
			t.Errorf("the log does not hold %q, so the provider has not crashed while it sent", part)
		}
	}
	sings(t, map[string]string{"the log": logged, "what was said": said.String(), "what was complained of": complained.String()})
}
