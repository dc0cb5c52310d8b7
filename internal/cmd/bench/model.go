package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	took := func(signals int) float64 { return measure.Mean(seconds[signals]) }
	fit := func() measure.Model { return measure.Fit(took(1), few, took(few), more, took(more)) }
	ended := func(c *counted) {
		c.check(m)
		seconds[c.signals] = append(seconds[c.signals], c.took.Seconds())
		b.say("  apply of %d signals: %.2f s", c.signals, c.took.Seconds())
	}
	small := []int{1, few, 1, few, more, 1, few}
	for _, signals := range small {
		if err := b.beside(ctx, nobody, signals, 0, ended); err != nil {
			return err
		}
	}
	if err := b.among(ctx, most, slices.Repeat(small, 2*b.rounds), fit().Predict(most), ended); err != nil {
		return err
	}
	fitted := fit()
	predicted := fitted.Predict(most)
	m.Expect(predicted > 0, "the prediction is %.1f s", predicted)
	m.Add(max(took(most)/predicted, predicted/took(most)))
	m.Note = fmt.Sprintf("1 took %.2f s, %d took %.2f s, %d took %.1f s; %d were predicted to take %.0f s, and took %.0f s. The model: %.2f s + %.2f ms each + %.2f us for each pair.",
		took(1), few, took(few), more, took(more), most, predicted, took(most), fitted.Once, fitted.Each*1e3, fitted.Pair*1e6)

	return b.beside(ctx, nobody, few, delay, func(c *counted) {
		c.check(late)
		late.Add(c.took.Seconds() / (delay.Seconds()*float64(few)/parallelism + took(few)))
	})
}

// counted is an apply of the provider, with a sandbox of its own.
type counted struct {
	*side
	sandbox *sandbox.Sandbox
	signals int
}

// counted opens an apply of so many signals to a service of some latency. Its sandbox has to be closed.
func (b *bench) counted(ctx context.Context, signals int, latency time.Duration) (*counted, error) {
	s, err := serve(signals)
	if err != nil {
		return nil, err
	}
	if latency > 0 {
		s.Inject(sandbox.Fault{Operation: "*", Kind: sandbox.KindDelay, Delay: latency})
	}
	w, err := b.open(b.ours, s.URL(), load{signals: signals, parallelism: parallelism})
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &counted{&side{workspace: w, do: func(w *workspace) error { return w.apply(ctx) }}, s, signals}, nil
}

// check has a measure expect that the apply took a request for each signal, and no more connections than signals are
// sent at a time.
func (c *counted) check(m *measure.Measure) {
	sent(m, c.sandbox, c.signals)
	connected(m, c.sandbox, c.signals)
}

// beside applies so many signals, by turns with another apply while that has not ended.
func (b *bench) beside(ctx context.Context, other *side, signals int, latency time.Duration, ended func(*counted)) error {
	c, err := b.counted(ctx, signals, latency)
	if err != nil {
		return err
	}
	defer c.sandbox.Close()
	// An idle connection is closed after 15 s, halted or not.
	const turn = time.Second
	if err := c.end(turn, other); err != nil {
		return err
	}
	ended(c)
	return nil
}

// among applies the largest number of signals, which is expected to take some seconds, and small ones spread over all
// of that time: a machine is not as fast at all times, and what the smallest are off by, the prediction is off by a
// thousandfold.
func (b *bench) among(ctx context.Context, most int, small []int, expected float64, ended func(*counted)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	largest, err := b.counted(ctx, most, 0)
	if err != nil {
		return err
	}
	defer largest.sandbox.Close()
	// Should one of the others fail, it has not ended by itself.
	defer func() { cancel(); _ = largest.finish() }()
	gap := max(time.Second, time.Duration(expected/float64(len(small)+1)*float64(time.Second)))
	for _, signals := range small {
		if !largest.ended {
			if err := largest.run(gap, false); err != nil {
				return err
			}
		}
		if err := b.beside(ctx, largest.side, signals, 0, ended); err != nil {
			return err
		}
	}
	if err := largest.end(gap, nobody); err != nil {
		return err
	}
	ended(largest)
	return nil
}
