package oos

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/alicloud"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// finder returns the TargetFinder for the execution of the template that can take the
// signal. It sets the execution's id in the arguments.
func (r request) finder(of notification, bound func() signal.Signal) *signal.TargetFinder {
	template, after := r.args.TemplateName.ValueString(), signal.StartedAfter(r.args.StartedAfter)
	return signal.TargetSearch{
		Key:     fmt.Sprintf("oos/%s/%q/%d/%q", r.Region, template, after.UnixNano(), of),
		Service: "OOS", What: "execution of this template", Name: "template_name", ID: "execution_id",
		Hint: "Check the name of the template and the region. Perhaps an execution has not reached the task that waits for the signal yet: with wait_until_ready = true the provider waits for it. " +
			"To see all executions of the template, run " + r.listCommand() + ".",
		Required: true,
		Read: func(ctx context.Context, adopts bool) (candidates []signal.Candidate, attempt delivery.Attempt) {
			statuses := []string{waiting}
			if adopts || of.inDebug() {
				statuses = append(statuses, running)
			}
			for _, status := range statuses {
				var found []execution
				if found, attempt = executions(ctx, r.Client, template, status, after); attempt.Outcome != delivery.Accepted {
					return nil, attempt
				}
				for _, e := range found {
					s, read := watched{r.Client, e.ExecutionID}.withTasks(ctx, e)
					if read.Outcome != delivery.Accepted {
						return nil, read
					}
					candidates = append(candidates, signal.Candidate{
						ID: e.ExecutionID, Started: parseDate(e.StartDate), Status: e.Status, Takes: s.takes(of), Has: adopts && s.has(of), Seen: s.seen(of),
					})
				}
			}
			return candidates, attempt
		},
		Ended: delivery.NewProbe(fmt.Sprintf("oos/%s/%q/%d/ended", r.Region, template, after.UnixNano()), func(ctx context.Context) (found []execution, attempt delivery.Attempt) {
			for _, status := range notEnded {
				if found, attempt = executions(ctx, r.Client, template, status, after); attempt.Outcome != delivery.Accepted || len(found) > 0 {
					break
				}
			}
			return found, attempt
		}, func(found []execution) delivery.Observation {
			return delivery.Observation{State: delivery.StateOf(len(found) == 0, true)}
		}),
		Choose: func(id string) { r.args.ExecutionID = signal.OrNull(id) },
		Bound:  bound,
	}.Finder()
}

// executions lists the executions of a template with a status. It compares the names,
// because OOS also lists templates whose names contain the name.
func executions(ctx context.Context, client alicloud.Client, template, status string, after time.Time) ([]execution, delivery.Attempt) {
	parameters := map[string]string{"TemplateName": template, "Status": status, "MaxResults": pageSize}
	if !after.IsZero() {
		parameters["StartDateAfter"] = after.UTC().Format(dateFormat)
	}
	found, attempt := list[execution](ctx, client, "ListExecutions", "Executions", parameters)
	return slices.DeleteFunc(found, func(e execution) bool {
		return e.TemplateName != template || parseDate(e.StartDate).Before(after)
	}), attempt
}
