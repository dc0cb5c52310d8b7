package oos

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/alicloud"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// readPermissions are the RAM actions for waiting, adopting and searching for a lost
// signal.
const readPermissions = "oos:ListExecutions and oos:ListTaskExecutions"

// The statuses of executions and tasks, from the API references of ListExecutions and
// ListTaskExecutions.
const (
	waiting   = "Waiting"
	running   = "Running"
	pending   = "Pending"
	succeeded = "Success"
	failed    = "Failed"
	cancelled = "Cancelled"
	skipped   = "Skipped"
)

// notEnded are the statuses by which ListExecutions finds executions that have not ended.
var notEnded = []string{waiting, running, pending, "Started"}

func final(status string) bool {
	return slices.Contains([]string{succeeded, failed, cancelled, skipped}, status)
}

// debugMode is the mode of executions in which each task needs a signal to begin.
const debugMode = "Debug"

// approval is the action of tasks that wait for approval.
const approval = "ACS::Approve"

// notification has the content of a signal, as far as reads can show it.
type notification struct{ kind, note, task, taskExecution, item, status string }

// decides reports whether the signal approves or rejects a task.
func (n notification) decides() bool { return n.kind == approve || n.kind == reject }

// inDebug reports whether the signal is for executions in Debug mode that need not wait.
func (n notification) inDebug() bool { return n.kind == cancelTask || n.kind == completeExecution }

// ends reports whether any end of the run counts as success after this signal.
func (n notification) ends() bool {
	return n.kind == reject || n.kind == cancelTask || n.kind == completeExecution && n.status != succeeded
}

// means reports whether the signal may be for a task.
func (n notification) means(t task) bool {
	return (n.task == "" || n.task == t.TaskName) && (n.taskExecution == "" || n.taskExecution == t.TaskExecutionID) && (n.item == "" || n.item == t.LoopItem)
}

// execution is an execution in the answer of ListExecutions.
type execution struct {
	ExecutionID   string `json:"ExecutionId"`
	TemplateName  string
	Mode          string
	Status        string
	StatusMessage string
	StatusReason  string
	StartDate     string
	EndDate       string
	Outputs       any
}

// task is a task in the answer of ListTaskExecutions.
type task struct {
	TaskExecutionID       string `json:"TaskExecutionId"`
	ParentTaskExecutionID string `json:"ParentTaskExecutionId"`
	TaskName              string
	TaskAction            string
	LoopItem              string
	Status                string
	StartDate             string
	UpdateDate            string
	EndDate               string
	Properties            any
	ExtraData             any
}

// note returns the note of the last signal to the task, "" if none is shown.
func (t task) note() string {
	note, _ := members(t.ExtraData)["NotifyNote"].(string)
	return note
}

// needsOne reports whether the task is known to need only one approval, which is the
// default.
func (t task) needsOne() bool {
	properties := members(t.Properties)
	needed, given := properties["MinRequiredApprovals"]
	return properties != nil && (!given || fmt.Sprint(needed) == "1")
}

// members returns the members of an object, or of a text that contains a JSON object.
func members(value any) map[string]any {
	if text, is := value.(string); is {
		var object map[string]any
		_ = json.Unmarshal([]byte(text), &object) // Any other text has no members.
		return object
	}
	object, _ := value.(map[string]any)
	return object
}

// list reads all pages of a list. It is not inlined, because its closure would be compiled
// again for each caller.
//
//go:noinline
func list[T any](ctx context.Context, client alicloud.Client, operation, member string, parameters map[string]string) (all []T, attempt delivery.Attempt) {
	attempt = delivery.Pages(func(token string) (string, delivery.Attempt) {
		if token != "" {
			parameters["NextToken"] = token
		}
		page, attempt := alicloud.Request[map[string]any](ctx, client, operation, parameters)
		if attempt.Outcome != delivery.Accepted {
			return "", attempt
		}
		entries, err := decode[[]T](page[member])
		if err != nil {
			attempt.Outcome, attempt.Err = delivery.Unknown, fmt.Errorf("the answer cannot be read: %w", err)
		}
		all = append(all, entries...)
		next, _ := page["NextToken"].(string)
		return next, attempt
	})
	return all, attempt
}

func decode[T any](value any) (decoded T, err error) {
	text, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(text, &decoded)
	}
	return decoded, err
}

// pageSize is the largest number of entries on a page.
const pageSize = "100"

// watched is an execution to read.
type watched struct {
	alicloud.Client
	id string
}

func (w watched) key(of string) string { return fmt.Sprintf("oos/%s/%q/%s", w.Region, w.id, of) }

// read reads the execution without its tasks.
func (w watched) read(ctx context.Context) (execution, delivery.Attempt) {
	found, attempt := list[execution](ctx, w.Client, "ListExecutions", "Executions", map[string]string{"ExecutionId": w.id, "IncludeChildExecution": "true"})
	i := slices.IndexFunc(found, func(e execution) bool { return e.ExecutionID == w.id })
	switch {
	case attempt.Outcome != delivery.Accepted:
		return execution{}, attempt
	case i < 0:
		none := signal.Advised(attempt, "OOS lists no execution "+w.id, missing)
		none.Status = attempt.Status
		return execution{}, none
	default:
		return found[i], attempt
	}
}

// snapshot is what reads show of an execution and its tasks. It leaves out tasks that only
// group the tasks of a loop.
type snapshot struct {
	execution
	tasks []task
	clock delivery.ServerClock
}

// readAll reads the tasks first, so that the execution is never older than its tasks.
// Otherwise a task that has waited before could appear in an execution that does not wait
// any more.
func (w watched) readAll(ctx context.Context) (snapshot, delivery.Attempt) {
	found, attempt := w.withTasks(ctx, execution{})
	if attempt.Outcome == delivery.Accepted {
		found.execution, attempt = w.read(ctx)
	}
	return found, attempt
}

// withTasks reads the tasks of an execution that was read before.
func (w watched) withTasks(ctx context.Context, of execution) (found snapshot, attempt delivery.Attempt) {
	found.execution = of
	found.tasks, attempt = list[task](ctx, w.Client, "ListTaskExecutions", "TaskExecutions", map[string]string{
		"ExecutionId": w.id, "IncludeChildTaskExecution": "true", "MaxResults": pageSize,
	})
	found.clock = attempt.Clock
	parents := map[string]bool{}
	for _, t := range found.tasks {
		parents[t.ParentTaskExecutionID] = true
	}
	found.tasks = slices.DeleteFunc(found.tasks, func(t task) bool { return parents[t.TaskExecutionID] })
	return found, attempt
}

func (e execution) observation(state delivery.State) delivery.Observation {
	return delivery.Observation{State: state, Status: e.Status, Reason: cmp.Or(e.StatusMessage, e.StatusReason)}
}

// end returns the observation for a wait for the end of the execution, after such a signal.
func (e execution) end(of notification) delivery.Observation {
	return e.observation(delivery.StateOf(e.Status == succeeded || final(e.Status) && of.ends(), final(e.Status)))
}

// completion is reached if the run has ended: successfully, or in any way after a signal
// that ends it.
func (w watched) completion(of notification) *delivery.Probe {
	return delivery.NewProbe(w.key("end"), w.read, func(found execution) delivery.Observation { return found.end(of) }).Final()
}

// ready is reached if the execution can take the signal, and missed if it has ended.
func (w watched) ready(of notification) *delivery.Probe {
	return delivery.NewProbe(w.key("tasks"), w.readAll, func(found snapshot) delivery.Observation {
		ended := final(found.Status)
		observation := found.observation(delivery.StateOf(!ended && found.takes(of), ended))
		if observation.State == delivery.Pending {
			observation.Seen = found.seen(of)
		}
		return observation
	})
}

// refused returns a probe that says why an execution has not taken the signal. It is missed
// if somebody else has answered what the signal is for.
func (w watched) refused(of notification) *delivery.Probe {
	return delivery.NewProbe(w.key("tasks"), w.readAll, func(found snapshot) delivery.Observation {
		answered := found.answered(of)
		seen := found.observation(delivery.StateOf(final(found.Status) && !answered, answered))
		seen.Seen = strings.TrimSpace(fmt.Sprintf("OOS shows: the execution is %s. %s", found.Status, found.seen(of)))
		return seen
	})
}

// answered reports whether somebody has answered what such a signal is for. An approval that
// was cancelled may have been rejected, because both have the same status.
func (s snapshot) answered(of notification) bool {
	return s.moved(of) || of.decides() && slices.ContainsFunc(s.tasks, func(t task) bool {
		return t.TaskAction == approval && final(t.Status) && of.means(t)
	})
}

// existing is reached if a task or the execution shows the effect of such a signal, and
// nothing waits for the signal. Otherwise it is missed.
func (w watched) existing(of notification) *delivery.Probe {
	return delivery.NewProbe(w.key("tasks"), w.readAll, func(found snapshot) delivery.Observation {
		observation := found.observation(delivery.StateOf(found.has(of), true))
		observation.Shown = &delivery.Shown{Traces: found.like(of), Clock: found.clock}
		return observation
	})
}

// has reports whether the execution shows the effect of such a signal, and does not wait
// for one.
func (s snapshot) has(of notification) bool {
	return !s.takes(of) && s.moved(of) && !s.asksAgain(of)
}

// seen describes an execution that does not take the signal.
func (s snapshot) seen(of notification) string {
	if s.takes(of) {
		return ""
	}
	return fmt.Sprintf("No task of it waits for %s.", of.kind)
}

// takes reports whether the execution can take the signal now.
func (s snapshot) takes(of notification) bool {
	switch of.kind {
	case executeTask:
		return s.Mode == debugMode && s.Status == waiting
	case completeExecution:
		return s.Mode == debugMode && !final(s.Status)
	default:
		return len(s.moving(of)) > 0
	}
}

// moving returns the tasks that can take such a signal now.
func (s snapshot) moving(of notification) (tasks []task) {
	for _, t := range s.tasks {
		can := false
		switch of.kind {
		case approve, reject:
			can = s.Status == waiting && t.Status == waiting
		case cancelTask:
			can = s.Mode == debugMode && !final(t.Status)
		case retryTask, skipTask:
			can = s.Status == waiting && t.Status == failed && !s.repeated(t)
		}
		if can && of.means(t) {
			tasks = append(tasks, t)
		}
	}
	return tasks
}

// repeated reports whether a task was executed again.
func (s snapshot) repeated(t task) bool {
	return slices.ContainsFunc(s.tasks, func(other task) bool {
		return other.TaskName == t.TaskName && other.LoopItem == t.LoopItem && other.TaskExecutionID != t.TaskExecutionID &&
			!parseDate(other.StartDate).Before(parseDate(t.EndDate))
	})
}

// moved reports whether the execution shows the effect of such a signal.
func (s snapshot) moved(of notification) bool {
	if of.kind == completeExecution {
		return s.Mode == debugMode && final(s.Status) && (of.status == "" || of.status == s.Status)
	}
	return slices.ContainsFunc(s.tasks, func(t task) bool { return of.means(t) && of.moves(t) })
}

// moves reports whether a task shows the effect of such a signal. The effect of RetryTask
// is not documented, and a high-risk task that was approved looks like any other task.
func (n notification) moves(t task) bool {
	switch n.kind {
	case approve:
		return t.TaskAction == approval && t.Status == succeeded
	case reject:
		return t.TaskAction == approval && final(t.Status) && t.Status != succeeded
	case executeTask:
		return true
	case cancelTask:
		return t.Status == cancelled
	case skipTask:
		return t.Status == skipped
	default:
		return false
	}
}

// asksAgain reports whether the list shows an approval that is still to come. Then the
// existing decision belongs to an earlier one.
func (s snapshot) asksAgain(of notification) bool {
	return of.decides() && slices.ContainsFunc(s.tasks, func(t task) bool { return t.TaskAction == approval && t.Status == pending })
}
