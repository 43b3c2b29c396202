//go:build linux

package watch_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// childEnv says that a test runs as the process that a test of that name
// started, with other rights, limits or mounts than this one's.
const childEnv = "PROMPTY_WATCH_CHILD"

// inChild runs the test again in a process of its own, and says whether this
// is it.
func inChild(t *testing.T, tool string, attr *syscall.SysProcAttr) bool {
	t.Helper()
	if os.Getenv(childEnv) != "" {
		return true
	}
	cmd := childOf(t, attr)
	out, err := cmd.CombinedOutput()
	childEnded(t, tool, string(out), cmd, err)
	return false
}

// ownNamespace gives a process limits or mounts of its own. With limits, and
// without being root, it takes a name space of users.
func ownNamespace(kind uintptr) *syscall.SysProcAttr {
	if kind == syscall.CLONE_NEWNS && os.Getuid() == 0 {
		return &syscall.SysProcAttr{Unshareflags: kind}
	}
	return &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | kind,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
}

func childOf(t *testing.T, attr *syscall.SysProcAttr) *exec.Cmd {
	// Not by its path: another user may not be allowed to go there.
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), childEnv+"=1")
	cmd.Dir = "/"
	cmd.SysProcAttr = attr
	return cmd
}

func childEnded(t *testing.T, tool, out string, cmd *exec.Cmd, err error) {
	t.Helper()
	switch {
	case cmd.ProcessState == nil:
		lacking(t, tool, err)
	case err != nil:
		t.Errorf("in a process of its own: %v\n%s", err, out)
	case strings.Contains(out, "--- SKIP"):
		lacking(t, tool, fmt.Errorf("%s", out))
	default:
		t.Log(out)
	}
}

// faultWriter is the main function of a process that writes in an awkward way.
// job is what it does, and a path.
func faultWriter(job string) int {
	what, path, _ := strings.Cut(job, " ")
	err := fmt.Errorf("no such job: %q", job)
	switch what {
	case "stop":
		err = writeStopped(path)
	case "always":
		err = writeAlways(path)
	case "flood":
		err = flood(path)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	return 0
}

func awkward(t testing.TB, what, path string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), workerEnv+"=fault "+what+" "+path)
	cmd.Stderr = os.Stderr
	return cmd
}

// stoppedText is what is there in the end.
var stoppedText = strings.Repeat("written after the pause\n", 100)

// writeStopped stops after it has truncated the file and again in the middle.
func writeStopped(path string) error {
	runtime.LockOSThread() // a signal to the process may leave this thread running for a while
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	for _, half := range []string{stoppedText[:1000], stoppedText[1000:]} {
		if err := unix.Tgkill(os.Getpid(), unix.Gettid(), unix.SIGSTOP); err != nil {
			return err
		}
		if _, err := f.WriteString(half); err != nil {
			return err
		}
	}
	return f.Close()
}

// writeAlways writes a file in place, again and again, until its input ends.
func writeAlways(path string) error {
	ended := make(chan struct{})
	go func() {
		io.Copy(io.Discard, os.Stdin)
		close(ended)
	}()
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		if _, err := f.WriteAt(fmt.Appendf(nil, "turn %d\n", n), int64(n%100)*20); err != nil {
			return err
		}
		select {
		case <-ended:
			if err := f.Truncate(0); err != nil {
				return err
			}
			if _, err := f.WriteAt([]byte(stoppedText), 0); err != nil {
				return err
			}
			return f.Close()
		default:
		}
	}
}

// floodFiles is how many files flood writes.
const floodFiles = 10_000

func floodName(i int) string { return fmt.Sprintf("d%02d/f%d.txt", i%50, i) }
func floodText(i int) string { return fmt.Sprintf("flooded %d", i) }

// flood stops the process that started this one, changes very many files, and
// lets it go on: whatever the system keeps for it while it sleeps is too much.
func flood(root string) error {
	parent := os.Getppid()
	if err := unix.Kill(parent, unix.SIGSTOP); err != nil {
		return err
	}
	defer unix.Kill(parent, unix.SIGCONT)
	for i := range floodFiles {
		if err := os.WriteFile(filepath.Join(root, floodName(i)), []byte(floodText(i)), 0o666); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Join(root, "late/a/b"), 0o777); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, "late/a/b/f.txt"), []byte("late"), 0o666)
}

// A superuser does for an unprivileged child what that may not do itself. It
// is the test that started the child.
type superuser struct {
	t   testing.TB
	ask *json.Encoder
	ack *bufio.Reader
}

// A wish is to write a file, with a modification time.
type wish struct {
	Path, Text string
	Time       time.Time
}

func (s *superuser) put(path, text string, at time.Time) {
	s.t.Helper()
	must(s.t, s.ask.Encode(wish{path, text, at}))
	if line, err := s.ack.ReadString('\n'); err != nil || line != "\n" {
		s.t.Fatalf("the superuser says %q, %v", line, err)
	}
}

// unprivileged runs the test again as somebody who has no rights, in a folder
// of that user, which it gives to the child.
func unprivileged(t *testing.T) (dir string, su *superuser) {
	t.Helper()
	if os.Getenv(childEnv) != "" {
		return os.Getenv("PROMPTY_WATCH_DIR"), &superuser{t, json.NewEncoder(os.NewFile(3, "wishes")), bufio.NewReader(os.NewFile(4, "answers"))}
	}
	if os.Getuid() != 0 {
		lacking(t, "root", fmt.Errorf("only root can become somebody else"))
	}
	const nobody = 65534
	dir, err := os.MkdirTemp("", "Test-watch")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	must(t, os.Chown(dir, nobody, nobody))
	cmd := childOf(t, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}})
	cmd.Env = append(cmd.Env, "PROMPTY_WATCH_DIR="+dir)
	wishes, theirWishes, err := os.Pipe()
	must(t, err)
	theirAnswers, answers, err := os.Pipe()
	must(t, err)
	cmd.ExtraFiles = []*os.File{theirWishes, theirAnswers}
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Start()
	theirWishes.Close()
	theirAnswers.Close()
	if err == nil {
		for in := json.NewDecoder(wishes); ; {
			var w wish
			if in.Decode(&w) != nil {
				break
			}
			err := os.WriteFile(w.Path, []byte(w.Text), 0o644)
			if err == nil && !w.Time.IsZero() {
				err = os.Chtimes(w.Path, w.Time, w.Time)
			}
			if err != nil {
				fmt.Fprint(answers, err)
			}
			fmt.Fprintln(answers)
		}
		err = cmd.Wait()
	}
	wishes.Close()
	answers.Close()
	childEnded(t, "root", out.String(), cmd, err)
	return "", nil
}
