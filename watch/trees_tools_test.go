//go:build linux

package watch_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-prompty/prompty/watch"
)

// A change is something that tools do to a tree, not to one file.
type change struct {
	name  string
	tools []string
	setup func(p place)
	run   func(p place)
	one   bool // one batch, as nothing is finished in between
	// between are texts that are finished for a moment.
	between []string
	// unheard: the system tells of it to nobody who watches the tree; Sync looks.
	unheard bool
}

func changes() []change {
	setup := func(script string) func(place) { return func(p place) { p.t.Helper(); p.sh(script) } }
	run := setup
	return []change{
		{name: "shell >>", one: true,
			setup: setup(`echo one >x.txt`),
			run:   run(`echo two >>x.txt`)},
		{name: "new file", one: true, run: run(`echo new >new.txt`)},
		{name: "empty file", one: true, run: run(`: >empty.txt`)},
		{name: "rm", one: true, setup: setup(`echo one >x.txt`), run: run(`rm x.txt`)},
		{name: "mv file", one: true, setup: setup(`echo one >x.txt`), run: run(`mv x.txt y.txt`)},
		{name: "chmod and touch are no change",
			setup: setup(`echo one >x.txt; mkdir d; echo two >d/y.txt`),
			run:   run(`for i in 1 2 3 4 5 6 7; do chmod 60$i x.txt; touch x.txt; touch -d '2001-02-03' d/y.txt d; done; echo done >z.txt`)},
		{name: "mkdir -p with a file at once", run: run(`for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do mkdir -p a$i/b/c && echo $i >a$i/b/c/f.txt; done`)},
		{name: "1,000 folders with a file at once", run: func(p place) {
			for i := range 1000 {
				dir := filepath.Join(p.root, fmt.Sprintf("d%d", i%20), fmt.Sprint(i))
				must(p.t, os.MkdirAll(dir, 0o777))
				for start := time.Now(); time.Since(start) < time.Duration(i%100)*4*time.Microsecond; { // somewhere while the folder is taken up
				}
				put(p.t, filepath.Join(dir, "f.txt"), fmt.Sprint(i))
			}
		}},
		{name: "deep mkdir -p", run: func(p place) {
			deep := filepath.Join(p.root, strings.Repeat("d/", 60))
			must(p.t, os.MkdirAll(deep, 0o777))
			put(p.t, filepath.Join(deep, "f.txt"), "deep")
		}},
		{name: "cp -r", setup: setup(`mkdir -p a/b/c; for i in 1 2 3 4 5 6 7 8 9; do echo $i >a/f$i.txt; echo $i >a/b/c/g$i.txt; done`), run: run(`cp -r a z`)},
		{name: "rm -rf", setup: setup(`mkdir -p a/b/c; for i in 1 2 3 4 5 6 7 8 9; do echo $i >a/f$i.txt; echo $i >a/b/c/g$i.txt; done`), run: run(`rm -rf a`)},
		{name: "tar", tools: []string{"tar"}, run: run(`mkdir -p "$out/t/u/v"; for i in 1 2 3 4 5 6; do echo $i >"$out/t/u/v/$i.txt"; done; tar -C "$out" -cf "$out/t.tar" t; tar -xf "$out/t.tar"`)},
		{name: "rsync -a --delete", tools: []string{"rsync"},
			setup: setup(`mkdir -p a/b; echo old >a/b/x.txt; echo gone >a/y.txt; mkdir -p "$out/a/b/c"; echo new >"$out/a/b/x.txt"; echo more >"$out/a/b/c/z.txt"`),
			run:   run(`rsync -a --delete "$out/a/" a/`)},
		{name: "folder renamed", one: true,
			setup: setup(`mkdir -p a/b; echo one >a/x.txt; echo two >a/b/y.txt`),
			run:   run(`mv a z`)},
		{name: "folder renamed, then written into",
			setup:   setup(`mkdir -p a/b; echo one >a/x.txt; echo two >a/b/y.txt`),
			run:     run(`mv a z; echo three >z/b/y.txt; mkdir a; echo four >a/x.txt`),
			between: []string{"one\n", "two\n"}},
		{name: "folders renamed in a ring",
			setup: setup(`mkdir a b c; echo a >a/x.txt; echo b >b/x.txt; echo c >c/x.txt`),
			run:   run(`for i in 1 2 3 4 5; do mv a t; mv b a; mv c b; mv t c; done; echo more >>a/x.txt`),
		},
		{name: "folder moved below its own old path",
			setup: setup(`mkdir -p a/s b/c/d; echo one >a/x.txt; echo two >a/s/y.txt; echo three >b/c/d/z.txt`),
			run:   run(`for i in 1 2 3; do mv a t; mkdir a; mv t a/x; echo $i >a/$i.txt; mv b/c t; mkdir b/c; mv t b/c/e; done; echo more >>a/x/x/x/s/y.txt`)},
		{name: "folders turned inside out",
			setup: setup(`mkdir -p a/b/c e/f; echo one >a/x.txt; echo two >a/b/y.txt; echo three >a/b/c/z.txt; echo four >e/f/z.txt`),
			run:   run(`for i in 1 2 3; do mv a/b t; mv a t/b; mv t a; mv a/c a/b/c; mv e/f t; mv e t/f; mv t e; done; echo more >>a/x.txt; echo more >>a/b/c/z.txt`)},
		{name: "folders swapped by renameat2",
			setup: setup(`mkdir -p a b/c; echo a >a/x.txt; echo b >b/x.txt; echo c >b/c/x.txt`),
			run: func(p place) {
				must(p.t, exchange(filepath.Join(p.root, "a"), filepath.Join(p.root, "b")))
				put(p.t, filepath.Join(p.root, "a/c/x.txt"), "written after the swap")
				put(p.t, filepath.Join(p.root, "b/y.txt"), "written after the swap, too")
			}},
		{name: "folder swapped with a file",
			setup: setup(`mkdir a; echo a >a/x.txt; echo b >b`),
			run: func(p place) {
				must(p.t, exchange(filepath.Join(p.root, "a"), filepath.Join(p.root, "b")))
				put(p.t, filepath.Join(p.root, "b/y.txt"), "in the folder")
			}},
		{name: "files swapped by renameat2", one: true,
			setup: setup(`echo a >a.txt; echo b >b.txt`),
			run:   func(p place) { must(p.t, exchange(filepath.Join(p.root, "a.txt"), filepath.Join(p.root, "b.txt"))) }},
		{name: "folder moved in", one: true, setup: setup(`mkdir -p "$out/a/b"; echo one >"$out/a/x.txt"; echo two >"$out/a/b/y.txt"`), run: run(`mv "$out/a" a`)},
		{name: "folder moved in, then written into", setup: setup(`mkdir -p "$out/a/b"; echo one >"$out/a/x.txt"; echo two >"$out/a/b/y.txt"`),
			run: run(`mv "$out/a" a; echo three >a/b/y.txt; echo four >a/b/z.txt`), between: []string{"two\n"}},
		{name: "folder moved out, then written into", one: true,
			setup: setup(`mkdir -p a/b; echo one >a/x.txt; echo two >a/b/y.txt`),
			run:   run(`mv a "$out/a"; echo ghost >"$out/a/x.txt"; echo ghost >"$out/a/b/ghost.txt"`)},
		{name: "folder moved out and in again",
			setup:   setup(`mkdir -p a/b; echo one >a/x.txt; echo two >a/b/y.txt`),
			run:     run(`mv a "$out/a"; echo three >"$out/a/x.txt"; mv "$out/a" c; echo four >c/b/y.txt`),
			between: []string{"two\n", "three\n"}},
		{name: "folder renamed 300 times", // fsnotify leaves most of these unwatched, unless helped
			setup: setup(`mkdir a0; echo one >a0/x.txt`),
			run: func(p place) {
				for i := range 300 {
					must(p.t, os.Rename(filepath.Join(p.root, fmt.Sprintf("a%d", i)), filepath.Join(p.root, fmt.Sprintf("a%d", i+1))))
				}
				put(p.t, filepath.Join(p.root, "a300/x.txt"), "two")
			}},
		{name: "many folders renamed and removed",
			run: func(p place) {
				for i := range 300 {
					d := filepath.Join(p.root, fmt.Sprintf("d%d", i))
					must(p.t, os.Mkdir(d, 0o777))
					must(p.t, os.Rename(d, d+"x"))
					if i%2 == 0 {
						must(p.t, os.Remove(d+"x"))
					} else {
						put(p.t, d+"x/f.txt", fmt.Sprint(i))
					}
				}
			}},
		{name: "folder in the place of a file and back",
			setup: setup(`echo x >x.txt; mkdir y.txt; echo y >y.txt/z.txt`),
			run:   run(`rm x.txt; mkdir x.txt; echo in >x.txt/in.txt; rm -r y.txt; echo file >y.txt`)},
		{name: "hard link, written through one name", one: true,
			setup: setup(`mkdir a; echo one >x.txt; ln x.txt y.txt; ln x.txt a/z.txt`),
			run:   run(`echo two >x.txt`)},
		{name: "hard link, written through one name that is removed",
			setup: setup(`mkdir a b; for i in 1 2 3 4 5 6 7 8 9; do echo one >a/$i; ln a/$i b/$i; done`),
			run:   run(`for i in 1 2 3 4 5 6 7 8 9; do echo two >b/$i; rm b/$i; done`)},
		{name: "hard link, made, written through and removed",
			setup: setup(`mkdir a b; for i in 1 2 3 4 5 6 7 8 9; do echo one >a/$i; done`),
			run:   run(`for i in 1 2 3 4 5 6 7 8 9; do ln a/$i b/$i; echo two >b/$i; rm b/$i; done`), unheard: true},
		{name: "hard link, replaced under one name", one: true,
			setup: setup(`mkdir a; echo one >x.txt; ln x.txt y.txt; ln x.txt a/z.txt`),
			run:   run(`echo two >"$out/n"; mv "$out/n" y.txt`)},
		{name: "hard link, written through a name outside", unheard: true,
			setup: setup(`mkdir a; echo one >x.txt; ln x.txt a/y.txt; ln x.txt "$out/z.txt"`),
			run:   run(`echo two >"$out/z.txt"`)},
		{name: "hard link, made in the tree to a file outside", one: true,
			setup: setup(`echo one >"$out/z.txt"`),
			run:   run(`ln "$out/z.txt" x.txt`)},
		{name: "symlink to a file, the target written", one: true,
			setup: setup(`echo one >"$out/x.txt"; ln -s "$out/x.txt" x.txt`),
			run:   run(`echo two >"$out/x.txt"`)},
		{name: "symlink to a file, the target replaced", one: true,
			setup: setup(`echo one >"$out/x.txt"; ln -s "$out/x.txt" x.txt`),
			run:   run(`echo two >"$out/n"; mv "$out/n" "$out/x.txt"`)},
		{name: "symlink to a file, over a folder that is moved",
			setup: setup(`mkdir -p "$out/a/b" "$out/c/b"; echo one >"$out/a/b/x.txt"; echo two >"$out/c/b/x.txt"; ln -s "$out/a/b/x.txt" x.txt`),
			run:   run(`mv "$out/a" "$out/z"; mv "$out/c" "$out/a"`)},
		{name: "symlink to a file, over a symlink set to another folder", one: true,
			setup: setup(`mkdir "$out/a" "$out/b"; echo one >"$out/a/x.txt"; echo two >"$out/b/x.txt"; ln -s "$out/a" "$out/l"; ln -s "$out/l/x.txt" x.txt`),
			run:   run(`ln -s "$out/b" "$out/n"; mv -T "$out/n" "$out/l"`)},
		{name: "symlink in the tree over a folder moved out and made anew",
			setup: setup(`mkdir -p a/b c; echo one >a/b/x.txt; ln -s ../a/b/x.txt c/l.txt`),
			run:   run(`mv a "$out/a"; mkdir -p a/b; echo two >a/b/x.txt; echo ghost >"$out/a/b/x.txt"`)},
		{name: "symlink to a folder is not gone into", one: true,
			setup: setup(`mkdir "$out/a"; echo one >"$out/a/x.txt"; ln -s "$out/a" a; ln -s . here`),
			run:   run(`echo two >"$out/a/x.txt"; ln -s "$out/a" b; echo done >done.txt`)},
		{name: "symlink to a folder in the place of a folder and back",
			setup: setup(`mkdir "$out/a"; echo one >"$out/a/x.txt"; ln -s "$out/a" a; mkdir b; echo two >b/x.txt`),
			run:   run(`rm a; mkdir a; echo three >a/x.txt; rm -r b; ln -s "$out/a" b; echo four >"$out/a/x.txt"`)},
		{name: "symlink whose target comes and goes",
			setup: setup(`ln -s "$out/x.txt" x.txt; ln -s "$out/y.txt" y.txt; echo y >"$out/y.txt"`),
			run:   run(`echo one >"$out/x.txt"; rm "$out/y.txt"`)},
		{name: "ConfigMap", one: true,
			setup: setup(`mkdir ..2026_01; echo one >..2026_01/key.txt; echo same >..2026_01/same.txt; ln -s ..2026_01 ..data; ln -s ..data/key.txt key.txt; ln -s ..data/same.txt same.txt`),
			run:   run(`mkdir ..2026_02; echo two >..2026_02/key.txt; echo same >..2026_02/same.txt; ln -s ..2026_02 ..data_tmp; mv -T ..data_tmp ..data; rm -r ..2026_01`)},
	}
}

// TestChanges lets tools change a tree; the stream alone tells of all of it.
func TestChanges(t *testing.T) {
	t.Parallel()
	for _, mode := range []watch.Mode{watch.Inotify, watch.Fsnotify, watch.Poll} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			for _, c := range changes() {
				t.Run(c.name, func(t *testing.T) {
					need(t, c.tools...)
					one := false
					for try := 0; try < 3 && !one && !t.Failed(); try++ {
						one = c.seen(t, mode) || !c.one || mode == watch.Poll // a poll may come between
					}
					if !one {
						t.Error("never one batch, in three tries")
					}
				})
			}
		})
	}
}

func (c change) seen(t *testing.T, mode watch.Mode) (one bool) {
	t.Helper()
	p := newPlace(t)
	if c.setup != nil {
		c.setup(p)
	}
	before := walk(t, p.root)
	f := openFolder(t, p.root, watch.Options{Mode: mode})
	st := follow(t, f)
	c.run(p)
	if mode == watch.Poll || c.unheard {
		st.settle(p.root) // TestSavesPolled waits for the poll itself
	}
	st.untilEqual(p.root)
	st.settle(p.root)
	whole := map[watch.Hash]bool{}
	for _, v := range []view{before, walk(t, p.root)} {
		for _, hash := range v {
			whole[hash] = true
		}
	}
	for _, text := range c.between {
		whole[hashOf(text)] = true
	}
	if !c.one && c.name != "chmod and touch are no change" {
		whole[hashOf("")] = true // a shell's > is there, empty, before the command starts
	}
	st.wantWhole(whole)
	if mode != watch.Poll {
		wantWatched(t, f, p)
	}
	batches := st.since(0)
	if len(batches) != 1 {
		t.Logf("%d batches:\n%s", len(batches), st.log())
	}
	return len(batches) == 1
}
