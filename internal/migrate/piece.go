package migrate

import (
	"strings"
	"unicode"
)

// piece is a part of a converted template. The other languages' parsers make
// pieces, and write prints them in this project's language.
type piece struct {
	kind pieceKind
	at   int    // in the body that it comes from
	text string // of text, raw, comment and lost; of tag the inside of the tag
	// White space that the other language removes from text's ends. It is put
	// back, with the marks that remove it here, so that the result looks like
	// the original.
	lead, trail string

	branches []branch // of block
	close    string   // of block: the tag's name

	role     string // of role: a role,
	roleExpr string // or an expression that gives one
}

// branch is a tag with what follows it up to the next branch or the end.
type branch struct {
	open string // inside of the tag
	body []*piece
}

type pieceKind int

const (
	textPiece    pieceKind = iota
	tagPiece               // stands alone
	blockPiece             // has branches
	rolePiece              // begins a message
	commentPiece           // is not printed
	lostPiece              // could not be carried over: a comment, too
)

func textOf(at int, s string) *piece { return &piece{kind: textPiece, at: at, text: s} }
func tagOf(at int, inside string) *piece {
	return &piece{kind: tagPiece, at: at, text: inside}
}

// printing is whether a list prints anything but white space.
func printing(list []*piece) bool {
	for _, p := range list {
		switch p.kind {
		case textPiece:
			if strings.TrimSpace(p.text) != "" {
				return true
			}
		case tagPiece:
			return true
		case blockPiece:
			for _, b := range p.branches {
				if printing(b.body) {
					return true
				}
			}
		}
	}
	return false
}

// hasRole is whether a list begins a message anywhere in it.
func hasRole(list []*piece) bool {
	for _, p := range list {
		if p.kind == rolePiece {
			return true
		}
		for _, b := range p.branches {
			if hasRole(b.body) {
				return true
			}
		}
	}
	return false
}

// token is a tag or a text of the result.
type token struct {
	tag         bool
	text        string
	lead, trail string
}

// writePieces prints pieces.
func writePieces(list []*piece) string {
	var tokens []token
	tokens = flatten(tokens, list)
	var b strings.Builder
	trimmed := false // the tag before ends with a mark
	for i, t := range tokens {
		if !t.tag {
			if trimmed {
				b.WriteString(t.lead)
			}
			b.WriteString(escapeText(t.text, i+1 < len(tokens)))
			if restoresTrail(tokens, i) {
				b.WriteString(t.trail)
			}
			trimmed = false
			continue
		}
		inside := t.text
		if i > 0 && restoresTrail(tokens, i-1) {
			inside = "-" + inside
		}
		trimmed = i+1 < len(tokens) && restoresLead(tokens[i+1])
		if trimmed {
			if strings.HasSuffix(inside, "/") {
				inside = strings.TrimSuffix(inside, "/") + "/-"
			} else {
				inside += " -"
			}
		}
		b.WriteString("{~" + inside + "~}")
	}
	return b.String()
}

// spaces are what a mark here removes. Other languages remove more.
const spaces = " \t\r\n"

// restoresLead is whether a text can have its removed beginning back: what a
// mark before it would remove is that and no more.
func restoresLead(t token) bool {
	return !t.tag && t.lead != "" && strings.Trim(t.lead, spaces) == "" && !startsBlank(t.text)
}

func restoresTrail(tokens []token, i int) bool {
	t := tokens[i]
	return !t.tag && t.trail != "" && strings.Trim(t.trail, spaces) == "" && i+1 < len(tokens) && t.text != "" && !endsBlank(t.text)
}

func startsBlank(s string) bool { return strings.TrimLeftFunc(s, unicode.IsSpace) != s }
func endsBlank(s string) bool   { return strings.TrimRightFunc(s, unicode.IsSpace) != s }

// flatten makes tokens of pieces, neighbouring texts being one.
func flatten(tokens []token, list []*piece) []token {
	tag := func(inside string) { tokens = append(tokens, token{tag: true, text: inside}) }
	for _, p := range list {
		switch p.kind {
		case textPiece:
			if n := len(tokens); n > 0 && !tokens[n-1].tag {
				last := &tokens[n-1]
				if last.text == "" {
					last.lead += p.lead
				}
				last.text += p.text
				last.trail = p.trail
				continue
			}
			tokens = append(tokens, token{text: p.text, lead: p.lead, trail: p.trail})
		case tagPiece:
			tag(p.text)
		case blockPiece:
			for _, b := range p.branches {
				tag(b.open)
				tokens = flatten(tokens, b.body)
			}
			tag("/" + p.close)
		case commentPiece:
			tokens = append(tokens, token{tag: true, text: verbatim("prompty.comment", p.text)})
		case lostPiece:
			tokens = append(tokens, token{tag: true, text: verbatim("prompty.comment", " not carried over: "+p.text+" ")})
		}
	}
	return tokens
}

// verbatim is the inside of an element whose body is not read, from its opening
// to its closing tag. A text that has the closing tag in it is broken up there.
func verbatim(name, text string) string {
	text = strings.ReplaceAll(text, "{~/"+name, "{ ~/"+name)
	return name + "~}" + text + "{~/" + name
}

// escapeText makes a text print as it is. A backslash before a tag would take
// that tag's meaning.
func escapeText(s string, tagFollows bool) string {
	s = strings.ReplaceAll(s, "{~", `\{~`)
	kept := strings.TrimRight(s, `\`)
	if tagFollows && kept != s {
		return kept + "{~prompty.raw~}" + s[len(kept):] + "{~/prompty.raw~}"
	}
	return s
}

// attr writes an attribute in the quotes that need fewer backslashes.
func attr(name, value string) string {
	quote := `"`
	if strings.Contains(value, `"`) && !strings.Contains(value, `'`) {
		quote = `'`
	}
	value = strings.ReplaceAll(value, `\`, `\\`)
	value = strings.ReplaceAll(value, quote, `\`+quote)
	return name + "=" + quote + value + quote
}
