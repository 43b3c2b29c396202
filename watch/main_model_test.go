//go:build linux

package watch_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// workerEnv makes the test binary something else: a worker of the model test,
// or a writer of a fault test. Its value says which.
const workerEnv = "PROMPTY_WATCH_WORKER"

func TestMain(m *testing.M) {
	// Nothing of git's depends on the machine.
	for _, v := range []string{"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=Ann", "GIT_AUTHOR_EMAIL=ann@example.org",
		"GIT_COMMITTER_NAME=Ann", "GIT_COMMITTER_EMAIL=ann@example.org", "GIT_AUTHOR_DATE=2026-01-02T03:04:05Z", "GIT_COMMITTER_DATE=2026-01-02T03:04:05Z",
		"GIT_EDITOR=true", "LC_ALL=C"} {
		name, value, _ := strings.Cut(v, "=")
		os.Setenv(name, value)
	}
	if job := os.Getenv(workerEnv); job != "" {
		os.Exit(work(job))
	}
	flag.Parse()
	// Most of the time, these tests wait: for clocks, disks and processes.
	flag.Set("test.parallel", strconv.Itoa(max(8, runtime.GOMAXPROCS(0))))
	code := m.Run()
	if left := leftOver(); code == 0 && left != "" {
		fmt.Fprintln(os.Stderr, "after every folder was closed:", left)
		code = 1
	}
	os.Exit(code)
}

// leftOver says what of ours is still there though nothing is open any more.
// What is on its way out gets time to go.
func leftOver() (left string) {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if left = goroutinesLeft() + descriptorsLeft(); left == "" {
			return ""
		}
	}
	return left
}

// goroutinesLeft gives the stacks of goroutines that are in package watch.
func goroutinesLeft() string {
	buf := make([]byte, 1<<20)
	var ours []string
	for _, stack := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(stack, "/watch.") || strings.Contains(stack, "/watch/internal/") || strings.Contains(stack, "/internal/feed.") || strings.Contains(stack, "fsnotify") {
			ours = append(ours, stack)
		}
	}
	return strings.Join(ours, "\n\n")
}

// descriptorsLeft gives the open inotify queues, and the open test folders.
func descriptorsLeft() string {
	var left []string
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, e := range entries {
		to, _ := os.Readlink("/proc/self/fd/" + e.Name())
		if strings.Contains(to, "inotify") || strings.Contains(to, "/Test") {
			left = append(left, "fd "+e.Name()+" of "+to)
		}
	}
	return strings.Join(left, "\n")
}

// need skips the test if one of the tools is not there, and fails it if the
// environment says that it must be: PROMPTY_TEST_REQUIRE, separated by commas.
func need(t testing.TB, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			lacking(t, tool, err)
		}
	}
}

func lacking(t testing.TB, what string, why error) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("PROMPTY_TEST_REQUIRE"), ","), what) {
		t.Fatalf("PROMPTY_TEST_REQUIRE names %s: %v", what, why)
	}
	t.Skipf("needs %s: %v", what, why)
}

// run runs a command in a folder.
func run(t testing.TB, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// put writes a file, and the folders above it.
func put(t testing.TB, path, body string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o777))
	must(t, os.WriteFile(path, []byte(body), 0o666))
}
