package gitstore_test

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/gitstore"
	"github.com/go-prompty/prompty/gitstore/internal/gittest"
)

var stressFlag = flag.Duration("stress", 2500*time.Millisecond, "how long TestStress goes on")

// TestStress lets several of our processes, which are killed at random, people
// with git, and git's own tidying up work on one repository. After each round:
// no acknowledged version is lost, or has another number or text; nothing torn
// was ever read; git finds no fault; what we say agrees with git log; and git
// status is clean.
func TestStress(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts many processes")
	}
	t.Run("bare", func(t *testing.T) { t.Parallel(); stressRepo(t, gittest.InitAt(t, onDisk(t), true)) })
	t.Run("work tree", func(t *testing.T) { t.Parallel(); stressRepo(t, gittest.InitAt(t, onDisk(t), false)) })
}

type stressed struct {
	t    *testing.T
	r    *gittest.Repo
	seed uint64

	mu     sync.Mutex
	saved  map[string]ack    // by ID
	hidden map[string]string // by "name version": the ID, or "?"
	people map[string]string // commits that git acknowledged, and the path
	texts  map[string]string // by "name version": the ID that the reader saw
	kills  int
	git    map[string]int // what git did, and did not, for the log
	messy  bool           // a merge was left half done, by git

	ear     *ear   // what the reader is told
	copy    copied // and what that amounts to; for one goroutine
	batches int
}

type ack struct {
	name    string
	version int
	body    string
}

func stressRepo(t *testing.T, r *gittest.Repo) {
	x := &stressed{t: t, r: r, seed: rand.Uint64N(1e9), saved: map[string]ack{}, hidden: map[string]string{}, people: map[string]string{}, texts: map[string]string{}, git: map[string]int{}}
	t.Logf("seed %d", x.seed)
	r.Git("config", "user.name", gittest.Name)
	r.Git("config", "user.email", gittest.Email)
	r.Commit("person README.md", "README.md", "x")
	reader := open(t, r.Dir, "branch=main", "timeout=30s")
	x.ear, x.copy = listen(t, reader), copied{}
	x.copy.fill(t, reader)
	clean := 0
	for end := time.Now().Add(*stressFlag); time.Now().Before(end) && !t.Failed(); {
		x.round(reader, min(time.Until(end), 5*time.Second))
		if x.check(reader) {
			clean++
		}
	}
	t.Logf("%d versions acknowledged, %d hidden, %d commits by people, %d processes killed, git status asked %d times, %d batches; git %v",
		len(x.saved), len(x.hidden), len(x.people), x.kills, clean, x.batches, x.git)
	if len(x.saved) == 0 {
		t.Error("nothing was ever acknowledged: the test shows nothing")
	}
}

// round keeps everybody busy for a while.
func (x *stressed) round(reader *gitstore.Store, d time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	var workers, people sync.WaitGroup
	hands, stop := context.WithCancel(context.Background()) // workers live until people are done
	for i := range 3 {
		rnd := rand.New(rand.NewPCG(x.seed, uint64(i)))
		x.seed++
		workers.Go(func() {
			for hands.Err() == nil && !x.t.Failed() {
				x.worker(hands, rnd)
			}
		})
	}
	rnd := func(n uint64) *rand.Rand { x.seed++; return rand.New(rand.NewPCG(x.seed, n)) }
	if x.r.Bare {
		a, b := x.r.Clone(), x.r.Clone()
		ra, rb := rnd(10), rnd(11)
		people.Go(func() { x.pusher(ctx, a, ra) })
		people.Go(func() { x.pusher(ctx, b, rb) })
		rc := rnd(14)
		people.Go(func() { x.importer(ctx, rc) })
	} else {
		name := fmt.Sprintf("side%d", x.seed)
		side, r1, r2 := x.r.Linked(name), rnd(10), rnd(11)
		people.Go(func() { x.brancher(ctx, side, r1) })
		people.Go(func() { x.person(ctx, name, r2) })
	}
	r3, r4 := rnd(12), rnd(13)
	people.Go(func() { x.tidier(ctx, r3) })
	people.Go(func() { x.read(ctx, reader, r4) })
	var follower sync.WaitGroup
	quiet, end := context.WithCancel(context.Background())
	follower.Go(func() { x.follow(quiet, reader) })
	people.Wait()
	stop()
	workers.Wait()
	end()
	follower.Wait()
}

// follow reads again what the reader is told to have changed.
func (x *stressed) follow(ctx context.Context, s *gitstore.Store) {
	for {
		select {
		case b, ok := <-x.ear.ch:
			if !ok {
				x.t.Error("the reader's watch has ended")
				return
			}
			if b.Watch != nil && b.Watch.Degraded != "" {
				x.t.Errorf("the reader's watch is degraded: %s", b.Watch.Degraded)
			}
			x.batches++
			x.copy.take(x.t, s, b)
		case <-ctx.Done():
			return
		}
	}
}

// worker starts one of our processes and kills it after a while.
func (x *stressed) worker(ctx context.Context, rnd *rand.Rand) {
	options := "timeout=30s&sync=" + []string{"none", "none", "batch", "full"}[rnd.IntN(4)] + "&branch=main"
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=stress %d %s %s", workerEnv, rnd.Uint64N(1e12), options, x.r.Dir))
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		x.t.Error(err)
		return
	}
	killed := make(chan struct{})
	go func() {
		defer close(killed)
		select { // when does not matter
		case <-time.After(time.Duration(20+rnd.IntN(600)) * time.Millisecond):
		case <-ctx.Done():
		}
		cmd.Process.Kill()
	}()
	for sc := bufio.NewScanner(out); sc.Scan(); {
		x.acknowledge(sc.Text())
	}
	<-killed
	cmd.Wait()
	x.mu.Lock()
	x.kills++
	x.mu.Unlock()
}

func (x *stressed) acknowledge(line string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	f := strings.Fields(line)
	switch {
	case len(f) == 5 && f[0] == "saved":
		n, _ := strconv.Atoi(f[2])
		if was, twice := x.saved[f[3]]; twice {
			x.t.Errorf("the ID %s was given to %+v and again: %s", f[3], was, line)
		}
		x.saved[f[3]] = ack{f[1], n, f[4]}
	case len(f) == 3 && f[0] == "hid":
		x.hidden[f[1]+" "+f[2]] = "?"
	case len(f) > 0 && f[0] == "error", len(f) > 0 && strings.HasPrefix(f[0], "panic"), len(f) > 0 && strings.HasPrefix(f[0], "fatal"):
		x.t.Errorf("a worker: %s", line)
	}
}

// did counts what git did.
func (x *stressed) did(what string, err error) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if err != nil {
		what += " refused"
	}
	x.git[what]++
	return err == nil
}

func (x *stressed) acknowledgePerson(commit, path string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.people[commit] = path
}

// path is a file that a person changes: a template's at times.
func personPath(rnd *rand.Rand) string {
	if rnd.IntN(2) == 0 {
		return stressNames[rnd.IntN(len(stressNames))] + ".prompty"
	}
	return fmt.Sprintf("people/%d.txt", rnd.IntN(5))
}

// edit writes a file as an editor does.
func edit(r *gittest.Repo, rnd *rand.Rand, path, id string) {
	file := r.Path(path)
	os.MkdirAll(filepath.Dir(file), 0o777)
	text := []byte(body(id, rnd.IntN(20_000)))
	if rnd.IntN(2) == 0 {
		os.WriteFile(file, text, 0o666)
		return
	}
	os.WriteFile(file+"~", text, 0o666)
	os.Rename(file+"~", file)
}

// pusher has a clone, commits and merges in it, and pushes.
func (x *stressed) pusher(ctx context.Context, r *gittest.Repo, rnd *rand.Rand) {
	for ctx.Err() == nil {
		if _, err := r.Try("fetch", "-q", "origin", "+main:refs/remotes/origin/main"); !x.did("fetch", err) {
			continue
		}
		r.Try("checkout", "-q", "-B", "work", "origin/main")
		r.Try("reset", "-q", "--hard", "origin/main")
		path := personPath(rnd)
		id := fmt.Sprintf("p%d", rnd.Uint64())
		edit(r, rnd, path, id)
		r.Try("add", path)
		if rnd.IntN(3) > 0 {
			if _, err := r.Try("commit", "-q", "-m", "person "+path); err != nil {
				continue
			}
		} else { // a branch that is rebased, and merged
			r.Try("checkout", "-q", "-B", "topic")
			r.Try("commit", "-q", "-m", "side "+path)
			edit(r, rnd, path, id+"b")
			r.Try("commit", "-q", "-am", "side "+path)
			r.Try("fetch", "-q", "origin", "+main:refs/remotes/origin/main")
			if _, err := r.Try("rebase", "-q", "origin/main"); !x.did("rebase", err) {
				r.Try("rebase", "--abort")
				continue
			}
			r.Try("checkout", "-q", "-B", "work", "origin/main")
			if _, err := r.Try("merge", "-q", "--no-ff", "-m", "merge "+path, "topic"); !x.did("merge", err) {
				r.Try("merge", "--abort")
				continue
			}
		}
		commit, err := r.Try("rev-parse", "HEAD")
		if err != nil {
			continue
		}
		if _, err := r.Try("push", "-q", "origin", "HEAD:main"); x.did("push", err) {
			x.acknowledgePerson(commit, path)
		}
	}
}

// importer commits with git fast-import in the repository itself, which is
// quicker than a push and so is ahead of the others more often.
func (x *stressed) importer(ctx context.Context, rnd *rand.Rand) {
	for ctx.Err() == nil {
		path := personPath(rnd)
		id := fmt.Sprintf("i%d", rnd.Uint64())
		text := body(id, rnd.IntN(20_000))
		cmd := x.r.Command("fast-import", "--quiet", "--date-format=now")
		cmd.Stdin = strings.NewReader(fmt.Sprintf("commit refs/heads/main\ncommitter %s <%s> now\ndata <<.\nperson %s %s\n.\nfrom refs/heads/main^0\nM 100644 inline %s\ndata %d\n%s\n",
			gittest.Name, gittest.Email, path, id, path, len(text), text))
		if err := cmd.Run(); x.did("fast-import", err) {
			commit, err := x.r.Try("log", "--first-parent", "-1", "--format=%H", "--grep="+id+"$", "main")
			if err == nil {
				x.acknowledgePerson(commit, path)
			}
		}
	}
}

// brancher works on a branch of its own in a linked work tree, and rebases it.
func (x *stressed) brancher(ctx context.Context, r *gittest.Repo, rnd *rand.Rand) {
	for i := 0; ctx.Err() == nil; i++ {
		edit(r, rnd, fmt.Sprintf("people/%d.txt", 10+rnd.IntN(5)), fmt.Sprintf("r%d", rnd.Uint64()))
		r.Try("add", "-A")
		_, err := r.Try("commit", "-q", "-m", "side")
		x.did("commit on a branch", err)
		if i%3 == 2 {
			if _, err := r.Try("rebase", "-q", "main"); !x.did("rebase", err) {
				r.Try("rebase", "--abort")
				r.Try("reset", "-q", "--hard")
			}
		}
	}
}

// person works on main in the work tree. Git does not wait for index.lock, so
// neither do people: they try again.
func (x *stressed) person(ctx context.Context, side string, rnd *rand.Rand) {
	for ctx.Err() == nil {
		switch rnd.IntN(25) {
		case 0:
			_, err := x.r.Try("status", "--porcelain")
			x.did("status", err)
		case 1:
			before, _ := x.r.Try("rev-parse", "HEAD")
			_, err := x.r.Try("merge", "-q", "--no-ff", "-m", "merge", side)
			if x.did("merge", err) {
				if commit, err := x.r.Try("log", "-1", "--format=%H", "--grep=^merge$", before+"..main", "--first-parent"); err == nil && commit != "" {
					x.acknowledgePerson(commit, "")
				}
			} else if _, clean := x.r.Try("diff", "--cached", "--quiet"); clean != nil {
				// Git has changed the index and cannot move the branch: to be undone when nobody else is there,
				// as git reset moves the branch without a look.
				x.mu.Lock()
				x.t.Logf("to be undone: %v", err)
				x.messy = true
				x.mu.Unlock()
				return
			}
		default:
			path := personPath(rnd)
			edit(x.r, rnd, path, fmt.Sprintf("p%d", rnd.Uint64()))
			for done := false; !done; {
				if x.t.Failed() {
					return
				}
				if _, err := x.r.Try("add", path); !x.did("add", err) {
					continue
				}
				args := []string{"commit", "-q", "--allow-empty", "-m", "person " + path}
				if rnd.IntN(2) == 0 {
					args = append(args, "--", path)
				}
				_, err := x.r.Try(args...)
				if done = x.did("commit", err); !done && strings.Contains(err.Error(), "cannot lock ref") {
					// Git reads the index before it locks it, and writes it before it finds that the branch has
					// moved on (builtin/commit.c, prepare_index): what came between is undone in the index.
					// restore can be too late in the same way, so it is looked at; read-tree -m does not touch an entry
					// whose file has moved on, and reset moves the branch without a look.
					for mended := false; !mended && !x.t.Failed(); {
						if _, err := x.r.Try("restore", "--staged", ":/"); x.did("restore", err) {
							_, err = x.r.Try("diff", "--cached", "--quiet")
							mended = err == nil
						}
					}
					// What the index no longer names may be dropped any moment, and git add would take it for stored.
					edit(x.r, rnd, path, fmt.Sprintf("p%d", rnd.Uint64()))
				}
				if !done && strings.Contains(err.Error(), "did not match any file") {
					break // one of ours deleted it after the edit was undone
				}
			}
			if out, err := x.r.Try("log", "-1", "--format=%H", "--grep=^person "+path+"$", "main"); err == nil && out != "" {
				x.acknowledgePerson(out, path)
			}
		}
	}
}

// tidier runs what git runs on its own, and people by hand.
func (x *stressed) tidier(ctx context.Context, rnd *rand.Rand) {
	for ctx.Err() == nil {
		args := [][]string{
			{"gc", "-q"}, {"repack", "-adq"}, {"repack", "-dq"}, {"pack-refs", "--all", "--prune"}, {"pack-refs", "--all", "--prune"},
			{"reflog", "expire", "--expire=now", "--all"}, {"prune", "--expire=1.hour.ago"}, {"repack", "-adq"}, {"prune-packed", "-q"}, {"commit-graph", "write", "--reachable"}, {"multi-pack-index", "write"},
		}[rnd.IntN(11)]
		if args[0] == "gc" || args[0] == "pack-refs" {
			x.did("update-ref", x.r.GrowPacked())
		}
		_, err := x.r.Try(args...)
		x.did(args[0], err)
	}
}

// read holds a store that lives through everything.
func (x *stressed) read(ctx context.Context, s *gitstore.Store, rnd *rand.Rand) {
	see := func(v *prompty.StoredTemplate) {
		if _, ok := whole(v.Source); !ok {
			x.t.Errorf("the reader saw %s version %d torn: %.80q", v.Name, v.Version, v.Source)
		}
		x.mu.Lock()
		defer x.mu.Unlock()
		key := fmt.Sprint(v.Name, " ", v.Version)
		if was := x.texts[key]; was != "" && was != string(v.ID) {
			x.t.Errorf("%s was %s and is %s", key, was, v.ID)
		}
		x.texts[key] = string(v.ID)
	}
	for ctx.Err() == nil {
		name := stressNames[rnd.IntN(len(stressNames))]
		var err error
		switch rnd.IntN(5) {
		case 0:
			var list []*prompty.StoredTemplate
			if list, err = s.List(ctx, &prompty.TemplateQuery{IncludeAllVersions: true, NamePrefix: name}); err == nil {
				for _, v := range list {
					see(v)
				}
			}
		case 1:
			var snap prompty.TemplateStorage
			if snap, err = s.Snapshot(ctx); err == nil {
				var list []int
				if list, err = snap.ListVersions(ctx, name); err == nil && len(list) > 0 {
					var v *prompty.StoredTemplate
					if v, err = snap.GetVersion(ctx, name, list[rnd.IntN(len(list))]); err == nil {
						see(v)
					} else if ctx.Err() == nil {
						x.t.Errorf("a snapshot lists version %v of %s and says %v", list, name, err)
					}
				}
				snap.Close()
			}
		case 2:
			_, err = s.History(ctx, name)
		default:
			var v *prompty.StoredTemplate
			if v, err = s.Get(ctx, name); err == nil {
				see(v)
			}
		}
		if err != nil && ctx.Err() == nil && !errors.Is(err, prompty.ErrTemplateNotFound) {
			x.t.Errorf("the reader: %v", err)
			return
		}
	}
}

// check looks at everything while nobody is at work. It reports whether git
// status could be asked.
func (x *stressed) check(reader *gitstore.Store) bool {
	t, r := x.t, x.r
	t.Helper()
	fresh, err := tryOpen(r.Dir, "branch=main", "timeout=10s")
	if err != nil {
		t.Errorf("opening after a round: %v", err)
		return false
	}
	defer fresh.Close()
	// What a killed process left is mended by the next that writes.
	if err := fresh.Save(t.Context(), &prompty.StoredTemplate{Name: "after", Source: body("after", 10)}); err != nil {
		t.Errorf("Save after a round: %v", err)
		x.keep()
		return false
	}
	asked := !r.Bare && !x.messy
	if x.messy {
		r.Try("merge", "--abort")
		r.Git("reset", "-q", "--hard")
		x.messy = false
	} else if !r.Bare {
		if out := r.Status(); out != "" {
			t.Errorf("git status after a round:\n%s\n%s", out, r.Git("diff", "HEAD", "--stat"))
		}
	}
	for _, pattern := range []string{"*.lock", "refs/heads/*.lock", "worktrees/*/*.lock"} {
		if left, _ := filepath.Glob(filepath.Join(r.GitDir(), pattern)); left != nil {
			t.Errorf("locks are left: %q", left)
		}
	}
	r.Git("commit-graph", "write", "--reachable") // of commits that are gone, for which git fsck would blame it
	r.Fsck()
	agree(t, fresh, r, "main", "", ".prompty")
	agree(t, reader, r, "main", "", ".prompty")
	x.ear.catchUp("after a round", x.copy)

	versions := r.Versions("main", "", ".prompty")
	where := map[string]gittest.Version{} // by ID
	var blobs []string
	for name, list := range versions {
		for _, v := range list {
			where[v.Commit+":"+name+".prompty"] = v
			blobs = append(blobs, v.Blob)
		}
	}
	slices.Sort(blobs)
	texts := r.Blobs(slices.Compact(blobs))
	lost := 0
	for id, a := range x.saved {
		v, ok := where[id]
		got, _ := whole(texts[v.Blob])
		if !ok {
			if lost++; lost < 5 {
				t.Errorf("%s version %d was acknowledged and is lost: %s", a.name, a.version, id)
			}
		} else if v.N != a.version || got != a.body {
			t.Errorf("%s was acknowledged as %+v, and is version %d, %s", id, a, v.N, got)
		}
	}
	if lost > 0 {
		t.Errorf("%d of %d versions are lost", lost, len(x.saved))
	}
	for key := range x.hidden {
		name, n, _ := strings.Cut(key, " ")
		number, _ := strconv.Atoi(n)
		if list := versions[name]; number > len(list) || !list[number-1].Hidden {
			t.Errorf("version %s was deleted and is there again", key)
		}
	}
	chain := strings.Fields(r.Git("rev-list", "--first-parent", "main"))
	for commit := range x.people {
		if !slices.Contains(chain, commit) {
			t.Errorf("a person's commit is lost: %s", commit)
		}
	}
	// Nobody's commit takes along or undoes what is not theirs.
	out := r.Git("-c", "core.quotePath=false", "log", "--first-parent", "--diff-merges=first-parent", "--no-renames", "--name-only", "--format=%x01%s", "--grep=^person ", "main")
	for entry := range strings.SplitSeq(out, "\x01") {
		subject, files, _ := strings.Cut(strings.TrimSpace(entry), "\n")
		mine := strings.Fields(subject)
		if theirs := strings.Fields(files); len(mine) > 1 && len(theirs) > 1 || len(mine) > 1 && len(theirs) == 1 && theirs[0] != mine[1] {
			t.Errorf("a person's commit of %s changes %q", mine[1], theirs)
		}
	}
	x.keep()
	return asked
}

// keep copies the repository of a test that failed, to be looked at.
func (x *stressed) keep() {
	if !x.t.Failed() {
		return
	}
	dir, err := os.MkdirTemp(realDisk, "gitstore-stress-failed")
	if err == nil {
		err = os.CopyFS(dir, os.DirFS(x.r.Dir))
	}
	x.t.Logf("the repository is kept in %s (%v)", dir, err)
}
