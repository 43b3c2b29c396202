package builtin

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/go-prompty/prompty/engine/internal/value"
)

var dateFunctions = []function{
	{"formatDate", 1, 2, formatDate},
	{"parseDate", 1, 2, parseDate},
	{"addDays", 2, 2, addDays},
	{"addHours", 2, 2, func(c call) (any, error) { return c.add(time.Hour) }},
	{"addMinutes", 2, 2, func(c call) (any, error) { return c.add(time.Minute) }},
	{"diffDays", 2, 2, diffDays},
	{"year", 1, 1, part(func(t time.Time) any { return t.Year() })},
	{"month", 1, 1, part(func(t time.Time) any { return int(t.Month()) })},
	{"day", 1, 1, part(func(t time.Time) any { return t.Day() })},
	{"weekday", 1, 1, part(func(t time.Time) any { return t.Weekday().String() })},
	{"isAfter", 2, 2, func(c call) (any, error) {
		a, b, err := c.moments()
		return a.After(b), err
	}},
	{"isBefore", 2, 2, func(c call) (any, error) {
		a, b, err := c.moments()
		return a.Before(b), err
	}},
}

// unixLayout is not a layout of package time.
const unixLayout = "unix"

const maxLayout = 1000 // bytes

var layoutNames = map[string]string{
	"rfc3339": time.RFC3339, "iso": time.RFC3339, "rfc3339nano": time.RFC3339Nano,
	"rfc1123": time.RFC1123, "rfc1123z": time.RFC1123Z, "rfc822": time.RFC822, "rfc822z": time.RFC822Z,
	"rfc850": time.RFC850, "ansic": time.ANSIC, "unixdate": time.UnixDate, "rubydate": time.RubyDate,
	"kitchen": time.Kitchen, "stamp": time.Stamp, "datetime": time.DateTime,
	"date": time.DateOnly, "dateonly": time.DateOnly, "time": time.TimeOnly, "timeonly": time.TimeOnly,
	"unix": unixLayout,
}

// knownLayouts are what parseDate tries, most usual first. A fraction behind
// the seconds is read by every one of them.
var knownLayouts = []string{
	time.RFC3339, time.DateOnly, time.DateTime, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 -0700 MST", "2006-01-02 15:04:05 -0700",
	"2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02T15:04", "2006-01-02 15:04", "2006/01/02", "2006/01/02 15:04:05",
	"2 January 2006", "2 Jan 2006", "January 2, 2006", "Jan 2, 2006",
	time.RFC1123, time.RFC1123Z, time.RFC850, time.RFC822, time.RFC822Z, time.ANSIC, time.UnixDate, time.RubyDate,
}

func part(of func(time.Time) any) func(call) (any, error) {
	return func(c call) (any, error) {
		t, err := c.moment(0)
		if err != nil {
			return nil, err
		}
		return of(t), nil
	}
}

// moment reads a time, a string that is one, or seconds since 1970.
func (c call) moment(i int) (time.Time, error) {
	if t, ok := value.Moment(c.args[i]); ok {
		return t, nil
	}
	if s, ok := value.Text(c.args[i]); ok {
		if t, ok := parseKnown(s); ok {
			return t, nil
		}
		return time.Time{}, c.bad(i, "expected a time, got the string %s; parseDate takes a layout", quote(s))
	}
	if n, ok := value.Int(c.args[i]); ok {
		return c.inRange(i, time.Unix(clampSeconds(n), 0).UTC())
	}
	if f, ok := value.Float(c.args[i]); ok {
		if !(math.Abs(f) < 1<<40) {
			return time.Time{}, c.bad(i, "%s is out of the range of times", show(f))
		}
		whole, fraction := math.Modf(f)
		return c.inRange(i, time.Unix(int64(whole), int64(fraction*1e9)).UTC())
	}
	return time.Time{}, c.wrong(i, "a time")
}

// clampSeconds keeps package time from overflowing; what it changes is far out
// of range anyway.
func clampSeconds(n int64) int64 { return min(max(n, -1<<40), 1<<40) }

// inRange checks that a time can be written in RFC 3339.
func (c call) inRange(i int, t time.Time) (time.Time, error) {
	if y := t.Year(); y < 0 || y > 9999 {
		return time.Time{}, c.bad(i, "the time is out of the range of years 0 to 9999")
	}
	return t, nil
}

func (c call) moments() (a, b time.Time, err error) {
	if a, err = c.moment(0); err == nil {
		b, err = c.moment(1)
	}
	return a, b, err
}

// layout reads argument i, which may be a name.
func (c call) layout(i int) (string, error) {
	s, err := c.str(i)
	if err != nil {
		return "", err
	}
	if len(s) > maxLayout {
		return "", c.bad(i, "a layout has %d bytes at most, got %d", maxLayout, len(s))
	}
	if layout, ok := layoutNames[strings.ToLower(s)]; ok {
		return layout, nil
	}
	return s, nil
}

func formatDate(c call) (any, error) {
	t, err := c.moment(0)
	if err != nil {
		return nil, err
	}
	layout := time.RFC3339
	if c.has(1) {
		if layout, err = c.layout(1); err != nil {
			return nil, err
		}
	}
	text := strconv.FormatInt(t.Unix(), 10)
	if layout != unixLayout {
		text = t.Format(layout)
	}
	if len(text) > c.max {
		return nil, c.tooLong()
	}
	return text, nil
}

func parseDate(c call) (any, error) {
	if !c.has(1) {
		return c.moment(0)
	}
	s, err := c.str(0)
	if err != nil {
		return nil, err
	}
	layout, err := c.layout(1)
	if err != nil {
		return nil, err
	}
	if layout == unixLayout {
		n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
		if err != nil {
			return nil, c.bad(0, "expected seconds since 1970, got %s", quote(s))
		}
		return c.inRange(0, time.Unix(clampSeconds(n), 0).UTC())
	}
	t, err := time.Parse(layout, s)
	if err != nil {
		return nil, c.bad(0, "%s does not read as %s", quote(s), quote(layout))
	}
	return t, nil
}

func parseKnown(s string) (time.Time, bool) {
	s = strings.TrimSpace(s)
	if len(s) > 64 {
		return time.Time{}, false
	}
	for _, layout := range knownLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func addDays(c call) (any, error) {
	t, err := c.moment(0)
	if err != nil {
		return nil, err
	}
	n, err := c.integer(1, -1<<31)
	if err != nil {
		return nil, err
	}
	return c.inRange(1, t.AddDate(0, 0, n))
}

// add is addHours and addMinutes.
func (c call) add(unit time.Duration) (any, error) {
	t, err := c.moment(0)
	if err != nil {
		return nil, err
	}
	n, ok := value.Float(c.args[1])
	if !ok {
		return nil, c.wrong(1, "a number")
	}
	d := n * float64(unit)
	if !(math.Abs(d) < math.MaxInt64) {
		return nil, c.bad(1, "%s is too far away", show(n))
	}
	return c.inRange(1, t.Add(time.Duration(d)))
}

// diffDays counts on the calendar of the first time's zone, where a day may
// have 23 or 25 hours, and takes off a day that is not full.
func diffDays(c call) (any, error) {
	a, b, err := c.moments()
	if err != nil {
		return nil, err
	}
	b = b.In(a.Location())
	n := dayNumber(b) - dayNumber(a)
	switch at := a.AddDate(0, 0, n); {
	case n > 0 && at.After(b):
		n--
	case n < 0 && at.Before(b):
		n++
	}
	return n, nil
}

// dayNumber numbers the days of the calendar.
func dayNumber(t time.Time) int {
	y, m, d := t.Date()
	return int(math.Floor(float64(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix()) / 86400))
}
