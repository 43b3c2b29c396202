//go:build linux

package watch_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-prompty/prompty/watch"
)

// A save is one way in which a tool changes one file from one text to the next.
type save struct {
	name  string
	tools []string
	// run makes x.txt hold text. Its old text is prev, which differs by "v1"
	// and "v2" only; the new text lies in the file src, outside of the tree.
	run func(p place, prev, text string)
	// beside: the tool finishes another file first, under a name that says
	// nothing, so that one may be told of, too.
	beside bool
	// empties: the tool leaves the file empty and closed for a moment, which is
	// not to be told if that is short.
	empties bool
}

// A place is a watched folder and one beside it that is not.
type place struct {
	t         testing.TB
	root, out string
}

func (p place) file() string { return filepath.Join(p.root, "x.txt") }
func (p place) src() string  { return filepath.Join(p.out, "src.txt") }

func (p place) sh(script string) {
	p.t.Helper()
	run(p.t, p.root, "sh", "-c", "set -e; src='"+p.src()+"'; out='"+p.out+"'; "+script)
}

func sh(script string) func(place, string, string) {
	return func(p place, _, _ string) { p.t.Helper(); p.sh(script) }
}

// text is several blocks of text, so that half of one is easily read.
func text(n int) string {
	var b strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&b, "line %d of the text, v%d\n", i, n)
	}
	return b.String()
}

// edit is a sed command that makes of one text the next.
func edit(prev, text string) (from, to string) {
	word := func(s string) string { return strings.TrimSpace(s[strings.LastIndex(s, "v"):]) }
	return word(prev), word(text)
}

func saves() []save {
	vim := func(args ...string) func(place, string, string) {
		return func(p place, prev, text string) {
			from, to := edit(prev, text)
			run(p.t, p.root, "vim", append(append([]string{"-u", "NONE", "-i", "NONE", "-es"}, args...),
				"-c", "set swapfile directory=. updatecount=1", "-c", "%s/"+from+"$/"+to+"/", "-c", "wq", "x.txt")...)
		}
	}
	emacs := func(setting string) func(place, string, string) {
		return func(p place, prev, text string) {
			from, to := edit(prev, text)
			run(p.t, p.root, "emacs", "-Q", "--batch", "--eval", "(progn "+setting+` (find-file "x.txt") (while (search-forward "`+from+`" nil t) (replace-match "`+to+`")) (save-buffer))`)
		}
	}
	return []save{
		{name: "shell >", run: sh(`cat "$src" >x.txt`)},
		{name: "shell > twice", empties: true, run: sh(`: >x.txt; sleep 0.01; cat "$src" >x.txt`)},
		{name: "tee", run: sh(`tee x.txt <"$src" >/dev/null`)},
		{name: "cp", run: sh(`cp "$src" x.txt`)},
		{name: "cp -p", run: sh(`cp -p "$src" x.txt`)},
		{name: "cp --remove-destination", run: sh(`cp --remove-destination "$src" x.txt`)},
		{name: "install", run: sh(`install -m 644 "$src" x.txt`)},
		{name: "tmp and mv", run: sh(`cp "$src" x.txt.new; mv x.txt.new x.txt`), beside: true},
		{name: "hidden tmp and mv", run: sh(`cp "$src" .x.txt.tmp; mv .x.txt.tmp x.txt`)},
		{name: "mv from outside", run: sh(`cp "$src" "$out/new"; mv "$out/new" x.txt`)},
		{name: "ln -f", beside: true, run: sh(`rm -f "$out/link"; cp "$src" "$out/link"; ln -f "$out/link" x.txt`)},
		{name: "dd in place, same size", tools: []string{"dd"}, run: sh(`dd if="$src" of=x.txt conv=notrunc bs=4k 2>/dev/null`)},
		{name: "same size, mtime preserved", run: sh(`touch -r x.txt "$out/time"; cp "$src" x.txt; touch -r "$out/time" x.txt`)},
		{name: "sed -i", tools: []string{"sed"}, beside: true, run: func(p place, prev, text string) {
			from, to := edit(prev, text)
			run(p.t, p.root, "sed", "-i", "s/"+from+"$/"+to+"/", "x.txt")
		}},
		{name: "perl -i", tools: []string{"perl"}, beside: true, run: func(p place, prev, text string) {
			from, to := edit(prev, text)
			run(p.t, p.root, "perl", "-pi", "-e", "s/"+from+"$/"+to+"/", "x.txt")
		}},
		{name: "rsync", tools: []string{"rsync"}, beside: true, run: sh(`rsync --ignore-times "$src" x.txt`)},
		{name: "rsync -a --inplace", tools: []string{"rsync"}, run: sh(`rsync -a --ignore-times --inplace "$src" x.txt`)},
		{name: "patch", tools: []string{"patch", "diff"}, beside: true, run: sh(`diff -u x.txt "$src" >"$out/patch" || true; patch -s x.txt "$out/patch"`)},
		{name: "vim backupcopy=yes", tools: []string{"vim"}, run: vim("-c", "set backupcopy=yes")},
		{name: "vim backupcopy=no", tools: []string{"vim"}, run: vim("-c", "set backupcopy=no")},
		{name: "vim backupcopy=auto", tools: []string{"vim"}, run: vim("-c", "set backupcopy=auto")},
		{name: "vim backup backupcopy=no", tools: []string{"vim"}, run: vim("-c", "set backup backupcopy=no")},
		{name: "emacs", tools: []string{"emacs"}, run: emacs("(setq backup-by-copying nil)")},
		{name: "emacs backup-by-copying", tools: []string{"emacs"}, run: emacs("(setq backup-by-copying t)")},
		{name: "emacs file-precious-flag", tools: []string{"emacs"}, run: emacs("(setq file-precious-flag t)"), beside: true},
		{name: "VS Code", run: saveCode},
		{name: "JetBrains", run: saveJetBrains},
		{name: "GNOME", run: saveGnome},
		{name: "atomic write by fsync and rename", run: saveAtomic},
		{name: "in pieces", run: saveInPieces},
		{name: "mmap", run: saveMapped},
		{name: "mmap without msync", run: func(p place, _, text string) { mapped(p, text, false) }},
		{name: "renameat2 exchange", run: saveExchanged, beside: true},
		{name: "delete and create", run: func(p place, _, text string) {
			must(p.t, os.Remove(p.file()))
			put(p.t, p.file(), text)
		}},
	}
}

// TestSaves lets each tool save a file in its own way: the stream alone tells
// of the new text, of nothing else, and where the tool makes one step of it, in
// one batch.
func TestSaves(t *testing.T) {
	t.Parallel()
	for _, mode := range []watch.Mode{watch.Inotify, watch.Fsnotify} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			for _, s := range saves() {
				t.Run(s.name, func(t *testing.T) {
					need(t, s.tools...)
					p := newPlace(t)
					put(t, p.file(), text(0))
					put(t, filepath.Join(p.root, "other.txt"), "untouched")
					f := openFolder(t, p.root, watch.Options{Mode: mode})
					if s.saveSeen(p, f, follow(t, f)) {
						return
					}
					t.Errorf("never one batch, in three tries; the last: %s", follow(t, f).log())
				})
			}
		})
	}
}

// saveSeen saves until the save was told in one batch, at most three times. A
// tool that the system stops between two of its steps for longer than the
// watch waits may be told in two; one that always is, is not understood.
func (s save) saveSeen(p place, f *watch.Folder, st *stream) bool {
	p.t.Helper()
	whole := map[watch.Hash]bool{hashOf(text(0)): true, hashOf("untouched"): true, hashOf(""): s.empties}
	for try := 1; try <= 3; try++ {
		n := st.count()
		prev, body := text(try-1), text(try)
		put(p.t, p.src(), body)
		s.run(p, prev, body)
		if got, err := os.ReadFile(p.file()); err != nil || string(got) != body {
			p.t.Fatalf("the tool did not save: %v, %d bytes, want %d", err, len(got), len(body))
		}
		st.untilHas("x.txt", body)
		st.settle(p.root)
		whole[hashOf(body)] = true
		batches := st.since(n)
		told := 0
		for _, b := range batches {
			for _, c := range b.Changes {
				switch {
				case c.Name == "x.txt" && c.Kind == watch.Changed:
					told++
				case c.Name == "x.txt":
					told += 2
				case c.Name == "other.txt" || !s.beside:
					p.t.Errorf("told of a file that nobody touched: %+v", c)
				}
				if c.Name != "x.txt" && c.Kind != watch.Deleted {
					whole[c.Hash] = true // the tool's own file is the tool's affair
				}
			}
		}
		st.wantWhole(whole)
		if told == 1 && (s.beside || len(batches) == 1) {
			return true
		}
		p.t.Logf("try %d: %s", try, st.log())
	}
	return false
}

// TestSavesPolled is all of them where nothing but looking again and again
// finds a change: all into one tree, which is watched the whole time.
func TestSavesPolled(t *testing.T) {
	t.Parallel()
	top := newPlace(t)
	var all []save
	for _, s := range saves() {
		ok := true
		for _, tool := range s.tools {
			t.Run(s.name, func(t *testing.T) {
				ok = false // need ends the subtest if a tool is missing
				need(t, tool)
				ok = true
			})
		}
		if ok {
			all = append(all, s)
			put(t, filepath.Join(top.root, s.name, "x.txt"), text(0))
		}
	}
	f := openFolder(t, top.root, watch.Options{Mode: watch.Poll})
	if mode := f.Status().Mode; mode != "poll" {
		t.Errorf("mode %q, want poll", mode)
	}
	st := follow(t, f)
	whole := map[watch.Hash]bool{hashOf(text(0)): true, hashOf(""): true}
	for n := 1; n <= 2; n++ {
		whole[hashOf(text(n))] = true
		put(t, top.src(), text(n))
		for _, s := range all {
			s.run(place{t, filepath.Join(top.root, s.name), top.out}, text(n-1), text(n))
		}
		// The first time by itself, then on demand.
		if n == 1 {
			st.untilEqual(top.root)
		}
		st.settle(top.root)
		want := view{}
		for _, s := range all {
			want[s.name+"/x.txt"] = hashOf(text(n))
		}
		if got := listed(f); !maps.Equal(got, want) {
			t.Errorf("after round %d: %d files listed, want %d", n, len(got), len(want))
		}
	}
	st.wantWhole(whole)
}

// newPlace makes two folders that do not lie below the system's folder for
// temporary files: there, vim and emacs save in another way than elsewhere.
func newPlace(t testing.TB) place {
	t.Helper()
	base := homeFolder(t)
	p := place{t, filepath.Join(base, "root"), filepath.Join(base, "out")}
	must(t, os.Mkdir(p.root, 0o777))
	must(t, os.Mkdir(p.out, 0o777))
	return p
}

func homeFolder(t testing.TB) string {
	t.Helper()
	var bases []string
	if dir, err := os.UserCacheDir(); err == nil && os.MkdirAll(dir, 0o777) == nil {
		bases = append(bases, dir)
	}
	if dir, err := os.Getwd(); err == nil {
		bases = append(bases, dir)
	}
	for _, base := range bases {
		if strings.HasPrefix(base, "/tmp/") || strings.HasPrefix(base, "/var/tmp/") || strings.HasPrefix(base, os.TempDir()+"/") {
			continue
		}
		dir, err := os.MkdirTemp(base, "Test-prompty-watch")
		if err != nil {
			continue
		}
		t.Cleanup(func() { os.RemoveAll(dir) })
		return dir
	}
	lacking(t, "home", fmt.Errorf("no folder outside of %s can be written", os.TempDir()))
	return ""
}
