package report

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// Chart draws for each row how far its value is on the good side of its target,
// on a logarithmic scale: a bar to the right meets it.
func Chart(title string, rows []Row) string {
	const (
		width, labels, barHeight = 980, 530, 22
		decade                   = 130.0 // pixels for a factor of ten
	)
	zero := float64(labels) + decade
	var bars []Row
	for _, row := range rows {
		if row.Err == nil {
			bars = append(bars, row)
		}
	}
	height := 50 + barHeight*len(bars)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="system-ui, sans-serif" font-size="12">`+"\n", width, height)
	fmt.Fprintf(&b, `<title>%s</title><rect width="%d" height="%d" fill="#fff"/>`+"\n", html.EscapeString(title), width, height)
	for i, label := range []string{"10× short of it", "the target", "10× better", "100× better"} {
		x := zero + decade*float64(i-1)
		color := "#d0d7de"
		if i == 1 {
			color = "#57606a"
		}
		fmt.Fprintf(&b, `<line x1="%.0f" y1="28" x2="%.0f" y2="%d" stroke="%s"/><text x="%.0f" y="20" text-anchor="middle" fill="#57606a">%s</text>`+"\n",
			x, x, height-14, color, x, label)
	}
	for i, row := range bars {
		factor := row.Target.Bound / row.Value
		color := "#2da44e"
		if row.Target.Kind == "faster" {
			factor = 1 / factor
		}
		if factor < 1 {
			color = "#cf222e"
		}
		length := decade * min(max(math.Log10(factor), -1), 2.3)
		y := 34 + barHeight*i
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end" fill="#24292f">%s</text><rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"><title>%s</title></rect>`+"\n",
			labels-8, y+13, html.EscapeString(row.Work), min(zero, zero+length), y, max(math.Abs(length), 1), barHeight-6, color,
			html.EscapeString(row.Target.show(row.Value, "")+", target "+row.Target.String()))
	}
	b.WriteString("</svg>\n")
	return b.String()
}
