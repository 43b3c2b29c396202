package langbench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unsafe"

	"github.com/go-prompty/prompty/engine"
	"github.com/go-prompty/prompty/internal/workload"
)

// Engine is one of those that are compared.
type Engine struct {
	Name   string
	Module string // whose version is shown; none for the standard library
	How    string // what was called, and anything that is special
	Full   bool   // has variables, conditions, loops and includes
	Other  bool   // has other data than the workloads' maps
	Alone  string // why it must not render on two cores at once, if so

	// dialect is the engine's syntax, if it is not ours.
	dialect *dialect

	// prepare gets ready to print a workload. An error that is a cannot says
	// why the engine is no match for it.
	prepare func(w workload.Workload, main string, partials map[string]string) (*prepared, error)
}

// prepared prints a workload n times. Other goroutines may print it at the same
// moment into other outputs, unless the engine has to be alone.
type prepared struct {
	write   func(out *Output, n int) error // into out, used again
	text    func(out *Output, n int) error // as a string, each a new one
	compile func(n int) error              // from the source to what write uses
}

// Output is what was printed last: in Bytes, or if that is empty in Text.
type Output struct {
	Bytes []byte
	Text  string
}

// Write and WriteString append, so that an Output can be what is written to.
func (o *Output) Write(p []byte) (int, error) { o.Bytes = append(o.Bytes, p...); return len(p), nil }

func (o *Output) WriteString(s string) (int, error) {
	o.Bytes = append(o.Bytes, s...)
	return len(s), nil
}

func (o *Output) String() string {
	if len(o.Bytes) > 0 {
		return string(o.Bytes)
	}
	return o.Text
}

// cannot is why an engine does not do a workload.
type cannot string

func (c cannot) Error() string { return string(c) }

// Engines returns those that are compared: ours, code written by hand, and the
// others.
func Engines() []*Engine {
	return []*Engine{
		prompty(), byHand(),
		textTemplate(), jetEngine(), jetStructs(), pongo(), mustacheEngine(), gonjaEngine(), liquidEngine(), raymondEngine(), dotpromptEngine(),
		fast(), fastBytes(), exprEngine(),
	}
}

func prompty() *Engine {
	return &Engine{
		Name: ours, Module: ourModule, Full: true,
		How: "`Program.Append`, with all limits on; strings by `Program.Render`",
		prepare: func(w workload.Workload, main string, partials map[string]string) (*prepared, error) {
			eng, err := engine.New(engine.Config{})
			if err != nil {
				return nil, err
			}
			ctx := context.Background()
			link := func() (*engine.Program, error) {
				t, err := eng.Parse("main", main)
				if err != nil {
					return nil, err
				}
				return eng.Link(ctx, t, func(_ context.Context, ref engine.Ref) (*engine.Template, error) {
					source, ok := partials[ref.Name]
					if !ok {
						return nil, fmt.Errorf("no template %q", ref.Name)
					}
					return eng.Parse(ref.Name, source)
				})
			}
			prog, err := link()
			if err != nil {
				return nil, err
			}
			return &prepared{
				write: func(out *Output, n int) (err error) {
					dst := out.Bytes
					for range n {
						if dst, err = prog.Append(ctx, dst[:0], w.Data); err != nil {
							return err
						}
					}
					out.Bytes = dst
					return nil
				},
				text: func(out *Output, n int) (err error) {
					for range n {
						if out.Text, err = prog.Render(ctx, w.Data); err != nil {
							return err
						}
					}
					return nil
				},
				compile: times(func() error { _, err := link(); return err }),
			}, nil
		},
	}
}

func byHand() *Engine {
	return &Engine{
		Name: hand, Full: true,
		How: "Go that appends, with type assertions and `strconv`; strings in memory of just the right size, without a copy",
		prepare: func(w workload.Workload, _ string, _ map[string]string) (*prepared, error) {
			size := len(w.ByHand(nil, w.Data))
			return &prepared{
				write: func(out *Output, n int) error {
					dst := out.Bytes
					for range n {
						dst = w.ByHand(dst[:0], w.Data)
					}
					out.Bytes = dst
					return nil
				},
				text: func(out *Output, n int) error {
					for range n {
						dst := w.ByHand(make([]byte, 0, size), w.Data)
						out.Text = unsafe.String(unsafe.SliceData(dst), len(dst))
					}
					return nil
				},
			}, nil
		},
	}
}

func times(f func() error) func(int) error {
	return func(n int) error {
		for range n {
			if err := f(); err != nil {
				return err
			}
		}
		return nil
	}
}

// writing prints through a function that writes to an Output; text makes a
// string, if the engine has a function for that.
func writing(write func(out *Output) error, text func() (string, error), compile func() error) *prepared {
	p := &prepared{
		write: func(out *Output, n int) error {
			for range n {
				out.Bytes = out.Bytes[:0]
				if err := write(out); err != nil {
					return err
				}
			}
			return nil
		},
		compile: times(compile),
	}
	if text != nil {
		p.text = stringing(text)
	}
	return p
}

func stringing(text func() (string, error)) func(out *Output, n int) error {
	return func(out *Output, n int) (err error) {
		for range n {
			if out.Text, err = text(); err != nil {
				return err
			}
		}
		return nil
	}
}

// sources are a workload's templates in the engine's syntax.
func (e *Engine) sources(w workload.Workload) (main string, partials map[string]string, err error) {
	if e.dialect == nil {
		return w.Source, w.Partials, nil
	}
	return e.dialect.sources(w)
}

// ready prepares an engine for a workload and proves that it prints what code
// written by hand does, in each way that it has.
func (e *Engine) ready(w workload.Workload) (*prepared, error) {
	main, partials, err := e.sources(w)
	if err != nil {
		return nil, err
	}
	p, err := e.prepare(w, main, partials)
	if err != nil {
		return nil, err
	}
	want := string(w.ByHand(nil, w.Data))
	for _, print := range []func(*Output, int) error{p.write, p.text} {
		if print == nil {
			continue
		}
		var out Output
		for range 2 { // the second time into the memory of the first
			if err := print(&out, 1); err != nil {
				return nil, err
			}
			if got := out.String(); got != want {
				return nil, fmt.Errorf("%s prints %.200q for %s, want %.200q", e.Name, got, w.Name, want)
			}
		}
	}
	if p.compile != nil {
		if err := p.compile(1); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// reason is why an engine cannot do what it was asked for, if err says so.
func reason(err error) (string, bool) {
	var c cannot
	ok := errors.As(err, &c)
	return string(c), ok
}

// Show prints the templates of an engine, so that one can judge them.
func Show(w io.Writer, name string) error {
	var names []string
	for _, e := range Engines() {
		names = append(names, e.Name)
		if e.Name != name {
			continue
		}
		for _, one := range workload.All() {
			main, partials, err := e.sources(one)
			if err != nil {
				return err
			}
			if _, err := e.prepare(one, main, partials); err != nil {
				fmt.Fprintf(w, "== %s: %v\n\n", one.Name, err)
				continue
			}
			fmt.Fprintf(w, "== %s\n%s\n\n", one.Name, main)
			for _, partial := range slices.Sorted(maps.Keys(partials)) {
				fmt.Fprintf(w, "== %s, %s\n%s\n\n", one.Name, partial, partials[partial])
			}
		}
		return nil
	}
	return fmt.Errorf("no engine %q; there are %s", name, strings.Join(names, ", "))
}
