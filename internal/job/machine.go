package job

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/cloudautomator"
)

// The operations on a job are a state machine. Each operation finds out the
// position of the job at the service. Then it takes the one step that the table
// steps has for this position, and goes on from the position to which the step
// leads, until there is no step left. The position comes only from the names
// and ids of the jobs that the service shows, because the provider may be
// killed after each request, and nothing else certainly survives that.

// position is the position of a job at the service, as seen from one Terraform
// state.
type position string

const (
	// absent: there is no job. None was created, or it was removed.
	absent position = "absent"
	// orphaned: the job was removed. Other jobs exist that may be its successor, and
	// cannot be told from jobs of somebody else.
	orphaned position = "orphaned"
	// unnamed: the job exists, and its name still has a mark.
	unnamed position = "unnamed"
	// settled: the job exists under its own name, and no other job belongs to it.
	settled position = "settled"
	// unmoved: a change requested a rotation, and the URL or the access token is
	// still the old one.
	unmoved position = "unmoved"
	// succeeded: the job and its successor exist.
	succeeded position = "succeeded"
	// replaced: the job was removed, and its successor exists.
	replaced position = "replaced"
	// heir: the job has replaced others that still exist.
	heir position = "heir"
)

// wish is the goal of an operation.
type wish int

const (
	// toKeep wants a job with the settings, and its present URL and access token.
	toKeep wish = iota
	// toRotate wants the settings, and a new URL and access token.
	toRotate
	// toRemove wants no job.
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
	// ask: like change, and request a new URL and access token.
	ask step = "ask"
	// succeed: create a successor, under a name with the mark of its predecessor.
	succeed step = "succeed"
	// take: record the successor as the job.
	take step = "take"
	// retire: remove another job that this one has replaced.
	retire step = "retire"
	// sweep: remove the successor.
	sweep step = "sweep"
	// drop: remove the job.
	drop step = "drop"
)

// steps has the step for each position and wish.
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

// leads has, for each step, the position to which it leads, and the position
// that is found if the provider is killed after the step, with the state from
// before. If the service does not rotate, ask leads to unmoved. When a job has
// replaced another one, change removes the mark from its name. If the provider
// is killed after that, the position is orphaned: nothing tells the job from a
// job of somebody else, so no operation touches it.
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

// sights says what refresh and plan do in a position. In all positions except
// settled, an update has something to finish. A destroy removes all jobs that
// locate finds.
var sights = map[position]struct {
	// forgotten says that a refresh removes the job from the state. Otherwise the
	// refresh records the job, or keeps the state if the job was removed.
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

// next returns the step to take.
func next(from position, wanted wish) step { return steps[from][wanted] }

// standing is a position and its jobs.
type standing struct {
	position position
	// id is the id of the job, "" if it is not known.
	id string
	// others are the successors in succeeded and replaced, and the replaced jobs in
	// heir.
	others []string
}

// owner has what a Terraform state knows of its job.
type owner struct {
	// id is "" if the creation got no clear answer.
	id string
	// creation is the mark of the job's creation.
	creation string
	// imported says that this state has not changed the job yet, so that it cannot have
	// taken another one's place.
	imported bool
	// alike reports whether a job agrees with this one in everything that a rotation
	// does not change.
	alike func(cloudautomator.Job) bool
}

// locate finds out the position of a job. A job belongs to this state only if
// its name has a mark of this state, or if it has the id.
func locate(o owner, jobs []cloudautomator.Job) standing {
	named := func(mark string) (found []string) {
		for _, job := range jobs {
			if mark != "" && job.ID != o.id && o.alike(job) && strings.HasSuffix(job.Name(), mark) {
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
	at := slices.IndexFunc(jobs, func(job cloudautomator.Job) bool { return job.ID == o.id })
	successors := named(mark(o.id))
	if at < 0 {
		if len(successors) > 0 {
			return standing{replaced, o.id, successors}
		}
		return standing{position: absent, id: o.id}
	}
	name := jobs[at].Name()
	if predecessor := markedFor(name); predecessor != "" && !o.imported {
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

// mark returns the end of the name of a job that succeeds another one. The mark
// is removed after the predecessor was removed.
func mark(predecessor string) string { return fmt.Sprintf(" (successor of job %s)", predecessor) }

// creationMark returns the end of the name of a job that was just created. The
// mark is removed after the job's id is recorded. Without a number it is "".
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

// markedFor returns the id of the job whose successor has this name, "" without
// a mark.
func markedFor(name string) string {
	if found := successorMark.FindStringSubmatch(name); found != nil {
		return found[1]
	}
	return ""
}

// longestMarked is how many code points of a job's name are kept before a mark.
const longestMarked = 60

// marked returns a name with a mark.
func marked(name, mark string) string {
	if runes := []rune(name); len(runes) > longestMarked {
		name = string(runes[:longestMarked])
	}
	return name + mark
}
