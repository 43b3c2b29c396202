package fsstore

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// recorder notes the operations of a step, as a disk sees them.
type recorder struct {
	ordered bool // the disk keeps the order of what is done
	dir     string
	start   map[string]*block // what was there before the step
	ops     []entry
	pending *entry
}

// block is a file's content, whatever names it has.
type block struct {
	data  []byte
	mtime time.Time
}

type entry struct {
	kind string // create, writeback, rename, link, exchange, remove, fsync
	a, b string
	made *block // by create
}

func snapshot(t testing.TB, dir string) map[string]*block {
	t.Helper()
	files := map[string]*block{}
	must(t, filepath.Walk(dir, func(p string, fi os.FileInfo, err error) error {
		if err != nil || !fi.Mode().IsRegular() {
			return err
		}
		data, err := os.ReadFile(p)
		rel, _ := filepath.Rel(dir, p)
		files[rel] = &block{data, fi.ModTime()}
		return err
	}))
	return files
}

// note is a fault function. An operation is in the log once it is done, which
// is when the next begins.
func (r *recorder) note(t testing.TB, dir, op, p string) {
	if r.start == nil {
		r.dir, r.start = dir, snapshot(t, dir)
	}
	r.done(t)
	switch op {
	case "create", "writeback", "rename", "link", "exchange", "remove", "fsync":
		a, b, _ := strings.Cut(p, " ")
		r.pending = &entry{kind: op, a: a, b: b}
	}
	if op == "chtimes" || op == "write" {
		r.pending = &entry{kind: "create", a: p}
	}
}

func (r *recorder) done(t testing.TB) {
	e := r.pending
	if r.pending = nil; e == nil {
		return
	}
	switch e.kind {
	case "create":
		fi, err := os.Stat(filepath.Join(r.dir, e.a))
		if err != nil {
			return // it failed: somebody had left a file there
		}
		data, err := os.ReadFile(filepath.Join(r.dir, e.a))
		must(t, err)
		e.made = &block{data, fi.ModTime()}
		if n := len(r.ops); n > 0 && r.ops[n-1].kind == "create" && r.ops[n-1].a == e.a {
			r.ops = r.ops[:n-1]
		}
	case "fsync", "writeback":
		rel, err := filepath.Rel(r.dir, e.a)
		if err == nil && !strings.HasPrefix(rel, "..") {
			e.a = rel
		}
	}
	r.ops = append(r.ops, *e)
}

// fates are what power loss after k operations can have undone. Where the disk
// keeps the order that is everything from some operation on, none of those that
// a flush has confirmed; elsewhere each of the operations that nobody flushed,
// it and all after it, or all.
func (r *recorder) fates(k int) [][]int {
	if r.ordered {
		fates := [][]int{nil}
		for i := k - 1; i >= r.confirmed(k); i-- {
			fates = append(fates, append([]int{i}, fates[len(fates)-1]...))
		}
		return fates
	}
	lost := r.lost(k)
	fates := [][]int{nil, lost}
	for i := range lost {
		fates = append(fates, lost[i:i+1], lost[i:])
	}
	return fates
}

// confirmed is how many of the first k operations outlive power loss on a disk
// that keeps the order: those up to the last that changed a folder which was
// flushed since.
func (r *recorder) confirmed(k int) (n int) {
	for j, f := range r.ops[:k] {
		if f.kind != "fsync" {
			continue
		}
		for i, e := range r.ops[:j] {
			if e.kind != "fsync" && e.kind != "writeback" && f.flushes(e) {
				n = max(n, i+1)
			}
		}
	}
	return n
}

// flushes reports whether f is a flush of a folder that e has changed.
func (f entry) flushes(e entry) bool {
	return f.kind == "fsync" && (f.a == "." || f.a == path.Dir(e.a) || e.b != "" && f.a == path.Dir(e.b))
}

// lost lists the operations of ops[:k] that power loss may undo where nothing
// keeps their order: nothing that touches their folders was flushed since.
func (r *recorder) lost(k int) (list []int) {
	for i, e := range r.ops[:k] {
		if e.kind == "create" || e.kind == "fsync" {
			continue
		}
		if !slices.ContainsFunc(r.ops[i:k], func(f entry) bool { return f.flushes(e) }) {
			list = append(list, i)
		}
	}
	return list
}

// after is what the disk holds if the power fails after k operations and those
// in drop have not reached it. A file that was not flushed is empty; where the
// disk keeps the order, writing it back is enough.
func (r *recorder) after(k int, drop []int) map[string]*block {
	files := maps.Clone(r.start)
	flushed := map[*block]bool{}
	for _, b := range files {
		flushed[b] = true
	}
	names := maps.Clone(files) // with nothing dropped, to know which file a flush is of
	for i, e := range r.ops[:k] {
		apply(names, e)
		if slices.Contains(drop, i) {
			continue
		}
		apply(files, e)
		b := names[e.a]
		if b != nil && (e.kind == "fsync" || e.kind == "writeback" && r.ordered) {
			flushed[b] = true
		}
		if e.kind == "fsync" && e.a == "." { // syncfs
			for _, b := range names {
				flushed[b] = true
			}
		}
	}
	for p, b := range files {
		if !flushed[b] {
			files[p] = &block{nil, b.mtime}
		}
	}
	return files
}

func apply(m map[string]*block, e entry) {
	switch e.kind {
	case "create":
		m[e.a] = e.made
	case "rename", "link":
		if b, ok := m[e.a]; ok {
			m[e.b] = b
			if e.kind == "rename" {
				delete(m, e.a)
			}
		}
	case "exchange":
		a, ok1 := m[e.a]
		b, ok2 := m[e.b]
		if ok1 && ok2 {
			m[e.a], m[e.b] = b, a
		}
	case "remove":
		delete(m, e.a)
	}
}

// TestPowerLoss fails the power after every operation of a step, on a disk that
// keeps the order of what is done and on one that does not, and lets what nobody
// flushed be missing in every way that such a disk can. Files that were not
// flushed are empty. The state is that before or that after; once the call has
// returned, that after.
func TestPowerLoss(t *testing.T) {
	t.Parallel()
	for _, st := range steps {
		for _, ordered := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/ordered=%v", st.name, ordered), func(t *testing.T) {
				t.Parallel()
				st.losePower(t, ordered)
			})
		}
	}
}

func (st step) losePower(t *testing.T, ordered bool) {
	before, after, _ := st.endsOn(t, ordered)
	r := &recorder{ordered: ordered}
	dir, err := st.performOn(t, ordered, func(dir, op, p string) error { r.note(t, dir, op, p); return nil })
	must(t, err)
	r.done(t)
	os.RemoveAll(dir)
	for k := range len(r.ops) + 1 {
		for _, drop := range r.fates(k) {
			if ordered && len(drop) > 0 && k < len(r.ops) {
				continue // as if it had failed earlier
			}
			got := r.reopen(t, k, drop)
			if cmp.Equal(got, after) || k < len(r.ops) && cmp.Equal(got, before) {
				continue
			}
			var log []string
			for i, e := range r.ops[:k] {
				mark := ""
				if slices.Contains(drop, i) {
					mark = " (lost)"
				}
				log = append(log, e.kind+" "+e.a+" "+e.b+mark)
			}
			t.Errorf("power fails after\n\t%s\nbefore %+v\nafter  %+v\ngot    %+v", strings.Join(log, "\n\t"), before, after, got)
		}
	}
}

// reopen is what the next process sees of what the disk holds.
func (r *recorder) reopen(t *testing.T, k int, drop []int) view {
	dir := fastDir(t)
	defer os.RemoveAll(dir)
	for p, b := range r.after(k, drop) {
		p = filepath.Join(dir, p)
		must(t, os.MkdirAll(filepath.Dir(p), 0o777))
		must(t, os.WriteFile(p, b.data, 0o666))
		must(t, os.Chtimes(p, b.mtime, b.mtime))
	}
	past := time.Now().Add(-time.Minute)
	for _, d := range []string{"d", "."} {
		if err := os.Chtimes(filepath.Join(dir, d), past, past); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	return observe(t, dir, "d/a")
}
