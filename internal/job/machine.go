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
	// candidatesLeft: the job was removed. Other jobs exist that may be its successor, and
	// cannot be told from jobs of somebody else.
	candidatesLeft position = "candidates_left"
	// unclear: the names of several jobs have the same suffix, so they cannot be told
	// apart.
	unclear position = "unclear"
	// unnamed: the job exists, and its name still has a suffix.
	unnamed position = "unnamed"
	// settled: the job exists under its own name, and no other job belongs to it.
	settled position = "settled"
	// notRotated: a change requested a rotation, and the URL or the access token is
	// still the old one.
	notRotated position = "not_rotated"
	// successorCreated: the job and its successor exist.
	successorCreated position = "successor_created"
	// replaced: the job was removed, and its successor exists.
	replaced position = "replaced"
	// predecessorLeft: the job has replaced another one that still exists.
	predecessorLeft position = "predecessor_left"
	// onlyPredecessorLeft: the job was removed, and the job that it had replaced still exists.
	onlyPredecessorLeft position = "only_predecessor_left"
)

// step is one change at the service.
type step string

const (
	// fail: there is no step. The update fails, and says what to do.
	fail step = "fail"
	// change: give the job its settings and its own name.
	change step = "change"
	// requestRotation: like change, and request a new URL and access token.
	requestRotation step = "request_rotation"
	// createSuccessor: create a successor, under a name with a suffix that names its predecessor.
	createSuccessor step = "create_successor"
	// recordSuccessor: record the successor as the job.
	recordSuccessor step = "record_successor"
	// removeSuccessor: remove the successor again. recordSuccessor does this instead if the successor has
	// lost something of the job.
	removeSuccessor step = "remove_successor"
	// removePredecessor: remove the job that this one has replaced.
	removePredecessor step = "remove_predecessor"
)

// steps has the step of an update for each position: of an update that keeps
// the URL and the access token, and of one that rotates them. An update ends
// when the job is settled. After recordSuccessor it only keeps. After
// removePredecessor it still rotates: the job was recorded before, and its credentials may be in use.
var steps = map[position]struct{ keep, rotate step }{
	absent:              {fail, fail},
	candidatesLeft:      {createSuccessor, createSuccessor},
	unclear:             {fail, fail},
	unnamed:             {change, requestRotation},
	settled:             {change, requestRotation},
	notRotated:          {fail, createSuccessor},
	successorCreated:    {recordSuccessor, recordSuccessor},
	replaced:            {recordSuccessor, recordSuccessor},
	predecessorLeft:     {removePredecessor, removePredecessor},
	onlyPredecessorLeft: {removePredecessor, removePredecessor},
}

// transitions has, for each step, the position to which it leads, and the position
// that is found if the provider is killed after the step, with the state from
// before. If the service does not rotate, requestRotation leads to notRotated. If
// the job was removed before, createSuccessor leads to replaced, recordSuccessor to
// unnamed, and removePredecessor to candidatesLeft. When a job has replaced another
// one, change removes the suffix from its name. If the provider is killed after
// that, the position is candidatesLeft: nothing tells the job from a job of somebody
// else, so no operation touches it.
var transitions = map[step]struct{ to, found position }{
	change:            {settled, settled},
	requestRotation:   {settled, settled},
	createSuccessor:   {successorCreated, successorCreated},
	recordSuccessor:   {predecessorLeft, successorCreated},
	removeSuccessor:   {settled, settled},
	removePredecessor: {unnamed, replaced},
}

// positionEffects says what the operations do and say in a position. The texts have two
// arguments: the id of the recorded job, and the ids of the others.
type positionEffects struct {
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

// effects has what refresh, plan, update and destroy do and say in a position.
// In all positions except settled, an update has something to finish.
var effects = map[position]positionEffects{
	absent: {forgotten: true},
	candidatesLeft: {
		moves: true, leaves: true, summary: "Job Is Gone",
		seen: "Cloud Automator job %[1]s no longer exists. These jobs were created since then, and changed after their creation: %[2]s. One of them may be its successor, " +
			"from a rotation that was cut short at its end, and may have been run then. The provider cannot tell it from a job of somebody else, so it does not adopt, change, run or remove any of them.",
		update:  "An apply creates the job again. " + cleanUp,
		destroy: "A destroy removes none of them. " + cleanUp,
	},
	unclear: {
		moves: true, leaves: true, summary: "Several Jobs Match",
		seen: "A creation or a rotation of this resource was cut short, and the names of several Cloud Automator jobs end with its suffix. The recorded job is %[1]s. " +
			"The provider cannot tell which of these jobs belong to the resource, so it does not adopt, change, run or remove any of them: %[2]s.",
		update:  "An update fails while there are several. " + cleanUp,
		destroy: "A destroy removes none of them. " + cleanUp,
	},
	unnamed:    {},
	settled:    {},
	notRotated: {},
	successorCreated: {
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
	predecessorLeft: {
		summary: "Rotation Not Finished",
		seen:    "Cloud Automator job %[1]s has replaced job %[2]s, which still exists. Its old URL and access token still run it.",
		update:  "An apply removes the old job.",
		destroy: "A destroy removes both.",
	},
	onlyPredecessorLeft: {
		moves: true, summary: "Rotation Not Finished",
		seen:    "Cloud Automator job %[1]s had replaced job %[2]s, and no longer exists. The old job still exists: its URL and access token still run it.",
		update:  "An apply removes the old job, and creates a new one.",
		destroy: "A destroy removes the old job.",
	},
}

// cleanUp says what to do about jobs that the provider leaves alone.
const cleanUp = "Check them in the Cloud Automator console, and remove those that nobody needs."

// situation is a position and its jobs.
type situation struct {
	Position position `json:"position,omitempty"`
	// ID is the id of the job, "" if it is not known.
	ID string `json:"id,omitempty"`
	// Others are the other jobs: the successor in successorCreated and replaced, the
	// replaced job in predecessorLeft, and the jobs that cannot be told apart in candidatesLeft
	// and unclear.
	Others []string `json:"others,omitempty"`
	// Strays are, in replaced, the jobs that would be the others in candidatesLeft.
	Strays []string `json:"strays,omitempty"`
	// Predecessor is, in successorCreated and replaced, the job that the recorded one has replaced
	// earlier, if it still exists.
	Predecessor string `json:"predecessor,omitempty"`
}

// situationIn finds out the situation of a job from its state, its private state and the
// jobs of the service. A job belongs to this state only if its name has a suffix of this
// state, or if it has the id.
func situationIn(data *jobModel, p privateState, jobs []cloudautomator.Job) situation {
	id := data.ID.ValueString()
	named := func(suffix string) (found []string) {
		for _, job := range jobs {
			if suffix != "" && job.ID != id && data.alike(job) && strings.HasSuffix(job.Settings.Name, suffix) {
				found = append(found, job.ID)
			}
		}
		return found
	}
	if id == "" {
		switch made := named(creationSuffix(p.Creation)); len(made) {
		case 0:
			return situation{Position: absent}
		case 1:
			return situation{Position: unnamed, ID: made[0]}
		default:
			return situation{Position: unclear, Others: made}
		}
	}
	index := func(id string) int {
		return slices.IndexFunc(jobs, func(job cloudautomator.Job) bool { return job.ID == id })
	}
	at, successors := index(id), named(successorSuffix(id))
	// The state knows the job that this one has replaced, whatever has become of the two
	// since.
	recorded := data.PredecessorID.ValueString()
	if index(recorded) < 0 {
		recorded = ""
	}
	switch {
	case len(successors) > 1:
		return situation{Position: unclear, ID: id, Others: successors}
	case len(successors) == 1 && at < 0:
		return situation{Position: replaced, ID: id, Others: successors, Predecessor: recorded}
	case len(successors) == 1:
		return situation{Position: successorCreated, ID: id, Others: successors, Predecessor: recorded}
	case at < 0 && recorded != "":
		return situation{Position: onlyPredecessorLeft, ID: id, Others: []string{recorded}}
	case at < 0:
		return situation{Position: absent, ID: id}
	}
	name := jobs[at].Settings.Name
	predecessor := cmp.Or(predecessorInName(name), recorded)
	if data.foreign(p, name) {
		return situation{Position: settled, ID: id}
	}
	if predecessor != "" {
		var others []string
		if i := index(predecessor); i >= 0 && (predecessor == recorded || data.alike(jobs[i])) {
			others = append(others, predecessor)
		}
		if twins := named(successorSuffix(predecessor)); len(twins) > 0 {
			if predecessor == recorded {
				others = nil // The state can tell this one.
			}
			return situation{Position: unclear, ID: id, Others: append(others, twins...)}
		}
		if len(others) > 0 {
			return situation{Position: predecessorLeft, ID: id, Others: others}
		}
	}
	if hasSuffix(name) {
		return situation{Position: unnamed, ID: id}
	}
	return situation{Position: settled, ID: id}
}

// successorSuffix returns the suffix of the name of a job that succeeds another one. It
// is removed after the predecessor was removed.
func successorSuffix(predecessor string) string {
	return fmt.Sprintf(" (successor of job %s)", predecessor)
}

// creationSuffix returns the suffix of the name of a job that was just created. It is
// removed after the job's id is recorded. Without a number it is "".
func creationSuffix(number string) string {
	if number == "" {
		return ""
	}
	return fmt.Sprintf(" (creation %s)", number)
}

var (
	successorPattern = delivery.LazyRegexp(` \(successor of job ([^()]+)\)$`)
	suffixPattern    = delivery.LazyRegexp(` \((?:successor of job [^()]+|creation [0-9a-f]{16})\)$`)
)

// hasSuffix reports whether a name ends with one of these suffixes.
func hasSuffix(name string) bool { return suffixPattern().MatchString(name) }

// predecessorInName returns the id of the job whose successor has this name, "" without
// a suffix.
func predecessorInName(name string) string {
	if found := successorPattern().FindStringSubmatch(name); found != nil {
		return found[1]
	}
	return ""
}

// longestBeforeSuffix is how many code points of a job's name are kept before a suffix.
const longestBeforeSuffix = 60

// withSuffix returns a name with a suffix.
func withSuffix(name, suffix string) string {
	if runes := []rune(name); len(runes) > longestBeforeSuffix {
		name = string(runes[:longestBeforeSuffix])
	}
	return name + suffix
}
