package engine

import "slices"

// form says how a tag may be written.
type form uint8

const (
	selfClosing form = iota // {~name /~}
	block                   // {~name~}…{~/name~}
	either
	separator // {~name~} between parts of a block
)

// tagSpec is what a tag accepts.
type tagSpec struct {
	kind     nodeKind
	form     form
	required []string
	optional []string
	free     bool // takes any other attribute too
}

var builtinTags = map[string]*tagSpec{
	"prompty.var":         {kind: nodeVar, required: []string{"name"}, optional: []string{"default", "format"}},
	"prompty.if":          {kind: nodeIf, form: block, required: []string{"eval"}},
	"prompty.elseif":      {kind: nodeBranch, form: separator, required: []string{"eval"}},
	"prompty.else":        {kind: nodeBranch, form: separator},
	"prompty.for":         {kind: nodeFor, form: block, required: []string{"item", "in"}, optional: []string{"index", "limit"}},
	"prompty.switch":      {kind: nodeSwitch, form: block, required: []string{"eval"}},
	"prompty.case":        {kind: nodeCase, form: block, optional: []string{"value", "eval"}},
	"prompty.casedefault": {kind: nodeCase, form: block},
	"prompty.include":     {kind: nodeInclude, required: []string{"template"}, optional: []string{"version", "with", "isolate"}, free: true},
	"prompty.extends":     {kind: nodeExtends, required: []string{"template"}, optional: []string{"version"}},
	"prompty.block":       {kind: nodeBlock, form: block, required: []string{"name"}},
	"prompty.parent":      {kind: nodeParent},
	"prompty.message":     {kind: nodeMessage, form: block, optional: []string{"role", "eval-role", "name", "cache"}},
	"prompty.env":         {kind: nodeEnv, required: []string{"name"}, optional: []string{"default", "required"}},
	"prompty.raw":         {kind: nodeRaw, form: block},
	"prompty.comment":     {kind: nodeComment, form: either, free: true},
}

// builtinTag returns the tag of that name, nil if there is none, and the name in
// a form that is quickly compared with others of these tags. Length and first
// letter tell all names apart.
func builtinTag(name string) (string, *tagSpec) {
	if len(name) < len(tagsByLength) {
		for i := range tagsByLength[len(name)] {
			t := &tagsByLength[len(name)][i]
			if at := len("prompty."); t.name[at] == name[at] && t.name == name {
				return t.name, t.tagSpec
			}
		}
	}
	return name, nil
}

type namedTag struct {
	name string
	*tagSpec
}

var tagsByLength = func() (list [20][]namedTag) {
	for name, spec := range builtinTags {
		list[len(name)] = append(list[len(name)], namedTag{name, spec})
	}
	return list
}()

// customTag is what every custom tag accepts.
var customTag = &tagSpec{kind: nodeCustom, form: either, free: true}

// common are the attributes that every tag has. What default says is printed
// in place of a tag that fails under the strategy of that name.
var common = []string{"onerror", "default"}

func (s *tagSpec) allows(attr string) bool {
	return s.free || slices.Contains(s.required, attr) || slices.Contains(s.optional, attr) || slices.Contains(common, attr)
}

// attrNames are the attributes that can be suggested.
func (s *tagSpec) attrNames() []string {
	return slices.Concat(s.required, s.optional, common)
}

func builtinTagNames() []string {
	list := make([]string, 0, len(builtinTags))
	for name := range builtinTags {
		list = append(list, name)
	}
	return list
}
