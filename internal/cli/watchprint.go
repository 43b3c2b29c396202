package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
	"unicode"

	"github.com/go-prompty/prompty"
)

// batchPrinter prints batches as they come.
type batchPrinter struct {
	app    *app
	asJSON bool
	color  bool
}

const (
	dim    = "\x1b[2m"
	yellow = "\x1b[33m"
)

// kindMarks say at a glance what happened to a prompt.
var kindMarks = map[prompty.ChangeKind]struct{ mark, color string }{
	prompty.Created: {"+", green},
	prompty.Changed: {"~", yellow},
	prompty.Deleted: {"-", red},
}

func (p *batchPrinter) print(b prompty.ChangeBatch) error {
	var out bytes.Buffer
	if p.asJSON {
		if err := jsonLine(&out, b); err != nil {
			return err
		}
	} else {
		p.text(&out, b, time.Now())
	}
	return p.app.send(out.Bytes())
}

// text prints a line for each change; the first has the time.
func (p *batchPrinter) text(out *bytes.Buffer, b prompty.ChangeBatch, now time.Time) {
	const most = 50 // on a terminal: more of them nobody reads
	when := now.Format(time.TimeOnly)
	line := func(color, text string) {
		if p.color {
			fmt.Fprintf(out, "%s%s%s  %s%s%s\n", dim, when, normal, color, text, normal)
		} else {
			fmt.Fprintf(out, "%s  %s\n", when, text)
		}
		when = "        "
	}
	if b.All {
		line(yellow, "! everything may have changed")
	}
	for i, c := range b.Changes {
		if i == most && isTerminal(p.app.stdout) {
			line(dim, fmt.Sprintf("  and %d more", len(b.Changes)-most))
			break
		}
		k := kindMarks[c.Kind]
		line(k.color, k.mark+" "+printable(c.Name))
	}
}

// jsonLine prints v on one line, with the control characters that JSON itself
// lets through escaped.
func jsonLine(out *bytes.Buffer, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	writeEscaped(out, b.String())
	return nil
}

// writeEscaped writes JSON with all control characters in its strings escaped.
func writeEscaped(out *bytes.Buffer, text string) {
	for _, r := range text {
		if r >= 0x7f && unicode.IsControl(r) {
			fmt.Fprintf(out, `\u%04x`, r)
		} else {
			out.WriteRune(r)
		}
	}
}
