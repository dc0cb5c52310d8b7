package signal

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// TargetFinder finds the target of a signal whose arguments leave open which one it is.
// Once one of its probes is reached, the arguments name the target. A Lookup makes
// one for systems whose services list what goes by a name.
type TargetFinder struct {
	// Required says that the service takes the signal only under the target's id, so that
	// the target is always found before anything is sent. It is then recorded, and used
	// from then on.
	Required bool
	// Ready is reached when there is a target that can take the signal, and pending
	// while there is none.
	Ready *delivery.Probe
	// Now is the same for those who do not wait: it is missed when there is none. After
	// a refusal it is pending while the target that refused still seems to take the signal.
	Now *delivery.Probe
	// Adopting is the finder for those who adopt, which also finds a target that shows
	// such a signal; nil when this one does.
	Adopting *TargetFinder
	// Signalled is the probe in which there is the target that took a signal sent
	// then; without one it cannot be read. It is nil when Required.
	Signalled func(sent time.Time) *delivery.Probe
	// Found returns the signal to the target that was found.
	Found func() Signal
	// Forget returns the signal as it was before its target was found, after that one
	// refused it because it has ended, or does not wait for it any more.
	Forget func() Signal
	// Argument is the one that names the target, and Missed what to do when Ready or Now
	// is missed, in whole sentences.
	Argument string
	Missed   func() string
	// Several reports whether the last look found several that may be meant.
	Several func() bool
}

// errUnrecorded is why a state that lost the target's id cannot be read: it is recorded
// whenever the signal is sent.
var errUnrecorded = errors.New("the state does not say which target took the signal")

// signalled is Signalled, and for those who have none a probe that cannot be read.
func (f *TargetFinder) signalled(sent time.Time) *delivery.Probe {
	if f.Signalled != nil {
		return f.Signalled(sent)
	}
	return delivery.NewProbe("", func(context.Context) (struct{}, delivery.Attempt) {
		return struct{}{}, delivery.Attempt{Outcome: delivery.Rejected, Err: errUnrecorded}
	}, func(struct{}) delivery.Observation { return delivery.Observation{} })
}

// Naming says how the target of a signal can be named where its id is not known. The
// argument of the id then is optional, and the id that was found is recorded in it.
type Naming struct {
	// ID is the argument of the target's id, and Name the one of its name. Besides are
	// arguments that go with the name.
	ID, Name string
	Besides  []string
	// Filters are arguments that only say which targets of that name are meant. A change
	// of them is recorded and sends nothing.
	Filters []string
}

// arguments are a system's, of which exactly one of the two names the target. A system
// whose id is no required argument has rules of its own.
func (n *Naming) arguments(of map[string]schema.Attribute) map[string]schema.Attribute {
	if n == nil || of[n.ID] == nil || !of[n.ID].IsRequired() {
		return of
	}
	named := maps.Clone(of)
	id, either := of[n.ID].(schema.StringAttribute), []path.Expression{path.MatchRoot(n.ID), path.MatchRoot(n.Name)}
	id.Required, id.Optional, id.Computed = false, true, true
	id.MarkdownDescription += fmt.Sprintf(" Either this or `%s` has to be set.", n.Name)
	id.Validators = append(slices.Clone(id.Validators), stringvalidator.ExactlyOneOf(either...))
	named[n.ID] = id
	for _, name := range n.Filters {
		filter := of[name].(schema.StringAttribute)
		filter.Validators = append(slices.Clone(filter.Validators), stringvalidator.AlsoRequires(path.MatchRoot(n.Name)))
		named[name] = filter
	}
	return named
}

// Candidate is something that goes by the name of the target.
type Candidate struct {
	ID      string
	Started time.Time
	Status  string
	// Takes says that it can take the signal, and Has that it shows such a signal.
	Takes, Has bool
	// Seen says why it does not take the signal, in whole sentences; it may be empty.
	Seen string
}

func (c Candidate) String() string {
	var known []string
	if !c.Started.IsZero() {
		known = append(known, "started "+c.Started.UTC().Format(time.RFC3339))
	}
	if c.Status != "" {
		known = append(known, c.Status)
	}
	if len(known) == 0 {
		return c.ID
	}
	return fmt.Sprintf("%s (%s)", c.ID, strings.Join(known, ", "))
}

// mostNamed is how many candidates a message names.
const mostNamed = 10

// list names candidates.
func list(candidates []Candidate) string {
	var names []string
	for i, c := range candidates {
		if i == mostNamed {
			names = append(names, fmt.Sprintf("and %d more", len(candidates)-mostNamed))
			break
		}
		names = append(names, c.String())
	}
	return strings.Join(names, ", ")
}

// Lookup is how a target is found among those that a service lists. Exactly one of
// them has to fit: which of several is meant is never guessed.
type Lookup struct {
	// Key names what is read, for those who read the same.
	Key string
	// Service lists them. What is the target in the singular, such as "open run of this
	// workflow id".
	Service, What string
	// Name is the argument that names the target, and ID the one that would identify it.
	Name, ID string
	// Hint says what to do when nothing fits, in whole sentences.
	Hint string
	// Required is that of the TargetFinder.
	Required bool
	// Read lists those that may be the target; adopts asks for Has, too.
	Read func(ctx context.Context, adopts bool) ([]Candidate, delivery.Attempt)
	// Choose names the target in the arguments, or nothing, with an empty id.
	Choose func(id string)
	// Bound returns the signal to what the arguments name.
	Bound func() Signal
	// Signalled is that of the TargetFinder.
	Signalled func(sent time.Time) *delivery.Probe
}

// Finder returns the finder that looks so.
func (l Lookup) Finder() *TargetFinder {
	search := &search{Lookup: l, refused: map[string]bool{}}
	finder := search.finder(false)
	finder.Adopting = search.finder(true)
	return finder
}

// search is a Lookup with what it has found.
type search struct {
	Lookup
	// chosen is the one that was found last, and refused those that have refused the signal
	// although they were shown as taking it.
	chosen  string
	refused map[string]bool
	// advice is what to do about the last look that missed, and several says that it found
	// more than one that fits.
	advice  string
	several bool
}

func (s *search) finder(adopts bool) *TargetFinder {
	key := s.Key
	if adopts {
		key += "/adopting"
	}
	read := func(ctx context.Context) ([]Candidate, delivery.Attempt) { return s.Read(ctx, adopts) }
	finder := &TargetFinder{
		Required:  s.Required,
		Ready:     delivery.NewProbe(key, read, func(all []Candidate) delivery.Observation { return s.judge(all, adopts, true) }),
		Now:       delivery.NewProbe(key, read, func(all []Candidate) delivery.Observation { return s.judge(all, adopts, false) }),
		Signalled: s.Signalled,
		Found:     s.Bound,
		Argument:  s.Name,
		Missed:    func() string { return s.advice },
		Several:   func() bool { return s.several },
	}
	finder.Forget = func() Signal {
		s.refused[s.chosen] = true
		s.Choose("")
		bound := s.Bound()
		if s.Required {
			// This one remembers who has refused.
			bound.Find = finder
		}
		return bound
	}
	return finder
}

// judge is what those that were listed mean to one who waits for a target, or does not.
func (s *search) judge(all []Candidate, adopts, waits bool) delivery.Observation {
	var fit, stale, others []Candidate
	for _, c := range all {
		fits := c.Takes || adopts && c.Has
		switch {
		case fits && s.refused[c.ID]:
			stale = append(stale, c)
		case fits:
			fit = append(fit, c)
		default:
			// When it takes the signal again, that is another step of it.
			delete(s.refused, c.ID)
			others = append(others, c)
		}
	}
	s.several = len(fit) > 1
	switch {
	case len(fit) == 1:
		s.chosen = fit[0].ID
		s.Choose(s.chosen)
		return delivery.Observation{State: delivery.Reached, Status: fit[0].Status}
	case len(fit) > 1:
		s.advice = fmt.Sprintf("The provider does not guess which one is meant: name it with %s.", s.ID)
		return delivery.Observation{State: delivery.Missed, Reason: fmt.Sprintf("%s lists %d of %s that can take it: %s.", s.Service, len(fit), s.What, list(fit))}
	case waits || len(stale) > 0:
		return delivery.Observation{State: delivery.Pending, Seen: s.seen(append(stale, others...))}
	default:
		s.advice = s.Hint
		return delivery.Observation{
			State: delivery.Missed, Gone: len(all) == 0,
			Reason: fmt.Sprintf("%s lists no %s that can take it.", s.Service, s.What), Seen: s.seen(others),
		}
	}
}

// seen says what was listed that does not fit.
func (s *search) seen(others []Candidate) string {
	if len(others) == 0 {
		return ""
	}
	said := fmt.Sprintf("Seen of %s: %s.", s.What, list(others))
	if len(others) == 1 && others[0].Seen != "" {
		said += " " + others[0].Seen
	}
	return said
}

// find has the signal go to the one target that a probe of a finder finds.
func (w *signalRun) find(ctx context.Context, finder *TargetFinder, until observer, probe *delivery.Probe) delivery.WaitResult {
	end := w.observe(ctx, until, probe, "Looking for the target")
	if end.Reached() {
		w.Signal = finder.Found()
		tflog.Info(ctx, "found the target", map[string]any{"signal": w.What, "target": w.To})
		if w.progress != nil {
			w.progress("Found the target: %s", w.To)
		}
	}
	return end
}

// findAgain looks for the target once more, after the one that was found has refused
// the signal because it has ended, or waits for it no more. Reads that lag may show for
// a while that it still does: when they go on to show it, the refusal had another cause.
// It returns whether one was found, and what else came of it.
func (w *signalRun) findAgain(ctx context.Context, finder *TargetFinder, waits bool) (found bool, said string) {
	lagging, cancel := context.WithTimeout(ctx, w.policy.Settle)
	defer cancel()
	end := w.find(lagging, finder, w.poller.Look, finder.Now)
	if waits && end.Observation.State == delivery.Missed && !finder.Several() {
		end = w.find(ctx, finder, w.poller.Wait, finder.Ready)
	}
	switch {
	case end.Reached():
		return true, ""
	case end.Observation.State == delivery.Missed:
		return false, join("Then another target was looked for. "+end.Observation.Reason, end.Observation.Seen)
	case ctx.Err() != nil:
		return false, join("Then another target was looked for.", w.stopped(end.Stopped), end.Observation.Seen)
	default:
		return false, ""
	}
}
