package migrate

import (
	"fmt"
	"regexp"
	"strings"
)

// Roles stand on lines of their own, and what a line is, is known when the
// template has been rendered: beside a tag it depends on the way that is taken.
// So a line counts as one with a role if it is one on every way, and is reported
// if it is one on some.

var (
	roleLines  = regexp.MustCompile(`^(?i)\s*#?\s*(assistant|function|system|user|tools)\s*(?:\[([^\]]*)\])?\s*:\s*$`)
	roleName   = regexp.MustCompile(`^\s*name\s*=\s*"([^"]*)"\s*$`)
	threadLine = regexp.MustCompile(`^\s*!\[thread\]`)
)

// roleLine is whether a line begins a message.
func roleLine(line string) (*piece, bool) {
	if threadLine.MatchString(line) {
		return &piece{kind: lostPiece, text: "a ![thread] is not carried over: the program that renders puts the messages of before where they belong"}, true
	}
	m := roleLines.FindStringSubmatch(line)
	if m == nil {
		return nil, false
	}
	p := &piece{kind: rolePiece, role: strings.ToLower(m[1])}
	switch p.role {
	case "function":
		p.role = "tool"
	case "tools":
		return &piece{kind: lostPiece, text: "a section of tools is not carried over"}, true
	}
	if m[2] != "" {
		name := roleName.FindStringSubmatch(m[2])
		if name == nil {
			return &piece{kind: lostPiece, text: fmt.Sprintf("the settings [%s] of a message are not carried over, only a name", m[2])}, true
		}
		p.text = name[1]
	}
	return p, true
}

// roleWord is a role at the end of a text, which what follows may make a line of.
var roleWord = regexp.MustCompile(`(?i)(?:^|\n)\s*#?\s*(?:assistant|function|system|user|tools)\s*$`)

// colonLine is what follows {{role}} on its line.
var colonLine = regexp.MustCompile(`^[^\S\n]*(\[[^\]\n]*\])?[^\S\n]*:[^\S\n]*(\n|$)`)

// What may stand on one side of a place on its line.
const (
	edgeBlank = 1 << iota // nothing
	edgeText
	edgePrint // what a tag prints
)

// roleFinder knows in which order the tags may be rendered.
type roleFinder struct {
	tags       []*jinjaTag
	next, prev [][]int // -1 is the beginning, and len(tags) the end
	lose       func(at int, format string, args ...any)
}

// splitRoles takes the lines that begin messages out of the texts: a line that
// holds a role, perhaps beside tags that print nothing, or {{role}}: alone.
func (c *conversion) splitRoles(tags []*jinjaTag) []*jinjaTag {
	f := &roleFinder{tags: tags, lose: c.lose}
	f.connect()
	var out []*jinjaTag
	cut := make([]int, len(tags)) // what a role took of a text's beginning
	for i, t := range tags {
		hash, isRole := f.isRole(i)
		switch {
		case isRole:
			if hash {
				last := *out[len(out)-1]
				last.text = last.text[:strings.LastIndexByte(last.text, '#')]
				out[len(out)-1] = &last
			}
			out = append(out, &jinjaTag{kind: jinjaRole, at: t.at, end: t.end, text: t.text, inside: t.inside})
			cut[i+1] = strings.IndexByte(tags[i+1].text, ':') + 1
		case t.kind == jinjaText && t.inside >= 0:
			rest := *t
			rest.text, rest.at = t.text[cut[i]:], t.at+cut[i]
			out = append(out, f.split(i, &rest, cut[i] > 0)...)
		case t.kind == jinjaText:
			for line := range strings.Lines(t.text) {
				if _, ok := roleLine(strings.TrimSuffix(line, "\n")); ok {
					c.lose(t.at, "a line with a role begins a message in {%% raw %%}, too, which is not carried over")
					break
				}
			}
			out = append(out, t)
		default:
			out = append(out, t)
		}
	}
	return out
}

// connect finds what may come after each tag.
func (f *roleFinder) connect() {
	n := len(f.tags)
	f.next, f.prev = make([][]int, n), make([][]int, n+1)
	ends, after := make([]int, n), make([]int, n) // of else: the end of its block; of a branch: the next one
	type block struct{ first, last int }
	var open []block
	for i, t := range f.tags {
		ends[i], after[i] = -1, -1
		if t.kind != jinjaBlock || len(open) == 0 && firstWord(t.text) != "if" && firstWord(t.text) != "for" {
			continue
		}
		switch firstWord(t.text) {
		case "if", "for":
			open = append(open, block{i, i})
		case "elif", "else":
			top := &open[len(open)-1]
			after[top.last], top.last = i, i
		case "endif", "endfor":
			top := open[len(open)-1]
			open = open[:len(open)-1]
			after[top.last] = i
			for b := after[top.first]; b != i; b = after[b] {
				ends[b] = i
			}
			if firstWord(t.text) == "endfor" {
				f.next[i] = append(f.next[i], top.first)
			}
		}
	}
	for i, t := range f.tags {
		to := i + 1
		if to < n && ends[to] >= 0 {
			to = ends[to] // a branch ends: the others are passed over
		}
		f.next[i] = append(f.next[i], to)
		if word := firstWord(t.text); t.kind == jinjaBlock && after[i] >= 0 && word != "else" {
			f.next[i] = append(f.next[i], after[i])
		}
	}
	if n > 0 {
		f.prev[0] = append(f.prev[0], -1)
	}
	for i, list := range f.next {
		for _, to := range list {
			f.prev[to] = append(f.prev[to], i)
		}
	}
}

func firstWord(s string) string { return jinjaWord.FindString(strings.TrimSpace(s)) }

// before is what may stand on the line before a tag.
func (f *roleFinder) before(i int) int {
	return f.look(i, f.prev, func(text string) (line string, ends bool) {
		at := strings.LastIndexByte(text, '\n')
		return text[at+1:], at >= 0
	})
}

// behind is what may stand on the line behind a tag.
func (f *roleFinder) behind(i int) int {
	return f.look(i, f.next, func(text string) (line string, ends bool) {
		line, _, ends = strings.Cut(text, "\n")
		return line, ends
	})
}

func (f *roleFinder) look(from int, links [][]int, part func(text string) (line string, ends bool)) int {
	edges, seen := 0, map[int]bool{}
	todo := links[from]
	for len(todo) > 0 {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if i < 0 || i == len(f.tags) {
			edges |= edgeBlank
			continue
		}
		if seen[i] {
			continue
		}
		seen[i] = true
		switch t := f.tags[i]; t.kind {
		case jinjaPrint:
			edges |= edgePrint
			continue
		case jinjaText:
			switch line, ends := part(t.text); {
			case strings.TrimSpace(line) != "":
				edges |= edgeText
				continue
			case ends:
				edges |= edgeBlank
				continue
			}
		}
		todo = append(todo[:len(todo):len(todo)], links[i]...)
	}
	return edges
}

const doubtful = "whether this line begins a message depends on the tags beside it, or on what they print; give it a line of its own"

// isRole is whether {{…}} gives the role of a message: {{turn.role}}: alone on
// a line, perhaps behind a #.
func (f *roleFinder) isRole(i int) (hash, ok bool) {
	t := f.tags[i]
	if t.kind != jinjaPrint || i+1 == len(f.tags) || f.tags[i+1].kind != jinjaText || f.tags[i+1].inside < 0 {
		return false, false
	}
	m := colonLine.FindStringSubmatch(f.tags[i+1].text)
	if m == nil || !strings.Contains(strings.ToLower(t.text), "role") {
		return false, false
	}
	start, end := f.before(i), edgeBlank
	if m[2] == "" {
		end = f.behind(i + 1)
	}
	if i > 0 && start == edgeText && f.tags[i-1].kind == jinjaText && f.tags[i-1].inside >= 0 { // # {{role}}:
		text := f.tags[i-1].text
		at := strings.LastIndexByte(text, '\n')
		if strings.TrimSpace(text[at+1:]) == "#" {
			if hash, start = true, edgeBlank; at < 0 {
				start = f.before(i - 1)
			}
		}
	}
	switch {
	case start == edgeText, end&edgeBlank == 0:
		return false, false
	case start != edgeBlank || end != edgeBlank:
		f.lose(t.at, doubtful)
		return false, false
	case m[1] != "":
		f.lose(t.at, "the settings %s of a message whose role is a value are not carried over", m[1])
		return false, false
	}
	return hash, true
}

// split cuts a text at its lines with roles.
func (f *roleFinder) split(i int, t *jinjaTag, afterRole bool) []*jinjaTag {
	var out []*jinjaTag
	from, pos := 0, 0
	add := func(upTo int) {
		if part := t.text[from:upTo]; part != "" {
			out = append(out, &jinjaTag{kind: jinjaText, at: t.at + from, end: t.at + upTo, text: part})
		}
	}
	if strings.HasPrefix(strings.TrimLeft(t.text, " \t"), ":") && !afterRole && f.behindRole(i) {
		f.lose(t.at, doubtful)
	}
	for pos < len(t.text) {
		line, _, more := strings.Cut(t.text[pos:], "\n")
		if role, ok := roleLine(line); ok {
			start, end := edgeBlank, edgeBlank
			if pos == 0 && !afterRole {
				start = f.before(i)
			}
			if !more {
				end = f.behind(i)
			}
			at := t.at + len(t.lead) + pos
			switch {
			case start == edgeBlank && end == edgeBlank:
				add(pos)
				role.at = at
				out = append(out, &jinjaTag{kind: jinjaRole, at: role.at, role: role})
				from = pos + len(line)
			case start&edgeBlank != 0 && end&edgeBlank != 0:
				f.lose(at, doubtful)
			}
		}
		pos += len(line)
		if more {
			pos++
		}
	}
	if from == 0 {
		return []*jinjaTag{t}
	}
	add(len(t.text))
	if first := out[0]; first.kind == jinjaText {
		first.lead = t.lead
	}
	if last := out[len(out)-1]; last.kind == jinjaText {
		last.trail = t.trail
	}
	return out
}

// behindRole is whether the tags before a text may print a role, to which the
// text would be the colon.
func (f *roleFinder) behindRole(i int) bool {
	seen := map[int]bool{}
	todo := f.prev[i]
	for len(todo) > 0 {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if i < 0 || seen[i] {
			continue
		}
		seen[i] = true
		switch t := f.tags[i]; {
		case t.kind == jinjaText && roleWord.MatchString(t.text):
			return true
		case t.kind == jinjaBlock || t.kind == jinjaComment:
			todo = append(todo[:len(todo):len(todo)], f.prev[i]...)
		}
	}
	return false
}
