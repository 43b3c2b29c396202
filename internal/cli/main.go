// Package cli is the command prompty, one file per verb. Two binaries are made
// of it, which differ in the storage drivers that they import: cmd/prompty has
// those that need no server, stores/cmd/prompty has the databases' as well.
package cli

import (
	"os"
	"os/signal"
	"syscall"
)

// Config is what a binary has beside its drivers, which register themselves.
// The zero value is a binary without databases.
type Config struct {
	// Schemas has, by driver, what makes the statements that create its tables,
	// whose names begin with prefix ("": the driver's default). The verb schema
	// prints them.
	Schemas map[string]func(prefix string) (string, error)
}

// Main runs the command with the arguments, streams and environment of the
// process, and returns its exit code. It is for func main: the process no longer
// dies of SIGPIPE, and PWD is gone from its environment.
func Main(config Config) int {
	// A reader that has left makes a write fail, and does not end the process by
	// a signal. What we start does not inherit that.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	leaveLinks()
	return config.run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.LookupEnv)
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
