// Command prompty is the command with every storage driver in it: those that
// need no server, and the databases'. docs/command.md is its manual.
package main

import (
	"os"

	_ "github.com/go-prompty/prompty/fsstore"  // the drivers "filesystem" and "fs"
	_ "github.com/go-prompty/prompty/gitstore" // the driver "git"
	"github.com/go-prompty/prompty/internal/cli"
)

func main() { os.Exit(cli.Main(cli.Config{})) }
