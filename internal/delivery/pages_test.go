package delivery_test

import (
	"slices"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// Pages are read until there is no next one, one is not accepted, or they repeat.
func TestPages(t *testing.T) {
	for name, pages := range map[string]struct {
		next    map[string]string
		refused string
		read    []string
		want    delivery.Outcome
	}{
		"one":          {next: map[string]string{"": ""}, read: []string{""}, want: delivery.Accepted},
		"three":        {next: map[string]string{"": "a", "a": "b", "b": ""}, read: []string{"", "a", "b"}, want: delivery.Accepted},
		"refused":      {next: map[string]string{"": "a", "a": "b", "b": ""}, refused: "a", read: []string{"", "a"}, want: delivery.Rejected},
		"the same one": {next: map[string]string{"": "a", "a": "a"}, read: []string{"", "a"}, want: delivery.Unknown},
		"a circle":     {next: map[string]string{"": "a", "a": "b", "b": "a"}, read: []string{"", "a", "b"}, want: delivery.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			var read []string
			attempt := delivery.Pages(func(token string) (string, delivery.Attempt) {
				read = append(read, token)
				if token != "" && token == pages.refused {
					return pages.next[token], delivery.Attempt{Outcome: delivery.Rejected}
				}
				return pages.next[token], delivery.Attempt{Outcome: delivery.Accepted, RequestID: token}
			})
			if attempt.Outcome != pages.want || !slices.Equal(read, pages.read) {
				t.Errorf("%q were read: %v", read, attempt)
			}
			if attempt.Outcome == delivery.Unknown && (attempt.Err == nil || attempt.RequestID == "") {
				t.Errorf("the attempt says %v of %q", attempt.Err, attempt.RequestID)
			}
		})
	}
}
