package cloudautomator

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A job's life is a small machine. Each operation finds out in which position the
// job is, makes the one step that the table has for it, and goes on from where
// that step leads, until there is nothing left to do. What the service shows
// decides: a provider may be killed after each request, and nothing but the names
// and ids of jobs survives that for certain.

// position is where a job stands at the service, seen from one state.
type position string

const (
	// absent: there is no job. None was made, or it is gone.
	absent position = "absent"
	// orphaned: the job is gone. Jobs are there that may be its successor, and cannot be told from somebody else's.
	orphaned position = "orphaned"
	// unnamed: the job is there, and its name still carries a mark.
	unnamed position = "unnamed"
	// settled: the job is there under its own name, alone.
	settled position = "settled"
	// unmoved: the job was asked to rotate, and its URL or access token is still the old one.
	unmoved position = "unmoved"
	// succeeded: the job is there, and so is its successor.
	succeeded position = "succeeded"
	// replaced: the job is gone, and its successor is there.
	replaced position = "replaced"
	// heir: the job has taken the place of others that are still there.
	heir position = "heir"
)

// wish is what an operation wants of a job.
type wish int

const (
	// toKeep wants the job with its settings, and no other URL and access token than it has.
	toKeep wish = iota
	// toRotate wants the settings, and a new URL and access token.
	toRotate
	// toRemove wants nothing to be left.
	toRemove
)

// step is one change at the service.
type step string

const (
	// nothing: the position is the end.
	nothing step = "nothing"
	// makeNew: create the job, under a name with a mark.
	makeNew step = "make"
	// change: give the job its settings and its own name.
	change step = "change"
	// ask: the same, and ask for a new URL and access token.
	ask step = "ask"
	// succeed: create a successor, under a name with the mark of its predecessor.
	succeed step = "succeed"
	// take: record the successor as the job.
	take step = "take"
	// retire: remove another job whose place this one has taken.
	retire step = "retire"
	// sweep: remove the successor.
	sweep step = "sweep"
	// drop: remove the job.
	drop step = "drop"
)

// steps is the machine: the step to take from each position, for each wish.
var steps = map[position][3]step{
	//           toKeep   toRotate toRemove
	absent:    {makeNew, makeNew, nothing},
	orphaned:  {succeed, succeed, nothing},
	unnamed:   {change, ask, drop},
	settled:   {change, ask, drop},
	unmoved:   {nothing, succeed, drop},
	succeeded: {take, take, sweep},
	replaced:  {take, take, sweep},
	heir:      {retire, retire, retire},
}

// leads says where a step leads, and where the job is found again when the
// provider is killed after it, and the state is what it was before. To ask leads
// to unmoved where the service does not rotate. To change the name of a job that has
// taken the place of another one takes the mark off; killed after that, the job is
// found orphaned: nothing tells it from somebody else's, so it is left alone.
var leads = map[step]struct{ to, found position }{
	makeNew: {unnamed, absent},
	change:  {settled, settled},
	ask:     {settled, settled},
	succeed: {succeeded, succeeded},
	take:    {heir, succeeded},
	retire:  {unnamed, replaced},
	sweep:   {settled, settled},
	drop:    {absent, absent},
}

// sights is what refresh and plan make of a position. In all of them but settled
// an update has something to finish; a destroy removes all that locate finds.
var sights = map[position]struct {
	// forgotten says that a refresh takes the job out of the state. Otherwise it
	// records what the job is, or keeps what is recorded where the job is gone.
	forgotten bool
	// moves says that an update may record another job.
	moves bool
}{
	absent:    {forgotten: true},
	orphaned:  {moves: true},
	unnamed:   {},
	settled:   {},
	unmoved:   {},
	succeeded: {moves: true},
	replaced:  {moves: true},
	heir:      {},
}

// next is the step to take.
func next(from position, wanted wish) step { return steps[from][wanted] }

// standing is a position with the jobs that it is about.
type standing struct {
	position position
	// id is the job's, "" when it is not known.
	id string
	// others are the successors in succeeded and replaced, and in heir the jobs whose place was taken.
	others []string
}

// owner is what a state knows of its job.
type owner struct {
	// id is "" when a creation got no clear answer.
	id string
	// creation is the mark of the job's creation.
	creation string
	// alike reports whether a job is what no rotation changes of this one.
	alike func(Job) bool
}

// locate finds out where a job stands. Marks say whose a job is; whatever has
// none is nobody's for this state, unless it has the id.
func locate(o owner, jobs []Job) standing {
	named := func(mark string) (found []string) {
		for _, job := range jobs {
			if mark != "" && job.ID != o.id && o.alike(job) && strings.HasSuffix(job.name(), mark) {
				found = append(found, job.ID)
			}
		}
		return found
	}
	if o.id == "" {
		switch made := named(creationMark(o.creation)); len(made) {
		case 0:
			return standing{position: absent}
		case 1:
			return standing{position: unnamed, id: made[0]}
		default:
			return standing{heir, made[0], made[1:]}
		}
	}
	at := slices.IndexFunc(jobs, func(job Job) bool { return job.ID == o.id })
	successors := named(mark(o.id))
	if at < 0 {
		if len(successors) > 0 {
			return standing{replaced, o.id, successors}
		}
		return standing{position: absent, id: o.id}
	}
	name := jobs[at].name()
	if predecessor := markedFor(name); predecessor != "" {
		others := named(mark(predecessor))
		for _, job := range jobs {
			if job.ID == predecessor && o.alike(job) {
				others = append(others, job.ID)
			}
		}
		if len(others) > 0 {
			return standing{heir, o.id, others}
		}
	}
	switch {
	case len(successors) > 0:
		return standing{succeeded, o.id, successors}
	case isMarked(name):
		return standing{position: unnamed, id: o.id}
	default:
		return standing{position: settled, id: o.id}
	}
}

// mark is what the name of a job ends with that was made to succeed another one.
// It is taken off when its predecessor is gone.
func mark(predecessor string) string { return fmt.Sprintf(" (successor of job %s)", predecessor) }

// creationMark is what the name of a job ends with that was just created. It is
// taken off once the job's id is recorded. Without a number it is none.
func creationMark(number string) string {
	if number == "" {
		return ""
	}
	return fmt.Sprintf(" (creation %s)", number)
}

var (
	successorMark = regexp.MustCompile(` \(successor of job ([^()]*)\)$`)
	anyMark       = regexp.MustCompile(` \((?:successor of job [^()]*|creation [0-9a-f]{16})\)$`)
)

// isMarked reports whether a name ends with a mark.
func isMarked(name string) bool { return anyMark.MatchString(name) }

// markedFor is the job that a name is marked as the successor of, "" without a mark.
func markedFor(name string) string {
	if found := successorMark.FindStringSubmatch(name); found != nil {
		return found[1]
	}
	return ""
}

// longestMarked is how much of a job's name is kept beside a mark, in code points.
const longestMarked = 60

// marked is a name with a mark.
func marked(name, mark string) string {
	if runes := []rune(name); len(runes) > longestMarked {
		name = string(runes[:longestMarked])
	}
	return name + mark
}
