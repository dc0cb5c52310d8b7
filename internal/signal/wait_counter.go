package signal

import (
	"fmt"
	"slices"
	"sync"
)

// waitCounter counts the waits for the end of the same run that happen at the same time.
type waitCounter struct {
	mu     sync.Mutex
	others map[string][]*int
}

// join adds a wait for a run, and leave ends it. After leave, most is the largest number of
// other waits for that run at one time.
func (c *waitCounter) join(run string, most *int) (leave func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.others[run] = append(c.others[run], most)
	for _, one := range c.others[run] {
		*one = max(*one, len(c.others[run])-1)
	}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.others[run] = slices.DeleteFunc(c.others[run], func(one *int) bool { return one == most })
		if len(c.others[run]) == 0 {
			delete(c.others, run)
		}
	}
}

// othersWait says how many other resources waited for a run whose end was not seen, and how to
// use many signals with one run; "" if there were none.
func (o signalOperation) othersWait() string {
	if o.others == 0 || o.system.Wait == nil {
		return ""
	}
	others := "1 other resource of this apply waits for the same run"
	if o.others > 1 {
		others = fmt.Sprintf("%d other resources of this apply wait for the same run", o.others)
	}
	return fmt.Sprintf("%s. Terraform creates no more than -parallelism resources at a time, so signals that the run still needs may not be sent while these wait. "+
		"Use any number of signals without wait_for_completion, and then one signal_%s_wait with depends_on on all of them.", others, o.system.Name)
}
