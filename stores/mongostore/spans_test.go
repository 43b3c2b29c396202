package mongostore

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestSpans(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		high := rapid.Int64Range(1, 40).Draw(rt, "high")
		order := rapid.SliceOfDistinct(rapid.Int64Range(1, high), func(v int64) int64 { return v }).Draw(rt, "deleted")
		var set spans
		gone := make(map[int64]bool)
		for _, v := range order {
			before := set.String()
			grown := set.with(v)
			if set.String() != before {
				rt.Fatalf("with(%d) changed %s itself to %s", v, before, set)
			}
			set, gone[v] = grown, true
			var live []int
			for v := high; v >= 1; v-- {
				if set.has(v) != gone[v] {
					rt.Fatalf("%s has %d: %v", set, v, set.has(v))
				}
				if !gone[v] {
					live = append(live, int(v))
				}
			}
			if got := set.live(high); !slices.Equal(got, live) {
				rt.Fatalf("%s leaves %v of %d, want %v", set, got, high, live)
			}
			want := int64(0)
			if len(live) > 0 {
				want = int64(live[0])
			}
			if got := set.latest(high); got != want {
				rt.Fatalf("%s leaves %d as the latest of %d, want %d", set, got, high, want)
			}
			again, err := parseSpans(set.String())
			if err != nil || !slices.Equal(again, set) {
				rt.Fatalf("%s reads back as %s, %v", set, again, err)
			}
		}
	})
}

func TestSpansText(t *testing.T) {
	set := spans{}.with(19).with(17).with(1).with(2).with(3)
	if got := set.String(); got != "1-3,17,19" {
		t.Errorf("the text is %q, want 1-3,17,19", got)
	}
	if diff := cmp.Diff([]int{20, 18, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4}, set.live(20)); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"0", "x", "-1", "3-2", "1,2", "1-3,3", "5,1", "1,,3", "1-2-3", "99999999999", "1 "} {
		if set, err := parseSpans(bad); err == nil {
			t.Errorf("%q is read as %v", bad, set)
		}
	}
}
