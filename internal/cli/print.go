package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// printable escapes everything in s that could move a cursor or hide text.
func printable(s string) string {
	if !strings.ContainsFunc(s, unsafeRune) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch _, size := utf8.DecodeRuneInString(s[i:]); {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case unicode.Is(unicode.Zs, r):
			b.WriteByte(' ')
		case unsafeRune(r):
			q := strconv.QuoteRune(r)
			b.WriteString(q[1 : len(q)-1])
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// unsafeRune is true for control and formatting characters; the joiner that
// many emoji are made with is harmless.
func unsafeRune(r rune) bool { return !unicode.IsPrint(r) && r != '\u200d' }

// printableLines is printable for a text of several lines.
func printableLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = printable(strings.ReplaceAll(l, "\t", "    "))
	}
	return strings.Join(lines, "\n")
}

// quietLine escapes what could leave the line that it stands on: a lone
// carriage return, say, would put what follows at the line's beginning.
func quietLine(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r != '\t' && (unicode.IsControl(r) || r == '\u2028' || r == '\u2029') {
			q := strconv.QuoteRune(r)
			b.WriteString(q[1 : len(q)-1])
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// printText prints a text byte for byte. On a terminal a text without final
// new line gets one, so that the shell's prompt stands on its own.
func (a *app) printText(text string) {
	a.out.WriteString(text)
	if text != "" && !strings.HasSuffix(text, "\n") && isTerminal(a.stdout) {
		a.out.WriteByte('\n')
	}
}

// printJSON prints v as indented JSON, with the control characters that JSON
// itself lets through escaped.
func (a *app) printJSON(v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return err
	}
	writeEscaped(&a.out, b.String())
	return nil
}

// printTable prints rows under a header, columns aligned. A column without any
// value is left out. On a terminal so is what it has no room for, but for the
// first column, which names the row; the last one is cut if enough of it shows.
func (a *app) printTable(header []string, rows [][]string) {
	rows = append([][]string{header}, rows...)
	widths := make([]int, len(header))
	for n, row := range rows {
		for i := range row {
			row[i] = printable(row[i])
			if n > 0 && row[i] != "" {
				widths[i] = max(widths[i], textWidth(row[i]), textWidth(header[i]))
			}
		}
	}
	fit(widths, a.columns())
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			if widths[i] > 0 {
				cell = clip(cell, widths[i])
				line.WriteString(cell + strings.Repeat(" ", widths[i]-textWidth(cell)+2))
			}
		}
		a.out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}

// fit makes a table's columns, two blanks between them, as wide as a terminal;
// 0 is no terminal. What is left out becomes 0.
func fit(widths []int, most int) {
	const little = 12 // less of a text says nothing
	if most <= 0 {
		return
	}
	last := len(widths) - 1
	for last > 0 && widths[last] == 0 {
		last--
	}
	used := widths[0]
	for i := 1; i <= last; i++ {
		room := most - used - 2
		switch {
		case widths[i] == 0:
			continue
		case widths[i] > room && (i < last || room < little):
			widths[i] = 0
			continue
		}
		widths[i] = min(widths[i], room)
		used += widths[i] + 2
	}
}

// clock shows a time to people: in their own zone, to the minute.
func clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04")
}

// summary is the first line of a text, cut for a table.
func summary(text string) string {
	const most = 60
	line, rest, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if strings.TrimSpace(rest) != "" {
		line = strings.TrimSpace(line) + " …"
	}
	return clip(strings.TrimSpace(line), most)
}
