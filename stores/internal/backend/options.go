package backend

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// CheckURL refuses a connection string with an @ after its first ?: most likely a
// password has a ? in it, whose rest would be shown as an option that is unknown.
func CheckURL(connectionString string) error {
	if _, query, _ := strings.Cut(connectionString, "?"); strings.Contains(query, "@") {
		return errors.New("there is an @ after the ?: write ? in a password as %3F, and @ in an option as %40")
	}
	return nil
}

// Values are the options of a connection string. Each method takes one out; its
// first error, if any, is kept for Err. What is left is the client library's.
type Values struct {
	left url.Values
	ours []string
	err  error
}

// NewValues returns the options in query, which stays as it is.
func NewValues(query url.Values) *Values {
	v := &Values{left: make(url.Values, len(query))}
	for key, list := range query {
		v.left[key] = slices.Clone(list)
	}
	return v
}

func (v *Values) fail(format string, args ...any) {
	v.err = cmp.Or(v.err, fmt.Errorf(format, args...))
}

// take returns the value of an option, and whether it is there.
func (v *Values) take(name string) (value string, ok bool) {
	v.ours = append(v.ours, name)
	list := v.left[name]
	delete(v.left, name)
	if len(list) == 0 {
		return "", false
	}
	if len(list) > 1 {
		v.fail("option %s is given %d times: give it once", name, len(list))
	}
	return list[0], true
}

// Text takes an option as it is.
func (v *Values) Text(name, standard string) string {
	if value, ok := v.take(name); ok {
		return value
	}
	return standard
}

// Prefix takes the beginning of the names of tables and the like: ASCII letters,
// digits and _, not starting with a digit, at most 40 bytes; it may be empty.
func (v *Values) Prefix(name, standard string) string {
	value := v.Text(name, standard)
	if err := CheckPrefix(value); err != nil {
		v.fail("option %s: %w", name, err)
	}
	return value
}

// CheckPrefix says what is wrong with a prefix; see [Values.Prefix].
func CheckPrefix(prefix string) error {
	for i, c := range []byte(prefix) {
		if c != '_' && (c|0x20 < 'a' || c|0x20 > 'z') && (i == 0 || c < '0' || c > '9') {
			return fmt.Errorf("prefix %q: letters, digits and _ are allowed, and no digit first", prefix)
		}
	}
	if len(prefix) > mostPrefix {
		return fmt.Errorf("prefix %q has %d bytes: at most %d are allowed", prefix, len(prefix), mostPrefix)
	}
	return nil
}

// mostPrefix leaves room for the rest of a name in PostgreSQL's 63 bytes.
const mostPrefix = 40

// Int takes a whole number from least to most.
func (v *Values) Int(name string, standard, least, most int) int {
	value, ok := v.take(name)
	if !ok {
		return standard
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < least || n > most {
		v.fail("option %s=%q: want a number from %d to %d", name, value, least, most)
		return standard
	}
	return n
}

// Duration takes a time such as "500ms" or "1m30s" of at least a millisecond.
func (v *Values) Duration(name string, standard time.Duration) time.Duration {
	value, ok := v.take(name)
	if !ok {
		return standard
	}
	d, err := time.ParseDuration(value)
	if err != nil || d < time.Millisecond {
		v.fail("option %s=%q: want a time of at least 1ms, such as 500ms or 1m30s", name, value)
		return standard
	}
	return d
}

// Choice takes one of several words, of which the first is the default.
func (v *Values) Choice(name string, words ...string) string {
	value := v.Text(name, words[0])
	if !slices.Contains(words, value) {
		v.fail("option %s=%q: want %s", name, value, strings.Join(words, " or "))
		return words[0]
	}
	return value
}

// Watch takes the options of watching: notify=on|off, poll and resync. poll is
// the driver's default.
func (v *Values) Watch(poll time.Duration) WatchOptions {
	return WatchOptions{
		NoPush: v.Choice("notify", "on", "off") == "off",
		Poll:   v.Duration("poll", poll),
		Resync: v.Duration("resync", standardResync),
	}
}

// Manual takes schema=auto|manual: whether the schema is somebody else's affair.
func (v *Values) Manual() bool { return v.Choice("schema", "auto", "manual") == "manual" }

// Left returns what was not taken.
func (v *Values) Left() url.Values { return v.left }

// Unknown is the error for an option that nobody knows.
func (v *Values) Unknown(name string) error {
	slices.Sort(v.ours)
	return fmt.Errorf("option %q is unknown; prompty's own are %s", name, strings.Join(slices.Compact(v.ours), ", "))
}

// Err returns what was wrong with the first bad option.
func (v *Values) Err() error { return v.err }
