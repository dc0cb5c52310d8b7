package plugin

import (
	"os"
	"testing"
)

// Nothing is logged unless the environment asks for it.
func TestTurnLogOff(t *testing.T) {
	const sdk, framework, proto, signal = "TF_LOG_SDK", "TF_LOG_SDK_FRAMEWORK", "TF_LOG_SDK_PROTO", "TF_LOG_PROVIDER_SIGNAL"
	for _, row := range []struct {
		why       string
		env, want map[string]string
	}{
		{"nobody asks", nil, map[string]string{sdk: "OFF", framework: "OFF", proto: "OFF", signal: "OFF"}},
		{"Terraform's log is asked for", map[string]string{"TF_LOG": "INFO"}, nil},
		{"the providers' log is asked for", map[string]string{"TF_LOG_PROVIDER": "TRACE"}, nil},
		{"a logger is set by itself", map[string]string{signal: "DEBUG"}, map[string]string{sdk: "OFF", framework: "OFF", proto: "OFF", signal: "DEBUG"}},
		{"the loggers below TF_LOG_SDK follow it", map[string]string{sdk: "TRACE"}, map[string]string{sdk: "TRACE", signal: "OFF"}},
		{"one of them is set by itself", map[string]string{proto: "WARN"}, map[string]string{sdk: "OFF", framework: "OFF", proto: "WARN", signal: "OFF"}},
	} {
		t.Run(row.why, func(t *testing.T) {
			loggers := []string{sdk, framework, proto, signal}
			for _, name := range append(loggers, "TF_LOG", "TF_LOG_PROVIDER") {
				t.Setenv(name, row.env[name])
			}
			turnLogOff()
			for _, logger := range loggers {
				if got := os.Getenv(logger); got != row.want[logger] {
					t.Errorf("%s is %q, want %q", logger, got, row.want[logger])
				}
			}
		})
	}
}
