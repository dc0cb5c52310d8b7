// Package crash has the result for a signal if Terraform or the provider ends too early, at
// each moment. The provider's tests check it, and the page "What happens after a crash" is
// generated from it.
package crash

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"text/template"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
)

// Stage is the command in which Terraform ends too early.
type Stage string

// The stages.
const (
	AtApply   Stage = "apply"
	AtDestroy Stage = "destroy"
)

// Moment is the point at which Terraform ends too early.
type Moment = systems.Moment

// The moments, in the order in which they follow each other.
const (
	UntilReady = systems.UntilReady
	BackingOff = systems.BackingOff
	Leaving    = systems.Leaving
	Acted      = systems.Acted
	Waiting    = systems.Waiting
	Recorded   = systems.Recorded
)

// Ending is how Terraform ends too early.
type Ending string

// The endings.
const (
	Killed      Ending = "killed"
	Interrupted Ending = "Ctrl-C"
	// TofuKilled is an ending of OpenTofu alone. If a moment does not have it, the other
	// endings are the same for both engines.
	TofuKilled Ending = "`tofu` killed"
)

// Guard keeps a signal from taking effect twice.
type Guard = systems.Guard

// The guards.
const (
	Unguarded  = systems.Unguarded
	ReadBack   = systems.ShowsSignals
	Adopting   = systems.Adopting
	Generated  = systems.Generated
	Pinned     = systems.Pinned
	UsedToken  = systems.UsedToken
	ShownToken = systems.ShownToken

	GeneratedShown = systems.GeneratedShown
	PinnedShown    = systems.PinnedShown
	GeneratedOnce  = systems.GeneratedOnce
)

// Guards are all guards, in the order of the page.
var Guards = []Guard{Unguarded, ReadBack, Adopting, Generated, Pinned, GeneratedShown, PinnedShown, GeneratedOnce, UsedToken, ShownToken}

// signals returns the head of a column: the signals that have a guard, and their arguments.
func signals(g Guard) string {
	var means []string
	names := map[string][]string{}
	for _, y := range systems.Signals() {
		for _, guarded := range y.Guards {
			if guarded.Guard == g {
				if names[guarded.Means] == nil {
					means = append(means, guarded.Means)
				}
				names[guarded.Means] = append(names[guarded.Means], "`"+y.Type+"`")
			}
		}
	}
	var head []string
	for _, arguments := range means {
		text := strings.Join(names[arguments], ", ")
		if arguments != "" {
			text += " with " + arguments
		}
		head = append(head, text)
	}
	return strings.Join(head, "; ")
}

// Next is what the next run of the same command does with a signal.
type Next string

// The possible results of the next run.
const (
	Sends    Next = "sends"
	Repeats  Next = "**sends again**"
	Harmless Next = "sends again, to no effect"
	Refused  Next = "sends again, is refused"
	Adopts   Next = "adopts"
	GoesOn   Next = "goes on waiting"
	Nothing  Next = "nothing"
)

// Point is the result for signals if Terraform ends too early at one moment.
type Point struct {
	Stage  Stage
	Moment Moment
	Ending Ending
	// Left is the delivery in the state after that, and Tainted whether the resource is
	// tainted.
	Left    Left
	Tainted bool
	// Next is what the next run does.
	Next map[Guard]Next
}

// Left is what the state has: a value of delivery, or one of the following.
type Left string

const (
	// Absent means that the resource is not in the state.
	Absent Left = ""
	// Unsent means that the state has the resource, with a signal that is still to be sent.
	Unsent Left = "null"
)

// Moments returns the moments of a stage, in their order.
func Moments(stage Stage) (moments []Moment) {
	for _, point := range Points {
		if point.Stage == stage && !slices.Contains(moments, point.Moment) {
			moments = append(moments, point.Moment)
		}
	}
	return moments
}

// At returns the result for signals at a moment.
func At(stage Stage, moment Moment, ending Ending) Point {
	at := func(ending Ending) int {
		return slices.IndexFunc(Points, func(p Point) bool { return p.Stage == stage && p.Moment == moment && p.Ending == ending })
	}
	if i := at(ending); i >= 0 {
		return Points[i]
	}
	return Points[at(Killed)] // OpenTofu does here what Terraform does.
}

// with returns the engines for which a point holds.
func (p Point) with() string {
	return engines(p.Ending, slices.ContainsFunc(Points, func(o Point) bool {
		return o.Stage == p.Stage && o.Moment == p.Moment && o.Ending == TofuKilled
	}))
}

// engines returns the engines for which an ending holds. own says that OpenTofu has a
// separate ending.
func engines(ending Ending, own bool) string {
	switch {
	case ending == TofuKilled:
		return "OpenTofu"
	case own && ending == Killed:
		return "Terraform; OpenTofu if only the provider is killed"
	default:
		return "both"
	}
}

func each(next Next) map[Guard]Next {
	all := map[Guard]Next{}
	for _, guard := range Guards {
		all[guard] = next
	}
	return all
}

// again returns what the next run does with a signal that the service took and that is not
// in the state.
func again(generated Next) map[Guard]Next {
	next := map[Guard]Next{
		Unguarded: Repeats, ReadBack: Repeats, Adopting: Adopts, Generated: generated, GeneratedShown: generated,
		Pinned: Harmless, PinnedShown: Harmless, GeneratedOnce: generated, UsedToken: Refused, ShownToken: Refused,
	}
	if generated == Harmless {
		next[GeneratedOnce] = Refused // The id is the same, and the service answers that it already has it.
	}
	if generated == Refused {
		next[GeneratedShown] = Repeats // The workflow goes on, and takes any signal.
	}
	return next
}

// found is like next, for signals that the next run looks up: the state has them and their
// time.
func found(next map[Guard]Next) map[Guard]Next {
	next[ReadBack], next[GeneratedShown], next[PinnedShown], next[GeneratedOnce], next[ShownToken] = Adopts, Adopts, Adopts, Adopts, Adopts
	return next
}

// Points are the results for signals at each moment.
var Points = []Point{
	{AtApply, UntilReady, Killed, Absent, false, each(Sends)},
	{AtApply, UntilReady, Interrupted, Absent, false, each(Sends)},
	{AtApply, BackingOff, Killed, Absent, false, each(Sends)},
	{AtApply, BackingOff, Interrupted, Absent, false, each(Sends)},
	{AtApply, Leaving, Killed, Absent, false, each(Sends)},
	{AtApply, Leaving, Interrupted, "UNKNOWN", true, each(Sends)},
	{AtApply, Acted, Killed, Absent, false, again(Repeats)},
	{AtApply, Acted, Interrupted, "UNKNOWN", true, again(Repeats)},
	// The stack no longer waits for the signal.
	{AtApply, Waiting, Killed, Absent, false, again(Refused)},
	{AtApply, Waiting, Interrupted, "SENT", false, each(GoesOn)},
	{AtApply, Recorded, Killed, "SENT", false, each(Nothing)},
	// OpenTofu writes its state at the end of an apply (opentofu#578).
	{AtApply, Recorded, TofuKilled, Absent, false, again(Repeats)},
	{AtApply, Recorded, Interrupted, "SENT", false, each(Nothing)},

	{AtDestroy, BackingOff, Killed, Unsent, false, each(Sends)},
	{AtDestroy, BackingOff, Interrupted, Unsent, false, each(Sends)},
	{AtDestroy, Leaving, Killed, Unsent, false, each(Sends)},
	{AtDestroy, Leaving, Interrupted, "UNKNOWN", false, each(Sends)},
	// The state has the generated ids since the resource was created.
	{AtDestroy, Acted, Killed, Unsent, false, again(Harmless)},
	{AtDestroy, Acted, Interrupted, "UNKNOWN", false, found(again(Harmless))},
	{AtDestroy, Waiting, Killed, Unsent, false, again(Harmless)},
	{AtDestroy, Waiting, Interrupted, "SENT", false, each(GoesOn)},
}

// Wait is the result for a resource that waits and sends nothing, if Terraform ends too
// early during a read or after the wait.
type Wait struct {
	Moment Moment
	Ending Ending
	// Recorded says that the state has the resource after that, and Tainted that it is
	// tainted.
	Recorded, Tainted bool
	// Next is what the next apply does.
	Next string
}

// Waits are the results for waits.
var Waits = []Wait{
	{Waiting, Killed, false, false, waitsAgain},
	{Waiting, Interrupted, true, true, waitsAgain},
	{Recorded, Killed, true, false, "nothing"},
	// OpenTofu writes its state at the end of an apply (opentofu#578).
	{Recorded, TofuKilled, false, false, waitsAgain},
	{Recorded, Interrupted, true, false, "nothing"},
}

const waitsAgain = "waits again, and sends nothing"

// OfWait returns the result for a wait at a moment.
func OfWait(moment Moment, ending Ending) Wait {
	at := func(ending Ending) int {
		return slices.IndexFunc(Waits, func(w Wait) bool { return w.Moment == moment && w.Ending == ending })
	}
	if i := at(ending); i >= 0 {
		return Waits[i]
	}
	return Waits[at(Killed)] // OpenTofu does here what Terraform does.
}

func (w Wait) left() string {
	switch {
	case !w.Recorded:
		return "nothing"
	case w.Tainted:
		return "the wait, tainted"
	default:
		return "the wait"
	}
}

//go:embed introduction.md
var introduction string

// Text returns the page, in Markdown.
func Text() string {
	var page strings.Builder
	if err := template.Must(template.New("").Parse(introduction)).Execute(&page, advice()); err != nil {
		panic(err) // The template does not fit the table.
	}
	for _, stage := range []Stage{AtApply, AtDestroy} {
		if stage == AtApply {
			page.WriteString("\n## While the signal is sent at apply\n\n")
		} else {
			page.WriteString("\n## While the signal is sent at destroy\n\nWith `when = \"destroy\"`, the resource is in the state before anything is sent.\n\n")
		}
		head := []string{"what the provider was doing", "how it ended", "program", "in the state"}
		for _, guard := range Guards {
			head = append(head, "next "+string(stage)+": "+signals(guard))
		}
		row(&page, head)
		page.WriteString(strings.Repeat("|---", len(head)) + "|\n")
		for _, point := range Points {
			if point.Stage != stage {
				continue
			}
			cells := []string{string(point.Moment), string(point.Ending), point.with(), point.left()}
			for _, guard := range Guards {
				cells = append(cells, string(point.Next[guard]))
			}
			row(&page, cells)
		}
	}
	page.WriteString("\n## While a resource waits and sends nothing\n\n" +
		"A resource whose type ends in `_wait` only reads, so a crash loses no more than the time that it has waited. " +
		"Transfer Family does not show an execution that has ended: if the execution ends between a crash and the next apply, its wait waits until the timeout.\n\n")
	head := []string{"what the provider was doing", "how it ended", "program", "in the state", "next apply"}
	row(&page, head)
	page.WriteString(strings.Repeat("|---", len(head)) + "|\n")
	for _, wait := range Waits {
		moment := string(wait.Moment)
		if wait.Moment == Waiting {
			moment = "waiting, with a read under way"
		}
		others := slices.ContainsFunc(Waits, func(o Wait) bool { return o.Moment == wait.Moment && o.Ending == TofuKilled })
		row(&page, []string{moment, string(wait.Ending), engines(wait.Ending, others), wait.left(), wait.Next})
	}
	return page.String()
}

// advice returns what to do about each system's signals, in Markdown.
func advice() (lines []string) {
	var adopting []string
	for _, y := range systems.Signals() {
		if y.Gate != nil && y.Gate.Adopts {
			adopting = append(adopting, "`"+y.Type+"`")
		}
	}
	lines = append(lines, "For "+systems.List(adopting)+", set `adopt_existing`: the next apply finds the signal if the service shows it, and sends nothing.")
	for _, y := range systems.Signals() {
		if y.Docs.AfterCrash != "" {
			lines = append(lines, "For `"+y.Type+"`, "+y.Docs.AfterCrash)
		}
	}
	var shown []string
	for _, y := range systems.Signals() {
		if y.Lost == systems.ReadBack || y.ShowsSignals {
			shown = append(shown, "`"+y.Type+"`")
		}
	}
	return append(lines, "At destroy, if the state says `delivery = \"UNKNOWN\"`, the next destroy looks for a signal of "+systems.List(shown)+", and sends nothing if the service shows it.")
}

func (p Point) left() string {
	words := fmt.Sprintf("`delivery = %q`", p.Left)
	switch p.Left {
	case Absent:
		return "nothing"
	case Unsent:
		return "`delivery` null"
	}
	if p.Tainted {
		words += ", tainted"
	}
	return words
}

func row(page *strings.Builder, cells []string) {
	page.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}
