package oos

import (
	"fmt"
	"slices"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// evidence returns what the tasks of the execution show of a signal: its effect and its
// note. Without the note, somebody else may have caused the effect.
func (w watched) evidence(of notification) *delivery.Evidence {
	return &delivery.Evidence{
		Scope:   w.key("tasks"),
		Request: fmt.Sprintf("%q", of),
		Mark:    of.note,
		Probe: func(since delivery.Timestamp) *delivery.Probe {
			return delivery.NewProbe(w.key("tasks"), w.readAll, func(found snapshot) delivery.Observation {
				observation := found.observation(delivery.Pending)
				observation.Shown = &delivery.Shown{Traces: found.traces(), Clock: found.clock}
				if !found.waitsSince(of, since) {
					observation.Shown.Gap = "no task that certainly waited for this signal when it was sent still waits, and no task shows its note"
				}
				return observation
			})
		},
		Likeness: func(trace delivery.Trace) delivery.Likeness {
			return trace.Shows.(shows).likeness(of)
		},
	}
}

// traceKind is how an execution shows a signal.
type traceKind int

const (
	// began, decided and over are about a task, completed about the execution.
	began traceKind = iota
	decided
	over
	completed
)

// shows has the facts of a trace.
type shows struct {
	traceKind
	// status is the status of the execution.
	status string
	task   task
}

// traces lists the traces of all signals that the execution has received.
func (s snapshot) traces() (traces []delivery.Trace) {
	add := func(id string, at time.Time, of shows) {
		of.status = s.Status
		traces = append(traces, delivery.Trace{ID: id, At: at, Shows: of})
	}
	for _, t := range s.tasks {
		add(t.TaskExecutionID+" began", parseDate(t.StartDate), shows{traceKind: began, task: t})
		if final(t.Status) {
			add(t.TaskExecutionID+" over", parseDate(t.EndDate), shows{traceKind: over, task: t})
		}
		switch ended := final(t.Status); {
		case t.TaskAction == approval && ended:
			add(t.TaskExecutionID+" decided "+t.note(), parseDate(t.EndDate), shows{traceKind: decided, task: t})
		case t.note() != "":
			add(t.TaskExecutionID+" decided "+t.note(), parseDate(t.UpdateDate), shows{traceKind: decided, task: t})
		}
		if t.TaskAction == approval && t.Status == waiting && !t.needsOne() {
			// The task may have another approval whose note is not shown any more. Its time
			// is unknown.
			t.ExtraData = nil
			add(t.TaskExecutionID+" open", time.Time{}, shows{traceKind: decided, task: t})
		}
	}
	if final(s.Status) {
		add("completed", parseDate(s.EndDate), shows{traceKind: completed})
	}
	return traces
}

// like returns the traces of signals of this kind, with any note.
func (s snapshot) like(of notification) []delivery.Trace {
	return slices.DeleteFunc(s.traces(), func(trace delivery.Trace) bool { return !trace.Shows.(shows).isLike(of) })
}

// likeness compares a trace of the execution with the signal.
func (s shows) likeness(of notification) delivery.Likeness {
	if !s.isLike(of) {
		return delivery.NotOurs
	}
	switch s.task.note() {
	case "":
		return delivery.Alike
	case of.note:
		return delivery.Ours
	default:
		return delivery.NotOurs
	}
}

// isLike reports whether a trace belongs to a task that the signal is for, and may be its
// effect.
func (s shows) isLike(of notification) bool {
	return (s.traceKind == completed || of.means(s.task)) && s.isEffect(of)
}

// isEffect reports whether a trace may be the effect of such a signal.
func (s shows) isEffect(of notification) bool {
	switch of.kind {
	case approve:
		return s.traceKind == decided && (s.task.TaskAction != approval || !final(s.task.Status) || s.task.Status == succeeded)
	case reject:
		return s.traceKind == decided && final(s.task.Status) && (s.task.TaskAction != approval || s.task.Status != succeeded)
	case executeTask:
		return s.traceKind == began
	case cancelTask:
		return s.traceKind == over && s.task.Status == cancelled
	case skipTask:
		return s.traceKind == over && s.task.Status == skipped
	case retryTask:
		return s.traceKind == began || s.traceKind == over
	default:
		return s.traceKind == completed && (of.status == "" || of.status == s.status)
	}
}

// waitsSince reports whether a task waits for the signal now and certainly already waited
// when the signal was sent. A task that began to wait later says nothing about a signal to
// an earlier task. If the signal were sent again, it would move the later task.
func (s snapshot) waitsSince(of notification, since delivery.Timestamp) bool {
	if !s.takes(of) {
		return false
	}
	earliest, _, _ := s.clock.Range(since)
	older := func(date string) bool { return parseDate(date).Before(earliest) }
	switch of.kind {
	case executeTask, completeExecution:
		return true
	case retryTask, skipTask:
		return slices.ContainsFunc(s.moving(of), func(t task) bool { return older(t.EndDate) })
	case cancelTask:
		return slices.ContainsFunc(s.moving(of), func(t task) bool { return older(t.StartDate) })
	}
	if of.taskExecution != "" {
		return true
	}
	moved := func(t task) bool {
		return t.TaskAction == approval && final(t.Status) && !older(t.EndDate) || t.note() != "" && !older(t.UpdateDate)
	}
	// A high-risk task that was approved and shows no note looks like any other task.
	highRisk := slices.ContainsFunc(s.moving(of), func(t task) bool { return t.TaskAction != approval })
	silent := func(t task) bool {
		return t.TaskAction != approval && t.Status != waiting && t.Status != pending && (!final(t.Status) || highRisk && !older(t.EndDate))
	}
	if slices.ContainsFunc(s.tasks, silent) {
		return false
	}
	return !slices.ContainsFunc(s.tasks, moved) || slices.ContainsFunc(s.moving(of), func(t task) bool { return older(t.StartDate) })
}
