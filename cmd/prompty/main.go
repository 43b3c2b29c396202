// Command prompty keeps prompts with their versions, renders them and checks
// them. Run it without arguments for help. Its code is in internal/cli; the
// command with the databases' drivers is stores/cmd/prompty.
package main

import (
	"os"

	_ "github.com/go-prompty/prompty/fsstore"  // the drivers "filesystem" and "fs"
	_ "github.com/go-prompty/prompty/gitstore" // the driver "git"
	"github.com/go-prompty/prompty/internal/cli"
)

func main() { os.Exit(cli.Main(cli.Config{})) }
