package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-prompty/prompty/engine/internal/value"
	"github.com/go-prompty/prompty/promptfile"
)

// Parse reads a template: front matter, if there is any, and the body. The
// name stands in errors and plays no other part. What is wrong with the
// template comes as [Errors]. Functions and resolvers are those registered at
// this moment.
func (e *Engine) Parse(name, source string) (*Template, error) {
	t := &Template{name: name, source: source, eng: e, names: e.names.Load()}
	if errs := t.parse(true); len(errs) > 0 {
		return nil, errs
	}
	return t, nil
}

// parse returns as much of the template as could be read beside the errors.
func (e *Engine) parse(name, source string) (*Template, Errors) {
	t := &Template{name: name, source: source, eng: e, names: e.names.Load()}
	return t, t.parse(false)
}

// parse reads the source. With compiled, a template that stands alone is compiled
// at once and keeps no nodes, which is most of the memory that it takes: what
// needs them calls nodes, and they are read once more.
func (t *Template) parse(compiled bool) Errors {
	e := t.eng
	memory := memoryPool.Get().(*memory)
	p := &parser{
		Template: t,
		exprs:    exprParser{limits: &e.limits, funcs: t.names.funcs, folds: folder{limits: &e.limits}},
		stack:    memory.open[:0], ready: memory.ready[:0],
	}
	if len(t.source) > e.limits.SourceBytes {
		p.report(0, "", limitf("the template has %s bytes, the limit is %s", value.Count(len(t.source)), value.Count(e.limits.SourceBytes)))
		return p.errs
	}
	if t.header == nil {
		p.front()
	}
	p.scan = scanner{src: t.source, pos: t.body, open: e.open, close: e.close, marks: memory.marks[:0]}
	p.read(memory, compiled && t.base == nil)
	slices.SortStableFunc(p.errs, func(a, b *Error) int { return a.Offset - b.Offset })
	return p.errs
}

// read reads the body.
func (p *parser) read(memory *memory, alone bool) {
	open, close, names := p.scan.mark()
	alone = alone && !names && open <= maxLent
	p.chunk = min(open, maxChunk)
	p.tagChunk = min(open+open/6, maxChunk)               // the first branch of an if is a tag of its own
	p.nodeChunk = min(2*open+open/16+close+1, 2*maxChunk) // a text before each tag, some of which are an if
	p.exprs.chunk = p.chunk
	if alone {
		memory.lend(p)
	}
	p.run()
	if alone && len(p.errs) == 0 && len(p.refs) == 0 && p.blocks == nil {
		if code, err := (&Program{eng: p.eng, tmpl: p.Template}).compile(p.Template, false, new(codeRoom)); err == nil {
			p.code, p.root = code, nil
			memory.takeBack(p)
		}
	}
	memory.put(p.stack, p.ready, p.scan.marks)
}

// maxChunk bounds how many nodes and tags are allocated at once.
const maxChunk = 256

// maxNodes bounds the memory that a parsed template takes.
const maxNodes = 100_000

// parser builds the nodes of one template. It keeps the open tags on a stack
// of its own, so that depth costs no recursion.
type parser struct {
	*Template
	scan  scanner
	exprs exprParser
	errs  Errors
	stop  bool // maxErrors were found, or a limit was reached

	seenRefs map[Ref]bool // those that stand in refs
	stack    []openBlock  // outermost first
	ready    []*node      // what stands in the open blocks so far, outermost first
	tagPos   int          // where the tag that is read begins
	trimNext bool         // the last tag trims what follows it
	content  bool         // something other than white space was met

	// what the template is made of
	chunk     int // how many tags are opened, or some of many
	nodeChunk int // how many nodes
	tagChunk  int // how many tags
	nodes     slab[node]
	lists     slab[*node]
	tags      slab[tag]
	attrs     slab[attr]
	inners    slab[inner]
}

// openBlock is a block tag that is not closed yet.
type openBlock struct {
	*node
	from int // where in ready its body begins
	part int // the same, of the last branch of an if
}

func (p *parser) report(offset int, tag string, err error) {
	if p.stop {
		return
	}
	two, ok := err.(twoPlaces)
	if ok {
		err = two.error
	}
	e := newError(p.name, p.source, offset, tag, err)
	if ok {
		line, column, _, _ := position(p.source, two.offset)
		e.via = []place{{two.how, p.name, line, column}}
	}
	p.errs = append(p.errs, e)
	p.stop = len(p.errs) >= maxErrors
}

// twoPlaces is an error that has to do with an earlier place, too.
type twoPlaces struct {
	error
	how    string
	offset int
}

// front reads the front matter.
func (p *parser) front() {
	_, _, body, ok := promptfile.SplitFrontMatter(p.source)
	if !ok {
		return
	}
	p.body = body
	// Without the body, which may hold what YAML may not.
	header, err := promptfile.ParseHeader(p.name, p.source[:body])
	if err != nil {
		for _, fe := range frontErrors(err) {
			msg := fe.Msg
			if !strings.HasPrefix(msg, "front matter") {
				msg = "front matter: " + msg
			}
			if fe.Hint != "" {
				msg += ". " + fe.Hint
			}
			p.report(offsetOf(p.source, fe.Line, fe.Column), "", errors.New(msg))
		}
		return
	}
	p.header = header
	p.defaults = inputDefaults(header)
	if header == nil || header.Extends == "" {
		return
	}
	ref, err := parseRef(header.Extends, "")
	if err != nil {
		p.report(0, "", fmt.Errorf("front matter: extends: %w", err))
		return
	}
	p.base = &node{kind: nodeExtends, tag: &tag{inner: &inner{rare: &rare{ref: ref}}}}
	p.addRef(ref)
}

// frontErrors lists the faults of a front matter.
func frontErrors(err error) []*promptfile.Error {
	if list, ok := errors.AsType[promptfile.Errors](err); ok {
		return list
	}
	if one, ok := errors.AsType[*promptfile.Error](err); ok {
		return []*promptfile.Error{one}
	}
	return []*promptfile.Error{{Line: 1, Column: 1, Msg: err.Error()}}
}

// offsetOf is the inverse of position.
func offsetOf(source string, line, column int) int {
	at := 0
	for ; line > 1; line-- {
		i := strings.IndexByte(source[at:], '\n')
		if i < 0 {
			return len(source)
		}
		at += i + 1
	}
	for ; column > 1 && at < len(source) && source[at] != '\n'; column-- {
		_, size := utf8.DecodeRuneInString(source[at:])
		at += size
	}
	return at
}

func (p *parser) addRef(ref Ref) {
	if !p.seenRefs[ref] {
		if p.seenRefs == nil {
			p.seenRefs = make(map[Ref]bool)
		}
		p.seenRefs[ref] = true
		p.refs = append(p.refs, ref)
	}
}

func (p *parser) run() {
	for p.scan.pos < len(p.source) && !p.stop {
		if start, end, escaped := p.scan.text(); start < end {
			p.text(start, end, escaped)
		}
		if p.scan.pos == len(p.source) {
			break
		}
		t := p.tag()
		switch {
		case t == nil:
			p.trimNext = false
		case t.closing:
			p.trimBefore(t)
			p.closeTag(t)
			p.tags.undo()
		default:
			p.trimBefore(t)
			p.openTag(t)
		}
	}
	for _, b := range slices.Backward(p.stack) {
		if !b.mismatched { // one mistake, one error
			p.report(int(b.start), b.name(), fmt.Errorf("tag %s is not closed: %s is missing", b.name(), p.eng.open+"/"+b.name()+p.eng.close))
		}
		p.endBlock(b)
	}
	p.root = p.cut(0)
	p.counts.operands, p.counts.consts = p.exprs.folds.nodes, p.exprs.consts
	p.counts.paths += p.exprs.paths
}

// add puts a node where the last one ended.
func (p *parser) add(n *node) {
	p.ready = append(p.ready, n)
	if p.counts.nodes++; p.counts.nodes > maxNodes {
		p.report(int(n.start), n.name(), limitf("the template has more than %s texts and tags", value.Count(maxNodes)))
		p.stop = true
	}
}

// node returns a new node.
func (p *parser) node(kind nodeKind, start, end int) *node {
	n := p.nodes.one(p.nodeChunk)
	n.kind, n.start, n.end = kind, int32(start), int32(end)
	return n
}

// inner returns the inner part of a tag, to be changed.
func (p *parser) inner(t *tag) *inner {
	if t.inner == &noInner {
		t.inner = p.inners.one(min(p.chunk, 8))
		t.inner.rare = &noRare
	}
	return t.inner
}

// rare returns the rare part of a tag, to be changed.
func (p *parser) rare(t *tag) *rare {
	in := p.inner(t)
	if in.rare == &noRare {
		in.rare = new(rare)
	}
	return in.rare
}

// cut takes the nodes from there on out of ready.
func (p *parser) cut(from int) []*node {
	list := p.lists.keep(p.ready[from:], p.nodeChunk)
	p.ready = p.ready[:from]
	return list
}

// branch returns the last branch of an if.
func (p *parser) branch(b *openBlock) *node { return p.ready[b.part-1] }

// endBranch ends the last branch of an if.
func (p *parser) endBranch(b *openBlock) { p.inner(p.branch(b).tag).body = p.cut(b.part) }

// endBlock ends a block. Those in it have ended.
func (p *parser) endBlock(b openBlock) {
	if b.kind == nodeIf {
		p.endBranch(&b)
	}
	p.inner(b.tag).body = p.cut(b.from)
}

func (p *parser) text(start, end int, escaped bool) {
	n := p.node(nodeText, start, end)
	p.counts.texts++
	raw := p.source[start:end]
	n.escaped, n.from, n.to = escaped, int32(start), int32(end)
	if p.trimNext {
		p.trimLeft(n)
		p.trimNext = false
	}
	if !isBlank(raw) {
		p.content = true
		if p.inSwitch() {
			p.report(start+len(raw)-len(strings.TrimLeft(raw, spaces)), "prompty.switch", errors.New("only prompty.case and prompty.casedefault can stand in prompty.switch: this text belongs to no case"))
		}
	}
	p.add(n)
}

func (p *parser) inSwitch() bool {
	return len(p.stack) > 0 && p.stack[len(p.stack)-1].kind == nodeSwitch
}

// trimBefore trims the text before a tag if the tag says so.
func (p *parser) trimBefore(t *tag) {
	p.trimNext = t.trimRight
	if !t.trimLeft || len(p.ready) == 0 {
		return
	}
	// A text that ends here stands in the innermost block.
	if n := p.ready[len(p.ready)-1]; n.kind == nodeText && int(n.end) == p.tagPos {
		p.trimRight(n)
	}
}

func (p *parser) trimLeft(n *node) {
	for n.from < n.to && isSpace(p.source[n.from]) {
		n.from++
	}
}

func (p *parser) trimRight(n *node) {
	for n.from < n.to && isSpace(p.source[n.to-1]) {
		n.to--
	}
}

func (p *parser) closeTag(t *tag) {
	depth := len(p.stack)
	at := depth - 1
	for at >= 0 && p.stack[at].name() != t.name {
		at--
	}
	if at != depth-1 || depth == 0 {
		p.mismatch(t)
	}
	if at < 0 {
		return
	}
	for _, b := range slices.Backward(p.stack[at:]) {
		p.endBlock(b)
	}
	n := p.stack[at].node
	p.stack = p.stack[:at]
	p.inner(n.tag).closer = closer{int32(p.tagPos), t.end, t.trimLeft, t.trimRight}
	n.end = t.end
	if n.kind == nodeIf {
		n.body[len(n.body)-1].end = int32(p.tagPos)
	}
}

func (p *parser) mismatch(t *tag) {
	if _, s := builtinTag(t.name); s != nil && s.form == separator {
		p.report(p.tagPos, t.name, fmt.Errorf("%s has no closing tag: it ends where the next branch begins", t.name))
		return
	}
	if len(p.stack) == 0 {
		p.report(p.tagPos, t.name, fmt.Errorf("closing tag %s closes nothing: no tag is open here", t.name))
		return
	}
	n := p.stack[len(p.stack)-1].node
	p.inner(n.tag).mismatched = true
	err := fmt.Errorf("closing tag %s is met where %s is expected", t.name, n.name())
	p.report(p.tagPos, t.name, twoPlaces{err, n.name() + " is opened here", int(n.start)})
}

func (p *parser) openTag(t *tag) {
	name, spec := builtinTag(t.name)
	t.name = name
	n := p.node(nodeCustom, p.tagPos, int(t.end))
	n.tag = t
	if spec == nil {
		if r := p.Template.names.resolvers[t.name]; r != nil {
			spec = customTag
			p.rare(t).resolver = r
		}
	}
	if spec == nil {
		p.unknownTag(t)
		spec = customTag
		// Without its closing tag it is taken for a self-closing one, so that
		// one mistake gives one error.
		if !strings.Contains(p.source[t.end:], p.eng.open+"/"+t.name+p.eng.close) {
			t.selfClosing = true
		}
		t.bad = true
	}
	n.kind = spec.kind
	blank := n.kind == nodeComment
	p.checkPlace(n, blank)
	if !blank {
		p.content = true
	}
	p.checkForm(t, spec)
	if !t.bad {
		p.attributes(n, spec)
	}
	p.place(n, spec)
}

func (p *parser) unknownTag(t *tag) {
	if t.bad {
		return
	}
	known := p.Template.names.tagNames()
	near := value.Suggest(t.name, known)
	switch name, own := strings.CutPrefix(t.name, "prompty."); {
	case own: // the prefix that all have in common makes nothing near
		builtin := builtinTagNames()
		for i, k := range builtin {
			builtin[i] = strings.TrimPrefix(k, "prompty.")
		}
		near = value.Suggest(name, builtin)
		for i, k := range near {
			near[i] = "prompty." + k
		}
	case len(near) == 0 && slices.Contains(known, "prompty."+t.name): // the author forgot the prefix
		near = []string{"prompty." + t.name}
	}
	p.report(p.tagPos, t.name, fmt.Errorf("unknown tag %s%s", quote(t.name), didYouMean(near)))
}

// checkForm refuses a block tag without body and a body where none can be.
func (p *parser) checkForm(t *tag, spec *tagSpec) {
	if t.bad {
		return
	}
	switch {
	case spec.form == selfClosing && !t.selfClosing:
		p.report(p.tagPos, t.name, fmt.Errorf("%s has no body: close the tag with /%s", t.name, p.eng.close))
		// A body that was written all the same is read as if it stood beside.
		t.selfClosing = !strings.Contains(p.source[t.end:], p.eng.open+"/"+t.name+p.eng.close)
	case spec.form == block && t.selfClosing:
		p.report(p.tagPos, t.name, fmt.Errorf("%s needs a body: close it with %s", t.name, p.eng.open+"/"+t.name+p.eng.close))
	}
}

// checkPlace refuses a tag that means nothing where it stands.
func (p *parser) checkPlace(n *node, blank bool) {
	name := n.name()
	var block *openBlock
	var parent *node
	if len(p.stack) > 0 {
		block = &p.stack[len(p.stack)-1]
		parent = block.node
	}
	if p.inSwitch() && n.kind != nodeCase && !blank {
		p.report(int(n.start), name, fmt.Errorf("only prompty.case and prompty.casedefault can stand in prompty.switch, not %s", name))
		return
	}
	switch n.kind {
	case nodeBranch:
		if parent == nil || parent.kind != nodeIf {
			p.report(int(n.start), name, fmt.Errorf("%s stands outside of prompty.if%s", name, openTagNote(parent)))
		} else if p.branch(block).name() == "prompty.else" {
			p.report(int(n.start), name, fmt.Errorf("%s follows prompty.else, which must be the last branch", name))
		}
	case nodeCase:
		if !p.inSwitch() {
			p.report(int(n.start), name, fmt.Errorf("%s stands outside of prompty.switch%s", name, openTagNote(parent)))
			return
		}
		if parent.complete {
			p.report(int(n.start), name, fmt.Errorf("%s follows prompty.casedefault, which must be the last case", name))
		}
		if name == "prompty.casedefault" {
			p.inner(parent.tag).complete = true
		}
	case nodeExtends:
		switch {
		case p.base != nil:
			p.report(int(n.start), name, errors.New("the template extends another one already"))
		case p.content || parent != nil:
			p.report(int(n.start), name, errors.New("prompty.extends must come first in the template: only white space and comments may stand before it"))
		}
	case nodeParent:
		if !p.inside(nodeBlock) {
			p.report(int(n.start), name, errors.New("prompty.parent stands outside of prompty.block"))
		} else if p.base == nil {
			p.report(int(n.start), name, errors.New("prompty.parent prints the block of the base, but this template extends none"))
		}
	case nodeMessage:
		if p.inside(nodeMessage) {
			p.report(int(n.start), name, errors.New("prompty.message stands in another prompty.message"))
		} else if p.inside(nodeCustom) {
			p.report(int(n.start), name, errors.New("prompty.message cannot stand in a custom tag, which gets its body as text"))
		}
	}
}

func openTagNote(parent *node) string {
	if parent == nil {
		return ""
	}
	return ": the tag that is open here is " + parent.name()
}

func (p *parser) inside(kind nodeKind) bool {
	return slices.ContainsFunc(p.stack, func(b openBlock) bool { return b.kind == kind })
}

// place puts a node into the tree and opens its body.
func (p *parser) place(n *node, spec *tagSpec) {
	switch n.kind {
	case nodeRaw, nodeComment:
		p.verbatim(n)
		return
	case nodeBranch:
		if len(p.stack) == 0 || p.stack[len(p.stack)-1].kind != nodeIf {
			return
		}
		n.tag.selfClosing = false // {~prompty.else/~} is as good
		block := &p.stack[len(p.stack)-1]
		p.branch(block).end = n.start
		p.endBranch(block)
		p.ready = append(p.ready, n)
		block.part = len(p.ready)
		return
	case nodeExtends:
		if p.base == nil {
			p.base = n
		}
	}
	p.add(n)
	if n.tag.selfClosing {
		return
	}
	from := len(p.ready)
	if n.kind == nodeIf {
		first := p.node(nodeBranch, int(n.start), 0)
		first.tag = p.tags.one(p.tagChunk)
		*first.tag = *n.tag
		first.tag.inner = &noInner
		p.ready = append(p.ready, first)
	}
	p.stack = append(p.stack, openBlock{n, from, len(p.ready)})
	if len(p.stack) > p.eng.limits.BlockDepth {
		p.report(int(n.start), n.name(), limitf("tags are nested more than %s deep", value.Count(p.eng.limits.BlockDepth)))
		p.stop = true
	}
}

// verbatim reads the body of a raw or comment tag, which nothing looks into.
func (p *parser) verbatim(n *node) {
	p.add(n)
	if n.tag.selfClosing {
		return
	}
	_, end, ok := p.scan.verbatim(n.name())
	if !ok {
		p.report(int(n.start), n.name(), fmt.Errorf("tag %s is not closed: %s is missing", n.name(), p.eng.open+"/"+n.name()+p.eng.close))
		p.scan.pos = len(p.source)
		return
	}
	p.inner(n.tag).closer = end
	n.from, n.to, n.end = n.tag.end, end.pos, end.end
	if n.tag.trimRight {
		p.trimLeft(n)
	}
	if end.trimLeft {
		p.trimRight(n)
	}
	p.trimNext = end.trimRight
}
