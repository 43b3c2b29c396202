package cli

import (
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/go-prompty/prompty/internal/transfer"
)

// meter draws how far a copy is, on one line of the terminal that standard
// error is. Elsewhere it draws nothing.
type meter struct {
	file        *os.File // nil: draws nothing
	phase       transfer.Phase
	began, last time.Time
	drawn       bool
}

// often is how long a line stands at least.
const often = 100 * time.Millisecond

func (a *app) newMeter() *meter {
	f, ok := a.stderr.(*os.File)
	if dumb, _ := a.lookupEnv("TERM"); !ok || !isTerminal(f) || dumb == "dumb" {
		return &meter{}
	}
	return &meter{file: f}
}

func (m *meter) show(p transfer.Progress) {
	now := time.Now()
	if p.Phase != m.phase {
		m.phase, m.began = p.Phase, now
	} else if now.Sub(m.last) < often {
		return
	}
	m.last = now
	if m.file == nil {
		return
	}
	columns, _, err := term.GetSize(int(m.file.Fd()))
	if err != nil || columns < 1 {
		columns = 80
	}
	m.drawn = true
	fmt.Fprintf(m.file, "\r\x1b[K%s", meterLine(p, now.Sub(m.began), columns-1))
}

// clear leaves the line to what is printed next.
func (m *meter) clear() {
	if m.drawn {
		fmt.Fprint(m.file, "\r\x1b[K")
		m.drawn = false
	}
}

// meterLine says what fits: the phase and how much of it is done, then how long
// it will take, prompts, bytes, the rate; a bar where there is room for one.
func meterLine(p transfer.Progress, took time.Duration, columns int) string {
	if p.Phase == transfer.Comparing {
		return clip(fmt.Sprintf("%s %d/%d prompts  %d versions  %s", p.Phase, p.Prompts, p.Of, p.Versions, size(p.Bytes)), columns)
	}
	if p.Phase == transfer.Listing || p.OfAll == 0 {
		return clip(fmt.Sprintf("%s %d prompts, %d versions", p.Phase, p.Of, p.OfAll), columns)
	}
	part := float64(min(p.Versions, p.OfAll)) / float64(p.OfAll)
	head := fmt.Sprintf("%s %3.0f%%", p.Phase, 100*part)
	pieces := []string{fmt.Sprintf("%d/%d", p.Versions, p.OfAll)}
	if left := timeLeft(part, took); left != "" {
		pieces = append(pieces, left+" left")
	}
	pieces = append(pieces, fmt.Sprintf("%d/%d prompts", p.Prompts, p.Of), size(p.Bytes))
	if s := took.Seconds(); s > 0.5 {
		pieces = append(pieces, fmt.Sprintf("%.0f/s", float64(p.Versions)/s))
	}
	tail := ""
	for _, piece := range pieces {
		if textWidth(head)+textWidth(tail)+2+textWidth(piece) > columns {
			break
		}
		tail += "  " + piece
	}
	const narrow, wide = 10, 30
	if room := min(columns-textWidth(head)-textWidth(tail)-4, wide); room >= narrow {
		full := int(part * float64(room))
		head += "  [" + strings.Repeat("#", full) + strings.Repeat("-", room-full) + "]"
	}
	return clip(head+tail, columns)
}

// timeLeft goes by the pace so far; "" if that says nothing yet.
func timeLeft(part float64, took time.Duration) string {
	if part < 0.01 || took < time.Second {
		return ""
	}
	return time.Duration(float64(took) * (1 - part) / part).Round(time.Second).String()
}

// size is a number of bytes as people say it.
func size(n int64) string {
	const k = 1024
	switch {
	case n < k:
		return fmt.Sprintf("%d B", n)
	case n < k*k:
		return fmt.Sprintf("%.1f KiB", float64(n)/k)
	case n < k*k*k:
		return fmt.Sprintf("%.1f MiB", float64(n)/k/k)
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/k/k/k)
}
