package gitstore_test

import (
	"flag"
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/gitstore/internal/gittest"
	"github.com/go-prompty/prompty/storetest"
)

// at gives places in repositories that make makes.
func at(make func(t testing.TB) (dir, query string)) func(testing.TB) storetest.Place {
	return func(t testing.TB) storetest.Place {
		dir, query := make(t)
		return func() (prompty.TemplateStorage, error) {
			s, err := tryOpen(dir, query)
			if err != nil {
				return nil, err
			}
			return s, nil
		}
	}
}

func bare(t testing.TB) (dir, query string) { return gittest.Bare(t).Dir, "ext=.prompty" }

// inside is an empty folder of a work tree with a history of its own, below it
// and beside.
func inside(t testing.TB) (dir, query string) {
	r := gittest.WorkTree(t)
	r.Commit("First", "README.md", "# Hello", "data/README.txt", "x")
	return r.Path("data"), "ext=.md"
}

// linked is a work tree linked to a bare repository, on a branch of its own.
func linked(t testing.TB) (dir, query string) {
	r := gittest.Bare(t)
	r.Commit("First", "README.md", "# Hello")
	return r.Linked("prompts").Dir, "dir=data/patterns"
}

// elsewhere is a branch of a work tree that has another one checked out, in a
// packed repository.
func elsewhere(t testing.TB) (dir, query string) {
	r := gittest.WorkTree(t)
	r.Commit("First", "README.md", "# Hello")
	r.Git("branch", "prompts")
	r.Git("repack", "-adq")
	r.Git("pack-refs", "--all")
	return r.Dir, "branch=prompts"
}

func overlay(t testing.TB) (dir, query string) { return gittest.WorkTree(t).Dir, "worktree=1" }

var capabilities = []storetest.Claim{
	storetest.Has[prompty.ConditionalSaver](),
	storetest.Has[prompty.BatchSaver](),
	storetest.Has[prompty.Historian](),
	storetest.Has[prompty.Snapshotter](),
	storetest.Has[prompty.Prober](),
	storetest.Has[prompty.Describer](),
	storetest.Has[prompty.Watcher](),
	storetest.Has[prompty.Resumer](),
	storetest.Has[prompty.Syncer](),
}

// thorough is for CI, which has a step of its own for it: a cache and a tenant's
// view know no places, so one of them is enough while somebody waits, and the
// kinds of place between a bare repository and a work tree share their ways.
var thorough = flag.Bool("thorough", false, "test in every kind of place, behind a cache and a tenant's view, and by a model")

func TestStorage(t *testing.T) {
	t.Parallel()
	for _, place := range []struct {
		name                  string
		open                  func(testing.TB) storetest.Place
		suite, wrapped, model bool
	}{
		{"bare", at(bare), true, true, true},
		{"inside", at(inside), true, *thorough, *thorough},
		{"linked", at(linked), *thorough, *thorough, *thorough},
		{"elsewhere", at(elsewhere), *thorough, *thorough, *thorough},
		{"overlay", at(overlay), true, *thorough, true},
	} {
		t.Run(place.name, func(t *testing.T) {
			t.Parallel()
			if place.suite {
				t.Run("suite", func(t *testing.T) { storetest.Run(t, place.open, capabilities...) })
			}
			if place.wrapped {
				t.Run("wrapped", func(t *testing.T) { storetest.RunWrapped(t, place.open) })
			}
			if place.model {
				t.Run("model", func(t *testing.T) { storetest.Model(t, place.open) })
			}
		})
	}
}

// TestProcesses is the suite's, with flushing as the driver does it.
func TestProcesses(t *testing.T) {
	t.Parallel()
	place := func(name string, make func(testing.TB) (dir, query string)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Processes(t, 3, func(t *testing.T) string {
				dir, query := make(t)
				return dir + "?" + query
			}, func(place string) (prompty.TemplateStorage, error) { return prompty.OpenStorage("git", place) })
		})
	}
	place("bare", bare)
	place("inside", inside)
	place("linked", linked)
	place("overlay", overlay)
}

func BenchmarkStorage(b *testing.B) {
	for name, place := range map[string]func(testing.TB) storetest.Place{"bare": at(bare), "inside": at(inside)} {
		b.Run(name, func(b *testing.B) { storetest.Bench(b, place) })
	}
}
