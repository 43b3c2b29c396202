package engine

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-prompty/prompty/engine/internal/value"
)

// attributes checks a tag's attributes and reads what they mean into n.
func (p *parser) attributes(n *node, spec *tagSpec) {
	t := n.tag
	missing := len(spec.required)
	for i := range t.attrs {
		a := &t.attrs[i]
		switch {
		case slices.Contains(spec.required, a.name):
			missing--
		case !spec.allows(a.name):
			near := value.Suggest(a.name, spec.attrNames())
			p.report(a.pos(p.source), t.name, fmt.Errorf("%s has no attribute %s%s", t.name, quote(a.name), didYouMean(near)))
		}
	}
	for _, name := range spec.required {
		if missing > 0 && t.attr(name) == nil {
			p.report(int(n.start), t.name, fmt.Errorf("%s needs the attribute %s", t.name, name))
		}
	}
	if a := t.attr("onerror"); a != nil {
		p.rare(n.tag).strategy = Strategy(a.value)
		if !n.strategy.valid() {
			p.report(int(a.at), t.name, fmt.Errorf("unknown error strategy %s: use one of %s%s", quote(a.value), strategyNames(), didYouMean(value.Suggest(a.value, strategies))))
		}
	}
	switch n.kind {
	case nodeVar:
		p.path(n, t.attr("name"))
		p.expr(n, t.attr("format"))
	case nodeIf, nodeBranch, nodeSwitch:
		p.expr(n, t.attr("eval"))
	case nodeFor:
		p.forAttrs(n)
	case nodeCase:
		p.caseAttrs(n)
	case nodeInclude:
		p.ref(n)
		p.pathOrExpr(n, t.attr("with"))
		p.boolean(n, "isolate")
	case nodeExtends:
		p.ref(n)
	case nodeBlock:
		p.blockName(n)
	case nodeMessage:
		p.messageAttrs(n)
	case nodeEnv:
		p.boolean(n, "required")
		if a := t.attr("name"); a != nil && a.value == "" {
			p.report(int(a.at), t.name, errors.New("the name of the environment variable is empty"))
		}
	}
}

// path reads a path.
func (p *parser) path(n *node, a *attr) {
	if a == nil {
		return
	}
	p.counts.paths++
	if strings.IndexByte(a.value, '.') < 0 && !isBlank(a.value) {
		n.oneSeg[0] = a.value
		n.path, n.pathPos = n.oneSeg[:], a.at
		return
	}
	segs, err := splitPath(p.exprs.segs.start(min(p.chunk, 4)), a.value)
	if err != nil {
		where := p.scan.places(a)
		at := 0
		for _, s := range strings.Split(a.value, ".") {
			if strings.Trim(s, spaces) == "" {
				break
			}
			at += len(s) + 1
		}
		p.report(where.offset(at), n.name(), fmt.Errorf("%w, but it is %s", err, quote(a.value)))
		return
	}
	n.path, n.pathPos = p.exprs.segs.finish(segs), a.at
}

// expr reads an expression.
func (p *parser) expr(n *node, a *attr) {
	if a == nil {
		return
	}
	e, fail := p.exprs.parse(a.value, p.scan.places(a))
	if fail != nil {
		p.report(p.exprs.places.offset(fail.at), n.name(), fail.err)
		return
	}
	n.expr = e
}

// pathOrExpr reads what looks like a path as a path, which must be there when
// it is used, and all else as an expression.
func (p *parser) pathOrExpr(n *node, a *attr) {
	if a == nil {
		return
	}
	plain := a.value != "" && !strings.ContainsFunc(a.value, func(r rune) bool {
		return !isIdentRune(r, false) && r != '-' && r != '.'
	})
	switch first, _ := utf8.DecodeRuneInString(a.value); {
	case a.value == "true", a.value == "false", a.value == "nil", isDigit(first), first == '-', !plain && a.value != "":
		p.expr(n, a)
		if n.expr != nil {
			n.pathPos = n.expr.pos
		}
	default:
		p.path(n, a)
	}
}

func (p *parser) forAttrs(n *node) {
	t := n.tag
	p.pathOrExpr(n, t.attr("in"))
	for _, name := range []string{"item", "index"} {
		if a := t.attr(name); a != nil && !isIdent(a.value) {
			p.report(int(a.at), t.name, fmt.Errorf("%s is no name for a loop variable: use letters, digits and _, the first no digit", quote(a.value)))
		}
	}
	item, index := t.attr("item"), t.attr("index")
	if item != nil && index != nil && item.value == index.value {
		p.report(int(index.at), t.name, fmt.Errorf("item and index are both called %s", quote(item.value)))
	}
	if a := t.attr("limit"); a != nil {
		limit, err := strconv.Atoi(a.value)
		if errors.Is(err, strconv.ErrRange) && !strings.HasPrefix(a.value, "-") {
			limit, err = int(^uint(0)>>1), nil
		}
		if err != nil || limit < 1 {
			p.report(int(a.at), t.name, fmt.Errorf("limit is %s: a whole number from 1 on is needed", quote(a.value)))
			return
		}
		p.rare(n.tag).limit = limit
	}
}

func (p *parser) caseAttrs(n *node) {
	if n.name() == "prompty.casedefault" {
		for _, name := range []string{"value", "eval"} {
			if a := n.tag.attr(name); a != nil {
				p.report(a.pos(p.source), n.name(), fmt.Errorf("prompty.casedefault has no %s: use prompty.case", name))
			}
		}
		return
	}
	v, eval := n.tag.attr("value"), n.tag.attr("eval")
	switch {
	case v == nil && eval == nil:
		p.report(int(n.start), n.name(), errors.New("prompty.case needs the attribute value or eval"))
	case v != nil && eval != nil:
		p.report(int(n.start), n.name(), errors.New("prompty.case has both value and eval: use one"))
	}
	p.expr(n, eval)
}

// ref reads the template and version attributes.
func (p *parser) ref(n *node) {
	a := n.tag.attr("template")
	if a == nil {
		return
	}
	version, at := "", int(a.at)
	if v := n.tag.attr("version"); v != nil {
		version, at = v.value, int(v.at)
		if version == "" {
			p.report(at, n.name(), errors.New("version is empty: a whole number from 1 on is needed"))
			return
		}
	}
	ref, err := parseRef(a.value, version)
	if err != nil {
		p.report(at, n.name(), err)
		return
	}
	p.rare(n.tag).ref = ref
	p.addRef(ref)
}

// parseRef reads "name", "name@3", or a name and a version of its own.
func parseRef(name, version string) (Ref, error) {
	ref := Ref{Name: name}
	// A name may start with "@", which is no version.
	if i := strings.LastIndexByte(name, '@'); i > 0 && i < len(name)-1 && strings.Trim(name[i+1:], "0123456789") == "" {
		if version != "" {
			return ref, fmt.Errorf("the version is given twice: in the name %s and as version %s", quote(name), quote(version))
		}
		ref.Name, version = name[:i], name[i+1:]
	}
	if strings.Trim(ref.Name, spaces) == "" {
		return ref, errors.New("the name of the template is empty")
	}
	if version != "" {
		v, err := strconv.Atoi(version)
		if err != nil || v < 1 {
			return ref, fmt.Errorf("version is %s: a whole number from 1 on is needed", quote(version))
		}
		ref.Version = v
	}
	return ref, nil
}

func (p *parser) boolean(n *node, name string) {
	if a := n.tag.attr(name); a != nil && a.value != "true" && a.value != "false" {
		p.report(int(a.at), n.name(), fmt.Errorf(`%s is %s: it can be "true" or "false"`, name, quote(a.value)))
	}
}

// flag returns the value of a boolean attribute.
func (n *node) flag(name string) bool {
	v, _ := n.get(name)
	return v == "true"
}

func (p *parser) blockName(n *node) {
	a := n.tag.attr("name")
	if a == nil {
		return
	}
	if strings.Trim(a.value, spaces) == "" || strings.ContainsFunc(a.value, unicode.IsControl) {
		p.report(int(a.at), n.name(), fmt.Errorf("%s is no name for a block", quote(a.value)))
		return
	}
	if first := p.blocks[a.value]; first != nil {
		p.report(int(a.at), n.name(), twoPlaces{fmt.Errorf("there are two blocks %s", quote(a.value)), "the first one is here", int(first.start)})
		return
	}
	if p.blocks == nil {
		p.blocks = make(map[string]*node)
	}
	p.blocks[a.value] = n
}

var roles = []string{"system", "user", "assistant", "tool"}

func (p *parser) messageAttrs(n *node) {
	role, eval := n.tag.attr("role"), n.tag.attr("eval-role")
	switch {
	case role == nil && eval == nil:
		p.report(int(n.start), n.name(), errors.New("prompty.message needs the attribute role or eval-role"))
	case role != nil && eval != nil:
		p.report(int(n.start), n.name(), errors.New("prompty.message has both role and eval-role: use one"))
	case role != nil && !slices.Contains(roles, role.value):
		p.report(int(role.at), n.name(), badRole(role.value))
	}
	p.expr(n, eval)
	p.boolean(n, "cache")
}

func badRole(role string) error {
	return fmt.Errorf("unknown role %s: use one of %s%s", quote(role), strings.Join(roles, ", "), didYouMean(value.Suggest(role, roles)))
}
