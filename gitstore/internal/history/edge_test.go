package history_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty/gitstore/internal/history"
	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// line makes a chain of commits that have one file each, with these texts.
func (w *world) line(path string, texts ...string) (chain []*commit) {
	for i, text := range texts {
		c := commit{seconds: 1_700_000_000 + int64(i), files: map[string]leaf{}}
		if text != "" {
			c.files[path] = file(text)
		}
		var parents []object.ID
		if i > 0 {
			parents = []object.ID{chain[i-1].id}
		}
		chain = append(chain, w.add(c, parents...))
	}
	return chain
}

func advance(t testing.TB, ix *history.Index, tip object.ID) *history.Index {
	t.Helper()
	next, _, err := ix.Advance(t.Context(), tip)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

// TestDamagedObjects has each commit and tree of a history missing and damaged
// in turn: the error names it, and what was known stays.
func TestDamagedObjects(t *testing.T) {
	t.Parallel()
	w := newWorld()
	chain := w.line("p/q/sub/a.md", "1", "2", "3", "4", "5", "6")
	known := history.New(w, scope, history.Overrides{})
	advance(t, known, chain[2].id)
	built := newModel(scope)
	for _, c := range chain[:3] {
		built = built.after(c)
	}
	whole := maps.Clone(w.objects)
	fresh := 0
	for id, data := range whole {
		for _, bad := range [][]byte{nil, data[:20], []byte("what is this?\n")} {
			w.objects[id] = bad
			if bad == nil {
				delete(w.objects, id)
			}
			_, _, err := known.Advance(t.Context(), chain[5].id)
			if err != nil {
				fresh++
				if !strings.Contains(err.Error(), id.String()) {
					t.Errorf("the error does not name %s: %v", id, err)
				}
			} else if _, _, err = history.New(w, scope, history.Overrides{}).Advance(t.Context(), chain[5].id); err == nil {
				t.Errorf("no error for an object with the content %q", bad)
			}
			if err == nil {
				continue
			}
			if fork, err := known.Fork(t.Context(), chain[5].id); fresh == 1 && err == nil {
				t.Errorf("Fork with a damaged object: %v", fork)
			}
			known = advance(t, known, chain[2].id)
			built.check(t, "after the error", known.View())
		}
		w.objects[id] = data
	}
	if want := 3 * (3*4 + 2 + 4); fresh < want-6 { // three commits with four trees each, and what stands before them
		t.Errorf("%d of some %d damaged objects were noticed", fresh, want)
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	w := newWorld()
	chain := w.line("p/q/a.md", "1", "2", "3")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	ix := history.New(w, scope, history.Overrides{})
	if _, _, err := ix.Advance(ctx, chain[2].id); err != context.Canceled {
		t.Errorf("Advance: %v", err)
	}
	if _, err := ix.Fork(ctx, chain[2].id); err != context.Canceled {
		t.Errorf("Fork: %v", err)
	}
	newModel(scope).check(t, "cancelled", ix.View())
	ctx, why := context.WithCancelCause(t.Context())
	why(errors.New("the user went home"))
	if _, err := ix.Fork(ctx, chain[2].id); err != context.Canceled {
		t.Errorf("Fork, cancelled for a reason: %v", err)
	}
}

// TestLong has a chain of several runs, each of whose commits matters.
func TestLong(t *testing.T) {
	t.Parallel()
	w := newWorld()
	texts := make([]string, 1600)
	for i := range texts {
		texts[i] = []string{"a", "", "b"}[i%3]
	}
	chain := w.line("p/q/a.md", texts...)
	m := newModel(scope)
	for _, c := range chain {
		m = m.after(c)
	}
	for end := range 3 { // where the runs end is another commit each time
		over := history.Overrides{Parents: map[object.ID][]object.ID{chain[len(chain)-1].id: {chain[len(chain)-2-end].id}}}
		ix := advance(t, history.New(w, scope, over), chain[len(chain)-1].id)
		if end == 0 {
			m.check(t, "all", ix.View())
		}
		deleted := 0
		for i := range len(chain) - 2 - end {
			if v, ok := ix.At(chain[i].id); ok && v.Len() == 0 {
				deleted++
			}
		}
		if want := (len(chain) - 2 - end + 1) / 3; deleted != want {
			t.Errorf("%d deletions, want %d", deleted, want)
		}
	}
}

// TestWaiting cancels a call that waits for another one's reading.
func TestWaiting(t *testing.T) {
	t.Parallel()
	w := newWorld()
	chain := w.line("p/q/a.md", "1", "2")
	ix := history.New(w, scope, history.Overrides{})
	w.gate = make(chan chan struct{})
	done := make(chan error)
	go func() {
		_, _, err := ix.Advance(t.Context(), chain[0].id)
		done <- err
	}()
	reading := <-w.gate
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	same, _, err := ix.Advance(ctx, chain[1].id)
	if err != context.Canceled || same != ix {
		t.Errorf("Advance beside another one: %v", err)
	}
	if ix.View().Len() != 0 {
		t.Error("what is being read is there already")
	}
	close(reading)
	if err := <-done; err != nil || ix.View().Len() != 1 {
		t.Errorf("Advance: %v, %d paths", err, ix.View().Len())
	}
}

// TestCycle has first parents that lead in a circle, as grafts can.
func TestCycle(t *testing.T) {
	t.Parallel()
	w := newWorld()
	chain := w.line("p/q/a.md", strings.Split("1 2 3 4 5 6 7 8 9", " ")...)
	for from := range chain {
		over := history.Overrides{Parents: map[object.ID][]object.ID{chain[from].id: {chain[7].id}}}
		_, _, err := history.New(w, scope, over).Advance(t.Context(), chain[8].id)
		if from == 8 {
			if err != nil {
				t.Errorf("a graft onto the parent: %v", err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), "lead back") {
			t.Errorf("a circle of %d: %v", 8-from, err)
		}
	}
	over := history.Overrides{Replace: map[object.ID]object.ID{chain[0].id: chain[1].id, chain[1].id: chain[0].id}}
	if _, _, err := history.New(w, scope, over).Advance(t.Context(), chain[8].id); err == nil {
		t.Error("two commits that replace each other: no error")
	}
}

// TestBomb has trees that name one another, so that they hold more files than
// fit anywhere, or lie deeper than anything.
func TestBomb(t *testing.T) {
	t.Parallel()
	w := newWorld()
	wide := w.put(object.KindTree, object.AppendEntry(nil, object.Entry{Mode: object.ModeFile, Name: []byte("a.txt"), ID: blob("x")}))
	for range 30 {
		var data []byte
		for name := 'a'; name < 'f'; name++ {
			data = object.AppendEntry(data, object.Entry{Mode: object.ModeTree, Name: []byte{byte(name)}, ID: wide})
		}
		wide = w.put(object.KindTree, data)
	}
	deep := wide
	for range 3000 {
		deep = w.put(object.KindTree, object.AppendEntry(nil, object.Entry{Mode: object.ModeTree, Name: []byte("a"), ID: deep}))
	}
	for what, tree := range map[string]object.ID{"after 50000, too many files": wide, "more than 2048 deep": deep} {
		raw := fmt.Sprintf("tree %s\nauthor A <a> 1 +0000\ncommitter A <a> 1 +0000\n\nbomb\n", tree)
		tip := w.put(object.KindCommit, []byte(raw))
		ix := history.New(w, history.Scope{Ext: ".md"}, history.Overrides{})
		ix.Limit(50000)
		_, _, err := ix.Advance(t.Context(), tip)
		if err == nil || !strings.Contains(err.Error(), what) || !strings.Contains(err.Error(), tip.String()) {
			t.Errorf("error %.300v, want one that says %q", err, what)
		}
	}
}

// TestOutOfScope has a large repository around the folder with the prompts:
// nothing there is read, and commits there are hardly remembered.
func TestOutOfScope(t *testing.T) {
	t.Parallel()
	w := newWorld()
	c := w.add(commit{files: map[string]leaf{"p/q/a.md": file("1"), "other/deep/x.md": file("0")}})
	first := c
	var chain []*commit
	for i := range 3000 {
		c = w.add(commit{files: map[string]leaf{"p/q/a.md": file("1"), "other/deep/x.md": file(fmt.Sprint(i))}}, c.id)
		chain = append(chain, c)
	}
	ix := history.New(w, scope, history.Overrides{})
	advance(t, ix, c.id)
	if most := 2*(len(chain)+1) + 20; w.reads > most {
		t.Errorf("%d objects were read, want at most %d: a commit and its root each", w.reads, most)
	}
	if v, ok := ix.View().Latest("p/q/a.md"); !ok || v.Commit != first.id {
		t.Errorf("Latest = %v, %v", v, ok)
	}
	kept := 0
	for _, c := range chain {
		if _, ok := ix.At(c.id); ok {
			kept++
		}
	}
	if kept != 3 {
		t.Errorf("%d commits were kept, want the tip and each 1024th", kept)
	}
	// The branch goes back a little: only some commits are read again.
	w.reads = 0
	next, up, err := ix.Advance(t.Context(), chain[2500].id)
	if err != nil {
		t.Fatal(err)
	}
	if !up.Rewritten || up.Changed != nil || up.Renumbered != nil || w.reads > 1100*2 {
		t.Errorf("update %+v after %d reads", up, w.reads)
	}
	if v, ok := next.View().Latest("p/q/a.md"); !ok || v.N != 1 || v.Commit != first.id {
		t.Errorf("Latest = %v, %v", v, ok)
	}
	// Small steps count as long ones.
	for i := 2501; i < len(chain); i++ {
		next = advance(t, next, chain[i].id)
	}
	w.reads = 0
	if advance(t, next, chain[2900].id); w.reads > 1100*2 {
		t.Errorf("%d objects were read to go back after small steps", w.reads)
	}
}

// TestReadOnce makes sure that a history takes as many reads as it has objects.
func TestReadOnce(t *testing.T) {
	t.Parallel()
	w := newWorld()
	files := map[string]leaf{}
	for d := range 10 {
		for f := range 10 {
			files[fmt.Sprintf("p/q/%d/%d.md", d, f)] = file(fmt.Sprint(d))
		}
	}
	c := w.add(commit{files: files})
	for i := range 400 {
		files = maps.Clone(files)
		files[fmt.Sprintf("p/q/%d/%d.md", i*7%10, i%10)] = file(fmt.Sprint(i))
		c = w.add(commit{files: files}, c.id)
	}
	advance(t, history.New(w, scope, history.Overrides{}), c.id)
	if w.reads != len(w.objects) {
		t.Errorf("%d reads of %d objects", w.reads, len(w.objects))
	}
}

func TestFarApart(t *testing.T) {
	t.Parallel()
	w := newWorld()
	ix := history.New(w, scope, history.Overrides{})
	one, other := w.line("p/q/a.md", "1", "2"), w.line("p/q/b.md", "x", "", "y")
	ix = advance(t, ix, one[1].id)
	old := ix.View()
	ix, up, err := ix.Advance(t.Context(), other[2].id)
	if err != nil {
		t.Fatal(err)
	}
	want := history.Update{
		From: one[1].id, To: other[2].id, Rewritten: true, Renumbered: []string{"p/q/a.md"},
		Changed: []history.Change{{Path: "p/q/a.md", Kind: history.Deleted}, {Path: "p/q/b.md", Kind: history.Created}},
	}
	if diff := cmp.Diff(want, up); diff != "" {
		t.Errorf("update (-want +got):\n%s", diff)
	}
	if v, _ := ix.View().Latest("p/q/b.md"); v.N != 2 {
		t.Errorf("Latest = %v", v)
	}
	// The branch is deleted, and comes back.
	ix, up, err = ix.Advance(t.Context(), object.ID{})
	if err != nil || !up.Rewritten || len(up.Changed) != 1 || up.Changed[0].Kind != history.Deleted || ix.View().Len() != 0 || !ix.View().Tip().IsZero() {
		t.Errorf("update %+v, %v, then %q", up, err, ix.View().Paths(""))
	}
	ix, up, err = ix.Advance(t.Context(), one[1].id)
	if err != nil || up.Rewritten || len(up.Changed) != 1 || up.Changed[0].Kind != history.Created {
		t.Errorf("update %+v, %v", up, err)
	}
	if a, b := old.Versions("p/q/a.md"), ix.View().Versions("p/q/a.md"); !slices.Equal(a, b) || len(a) != 2 {
		t.Errorf("Versions = %v, then %v", a, b)
	}
	if _, up, err = ix.Advance(t.Context(), one[1].id); err != nil || up.Rewritten || up.Changed != nil {
		t.Errorf("update to the tip itself: %+v, %v", up, err)
	}
}

func TestAppend(t *testing.T) {
	t.Parallel()
	w := newWorld()
	chain := w.line("p/q/a.md", "1", "2", "3")
	ix := history.New(w, scope, history.Overrides{})
	w.reads = 0
	edit := func(text string) []history.Edit {
		return []history.Edit{{Path: "p/q/a.md", Blob: blob(text)}, {Path: "README.md", Blob: blob(text)}, {Path: "p/q/.md", Blob: blob(text)}}
	}
	if _, err := ix.Append(chain[1].id, chain[1].raw, edit("2")); !errors.Is(err, history.ErrNotNext) {
		t.Errorf("Append of a commit in the middle to nothing: %v", err)
	}
	for i, text := range []string{"1", "2"} {
		up, err := ix.Append(chain[i].id, chain[i].raw, edit(text))
		if err != nil || len(up.Changed) != 1 || up.To != chain[i].id {
			t.Errorf("Append %d: %+v, %v", i, up, err)
		}
	}
	if _, err := ix.Append(chain[1].id, chain[1].raw, edit("2")); !errors.Is(err, history.ErrNotNext) {
		t.Errorf("Append of the tip: %v", err)
	}
	if _, err := ix.Append(chain[2].id, []byte("tree?"), nil); err == nil || errors.Is(err, history.ErrNotNext) {
		t.Errorf("Append of what is no commit: %v", err)
	}
	if got := ix.View().Versions("p/q/a.md"); len(got) != 2 || got[0].Commit != chain[1].id {
		t.Errorf("Versions = %v", got)
	}
	if w.reads != 0 {
		t.Errorf("Append read %d objects", w.reads)
	}
	advance(t, ix, chain[2].id)
	if got := ix.View().Versions("p/q/a.md"); len(got) != 3 {
		t.Errorf("Versions = %v", got)
	}
}

// TestMessages are commits as others write them: what makes a version of p/q/a.md,
// which they leave as it was, and when.
func TestMessages(t *testing.T) {
	t.Parallel()
	const author = "author A <a> 1700000000 +0000\n"
	tests := []struct {
		what, author, header, message string
		saved                         bool
		nano                          int64
	}{
		{"plain", author, "", "s\n", false, 0},
		{"saved", author, "", "s\n\nPrompty-Save: a\n", true, 1700000000e9},
		{"any case", author, "", "s\n\nprompty-SAVE: a\n", true, 1700000000e9},
		{"no final line end", author, "", "s\n\nPrompty-Save: a", true, 1700000000e9},
		{"white space", author, "", "s\n\nPrompty-Save:   a  \n", true, 1700000000e9},
		{"folded", author, "", "s\n\nPrompty-Save:\n  a\n", true, 1700000000e9},
		{"a subject", author, "", "Prompty-Save: a\n", false, 0},
		{"no trailer", author, "", "s\n\nPrompty-Save: a\n\nthe end\n", false, 0},
		{"another name", author, "", "s\n\nPrompty-Save: b\n", false, 0},
		{"nothing at all", author, "", "", false, 0},
		{"our path", author, "", "s\n\nPrompty-Save: a\nPrompty-Path: p/q/a.md\n", true, 1700000000e9},
		{"another path", author, "", "s\n\nPrompty-Save: a\nPrompty-Path: p/q/b.md\n", false, 0},
		{"nanoseconds", author, "prompty {\"ns\":7,\"by\":\"x\"}\n", "s\n\nPrompty-Save: a\n", true, 1700000000e9 + 7},
		{"nanoseconds elsewhere", author, "prompty {\"by\":\"x\",\"ns\":8}\n", "s\n\nPrompty-Save: a\n", true, 1700000000e9 + 8},
		{"a whole second", author, "prompty {\"ns\":1000000000}\n", "s\n\nPrompty-Save: a\n", true, 1700000000e9},
		{"less than nothing", author, "prompty {\"ns\":-1}\n", "s\n\nPrompty-Save: a\n", true, 1700000000e9},
		{"no JSON", author, "prompty {\n", "s\n\nPrompty-Save: a\n", true, 1700000000e9},
		{"no author", "", "", "s\n\nPrompty-Save: a\n", true, 1e9 + 1e6},
		{"no time", "author A <a>\n", "", "s\n\nPrompty-Save: a\n", true, 1e9 + 1e6},
		{"no number", "author A <a> soon\n", "", "s\n\nPrompty-Save: a\n", true, 1e9 + 1e6},
		{"before the version before", "author A <a> -5 +0000\n", "", "s\n\nPrompty-Save: a\n", true, 1e9 + 1e6},
		{"the far future", "author A <a> 99999999999 +0000\n", "", "s\n\nPrompty-Save: a\n", true, 9e18},
		{"names with '>'", "author A> B <a> 1700000000 -0500\n", "", "s\n\nPrompty-Save: a\n", true, 1700000000e9},
	}
	for _, tt := range tests {
		w := newWorld()
		tree := w.tree(map[string]leaf{"p/q/a.md": file("x")})
		root := w.put(object.KindCommit, fmt.Appendf(nil, "tree %s\nauthor A <a> 1 +0000\ncommitter A <a> 1 +0000\n\nroot\n", tree))
		c := w.put(object.KindCommit, fmt.Appendf(nil, "tree %s\nparent %s\n%scommitter A <a> 1700000009 +0000\n%s\n%s", tree, root, tt.author, tt.header, tt.message))
		ix := advance(t, history.New(w, scope, history.Overrides{}), c)
		v, ok := ix.View().Version("p/q/a.md", 2)
		if ok != tt.saved || ok && (v.Nano != tt.nano || v.Commit != c) {
			t.Errorf("%s: version 2 is %v, %v, want %v at %d", tt.what, v, ok, tt.saved, tt.nano)
		}
		if ok && !v.Time().Equal(time.Unix(0, tt.nano)) {
			t.Errorf("%s: Time() = %v", tt.what, v.Time())
		}
	}
}

func TestZeroView(t *testing.T) {
	t.Parallel()
	newModel(scope).check(t, "zero", history.View{})
	if v, ok := (history.View{}).ByCommit("p/q/a.md", blob("x")); ok {
		t.Errorf("ByCommit = %v", v)
	}
}

// TestBeside reads old and new states while the index grows: each stays as it
// was.
func TestBeside(t *testing.T) {
	t.Parallel()
	w := newWorld()
	var texts []string
	for i := range 400 {
		texts = append(texts, []string{"a", "b", ""}[i%3])
	}
	chain := w.line("p/q/a.md", texts...)
	models := map[object.ID]*model{}
	m := newModel(scope)
	for _, c := range chain {
		m = m.after(c)
		models[c.id] = m
	}
	ix := advance(t, history.New(w, scope, history.Overrides{}), chain[0].id)
	first := ix.View()
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				for _, v := range []history.View{first, ix.View()} {
					want := models[v.Tip()]
					if got := v.Versions("p/q/a.md"); !slices.Equal(got, want.live("p/q/a.md")) {
						t.Errorf("at %s: Versions = %v, want %v", v.Tip(), got, want.live("p/q/a.md"))
						return
					}
					if live := len(v.Paths("")); (live == 1) != (len(want.live("p/q/a.md")) > 0) {
						t.Errorf("at %s: %d paths", v.Tip(), live)
						return
					}
					if _, err := ix.Fork(t.Context(), v.Tip()); err != nil {
						t.Error(err)
						return
					}
					ix.Encode()
				}
			}
		})
	}
	for _, c := range chain[1:] {
		advance(t, ix, c.id)
	}
	close(done)
	readers.Wait()
}
