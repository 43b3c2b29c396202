package gitbench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// The part between these lines of a document is gitbench's.
const (
	begin = "<!-- gitbench: begin; written by bench/cmd/gitbench -->"
	end   = "<!-- gitbench: end -->"
)

// Report is what was measured, and where.
type Report struct {
	machine, git, args string
	load               string // how busy the machine was at the start
	date               time.Time
	rows               []Row

	Failed int // works that could not be measured
}

func newReport(ctx context.Context, c *Config, args string) *Report {
	version, err := git(ctx, "", "version")
	if err != nil {
		version = err.Error()
	}
	return &Report{machine: machine(c.Dir), git: version, load: loadAverage(), args: withoutFile(args), date: time.Now()}
}

// loadAverage is how many programs wanted a processor in the last minute.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	load, _, _ := strings.Cut(string(text), " ")
	return load
}

// withoutFile leaves out flags that name paths of this machine.
func withoutFile(args string) string {
	var kept []string
	fields := strings.Fields(args)
	for i := 0; i < len(fields); i++ {
		switch name, _, _ := strings.Cut(strings.TrimLeft(fields[i], "-"), "="); {
		case name != "write" && name != "dir" && name != "cpuprofile":
			kept = append(kept, fields[i])
		case !strings.Contains(fields[i], "="):
			i++
		}
	}
	return strings.Join(kept, " ")
}

// machine describes the processor, the system and the disk's file system.
func machine(dir string) string {
	cpu := runtime.GOARCH
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
				cpu = strings.Join(strings.Fields(value), " ")
				break
			}
		}
	}
	system := runtime.GOOS
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		release, _, _ := strings.Cut(strings.TrimSpace(string(text)), "-")
		system += " " + release
	}
	m := fmt.Sprintf("%d cores of %s, %s, %s", runtime.NumCPU(), cpu, system, runtime.Version())
	if kind := fileSystem(dir); kind != "" {
		m += ", " + kind
	}
	return m
}

// fileSystem is the kind of that of dir, by the longest mount point above it.
func fileSystem(dir string) string {
	text, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return ""
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return ""
	}
	kind, longest := "", ""
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 3 || len(fields[1]) < len(longest) {
			continue
		}
		if under := strings.TrimSuffix(fields[1], "/") + "/"; strings.HasPrefix(dir+"/", under) {
			kind, longest = fields[2], fields[1]
		}
	}
	return kind
}

// Markdown is the table, and what it was measured on.
func (r *Report) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Measured on %s on %s, which had a load of %s before; %s. `gitbench", r.date.Format("2 January 2006"), r.machine, r.load, r.git)
	if r.args != "" {
		b.WriteString(" " + r.args)
	}
	b.WriteString("`; medians, and how far the farther quartile is from them.\n\n")
	b.WriteString("| work | we | beside us | ratio | target | met |\n|---|---|---|---|---|---|\n")
	for _, row := range r.rows {
		if row.Err != nil {
			fmt.Fprintf(&b, "| %s | | | | | %s |\n", row.Work, row.verdict())
			continue
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n",
			row.Work, row.Ours, row.Beside, row.Target.show(row.Value, ""), row.Target, row.verdict())
	}
	return b.String()
}

// WriteTo replaces the marked part of a document, and the chart beside it.
func (r *Report) WriteTo(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	replaced, err := replacePart(string(text), r.Markdown())
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := os.WriteFile(chartPath(path), []byte(r.chart()), 0o644); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(replaced), 0o644)
}

func chartPath(path string) string { return strings.TrimSuffix(path, filepath.Ext(path)) + "-git.svg" }

func replacePart(text, part string) (string, error) {
	before, rest, ok := strings.Cut(text, begin)
	if !ok {
		return "", fmt.Errorf("there is no line %q", begin)
	}
	_, after, ok := strings.Cut(rest, end)
	if !ok {
		return "", fmt.Errorf("there is no line %q after %q", end, begin)
	}
	return before + begin + "\n" + part + end + after, nil
}
