package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
)

// draft is a text that a person writes, in a file of its own.
type draft struct {
	path, text string
}

func (d *draft) discard() { os.RemoveAll(filepath.Dir(d.path)) }

// kept is err, with where the draft is: what somebody wrote is not thrown away.
func (d *draft) kept(err error, next string) error {
	return withHint(err, fmt.Sprintf("your text is in %s; %s", shellWord(d.path), next))
}

// edit lets a person edit a text in the editor that VISUAL or EDITOR name.
// Ctrl-C belongs to the editor meanwhile.
func (a *app) edit(ctx context.Context, fileName, text string) (*draft, error) {
	editor := a.editor()
	if editor == "" {
		return nil, withHint(errors.New("there is no editor: neither VISUAL nor EDITOR is set"), "name one: EDITOR=nano prompty …")
	}
	dir, err := os.MkdirTemp("", "prompty-*")
	if err != nil {
		return nil, err
	}
	d := &draft{path: filepath.Join(dir, fileName)}
	if err := os.WriteFile(d.path, []byte(text), 0o600); err != nil {
		d.discard()
		return nil, err
	}
	// By a shell, as git does it: the editor may come with arguments.
	cmd := exec.CommandContext(ctx, "sh", "-c", editor+` "$@"`, editor, d.path)
	if runtime.GOOS == "windows" {
		cmd = exec.CommandContext(ctx, "cmd", "/C", editor, d.path)
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = a.stdin, a.stdout, a.stderr
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)
	failed := cmd.Run()
	data, err := os.ReadFile(d.path)
	d.text = string(data)
	switch {
	case failed != nil && err == nil && d.text != text:
		return nil, d.kept(fmt.Errorf("the editor %q: %w", editor, failed), "nothing is saved")
	case errors.Is(err, fs.ErrNotExist), err == nil && strings.TrimSpace(d.text) == "":
		err = withHint(errors.New("the text is empty, so nothing is saved"), "an empty prompt is saved by `prompty save NAME FILE`")
	case failed != nil:
		err = withHint(fmt.Errorf("the editor %q: %w", editor, failed), "nothing is saved")
	case err == nil && d.text == text:
		err = withHint(errors.New("the text was not changed, so nothing is saved"), "without --edit it is saved as it is")
	}
	if err != nil {
		d.discard()
		return nil, err
	}
	return d, nil
}

func (a *app) editor() string {
	for _, name := range []string{"VISUAL", "EDITOR"} {
		if v, _ := a.lookupEnv(name); v != "" {
			return v
		}
	}
	return ""
}
