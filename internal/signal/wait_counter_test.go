package signal

import "testing"

func TestWaitsAreCounted(t *testing.T) {
	waits := &waitCounter{others: map[string][]*int{}}
	var first, second, third, elsewhere, later int
	leaveFirst, leaveSecond := waits.join("ssm/a", &first), waits.join("ssm/a", &second)
	leaveElsewhere := waits.join("ssm/b", &elsewhere)
	leaveSecond()
	leaveThird := waits.join("ssm/a", &third)
	leaveFirst()
	leaveThird()
	leaveElsewhere()
	waits.join("ssm/a", &later)()
	for name, count := range map[string]struct{ got, want int }{
		"first": {first, 1}, "second": {second, 1}, "third": {third, 1}, "elsewhere": {elsewhere, 0}, "later": {later, 0},
	} {
		if count.got != count.want {
			t.Errorf("%s saw %d others, want %d", name, count.got, count.want)
		}
	}
	if len(waits.others) > 0 {
		t.Errorf("still known: %v", waits.others)
	}
}
