//go:build unix

package testserver

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const supported = true

var (
	interrupt = os.Signal(syscall.SIGINT)
	quit      = os.Signal(syscall.SIGQUIT)
	terminate = os.Signal(syscall.SIGTERM)
)

// detach puts the command into a process group of its own, so that Ctrl-C ends
// the test alone, and makes it run as nobody where it is asked to and can.
func detach(cmd *exec.Cmd, asNobody bool) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if !asNobody || os.Getuid() != 0 {
		return nil
	}
	uid, gid, err := nobody()
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return err
}

// own gives a folder to whom a process runs as.
func own(dir string) error {
	if os.Getuid() != 0 {
		return nil
	}
	uid, gid, err := nobody()
	if err != nil {
		return err
	}
	return os.Chown(dir, uid, gid)
}

func nobody() (uid, gid int, err error) {
	who, err := user.Lookup("nobody")
	if err != nil {
		return 0, 0, fmt.Errorf("the server cannot run as root, and nobody is not known: %w", err)
	}
	if uid, err = strconv.Atoi(who.Uid); err == nil {
		gid, err = strconv.Atoi(who.Gid)
	}
	return uid, gid, err
}

// signalStop stops a process, and waits until it is: a signal takes its time, in
// which a process may start a child.
func signalStop(p *os.Process) {
	if p.Signal(syscall.SIGSTOP) == nil {
		settle(p, "T")
	}
}

func signalContinue(p *os.Process) { p.Signal(syscall.SIGCONT) }

// settle waits until a process has a state of these letters, or is gone, where
// the system tells.
func settle(p *os.Process, states string) {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		fields := status(strconv.Itoa(p.Pid))
		if len(fields) == 0 || strings.Contains(states+"ZX", fields[0]) {
			return
		}
	}
}

// children lists a process's children, where the system tells them as Linux does.
func children(pid int) (list []*os.Process) {
	folders, _ := os.ReadDir("/proc")
	for _, folder := range folders {
		number, err := strconv.Atoi(folder.Name())
		if err != nil {
			continue
		}
		if fields := status(folder.Name()); len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			if p, err := os.FindProcess(number); err == nil {
				list = append(list, p)
			}
		}
	}
	return list
}

// status returns what /proc tells of a process: state, number of its parent, ….
func status(pid string) []string {
	stat, _ := os.ReadFile("/proc/" + pid + "/stat") // 42 (name, of any bytes) S 1 …
	return strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
}
