package gitstore

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/gitstore/internal/gittest"
)

// TestCameAndWent has readers see what is gone when the follower looks: nobody
// may keep it for the present state.
func TestCameAndWent(t *testing.T) {
	t.Parallel()
	get := func(t *testing.T, s *Store, name, source string) {
		t.Helper()
		got, err := s.Get(t.Context(), name)
		if source == "" && !errors.Is(err, prompty.ErrTemplateNotFound) || source != "" && (err != nil || got.Source != source) {
			t.Fatalf("Get(%q) = %+v, %v, want %q", name, got, err, source)
		}
	}
	for _, test := range []struct {
		name     string
		worktree bool
		do       func(t *testing.T, r *gittest.Repo, s *Store, first string)
		want     string
	}{
		{"created and deleted", false, func(t *testing.T, r *gittest.Repo, s *Store, first string) {
			r.Commit("More", "b.prompty", "1")
			get(t, s, "b", "1")
			r.Git("rm", "-q", "b.prompty")
			r.Git("commit", "-qm", "Less")
			get(t, s, "b", "")
		}, "[{b deleted}] false"},
		{"forced and taken back", false, func(t *testing.T, r *gittest.Repo, s *Store, first string) {
			r.Commit("Second", "a.prompty", "2", "b.prompty", "1")
			get(t, s, "a", "2")
			r.Git("reset", "-q", "--hard", first)
			get(t, s, "b", "")
		}, "[{a changed} {b deleted}] true"},
		{"another branch and back", false, func(t *testing.T, r *gittest.Repo, s *Store, first string) {
			r.Git("switch", "-qc", "topic")
			r.Commit("Topic", "a.prompty", "topic")
			get(t, s, "a", "topic")
			r.Git("switch", "-q", "main")
		}, "[{a changed}] false"},
		{"more than is remembered", false, func(t *testing.T, r *gittest.Repo, s *Store, first string) {
			for i := range mostServed + 2 {
				r.Git("update-ref", "refs/heads/main", r.Git("commit-tree", "-m", fmt.Sprint(i), "-p", first, first+"^{tree}"))
				get(t, s, "a", "1")
			}
			r.Git("update-ref", "refs/heads/main", first)
		}, "[] true"},
		{"an edit undone", true, func(t *testing.T, r *gittest.Repo, s *Store, first string) {
			r.Write("a.prompty", "edit")
			get(t, s, "a", "edit")
			r.Write("a.prompty", "1")
		}, "[{a changed}] false"},
		{"files listed and gone", true, func(t *testing.T, r *gittest.Repo, s *Store, first string) {
			if err := os.Remove(r.Path("a.prompty")); err != nil {
				t.Fatal(err)
			}
			r.Write("b.prompty", "new")
			if list, err := s.List(t.Context(), nil); err != nil || len(list) != 1 || list[0].Name != "b" {
				t.Fatalf("List() = %v, %v", list, err)
			}
			r.Git("clean", "-qfd")
			r.Git("restore", ".")
		}, "[{a changed} {b deleted}] false"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := gittest.WorkTree(t)
			first := r.Commit("First", "a.prompty", "1")
			s, err := Open(r.Dir, Options{Worktree: test.worktree, Sync: SyncNone})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			batches, err := s.Watch(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			_, give, err := s.follower.begin(t.Context()) // nobody looks meanwhile
			if err != nil {
				t.Fatal(err)
			}
			n, _ := s.ChangeCount()
			test.do(t, r, s, first)
			give()
			var got []prompty.Change
			all := false
			for strings.Count(test.want, "{") > len(got) || all != strings.HasSuffix(test.want, "true") {
				select {
				case b, ok := <-batches:
					if !ok {
						t.Fatal("the channel was closed")
					}
					got, all = append(got, b.Changes...), all || b.All
				case <-time.After(30 * time.Second):
					t.Fatalf("told %v %v, and no more, want %s", got, all, test.want)
				}
			}
			if line := fmt.Sprint(got, " ", all); line != test.want {
				t.Errorf("told %s, want %s", line, test.want)
			}
			if now, ok := s.ChangeCount(); now == n || !ok {
				t.Errorf("ChangeCount() = %d, %v, and before %d", now, ok, n)
			}
		})
	}
}

// TestHalfWritten looks at the work tree, as a Save of something else does, while
// somebody writes a file: that is not told before it is done.
func TestHalfWritten(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	r.Commit("First", "a.prompty", "1", "b.prompty", "1")
	s, err := Open(r.Dir, Options{Worktree: true, Sync: SyncNone})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	batches, err := s.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, give, err := s.follower.begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range s.follower.places { // as if the events came late
		p.disarm()
	}
	if err := os.WriteFile(r.Path("a.prompty"), []byte("ha"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(r.Path("b.prompty")); err != nil { // to be replaced
		t.Fatal(err)
	}
	if err := s.follower.look(ctx, hint{all: true}); err != nil {
		t.Fatal(err)
	}
	if told := s.follower.shown.marks; len(told) > 0 {
		t.Errorf("told of what is half written: %v", told)
	}
	r.Write("a.prompty", "half and half")
	r.Write("b.prompty", "1")
	give()
	select {
	case b := <-batches:
		if got := fmt.Sprint(b.Changes); got != "[{a changed}]" {
			t.Errorf("told %s", got)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("not told of an edit")
	}
	if got, err := s.Get(t.Context(), "a"); err != nil || got.Source != "half and half" {
		t.Errorf("Get = %+v, %v", got, err)
	}
}

// TestNewsMerges has a reader who is told late of a name that came and went, and
// then came.
func TestNewsMerges(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	r.Commit("First", "a.prompty", "1")
	s, err := Open(r.Dir, Options{Sync: SyncNone})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Watch(t.Context()); err != nil {
		t.Fatal(err)
	}
	slow, err := s.follower.feed.Subscribe("")
	if err != nil {
		t.Fatal(err)
	}
	ctx, give, err := s.follower.begin(t.Context()) // nobody else looks
	if err != nil {
		t.Fatal(err)
	}
	defer give()
	look := func() {
		t.Helper()
		if err := s.follower.look(ctx, hint{all: true}); err != nil {
			t.Fatal(err)
		}
	}
	r.Commit("More", "b.prompty", "1")
	if _, err := s.Get(ctx, "b"); err != nil {
		t.Fatal(err)
	}
	r.Git("rm", "-q", "b.prompty")
	r.Git("commit", "-qm", "Less")
	if _, err := s.Get(ctx, "b"); !errors.Is(err, prompty.ErrTemplateNotFound) {
		t.Fatal(err)
	}
	look()
	r.Commit("More again", "b.prompty", "2")
	look()
	b, err := slow.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(batch(b).Changes); got != "[{b created}]" {
		t.Errorf("told %s, want b created", got)
	}
}

// TestLateReaders has readers note a state when others have taken its place: that
// is no branch that went back.
func TestLateReaders(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	r.Commit("First", "a.prompty", "1")
	s, err := Open(r.Dir, Options{Sync: SyncNone})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Watch(t.Context()); err != nil {
		t.Fatal(err)
	}
	told, err := s.follower.feed.Subscribe("")
	if err != nil {
		t.Fatal(err)
	}
	ctx, give, err := s.follower.begin(t.Context()) // nobody else looks
	if err != nil {
		t.Fatal(err)
	}
	defer give()
	read := func() *state {
		t.Helper()
		st, err := s.follower.source.where(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return st
	}
	first := read()
	r.Commit("More", "b.prompty", "1")
	second := read()
	r.Git("rm", "-q", "b.prompty")
	r.Git("commit", "-qm", "Less")
	r.Commit("Changed", "a.prompty", "2")
	revisions := map[string]bool{}
	for _, step := range []struct {
		noted *state
		want  string
	}{
		{nil, "[{a changed}] false"},
		{first, ""}, // it has been told what came after it
		{second, "[{a changed} {b deleted}] false"},
		{first, ""},
	} {
		if step.noted != nil {
			s.follower.served.state(step.noted)
		}
		if err := s.follower.look(ctx, hint{all: true}); err != nil {
			t.Fatal(err)
		}
		got := ""
		if b, ok := told.Pending(); ok {
			got = fmt.Sprint(batch(b).Changes, " ", b.All)
			if revisions[b.To] {
				t.Errorf("two batches are of revision %q", b.To)
			}
			revisions[b.To] = true
			if p, ok := s.follower.recall(ctx, b.To); !ok || p.st.tip != s.follower.shown.st.tip {
				t.Errorf("revision %q, which a batch gave, cannot be gone on from", b.To)
			}
		}
		if got != step.want {
			t.Errorf("told %q, want %q", got, step.want)
		}
	}
}
