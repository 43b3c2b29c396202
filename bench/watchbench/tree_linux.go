package watchbench

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-prompty/prompty/bench/internal/report"
	"github.com/go-prompty/prompty/watch"
	"golang.org/x/sys/unix"
)

// makeTree makes the files of the big folder, or writes them anew.
func (c *Config) makeTree(dir string, edition int) error {
	for i := range c.Files {
		folder := filepath.Join(dir, fmt.Sprintf("folder%03d", i%c.Folders))
		if i < c.Folders {
			if err := os.MkdirAll(folder, 0o755); err != nil {
				return err
			}
		}
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("file%05d.md", i)), []byte(content(edition*c.Files+i)), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (c *Config) size() string { return fmt.Sprintf("%d files in %d folders", c.Files, c.Folders) }

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return (times[(len(times)-1)/2] + times[len(times)/2]) / 2
}

// checkout has git write every file, and looks for one batch with all of them.
func (c *Config) checkout(ctx context.Context, dir string) (rows []report.Row, err error) {
	git := func(args ...string) error {
		cmd := exec.CommandContext(ctx, "git", append([]string{"-C", dir, "-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "gc.auto=0"}, args...)...)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("git %s: %w: %s", args[0], err, out)
		}
		return nil
	}
	if err := git("init", "-q", "-b", "edition0"); err != nil {
		return nil, err
	}
	for edition := range 2 {
		if edition > 0 {
			if err := git("checkout", "-q", "-b", "edition1"); err != nil {
				return nil, err
			}
		}
		if err := errors.Join(c.makeTree(dir, edition), git("add", "."), git("commit", "-q", "-m", "all")); err != nil {
			return nil, err
		}
	}
	folder, err := watch.Open(ctx, dir, watch.Options{})
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	type came struct {
		at      time.Time
		changes int
	}
	batches := make(chan came, c.Files)
	stream := folder.Watch(ctx, "")
	go func() {
		for b := range stream {
			batches <- came{time.Now(), len(b.Changes)}
		}
	}()
	var after, took []time.Duration
	most := 0
	for round := range c.Rounds {
		start := time.Now()
		if err := git("checkout", "-q", fmt.Sprintf("edition%d", round%2)); err != nil {
			return nil, err
		}
		exited := time.Now()
		changes, n := 0, 0
		for changes < c.Files {
			select {
			case b := <-batches:
				changes += b.changes
				n++
				if changes >= c.Files {
					after = append(after, max(b.at.Sub(exited), 0))
				}
			case <-time.After(patience):
				return nil, fmt.Errorf("after a checkout of %d files %d changes came", c.Files, changes)
			}
		}
		took = append(took, exited.Sub(start))
		most = max(most, n)
	}
	what := fmt.Sprintf("checkout of %d files", c.Files)
	beside := fmt.Sprintf("`git checkout` itself: %s", report.Short(median(took)))
	late := median(after)
	return []report.Row{
		{Work: what + " → published, after git exits", Ours: report.Short(late), Beside: beside, Value: late.Seconds() * 1e3, Target: report.Target{Kind: "ms", Bound: 50}},
		{Work: what + ", batches", Ours: fmt.Sprintf("at most %d", most), Beside: fmt.Sprintf("in %d checkouts", c.Rounds), Value: float64(most), Target: report.Target{Kind: "batches", Bound: 1}},
	}, nil
}

// open lists the big folder and watches it, beside a walk that reads each file.
func (c *Config) open(ctx context.Context, dir string) ([]report.Row, error) {
	if err := c.makeTree(dir, 0); err != nil {
		return nil, err
	}
	time.Sleep(time.Second) // files that were written a moment ago are looked at more closely
	var we, walk []time.Duration
	for range c.Rounds + 1 {
		start := time.Now()
		folder, err := watch.Open(ctx, dir, watch.Options{})
		if err != nil {
			return nil, err
		}
		we = append(we, time.Since(start))
		_, files := folder.List()
		if err := folder.Close(); err != nil || len(files) != c.Files {
			return nil, fmt.Errorf("%d files were listed, want %d (%w)", len(files), c.Files, err)
		}
		start = time.Now()
		err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				_, err = os.ReadFile(path)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		walk = append(walk, time.Since(start))
	}
	opened := median(we[1:])
	return []report.Row{{
		Work:   "open, " + c.size(),
		Ours:   report.Short(opened),
		Beside: "`filepath.WalkDir` and `os.ReadFile`: " + report.Short(median(walk[1:])),
		Value:  opened.Seconds() * 1e3,
		Target: report.Target{Kind: "ms", Bound: 200},
	}}, nil
}

// idle watches the big folder while nothing happens, in a process of its own.
func (c *Config) idle(ctx context.Context, dir string) ([]report.Row, error) {
	if err := c.makeTree(dir, 0); err != nil {
		return nil, err
	}
	used, err := measureIn(ctx, "idle", dir, c.Idle.String())
	if err != nil {
		return nil, err
	}
	return []report.Row{{
		Work:   "idle, " + c.size(),
		Ours:   fmt.Sprintf("%.2g s of processor time", used),
		Beside: "in " + c.Idle.String(),
		Value:  100 * used / c.Idle.Seconds(),
		Target: report.Target{Kind: "% of a core", Bound: 0.1},
	}}, nil
}

// heap watches as many empty folders as there are files otherwise, in a process
// of its own.
func (c *Config) heap(ctx context.Context, dir string) ([]report.Row, error) {
	for i := range c.Files {
		if err := os.Mkdir(filepath.Join(dir, fmt.Sprintf("folder%05d", i)), 0o755); err != nil {
			return nil, err
		}
	}
	used, err := measureIn(ctx, "heap", dir)
	if err != nil {
		return nil, err
	}
	return []report.Row{{
		Work:   fmt.Sprintf("heap, %d folders", c.Files),
		Ours:   fmt.Sprintf("%.0f bytes each", used/float64(c.Files)),
		Beside: fmt.Sprintf("%.3g MB in all", used/1e6),
		Value:  used / float64(c.Files),
		Target: report.Target{Kind: "bytes a watch", Bound: 300},
	}}, nil
}

// measureIn gives the number that a process prints.
func measureIn(ctx context.Context, work string, args ...string) (float64, error) {
	cmd, err := child(ctx, work, args...)
	if err != nil {
		return 0, err
	}
	out, err := cmd.Output()
	if err != nil {
		return 0, err
	}
	return strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
}

// reportIdle prints the processor time that watching takes while nothing
// happens, in seconds.
func reportIdle(args []string) error {
	d, err := time.ParseDuration(args[1])
	if err != nil {
		return err
	}
	folder, err := watch.Open(context.Background(), args[0], watch.Options{})
	if err != nil {
		return err
	}
	defer folder.Close()
	if err := folder.Sync(context.Background()); err != nil {
		return err
	}
	runtime.GC()
	before := processorTime()
	time.Sleep(d)
	fmt.Println((processorTime() - before).Seconds())
	return nil
}

func processorTime() time.Duration {
	var used unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// reportHeap prints how many bytes of heap watching takes.
func reportHeap(args []string) error {
	before := heapInUse()
	folder, err := watch.Open(context.Background(), args[0], watch.Options{})
	if err != nil {
		return err
	}
	fmt.Println(heapInUse() - before)
	return folder.Close()
}

func heapInUse() int64 {
	var m runtime.MemStats
	for range 3 { // what finalizers let go of
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
