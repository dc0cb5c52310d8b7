package job

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/cloudautomator"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
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
	// unclear: the names of several jobs have the same mark, so they cannot be told
	// apart.
	unclear position = "unclear"
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
	// heir: the job has replaced another one that still exists.
	heir position = "heir"
	// bereft: the job was removed, and the job that it had replaced still exists.
	bereft position = "bereft"
)

// step is one change at the service.
type step string

const (
	// fail: there is no step. The update fails, and says what to do.
	fail step = "fail"
	// change: give the job its settings and its own name.
	change step = "change"
	// ask: like change, and request a new URL and access token.
	ask step = "ask"
	// succeed: create a successor, under a name with the mark of its predecessor.
	succeed step = "succeed"
	// take: record the successor as the job.
	take step = "take"
	// sweep: remove the successor again. take does this instead if the successor has
	// lost something of the job.
	sweep step = "sweep"
	// retire: remove the job that this one has replaced.
	retire step = "retire"
)

// steps has the step of an update for each position: of an update that keeps
// the URL and the access token, and of one that rotates them. An update ends
// when the job is settled. After take it only keeps. After retire it still
// rotates: the job was recorded before, and its credentials may be in use.
var steps = map[position]struct{ keep, rotate step }{
	absent:    {fail, fail},
	orphaned:  {succeed, succeed},
	unclear:   {fail, fail},
	unnamed:   {change, ask},
	settled:   {change, ask},
	unmoved:   {fail, succeed},
	succeeded: {take, take},
	replaced:  {take, take},
	heir:      {retire, retire},
	bereft:    {retire, retire},
}

// leads has, for each step, the position to which it leads, and the position
// that is found if the provider is killed after the step, with the state from
// before. If the service does not rotate, ask leads to unmoved. If the job was
// removed before, succeed leads to replaced, take to unnamed, and retire to orphaned. When a job
// has replaced another one, change removes the mark from its name. If the
// provider is killed after that, the position is orphaned: nothing tells the
// job from a job of somebody else, so no operation touches it.
var leads = map[step]struct{ to, found position }{
	change:  {settled, settled},
	ask:     {settled, settled},
	succeed: {succeeded, succeeded},
	take:    {heir, succeeded},
	sweep:   {settled, settled},
	retire:  {unnamed, replaced},
}

// sight says what the operations do and say in a position. The texts have two
// arguments: the id of the recorded job, and the ids of the others.
type sight struct {
	// forgotten says that a refresh removes the job from the state. Otherwise the
	// refresh records the job, or keeps the state if the job was removed.
	forgotten bool
	// moves says that an update may record another job.
	moves bool
	// leaves says that a destroy removes only the job of the state, and not the others.
	leaves bool
	// summary and seen are a warning of a refresh and of a plan; "" if there is none.
	// After them they say what an update and what a destroy does.
	summary, seen, update, destroy string
}

// sights has what refresh, plan, update and destroy do and say in a position.
// In all positions except settled, an update has something to finish.
var sights = map[position]sight{
	absent: {forgotten: true},
	orphaned: {
		moves: true, leaves: true, summary: "Job Is Gone",
		seen: "Cloud Automator job %[1]s no longer exists. These jobs were created since then, and changed after their creation: %[2]s. One of them may be its successor, " +
			"from a rotation that was cut short at its end, and may have been run then. The provider cannot tell it from a job of somebody else, so it does not adopt, change, run or remove any of them.",
		update:  "An apply creates the job again. " + cleanUp,
		destroy: "A destroy removes none of them. " + cleanUp,
	},
	unclear: {
		moves: true, leaves: true, summary: "Job Not Told from Others",
		seen: "A creation or a rotation of this resource was cut short, and the names of several Cloud Automator jobs have its mark. The recorded job is %[1]s. " +
			"The provider cannot tell which of these jobs belong to the resource, so it does not adopt, change, run or remove any of them: %[2]s.",
		update:  "An update fails while there are several. " + cleanUp,
		destroy: "A destroy removes none of them. " + cleanUp,
	},
	unnamed: {},
	settled: {},
	unmoved: {},
	succeeded: {
		moves: true, summary: "Rotation Not Finished",
		seen:    "The rotation of Cloud Automator job %[1]s was cut short after its successor was created: job %[2]s. Both exist.",
		update:  "An apply finishes the rotation.",
		destroy: "A destroy removes both.",
	},
	replaced: {
		moves: true, summary: "Rotation Not Finished",
		seen:    "The rotation of Cloud Automator job %[1]s was cut short. The job was removed, and its successor exists: job %[2]s.",
		update:  "An apply finishes the rotation.",
		destroy: "A destroy removes the successor.",
	},
	heir: {
		summary: "Rotation Not Finished",
		seen:    "Cloud Automator job %[1]s has replaced job %[2]s, which still exists. Its old URL and access token still run it.",
		update:  "An apply removes the old job.",
		destroy: "A destroy removes both.",
	},
	bereft: {
		moves: true, summary: "Rotation Not Finished",
		seen:    "Cloud Automator job %[1]s had replaced job %[2]s, and no longer exists. The old job still exists: its URL and access token still run it.",
		update:  "An apply removes the old job, and creates a new one.",
		destroy: "A destroy removes the old job.",
	},
}

// cleanUp says what to do about jobs that the provider leaves alone.
const cleanUp = "Check them in the Cloud Automator console, and remove those that nobody needs."

// standing is a position and its jobs.
type standing struct {
	Position position `json:"position,omitempty"`
	// ID is the id of the job, "" if it is not known.
	ID string `json:"id,omitempty"`
	// Others are the other jobs: the successor in succeeded and replaced, the replaced
	// job in heir, and the jobs that cannot be told apart in orphaned and unclear.
	Others []string `json:"others,omitempty"`
	// Strays are, in replaced, the jobs that would be the others in orphaned.
	Strays []string `json:"strays,omitempty"`
	// Predecessor is, in succeeded and replaced, the job that the recorded one has replaced
	// earlier, if it still exists.
	Predecessor string `json:"predecessor,omitempty"`
}

// locate finds out the position of a job from its state, its private state and the jobs of
// the service. A job belongs to this state only if its name has a mark of this state, or
// if it has the id.
func locate(data *jobModel, p privateState, jobs []cloudautomator.Job) standing {
	id := data.ID.ValueString()
	named := func(mark string) (found []string) {
		for _, job := range jobs {
			if mark != "" && job.ID != id && data.alike(job) && strings.HasSuffix(job.Settings.Name, mark) {
				found = append(found, job.ID)
			}
		}
		return found
	}
	if id == "" {
		switch made := named(creationMark(p.Creation)); len(made) {
		case 0:
			return standing{Position: absent}
		case 1:
			return standing{Position: unnamed, ID: made[0]}
		default:
			return standing{Position: unclear, Others: made}
		}
	}
	index := func(id string) int {
		return slices.IndexFunc(jobs, func(job cloudautomator.Job) bool { return job.ID == id })
	}
	at, successors := index(id), named(mark(id))
	// The state knows the job that this one has replaced, whatever has become of the two
	// since.
	recorded := data.PredecessorID.ValueString()
	if index(recorded) < 0 {
		recorded = ""
	}
	switch {
	case len(successors) > 1:
		return standing{Position: unclear, ID: id, Others: successors}
	case len(successors) == 1 && at < 0:
		return standing{Position: replaced, ID: id, Others: successors, Predecessor: recorded}
	case len(successors) == 1:
		return standing{Position: succeeded, ID: id, Others: successors, Predecessor: recorded}
	case at < 0 && recorded != "":
		return standing{Position: bereft, ID: id, Others: []string{recorded}}
	case at < 0:
		return standing{Position: absent, ID: id}
	}
	name := jobs[at].Settings.Name
	predecessor := cmp.Or(markedFor(name), recorded)
	if data.foreign(p, name) {
		return standing{Position: settled, ID: id}
	}
	if predecessor != "" {
		var others []string
		if i := index(predecessor); i >= 0 && (predecessor == recorded || data.alike(jobs[i])) {
			others = append(others, predecessor)
		}
		if twins := named(mark(predecessor)); len(twins) > 0 {
			if predecessor == recorded {
				others = nil // The state can tell this one.
			}
			return standing{Position: unclear, ID: id, Others: append(others, twins...)}
		}
		if len(others) > 0 {
			return standing{Position: heir, ID: id, Others: others}
		}
	}
	if isMarked(name) {
		return standing{Position: unnamed, ID: id}
	}
	return standing{Position: settled, ID: id}
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
	successorMark = delivery.LazyRegexp(` \(successor of job ([^()]+)\)$`)
	anyMark       = delivery.LazyRegexp(` \((?:successor of job [^()]+|creation [0-9a-f]{16})\)$`)
)

// isMarked reports whether a name ends with a mark.
func isMarked(name string) bool { return anyMark().MatchString(name) }

// markedFor returns the id of the job whose successor has this name, "" without
// a mark.
func markedFor(name string) string {
	if found := successorMark().FindStringSubmatch(name); found != nil {
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
