// Package diff compares two texts line by line.
package diff

import (
	"fmt"
	"strings"

	"github.com/aymanbagabas/go-udiff"
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

// Compare returns what changed from before to after.
func Compare(before, after string) Lines {
	// The error is of edits that do not fit the text; these were made for it.
	unified, _ := udiff.ToUnifiedDiff("", "", before, udiff.Lines(before, after), udiff.DefaultContextLines)
	var l Lines
	for _, h := range unified.Hunks {
		l.add(h)
	}
	return l
}

func (l *Lines) add(h *udiff.Hunk) {
	hunk := Hunk{OldStart: h.FromLine, NewStart: h.ToLine}
	for _, from := range h.Lines {
		line := Line{Op: Equal, Text: from.Content}
		switch from.Kind {
		case udiff.Delete:
			line.Op = Delete
			hunk.OldLines++
			l.Removed++
		case udiff.Insert:
			line.Op = Insert
			hunk.NewLines++
			l.Added++
		default:
			hunk.OldLines++
			hunk.NewLines++
		}
		hunk.Lines = append(hunk.Lines, line)
	}
	// As in GNU diff, an empty side is placed after the line before it.
	if hunk.OldLines == 0 {
		hunk.OldStart--
	}
	if hunk.NewLines == 0 {
		hunk.NewStart--
	}
	l.Hunks = append(l.Hunks, hunk)
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
		fmt.Fprintf(&b, "@@ -%s +%s @@\n", span(h.OldStart, h.OldLines), span(h.NewStart, h.NewLines))
		for _, line := range h.Lines {
			b.WriteString(string(line.Op) + line.Text)
			if !strings.HasSuffix(line.Text, "\n") {
				b.WriteString("\n\\ No newline at end of file\n")
			}
		}
	}
	return b.String()
}

func span(start, lines int) string {
	if lines == 1 {
		return fmt.Sprint(start)
	}
	return fmt.Sprintf("%d,%d", start, lines)
}
