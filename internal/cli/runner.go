package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/go-prompty/prompty"
)

// runner runs a command for each batch of changes.
type runner struct {
	app     *app
	shell   []string // and its switch for a command
	command string
	stdout  io.Writer
	grace   time.Duration // for a command that was told to end
}

// newRunner looks for the shell. keepStdout leaves standard output to us.
func (a *app) newRunner(command string, keepStdout bool) (*runner, error) {
	r := &runner{app: a, shell: []string{"sh", "-c"}, command: command, stdout: a.stdout, grace: 3 * time.Second}
	if runtime.GOOS == "windows" {
		r.shell = []string{"cmd", "/C"}
	}
	if keepStdout {
		r.stdout = a.stderr
	}
	path, err := exec.LookPath(r.shell[0])
	if err != nil {
		return nil, withHint(fmt.Errorf("--exec needs a shell: %w", err), "put "+r.shell[0]+" into a folder that PATH names")
	}
	r.shell[0] = path
	return r, nil
}

// run runs the command for a batch and waits for it. How the command ends is
// told, and no error. When ctx ends, the command gets the signal that ended it,
// with all that it started, and the error is the cause of ctx.
func (r *runner) run(ctx context.Context, b prompty.ChangeBatch) error {
	where, err := r.app.where()
	if err != nil {
		return err
	}
	env, cleanUp, err := batchEnv(b, where)
	if err != nil {
		return err
	}
	defer cleanUp()
	cmd := exec.Command(r.shell[0], r.shell[1], r.command)
	cmd.Env = append(withoutBatch(os.Environ()), env...)
	cmd.Stdout, cmd.Stderr = r.stdout, r.app.stderr
	ownGroup(cmd)
	began := time.Now()
	if err := cmd.Start(); err != nil {
		r.app.warn("--exec: %s", err)
		return nil
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	select {
	case err = <-exited:
		tellGroup(cmd, syscall.SIGTERM) // what it left in the background
	case <-ctx.Done():
		r.end(cmd, context.Cause(ctx))
		<-exited
		return context.Cause(ctx)
	}
	r.app.warn("%s after %s", exitText(err), time.Since(began).Round(time.Millisecond))
	return nil
}

// end passes on the signal that ends the watch to the command and all that it
// started, and kills what is left of them after the grace.
func (r *runner) end(cmd *exec.Cmd, cause error) {
	sig := syscall.SIGTERM
	if told, ok := errors.AsType[*endedBy](cause); ok {
		sig = told.signal
	}
	tellGroup(cmd, sig)
	late := time.After(r.grace)
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for groupRuns(cmd) {
		select {
		case <-look.C:
		case <-late:
			tellGroup(cmd, syscall.SIGKILL)
			return
		}
	}
}

// exitText says how a command ended.
func exitText(err error) string {
	exit, ok := errors.AsType[*exec.ExitError](err)
	switch {
	case err == nil:
		return "exit code 0"
	case !ok:
		return "--exec: " + err.Error()
	case exit.ExitCode() >= 0:
		return fmt.Sprintf("exit code %d", exit.ExitCode())
	}
	return "ended by " + exit.String() // signal: killed
}

// mostNames is how many bytes of names the environment gets: each name is in it
// twice, and 32,767 bytes is the least that a system's longest variable may have.
const mostNames = 32_000

// batchEnv is what a command is told of a batch. cleanUp removes the file that
// is part of it.
func batchEnv(b prompty.ChangeBatch, where string) (env []string, cleanUp func(), err error) {
	var names strings.Builder
	byKind := make(map[prompty.ChangeKind]*strings.Builder)
	for _, c := range b.Changes {
		if byKind[c.Kind] == nil {
			byKind[c.Kind] = new(strings.Builder)
		}
		byKind[c.Kind].WriteString(c.Name + "\n")
		names.WriteString(c.Name + "\n")
	}
	cleanUp = func() {}
	if !b.All {
		file, err := os.CreateTemp("", "prompty-names-*")
		if err != nil {
			return nil, nil, fmt.Errorf("--exec: a file for the names: %w", err)
		}
		cleanUp = func() { os.Remove(file.Name()) }
		_, err = file.WriteString(names.String())
		if err = errors.Join(err, file.Close()); err != nil {
			cleanUp()
			return nil, nil, fmt.Errorf("--exec: a file for the names: %w", err)
		}
		env = append(env, "PROMPTY_NAMES_FILE="+file.Name())
	}
	fits := names.Len() <= mostNames
	list := func(key string, names *strings.Builder) {
		text := ""
		if fits && names != nil {
			text = strings.TrimSuffix(names.String(), "\n")
		}
		env = append(env, key+"="+text)
	}
	list("PROMPTY_CREATED", byKind[prompty.Created])
	list("PROMPTY_CHANGED", byKind[prompty.Changed])
	list("PROMPTY_DELETED", byKind[prompty.Deleted])
	list("PROMPTY_NAMES", &names)
	all := ""
	if b.All || !fits {
		all = "1"
	}
	return append(env, "PROMPTY_ALL="+all, "PROMPTY_REVISION="+b.Revision, storageEnv+"="+where), cleanUp, nil
}

// withoutBatch takes out what an outer prompty watch --exec has set.
func withoutBatch(env []string) []string {
	ours := []string{"PROMPTY_CREATED", "PROMPTY_CHANGED", "PROMPTY_DELETED", "PROMPTY_NAMES", "PROMPTY_NAMES_FILE", "PROMPTY_ALL", "PROMPTY_REVISION", storageEnv}
	return slices.DeleteFunc(env, func(entry string) bool {
		key, _, _ := strings.Cut(entry, "=")
		return slices.Contains(ours, key)
	})
}
