package gitstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/gitstore/internal/history"
	"github.com/go-prompty/prompty/gitstore/internal/object"
	"github.com/go-prompty/prompty/gitstore/internal/odb"
	"github.com/go-prompty/prompty/gitstore/internal/refs"
)

// line follows a branch: readers take its state without a lock, and whoever
// finds that the branch has moved on takes the turn and brings the state there.
type line struct {
	r     *repository
	ref   string // in full; "" is a detached HEAD
	state atomic.Pointer[state]

	turn  chan struct{}       // full while someone changes state or what follows
	folds map[string][]string // paths by what they are without regard to case; nil: not looked at yet
	kept  bool                // the history has a file
	fresh int                 // changes that it does not have
	spent time.Duration       // what finding them took

	writing atomic.Bool // the history's file is being written
	report  atomic.Pointer[reports]
}

// reports are what Describe tells of a line.
type reports struct {
	rewritten string // that it was, and how
	unkept    string // why the history has no file
}

func (r *repository) line(ref string) *line {
	if l := r.current.Load(); l != nil && l.ref == ref {
		return l
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.lines[ref]
	if l == nil {
		if len(r.lines) >= maxLines {
			for old, l := range r.lines { // whoever follows it goes on doing so
				if l != r.current.Load() {
					delete(r.lines, old)
					break
				}
			}
		}
		l = &line{r: r, ref: ref, turn: make(chan struct{}, 1)}
		r.lines[ref] = l
	}
	return l
}

// maxLines is how many branches are known at a time to more than those who
// follow them.
const maxLines = 16

// head is the state of what HEAD names. While a branch is being rebased HEAD
// names none, and the branch is served as it is.
func (r *repository) head(ctx context.Context) (*state, error) {
	for {
		h, err := r.refs.Head()
		if err != nil {
			return nil, err
		}
		if h.Detached {
			if branch := r.rebased(); branch != "" {
				return r.follow(branch)(ctx)
			}
		}
		l := r.line(h.Branch)
		if r.current.Load() != l {
			r.current.Store(l)
		}
		if st := l.state.Load(); st != nil && st.tip == h.ID {
			return st, nil
		}
		st, err := l.catchUp(ctx)
		if !errors.Is(err, errElsewhere) {
			return st, err
		}
	}
}

// errElsewhere says that HEAD no longer is what the line follows.
var errElsewhere = errors.New("HEAD is elsewhere now")

// rebased is the branch that is being rebased in this work tree; "" if none is.
func (r *repository) rebased() string {
	for _, dir := range []string{"rebase-merge", "rebase-apply"} {
		name, err := os.ReadFile(filepath.Join(r.GitDir, dir, "head-name"))
		if ref := strings.TrimSpace(string(name)); err == nil && strings.HasPrefix(ref, "refs/heads/") && refs.CheckName(ref) == nil {
			return ref
		}
	}
	return ""
}

// follow gives the state of a branch, or of another reference that moves, at
// each call.
func (r *repository) follow(ref string) func(context.Context) (*state, error) {
	l := r.line(ref)
	return func(ctx context.Context) (*state, error) {
		tip, err := l.read()
		if err != nil {
			return nil, err
		}
		if st := l.state.Load(); st != nil && st.tip == tip {
			return st, nil
		}
		return l.catchUp(ctx)
	}
}

// read is the tip now; zero for a branch that is not born yet.
func (l *line) read() (object.ID, error) {
	if l.ref == "" {
		h, err := l.r.refs.Head()
		if err == nil && (!h.Detached || l.r.rebased() != "") {
			err = errElsewhere
		}
		return h.ID, err
	}
	tip, err := l.r.refs.Read(l.ref)
	if errors.Is(err, refs.ErrNotFound) {
		if h, herr := l.r.refs.Head(); herr == nil && h.Branch == l.ref {
			return object.ID{}, nil
		}
		if err := l.r.mustBe(l.ref); err != nil {
			return object.ID{}, err
		}
		if tip, err = l.r.refs.Read(l.ref); errors.Is(err, refs.ErrNotFound) {
			return object.ID{}, nil
		}
	}
	return tip, err
}

// take waits for the turn, which ends with give.
func (l *line) take(ctx context.Context) error {
	select {
	case l.turn <- struct{}{}:
		return nil
	default:
	}
	select {
	case l.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-l.r.done:
		return prompty.NewStorageClosedError()
	}
}

func (l *line) give() { <-l.turn }

// catchUp brings the state to the tip. The tip is read under the turn, so that
// the state never goes back to what someone read a while ago.
func (l *line) catchUp(ctx context.Context) (*state, error) {
	if err := l.take(ctx); err != nil {
		return nil, err
	}
	defer l.give()
	tip, err := l.read()
	if err != nil {
		return nil, err
	}
	return l.moveTo(ctx, tip)
}

// to is the state at a tip that the caller knows to be the branch's, as it
// holds its lock.
func (l *line) to(ctx context.Context, tip object.ID) (*state, error) {
	if st := l.state.Load(); st != nil && st.tip == tip {
		return st, nil
	}
	if err := l.take(ctx); err != nil {
		return nil, err
	}
	defer l.give()
	return l.moveTo(ctx, tip)
}

// moveTo is called with the turn.
func (l *line) moveTo(ctx context.Context, tip object.ID) (*state, error) {
	st := l.state.Load()
	if st != nil && st.tip == tip {
		return st, nil
	}
	start := time.Now()
	changed, err := l.r.refreshGrafts()
	if err != nil {
		return nil, err
	}
	var ix *history.Index
	switch {
	case changed || st == nil || st.over != l.r.grafts.Load():
		l.folds = nil
		ix, err = l.begin(ctx, tip, !changed)
	default:
		ix = st.ix
	}
	if err != nil {
		return nil, err
	}
	next, update, err := ix.Advance(ctx, tip)
	if err != nil && ctx.Err() == nil && st == nil {
		// The file may hold commits that are no more, after a gc.
		next, update, err = history.New(l.r.objects(), l.r.scope(), *l.r.grafts.Load()).Advance(ctx, tip)
	}
	if missing, ok := errors.AsType[*odb.NotFoundError](err); ok && missing.ID == tip && l.ref != "" {
		return nil, fmt.Errorf("%s leads to a commit that is missing: %w", l.ref, err)
	}
	if err != nil {
		return nil, err
	}
	l.spent += time.Since(start)
	l.learn(update)
	st = l.r.newState(l.ref, next, tip)
	l.state.Store(st)
	l.keepSoon(st)
	return st, nil
}

// begin makes the index that a line starts from: what its file has, or what
// another line knows.
func (l *line) begin(ctx context.Context, tip object.ID, mayFork bool) (*history.Index, error) {
	objects, scope, over := l.r.objects(), l.r.scope(), *l.r.grafts.Load()
	if file := l.file(); file != "" {
		if ix, err := history.Load(file, objects, scope, over); err == nil {
			l.kept = true
			return ix, nil
		}
	}
	if other := l.r.known(l); other != nil && mayFork && !tip.IsZero() {
		ix, err := other.ix.Fork(ctx, tip)
		if err == nil || ctx.Err() != nil {
			return ix, err
		}
	}
	return history.New(objects, scope, over), nil
}

// known is the state of some other line that has one.
func (r *repository) known(but *line) *state {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.lines {
		if st := l.state.Load(); l != but && st != nil && !st.tip.IsZero() && st.over == r.grafts.Load() {
			return st
		}
	}
	return nil
}

// learn takes over what an index has found. The turn is held.
func (l *line) learn(u history.Update) {
	if u.From != u.To {
		l.fresh += 1 + len(u.Changed)
	}
	if u.Rewritten {
		l.folds = nil
	}
	if u.Rewritten && l.ref != "" { // a detached HEAD goes wherever it is sent
		l.note(func(r *reports) {
			r.rewritten = fmt.Sprintf("the branch was rewritten: %s is no longer part of it, and the versions of %s were numbered anew", short(u.From), plural(len(u.Renumbered), "template"))
		})
	}
	if l.folds == nil {
		return
	}
	for _, c := range u.Changed {
		key := fold(c.Path)
		list := slices.DeleteFunc(l.folds[key], func(p string) bool { return p == c.Path })
		if c.Kind != history.Deleted {
			list = append(list, c.Path)
		}
		if len(list) == 0 {
			delete(l.folds, key)
		} else {
			l.folds[key] = list
		}
	}
}

func (l *line) note(change func(*reports)) {
	for {
		old := l.report.Load()
		r := reports{}
		if old != nil {
			r = *old
		}
		change(&r)
		if l.report.CompareAndSwap(old, &r) {
			return
		}
	}
}

// A commit of our own, for [line.append].
type made struct {
	id    object.ID
	raw   []byte
	edits []history.Edit
}

// append brings the state on by commits that this process has made on top of
// from, so that nothing has to be read back. Where somebody was faster the next
// reader finds out on its own.
func (l *line) append(from *state, commits []made) {
	l.turn <- struct{}{}
	defer l.give()
	st := l.state.Load()
	if st == nil || st.tip != from.tip || st.ix != from.ix {
		return
	}
	for _, c := range commits {
		update, err := st.ix.Append(c.id, c.raw, c.edits)
		if err != nil {
			return
		}
		l.learn(update)
	}
	st = l.r.newState(l.ref, st.ix, commits[len(commits)-1].id)
	if st.view.Tip() != st.tip {
		return
	}
	l.state.Store(st)
	l.keepSoon(st)
}

// clash is the path of a template that is there and differs from path in case
// only; "" if there is none.
func (l *line) clash(ctx context.Context, st *state, path string) (string, error) {
	if err := l.take(ctx); err != nil {
		return "", err
	}
	defer l.give()
	if l.folds == nil {
		l.folds = map[string][]string{}
		if now := l.state.Load(); now != nil {
			st = now // what follows is learned on top of it
		}
		for _, p := range st.view.Paths("") {
			l.folds[fold(p)] = append(l.folds[fold(p)], p)
		}
	}
	for _, p := range l.folds[fold(path)] {
		if name, err := l.r.layout.name(p); p != path && err == nil && name != "" {
			return p, nil
		}
	}
	return "", nil
}

// The history's file is written when there is none, and when it spares the next
// process a while.
const (
	keepAfter = 512                    // changes, while the store is open
	keepWhen  = 100 * time.Millisecond // or so long a time spent finding them
	keepLast  = 64                     // changes, at Close
	worthIt   = 20 * time.Millisecond  // or so long a time
)

// file is where the line's history is kept; "" if it is not.
func (l *line) file() string {
	if !strings.HasPrefix(l.ref, "refs/heads/") {
		return ""
	}
	sum := sha256.Sum256([]byte(l.ref + "\x00" + l.r.layout.dir + "\x00" + l.r.layout.ext))
	return filepath.Join(l.r.CommonDir, "prompty", "history-"+hex.EncodeToString(sum[:8]))
}

// keepSoon writes the file behind the caller's back, if that is worth it. The
// turn is held.
func (l *line) keepSoon(st *state) {
	if l.fresh < keepAfter && l.spent < keepWhen || l.file() == "" || !l.writing.CompareAndSwap(false, true) {
		return
	}
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	if l.r.closed.Load() {
		return // keep does it
	}
	l.kept, l.fresh, l.spent = true, 0, 0
	l.r.work.Go(func() {
		defer l.writing.Store(false)
		l.write(st)
	})
}

func (l *line) write(st *state) {
	err := l.r.owner.MakeDir()
	if err == nil {
		err = st.ix.WriteFile(l.file(), l.r.FilePerm())
	}
	l.note(func(r *reports) {
		r.unkept = ""
		if err != nil {
			r.unkept = fmt.Sprintf("the index of the history cannot be kept, so that each process builds it anew: %v", err)
		}
	})
}

// keep writes the files of all lines at Close.
func (r *repository) keep() {
	r.mu.Lock()
	lines := slices.Collect(maps.Values(r.lines))
	r.mu.Unlock()
	for _, l := range lines {
		select {
		case l.turn <- struct{}{}:
		default:
			continue // someone still looks for the tip, and will be refused
		}
		st := l.state.Load()
		if st != nil && l.file() != "" && (!l.kept && l.fresh > 0 || l.fresh >= keepLast || l.spent >= worthIt) {
			l.write(st)
		}
		l.give()
	}
}

func (r *repository) scope() history.Scope {
	return history.Scope{Dir: strings.TrimSuffix(r.layout.dir, "/"), Ext: r.layout.ext}
}

// refreshGrafts reads what the repository says beside its commits, and reports
// whether that is something else than before.
func (r *repository) refreshGrafts() (changed bool, err error) {
	g, err := r.Grafts(r.refs)
	if err != nil {
		return false, err
	}
	old := r.grafts.Load()
	if old != nil && old.Fingerprint == g.Fingerprint {
		return false, nil
	}
	r.grafts.Store(&history.Overrides{Parents: g.Parents, Replace: g.Replace, Fingerprint: g.Fingerprint})
	r.texts.clear()
	return old != nil, nil
}
