package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-prompty/prompty/engine/internal/builtin"
)

// Config says how an engine reads and renders templates. The zero value is
// useful.
type Config struct {
	Open, Close string   // the delimiters; default "{~" and "~}"
	OnError     Strategy // for tags without an onerror attribute; default Throw
	Limits      Limits

	// Env names the environment variables that prompty.env may read. Without
	// it no template can read any.
	Env       []string
	LookupEnv func(string) (string, bool) // default os.LookupEnv

	Now    func() time.Time // what the function now gives; default time.Now
	Logger *slog.Logger     // for errors under the strategy Log; default slog.Default()
}

// Engine parses templates and links them to programs. It is safe for
// concurrent use.
type Engine struct {
	open, close string
	onError     Strategy
	limits      Limits
	env         map[string]bool
	lookupEnv   func(string) (string, bool)
	logger      *slog.Logger

	mu    sync.Mutex // held while names is replaced
	names atomic.Pointer[names]
}

// names are the functions and resolvers at one moment. A value is never
// changed, so that parsing needs no lock.
type names struct {
	funcs     map[string]*Func
	resolvers map[string]Resolver
}

// New returns an engine, or an error that says what is wrong with cfg.
func New(cfg Config) (*Engine, error) {
	e := &Engine{
		open: cfg.Open, close: cfg.Close, onError: cfg.OnError, limits: cfg.Limits,
		lookupEnv: cfg.LookupEnv, logger: cfg.Logger, env: make(map[string]bool),
	}
	if err := e.limits.fill(); err != nil {
		return nil, err
	}
	if e.open == "" {
		e.open = "{~"
	}
	if e.close == "" {
		e.close = "~}"
	}
	if err := checkDelimiters(e.open, e.close); err != nil {
		return nil, err
	}
	if e.onError == "" {
		e.onError = Throw
	}
	if !e.onError.valid() {
		return nil, fmt.Errorf("unknown error strategy %q: use one of %s", e.onError, strategyNames())
	}
	if e.lookupEnv == nil {
		e.lookupEnv = os.LookupEnv
	}
	for _, name := range cfg.Env {
		e.env[name] = true
	}
	now := cfg.Now
	if now == nil {
		now = time.Now
	}
	n := &names{funcs: make(map[string]*Func), resolvers: make(map[string]Resolver)}
	for _, s := range builtin.All(now, e.limits.FunctionResultBytes) {
		n.funcs[s.Name] = &Func{Name: s.Name, MinArgs: s.MinArgs, MaxArgs: s.MaxArgs, Pure: s.Pure, Call: s.Call, counted: s.CallCost, cost: costs[s.Name]}
	}
	e.names.Store(n)
	return e, nil
}

// MustNew is New for configurations that are known to be good. It panics on an
// error.
func MustNew(cfg Config) *Engine {
	e, err := New(cfg)
	if err != nil {
		panic("engine: " + err.Error())
	}
	return e
}

// checkDelimiters refuses delimiters that would make tags ambiguous.
func checkDelimiters(open, close string) error {
	for _, d := range []string{open, close} {
		if len(d) > 16 {
			return fmt.Errorf("delimiter %q is longer than 16 bytes", d)
		}
		for _, r := range d {
			if isNameRune(r) && r != '.' && r != '-' || isSpace(byte(min(r, 127))) || strings.ContainsRune(`"'=\/`, r) || r < ' ' || r > '~' {
				return fmt.Errorf("delimiter %q has %q in it: use ASCII punctuation other than quotes, =, \\, / and _", d, r)
			}
		}
	}
	switch {
	case open == close:
		return fmt.Errorf("the opening and the closing delimiter are both %q", open)
	case strings.Contains(open, "-") || strings.Contains(close, "-"):
		return errors.New(`a delimiter has "-" in it, which trims white space`)
	}
	return nil
}

// RegisterFunc adds a function for the templates that are parsed from now on.
// It is an error if the name is taken, by a built-in function too, or is no
// name, or Call is nil, or the arity makes no sense.
func (e *Engine) RegisterFunc(f Func) error {
	switch {
	case !isIdent(f.Name):
		return fmt.Errorf("register function %q: a name is a letter or _, then letters, digits and _, and none of true, false, nil, in", f.Name)
	case f.Call == nil:
		return fmt.Errorf("register function %s: Call is nil", f.Name)
	case f.MinArgs < 0 || f.MaxArgs < -1 || f.MaxArgs >= 0 && f.MaxArgs < f.MinArgs:
		return fmt.Errorf("register function %s: from %d to %d arguments makes no sense", f.Name, f.MinArgs, f.MaxArgs)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	old := e.names.Load()
	if _, taken := old.funcs[f.Name]; taken {
		return fmt.Errorf("register function %s: the name is taken", f.Name)
	}
	f.cost = linear // whatever a copy of another function says
	n := &names{funcs: maps.Clone(old.funcs), resolvers: old.resolvers}
	n.funcs[f.Name] = &f
	e.names.Store(n)
	return nil
}

// RegisterResolver adds a custom tag for the templates that are parsed from
// now on. It is an error if the name is taken, reserved, or no tag name.
func (e *Engine) RegisterResolver(r Resolver) error {
	if r == nil {
		return errors.New("register resolver: it is nil")
	}
	name := r.TagName()
	switch {
	case !isTagName(name):
		return fmt.Errorf("register resolver %q: a tag name is a letter, then letters, digits and any of . _ -", name)
	case strings.HasPrefix(name, "prompty."):
		return fmt.Errorf("register resolver %s: names that start with prompty. are reserved", name)
	}
	if f, ok := r.(resolverFunc); ok && f.fn == nil {
		return fmt.Errorf("register resolver %s: its function is nil", name)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	old := e.names.Load()
	if _, taken := old.resolvers[name]; taken {
		return fmt.Errorf("register resolver %s: the name is taken", name)
	}
	n := &names{funcs: old.funcs, resolvers: maps.Clone(old.resolvers)}
	n.resolvers[name] = r
	e.names.Store(n)
	return nil
}

// tagNames returns the names of all tags, for suggestions.
func (n *names) tagNames() []string {
	return append(builtinTagNames(), slices.Collect(maps.Keys(n.resolvers))...)
}

// Render parses source and renders it once. It can include nothing; for that,
// and to render more than once, use Parse and Link.
func (e *Engine) Render(ctx context.Context, source string, data any) (string, error) {
	t, err := e.Parse("template", source)
	if err != nil {
		return "", err
	}
	p, err := e.Link(ctx, t, nil)
	if err != nil {
		return "", err
	}
	return p.Render(ctx, data)
}
