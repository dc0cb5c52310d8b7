package ros

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/alicloud"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// findPermissions are the RAM actions for finding a stack by its name.
const findPermissions = "ros:ListStacks, " + readPermissions

// pageSize is the largest number of stacks on a page of ListStacks.
const pageSize = 50

// stackName is the name by which a stack is found. It is empty if the stack's id is
// configured.
type stackName struct {
	alicloud.Client
	name, resource string
	after          time.Time
}

// finder returns the TargetFinder for the stack with this name whose resource can take the
// signal. It sets the stack's id in the arguments.
func (n stackName) finder(a *args, bound func() signal.Signal) *signal.TargetFinder {
	what := "stack named " + n.name
	if !n.after.IsZero() {
		what += " created or updated since " + a.StartedAfter.ValueString()
	}
	return signal.TargetSearch{
		Key:     fmt.Sprintf("ros/%s/name %q/%q/%d", n.Region, n.name, n.resource, n.after.UnixNano()),
		Service: "ROS",
		What:    what,
		Name:    "stack_name",
		ID:      "stack_id",
		Hint: fmt.Sprintf("Check the stack's name, and that the resource %s of a stack that is being created or updated waits for signals: %s. With wait_until_ready = true the provider waits for one.",
			n.resource, n.list()),
		Required: true,
		Read:     func(ctx context.Context, _ bool) ([]signal.Candidate, delivery.Attempt) { return n.candidates(ctx) },
		Choose:   func(id string) { a.StackID = signal.OrNull(id) },
		Bound:    bound,
	}.Finder()
}

// candidates lists the stacks with this name, including nested stacks.
func (n stackName) candidates(ctx context.Context) (all []signal.Candidate, attempt delivery.Attempt) {
	stacks, attempt := n.stacks(ctx)
	if attempt.Outcome != delivery.Accepted {
		return nil, attempt
	}
	for _, stack := range stacks {
		candidate := signal.Candidate{ID: stack.StackID, Status: stack.Status, Started: stack.started()}
		if candidate.Started.Before(n.after) {
			continue
		}
		if inProgress(candidate.Status) {
			found, read := stackResource{n.Client, candidate.ID, n.resource}.read(ctx)
			if read.Code == stackNotFound {
				continue // The list may still have a stack that was deleted.
			}
			if read.Outcome != delivery.Accepted {
				return nil, read
			}
			candidate.Status = found.stack.Status
			candidate.Takes = found.takes()
			candidate.Seen = found.seen(n.resource)
		}
		all = append(all, candidate)
	}
	return all, attempt
}

// stackList is the answer of ListStacks.
type stackList struct{ Stacks []stack }

type stack struct {
	StackID              string `json:"StackId"`
	StackName            string
	Status, StatusReason string
	// The times are in UTC, without a zone. UpdateTime is empty before the first update.
	CreateTime, UpdateTime string
}

// started is when the stack's last creation or update was, as ROS shows it. Whether an update
// is shown at its beginning is not documented: until it is, started_after leaves the stack out.
func (s stack) started() (at time.Time) {
	for _, text := range []string{s.CreateTime, s.UpdateTime} {
		if shown, err := time.Parse("2006-01-02T15:04:05", text); err == nil && shown.After(at) {
			at = shown
		}
	}
	return at
}

// stacks reads all pages of the list. It compares the names, because the filter StackName
// may match more than the exact name: its rule is not documented.
func (n stackName) stacks(ctx context.Context) (stacks []stack, attempt delivery.Attempt) {
	number := 0
	attempt = delivery.Pages(func(string) (last string, attempt delivery.Attempt) {
		number++
		page, attempt := alicloud.Request[stackList](ctx, n.Client, "ListStacks", map[string]string{
			"StackName.1": n.name, "ShowNestedStack": "true", "PageNumber": strconv.Itoa(number), "PageSize": strconv.Itoa(pageSize),
		})
		for _, stack := range page.Stacks {
			if stack.StackName == n.name {
				stacks = append(stacks, stack)
			}
		}
		if len(page.Stacks) == pageSize {
			// Each page has a number and no token. Two with the same last stack are one page.
			last = page.Stacks[pageSize-1].StackID
		}
		return last, attempt
	})
	return stacks, attempt
}

// list returns the command that lists the stacks with this name.
func (n stackName) list() string {
	return fmt.Sprintf(`"aliyun ros ListStacks --RegionId %s --StackName.1 %s"`, delivery.ShellWord(n.Region), delivery.ShellWord(n.name))
}

// unseen says why the wait may have seen no stack that takes the signal.
func (n stackName) unseen() string {
	return fmt.Sprintf("ROS listed no stack of this name whose resource %s waits: perhaps none is in progress yet, it is complete, or the stack or the resource has another name. To see the stacks, run %s.",
		n.resource, n.list())
}
