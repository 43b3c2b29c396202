package cli

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// pty opens a pseudo-terminal: what is written to tty is read from screen, with
// each line end as carriage return and line feed.
func pty(t *testing.T) (screen, tty *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here:", err)
	}
	t.Cleanup(func() { screen.Close() })
	fd := int(screen.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here:", err)
	}
	t.Cleanup(func() { tty.Close() })
	return screen, tty
}

// onTerminal runs the command on a terminal and returns the first lines of what
// it shows.
func onTerminal(t *testing.T, env map[string]string, lines int, args ...string) string {
	t.Helper()
	return onNarrowTerminal(t, 80, env, lines, args...)
}

func onNarrowTerminal(t *testing.T, columns uint16, env map[string]string, lines int, args ...string) string {
	t.Helper()
	screen, tty := pty(t)
	if err := unix.IoctlSetWinsize(int(tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}); err != nil {
		t.Fatal(err)
	}
	lookup := func(key string) (string, bool) { v, ok := env[key]; return v, ok }
	done := make(chan int, 1)
	go func() { done <- run(args, strings.NewReader(""), tty, io.Discard, lookup) }()
	r := bufio.NewReader(screen)
	var b strings.Builder
	for range lines {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString(strings.TrimSuffix(line, "\r\n") + "\n")
	}
	if code := <-done; code != exitOK {
		t.Fatalf("exit code %d", code)
	}
	return b.String()
}

func TestDiffOnTerminal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "a.prompty")
	for _, source := range []string{"Be kind.\n", "Be very kind.\u202e\n"} {
		if err := os.WriteFile(file, []byte(source), 0o666); err != nil {
			t.Fatal(err)
		}
		if code := run([]string{"-s", dir, "show", "a"}, nil, io.Discard, io.Discard, os.LookupEnv); code != exitOK {
			t.Fatalf("exit code %d", code)
		}
	}
	plain := "--- a@1\n+++ a@2\n@@ -1 +1 @@\n-Be kind.\n+Be very kind.\\u202e\n"
	colored := "\x1b[1m--- a@1\x1b[m\n\x1b[1m+++ a@2\x1b[m\n\x1b[36m@@ -1 +1 @@\x1b[m\n" +
		"\x1b[31m-Be kind.\x1b[m\n\x1b[32m+Be \x1b[7mvery \x1b[27mkind.\x1b[7m\\u202e\x1b[27m\x1b[m\n"
	for _, tt := range []struct {
		env   map[string]string
		color string
		want  string
	}{
		{map[string]string{"TERM": "xterm"}, "auto", colored},
		{map[string]string{"TERM": "xterm", "NO_COLOR": ""}, "auto", colored},
		{map[string]string{"TERM": "xterm", "NO_COLOR": "1"}, "auto", plain},
		{map[string]string{"TERM": "dumb"}, "auto", plain},
		{map[string]string{"NO_COLOR": "1"}, "always", colored},
		{map[string]string{"TERM": "xterm"}, "never", plain},
	} {
		if got := onTerminal(t, tt.env, 5, "-s", dir, "diff", "a", "--color", tt.color); got != tt.want {
			t.Errorf("with %v and --color %s:\n%q, want\n%q", tt.env, tt.color, got, tt.want)
		}
	}
}

// TestNarrowTable lists on terminals that are too narrow for it.
func TestNarrowTable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "greeting.prompty"), []byte("---\ndescription: Says hello in a few friendly words\n---\nHi\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for columns, want := range map[uint16]string{
		60: "NAME      VERSION  UPDATED           DESCRIPTION\n",
		40: "NAME      VERSION  UPDATED\n",
		30: "NAME      VERSION\n",
		12: "NAME\n",
		3:  "NAME\n", // which the terminal breaks
	} {
		got := onNarrowTerminal(t, columns, nil, 2, "-s", dir, "ls")
		if head, row, _ := strings.Cut(got, "\n"); head+"\n" != want || !strings.HasPrefix(row, "greeting") {
			t.Errorf("in %d columns:\n%swant\n%s", columns, got, want)
		}
		if columns == 60 && !strings.Contains(got, "Says hello in a few fr…\n") {
			t.Errorf("the last column is not cut:\n%s", got)
		}
	}
}
