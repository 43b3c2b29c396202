package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-prompty/prompty/engine"
)

// rendered is the output of render --json, and with --stats that of render
// --messages --json.
type rendered struct {
	Name     string           `json:"name"`
	Version  int              `json:"version"` // 0 for a file
	Output   *string          `json:"output,omitempty"`
	Messages []engine.Message `json:"messages,omitzero"`
	Stats    *stats           `json:"stats,omitempty"`
}

// print prints what was rendered in the way that the flags want.
func (r *rendering) print(res *result, err error) error {
	if err != nil {
		return err
	}
	switch {
	case r.flags.messages && r.flags.asJSON && res.stats != nil:
		return r.app.printJSON(rendered{Name: res.ref.Name, Version: res.ref.Version, Messages: res.messages, Stats: res.stats})
	case r.flags.messages && r.flags.asJSON:
		return r.app.printJSON(res.messages)
	case r.flags.messages:
		r.app.out.WriteString(messageText(res.messages))
	case r.flags.asJSON:
		return r.app.printJSON(rendered{Name: res.ref.Name, Version: res.ref.Version, Output: &res.text, Stats: res.stats})
	default:
		r.app.printText(res.text)
	}
	if res.stats != nil {
		return r.app.thenTell(res.stats.String())
	}
	return nil
}

// thenTell writes what was printed to standard output and then, below it on a
// terminal, a text to standard error.
func (a *app) thenTell(text string) error {
	err := a.send(a.out.Bytes())
	a.out.Reset()
	if err != nil && !errors.Is(err, errReaderLeft) {
		return err
	}
	_, err = io.WriteString(a.stderr, text)
	return err
}

// messageList makes an empty list of none, for JSON.
func messageList(messages []engine.Message) []engine.Message {
	if messages == nil {
		return []engine.Message{}
	}
	return messages
}

// messageText shows messages to people.
func messageText(messages []engine.Message) string {
	var b strings.Builder
	for i, m := range messages {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(printable(m.Role))
		if m.Name != "" {
			fmt.Fprintf(&b, " (%s)", printable(m.Name))
		}
		if m.Cache {
			b.WriteString(" [cache]")
		}
		b.WriteString(":\n")
		for line := range strings.Lines(m.Content) {
			if line = strings.TrimRight(line, "\r\n"); line != "" {
				line = "  " + quietLine(line)
			}
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}
