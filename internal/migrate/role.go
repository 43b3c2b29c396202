package migrate

import (
	"slices"
	"strings"
)

// Messages. The other languages mark where a message begins, and it ends where
// the next one does; here a message is an element. So marks that stand side by
// side become elements, and those in a condition or a loop must bring their
// whole message along.

// messages makes elements of the role marks in a list. begun says that a message
// has begun before it.
func (c *conversion) messages(list []*piece, begun bool) []*piece {
	if !hasRole(list) {
		return list
	}
	var out []*piece
	for i := 0; i < len(list); {
		p := list[i]
		switch {
		case p.kind == rolePiece:
			begun = true
			end := i + 1
			for end < len(list) && list[end].kind != rolePiece && !hasRole(list[end:end+1]) {
				end++
			}
			out = append(out, c.message(p, list[i+1:end])...)
			if end < len(list) { // the next one on a line of its own
				out = append(out, &piece{kind: textPiece, at: p.at, lead: "\n"})
			}
			i = end
		case hasRole(list[i : i+1]):
			out = append(out, c.messageBlock(p, begun))
			begun = true
			end := i + 1
			for end < len(list) && list[end].kind != rolePiece && !hasRole(list[end:end+1]) {
				end++
			}
			if printing(list[i+1 : end]) {
				c.lose(firstPrinting(list[i+1:end]).at, "this text belongs to the last message that began in the condition or loop before it; put it into that, or begin a message here")
			}
			out = append(out, list[i+1:end]...)
			i = end
		default:
			out = append(out, p)
			i++
		}
	}
	return out
}

// message makes an element. Empty lines at its end are put behind it, where
// they are in nobody's way.
func (c *conversion) message(role *piece, body []*piece) []*piece {
	open := "prompty.message "
	if role.roleExpr != "" {
		open += attr("eval-role", role.roleExpr)
	} else {
		open += attr("role", role.role)
	}
	if role.text != "" {
		open += " " + attr("name", role.text)
	}
	p := &piece{kind: blockPiece, at: role.at, close: "prompty.message"}
	var after []*piece
	if n := len(body); n > 0 && body[n-1].kind == textPiece && body[n-1].trail == "" {
		last := *body[n-1]
		kept := strings.TrimRight(last.text, spaces)
		if rest := last.text[len(kept):]; strings.HasPrefix(rest, "\n") && len(rest) > 1 {
			last.text = kept + "\n"
			body = append(slices.Clone(body[:n-1]), &last)
			after = []*piece{textOf(last.at, rest[1:])}
		}
	}
	p.branches = []branch{{open, body}}
	return append([]*piece{p}, after...)
}

// messageBlock handles a condition or a loop in which messages begin. Text
// before the first of them would belong to the message before the block; with
// none before, it is one of the role that text has by itself.
func (c *conversion) messageBlock(p *piece, begun bool) *piece {
	out := *p
	out.branches = nil
	for _, b := range p.branches {
		if !hasRole(b.body) {
			if begun && printing(b.body) {
				c.lose(firstPrinting(b.body).at, "this text belongs to the message before the condition; messages cannot begin in only some of its branches")
			}
			if !begun {
				b.body = c.unmarked(b.body)
			}
			out.branches = append(out.branches, b)
			continue
		}
		n := 0
		for n < len(b.body) && !hasRole(b.body[n:n+1]) {
			n++
		}
		first, rest := b.body[:n], b.body[n:]
		inside := begun || p.close == "prompty.for" // the turn before has begun one
		switch {
		case !printing(first):
		case begun || p.close == "prompty.for":
			c.lose(firstPrinting(first).at, "this text belongs to the message before the condition or loop; put it before that, or begin a message here")
		default:
			first, inside = c.unmarked(first), true
		}
		out.branches = append(out.branches, branch{b.open, append(slices.Clone(first), c.messages(rest, inside)...)})
	}
	return &out
}

// unmarked is text that stands before all roles.
func (c *conversion) unmarked(list []*piece) []*piece {
	if c.firstRole == "" || !printing(list) {
		return list
	}
	return c.message(&piece{role: c.firstRole, at: list[0].at}, list)
}

func firstPrinting(list []*piece) *piece {
	for _, p := range list {
		if printing([]*piece{p}) {
			return p
		}
	}
	return list[0]
}
