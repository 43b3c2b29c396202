//go:build !unix

package cli

import (
	"os/exec"
	"syscall"
)

func ownGroup(*exec.Cmd) {}

// tellGroup ends the command: there are no signals here.
func tellGroup(cmd *exec.Cmd, _ syscall.Signal) { _ = cmd.Process.Kill() }

// groupRuns is never true: tellGroup has ended the command.
func groupRuns(*exec.Cmd) bool { return false }
