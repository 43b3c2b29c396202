package cli

import (
	"fmt"
	"strings"
)

// Exit codes, but for those of signals.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// exitCodes are what a script may rely on: the one table, printed in the help
// and in docs/command.md.
var exitCodes = []struct{ code, meaning string }{
	{"0", "done; also where the reader of the output has left (| head)"},
	{"1", "it failed, or lint, check, fmt --check or diff --exit-code found something"},
	{"2", "the command line makes no sense, or prompty.yaml does not"},
	{"130, 143", "Ctrl-C or SIGTERM ended it"},
}

func exitCodeTable() string {
	var b strings.Builder
	for _, e := range exitCodes {
		fmt.Fprintf(&b, "  %-8s  %s\n", e.code, e.meaning)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
