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

// TargetFinder finds the target of a signal whose arguments do not identify it.
// After one of its probes has found the target, the arguments have its id. For
// services that list targets by name, TargetSearch.Finder returns a TargetFinder.
type TargetFinder struct {
	// Required says that the service takes the signal only with the target's id. Then
	// the provider always finds the target before it sends, and records and keeps the
	// id.
	Required bool
	// Ready is reached if a target can take the signal, and pending if none can.
	Ready *delivery.Probe
	// Now is like Ready without a wait: it is missed if no target can take the
	// signal.
	Now *delivery.Probe
	// Adopting is the finder for adopt_existing, which also finds a target that shows
	// such a signal. It is nil if this finder does so too.
	Adopting *TargetFinder
	// Signalled returns the probe for the end of the run that took a signal sent at
	// that time. It is nil if Required is set.
	Signalled func(sent time.Time) *delivery.Probe
	// Found returns the signal to the target that was found.
	Found func() Signal
	// Forget returns the signal without the found target. It is called after that
	// target has refused the signal because it has ended, or no longer waits for the
	// signal. As long as reads still show that target as able to take the signal, Ready
	// and Now are pending.
	Forget func() Signal
	// Argument is the argument that names the target. AdviceIfMissed says what the user can
	// do if Ready or Now is missed, in complete sentences.
	Argument       string
	AdviceIfMissed func() string
	// Several reports whether the last search found several targets that can take the
	// signal.
	Several func() bool
	// Ended is TargetSearch.Ended.
	Ended *delivery.Probe
}

// errUnrecorded means that the state has no id of the target. The provider
// records the id whenever it sends the signal, so such a state was changed by
// hand.
var errUnrecorded = errors.New("the state does not say which target took the signal")

// signalled calls Signalled. If that is nil, it returns a probe whose reads
// fail.
func (f *TargetFinder) signalled(sent time.Time) *delivery.Probe {
	if f.Signalled != nil {
		return f.Signalled(sent)
	}
	return delivery.NewProbe("", func(context.Context) (struct{}, delivery.Attempt) {
		return struct{}{}, delivery.Attempt{Outcome: delivery.Rejected, Err: errUnrecorded}
	}, func(struct{}) delivery.Observation { return delivery.Observation{} })
}

// Naming says how the target of a signal can be named if its id is not known.
// The argument of the id is then optional, and the provider records the id that
// it found in it.
type Naming struct {
	// ID is the argument for the target's id, and Name the argument for its name.
	// Besides are further arguments that belong to the name.
	ID, Name string
	Besides  []string
	// Filters are arguments that only select among the targets with that name. A
	// change of a filter is recorded and sends nothing.
	Filters []string
}

// arguments returns the arguments of a system, changed so that exactly one of
// ID and Name must be set. It changes nothing if the id is not a required
// argument, because such a system checks this itself.
func (n *Naming) arguments(of map[string]schema.Attribute) map[string]schema.Attribute {
	if n == nil || of[n.ID] == nil || !of[n.ID].IsRequired() {
		return of
	}
	named := maps.Clone(of)
	id := of[n.ID].(schema.StringAttribute)
	id.Required, id.Optional, id.Computed = false, true, true
	id.MarkdownDescription += fmt.Sprintf(" Set either this or `%s`.", n.Name)
	id.Validators = append(slices.Clone(id.Validators), exactlyOneOf(n.ID, n.Name))
	named[n.ID] = id
	for _, name := range n.Filters {
		filter := of[name].(schema.StringAttribute)
		filter.Validators = append(slices.Clone(filter.Validators), stringvalidator.AlsoRequires(path.MatchRoot(n.Name)))
		named[name] = filter
	}
	return named
}

// Candidate is a target with the given name.
type Candidate struct {
	// ID is the id of the target, and Started when it started; zero if that is not known.
	ID      string
	Started time.Time
	// Status is its status in the service's own words, empty if there is none.
	Status string
	// Takes says that the candidate can take the signal, and Has that it shows such a
	// signal.
	Takes, Has bool
	// Seen says why the candidate cannot take the signal, in complete sentences; it
	// may be empty.
	Seen string
	// Expires and Then are those of the Observation if Takes is set.
	Expires time.Time
	Then    string
}

// String returns the id, when the candidate started, and its status, for messages.
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

// mostNamed is the largest number of candidates in a message.
const mostNamed = 10

// list returns the candidates for a message.
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

// TargetSearch says how a target is found among the candidates that a service lists.
// Exactly one candidate must fit. If several fit, the provider never guesses.
type TargetSearch struct {
	// Key identifies the list. Searches with the same key share their reads.
	Key string
	// Service is the name of the service that lists the candidates. What describes
	// the target in the singular, such as "open run of this workflow id".
	Service, What string
	// Name is the argument for the target's name, and ID the argument for its id.
	Name, ID string
	// Hint says what the user can do if nothing fits, in complete sentences.
	Hint string
	// Required is TargetFinder.Required.
	Required bool
	// Read lists the candidates. With adopts it also sets Has.
	Read func(ctx context.Context, adopts bool) ([]Candidate, delivery.Attempt)
	// Choose sets the target's id in the arguments. An empty id removes it.
	Choose func(id string)
	// Bound returns the signal to the target in the arguments.
	Bound func() Signal
	// Signalled is TargetFinder.Signalled.
	Signalled func(sent time.Time) *delivery.Probe
	// Ended is reached if no target has this name, or all of them have ended. It is nil if
	// Read lists all that have not ended.
	Ended *delivery.Probe
}

// Finder returns the TargetFinder of the search.
func (l TargetSearch) Finder() *TargetFinder {
	search := &targetSearch{TargetSearch: l, refused: map[string]bool{}}
	finder := search.finder(false)
	finder.Adopting = search.finder(true)
	return finder
}

// targetSearch is a TargetSearch and its last result.
type targetSearch struct {
	TargetSearch
	// chosen is the id of the target that was found last. refused has the targets
	// that refused the signal although reads showed them as able to take it.
	chosen  string
	refused map[string]bool
	// advice says what the user can do about the last search that missed. several
	// says that it found more than one target.
	advice  string
	several bool
}

func (s *targetSearch) finder(adopts bool) *TargetFinder {
	key := s.Key
	if adopts {
		key += "/adopting"
	}
	read := func(ctx context.Context) ([]Candidate, delivery.Attempt) { return s.Read(ctx, adopts) }
	finder := &TargetFinder{
		Required:       s.Required,
		Ready:          delivery.NewProbe(key, read, func(all []Candidate) delivery.Observation { return s.judge(all, adopts, true) }),
		Now:            delivery.NewProbe(key, read, func(all []Candidate) delivery.Observation { return s.judge(all, adopts, false) }),
		Signalled:      s.Signalled,
		Found:          s.Bound,
		Argument:       s.Name,
		AdviceIfMissed: func() string { return s.advice },
		Several:        func() bool { return s.several },
		Ended:          s.Ended,
	}
	finder.Forget = func() Signal {
		s.refused[s.chosen] = true
		s.Choose("")
		bound := s.Bound()
		if s.Required {
			// This finder knows which targets have refused the signal.
			bound.Find = finder
		}
		return bound
	}
	return finder
}

// judge returns what the listed candidates mean for the signal, with or without
// a wait.
func (s *targetSearch) judge(all []Candidate, adopts, waits bool) delivery.Observation {
	var fit, stale, others []Candidate
	for _, c := range all {
		fits := c.Takes || adopts && c.Has
		switch {
		case fits && s.refused[c.ID]:
			stale = append(stale, c)
		case fits:
			fit = append(fit, c)
		default:
			// If this target can take the signal later, another step of it does.
			delete(s.refused, c.ID)
			others = append(others, c)
		}
	}
	s.several = len(fit) > 1
	switch {
	case len(fit) == 1 && len(stale) == 0:
		s.chosen = fit[0].ID
		s.Choose(s.chosen)
		return delivery.Observation{State: delivery.Reached, Status: fit[0].Status, Expires: fit[0].Expires, Then: fit[0].Then}
	case len(fit) > 1:
		s.advice = fmt.Sprintf("The provider does not guess which one is meant: set %s.", s.ID)
		return delivery.Observation{State: delivery.Missed, Reason: fmt.Sprintf("%s lists more than one %s that can take it: %s.", s.Service, s.What, list(fit))}
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

// seen describes the listed candidates that do not fit.
func (s *targetSearch) seen(others []Candidate) string {
	if len(others) == 0 {
		return ""
	}
	said := fmt.Sprintf("Seen of %s: %s.", s.What, list(others))
	if len(others) == 1 && others[0].Seen != "" {
		said += " " + others[0].Seen
	}
	return said
}

// find searches with a probe of a finder, and sets the found target as the
// target of the signal.
func (o *signalOperation) find(ctx context.Context, finder *TargetFinder, read observer, probe *delivery.Probe) delivery.WaitResult {
	end := o.observe(ctx, read, probe, "Looking for the target")
	if end.Reached() {
		o.follow(finder)
		tflog.Info(ctx, "found the target", map[string]any{"signal": o.What, "target": o.To})
		if o.progress != nil {
			o.progress("Found the target: %s", o.To)
		}
	}
	return end
}

// follow makes the target that was found the signal's. Its id is a foreign text.
func (o *signalOperation) follow(finder *TargetFinder) {
	o.Signal = finder.Found()
	o.To = o.redactor.Text(o.To)
}

// findAgain searches for a target once more, after the found one has refused
// the signal because it has ended, or no longer waits for the signal. Reads
// that lag behind may still show that target as waiting for a while. If they go
// on to show that, the refusal had another cause. findAgain returns whether it
// found another target, and a text for the error if it did not.
func (o *signalOperation) findAgain(ctx context.Context, finder *TargetFinder, waits bool) (found bool, said string) {
	settling, cancel := o.poller.SettleContext(ctx)
	defer cancel()
	end := o.find(settling, finder, o.poller.WaitWhileReachable, finder.Now)
	if waits && end.Observation.State == delivery.Missed && !finder.Several() {
		end = o.find(ctx, finder, o.poller.Wait, finder.Ready)
	}
	switch {
	case end.Reached():
		o.warnExpiry(ctx, end.Observation)
		return true, ""
	case end.Observation.State == delivery.Missed:
		return false, join("Then the provider searched for another target. "+end.Observation.Reason, end.Observation.Seen)
	case ctx.Err() != nil:
		return false, join("Then the provider searched for another target.", o.stopped(end.Stopped), end.Observation.Seen)
	default:
		return false, ""
	}
}

// CurrentProbe returns a probe that reads the target with the given id. If
// given is "", it calls find until that returns an id, and from then on reads
// the target with this id. It calls choose with the id of the target that it
// has read. If there is no target yet, it judges the zero T.
func CurrentProbe[T any](key, given string, choose func(id string), find func(context.Context) (string, delivery.Attempt),
	read func(id string) func(context.Context) (T, delivery.Attempt), judge func(T) delivery.Observation,
) *delivery.Probe {
	type chosen struct {
		id   string
		seen T
	}
	var next func(context.Context) (T, delivery.Attempt)
	id := given
	return delivery.NewProbe(key, func(ctx context.Context) (found chosen, attempt delivery.Attempt) {
		if id == "" {
			if id, attempt = find(ctx); id == "" {
				return found, attempt
			}
		}
		if next == nil {
			next = read(id)
		}
		found.id = id
		found.seen, attempt = next(ctx)
		return found, attempt
	}, func(found chosen) delivery.Observation {
		if found.id != "" {
			choose(found.id)
		}
		return judge(found.seen)
	})
}
