package cli

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-prompty/prompty/diff"
)

// styled is text in one style: what switches it on, "" for none.
type styled struct{ style, text string }

// row is a line of a screen, or of a text that is yet to be wrapped.
type row struct {
	parts  []styled
	marked bool // worth scrolling to
}

// body lays a frame out as lines of any length: the output with what changed in
// it marked in the first column; or an error, and the last good output below.
func (f *frame) body() []row {
	if f.err == nil {
		before := f.good.display()
		if f.before != nil {
			before = f.before.display()
		}
		return marked(before, f.good.display())
	}
	rows := plainRows(red, printableLines(f.err.Error()))
	if hint := hintOf(f.err); hint != "" {
		rows = append(rows, plainRows(dim, "hint: "+printableLines(hint))...)
	}
	if f.good == nil {
		return rows
	}
	text := f.good.display()
	label := fmt.Sprintf("--- last good output: %s, %s", printable(refText(f.good.ref)), f.good.at.Format(time.TimeOnly))
	rows = append(rows, row{}, row{parts: []styled{{dim, label}}})
	return append(rows, marked(text, text)...)
}

func plainRows(style, text string) []row {
	var rows []row
	for line := range strings.Lines(text) {
		rows = append(rows, row{parts: []styled{{style, strings.TrimRight(line, "\n")}}})
	}
	return rows
}

// marked is a text with the lines marked that came and, between its own, those
// that went.
func marked(before, now string) []row {
	if now == "" {
		now = "\n" // a line to show that there is nothing
	}
	var rows []row
	lines := strings.SplitAfter(now, "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	done := 0
	for _, h := range diff.Compare(before, now).Hunks {
		start := h.NewStart - 1
		if h.NewLines == 0 {
			start = h.NewStart // the line before it
		}
		rows = append(rows, textRows("  ", "", strings.Join(lines[done:start], ""), nil)...)
		for hunk := h.Lines; len(hunk) > 0; {
			kept, rest := block(hunk, diff.Equal)
			old, rest := block(rest, diff.Delete)
			new, rest := block(rest, diff.Insert)
			removed, added := diff.Words(old, new)
			rows = append(rows, textRows("  ", "", kept, nil)...)
			rows = append(rows, textRows("- ", red, old, removed)...)
			rows = append(rows, textRows("+ ", green, new, added)...)
			hunk = rest
		}
		done = start + h.NewLines
	}
	return append(rows, textRows("  ", "", strings.Join(lines[done:], ""), nil)...)
}

// textRows makes a row of each line, with the spans in them standing out.
func textRows(gutter, style, text string, spans []diff.Span) []row {
	var rows []row
	at := 0
	for line := range strings.Lines(text) {
		end := at + len(strings.TrimRight(line, "\r\n"))
		r := row{parts: []styled{{style, gutter}}, marked: style != ""}
		add := func(style, text string) {
			if text = strings.ReplaceAll(visible(text), "\t", "    "); text != "" {
				r.parts = append(r.parts, styled{style, text})
			}
		}
		from := at
		for _, s := range spans {
			start, stop := max(s.Start, from), min(s.End, end)
			if start >= stop {
				continue
			}
			add(style, text[from:start])
			add(style+reverse, text[start:stop])
			from = stop
		}
		add(style, text[from:end])
		rows = append(rows, r)
		at += len(line)
	}
	return rows
}

// wrap cuts rows to a width, between words where that leaves no more than half
// of a row empty. What goes on on the next row stands under its text, not under
// the marks.
func wrap(rows []row, width int) []row {
	const gutter = "  "
	if width <= 2*len(gutter) {
		return rows // nobody can read that; the terminal cuts it
	}
	var out []row
	for _, r := range rows {
		cells := r.cells()
		now := row{marked: r.marked}
		used := 0
		word := 0 // where the last word in the row begins, and
		fill := 0 // what is used before it
		start := 0
		for i := 0; i < len(cells); i++ {
			c := cells[i]
			if used+c.width > width {
				cut, next := i, i
				switch {
				case c.text == " ":
					next = i + 1 // the blank is where the row ends
				case word > start && fill > width/2:
					cut, next = word, word
				}
				now.add(cells[start:cut])
				out = append(out, now)
				now = row{parts: []styled{{"", gutter}}, marked: r.marked}
				used, start = len(gutter), next
				if next > i {
					continue
				}
				for _, moved := range cells[next:i] {
					used += moved.width
				}
			}
			used += c.width
			if c.text == " " {
				word, fill = i+1, used
			}
		}
		now.add(cells[start:])
		out = append(out, now)
	}
	return out
}

// cell is a letter on a screen.
type cell struct {
	styled
	width int
}

func (r row) cells() []cell {
	var cells []cell
	for _, p := range r.parts {
		for i, c := range p.text {
			cells = append(cells, cell{styled{p.style, p.text[i : i+utf8.RuneLen(c)]}, runeWidth(c)})
		}
	}
	return cells
}

// add appends cells to a row.
func (r *row) add(cells []cell) {
	for len(cells) > 0 {
		var text strings.Builder
		style := cells[0].style
		for len(cells) > 0 && cells[0].style == style {
			text.WriteString(cells[0].text)
			cells = cells[1:]
		}
		r.parts = append(r.parts, styled{style, text.String()})
	}
}

// write prints a row; without color, what stands out is the marks alone.
func (r row) write(b *strings.Builder, color bool) {
	for _, p := range r.parts {
		if p.text == "" {
			continue
		}
		if color && p.style != "" {
			b.WriteString(p.style + p.text + normal)
		} else {
			b.WriteString(p.text)
		}
	}
}
