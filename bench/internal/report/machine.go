package report

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Load is how many programs wanted a processor in the last minute.
func Load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	load, _, _ := strings.Cut(string(text), " ")
	return load
}

// WithoutPaths leaves out flags that name paths of this machine.
func WithoutPaths(args string) string {
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

// Machine describes the processor, the system and the disk's file system.
func Machine(dir string) string {
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
