package gitstore_test

import (
	"flag"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/go-prompty/prompty/gitstore"
	"github.com/go-prompty/prompty/gitstore/internal/gittest"
)

var seedFlag = flag.Uint64("seed", 0, "the seed of the random histories; 0 for another one each time")

func seeds(t *testing.T, n int) []uint64 {
	if *seedFlag != 0 {
		return []uint64{*seedFlag}
	}
	all := make([]uint64, n)
	for i := range all {
		all[i] = rand.Uint64N(1e9) + 1
	}
	t.Logf("seeds %d: again with -seed", all)
	return all
}

// TestRandomHistories holds the store against git log --first-parent, where a
// branch moves forward, back and sideways through a random history.
func TestRandomHistories(t *testing.T) {
	t.Parallel()
	for _, seed := range seeds(t, 6) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		kind := gittest.Bare
		if seed%3 == 0 {
			kind = gittest.WorkTree
		}
		r := kind(t)
		r.Random(seed, 60+rnd.IntN(120))
		all := strings.Fields(r.Git("rev-list", "--all"))
		chain := strings.Fields(r.Git("rev-list", "--first-parent", "main"))
		s, part := open(t, r.Dir, "branch=main"), open(t, r.Dir, "branch=main", "dir=d")
		check := func(what string) {
			t.Helper()
			agree(t, s, r, "main", "", ".prompty")
			agree(t, part, r, "main", "d", ".prompty")
			if t.Failed() {
				t.Fatalf("seed %d, %s: main is %s\n%s", seed, what, r.Git("rev-parse", "main"), r.Git("log", "--first-parent", "--format=%h %s", "-n", "20", "main"))
			}
		}
		check("as imported")
		at := len(chain) - 1
		for range 6 {
			switch rnd.IntN(4) {
			case 0: // anywhere
				r.Git("update-ref", "refs/heads/main", all[rnd.IntN(len(all))])
			case 1: // back along the chain, or forward
				at = rnd.IntN(len(chain))
				r.Git("update-ref", "refs/heads/main", chain[at])
			default: // forward
				at = max(0, at-1-rnd.IntN(20))
				r.Git("update-ref", "refs/heads/main", chain[at])
			}
			if rnd.IntN(4) == 0 {
				r.Git("gc", "-q")
			}
			if rnd.IntN(3) == 0 { // through the file of the history, or what it says before
				must(t, s.Close())
				s = open(t, r.Dir, "branch=main")
			}
			check("after a move")
		}
		for range 2 {
			rev := all[rnd.IntN(len(all))]
			at, err := s.At(t.Context(), rev)
			must(t, err)
			agree(t, at, r, rev, "", ".prompty")
			must(t, at.Close())
		}

		// Our own commits on top of anything.
		if !r.Bare {
			r.Git("reset", "-q", "--hard", "main")
		}
		for _, name := range []string{"a", "d/a", "Case", "d/e"} {
			if list, err := s.ListVersions(t.Context(), name); err != nil || len(list) == 0 {
				continue
			}
			save(t, s, name, "ours")
			list, err := s.ListVersions(t.Context(), name)
			must(t, err)
			must(t, s.DeleteVersion(t.Context(), name, list[rnd.IntN(len(list))]))
		}
		check("after our commits")
		if !r.Bare {
			if out := r.Status(); out != "" {
				t.Errorf("seed %d: git status: %s", seed, out)
			}
		}
	}
}

// TestRandomEnds has histories that end early: shallow clones, replaced
// parents, grafts.
func TestRandomEnds(t *testing.T) {
	t.Parallel()
	for _, seed := range seeds(t, 3) {
		rnd := rand.New(rand.NewPCG(seed, 4))
		r := gittest.Bare(t)
		r.Random(seed, 80)
		chain := strings.Fields(r.Git("rev-list", "--first-parent", "main"))
		if len(chain) < 4 {
			continue
		}
		check := func(what string, r *gittest.Repo, s *gitstore.Store) {
			t.Helper()
			agree(t, s, r, "main", "", ".prompty")
			if t.Failed() {
				t.Fatalf("seed %d: %s", seed, what)
			}
		}
		shallow := r.Clone("--bare", "--depth", "7")
		s := open(t, shallow.Dir, "branch=main")
		check("shallow", shallow, s)
		shallow.Git("fetch", "-q", "--deepen", "9", "origin", "main")
		must(t, s.Close())
		s = open(t, shallow.Dir, "branch=main")
		check("deepened", shallow, s)
		must(t, s.Close())
		if shallow.Git("rev-parse", "--is-shallow-repository") == "true" { // a short history is whole by now
			shallow.Git("fetch", "-q", "--unshallow", "origin")
		}
		check("whole", shallow, open(t, shallow.Dir, "branch=main"))

		s = open(t, r.Dir)
		check("before", r, s)
		must(t, s.Close())
		victim := chain[rnd.IntN(len(chain)/2)]
		r.Git("replace", "--graft", victim, chain[len(chain)*3/4])
		check("parents replaced", r, open(t, r.Dir))
		r.Git("replace", "-d", victim)
		check("and back", r, open(t, r.Dir))
		r.Git("replace", "--graft", victim) // a root
		check("no parents", r, open(t, r.Dir))
	}
}
