//go:build unix

package refs

import (
	"testing"
	"time"
)

// A stamp is trusted only when the clock has ticked since the file changed,
// and never that of a link.
func TestSettled(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, c := range []struct {
		age  time.Duration
		link bool
		want bool
	}{
		{0, false, false}, {racy / 2, false, false}, {-time.Hour, false, false}, {racy + 1, false, true}, {time.Hour, false, true}, {time.Hour, true, false},
	} {
		changed := now.Add(-c.age).UnixNano()
		s := stamp{mtime: changed, ctime: changed, link: c.link}
		if got := s.settled(now); got != c.want {
			t.Errorf("a file changed %v ago (link: %t): settled = %t, want %t", c.age, c.link, got, c.want)
		}
	}
}
