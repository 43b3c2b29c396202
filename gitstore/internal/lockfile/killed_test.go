package lockfile_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/go-prompty/prompty/gitstore/internal/lockfile"
)

// TestMain makes this program the process that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("LOCKFILE_TEST_HOLD"); dir != "" {
		hold(dir)
	}
	os.Exit(m.Run())
}

// hold takes locks, leaves a temporary file half written, says so and waits to
// be killed.
func hold(dir string) {
	o, err := lockfile.Open(dir)
	for _, file := range []string{"index", "worktrees/w/index", "refs/heads/main", "refs/heads/index", "worktrees/w/HEAD"} {
		if err == nil {
			_, err = o.Acquire(context.Background(), filepath.Join(dir, file), 0)
		}
	}
	if err == nil {
		_, err = o.Queue(context.Background())
	}
	if err == nil {
		var l *lockfile.Lock
		if l, err = o.Acquire(context.Background(), filepath.Join(dir, "config"), 0); err == nil {
			err = l.Replace(func(f *os.File) error {
				f.WriteString("half")
				fmt.Println("ready")
				select {}
			}, 0, lockfile.NoFlush)
		}
	}
	fmt.Println(err)
	os.Exit(1)
}

// killHolder runs hold in a process of its own, calls while with it alive, and
// kills it.
func killHolder(t *testing.T, dir string, while func()) {
	t.Helper()
	for _, d := range []string{"refs/heads", "worktrees/w"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "LOCKFILE_TEST_HOLD="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var line string
	_, err = fmt.Fscanln(out, &line)
	if line != "ready" {
		t.Errorf("the holder says %q, %v", line, err)
	} else {
		while()
	}
	cmd.Process.Kill()
	cmd.Wait()
}

// What a killed process held is free at once for one that waits for it.
func TestKilledWhileOthersRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := open(t, dir)
	index := filepath.Join(dir, "index")
	killHolder(t, dir, func() {
		if _, err := o.Acquire(t.Context(), index, -1); err == nil {
			t.Error("took the lock of a living process")
		}
		// One that starts now must not sweep the living one's locks.
		other := open(t, dir)
		if _, err := other.Acquire(t.Context(), index, -1); err == nil {
			t.Error("took the lock of a living process after Open")
		}
		other.Close()
	})
	for _, file := range []string{"index", "config", "refs/heads/main", "refs/heads/index", "worktrees/w/HEAD", "worktrees/w/index"} {
		l, err := o.Acquire(t.Context(), filepath.Join(dir, file), -1)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Replace(writeText("new"), 0, lockfile.NoFlush); err != nil {
			t.Error(err)
		}
		wantFile(t, filepath.Join(dir, file), "new")
	}
	release, err := o.Queue(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	release()
	open(t, dir) // sweeps the temporary file
	if left := names(t, dir); len(left) != 1 {
		t.Errorf("owner files: %q, want one", left)
	}
}

// After Open nothing of a killed process blocks git but the index, which may be
// behind its branch, until someone of ours has taken it.
func TestKilledThenOpened(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	killHolder(t, dir, func() {})
	foreign := filepath.Join(dir, "packed-refs.lock")
	if err := os.WriteFile(foreign, []byte("git"), 0o666); err != nil {
		t.Fatal(err)
	}
	o := open(t, dir)
	for _, file := range []string{"config", "refs/heads/main", "refs/heads/index", "worktrees/w/HEAD"} {
		wantGone(t, filepath.Join(dir, file+".lock"))
	}
	wantFile(t, foreign, "git")
	if left := names(t, dir); len(left) != 1 {
		t.Errorf("left behind: %q, want the owner file of the index's lock", left)
	}
	for _, file := range []string{"index", "worktrees/w/index"} {
		file = filepath.Join(dir, file)
		if _, err := os.Lstat(file + ".lock"); err != nil {
			t.Error(err)
		}
		if err := acquire(t, o, file).Release(); err != nil {
			t.Error(err)
		}
		wantGone(t, file+".lock")
	}
	if err := o.Close(); err != nil {
		t.Error(err)
	}
	if left := names(t, dir); len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}
}

// Of many who find a dead process's lock, one gets it at a time.
func TestKilledAndManyWait(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "index")
	var owners []*lockfile.Owner
	for range 8 {
		owners = append(owners, open(t, dir))
	}
	killHolder(t, dir, func() {})
	var wg sync.WaitGroup
	for _, o := range owners {
		wg.Go(func() {
			l, err := o.Acquire(t.Context(), file, time.Minute)
			if err != nil {
				t.Error(err)
				return
			}
			old, _ := os.ReadFile(file)
			if err := l.Replace(writeText(string(old)+"x"), 0, lockfile.NoFlush); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	wantFile(t, file, "xxxxxxxx")
}
