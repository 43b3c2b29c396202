// Command prompty keeps prompts with their versions, renders them and checks
// them. Run it without arguments for help.
package main

import (
	"os"
	"os/signal"
	"syscall"

	_ "github.com/go-prompty/prompty/fsstore"  // the drivers "filesystem" and "fs"
	_ "github.com/go-prompty/prompty/gitstore" // the driver "git"
)

func main() {
	// A reader that has left makes a write fail, and does not end the process by
	// a signal. What we start does not inherit that.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	leaveLinks()
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.LookupEnv))
}

// leaveLinks makes PWD the folder that we are in, where a shell has the way that
// led there: behind a symbolic link, .. in a path leads from the folder, and the
// project that it is in counts.
func leaveLinks() {
	const way = "PWD"
	if os.Unsetenv(way) != nil {
		return
	}
	if dir, err := os.Getwd(); err == nil {
		os.Setenv(way, dir)
	}
}
