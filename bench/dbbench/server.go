package dbbench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

var errNoServer = errors.New("there is no server")

// launcher starts a server as the tests of the drivers do, prints its connection
// string, and ends it when its standard input ends.
const launcher = "github.com/go-prompty/prompty/stores/internal/testserver/serve"

// server gives the connection string of a server: of that in the environment, or
// of one that end ends.
func (k kind) server(ctx context.Context, dir string) (connectionString string, end func(), err error) {
	if k.variable == "" { // a file is enough
		return filepath.Join(dir, k.driver+".db"), func() {}, nil
	}
	if there := os.Getenv(k.variable); there != "" {
		return there, func() {}, nil
	}
	program := filepath.Join(dir, "serve")
	if _, err := os.Stat(program); err != nil {
		if out, err := exec.CommandContext(ctx, "go", "build", "-o", program, launcher).CombinedOutput(); err != nil {
			return "", nil, fmt.Errorf("%w: it is started by a command that go builds (or set %s): %v\n%s", errNoServer, k.variable, err, out)
		}
	}
	cmd := exec.Command(program, k.driver)
	cmd.Stderr = new(strings.Builder)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	end = func() {
		stdin.Close()
		cmd.Wait()
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		end()
		return "", nil, fmt.Errorf("%w (or set %s): %s", errNoServer, k.variable, cmd.Stderr)
	}
	return strings.TrimSpace(line), end, nil
}
