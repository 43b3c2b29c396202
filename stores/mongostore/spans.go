package mongostore

import (
	"errors"
	"strconv"
	"strings"
)

// spans is a set of versions: disjoint runs, ascending, with a gap between two.
// In the database it is text, such as "1-17,19": short however many versions of
// a name were deleted, and readable.
type spans []span

type span struct{ from, to int64 }

func parseSpans(text string) (spans, error) {
	if text == "" {
		return nil, nil
	}
	var set spans
	end := int64(-1) // so that 1 may be the first
	for part := range strings.SplitSeq(text, ",") {
		first, last, isRun := strings.Cut(part, "-")
		from, err := strconv.ParseInt(first, 10, 64)
		to := from
		if err == nil && isRun {
			to, err = strconv.ParseInt(last, 10, 64)
		}
		if err != nil || from < 1 || from <= end+1 && end > 0 || to < from || to > mostVersions {
			return nil, errors.New(`its field deleted is not like "1-17,19"`)
		}
		set = append(set, span{from, to})
		end = to
	}
	return set, nil
}

func (set spans) String() string {
	var b strings.Builder
	for i, s := range set {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.FormatInt(s.from, 10))
		if s.to > s.from {
			b.WriteByte('-')
			b.WriteString(strconv.FormatInt(s.to, 10))
		}
	}
	return b.String()
}

func (set spans) has(v int64) bool {
	for _, s := range set {
		if s.from <= v && v <= s.to {
			return true
		}
	}
	return false
}

// with returns set and v, which it does not have. set stays as it is.
func (set spans) with(v int64) spans {
	var out spans
	add := func(s span) {
		if n := len(out); n > 0 && out[n-1].to+1 == s.from {
			out[n-1].to = s.to
			return
		}
		out = append(out, s)
	}
	put := false
	for _, s := range set {
		if !put && v < s.from {
			add(span{v, v})
			put = true
		}
		add(s)
	}
	if !put {
		add(span{v, v})
	}
	return out
}

// latest returns the highest version up to high that is not in set, or 0.
func (set spans) latest(high int64) int64 {
	for i := len(set) - 1; i >= 0 && set[i].to >= high; i-- {
		high = min(high, set[i].from-1)
	}
	return high
}

// live returns all versions up to high that are not in set, descending.
func (set spans) live(high int64) []int {
	var list []int
	for i := len(set) - 1; i >= 0; i-- {
		for v := high; v > set[i].to; v-- {
			list = append(list, int(v))
		}
		high = min(high, set[i].from-1)
	}
	for v := high; v >= 1; v-- {
		list = append(list, int(v))
	}
	return list
}
