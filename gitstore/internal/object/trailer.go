package object

import "strings"

// Trailer is a line like "Signed-off-by: Ann <ann@example.org>" at the end of a
// message.
type Trailer struct {
	Key, Value string // without white space around them; several lines are joined by a space
}

// Trailers gives the trailers of the message, in their order.
func (c *Commit) Trailers() []Trailer { return ParseTrailers(c.Message) }

// ParseTrailers gives the trailers of a message as %(trailers:only,unfold) of
// git-log(1) does without configuration, by the rules of
// git-interpret-trailers(1): they are the last paragraph, which is not the
// first one, and there either every line is a trailer, or a fourth of them, and
// one was written by Git itself.
func ParseTrailers(message string) []Trailer {
	if nul := strings.IndexByte(message, 0); nul >= 0 {
		message = message[:nul]
	}
	for message != "" && isBlank(message) {
		message = message[lineLength(message):]
	}
	message = message[:trailersEnd(message)]
	var found []Trailer
	last := "" // the trailer whose lines are being gathered
	end := func() {
		if sep := separator(last); sep >= 1 {
			found = append(found, Trailer{trimSpace(last[:sep]), unfold(last[sep+1:])})
		}
		last = ""
	}
	for line := range strings.Lines(message[trailersStart(message):]) {
		if last != "" && isSpace(line[0]) {
			last += line
			continue
		}
		end()
		if line[0] != '#' && separator(line) >= 1 {
			last = line
		}
	}
	end()
	return found
}

// trailersStart gives the place where the trailers begin; it is the end if
// there are none.
func trailersStart(message string) int {
	title := 0 // the end of the first paragraph, which holds none
	for title < len(message) {
		line := message[title:]
		if line[0] != '#' && isBlank(line) {
			break
		}
		title += lineLength(line)
	}
	trailers, others, continued := 0, 0, 0
	generated, below := false, false // below: a line that is not blank was met
	for end := len(message); end > 0; {
		start := strings.LastIndexByte(message[:end-1], '\n') + 1
		if start < title {
			break
		}
		line := message[start:]
		switch {
		case line[0] == '#':
			others += continued
			continued = 0
		case isBlank(line):
			if !below {
				break
			}
			others += continued
			if generated && trailers*3 >= others || trailers > 0 && others == 0 {
				return start + lineLength(line)
			}
			return len(message)
		case strings.HasPrefix(line, "Signed-off-by: "), strings.HasPrefix(line, "(cherry picked from commit "):
			below, generated = true, true
			trailers++
			continued = 0
		case isSpace(line[0]):
			below = true
			continued++
		case separator(line) >= 1:
			below = true
			trailers++
			continued = 0
		default:
			below = true
			others += continued + 1
			continued = 0
		}
		end = start
	}
	return len(message)
}

// trailersEnd gives the place behind the last trailer: what an editor's
// template left there, comments and lists of conflicts, does not count.
func trailersEnd(message string) int {
	const scissors = "# ------------------------ >8 ------------------------\n"
	end := len(message)
	if strings.HasPrefix(message, scissors) {
		end = 0
	} else if at := strings.Index(message, "\n"+scissors); at >= 0 {
		end = at + 1
	}
	ignored, conflicts := -1, false
	for at := 0; at < end; {
		line := message[at:]
		switch {
		case line[0] == '#' || line[0] == '\n':
			if ignored < 0 {
				ignored = at
			}
		case strings.HasPrefix(line, "Conflicts:\n"):
			conflicts = true
			if ignored < 0 {
				ignored = at
			}
		case conflicts && line[0] == '\t':
		default:
			ignored, conflicts = -1, false
		}
		at += lineLength(line)
	}
	if ignored > 0 {
		return ignored
	}
	return end
}

// separator gives the place of the colon behind a trailer's key, or -1.
func separator(line string) int {
	space := false
	for i := range len(line) {
		c := line[i]
		switch {
		case c == ':':
			return i
		case !space && (isAlnum(c) || c == '-'):
		case i > 0 && (c == ' ' || c == '\t'):
			space = true
		default:
			return -1
		}
	}
	return -1
}

func unfold(value string) string {
	var b strings.Builder
	for i := 0; i < len(value); i++ {
		if value[i] != '\n' {
			b.WriteByte(value[i])
			continue
		}
		for i+1 < len(value) && isSpace(value[i+1]) {
			i++
		}
		b.WriteByte(' ')
	}
	return trimSpace(b.String())
}

func lineLength(s string) int {
	if at := strings.IndexByte(s, '\n'); at >= 0 {
		return at + 1
	}
	return len(s)
}

func isBlank(line string) bool {
	line = line[:lineLength(line)]
	return trimSpace(line) == ""
}

func trimSpace(s string) string { return strings.Trim(s, spaces) }

// spaces are those of Git's isspace: no vertical tab, no form feed.
const spaces = " \t\n\r"

func isSpace(c byte) bool { return strings.IndexByte(spaces, c) >= 0 }

func isAlnum(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
