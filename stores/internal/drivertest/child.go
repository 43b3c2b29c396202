package drivertest

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	childVariable = "DRIVERTEST_PROCESS"
	placeVariable = "DRIVERTEST_PLACE"

	// patience is far more than anything takes; what takes longer hangs.
	patience = time.Minute
)

// child is a process of a test, whose lines are read one by one.
type child struct {
	t     *testing.T
	cmd   *exec.Cmd
	stdin io.WriteCloser
	lines chan string
}

// inChild runs main instead of the test t where this process was started for it.
// main's input ends when the test no longer needs it.
func inChild(t *testing.T, main func(place string) error) {
	if os.Getenv(childVariable) != t.Name() {
		return
	}
	if err := main(os.Getenv(placeVariable)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// startChild starts this test binary again for the test t, which must call
// inChild before it does anything else.
func startChild(t *testing.T, place string, env ...string) *child {
	t.Helper()
	var pattern []string
	for part := range strings.SplitSeq(t.Name(), "/") {
		pattern = append(pattern, "^"+regexp.QuoteMeta(part)+"$")
	}
	cmd := exec.Command(os.Args[0], "-test.run="+strings.Join(pattern, "/"), "-test.count=1", "-test.timeout=5m")
	cmd.Env = append(append(os.Environ(), childVariable+"="+t.Name(), placeVariable+"="+place), env...)
	// A program with the race detector waits a second before it ends.
	cmd.Env = append(cmd.Env, "GORACE=atexit_sleep_ms=20 "+os.Getenv("GORACE"))
	complaint := new(strings.Builder)
	cmd.Stderr = complaint
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &child{t, cmd, stdin, make(chan string, 1000)}
	var ended sync.WaitGroup
	ended.Go(func() {
		defer close(c.lines)
		for scanner := bufio.NewScanner(stdout); scanner.Scan(); {
			c.lines <- scanner.Text()
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("a process ended with %v: %s", err, complaint)
		}
	})
	t.Cleanup(func() { // after a failure it may still be there
		stdin.Close()
		if t.Failed() {
			cmd.Process.Kill()
		}
		for range c.lines {
		}
		ended.Wait()
	})
	return c
}

// line waits for the next line; false: the process has ended.
func (c *child) line() (string, bool) {
	c.t.Helper()
	select {
	case text, ok := <-c.lines:
		return text, ok
	case <-time.After(patience):
		c.cmd.Process.Kill()
		c.t.Errorf("a process said nothing for %v", patience)
		return "", false
	}
}

// end asks the process to end, and waits until it has.
func (c *child) end() {
	c.t.Helper()
	c.stdin.Close()
	for ok := true; ok; {
		_, ok = c.line()
	}
}
