//go:build !unix

package testserver

import (
	"os"
	"os/exec"
)

// Elsewhere no servers are started; those that the environment names are used.
const supported = false

var interrupt, quit, terminate = os.Kill, os.Kill, os.Kill

func detach(*exec.Cmd, bool) error { return nil }
func own(string) error             { return nil }
func signalStop(*os.Process)       {}
func signalContinue(*os.Process)   {}
func settle(*os.Process, string)   {}
func children(int) []*os.Process   { return nil }
