package fsstore

import (
	"errors"
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
	kind string // create, rename, link, exchange, remove, fsync, fsync of a file
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
	case "create", "rename", "link", "exchange", "remove", "fsync":
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
	case "fsync":
		rel, err := filepath.Rel(r.dir, e.a)
		if err == nil && !strings.HasPrefix(rel, "..") {
			e.a = rel
		}
	}
	r.ops = append(r.ops, *e)
}

// lost lists the operations of ops[:k] that power loss may undo: nothing that
// touches their folders was flushed since.
func (r *recorder) lost(k int) (list []int) {
	for i, e := range r.ops[:k] {
		if e.kind == "create" || e.kind == "fsync" {
			continue
		}
		safe := slices.ContainsFunc(r.ops[i:k], func(f entry) bool {
			return f.kind == "fsync" && (f.a == "." || f.a == path.Dir(e.a) || e.b != "" && f.a == path.Dir(e.b))
		})
		if !safe {
			list = append(list, i)
		}
	}
	return list
}

// after is what the disk holds if the power fails after k operations and those
// in drop have not reached it. A file that was not flushed is empty.
func (r *recorder) after(k int, drop []int) map[string]*block {
	files := maps.Clone(r.start)
	flushed := map[*block]bool{}
	for _, b := range files {
		flushed[b] = true
	}
	names := maps.Clone(files) // with nothing dropped, to know which file a flush is of
	for i, e := range r.ops[:k] {
		apply(names, e)
		if !slices.Contains(drop, i) {
			apply(files, e)
		}
		if b := names[e.a]; e.kind == "fsync" && b != nil {
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

// TestPowerLoss fails the power after every operation of a step, and lets each
// of the operations that nobody flushed, and all after it, or all, be missing
// from the disk. Files that were not flushed are empty. The state is that
// before or that after; once the call has returned, that after.
func TestPowerLoss(t *testing.T) {
	t.Parallel()
	for _, st := range steps {
		t.Run(st.name, func(t *testing.T) {
			t.Parallel()
			before, after, _ := st.ends(t)
			r := &recorder{}
			dir, err := st.perform(t, func(dir, op, p string) error { r.note(t, dir, op, p); return nil })
			must(t, err)
			r.done(t)
			os.RemoveAll(dir)
			for k := range len(r.ops) + 1 {
				lost := r.lost(k)
				drops := [][]int{nil, lost}
				for i := range lost {
					drops = append(drops, lost[i:i+1], lost[i:])
				}
				for _, drop := range drops {
					dir := fastDir(t)
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
					got := observe(t, dir, "d/a")
					if !cmp.Equal(got, after) && (k == len(r.ops) || !cmp.Equal(got, before)) {
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
					os.RemoveAll(dir)
				}
			}
		})
	}
}
