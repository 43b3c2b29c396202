package storebench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/bench/internal/report"
	"github.com/go-prompty/prompty/engine"
	_ "github.com/go-prompty/prompty/gitstore" // is driver "git"
)

// What is executed: little, so that the way to it shows.
const (
	executed = "support/greeting"
	greeting = `Hello {~prompty.var name="name" /~}, {~prompty.include template="support/closing" /~}`
	closing  = "how can we help?"
)

// execute compares Execute through an engine over each storage with running the
// program itself, which somebody linked before.
func (c *Config) execute(ctx context.Context) (_ []report.Row, err error) {
	data := map[string]any{"name": "Ada"}
	program, err := link(ctx)
	if err != nil {
		return nil, err
	}
	want, err := program.Render(ctx, data)
	if err != nil {
		return nil, err
	}
	dst := make([]byte, 0, 256)
	sides := []side{
		timed("program.Append", c.Calls, func(int) (err error) { _, err = program.Append(ctx, dst, data); return err }),
		timed("program.Render", c.Calls, func(int) (err error) { _, err = program.Render(ctx, data); return err }),
		lookup(c.Calls),
	}
	type over struct {
		kind string
		se   *prompty.StorageEngine
	}
	var engines []over
	defer func() {
		for _, e := range engines {
			err = errors.Join(err, e.se.Close())
		}
	}()
	for _, kind := range []string{"memory", "filesystem", "git", "cached"} {
		s, err := c.storage(kind)
		if err != nil {
			return nil, err
		}
		se, err := prompty.NewStorageEngine(prompty.StorageEngineConfig{Storage: s})
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		engines = append(engines, over{kind, se})
		if err := fill(ctx, se); err != nil {
			return nil, err
		}
		got, err := se.Execute(ctx, executed, data)
		if err != nil {
			return nil, err
		}
		appended, err := se.AppendExecute(ctx, dst, executed, data)
		if err != nil || got != want || string(appended) != want {
			return nil, fmt.Errorf("over %s Execute gives %q, the program %q: %w", kind, got, want, err)
		}
		sides = append(sides,
			timed("AppendExecute over "+kind, c.Calls, func(int) (err error) { _, err = se.AppendExecute(ctx, dst, executed, data); return err }),
			timed("Execute over "+kind, c.Calls, func(int) (err error) { _, err = se.Execute(ctx, executed, data); return err }))
	}
	got, err := inTurn(ctx, 4*c.Rounds, sides...)
	if err != nil {
		return nil, err
	}
	var rows []report.Row
	for i, call := range []string{"AppendExecute", "Execute"} {
		for n, e := range engines {
			row := overProgram(call+" over "+e.kind, got[3+2*n+i], got[i], got[2])
			if extra := allocations(sides[3+2*n+i], c.Calls) - allocations(sides[i], c.Calls); extra > 0 {
				row = report.Row{Work: row.Work, Err: fmt.Errorf("it allocates %d times more than the program", extra)}
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// overProgram is the row of what a call costs beside the program that it runs.
func overProgram(work string, call, program, lookup times) report.Row {
	var over times
	for round := range call {
		over = append(over, call[round]-program[round])
	}
	return report.Row{
		Work: work, Ours: fmt.Sprintf("%s, 0 allocations more", call),
		Beside: fmt.Sprintf("the program: %s; a map read and two atomic loads: %s", report.Short(program.median()), report.Short(lookup.median())),
		Value:  float64(over.median()), Target: report.Target{Kind: "ns more", Bound: 100},
	}
}

// lookup is the least that finds a program which others may replace: a read of a
// map that may be written meanwhile, and two atomic loads.
func lookup(calls int) side {
	var m sync.Map
	var seen, now atomic.Uint64
	m.Store(executed, &seen)
	names := []string{executed}
	return timed("lookup", calls, func(i int) error {
		v, ok := m.Load(names[i%len(names)])
		if !ok || v.(*atomic.Uint64).Load() != now.Load() {
			return errors.New("the map has lost what was stored")
		}
		return nil
	})
}

// allocations are a side's for each of its calls, rounded.
func allocations(s side, calls int) int {
	counts := make([]int, 5)
	for i := range counts {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := s.do(0); err != nil {
			return -1
		}
		runtime.ReadMemStats(&after)
		counts[i] = int(after.Mallocs-before.Mallocs+uint64(calls)/2) / calls
	}
	return slices.Min(counts)
}

func link(ctx context.Context) (*engine.Program, error) {
	eng, err := engine.New(engine.Config{})
	if err != nil {
		return nil, err
	}
	t, err := eng.Parse(executed, greeting)
	if err != nil {
		return nil, err
	}
	return eng.Link(ctx, t, func(_ context.Context, ref engine.Ref) (*engine.Template, error) {
		return eng.Parse(ref.Name, closing)
	})
}

// storage opens an empty one.
func (c *Config) storage(kind string) (prompty.TemplateStorage, error) {
	switch kind {
	case "memory":
		return prompty.NewMemoryStorage(), nil
	case "git":
		return prompty.OpenStorage("git", filepath.Join(c.Dir, "repository")+"?init=1")
	case "filesystem":
		return prompty.OpenStorage("filesystem", filepath.Join(c.Dir, "executed"))
	}
	s, err := prompty.OpenStorage("filesystem", filepath.Join(c.Dir, "executed-cached"))
	if err != nil {
		return nil, err
	}
	return prompty.NewCachedStorage(s, prompty.CacheConfig{}), nil
}

// fill saves what is executed, and waits until the engine follows its storage.
func fill(ctx context.Context, se *prompty.StorageEngine) error {
	for name, text := range map[string]string{executed: greeting, "support/closing": closing} {
		if err := se.Save(ctx, &prompty.StoredTemplate{Name: name, Source: text}); err != nil {
			return err
		}
	}
	se.OnChange(func(prompty.ChangeBatch) {})()
	if err := se.Sync(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for !se.Status().Following {
		select {
		case <-ctx.Done():
			return fmt.Errorf("the engine does not follow its storage: %w", ctx.Err())
		case <-time.After(time.Millisecond):
		}
	}
	return nil
}
