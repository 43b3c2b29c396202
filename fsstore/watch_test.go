package fsstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/internal/feed"
	"github.com/go-prompty/prompty/watch"
	"github.com/google/go-cmp/cmp"
)

// hearing is one who watches a store.
type hearing struct {
	t  testing.TB
	s  *Store
	ch <-chan prompty.ChangeBatch
}

func hear(t testing.TB, s *Store) *hearing {
	t.Helper()
	ch, err := s.Watch(t.Context())
	if err != nil {
		t.Fatalf("Watch: %v", err)
	}
	return &hearing{t, s, ch}
}

// next returns the next batch that tells more than how the folder is watched.
func (h *hearing) next() prompty.ChangeBatch {
	h.t.Helper()
	for {
		b := h.any()
		if b.All || len(b.Changes) > 0 {
			return b
		}
	}
}

func (h *hearing) any() prompty.ChangeBatch {
	h.t.Helper()
	select {
	case b, ok := <-h.ch:
		if !ok {
			h.t.Fatal("the channel was closed")
		}
		return b
	case <-time.After(time.Minute): // not to hang
		h.t.Fatal("nothing was reported within a minute")
	}
	panic("unreachable")
}

func show(b prompty.ChangeBatch) string {
	var list []string
	if b.All {
		list = append(list, "all")
	}
	for _, c := range b.Changes {
		list = append(list, string(c.Kind)+" "+c.Name)
	}
	return strings.Join(list, ", ")
}

// wants takes one batch and compares it.
func (h *hearing) wants(want string) prompty.ChangeBatch {
	h.t.Helper()
	b := h.next()
	if got := show(b); got != want {
		h.t.Errorf("the batch is %q, want %q", got, want)
	}
	return b
}

// wantsAll takes batches until together they tell what is wanted.
func (h *hearing) wantsAll(want string) {
	h.t.Helper()
	kinds := map[string]prompty.ChangeKind{}
	for {
		var sum prompty.ChangeBatch
		b := h.next()
		for _, c := range b.Changes {
			if kinds[c.Name] = feed.MergeKinds(kinds[c.Name], c.Kind); kinds[c.Name] == "" {
				delete(kinds, c.Name)
			}
		}
		for name, kind := range kinds {
			sum.Changes = append(sum.Changes, prompty.Change{Name: name, Kind: kind})
		}
		slices.SortFunc(sum.Changes, func(a, b prompty.Change) int { return strings.Compare(a.Name, b.Name) })
		if got := show(sum); got == want {
			return
		} else if len(sum.Changes) >= len(strings.Split(want, ", ")) {
			h.t.Fatalf("the batches tell %q, want %q", got, want)
		}
	}
}

// silent makes sure that nothing is to be reported: after Sync the next batch
// is about a change that is made then.
func (h *hearing) silent(after string) {
	h.t.Helper()
	must(h.t, h.s.Sync(h.t.Context()))
	mustSave(h.t, h.s, "marker", after)
	b := h.next()
	if len(b.Changes) != 1 || b.Changes[0].Name != "marker" || b.All {
		h.t.Errorf("after %s the batch is %q, want the marker alone", after, show(b))
	}
}

func sh(t testing.TB, dir, script string) {
	t.Helper()
	cmd := exec.Command("sh", "-ec", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=Ann", "GIT_AUTHOR_EMAIL=ann@example.org", "GIT_COMMITTER_NAME=Ann", "GIT_COMMITTER_EMAIL=ann@example.org",
		"GIT_AUTHOR_DATE=2026-01-02T03:04:05Z", "GIT_COMMITTER_DATE=2026-01-02T03:04:05Z")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
}

// TestWatchSaves edits in the ways of tools: each edit is one batch, after
// which Get gives the whole text as the next version.
func TestWatchSaves(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newStore(t, dir, Options{})
	version := mustSave(t, s, "d/a", "version 1")
	mustSave(t, s, "d/b", "untouched")
	h := hear(t, s)
	for _, script := range []string{
		`printf 'version 2' > a.prompty`,
		`sed -i 's/2/3/' a.prompty`,
		`printf 'version 4' > tmp; mv tmp a.prompty`,
		`mv a.prompty a.prompty~; printf 'version 5' > a.prompty`,
		`cp a.prompty a.bak; rm a.prompty; printf 'version 6' > a.prompty`,
		`touch -r a.prompty ref; printf 'version 7' > a.prompty; touch -r ref a.prompty`,
		`printf 'version 8' | dd of=a.prompty conv=notrunc status=none`,
		`printf 'version 9' > new; install -m 600 new a.prompty`,
		`printf ' (10)' >> a.prompty`,
		`printf 'version 11' > other; ln -f other a.prompty`,
		`(printf 'version '; sleep 0.02; printf 12) > a.prompty`,
	} {
		before, _ := s.ChangeCount()
		sh(t, filepath.Join(dir, "d"), script)
		version++
		b := h.next()
		if got := show(b); got != "changed d/a" {
			t.Errorf("after %s the batch is %q, want d/a alone", script, got)
		}
		if b.Since.IsZero() {
			t.Errorf("after %s the batch does not say since when", script)
		}
		if after, ok := s.ChangeCount(); after == before || !ok {
			t.Errorf("after %s the count is %d, %v, and was %d", script, after, ok, before)
		}
		want, err := os.ReadFile(filepath.Join(dir, "d/a.prompty"))
		must(t, err)
		got, err := s.Get(t.Context(), "d/a")
		if err != nil || got.Version != version || got.Source != string(want) {
			t.Errorf("after %s: Get = %+v, %v, want version %d: %s", script, got, err, version, want)
		}
	}
	h.silent("all edits")
}

// TestWatchTree makes, moves and removes files and folders by hand.
func TestWatchTree(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newStore(t, dir, Options{Sync: SyncNone})
	mustSave(t, s, "a", "one")
	mustSave(t, s, "a", "two")
	h := hear(t, s)
	for _, step := range []struct{ script, want string }{
		{`mv a.prompty b.prompty`, "deleted a, created b"},
		{`cp b.prompty a.prompty`, "created a"},
		{`mkdir -p team/deep; printf x > team/deep/x.prompty; printf y > team/y.prompty`, "created team/deep/x, created team/y"},
		{`mv team crew`, "created crew/deep/x, created crew/y, deleted team/deep/x, deleted team/y"},
		{`mkdir .z.prompty; printf z > .z.prompty/in.prompty`, "created z.prompty/in"},
		{`rm -r crew .z.prompty`, "deleted crew/deep/x, deleted crew/y, deleted z.prompty/in"},
		{`rm a.prompty`, "deleted a"},
		{`printf c > c.prompty; rm b.prompty`, "deleted b, created c"},
	} {
		sh(t, dir, step.script)
		h.wantsAll(step.want)
	}
	h.silent("all moves")
	if got, err := s.ListVersions(t.Context(), "a"); err != nil || len(got) != 0 {
		t.Errorf("ListVersions(a) = %v, %v, want none", got, err)
	}
}

// TestWatchNothing does what changes no template.
func TestWatchNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "b.prompty"), "b")
	s := newStore(t, dir, Options{Sync: SyncNone})
	mustSave(t, s, "a", "one")
	h := hear(t, s)
	mustSave(t, s, "a", "one")
	h.wants("changed a")
	for _, script := range []string{
		`touch a.prompty`,
		`touch b.prompty`, // which nobody has looked at yet
		`chmod 600 a.prompty`,
		`cat a.prompty > /tmp/$$; cat /tmp/$$ > a.prompty; rm /tmp/$$`,
		`printf x > README.md; printf x > a.prompty~; printf x > a.prompty.bak`,
		`mkdir -p .hidden node; printf x > .hidden/x.prompty; printf x > .x.prompty; printf x > node/x.txt`,
		`mkdir x.prompty; printf x > x.prompty/y.prompty`,
		`printf x > 'bad:name.prompty'; printf 'a\0b' > nul.prompty; mkfifo pipe.prompty; ln -s nowhere link.prompty`,
		`printf x > .prompty/tmp/mine.prompty; mkdir .prompty/versions/no; printf x > .prompty/versions/no/1.prompty`,
		`cp -p a.prompty a.tmp; mv a.tmp a.prompty`, // another file with the same text
	} {
		sh(t, dir, script)
		h.silent(script)
	}
	if got, err := s.Get(t.Context(), "a"); err != nil || got.Version != 2 {
		t.Errorf("Get(a) = %v, %v, want version 2", got, err)
	}
}

// TestWatchUnusable damages files: what cannot be a template is never half
// shown, and is reported again when it is mended.
func TestWatchUnusable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newStore(t, dir, Options{Sync: SyncNone})
	mustSave(t, s, "a", "one")
	h := hear(t, s)
	p := filepath.Join(dir, "a.prompty")
	writeFile(t, p, "nul \x00")
	h.wants("changed a")
	if got, err := s.Get(t.Context(), "a"); !errors.Is(err, prompty.ErrInvalidTemplate) {
		t.Errorf("Get = %v, %v, want ErrInvalidTemplate", got, err)
	}
	writeFile(t, p, "not utf-8 \xff")
	h.silent("other damage")
	writeFile(t, p, "mended")
	h.wants("changed a")
	if got, err := s.Get(t.Context(), "a"); err != nil || got.Source != "mended" || got.Version != 2 {
		t.Errorf("Get = %+v, %v, want the mended text as version 2", got, err)
	}
	writeFile(t, filepath.Join(dir, "b.prompty"), "\xff")
	h.silent("a new file that is none")
	writeFile(t, filepath.Join(dir, "b.prompty"), "b")
	h.wants("created b")
	writeFile(t, p, "\xff")
	h.wants("changed a")
	must(t, os.Remove(p))
	h.wants("deleted a")
}

// TestWatchOtherHandle changes everything through another store on the folder,
// as another process would.
func TestWatchOtherHandle(t *testing.T) {
	t.Parallel()
	for _, own := range []bool{false, true} {
		t.Run(fmt.Sprintf("own=%v", own), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := newStore(t, dir, Options{Sync: SyncNone})
			other := s
			if !own {
				other = newStore(t, dir, Options{Sync: SyncNone})
			}
			ctx := t.Context()
			for range 3 {
				mustSave(t, other, "a", "the same")
			}
			h := hear(t, s)
			for _, step := range []struct {
				do   func() error
				want string
			}{
				{func() error { return other.DeleteVersion(ctx, "a", 1) }, "changed a"},
				{func() error { return other.Save(ctx, &prompty.StoredTemplate{Name: "a", Source: "the same"}) }, "changed a"},
				{func() error { return other.SaveIf(ctx, &prompty.StoredTemplate{Name: "a", Source: "5"}, 4) }, "changed a"},
				{func() error { return other.SaveIf(ctx, &prompty.StoredTemplate{Name: "d/b", Source: "1"}, 0) }, "created d/b"},
				{func() error { return other.DeleteVersion(ctx, "a", 5) }, "changed a"},
				{func() error { return other.DeleteVersion(ctx, "d/b", 1) }, "deleted d/b"},
				{func() error { return other.DeleteVersion(ctx, "a", 3) }, "changed a"},
				{func() error { return other.DeleteVersion(ctx, "a", 2) }, "changed a"},
				{func() error { return other.Delete(ctx, "a") }, "deleted a"},
				{func() error { return other.Save(ctx, &prompty.StoredTemplate{Name: "a", Source: "again"}) }, "created a"},
			} {
				before, _ := s.ChangeCount()
				must(t, step.do())
				if n, ok := s.ChangeCount(); own && (n == before || !ok) {
					t.Errorf("a change through the store itself did not move the count: %d, %v", n, ok)
				}
				h.wants(step.want)
			}
			if err := other.SaveIf(ctx, &prompty.StoredTemplate{Name: "a", Source: "x"}, 77); !errors.Is(err, prompty.ErrConflict) {
				t.Errorf("SaveIf: %v, want a conflict", err)
			}
			if err := other.Delete(ctx, "nobody"); !errors.Is(err, prompty.ErrTemplateNotFound) {
				t.Errorf("Delete: %v, want ErrTemplateNotFound", err)
			}
			h.silent("what failed")
		})
	}
}

// TestWatchCheckout is one batch for all that git changes in one step.
func TestWatchCheckout(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for i := range 300 {
		writeFile(t, filepath.Join(dir, fmt.Sprintf("d%d/t%03d.prompty", i%7, i)), fmt.Sprint("one ", i))
	}
	sh(t, dir, `git init -q -b main .; git add .; git commit -qm one; git checkout -qb other`)
	var want []string
	for i := range 200 {
		writeFile(t, filepath.Join(dir, fmt.Sprintf("d%d/t%03d.prompty", i%7, i)), fmt.Sprint("two ", i))
		want = append(want, fmt.Sprintf("changed d%d/t%03d", i%7, i))
	}
	sh(t, dir, `rm d6/t202.prompty; printf x > new.prompty; git add -A; git commit -qm two; git checkout -q main`)
	want = append(want, "deleted new", "created d6/t202")
	s := newStore(t, dir, Options{Sync: SyncNone})
	h := hear(t, s)
	sh(t, dir, `git checkout -q other`)
	b := h.next()
	got := strings.Split(strings.NewReplacer("created new", "deleted new", "deleted d6/t202", "created d6/t202").Replace(show(b)), ", ")
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the batch of the checkout (-want +got):\n%s", diff)
	}
	h.silent("git checkout")
	if n := mustSave(t, s, "d0/t000", "three"); n != 2 {
		t.Errorf("Save after the checkout = %d, want 2: the text before it was never looked at", n)
	}
}

// TestWatchModes sees an edit by all means, or says that there is none.
func TestWatchModes(t *testing.T) {
	t.Parallel()
	for _, mode := range []watch.Mode{watch.Auto, watch.Inotify, watch.Fsnotify, watch.Poll} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := newStore(t, dir, Options{Watch: mode})
			h := hear(t, s)
			if m := s.WatchStatus().Mode; mode != watch.Auto && m != string(mode) {
				t.Errorf("the mode is %q, want %s", m, mode)
			}
			writeFile(t, filepath.Join(dir, "a.prompty"), "one")
			h.wants("created a")
			mustSave(t, s, "b", "one") // told at once, not at the next round
			h.wants("created b")
		})
	}
	s := newStore(t, t.TempDir(), Options{Watch: NoWatch})
	if _, err := s.Watch(t.Context()); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Watch with watch=off: %v, want ErrUnsupported", err)
	}
	if _, ok := s.ChangeCount(); ok {
		t.Error("a store that does not watch pretends to know what others change")
	}
	must(t, s.Sync(t.Context()))
	if _, err := Open(t.TempDir(), Options{Watch: "soon"}); err == nil || !strings.Contains(err.Error(), "watch=soon") {
		t.Errorf("Open with watch=soon: %v", err)
	}
}

// TestWatchCancelled begins no watch, and waits for none, in vain.
func TestWatchCancelled(t *testing.T) {
	t.Parallel()
	s := newStore(t, t.TempDir(), Options{})
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Watch(gone); err != context.Canceled {
		t.Errorf("Watch: %v, want context.Canceled", err)
	}
	hear(t, s)
	if err := s.Sync(gone); err != context.Canceled {
		t.Errorf("Sync: %v, want context.Canceled", err)
	}
	must(t, s.Close())
	if _, err := s.Watch(t.Context()); !errors.Is(err, prompty.ErrClosed) {
		t.Errorf("Watch after Close: %v, want ErrClosed", err)
	}
	if err := s.Sync(t.Context()); !errors.Is(err, prompty.ErrClosed) {
		t.Errorf("Sync after Close: %v, want ErrClosed", err)
	}
	if _, ok := s.ChangeCount(); ok {
		t.Error("a closed store pretends to know what others change")
	}
}

// TestWatchMissedNotices deletes more versions than the list of them holds
// while the watcher is held up: everything may have changed.
func TestWatchMissedNotices(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, other := newStore(t, dir, Options{Sync: SyncNone, Ext: ".md"}), newStore(t, dir, Options{Sync: SyncNone, Ext: ".md"})
	h := hear(t, s)
	for i := range mostNotices + 3 {
		mustSave(t, other, "a", fmt.Sprint(i))
	}
	must(t, s.Sync(t.Context()))
	f := s.follower.Load()
	must(t, f.takeTurn(t.Context()))
	for i := range mostNotices + 1 {
		must(t, other.DeleteVersion(t.Context(), "a", i+1))
	}
	f.endTurn()
	for b := h.next(); !b.All; b = h.next() {
	}
	must(t, other.DeleteVersion(t.Context(), "a", mostNotices+2))
	h.wants("changed a")
	h.silent("the last deletion")
}
