package watchbench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// childFlag is what this program starts itself with; the name of the work
// follows.
const childFlag = "-watchbench-child"

var children = map[string]func(args []string) error{
	"edit": func([]string) error { return editFiles(os.Stdin, os.Stdout) },
	"spin": func([]string) error { return spin() },
	"idle": reportIdle,
	"heap": reportHeap,
}

// Child does the work of a process that Measure starts, and says whether this
// is one. A program that calls Measure calls it first, and ends if it was.
func Child() bool {
	if len(os.Args) < 3 || os.Args[1] != childFlag {
		return false
	}
	if err := children[os.Args[2]](os.Args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, "watchbench:", err)
		os.Exit(1)
	}
	return true
}

func child(ctx context.Context, work string, args ...string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, append([]string{childFlag, work}, args...)...)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL}
	return cmd, nil
}

// editor is a process that edits files.
type editor struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func startEditor(ctx context.Context) (*editor, error) {
	cmd, err := child(ctx, "edit")
	if err != nil {
		return nil, err
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &editor{cmd, in, bufio.NewReader(out)}, cmd.Start()
}

func (e *editor) close() error {
	return errors.Join(e.in.Close(), e.cmd.Wait())
}

// edit gives the file a new text, in one of the ways, and returns when the last
// step of that began, in nanoseconds of the system's clock.
func (e *editor) edit(way, path, text string) (began int64, err error) {
	if _, err := fmt.Fprintf(e.in, "%s %q %q\n", way, path, text); err != nil {
		return 0, err
	}
	answer, err := e.out.ReadString('\n')
	if err != nil {
		return 0, fmt.Errorf("the process that edits is gone: %w", err)
	}
	_, err = fmt.Sscan(answer, &began)
	return began, err
}

// The ways to edit.
const (
	inPlace  = "in-place"
	byRename = "by-rename"
)

// editFiles does what edit writes, line by line.
func editFiles(in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var way, path, text string
		if _, err := fmt.Sscanf(lines.Text(), "%s %q %q", &way, &path, &text); err != nil {
			return err
		}
		target := path
		if way == byRename {
			target = path + ".tmp"
		}
		f, err := os.Create(target)
		if err != nil {
			return err
		}
		if _, err := io.Copy(f, strings.NewReader(text)); err != nil {
			return err
		}
		began := monotonic()
		err = f.Close()
		if way == byRename {
			began = monotonic()
			err = errors.Join(err, os.Rename(target, path))
		}
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, began); err != nil {
			return err
		}
	}
	return lines.Err()
}

// monotonic is the system's clock, which all processes share.
func monotonic() int64 {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return 0
	}
	return now.Nano()
}

// spin keeps a core busy until it is killed.
func spin() error {
	for {
		runtime.KeepAlive(monotonic())
	}
}

// keepBusy gives every core something to do until stop is called.
func keepBusy(ctx context.Context) (stop func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	var all []*exec.Cmd
	stop = func() {
		cancel()
		for _, cmd := range all {
			_ = cmd.Wait() // killed
		}
	}
	for range runtime.NumCPU() {
		cmd, err := child(ctx, "spin")
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			stop()
			return nil, err
		}
		all = append(all, cmd)
	}
	return stop, nil
}
