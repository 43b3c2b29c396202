package engine

import "context"

// Func is a Go function that expressions can call.
type Func struct {
	Name    string // a letter or "_", then letters, digits and "_"
	MinArgs int
	MaxArgs int // -1: any number from MinArgs on

	// Pure says that equal arguments always give equal results, so that a call
	// whose arguments are constants may be made once, when the template is
	// parsed.
	Pure bool

	// Call gets the arguments as the template's data holds them. It may be
	// called concurrently, must not keep or change args, and its error ends up
	// in an [*Error] with the call's position, as does a panic.
	Call func(args []any) (any, error)

	cost    cost
	counted func(args []any) (v any, cost int, err error) // Call that tells its comparisons
}

// cost is how the time that a function takes grows with its arguments.
type cost uint8

const (
	linear   cost = iota
	constant      // it does not look into them
	slow          // it grows fast
	search        // as that of its comparisons, and linear in text
	printing      // as what lists and maps print
	ordering      // as putting keys in order
)

// costs are those of the built-in functions that are not linear.
var costs = map[string]cost{
	"len": constant, "first": constant, "last": constant, "typeOf": constant, "default": constant, "coalesce": constant, "toBool": constant,
	"keys": ordering, "values": ordering,
	"has": search, "contains": search,
	"wrap": slow, "title": slow, "sort": slow, "unique": slow, "fromJSON": slow,
	"toJSON": printing, "toString": printing, "join": printing,
}

// Resolver gives a custom tag its meaning.
type Resolver interface {
	// TagName is the name that templates use: letters, digits, "_", "-" and
	// ".", the first a letter. Names that start with "prompty." are reserved.
	TagName() string

	// Resolve returns the value to print in place of the tag; what it gives is
	// never parsed again. It is called concurrently, and tag is valid until it
	// returns. An error or a panic is an error of the tag.
	Resolve(ctx context.Context, tag *Tag) (any, error)
}

// NewResolver makes a Resolver of a function.
func NewResolver(tagName string, fn func(ctx context.Context, tag *Tag) (any, error)) Resolver {
	return resolverFunc{tagName, fn}
}

type resolverFunc struct {
	name string
	fn   func(ctx context.Context, tag *Tag) (any, error)
}

func (r resolverFunc) TagName() string { return r.name }

func (r resolverFunc) Resolve(ctx context.Context, tag *Tag) (any, error) { return r.fn(ctx, tag) }

// Tag is a custom tag as its resolver sees it.
type Tag struct {
	Name    string
	Attrs   map[string]string // as written; onerror is left out
	Content string            // the rendered body; "" for a self-closing tag

	env *env
}

// Lookup finds what a path means where the tag stands, loop variables and
// include attributes included. It reports false for a path that leads nowhere.
func (t *Tag) Lookup(path string) (any, bool) {
	segs, err := splitPath(nil, path)
	if err != nil || t.env == nil {
		return nil, false
	}
	v, ok := t.env.lookup(segs)
	return plain(v), ok
}
