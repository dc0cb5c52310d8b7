package plugin

import (
	"os"
	"testing"
)

// Nothing is logged unless the environment asks for it.
func TestHush(t *testing.T) {
	for _, asked := range []struct {
		env                map[string]string
		sdk, provider, why string
	}{
		{nil, "OFF", "OFF", "nobody asks"},
		{map[string]string{"TF_LOG": "INFO"}, "", "", "Terraform's log is asked for"},
		{map[string]string{"TF_LOG_PROVIDER": "TRACE"}, "", "", "the providers' log is asked for"},
		{map[string]string{"TF_LOG_PROVIDER_SIGNAL": "DEBUG"}, "OFF", "DEBUG", "a logger is set by itself"},
	} {
		t.Run(asked.why, func(t *testing.T) {
			for _, name := range []string{"TF_LOG", "TF_LOG_PROVIDER", "TF_LOG_SDK", "TF_LOG_PROVIDER_SIGNAL"} {
				t.Setenv(name, asked.env[name])
			}
			turnLogOff()
			if sdk, provider := os.Getenv("TF_LOG_SDK"), os.Getenv("TF_LOG_PROVIDER_SIGNAL"); sdk != asked.sdk || provider != asked.provider {
				t.Errorf("TF_LOG_SDK is %q and TF_LOG_PROVIDER_SIGNAL %q, want %q and %q", sdk, provider, asked.sdk, asked.provider)
			}
		})
	}
}
