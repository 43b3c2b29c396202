// Package diff compares two texts line by line, and word by word within lines.
package diff

import (
	"fmt"
	"strings"

	"github.com/aymanbagabas/go-udiff/lcs"
)

// Lines is what changed from one text to another.
type Lines struct {
	Hunks   []Hunk `json:"hunks"`   // in order; none if the texts are the same
	Added   int    `json:"added"`   // lines
	Removed int    `json:"removed"` // lines
}

// Hunk is a run of changed lines with up to three unchanged ones on each side.
type Hunk struct {
	OldStart int    `json:"old_start"` // 1-based line; the one before it if the old side is empty
	OldLines int    `json:"old_lines"`
	NewStart int    `json:"new_start"`
	NewLines int    `json:"new_lines"`
	Lines    []Line `json:"lines"`
}

// Line is one line of a hunk. Text holds its line end, if it has one.
type Line struct {
	Op   Op     `json:"op"`
	Text string `json:"text"`
}

// Op says on which side a line stands.
type Op string

const (
	Equal  Op = " "
	Insert Op = "+"
	Delete Op = "-"
)

// context is how many unchanged lines stand on each side of a change.
const context = 3

// Compare returns what changed from before to after.
func Compare(before, after string) Lines {
	a, b := split(before), split(after)
	changes := compare(a, b)
	var l Lines
	for len(changes) > 0 {
		n := 1 // changes whose contexts meet share a hunk
		for n < len(changes) && changes[n].Start-changes[n-1].End <= 2*context {
			n++
		}
		l.add(a, b, changes[:n])
		changes = changes[n:]
	}
	return l
}

// split cuts s after each line end.
func split(s string) []string {
	lines := strings.SplitAfter(s, "\n")
	if last := len(lines) - 1; lines[last] == "" {
		lines = lines[:last]
	}
	return lines
}

// add makes a hunk of changes.
func (l *Lines) add(a, b []string, changes []lcs.Diff) {
	first, last := changes[0], changes[len(changes)-1]
	lead := min(first.Start, context)
	at, end := first.Start-lead, min(last.End+context, len(a))
	from := first.ReplStart - lead
	inserted := 0
	for _, c := range changes {
		inserted += c.ReplEnd - c.ReplStart
	}
	h := Hunk{OldStart: at + 1, OldLines: end - at, NewStart: from + 1, Lines: make([]Line, 0, end-at+inserted)}
	put := func(op Op, lines []string) {
		for _, text := range lines {
			h.Lines = append(h.Lines, Line{op, text})
		}
	}
	removed := 0
	for _, c := range changes {
		put(Equal, a[at:c.Start])
		put(Delete, a[c.Start:c.End])
		put(Insert, b[c.ReplStart:c.ReplEnd])
		at = c.End
		removed += c.End - c.Start
	}
	put(Equal, a[at:end])
	h.NewLines = h.OldLines - removed + inserted
	// As in GNU diff, an empty side is placed after the line before it.
	if h.OldLines == 0 {
		h.OldStart--
	}
	if h.NewLines == 0 {
		h.NewStart--
	}
	l.Hunks, l.Added, l.Removed = append(l.Hunks, h), l.Added+inserted, l.Removed+removed
}

// Unified returns the changes in the unified format of GNU diff, with names
// for the two sides; "" if there are none.
func (l Lines) Unified(oldName, newName string) string {
	if len(l.Hunks) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "--- %s\n+++ %s\n", oldName, newName)
	for _, h := range l.Hunks {
		b.WriteString(h.Header() + "\n")
		for _, line := range h.Lines {
			b.WriteString(string(line.Op) + line.Text)
			if !strings.HasSuffix(line.Text, "\n") {
				b.WriteString("\n\\ No newline at end of file\n")
			}
		}
	}
	return b.String()
}

// Header returns the line that stands before the hunk in the unified format:
// "@@ -1,3 +1,4 @@".
func (h Hunk) Header() string {
	return fmt.Sprintf("@@ -%s +%s @@", span(h.OldStart, h.OldLines), span(h.NewStart, h.NewLines))
}

func span(start, lines int) string {
	if lines == 1 {
		return fmt.Sprint(start)
	}
	return fmt.Sprintf("%d,%d", start, lines)
}
