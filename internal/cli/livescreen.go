package cli

import (
	"fmt"
	"strings"
	"syscall"
	"time"
)

// liveScreen shows frames on a terminal, one screen at a time.
type liveScreen struct {
	screen *screen
	color  bool
	frame  frame
	health watchHealth
	rows   []row // of the frame, wrapped for the size that drawn has
	width  int
	top    int // the first row on the screen
}

func openScreen(a *app) (liveView, error) {
	s, err := newScreen(a.stdin, a.stdout)
	if err != nil {
		return nil, err
	}
	return &liveScreen{screen: s, color: a.colour(a.stdout)}, nil
}

func (l *liveScreen) close()           { l.screen.close() }
func (l *liveScreen) keys() <-chan key { return l.screen.keys }

// show draws a frame, and scrolls to what is new in it.
func (l *liveScreen) show(f frame) error {
	news := f.err != nil || l.frame.err != nil || l.frame.good == nil || !l.frame.good.same(f.good.result)
	l.frame, l.width = f, 0
	if news {
		l.layOut()
		l.scrollToNews()
	}
	return l.draw()
}

func (l *liveScreen) tell(h watchHealth) error {
	l.health = h
	return l.draw()
}

// layOut wraps the frame for the size that the terminal has now.
func (l *liveScreen) layOut() {
	width, _ := l.screen.size()
	if width != l.width {
		l.width = width
		l.rows = wrap(l.frame.body(), width)
	}
}

// scrollToNews makes the first change visible, with a little of what is above,
// or an error from its beginning.
func (l *liveScreen) scrollToNews() {
	const above = 2
	if l.frame.err != nil {
		l.top = 0
		return
	}
	for i, r := range l.rows {
		if r.marked {
			if i < l.top || i >= l.top+l.room() {
				l.top = max(0, i-above)
			}
			return
		}
	}
}

// notes are the lines between the output and the status.
func (l *liveScreen) notes() []string {
	const most = 3
	notes := l.frame.notes
	if len(notes) > most {
		notes = append(notes[:most-1:most-1], fmt.Sprintf("and %d more", len(notes)-most+1))
	}
	if l.health.degraded != "" {
		notes = append(notes[:len(notes):len(notes)], "changes may come late: "+printable(l.health.degraded))
	}
	if l.health.lastError != "" {
		notes = append(notes[:len(notes):len(notes)], printable(l.health.lastError))
	}
	return notes
}

// room is how many rows of the body fit.
func (l *liveScreen) room() int {
	_, height := l.screen.size()
	return max(1, height-1-len(l.notes()))
}

func (l *liveScreen) draw() error {
	l.layOut()
	width, height := l.screen.size()
	room := l.room()
	l.top = max(0, min(l.top, len(l.rows)-room))
	lines := make([]string, 0, height)
	for i := l.top; i < min(l.top+room, len(l.rows)); i++ {
		var b strings.Builder
		l.rows[i].write(&b, l.color)
		lines = append(lines, b.String())
	}
	for len(lines) < room {
		lines = append(lines, "")
	}
	for _, n := range l.notes() {
		lines = append(lines, l.paint(yellow, clip(n, width)))
	}
	lines = append(lines, l.paint(reverse, clip(l.status(room), width)))
	return l.screen.draw(lines[max(0, len(lines)-height):])
}

func (l *liveScreen) paint(style, text string) string {
	if !l.color {
		return text
	}
	return style + text + normal
}

// status is the last line.
func (l *liveScreen) status(room int) string {
	f := &l.frame
	parts := []string{printable(refText(f.ref)), f.at.Format(time.TimeOnly)}
	if f.err != nil {
		parts = append(parts, "error")
	}
	if cause := strings.TrimSpace(causeText(f.cause)); cause != "" {
		parts = append(parts, cause)
	}
	if f.good != nil {
		if tokens := f.good.tokenText(f.before); tokens != "" {
			parts = append(parts, tokens)
		}
	}
	parts = append(parts, took(f.took))
	if len(l.rows) > room {
		parts = append(parts, fmt.Sprintf("%d-%d/%d", l.top+1, min(l.top+room, len(l.rows)), len(l.rows)))
	}
	return " " + strings.Join(append(parts, "q ends"), "  ") + " "
}

// took is a duration for people.
func took(d time.Duration) string {
	if d < 10*time.Millisecond {
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(time.Millisecond).String()
}

// press does what a key asks for.
func (l *liveScreen) press(k key) error {
	switch room := l.room(); k {
	case keyQuit:
		return errReaderLeft
	case keyInterrupt:
		return &endedBy{syscall.SIGINT}
	case keySuspend:
		if err := l.screen.suspend(); err != nil {
			return err
		}
	case keyUp:
		l.top--
	case keyDown:
		l.top++
	case keyPageUp:
		l.top -= max(1, room-1)
	case keyPageDown:
		l.top += max(1, room-1)
	case keyHome:
		l.top = 0
	case keyEnd:
		l.top = len(l.rows)
	}
	return l.draw()
}
