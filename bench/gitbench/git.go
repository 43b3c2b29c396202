package gitbench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// environment is git's: nobody's configuration, and an author.
var environment = append(os.Environ(),
	"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C",
	"GIT_AUTHOR_NAME=Ann Lee", "GIT_AUTHOR_EMAIL=ann@example.org",
	"GIT_COMMITTER_NAME=Ann Lee", "GIT_COMMITTER_EMAIL=ann@example.org")

func gitCommand(ctx context.Context, repo string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir, cmd.Env = repo, environment
	return cmd
}

// git runs a command and returns what it says.
func git(ctx context.Context, repo string, args ...string) (string, error) {
	return gitInput(ctx, repo, nil, args...)
}

func gitInput(ctx context.Context, repo string, stdin io.Reader, args ...string) (string, error) {
	cmd := gitCommand(ctx, repo, args...)
	cmd.Stdin = stdin
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return strings.TrimSpace(string(out)), nil
}

// catFile is a git cat-file --batch that stays open.
type catFile struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
	buf []byte
}

func startCatFile(ctx context.Context, repo string) (*catFile, error) {
	cmd := gitCommand(ctx, repo, "cat-file", "--batch")
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &catFile{cmd: cmd, in: in, out: bufio.NewReaderSize(out, 64<<10)}, cmd.Start()
}

// read asks for an object. The bytes are good until the next call.
func (c *catFile) read(rev string) ([]byte, error) {
	if _, err := io.WriteString(c.in, rev+"\n"); err != nil {
		return nil, err
	}
	line, err := c.out.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	fields := strings.Fields(string(line))
	if len(fields) != 3 {
		return nil, fmt.Errorf("git cat-file: %s", line)
	}
	size, err := strconv.Atoi(fields[2])
	if err != nil {
		return nil, err
	}
	if cap(c.buf) < size+1 {
		c.buf = make([]byte, size+1)
	}
	data := c.buf[:size+1] // and a newline
	if _, err := io.ReadFull(c.out, data); err != nil {
		return nil, err
	}
	return data[:size], nil
}

func (c *catFile) close() error {
	c.in.Close()
	return c.cmd.Wait()
}
