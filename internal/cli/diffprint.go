package cli

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/go-prompty/prompty/diff"
)

// print prints what differs.
func (c *comparison) print(list []*difference) error {
	a := c.app
	differ := 0
	for _, d := range list {
		if d.Hunks == nil {
			d.Hunks = []diff.Hunk{} // in JSON a list, not null
		}
		if d.Kind != same {
			differ++
		}
	}
	switch {
	case c.flags.asJSON && c.name != "":
		if err := a.printJSON(list[0]); err != nil {
			return err
		}
	case c.flags.asJSON:
		if err := a.printJSON(list); err != nil {
			return err
		}
	case differ == 0 && c.name != "":
		a.warn("no differences between %s and %s", list[0].oldLabel, list[0].newLabel)
	case differ == 0:
		a.warn("no differences")
	case c.flags.names:
		for _, d := range list {
			fmt.Fprintln(&a.out, printable(d.Name))
		}
	default:
		for _, d := range list {
			a.printDifference(d, c.color)
		}
	}
	if differ > 0 && c.flags.failIfDifferent {
		return errFindings
	}
	return nil
}

// printDifference prints the unified format: for people with nothing hidden,
// for programs byte for byte.
func (a *app) printDifference(d *difference, color bool) {
	if color || isTerminal(a.stdout) {
		painter{color}.print(&a.out, d)
		return
	}
	text := d.Unified(d.oldLabel, d.newLabel)
	if text == "" { // an empty prompt came or went
		text = fmt.Sprintf("--- %s\n+++ %s\n", d.oldLabel, d.newLabel)
	}
	a.out.WriteString(text)
}

// painter prints differences on a terminal.
type painter struct{ color bool }

// What the terminal does from here on.
const (
	normal    = "\x1b[m"
	bold      = "\x1b[1m"
	red       = "\x1b[31m"
	green     = "\x1b[32m"
	cyan      = "\x1b[36m"
	reverse   = "\x1b[7m"
	unreverse = "\x1b[27m"
)

// print writes a difference. Runs of removed lines and the added ones that
// follow are compared word by word.
func (p painter) print(b *bytes.Buffer, d *difference) {
	p.line(b, bold, "--- "+d.oldLabel)
	p.line(b, bold, "+++ "+d.newLabel)
	for _, h := range d.Hunks {
		p.line(b, cyan, h.Header())
		for lines := h.Lines; len(lines) > 0; {
			kept, rest := block(lines, diff.Equal)
			old, rest := block(rest, diff.Delete)
			new, rest := block(rest, diff.Insert)
			removed, added := diff.Words(old, new)
			p.block(b, diff.Equal, "", kept, nil)
			p.block(b, diff.Delete, red, old, removed)
			p.block(b, diff.Insert, green, new, added)
			lines = rest
		}
	}
}

// block takes the lines in front that have the same op, as one text.
func block(lines []diff.Line, op diff.Op) (text string, rest []diff.Line) {
	var b strings.Builder
	for len(lines) > 0 && lines[0].Op == op {
		b.WriteString(lines[0].Text)
		lines = lines[1:]
	}
	return b.String(), lines
}

// block writes lines with the spans in them standing out.
func (p painter) block(b *bytes.Buffer, op diff.Op, color, text string, spans []diff.Span) {
	mark, unmark := reverse, unreverse
	if !p.color {
		mark, unmark = "", ""
	}
	at := 0
	for line := range strings.Lines(text) {
		end := at + len(strings.TrimSuffix(line, "\n"))
		if op == diff.Equal {
			end = at + len(strings.TrimRight(line, "\r\n"))
		}
		var shown strings.Builder
		shown.WriteString(string(op))
		from := at
		for _, s := range spans {
			start, stop := max(s.Start, from), min(s.End, end)
			if start >= stop {
				continue
			}
			shown.WriteString(visible(text[from:start]) + mark + visible(text[start:stop]) + unmark)
			from = stop
		}
		shown.WriteString(visible(text[from:end]))
		p.line(b, color, shown.String())
		if !strings.HasSuffix(line, "\n") {
			p.line(b, "", `\ No newline at end of file`)
		}
		at += len(line)
	}
}

func (p painter) line(b *bytes.Buffer, color, text string) {
	if p.color && color != "" {
		text = color + text + normal
	}
	b.WriteString(text + "\n")
}

// visible is printable, but for tabs, which a line may have.
func visible(s string) string {
	parts := strings.Split(s, "\t")
	for i := range parts {
		parts[i] = printable(parts[i])
	}
	return strings.Join(parts, "\t")
}
