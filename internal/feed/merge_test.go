package feed

import "testing"

func TestMergeFresh(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		before, after string
		fresh         bool
		want          string
	}{
		{"deleted", "changed", true, "created"}, // it came and went, and is there after all
		{"deleted", "created", true, "created"},
		{"created", "changed", true, "created"},
		{"created", "deleted", true, "deleted"},
		{"deleted", "created", false, "changed"},
		{"changed", "deleted", false, "deleted"},
	} {
		if got := MergeFresh(c.before, c.after, c.fresh); got != c.want {
			t.Errorf("MergeFresh(%s, %s, %v) = %q, want %q", c.before, c.after, c.fresh, got, c.want)
		}
	}
}
