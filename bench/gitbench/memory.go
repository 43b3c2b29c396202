package gitbench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"github.com/go-prompty/prompty"

	"github.com/go-prompty/prompty/bench/internal/report"
)

// Memory opens the repository in a process of its own, with and without the
// index file, and looks at the file.
func (c *Config) Memory(ctx context.Context) ([]report.Row, error) {
	repo, err := c.historyRepo(ctx)
	if err != nil {
		return nil, err
	}
	var rows []report.Row
	for _, how := range [][2]string{{"building the index", "MB-building"}, {"with the index file", "MB-opening"}} {
		resident, peak, versions, err := inChild(ctx, repo)
		if err != nil {
			return nil, err
		}
		if want := c.Templates + c.Commits - 1; versions != want {
			return nil, fmt.Errorf("the store has %d versions, want %d", versions, want)
		}
		rows = append(rows, report.Row{
			Work:   "resident memory " + how[0] + ", " + c.size(),
			Ours:   fmt.Sprintf("%.0f MB", resident),
			Beside: fmt.Sprintf("highest meanwhile: %.0f MB", peak),
			Value:  peak,
			Target: report.Target{Kind: "MB", Bound: 300},
			Metric: how[1],
		})
	}
	files, err := indexFiles(repo)
	if err != nil || len(files) != 1 {
		return nil, fmt.Errorf("index files %q, %w, want one", files, err)
	}
	info, err := os.Stat(files[0])
	if err != nil {
		return nil, err
	}
	versions := c.Templates + c.Commits - 1
	return append(rows, report.Row{
		Work:   "index file, " + c.size(),
		Ours:   fmt.Sprintf("%.1f MB", float64(info.Size())/1e6),
		Beside: fmt.Sprintf("%d versions", versions),
		Value:  float64(info.Size()) / float64(versions),
		Target: report.Target{Kind: "bytes a version", Bound: 60},
		Metric: "B/version",
	}), nil
}

// childFlag is what Memory starts its own program with.
const childFlag = "-gitbench-memory-of"

// Child does the work of the process that Memory starts, and says whether this
// is one. A program that calls Memory calls it first, and ends if it was.
func Child() bool {
	if len(os.Args) != 3 || os.Args[1] != childFlag {
		return false
	}
	if err := reportMemory(context.Background(), os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "gitbench:", err)
		os.Exit(1)
	}
	return true
}

// inChild has another process do reportMemory.
func inChild(ctx context.Context, repo string) (resident, peak float64, versions int, err error) {
	self, err := os.Executable()
	if err != nil {
		return 0, 0, 0, err
	}
	cmd := exec.CommandContext(ctx, self, childFlag, repo)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return 0, 0, 0, err
	}
	_, err = fmt.Sscan(string(out), &resident, &peak, &versions)
	return resident, peak, versions, err
}

// reportMemory opens a repository and prints the megabytes that are resident
// afterwards, the most that were meanwhile, and the number of versions.
func reportMemory(ctx context.Context, repo string) error {
	storage, err := prompty.OpenStorage("git", repo)
	if err != nil {
		return err
	}
	defer storage.Close()
	list, err := listNames(ctx, storage)
	if err != nil {
		return err
	}
	versions := 0
	for _, name := range list {
		v, err := storage.ListVersions(ctx, name)
		if err != nil {
			return err
		}
		versions += len(v)
	}
	resident, err := status("VmRSS")
	if err != nil {
		return err
	}
	peak, err := status("VmHWM")
	if err != nil {
		return err
	}
	fmt.Println(resident, peak, versions)
	return nil
}

// listNames lists the templates, which reads them too.
func listNames(ctx context.Context, storage prompty.TemplateStorage) ([]string, error) {
	list, err := storage.List(ctx, nil)
	names := make([]string, len(list))
	for i, t := range list {
		names[i] = t.Name
	}
	return names, err
}

// status is a line of /proc/self/status, in megabytes.
func status(name string) (float64, error) {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			kib, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
			return kib * 1024 / 1e6, err
		}
	}
	return 0, errors.New("/proc/self/status has no " + name)
}
