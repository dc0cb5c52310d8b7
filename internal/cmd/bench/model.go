package main

import (
	"context"
	"fmt"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/cmd/bench/measure"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

// model measures how well the time of the largest apply is predicted by those of a hundredth and a tenth of its size,
// how many requests and connections each takes, and that latency takes as long as the model says where it takes longer
// than Terraform.
func (b *bench) model(ctx context.Context) error {
	few, more, most := b.largest/100, b.largest/10, b.largest
	if few < 2 {
		return fmt.Errorf("the largest apply has to have at least 200 signals, not %d", most)
	}
	m := b.report.Measure(fmt.Sprintf("apply of %d signals / predicted from 1, %d and %d, or the reverse", most, few, more), 1.15)
	delay := time.Second
	late := b.report.Measure(fmt.Sprintf("apply of %d signals, latency %s, parallelism 10 / (%s + the same without latency)", few, delay, time.Duration(few)*delay/parallelism), 1.15)
	seconds := map[int][]float64{}
	apply := func(signals, times int) error {
		for range times {
			took, err := b.counted(ctx, m, signals, 0)
			if err != nil {
				return err
			}
			seconds[signals] = append(seconds[signals], took)
			b.say("  apply of %d signals: %.2f s", signals, took)
		}
		return nil
	}
	// A machine is not as fast at all times, so the small ones are made before the largest and after it, in as many
	// rounds. What the smallest are off by, the prediction is off by a thousandfold.
	for _, run := range []struct{ signals, times int }{
		{1, 5 * b.rounds}, {few, 5 * b.rounds}, {more, b.rounds}, {most, 1}, {more, b.rounds}, {few, 5 * b.rounds}, {1, 5 * b.rounds},
	} {
		if err := apply(run.signals, run.times); err != nil {
			return err
		}
	}
	took := func(signals int) float64 { return measure.Median(seconds[signals]) }
	fitted := measure.Fit(took(1), few, took(few), more, took(more))
	predicted := fitted.Predict(most)
	m.Expect(predicted > 0, "the prediction is %.1f s", predicted)
	m.Add(max(took(most)/predicted, predicted/took(most)))
	m.Note = fmt.Sprintf("1 took %.2f s, %d took %.2f s, %d took %.1f s; %d were predicted to take %.0f s, and took %.0f s. The model: %.2f s + %.2f ms each + %.2f us for each pair.",
		took(1), few, took(few), more, took(more), most, predicted, took(most), fitted.Once, fitted.Each*1e3, fitted.Pair*1e6)

	delayed, err := b.counted(ctx, late, few, delay)
	if err != nil {
		return err
	}
	late.Add(delayed / (delay.Seconds()*float64(few)/parallelism + took(few)))
	return nil
}

// counted is how many seconds an apply of so many signals takes to a service of some latency, which must take a request
// for each, and no more connections than signals are sent at a time.
func (b *bench) counted(ctx context.Context, m *measure.Measure, signals int, latency time.Duration) (float64, error) {
	s, err := serve(signals)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	if latency > 0 {
		s.Inject(sandbox.Fault{Operation: "*", Kind: sandbox.KindDelay, Delay: latency})
	}
	w, err := b.open(b.ours, s.URL(), load{signals: signals, parallelism: parallelism})
	if err != nil {
		return 0, err
	}
	took, err := w.apply(ctx)
	if err != nil {
		return 0, err
	}
	sent(m, s, signals)
	m.Expect(s.Connections() <= parallelism, "%d signals opened %d connections", signals, s.Connections())
	return took.Seconds(), nil
}
