package gitstore_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/gitstore"
	"github.com/go-prompty/prompty/gitstore/internal/gittest"
)

// watchPatience is how long a test waits for what must come.
const watchPatience = 30 * time.Second

// ear hears what a store tells.
type ear struct {
	t  testing.TB
	s  *gitstore.Store
	ch <-chan prompty.ChangeBatch
}

func listen(t testing.TB, s *gitstore.Store) *ear { return listenFrom(t, s, "") }

func listenFrom(t testing.TB, s *gitstore.Store, revision string) *ear {
	t.Helper()
	ch, err := s.WatchFrom(t.Context(), revision)
	if err != nil {
		t.Fatalf("WatchFrom(%q): %v", revision, err)
	}
	return &ear{t: t, s: s, ch: ch}
}

// next is the next batch with changes, without what silent does for the ears of
// others.
func (e *ear) next() prompty.ChangeBatch {
	e.t.Helper()
	for {
		b := e.heard("")
		if b.Watch != nil && b.Watch.Degraded != "" {
			e.t.Fatalf("the watch is degraded: %s", b.Watch.Degraded)
		}
		if b.Watch = nil; len(b.Changes) > 0 || b.All {
			return b
		}
	}
}

// heard is the next batch of any kind, without all markers but one.
func (e *ear) heard(marker string) prompty.ChangeBatch {
	e.t.Helper()
	timer := time.NewTimer(watchPatience)
	defer timer.Stop()
	for {
		select {
		case b, ok := <-e.ch:
			if !ok {
				e.t.Fatal("the channel was closed")
			}
			b.Changes = slices.DeleteFunc(b.Changes, func(c prompty.Change) bool {
				return strings.HasPrefix(c.Name, "marker") && c.Name != marker
			})
			if len(b.Changes) > 0 || b.All || b.Watch != nil {
				return b
			}
		case <-timer.C:
			e.t.Fatalf("no batch within %v", watchPatience)
		}
	}
}

// told is a batch as a line: "+created *changed -deleted", and "all".
func told(b prompty.ChangeBatch) string {
	signs := map[prompty.ChangeKind]string{prompty.Created: "+", prompty.Changed: "*", prompty.Deleted: "-"}
	var words []string
	for _, c := range b.Changes {
		words = append(words, signs[c.Kind]+c.Name)
	}
	if b.All {
		words = append(words, "all")
	}
	if len(words) > 100 {
		words = []string{fmt.Sprint(len(words), " words, ", words[0])}
	}
	return strings.Join(words, " ")
}

// wants waits for one batch that says exactly that, and that has been true when
// it came.
func (e *ear) wants(what, line string) prompty.ChangeBatch {
	e.t.Helper()
	b := e.next()
	if got := told(b); got != line {
		e.t.Fatalf("%s: a batch says %q, want %q", what, got, line)
	}
	for _, c := range b.Changes {
		_, err := e.s.Get(e.t.Context(), c.Name)
		if gone := errors.Is(err, prompty.ErrTemplateNotFound); gone != (c.Kind == prompty.Deleted) || err != nil && !gone {
			e.t.Errorf("%s: after %q Get(%q) gives %v", what, line, c.Name, err)
		}
	}
	return b
}

// silent makes sure that nothing has been told: the next thing to hear of is what
// is saved now. It gives the name of that.
func (e *ear) silent(what string) (name string) {
	e.t.Helper()
	if err := e.s.Sync(e.t.Context()); err != nil {
		e.t.Fatalf("%s: Sync: %v", what, err)
	}
	name = fmt.Sprintf("marker%d", markers.Add(1))
	save(e.t, e.s, name, "text")
	for {
		switch got := told(e.heard(name)); got {
		case "":
			continue // news of the watch
		case "+" + name:
			return name
		default:
			e.t.Fatalf("%s: a batch says %q, want none", what, got)
		}
	}
}

var markers atomic.Int64

// copied follows a store: what Get gives for each name, read again when a batch
// says so.
type copied map[string]prompty.TemplateID

func (c copied) fill(t testing.TB, s prompty.TemplateStorage) {
	t.Helper()
	list, err := s.List(context.WithoutCancel(t.Context()), nil)
	if err != nil {
		t.Fatal(err)
	}
	clear(c)
	for _, x := range list {
		if !strings.HasPrefix(x.Name, "marker") {
			c[x.Name] = x.ID
		}
	}
}

func (c copied) take(t testing.TB, s prompty.TemplateStorage, b prompty.ChangeBatch) {
	t.Helper()
	if b.All {
		c.fill(t, s)
		return
	}
	for _, change := range b.Changes {
		got, err := s.Get(context.WithoutCancel(t.Context()), change.Name)
		switch {
		case err == nil:
			c[change.Name] = got.ID
		case errors.Is(err, prompty.ErrTemplateNotFound):
			delete(c, change.Name)
		default:
			t.Errorf("Get(%q) after a batch: %v", change.Name, err)
		}
	}
}

// agrees compares the copy with the store, after all batches.
func (c copied) agrees(t testing.TB, what string, s prompty.TemplateStorage) {
	t.Helper()
	now := copied{}
	now.fill(t, s)
	if diff := cmp.Diff(now, c); diff != "" {
		t.Errorf("%s: what follows the batches differs (-store +copy):\n%.2000s", what, diff)
	}
}

// catchUp reads batches until everything of now is told, and compares the copy.
func (e *ear) catchUp(what string, c copied) {
	e.t.Helper()
	if err := e.s.Sync(e.t.Context()); err != nil {
		e.t.Fatalf("%s: Sync: %v", what, err)
	}
	name := fmt.Sprintf("marker%d", markers.Add(1))
	save(e.t, e.s, name, "text")
	for told := false; !told; {
		b := e.heard(name)
		b.Changes = slices.DeleteFunc(b.Changes, func(c prompty.Change) bool {
			told = told || c.Name == name
			return c.Name == name
		})
		c.take(e.t, e.s, b)
		told = told || b.All
	}
	c.agrees(e.t, what, e.s)
}

// watched are the kinds of places in which a store is told what git does.
var watched = []struct {
	name  string
	make  func(t testing.TB) *gittest.Repo
	query string
}{
	{"bare", func(t testing.TB) *gittest.Repo { return gittest.Bare(t) }, "watch=auto"},
	{"work tree", func(t testing.TB) *gittest.Repo { return gittest.WorkTree(t) }, "watch=auto"},
	{"linked", func(t testing.TB) *gittest.Repo {
		r := gittest.WorkTree(t)
		r.Commit("First", "README.md", "x")
		return r.Linked("side/line")
	}, "watch=auto"},
	{"fixed branch", func(t testing.TB) *gittest.Repo { return gittest.WorkTree(t) }, "branch=main"},
}

func everywhere(t *testing.T, test func(t *testing.T, r *gittest.Repo, query string)) {
	for _, w := range watched {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			test(t, w.make(t), w.query)
		})
	}
}

// grow makes a commit of files, name and text in turn, to which no branch leads
// yet; a text of "-" removes the file. The first parent is what it is made on.
func grow(r *gittest.Repo, message string, parents []string, files ...string) string {
	const ref = "refs/test/grown"
	var in strings.Builder
	fmt.Fprintf(&in, "commit %s\ncommitter %s <%s> now\ndata %d\n%s\n", ref, gittest.Name, gittest.Email, len(message), message)
	for i, p := range parents {
		fmt.Fprintf(&in, "%s %s\n", []string{"from", "merge"}[min(i, 1)], p)
	}
	for i := 0; i < len(files); i += 2 {
		if files[i+1] == "-" {
			fmt.Fprintf(&in, "D %s\n", files[i])
		} else {
			fmt.Fprintf(&in, "M 100644 inline %s\ndata %d\n%s\n", files[i], len(files[i+1]), files[i+1])
		}
	}
	r.Pipe(in.String(), "fast-import", "--quiet", "--force", "--date-format=now")
	id := r.Git("rev-parse", ref)
	r.Git("update-ref", "-d", ref)
	return id
}

// TestWatchGit lets git move a branch in every way.
func TestWatchGit(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, r *gittest.Repo, query string) {
		s := open(t, r.Dir, query, "dir=p")
		e := listen(t, s)
		branch := r.Git("symbolic-ref", "HEAD")
		move := func(to string) { r.Git("update-ref", branch, to) }
		var parents []string
		if tip, err := r.Try("rev-parse", "-q", "--verify", branch); err == nil {
			parents = []string{tip}
		}

		first := grow(r, "First", parents, "p/a.prompty", "1", "p/d/b.prompty", "1", "p/c.prompty", "1", "README.md", "x")
		move(first)
		b := e.wants("the first commit", "+a +c +d/b")
		if b.Revision != first || b.Since.IsZero() {
			t.Errorf("the first batch is %+v, want revision %s", b, first)
		}
		outside := grow(r, "Outside", []string{first}, "a.prompty", "1", "p/notes.txt", "x", "README.md", "-", "p2/x.prompty", "1")
		move(outside)
		e.silent("files that are no templates")

		// A pull request of three commits is one move of the branch.
		tip := r.Git("rev-parse", branch)
		one := grow(r, "One", []string{outside}, "p/a.prompty", "2", "p/new.prompty", "1", "p/gone.prompty", "1")
		two := grow(r, "Two", []string{one}, "p/d/b.prompty", "-", "p/gone.prompty", "-")
		merge := grow(r, "Merge", []string{tip, two}, "p/a.prompty", "2", "p/new.prompty", "1", "p/d/b.prompty", "-")
		move(merge)
		b = e.wants("a merge", "*a -d/b +new")
		if b.Revision != merge {
			t.Errorf("after the merge the revision is %s, want %s", b.Revision, merge)
		}

		// Trailers that mean something, and the same content again.
		hide := grow(r, "Hide\n\nPrompty-Delete-Version: a@1\n", []string{merge})
		move(hide)
		e.wants("an old version deleted", "*a")
		again := grow(r, "Again\n\nPrompty-Save: c\n", []string{hide})
		move(again)
		e.wants("saved again", "*c")
		move(grow(r, "Mode and nothing else", []string{again}))
		e.silent("a commit without changes")

		// Tidying up changes nothing that is served.
		r.Git("pack-refs", "--all", "--prune")
		r.Git("gc", "-q", "--prune=now")
		r.Git("tag", "v1")
		r.Git("branch", "else", "HEAD~2")
		r.Git("branch", "-D", "else")
		e.silent("pack-refs, gc, a tag and another branch")
		packed := r.Git("rev-parse", branch)
		next := grow(r, "Next", []string{packed}, "p/c.prompty", "3")
		move(next)
		e.wants("a commit on a packed branch", "*c")
		r.Git("pack-refs", "--all", "--prune")
		move(grow(r, "Next", []string{next}, "p/c.prompty", "4", "p/a.prompty", "-"))
		e.wants("and packed again", "-a *c")

		// Rewriting is told, with the names.
		move(packed)
		e.wants("reset to an older commit", "+a *c all")
		other := grow(r, "Other", []string{merge}, "p/c.prompty", "5")
		move(other)
		e.wants("another history", "*a *c all")
		move(grow(r, "Amended", []string{merge}, "p/c.prompty", "5"))
		e.wants("another commit with the same files", "*c all")
		now := grow(r, "Outside again", []string{r.Git("rev-parse", branch)}, "x.txt", "1")
		move(now)
		move(grow(r, "Outside amended", []string{now + "~1"}, "x.txt", "2"))
		e.silent("a rewrite of what is no template")

		// Two moves at once are told one after the other, or as one.
		copy := copied{}
		copy.fill(t, s)
		for i := range 10 {
			now = r.Git("rev-parse", branch)
			move(grow(r, "Quick", []string{now}, fmt.Sprintf("p/quick%d.prompty", i%3), fmt.Sprint(i)))
		}
		e.catchUp("many moves", copy)
	})
}

// TestWatchModes notices what git does in other ways.
func TestWatchModes(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"inotify", "fsnotify", "poll"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			if mode == "inotify" && runtime.GOOS != "linux" {
				t.Skip("this system has no inotify")
			}
			r := gittest.WorkTree(t)
			s := open(t, r.Dir, "worktree=1&watch="+mode)
			e := listen(t, s)
			copy := copied{}
			r.Commit("First", "a.prompty", "1", "d/b.prompty", "1")
			e.catchUp("a commit", copy)
			r.Git("pack-refs", "--all")
			r.Git("switch", "-qc", "other")
			r.Commit("Second", "a.prompty", "2")
			for copy["a"] == "" || !strings.HasPrefix(string(copy["a"]), r.Git("rev-parse", "HEAD")) {
				copy.take(t, s, e.next())
			}
			r.Git("switch", "-q", "main")
			r.Write("d/b.prompty", "edited")
			for !strings.HasPrefix(string(copy["d/b"]), "dirty-") {
				copy.take(t, s, e.next())
			}
			copy.agrees(t, "an edit", s)
			e.catchUp("the end", copy)
		})
	}
}

// TestWatchPerson has a person at work with git in a work tree, whose commits
// are what counts.
func TestWatchPerson(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	s, fixed := open(t, r.Dir), open(t, r.Dir, "branch=main")
	e, f := listen(t, s), listen(t, fixed)
	both := func(what, line string) {
		t.Helper()
		e.wants(what, line)
		f.wants(what, line)
	}
	r.Write("a.prompty", "1")
	r.Git("add", ".")
	r.Git("commit", "-qm", "First")
	both("the first commit of an unborn branch", "+a")
	r.Write("a.prompty", "not committed")
	e.silent("an edit")
	f.silent("an edit")
	r.Git("restore", ".")
	r.Commit("Second", "b.prompty", "1")
	both("a commit", "+b")
	r.Git("commit", "-q", "--amend", "-m", "Second, amended")
	both("an amended commit", "*b all")

	r.Git("switch", "-qc", "topic")
	r.Commit("Topic 1", "t.prompty", "1")
	e.wants("a commit on another branch", "+t")
	r.Commit("Topic 2", "a.prompty", "2", "t.prompty", "2")
	e.wants("a commit on another branch", "*a *t")
	f.silent("commits on another branch")
	r.Git("switch", "-q", "main")
	e.wants("back to the first branch", "*a -t")
	r.Git("merge", "-q", "--no-ff", "-m", "Merge", "topic")
	both("a merge", "*a +t")
	before := r.Git("rev-parse", "HEAD~1")
	r.Git("switch", "-q", "--detach", before)
	e.wants("a commit checked out", "*a -t")
	r.Git("switch", "-q", "main")
	e.wants("and back", "*a +t")
	r.Git("symbolic-ref", "HEAD", "refs/heads/topic")
	e.wants("HEAD led elsewhere", "*a *t")
	r.Git("symbolic-ref", "HEAD", "refs/heads/main")
	e.wants("and back", "*a *t")
	r.Git("branch", "-m", "main", "trunk")
	f.untilStatus("without its branch", true, "no branch main")
	want(t, s, "t", 1, "2")
	r.Git("branch", "-m", "trunk", "main")
	f.untilStatus("with its branch again", false)
	e.silent("a branch renamed")

	// A rebase serves the branch as it is, until it is another one.
	r.Git("branch", "base", before)
	r.Git("switch", "-q", "base")
	e.wants("a branch to rebase on", "*a -t")
	r.Commit("Base", "base.prompty", "1")
	e.wants("a commit there", "+base")
	r.Git("switch", "-qc", "work", "topic")
	e.wants("a branch to be rebased", "*a -base +t")
	r.Git("rebase", "-q", "base")
	e.wants("a rebase", "*a +base *t all")
	r.Git("reset", "-q", "--hard", "HEAD~2")
	e.wants("reset --hard", "*a -t all")
	f.silent("what others did")
}

// TestWatchRemote pushes and fetches into a repository that is watched.
func TestWatchRemote(t *testing.T) {
	t.Parallel()
	hub := gittest.Bare(t)
	hub.Commit("First", "a.prompty", "1", "b.prompty", "1")
	s := open(t, hub.Dir)
	e := listen(t, s)
	r := hub.Clone()
	base := r.Git("rev-parse", "HEAD")
	r.Commit("Second", "a.prompty", "2")
	r.Commit("Third", "c.prompty", "1", "a.prompty", "3")
	r.Git("push", "-q", "origin", "main")
	e.wants("a push", "*a +c")
	r.Git("reset", "-q", "--hard", base)
	r.Commit("Other", "b.prompty", "2")
	r.Git("push", "-q", "--force", "origin", "main")
	e.wants("a push by force", "*a *b -c all")

	// The other way round: a fetch moves no branch, until somebody does.
	there := open(t, r.Dir, "branch=main")
	tracking := open(t, r.Dir, "ref=origin/main")
	far, near := listen(t, tracking), listen(t, there)
	save(t, s, "n", "1")
	e.wants("a save", "+n")
	r.Git("fetch", "-q")
	far.wants("a fetch", "+n")
	near.silent("a fetch")
	r.Git("reset", "-q", "--hard", "origin/main")
	near.wants("reset to what was fetched", "+n all")
	r.Git("pack-refs", "--all")
	save(t, s, "n", "2")
	r.Git("fetch", "-q")
	far.wants("a fetch over packed references", "*n")
	r.Git("pull", "-q", "--ff-only")
	near.wants("a pull", "*n")
}

// TestWatchResume goes on where it was, in another store.
func TestWatchResume(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t)
	var commits []string
	for i := range 6 {
		commits = append(commits, r.Commit(fmt.Sprint(i), fmt.Sprintf("f%d.prompty", i%4), fmt.Sprint(i), "both.prompty", fmt.Sprint(i)))
	}
	from := func(s *gitstore.Store, what, revision, line string) {
		t.Helper()
		e := listenFrom(t, s, revision)
		if line != "" {
			e.wants(what, line)
		}
		e.silent(what)
		r.Git("update-ref", "refs/heads/main", commits[len(commits)-1]) // without the marker
		e.wants(what, "all")
	}
	s := open(t, r.Dir)
	none := strings.Repeat("0", 40)
	for range 2 { // when nobody has watched, and then
		from(s, "the last commit", commits[5], "")
		from(s, "two before", commits[3], "*both *f0 *f1")
		from(s, "the first", commits[0], "*both *f0 +f1 +f2 +f3")
		from(s, "before the first", none, "+both +f0 +f1 +f2 +f3")
	}
	must(t, s.Close())

	s = open(t, r.Dir)
	away := grow(r, "Away", []string{commits[2]}, "f9.prompty", "1")
	for _, c := range []struct{ what, revision, line string }{
		{"another branch", away, "*both *f0 *f1 +f3 -f9 all"},
		{"a commit that is no more", "1234567890123456789012345678901234567890", "all"},
		{"a tree", r.Git("rev-parse", "main^{tree}"), "all"},
		{"no commit", "yesterday", "all"},
		{"an abbreviation", commits[5][:12], "all"},
		{"edits that nobody knows", commits[5] + "+0123456789abcdef", "all"},
		{"capitals", strings.ToUpper(commits[5]), "all"},
	} {
		e := listenFrom(t, s, c.revision)
		if got := told(e.next()); got != c.line {
			t.Errorf("from %s: %q, want %q", c.what, got, c.line)
		}
	}
	agree(t, s, r, "main", "", ".prompty")

	// A commit that a shallow clone does not have is none.
	shallow := r.Clone("--depth=2", "--bare")
	e := listenFrom(t, open(t, shallow.Dir), commits[1])
	if got := told(e.next()); got != "all" {
		t.Errorf("from what is cut off: %q", got)
	}
}

// TestWatchFixed watches what does not change.
func TestWatchFixed(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t)
	first := r.Commit("First", "a.prompty", "1")
	r.Git("tag", "v1")
	for _, ref := range []string{"v1", first} {
		s, err := tryOpen(r.Dir, "ref="+ref)
		must(t, err)
		ch, err := s.Watch(t.Context())
		must(t, err)
		r.Commit("More", "a.prompty", ref)
		must(t, s.Sync(t.Context()))
		if _, ok := s.ChangeCount(); !ok {
			t.Errorf("what never changes has no count")
		}
		e := listenFrom(t, s, r.Git("rev-parse", "main"))
		if got := told(e.next()); got != "*a all" {
			t.Errorf("from a later commit: %q", got)
		}
		must(t, s.Close())
		if b, ok := <-ch; ok {
			t.Errorf("%s was told to change: %+v", ref, b)
		}
	}
}

// TestWatchOff wants no watching.
func TestWatchOff(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t)
	s := open(t, r.Dir, "watch=off")
	_, err := s.Watch(t.Context())
	wantError(t, "Watch", err, errors.ErrUnsupported)
	save(t, s, "a", "1")
	must(t, s.Sync(t.Context()))
	if n, ok := s.ChangeCount(); ok || s.WatchStatus() != (prompty.WatchStatus{}) {
		t.Errorf("ChangeCount() = %d, %v, WatchStatus() = %+v without watching", n, ok, s.WatchStatus())
	}
	_, err = tryOpen(r.Dir, "watch=often")
	wantError(t, "Open", err, nil, "watch=often", "inotify")
}
