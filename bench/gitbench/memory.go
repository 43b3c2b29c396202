package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"github.com/go-prompty/prompty"
)

// memory opens the repository in a process of its own, with and without the
// index file, and looks at the file.
func (c *config) memory(ctx context.Context) ([]row, error) {
	repo, err := c.historyRepo(ctx)
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, how := range []string{"building the index", "with the index file"} {
		resident, peak, versions, err := inChild(ctx, repo)
		if err != nil {
			return nil, err
		}
		if want := c.templates + c.commits - 1; versions != want {
			return nil, fmt.Errorf("the store has %d versions, want %d", versions, want)
		}
		rows = append(rows, row{
			Work:   "resident memory " + how + ", " + c.size(),
			Ours:   fmt.Sprintf("%.0f MB", resident),
			Beside: fmt.Sprintf("highest meanwhile: %.0f MB", peak),
			Value:  peak,
			Target: target{"MB", 300},
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
	versions := c.templates + c.commits - 1
	return append(rows, row{
		Work:   "index file, " + c.size(),
		Ours:   fmt.Sprintf("%.1f MB", float64(info.Size())/1e6),
		Beside: fmt.Sprintf("%d versions", versions),
		Value:  float64(info.Size()) / float64(versions),
		Target: target{"bytes a version", 60},
	}), nil
}

// inChild has a gitbench do reportMemory.
func inChild(ctx context.Context, repo string) (resident, peak float64, versions int, err error) {
	self, err := os.Executable()
	if err != nil {
		return 0, 0, 0, err
	}
	cmd := exec.CommandContext(ctx, self, "-child", repo)
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
