package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/go-prompty/prompty"
)

// errFindings ends lint when it has printed errors, check and diff --exit-code
// when they have printed differences: exit code 1, nothing more to say.
var errFindings = errors.New("lint found errors, check or diff found differences")

// usageError is a command line that makes no sense.
type usageError struct{ error }

func (e *usageError) Unwrap() error { return e.error }

// usage returns a usage error with the next step; "" if none is known.
func usage(err error, hint string) error { return withHint(&usageError{err}, hint) }

// hinted is an error with the next step to take.
type hinted struct {
	error
	hint string
}

func (e *hinted) Unwrap() error { return e.error }

func withHint(err error, hint string) error {
	if err == nil || hint == "" {
		return err
	}
	return &hinted{err, hint}
}

// hintOf returns the next step: the one that came with err, or one that fits
// its kind.
func hintOf(err error) string {
	if h, ok := errors.AsType[*hinted](err); ok {
		return h.hint
	}
	se, ok := errors.AsType[*prompty.StorageError](err)
	name := "NAME"
	if ok && se.Name != "" && prompty.CheckName(se.Name) == nil {
		name = shellWord(se.Name)
	}
	if conflict, ok := errors.AsType[*prompty.ConflictError](err); ok {
		return conflictHint(name, conflict)
	}
	switch {
	case errors.Is(err, prompty.ErrVersionNotFound):
		return fmt.Sprintf("`prompty log %s` shows the versions there are", name)
	case errors.Is(err, prompty.ErrTemplateNotFound):
		return "`prompty ls` shows the prompts there are"
	case errors.Is(err, prompty.ErrInvalidName):
		return "a name is a path such as support/refund, without folder and extension"
	case errors.Is(err, prompty.ErrReadOnly) && !strings.Contains(err.Error(), "; "): // what follows is what to do
		return "choose a place that you may write to with --storage, or ask for the right to write to this one"
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return "choose another place, or ask for the right to use this one"
	case errors.Is(err, syscall.ENOSPC):
		return "make room on that disk, then do it again"
	case errors.Is(err, fs.ErrNotExist):
		return missingFile(err)
	}
	return ""
}

// missingFile names files that are near to one that is not there.
func missingFile(err error) string {
	fault, ok := errors.AsType[*fs.PathError](err)
	if !ok || fault.Op != "open" {
		return ""
	}
	folder, base := filepath.Split(fault.Path)
	entries, err := os.ReadDir(cmp.Or(folder, "."))
	if err != nil {
		return ""
	}
	// Of those with the same extension, which would else make all names alike.
	ext := filepath.Ext(base)
	var stems []string
	for _, e := range entries {
		if stem, ok := strings.CutSuffix(e.Name(), ext); ok {
			stems = append(stems, stem)
		}
	}
	var found []string
	for _, stem := range nearest(strings.TrimSuffix(base, ext), stems) {
		found = append(found, shellWord(folder+stem+ext))
	}
	if len(found) == 0 {
		return ""
	}
	return didYouMean(found)
}

func conflictHint(name string, c *prompty.ConflictError) string {
	switch {
	case c.Latest == 0:
		return "save it with --if-version 0, which means that it is to be new"
	case c.Base == 0:
		return fmt.Sprintf("choose another name, or save on top of it with --if-version %d", c.Latest)
	}
	return fmt.Sprintf("`prompty show %s` prints version %d; bring your change into it, then save with --if-version %d", name, c.Latest, c.Latest)
}

// withGuess puts "did you mean" before a hint if a candidate is near to word.
func withGuess(word string, candidates []string, hint string) string {
	found := nearest(word, candidates)
	if len(found) == 0 {
		return hint
	}
	return didYouMean(found) + " " + hint
}

func didYouMean(found []string) string {
	if len(found) == 1 {
		return "did you mean " + found[0] + "?"
	}
	last := len(found) - 1
	return "did you mean " + strings.Join(found[:last], ", ") + " or " + found[last] + "?"
}
