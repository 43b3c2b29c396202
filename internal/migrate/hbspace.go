package migrate

import (
	"regexp"
	"strings"
)

// hbSpaces removes the white space that Handlebars removes: beside a tilde, and
// of lines on which nothing but a block's tag, a comment or a partial stands.
// It goes step by step as the language's own whitespace-control does, since
// the order of the steps shows.
type hbSpaces struct{}

// jsBlank is what \s means in JavaScript.
const jsBlank = `[\t\n\v\f\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}]`

var (
	prevInner = regexp.MustCompile(`\r?\n` + jsBlank + `*?$`)
	prevRoot  = regexp.MustCompile(`(?:^|\r?\n)` + jsBlank + `*?$`)
	nextInner = regexp.MustCompile(`^` + jsBlank + `*?\r?\n`)
	nextRoot  = regexp.MustCompile(`^` + jsBlank + `*?(?:\r?\n|$)`)

	rightMany = regexp.MustCompile(`^` + jsBlank + `+`)
	rightLine = regexp.MustCompile(`^[ \t]*\r?\n?`)
	leftMany  = regexp.MustCompile(jsBlank + `+$`)
	leftLine  = regexp.MustCompile(`[ \t]+$`)
)

// hbStrip is what a statement asks of its neighbours.
type hbStrip struct {
	strip
	openAlone, closeAlone, inlineAlone bool
}

func (h *hbSpaces) program(p *hbProgram, root bool) {
	for i, n := range p.body {
		s, ok := h.node(n)
		if !ok {
			continue
		}
		prev, next := prevBlank(p.body, i, root), nextBlank(p.body, i, root)
		if s.close {
			omitRight(p.body, i+1, true)
		}
		if s.open {
			omitLeft(p.body, i-1, true)
		}
		if s.inlineAlone && prev && next {
			omitRight(p.body, i+1, false)
			if omitLeft(p.body, i-1, false) && n.kind == hbPartial {
				n.text = leftLine.FindString(p.body[i-1].original) // its indentation
			}
		}
		if s.openAlone && prev {
			omitRight(first(n.body, n.other).body, 0, false)
			omitLeft(p.body, i-1, false)
		}
		if s.closeAlone && next {
			omitRight(p.body, i+1, false)
			last := first(n.other, n.body)
			omitLeft(last.body, len(last.body)-1, false)
		}
	}
}

func first(a, b *hbProgram) *hbProgram {
	if a != nil {
		return a
	}
	return b
}

func (h *hbSpaces) node(n *hbNode) (hbStrip, bool) {
	switch n.kind {
	case hbMustache:
		return hbStrip{strip: n.open}, true
	case hbPartial, hbComment:
		return hbStrip{strip: n.open, inlineAlone: true}, true
	case hbBlock:
		return h.block(n), true
	}
	return hbStrip{}, false
}

func (h *hbSpaces) block(n *hbNode) hbStrip {
	if n.body != nil {
		h.program(n.body, false)
	}
	if n.other != nil {
		h.program(n.other, false)
	}
	program := first(n.body, n.other)
	var inverse *hbProgram
	if n.body != nil {
		inverse = n.other
	}
	firstInverse, lastInverse := inverse, inverse
	if inverse != nil && inverse.chained {
		firstInverse = inverse.body[0].body
		for lastInverse.chained {
			last := lastInverse.body[len(lastInverse.body)-1]
			lastInverse = last.body
		}
	}
	s := hbStrip{
		strip:      strip{n.open.open, n.close.close},
		openAlone:  nextBlank(program.body, -1, false),
		closeAlone: prevBlank(first(firstInverse, program).body, len(first(firstInverse, program).body), false),
	}
	if n.open.close {
		omitRight(program.body, 0, true)
	}
	if inverse == nil {
		if n.close.open {
			omitLeft(program.body, len(program.body)-1, true)
		}
		return s
	}
	if n.not.open {
		omitLeft(program.body, len(program.body)-1, true)
	}
	if n.not.close {
		omitRight(firstInverse.body, 0, true)
	}
	if n.close.open {
		omitLeft(lastInverse.body, len(lastInverse.body)-1, true)
	}
	if prevBlank(program.body, len(program.body), false) && nextBlank(firstInverse.body, -1, false) {
		omitLeft(program.body, len(program.body)-1, false)
		omitRight(firstInverse.body, 0, false)
	}
	return s
}

// prevBlank is whether the line is blank before the i-th statement.
func prevBlank(body []*hbNode, i int, root bool) bool {
	if i-1 < 0 {
		return root
	}
	prev := body[i-1]
	if prev.kind != hbContent {
		return false
	}
	if i-2 >= 0 || !root {
		return prevInner.MatchString(prev.original)
	}
	return prevRoot.MatchString(prev.original)
}

// nextBlank is whether the line is blank after the i-th statement.
func nextBlank(body []*hbNode, i int, root bool) bool {
	if i+1 >= len(body) {
		return root
	}
	next := body[i+1]
	if next.kind != hbContent {
		return false
	}
	if i+2 < len(body) || !root {
		return nextInner.MatchString(next.original)
	}
	return nextRoot.MatchString(next.original)
}

func omitRight(body []*hbNode, i int, many bool) {
	if i < 0 || i >= len(body) || body[i].kind != hbContent || !many && body[i].rightStripped {
		return
	}
	n := body[i]
	pattern := rightLine
	if many {
		pattern = rightMany
	}
	cut := pattern.FindString(n.text)
	n.text = n.text[len(cut):]
	n.lead += cut
	n.rightStripped = cut != ""
}

func omitLeft(body []*hbNode, i int, many bool) bool {
	if i < 0 || i >= len(body) || body[i].kind != hbContent || !many && body[i].leftStripped {
		return false
	}
	n := body[i]
	pattern := leftLine
	if many {
		pattern = leftMany
	}
	cut := pattern.FindString(n.text)
	n.text = strings.TrimSuffix(n.text, cut)
	n.trail = cut + n.trail
	n.leftStripped = cut != ""
	return n.leftStripped
}
