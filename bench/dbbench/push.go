package dbbench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/bench/internal/report"
)

// childVariable tells this program that it is the other process.
const childVariable = "DBBENCH_FOLLOWER"

const pushed = "pushed"

// push is how long after a Save began the cache of another process has dropped
// what it knew: that process writes down when it reads the new version.
func (set *setting) push(ctx context.Context) (report.Row, error) {
	save := func(i int) error { return set.s.Save(ctx, template(pushed, text(i))) }
	if err := save(0); err != nil {
		return report.Row{}, err
	}
	program, err := os.Executable()
	if err != nil {
		return report.Row{}, err
	}
	cmd := exec.CommandContext(ctx, program)
	cmd.Env = append(os.Environ(), childVariable+"="+set.driver+" "+set.place)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return report.Row{}, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return report.Row{}, err
	}
	if err := cmd.Start(); err != nil {
		return report.Row{}, err
	}
	defer cmd.Wait()
	defer stdin.Close()
	lines := bufio.NewScanner(stdout)
	read := func() (version int, at int64, err error) {
		if !lines.Scan() {
			return 0, 0, fmt.Errorf("the other process has ended: %v", lines.Err())
		}
		_, err = fmt.Sscan(lines.Text(), &version, &at)
		return version, at, err
	}
	first, _, err := read()
	if err != nil {
		return report.Row{}, err
	}
	var took []time.Duration
	count := set.Pushes
	if !set.pushes {
		count = (count + 9) / 10
	}
	for i := range count {
		start := time.Now().UnixNano()
		if err := save(i + 1); err != nil {
			return report.Row{}, err
		}
		version, at, err := read()
		if err == nil && version != first+i+1 {
			err = fmt.Errorf("the other process reads version %d, want %d", version, first+i+1)
		}
		if err != nil {
			return report.Row{}, err
		}
		took = append(took, time.Duration(at-start))
	}
	half, most := quantile(took, 0.5), quantile(took, 0.99)
	row := report.Row{
		Work: "Save → dropped by another process's cache", Ours: "p50 " + report.Short(half), Beside: "p99 " + report.Short(most),
		Value: float64(half) / 1e6, Target: report.Target{Kind: "ms", Bound: 5},
	}
	if !set.pushes { // it is asked every second
		row.Work += ", poll=1s"
		row.Target.Bound = 1500
	}
	return row, nil
}

// Follow is what the other process does, if this is it, and then true: it prints
// each version that its cache gives, and when, until its standard input ends.
func Follow() bool {
	driver, place, ok := strings.Cut(os.Getenv(childVariable), " ")
	if !ok {
		return false
	}
	if err := follow(driver, place); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return true
}

func follow(driver, place string) error {
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	s, err := prompty.OpenStorage(driver, place)
	if err != nil {
		return err
	}
	// Nothing but a watch makes it drop anything.
	cache := prompty.NewCachedStorage(s, prompty.CacheConfig{TTL: 24 * time.Hour})
	defer cache.Close()
	watch, ok := prompty.As[prompty.Watcher](prompty.TemplateStorage(cache))
	if !ok {
		return fmt.Errorf("%s cannot watch", driver)
	}
	batches, err := watch.Watch(ctx)
	if err != nil {
		return err
	}
	for last := 0; ; {
		t, err := cache.Get(ctx, pushed)
		if ctx.Err() != nil {
			return nil
		} else if err != nil {
			return err
		}
		if t.Version != last && (last > 0 || cache.Stats().Following) {
			fmt.Println(t.Version, time.Now().UnixNano())
			last = t.Version
			select {
			case <-batches:
			case <-ctx.Done():
			}
		}
		time.Sleep(20 * time.Microsecond) // the watch and the cache are told apart from each other
	}
}
