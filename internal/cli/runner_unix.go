//go:build unix

package cli

import (
	"os/exec"
	"syscall"
)

// ownGroup gives a command a process group of its own, so that all that it
// starts can be told to end. Ctrl-C then reaches it through us alone.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// tellGroup sends a signal to what is left of the command's group.
func tellGroup(cmd *exec.Cmd, sig syscall.Signal) { _ = syscall.Kill(-cmd.Process.Pid, sig) }

// groupRuns reports whether somebody is left in the command's group.
func groupRuns(cmd *exec.Cmd) bool { return syscall.Kill(-cmd.Process.Pid, 0) == nil }
