package langbench

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/go-prompty/prompty/bench/internal/report"
)

// Sizes in the chart, in pixels.
const (
	panelWidth, panelGap = 480, 20
	labelWidth           = 128
	decade               = 68.0 // for a factor of ten
	decades              = 4
	barHeight            = 17
	panelHead            = 46
)

// style has the colors for a light and for a dark screen. The ground is the
// chart's own, since a page can be dark where the system is not.
const style = `<style>
.ground { fill: #ffffff; }
text { font: 12px system-ui, sans-serif; fill: #1f2328; paint-order: stroke; stroke: #ffffff; stroke-width: 3px; }
.title { font-size: 15px; font-weight: 600; }
.head { font-weight: 600; }
.dim { fill: #59636e; }
.grid { stroke: #d1d9e0; }
.one { stroke: #59636e; }
.ours { fill: #0969da; } .hand { fill: #59636e; } .other { fill: #a7b1bc; }
text.ours { font-weight: 600; }
@media (prefers-color-scheme: dark) {
  .ground { fill: #0d1117; }
  text { fill: #e6edf3; stroke: #0d1117; } .dim { fill: #9198a1; } .grid { stroke: #3d444d; } .one { stroke: #9198a1; }
  .ours { fill: #4493f8; } .hand { fill: #9198a1; } .other { fill: #5a6470; }
}
</style>
`

// bar is an engine's time in a panel.
type bar struct {
	engine string
	factor float64 // of the panel's unit
	time   string  // for the one whose factor is 1, and to point at
}

// chart has a panel for each workload, with a bar for each engine, on one
// logarithmic scale.
func (r *Report) chart() string {
	var panels strings.Builder
	top, below, column := 60.0, 0.0, 0
	draw := func(title string, row *Row, base string) {
		bars := row.bars(base)
		if len(bars) == 0 {
			return
		}
		panels.WriteString(panel(float64(column)*(panelWidth+panelGap), top, title, bars))
		below = max(below, top+panelHead+float64(len(bars)*barHeight)+16)
		if column = 1 - column; column == 0 {
			top = below
		}
	}
	for _, w := range works {
		draw(w.short+", "+w.title, r.row(w.name+"/append"), hand)
	}
	draw("W2, compiled", r.row("W2_SystemPrompt/compile"), ours)
	var b strings.Builder
	const title = "Time of a rendering, on a logarithmic scale"
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %.0f" role="img">`+"\n", 2*panelWidth+panelGap, below)
	fmt.Fprintf(&b, "<title>%s</title>\n%s"+`<rect class="ground" width="100%%" height="100%%"/>`+"\n", title, style)
	fmt.Fprintf(&b, `<text class="title" x="8" y="24">%s</text><text class="dim" x="8" y="42">shorter is faster; 1 is Go code that appends the same bytes, written by hand; for compiling, 1 is prompty</text>`+"\n", title)
	b.WriteString(panels.String())
	b.WriteString("</svg>\n")
	return b.String()
}

// bars are those of the engines that were measured, the fastest first.
func (r *Row) bars(base string) []bar {
	if r == nil {
		return nil
	}
	var bars []bar
	for _, cell := range r.Cells {
		if ratio, ok := cell.ratio(r.of(base)); ok {
			t := newSample(cell.ns).Median
			short := report.Short(time.Duration(t))
			if t < 100 {
				short = fmt.Sprintf("%.0f ns", t)
			}
			bars = append(bars, bar{cell.Engine.Name, ratio.Median, short})
		}
	}
	slices.SortStableFunc(bars, func(a, b bar) int { return int(math.Copysign(1, a.factor-b.factor)) })
	return bars
}

// panel draws the bars of a piece of work.
func panel(left, top float64, title string, bars []bar) string {
	var b strings.Builder
	zero := left + labelWidth + 8 + 0.4*decade
	bottom := top + panelHead - 8 + float64(len(bars)*barHeight)
	fmt.Fprintf(&b, `<text class="head" x="%.0f" y="%.0f">%s</text>`+"\n", left+8, top+14, html.EscapeString(title))
	for i := range decades + 1 {
		x, class := zero+decade*float64(i), "grid"
		if i == 0 {
			class = "one"
		}
		fmt.Fprintf(&b, `<line class="%s" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/><text class="dim" x="%.1f" y="%.1f" text-anchor="middle">%s</text>`+"\n",
			class, x, top+panelHead-12, x, bottom, x, top+panelHead-16, []string{"1", "10", "100", "1,000", "10,000"}[i])
	}
	for i, one := range bars {
		class := "other"
		switch one.engine {
		case ours:
			class = "ours"
		case hand:
			class = "hand"
		}
		length := decade * min(max(math.Log10(one.factor), -0.4), decades)
		y := top + panelHead - 8 + float64(i*barHeight)
		text := digits(one.factor) + "×"
		if one.factor == 1 {
			text = one.time
		}
		label := "dim"
		if class == "ours" {
			label = "ours"
		}
		fmt.Fprintf(&b, `<text class="%s" x="%.1f" y="%.1f" text-anchor="end">%s</text><rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%d" rx="2"><title>%s</title></rect><text class="%s" x="%.1f" y="%.1f">%s</text>`+"\n",
			label, left+labelWidth, y+12, html.EscapeString(one.engine),
			class, min(zero, zero+length), y+2, max(math.Abs(length), 2), barHeight-5, html.EscapeString(one.engine+": "+one.time),
			label, max(zero, zero+length)+6, y+12, text)
	}
	return b.String()
}
