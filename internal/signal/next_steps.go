package signal

// phase is the operation of Terraform in which the provider sends or waits. Its
// value is the name of the timeout for it.
type phase string

const (
	create  phase = "create"
	update  phase = "update"
	destroy phase = "delete"
	invoke  phase = "action"
)

// nextStep says, for each phase, what the state has of a signal after an error, and what
// the user can do next.
type nextStep map[phase]string

var (
	// notTaken: the service did not take the signal, and may take it when it is sent again.
	notTaken = &nextStep{
		create:  "The signal was not taken, and nothing is recorded. Applying again sends it.",
		destroy: "The signal was not taken, and the resource is kept. Destroying again sends it.",
		invoke:  "The signal was not taken. Invoking the action again sends it.",
	}
	// nothingSent: nothing could be sent, for example without a region or credentials.
	nothingSent = &nextStep{
		create:  "Nothing was sent, and nothing is recorded. Applying again sends it once this is corrected.",
		update:  "An update sends nothing. Applying again reads the target again once this is corrected.",
		destroy: "Nothing was sent, and the resource is kept. Destroying again sends it once this is corrected.",
		invoke:  "Nothing was sent. Invoking the action again sends it once this is corrected.",
	}
	// neverReady: the target can no longer take the signal.
	neverReady = &nextStep{
		create:  "The signal was not sent, and nothing is recorded.",
		destroy: "The signal was not sent, and the resource is kept. To destroy it without a signal, apply when = \"apply\" first, or run \"terraform state rm\" on it.",
		invoke:  "The signal was not sent.",
	}
	// mayBeTaken: it is unknown whether the service took the signal.
	mayBeTaken = &nextStep{
		create: "The resource is saved as tainted, with delivery = \"UNKNOWN\". If the signal has arrived, run \"terraform untaint\" on the resource: that accepts the signal as delivered. " +
			"If it has not arrived, apply again: that sends it once more.",
		destroy: "The resource is kept, with delivery = \"UNKNOWN\". If the signal has arrived, run \"terraform state rm\" on the resource: that accepts the signal as delivered. " +
			"If it has not arrived, destroy again: that sends it once more, unless the service shows it by then.",
		invoke: "An action has no state. If the signal has not arrived, invoke the action again: that sends it once more.",
	}
	// mayBeAdopted is mayBeTaken with adopt_existing.
	mayBeAdopted = &nextStep{
		create: "The resource is saved as tainted, with delivery = \"UNKNOWN\". Apply again: with adopt_existing = true the provider first looks for the signal, and sends it only if it is not there. " +
			"To accept the signal as delivered without another look, run \"terraform untaint\" on the resource.",
		destroy: "The resource is kept, with delivery = \"UNKNOWN\". Destroy again: with adopt_existing = true the provider first looks for the signal, and sends it only if it is not there. " +
			"To accept the signal as delivered without another look, run \"terraform state rm\" on the resource.",
		invoke: "An action has no state. Invoke it again: with adopt_existing = true the provider first looks for the signal, and sends it only if it is not there.",
	}
	// notReadable: it is unknown whether the service took the signal, because the
	// target could not be read.
	notReadable = &nextStep{
		create:  "If the provider can read the target, it finds out by itself whether a lost signal has arrived. The next apply does not look for the present signal again.",
		destroy: "If the provider can read the target, the next destroy finds out by itself whether the signal has arrived.",
		invoke:  "If the provider can read the target, it finds out by itself whether a lost signal has arrived.",
	}
	// endedBadly: the service took the signal, and the target's run did not end as
	// wanted.
	endedBadly = &nextStep{
		create: "The signal is recorded, but the resource is tainted: applying again would send the signal again. " +
			"Run \"terraform untaint\" on the resource to keep the signal and to accept how the run ended.",
		update: "The signal stays recorded, and nothing was sent. To send the signal again, use -replace.",
		destroy: "The resource is kept, and its state records that the signal was sent. To destroy it although the run has not ended as wanted, first apply on_wait_failure = \"record\" or " +
			"wait_for_completion = false, or run \"terraform state rm\" on it.",
		invoke: "The service has the signal. Invoking the action again would send it again.",
	}
	// stillWaiting: the service took the signal, and the end of the target's run was
	// not seen.
	stillWaiting = &nextStep{
		create: "The signal is recorded, but the resource is tainted: applying again would send the signal again. " +
			"Run \"terraform untaint\" on the resource to keep the signal. Then the next apply sends nothing, and goes on waiting if the run has not ended.",
		update:  "The signal stays recorded, and nothing was sent. The next apply reads the target again. To send the signal again, use -replace.",
		destroy: "The resource is kept, and its state records that the signal was sent: destroying again only waits.",
		invoke:  "The service has the signal. Invoking the action again would send it again.",
	}
	// goOnUnfinished follows stillWaiting and endedBadly: how to go on without the end of the
	// run.
	goOnUnfinished = &nextStep{
		update: "To go on regardless, set on_wait_failure = \"record\" or wait_for_completion = false.",
	}
	// goOnUnread follows stillWaiting if the target cannot be read. on_wait_failure =
	// "record" does not record that.
	goOnUnread = &nextStep{
		update: "Until the target can be read, each apply fails like this one. To go on regardless, set wait_for_completion = false.",
		destroy: "Until the target can be read, that fails again. To destroy the resource without waiting, first apply wait_for_completion = false, " +
			"or run \"terraform state rm\" on it.",
	}
	// waitCancelled is stillWaiting after Ctrl-C. It is an error in phases for which
	// it has no text.
	waitCancelled = &nextStep{
		create: "The signal is recorded. The next apply sends nothing and goes on waiting.",
		update: "The signal is recorded. The next apply sends nothing and goes on waiting.",
	}
	// waitRecorded: the wait failed, and on_wait_failure = "record" makes that a
	// warning.
	waitRecorded = &nextStep{
		create:  "This is recorded in target_status and target_succeeded, as on_wait_failure = \"record\" asks for.",
		update:  "This is recorded in target_status and target_succeeded, as on_wait_failure = \"record\" asks for.",
		destroy: "The destroy goes on, as on_wait_failure = \"record\" asks for.",
	}
	// targetIsGone: the target no longer exists. It is an error in phases for which
	// it has no text.
	targetIsGone = &nextStep{
		destroy: "There is nothing left to wait for, and the destroy goes on.",
	}
)
