package main

import (
	"context"
	"fmt"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/cmd/bench/measure"
)

// model measures how well the time of the largest apply is predicted by those of a hundredth and a tenth of its size,
// and how many requests and connections the largest takes.
func (b *bench) model(ctx context.Context) error {
	few, more, most := b.largest/100, b.largest/10, b.largest
	if few < 2 {
		return fmt.Errorf("the largest apply has to have at least 200 signals, not %d", most)
	}
	m := b.report.Measure(fmt.Sprintf("apply of %d signals / predicted from %d and %d, or the reverse", most, few, more), 1.15)
	took := map[int]float64{}
	for _, signals := range []int{1, few, more, most} {
		rounds := b.rounds
		if signals == most {
			rounds = 1
		}
		var seconds []float64
		for range rounds {
			s, err := serve(signals)
			if err != nil {
				return err
			}
			w, err := b.open(b.ours, s.URL(), load{signals: signals, parallelism: 10})
			if err != nil {
				return err
			}
			once, err := w.apply(ctx)
			if err != nil {
				return err
			}
			seconds = append(seconds, once.Seconds())
			sent(m, s, signals)
			m.Expect(len(s.Journal()) == signals, "%d signals made %d requests", signals, len(s.Journal()))
			m.Expect(s.Connections() <= 10, "%d signals opened %d connections", signals, s.Connections())
			if err := s.Close(); err != nil {
				return err
			}
		}
		took[signals] = measure.Median(seconds)
		b.say("  apply of %d signals: %.1f s", signals, took[signals])
	}
	fitted := measure.Fit(took[1], few, took[few], more, took[more])
	predicted := fitted.Predict(most)
	m.Add(max(took[most]/predicted, predicted/took[most]))
	m.Note = fmt.Sprintf("predicted %.1f s, took %.1f s. The model: %.2f s + %.2f ms each + %.2f us for each pair.",
		predicted, took[most], fitted.Once, fitted.Each*1e3, fitted.Pair*1e6)
	return nil
}
