package signal

// phase is what Terraform does with a signal: the name of the timeout that bounds it.
type phase string

const (
	create  phase = "create"
	update  phase = "update"
	destroy phase = "delete"
	invoke  phase = "action"
)

// standing is where a signal stands after something went wrong.
type standing int

const (
	// notTaken: the service did not take the signal, and may take it when it is sent again.
	notTaken standing = iota
	// notReadied: nothing could be sent, such as without a region or credentials.
	notReadied
	// neverReady: the target will not take the signal any more.
	neverReady
	// mayBeTaken: whether the service took the signal is unknown.
	mayBeTaken
	// mayBeAdopted is mayBeTaken with adopt_existing.
	mayBeAdopted
	// notReadable: whether the service took the signal is unknown because it could not be read.
	notReadable
	// endedBadly: the signal was taken, and the target's run did not end as wanted.
	endedBadly
	// stillWaiting: the signal was taken, and the target's run was not seen to end.
	stillWaiting
	// waitCancelled is stillWaiting after Ctrl-C. Without a text it is an error.
	waitCancelled
	// waitRecorded: on_wait_failure = "record" takes the failure of the wait.
	waitRecorded
	// targetIsGone: there is no target left to wait for. Without a text it is an error.
	targetIsGone
)

// next says where a signal stands, and what to do next.
var next = map[standing]map[phase]string{
	notTaken: {
		create:  "The signal was not taken, and nothing is recorded. Applying again sends it.",
		update:  "An update sends nothing. Applying again looks at the target again.",
		destroy: "The signal was not taken, and the resource is kept. Destroying again sends it.",
		invoke:  "The signal was not taken. Invoking the action again sends it.",
	},
	notReadied: {
		create:  "Nothing was sent, and nothing is recorded. Applying again sends it once this is corrected.",
		update:  "An update sends nothing. Applying again looks at the target again once this is corrected.",
		destroy: "Nothing was sent, and the resource is kept. Destroying again sends it once this is corrected.",
		invoke:  "Nothing was sent. Invoking the action again sends it once this is corrected.",
	},
	neverReady: {
		create:  "The signal was not sent, and nothing is recorded.",
		destroy: "The signal was not sent, and the resource is kept. To destroy it without a signal, apply when = \"apply\" first, or run \"terraform state rm\" on it.",
		invoke:  "The signal was not sent.",
	},
	mayBeTaken: {
		create: "The resource is saved as tainted, with delivery = \"UNKNOWN\". If the signal has arrived, run \"terraform untaint\" on the resource: that accepts it as delivered. " +
			"Otherwise apply again, which sends it once more.",
		destroy: "The resource is kept, with delivery = \"UNKNOWN\". If the signal has arrived, run \"terraform state rm\" on the resource: that accepts it as delivered. " +
			"Otherwise destroy again, which sends it once more unless the service shows it by then.",
		invoke: "An action remembers nothing. If the signal has not arrived, invoke the action again, which sends it once more.",
	},
	mayBeAdopted: {
		create: "The resource is saved as tainted, with delivery = \"UNKNOWN\". Apply again: adopt_existing = true has the provider look for the signal first, and send it only if it is not there. " +
			"To accept it as delivered without another look, run \"terraform untaint\" on the resource.",
		destroy: "The resource is kept, with delivery = \"UNKNOWN\". Destroy again: adopt_existing = true has the provider look for the signal first, and send it only if it is not there. " +
			"To accept it as delivered without another look, run \"terraform state rm\" on the resource.",
		invoke: "An action remembers nothing. Invoke it again: adopt_existing = true has the provider look for the signal first, and send it only if it is not there.",
	},
	notReadable: {
		create:  "Had it been readable, the provider would have found out by itself; it does not look again at the next apply.",
		destroy: "When it can be read, the next destroy finds out by itself.",
		invoke:  "Had it been readable, the provider would have found out by itself.",
	},
	endedBadly: {
		create: "The signal is recorded, but the resource is tainted: applying again would send the signal again. " +
			"Run \"terraform untaint\" on the resource to keep the signal and to accept how the run ended.",
		update: "The signal stays recorded, and nothing was sent. To send the signal again, use -replace. " +
			"To go on regardless, set on_wait_failure = \"record\" or wait_for_completion = false.",
		destroy: "The resource is kept, and remembers that the signal was sent. To destroy it however the run has ended, apply on_wait_failure = \"record\" or " +
			"wait_for_completion = false first, or run \"terraform state rm\" on it.",
		invoke: "The signal was sent. Invoking the action again would send it again.",
	},
	stillWaiting: {
		create: "The signal is recorded, but the resource is tainted: applying again would send the signal again. " +
			"Run \"terraform untaint\" on the resource to keep the signal. Then the next apply sends nothing, and goes on waiting while the run has not ended.",
		update: "The signal stays recorded, and nothing was sent. The next apply looks again. To send the signal again, use -replace. " +
			"To go on regardless, set on_wait_failure = \"record\" or wait_for_completion = false.",
		destroy: "The resource is kept, and remembers that the signal was sent: destroying again only waits.",
		invoke:  "The signal was sent. Invoking the action again would send it again.",
	},
	waitCancelled: {
		create: "The signal is recorded. The next apply sends nothing and goes on waiting.",
		update: "The signal is recorded. The next apply sends nothing and goes on waiting.",
	},
	waitRecorded: {
		create:  "This is recorded in target_status and target_succeeded, as on_wait_failure = \"record\" asks for.",
		update:  "This is recorded in target_status and target_succeeded, as on_wait_failure = \"record\" asks for.",
		destroy: "The destroy goes on, as on_wait_failure = \"record\" asks for.",
	},
	targetIsGone: {
		destroy: "There is nothing left to wait for, and the destroy goes on.",
	},
}
