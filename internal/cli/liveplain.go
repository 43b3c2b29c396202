package cli

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-prompty/prompty/engine"
)

// newView is the screen where there is one, else what programs read.
func (r *rendering) newView() (liveView, error) {
	kind, _ := r.app.lookupEnv("TERM")
	switch {
	case r.flags.asJSON:
		return &jsonView{plainView: plainView{app: r.app}, messages: r.flags.messages}, nil
	case !isTerminal(r.app.stdout), kind == "dumb":
		return &plainView{app: r.app}, nil
	}
	return openScreen(r.app)
}

// plainView prints each new output below a line that says where it comes from,
// and errors to standard error.
type plainView struct {
	app     *app
	started bool
	last    *shown // printed
	lastErr string
	notes   []string
	health  watchHealth
}

func (p *plainView) show(f frame) error {
	p.tellNotes(f.notes)
	if f.err != nil {
		p.fail(f.err)
		return nil
	}
	recovered := p.lastErr != ""
	p.lastErr = ""
	if p.last != nil && f.good.same(p.last.result) {
		if recovered {
			p.app.warn("good again, with the same output")
		}
		return nil
	}
	before := p.last
	p.last = f.good
	var out bytes.Buffer
	if p.started {
		fmt.Fprintf(&out, "--- %s %s%s\n", printable(refText(f.good.ref)), f.at.Format(time.TimeOnly), causeText(f.cause))
	}
	p.started = true
	text := f.good.display()
	out.WriteString(text)
	if text != "" && !strings.HasSuffix(text, "\n") {
		out.WriteByte('\n')
	}
	if err := p.app.send(out.Bytes()); err != nil {
		return err
	}
	if tokens := f.good.tokenText(before); tokens != "" {
		p.app.warn("%s", tokens)
	}
	return nil
}

// fail reports an error once.
func (p *plainView) fail(err error) {
	if text := err.Error(); text != p.lastErr {
		p.lastErr = text
		p.app.fail(err)
	}
}

// tellNotes tells what the prompt logged, if that is news.
func (p *plainView) tellNotes(notes []string) {
	if !slices.Equal(notes, p.notes) {
		for _, n := range notes {
			p.app.warn("%s", n)
		}
	}
	p.notes = notes
}

func (p *plainView) tell(h watchHealth) error {
	p.app.tellHealth(&p.health, h)
	return nil
}

func (p *plainView) keys() <-chan key { return nil }
func (p *plainView) press(key) error  { return nil }
func (p *plainView) close()           {}

// jsonView prints each new output, or error, as an object on a line.
type jsonView struct {
	plainView
	messages bool
	lastLine string
}

// liveLine is a line of render --watch --json.
type liveLine struct {
	Name     string           `json:"name"`
	Version  int              `json:"version"`           // 0 for a file
	Output   *string          `json:"output,omitempty"`  // or
	Messages []engine.Message `json:"messages,omitzero"` // with --messages, or
	Error    string           `json:"error,omitempty"`
	Stats    *stats           `json:"stats,omitempty"` // with --stats
}

func (j *jsonView) show(f frame) error {
	j.tellNotes(f.notes)
	var line liveLine
	switch {
	case f.err != nil:
		line = liveLine{Name: f.ref.Name, Version: f.ref.Version, Error: f.err.Error()}
	case j.messages:
		line = liveLine{Name: f.ref.Name, Version: f.ref.Version, Messages: messageList(f.good.messages)}
	default:
		line = liveLine{Name: f.ref.Name, Version: f.ref.Version, Output: &f.good.text}
	}
	var out bytes.Buffer
	if err := jsonLine(&out, line); err != nil {
		return err
	}
	if out.String() == j.lastLine {
		return nil
	}
	j.lastLine = out.String()
	if f.err == nil && f.good.stats != nil { // times differ from output to output, and are no news
		line.Stats = f.good.stats
		out.Reset()
		if err := jsonLine(&out, line); err != nil {
			return err
		}
	}
	return j.app.send(out.Bytes())
}

// display is the output as people see it.
func (s *shown) display() string {
	if s.messages != nil {
		return messageText(s.messages)
	}
	return s.text
}

func refText(ref engine.Ref) string {
	if ref.Version == 0 {
		return ref.Name
	}
	return fmt.Sprintf("%s@%d", ref.Name, ref.Version)
}

// causeText names what changed, but not all of many.
func causeText(cause []string) string {
	const most = 3
	if len(cause) == 0 {
		return ""
	}
	text := " changed: " + printable(strings.Join(cause[:min(most, len(cause))], ", "))
	if len(cause) > most {
		text += fmt.Sprintf(" and %d more", len(cause)-most)
	}
	return text
}
