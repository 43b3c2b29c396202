//go:build linux

package watch_test

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-prompty/prompty/watch"
)

var (
	opsFlag  = flag.Int("ops", 20_000, "how many operations TestModel does in all")
	seedFlag = flag.Uint64("seed", 0, "the seed of TestModel; 0: a new one")
)

// TestModel lets several processes do random things to a tree, as editors,
// git, and people with a shell do. After each round, nothing was missed (what
// is there was told), nothing is a ghost (what was told is there), and nothing
// was ever torn (each content told was finished by somebody).
func TestModel(t *testing.T) {
	t.Parallel()
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64N(1e9) + 1
	}
	t.Logf("-seed=%d -ops=%d", seed, *opsFlag)
	for _, m := range []struct {
		mode  watch.Mode
		share int // in percent
	}{{watch.Inotify, 65}, {watch.Fsnotify, 20}, {watch.Poll, 15}} {
		t.Run(string(m.mode), func(t *testing.T) {
			t.Parallel()
			newModel(t, m.mode, seed).run(*opsFlag * m.share / 100)
		})
	}
}

type model struct {
	t       *testing.T
	rng     *rand.Rand
	mode    watch.Mode
	p       place
	folder  *watch.Folder
	stream  *stream   // always reads
	others  []*stream // stop reading, go away, and come back where they were
	away    []bool
	crew    []*crewman
	git     *crewman // nil: no git here
	whole   map[watch.Hash]bool
	probes  int
	resumes int
}

// A crewman is a worker process, seen from here.
type crewman struct {
	in  io.WriteCloser
	out *bufio.Scanner
}

func newModel(t *testing.T, mode watch.Mode, seed uint64) *model {
	t.Helper()
	m := &model{t: t, rng: rand.New(rand.NewPCG(seed, 0)), mode: mode, whole: map[watch.Hash]bool{}}
	base, err := os.MkdirTemp("", "Test-watch-model")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(base) })
	m.p = place{t, filepath.Join(base, "root"), filepath.Join(base, "out")}
	must(t, os.Mkdir(m.p.root, 0o777))
	must(t, os.MkdirAll(filepath.Join(m.p.out, static), 0o777))
	for i := range 3 {
		m.crew = append(m.crew, m.hire(worker{ID: i, Root: m.p.root, Out: m.p.out, Seed: seed}))
	}
	if _, err := exec.LookPath("git"); err == nil {
		repo := filepath.Join(m.p.root, "repo")
		bodies, err := initRepo(repo)
		must(t, err)
		maps.Copy(m.whole, bodies)
		m.git = m.hire(worker{ID: 9, Root: m.p.root, Out: m.p.out, Repo: repo, Seed: seed})
	}
	m.folder = openFolder(t, m.p.root, watch.Options{Mode: mode, Ring: 16})
	m.stream = follow(t, m.folder)
	for range 3 {
		m.others = append(m.others, follow(t, m.folder))
		m.away = append(m.away, false)
	}
	return m
}

// hire starts a process, which ends when its input does.
func (m *model) hire(w worker) *crewman {
	m.t.Helper()
	job, err := json.Marshal(w)
	must(m.t, err)
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), workerEnv+"="+string(job))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	must(m.t, err)
	out, err := cmd.StdoutPipe()
	must(m.t, err)
	must(m.t, cmd.Start())
	m.t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			m.t.Errorf("a worker ended: %v", err)
		}
	})
	return &crewman{in, bufio.NewScanner(out)}
}

// order tells a worker to do so many things.
func (c *crewman) order(n int) error {
	_, err := fmt.Fprintln(c.in, n)
	return err
}

// finish waits for a worker, and takes note of the contents that it made.
func (m *model) finish(c *crewman) {
	m.t.Helper()
	for c.out.Scan() {
		if c.out.Text() == "done" {
			return
		}
		raw, err := hex.DecodeString(c.out.Text())
		if err != nil || len(raw) != len(watch.Hash{}) {
			m.t.Fatalf("a worker says %q", c.out.Text())
		}
		m.whole[watch.Hash(raw)] = true
	}
	m.t.Fatalf("a worker went away: %v", c.out.Err())
}

func (m *model) run(ops int) {
	start := time.Now()
	perRound := min(max(ops/60, 60), 1500)
	rounds := 0
	for done := 0; done < ops && !m.t.Failed(); done += perRound {
		rounds++
		m.round(perRound)
	}
	m.stream.mu.Lock()
	defer m.stream.mu.Unlock()
	m.t.Logf("mode %s: %d rounds of %d operations in %v, %d batches, %d contents, %d probes, %d resumed subscriptions, %d resyncs of the steady one; status %+v",
		m.mode, rounds, perRound, time.Since(start).Round(time.Millisecond), len(m.stream.batches), len(m.whole), m.probes, m.resumes, m.stream.resyncs, m.folder.Status())
}

func (m *model) round(ops int) {
	m.t.Helper()
	working := m.crew
	if m.git != nil && m.rng.IntN(3) == 0 {
		working = append(working[:len(working):len(working)], m.git)
	}
	for i, c := range working {
		n := ops / len(m.crew)
		if i == len(m.crew) {
			n = 1 + m.rng.IntN(2)
		}
		must(m.t, c.order(n))
	}
	for i, s := range m.others {
		m.disturb(i, s)
	}
	m.probe()
	m.stream.note(m.folder) // a List in the middle of it
	for _, c := range working {
		m.finish(c)
	}

	m.stream.settle(m.p.root)
	m.stream.wantWhole(m.whole)
	m.stream.forget()
	for i, s := range m.others {
		s.mu.Lock()
		paused := s.pause != nil
		s.mu.Unlock()
		if !m.away[i] && !paused {
			s.arrive()
			if a, _, _ := s.copy(); !maps.Equal(a, listed(m.folder)) {
				m.t.Errorf("subscriber %d, which came back, knows another state than List", i)
			}
		}
	}
	if m.mode != watch.Poll {
		wantWatched(m.t, m.folder, m.p)
	}
}

// disturb lets a subscriber stop reading, go away, or come back.
func (m *model) disturb(i int, s *stream) {
	switch m.rng.IntN(6) {
	case 0:
		if !m.away[i] {
			s.hold(true)
		}
	case 1, 2:
		s.hold(false)
	case 3:
		if !m.away[i] {
			s.stop()
			m.away[i] = true
		}
	case 4, 5:
		if m.away[i] {
			s.start()
			m.away[i] = false
			m.resumes++
		}
	}
}

// probe makes a change of its own while the others are at it. Sync says when
// it is there, whatever they do.
func (m *model) probe() {
	m.t.Helper()
	m.probes++
	body := fmt.Sprintf("probe %d", m.probes)
	m.whole[hashOf(body)] = true
	path := filepath.Join(m.p.root, "probe.txt")
	if m.rng.IntN(2) == 0 {
		put(m.t, path+".tmp", body)
		must(m.t, os.Rename(path+".tmp", path))
	} else {
		put(m.t, path, body)
	}
	ctx, cancel := context.WithTimeout(m.t.Context(), patience)
	defer cancel()
	if err := m.folder.Sync(ctx); err != nil {
		m.t.Fatalf("Sync while others write: %v; status %+v", err, m.folder.Status())
	}
	if listed(m.folder)["probe.txt"] != hashOf(body) {
		m.t.Error("Sync returned before the change made before it was there")
	}
}

// note takes the contents that List gives as told.
func (s *stream) note(f *watch.Folder) {
	_, files := f.List()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, file := range files {
		s.seen[file.Hash] = file.Name
	}
}

// forget drops the contents told so far, which were found to be whole.
func (s *stream) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.seen)
	if n := len(s.batches); n > 1000 {
		s.batches = s.batches[n-10:]
	}
}

// wantWatched asks the kernel which folders are watched: each one in the tree
// is, and of those beside it only the ones that links lead over.
func wantWatched(t testing.TB, f *watch.Folder, p place) {
	t.Helper()
	var wrong []string
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if wrong = wronglyWatched(t, p); wrong == nil {
			return
		}
	}
	t.Errorf("%v later: %s\nstatus %+v", patience, strings.Join(wrong, "\n"), f.Status())
}

func wronglyWatched(t testing.TB, p place) (wrong []string) {
	t.Helper()
	watched := inodesWatched(t, p.root)
	if watched == nil {
		return []string{"no inotify queue watches the root"}
	}
	over := map[uint64]bool{} // what links in the tree lead over
	for dir := range folders(p.root) {
		if over[inode(t, dir)] = true; !watched[inode(t, dir)] {
			wrong = append(wrong, dir+" is not watched")
		}
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			to, err := os.Readlink(filepath.Join(dir, e.Name()))
			if err != nil {
				continue
			}
			if !filepath.IsAbs(to) {
				to = filepath.Join(dir, to)
			}
			for ; to != "/"; to = filepath.Dir(to) {
				if _, err := os.Stat(filepath.Dir(to)); err == nil {
					over[inode(t, filepath.Dir(to))] = true
				}
			}
		}
	}
	for dir := range folders(p.out) {
		ino, name := inode(t, dir), strings.TrimPrefix(dir, p.out)
		if name != "" && !strings.HasPrefix(name, "/"+static) && watched[ino] && !over[ino] {
			wrong = append(wrong, dir+" is not in the tree and is watched still")
		}
	}
	return wrong
}

// folders gives the folders that are entered below one, with itself.
func folders(root string) map[string]bool {
	all := map[string]bool{}
	filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || !d.IsDir():
			return nil
		case path != root && !entered(d.Name()):
			return fs.SkipDir
		}
		all[path] = true
		return nil
	})
	return all
}
