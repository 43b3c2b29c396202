package engine

import (
	"context"
	"strconv"
	"sync"

	"github.com/go-prompty/prompty/promptfile"
)

// Template is a parsed template. It is immutable.
type Template struct {
	name   string
	source string
	eng    *Engine // that parsed it
	header *promptfile.Header
	body   int     // where the body begins
	names  *names  // when it was parsed
	root   []*node // by nodes; nil while code is all that is needed
	code   *code   // of a template that stands alone, else Link makes it
	again  sync.Once
	base   *node            // what says which template it extends; nil if none
	blocks map[string]*node // all of its blocks, nested ones too
	counts counts
	// defaults are what the front matter gives to inputs that are missing: none
	// or one map.
	defaults []map[string]any
	refs     []Ref
}

// counts say how large a template is.
type counts struct {
	nodes    int // texts and tags, but for the branches of an if
	texts    int
	operands int // of expressions
	consts   int // constants among them
	paths    int // of tags and in expressions
}

// nodes returns what the body consists of.
func (t *Template) nodes() []*node {
	if t.code != nil {
		t.again.Do(func() {
			same := &Template{name: t.name, source: t.source, eng: t.eng, names: t.names, header: t.header, body: t.body}
			same.parse(false)
			t.root = same.root
		})
	}
	return t.root
}

// Name returns the name that Parse was given.
func (t *Template) Name() string { return t.name }

// Source returns the text that Parse was given.
func (t *Template) Source() string { return t.source }

// Header returns the front matter, nil if there is none. It must not be
// changed.
func (t *Template) Header() *promptfile.Header { return t.header }

// Refs returns the templates that this one includes or extends itself, each
// once, in the order of their first mention.
func (t *Template) Refs() []Ref { return append([]Ref(nil), t.refs...) }

// String returns the template in canonical form: the front matter as it stands,
// and the body with every tag written in one way. Parsing it again gives the
// same template and prints the same.
func (t *Template) String() string {
	p := printer{source: t.source, open: t.eng.open, close: t.eng.close}
	p.WriteString(t.source[:t.body])
	p.print(t.nodes())
	return p.Builder.String()
}

// Ref names a template, and with Version one version of it.
type Ref struct {
	Name    string
	Version int // 0: the latest
}

// String returns the name, with "@" and the version if there is one.
func (r Ref) String() string {
	if r.Version == 0 {
		return r.Name
	}
	return r.Name + "@" + strconv.Itoa(r.Version)
}

// LoadFunc finds the template that a Ref names.
type LoadFunc func(ctx context.Context, ref Ref) (*Template, error)
