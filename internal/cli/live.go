package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/engine"
)

// live renders one prompt again and again: render --watch.
type live struct {
	*rendering
	storage prompty.TemplateStorage
	ref     engine.Ref // what to render,
	path    string     // unless it is a file

	files  *watchedFiles
	uses   map[string]bool // names that the last try asked the storage for
	frame  frame
	health watchHealth
	log    *strings.Builder // what the last try had to say beside its output
}

// frame is what there is to see.
type frame struct {
	ref          engine.Ref // what was rendered last; version 0 for a file or an unknown one
	good, before *shown     // the last good output, and the one before it that differed
	err          error      // why the latest state has none
	cause        []string
	at           time.Time
	took         time.Duration
	notes        []string
}

// shown is an output with what it came from.
type shown struct {
	*result
	at time.Time
}

// liveView shows frames until somebody has seen enough.
type liveView interface {
	show(frame) error
	tell(health watchHealth) error
	keys() <-chan key // nil if there are none
	press(key) error
	close()
}

// watch renders until it is told to end. ref is a prompt of s, or path a file.
func (r *rendering) watch(ctx context.Context, s prompty.TemplateStorage, ref engine.Ref, path string) error {
	ctx, stop := untilEnded(ctx)
	defer stop()
	ctx, stop = r.app.readerLeft(ctx)
	defer stop()
	return ended(ctx, r.follow(ctx, s, ref, path))
}

func (r *rendering) follow(ctx context.Context, s prompty.TemplateStorage, ref engine.Ref, path string) (err error) {
	l := &live{rendering: r, storage: s, ref: ref, path: path, log: new(strings.Builder)}
	r.note = func(format string, args ...any) { fmt.Fprintf(l.log, format+"\n", args...) }
	if r.engine, err = r.newEngine(l.log); err != nil {
		return err
	}
	if l.files, err = watchFiles(ctx, r.app, append(r.flags.dataFiles(), path)); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.files.close()) }()
	r.read = l.files.read
	changes, err := watchOf(ctx, s)
	if err != nil {
		return err
	}
	if err := l.first(ctx); err != nil {
		return err
	}
	view, err := r.newView()
	if err != nil {
		return err
	}
	defer view.close()
	return l.loop(ctx, changes, view)
}

// first renders what was there when the watch was armed. A command line that
// cannot be meant so ends here; what else is wrong may be mended while we look.
func (l *live) first(ctx context.Context) error {
	if l.path == "" {
		if _, err := get(ctx, l.storage, l.ref); err != nil {
			return err
		}
	}
	l.try(ctx, nil)
	if _, ok := errors.AsType[*usageError](l.frame.err); ok {
		return l.frame.err
	}
	return ctx.Err()
}

func (l *live) loop(ctx context.Context, changes <-chan prompty.ChangeBatch, view liveView) error {
	if err := view.show(l.frame); err != nil {
		return err
	}
	for {
		var cause []string
		select {
		case <-ctx.Done():
			return ctx.Err()
		case b, ok := <-changes:
			if !ok { // or ctx has ended
				return errStoppedWatching
			}
			if b.Watch != nil {
				l.health = healthOf(b.Watch, l.health)
				if err := view.tell(l.health); err != nil {
					return err
				}
			}
			if cause = l.concerns(b); cause == nil {
				continue
			}
		case path := <-l.files.changed:
			cause = []string{path}
		case k := <-view.keys():
			if err := view.press(k); err != nil {
				return err
			}
			continue
		}
		l.try(ctx, cause)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := view.show(l.frame); err != nil {
			return err
		}
	}
}

// concerns says what of a batch is a reason to render again; nil if nothing.
func (l *live) concerns(b prompty.ChangeBatch) []string {
	if b.All {
		return []string{"everything"}
	}
	var names []string
	for _, c := range b.Changes {
		if l.uses[c.Name] {
			names = append(names, c.Name)
		}
	}
	return names
}

// try renders the present state into the frame.
func (l *live) try(ctx context.Context, cause []string) {
	const tries = 5 // somebody may write faster than we read
	var res *result
	var err error
	began := time.Now()
	for range tries {
		began = time.Now()
		l.log.Reset()
		v := &stateReader{l.storage, make(map[string]prompty.TemplateID), make(map[string]bool)}
		res, err = l.once(ctx, v)
		l.uses = v.names
		if ctx.Err() != nil || v.isCurrent(ctx) {
			break
		}
	}
	f := &l.frame
	f.err, f.cause, f.at, f.took = err, cause, time.Now(), time.Since(began)
	f.notes = noteLines(l.log.String())
	if err != nil {
		return
	}
	now := &shown{res, f.at}
	if f.good != nil && !f.good.same(res) {
		f.before = f.good
	}
	f.good = now
}

// once renders what v reads.
func (l *live) once(ctx context.Context, v *stateReader) (*result, error) {
	load := remember(loader(v, l.engine))
	if l.path != "" {
		l.frame.ref = engine.Ref{Name: l.path}
		text, err := l.readPrompt(l.path)
		if err != nil {
			return nil, err
		}
		return l.run(ctx, load, l.frame.ref, text)
	}
	l.frame.ref = l.ref
	t, err := fetch(ctx, v, l.ref)
	if err != nil {
		return nil, err
	}
	l.frame.ref = engine.Ref{Name: t.Name, Version: t.Version}
	return l.run(ctx, load, l.frame.ref, parseText(l.storage, t))
}

func (s *shown) same(r *result) bool {
	return s.text == r.text && slices.Equal(s.messages, r.messages)
}

// noteLines are the lines of a log, safe to show.
func noteLines(log string) []string {
	var lines []string
	for line := range strings.Lines(log) {
		lines = append(lines, printable(strings.TrimSpace(line)))
	}
	return lines
}
