package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/internal/flock"
	"github.com/go-prompty/prompty/internal/transfer"
)

const copyHelp = `Copy prompts from one storage into another: all their versions, oldest first,
under the numbers they have, with text, tags, metadata, author and tenant. A
version that was deleted leaves its gap. Times are new, since a storage sets
them itself; numbers deleted after the last version that is left are not known.

FROM and TO are written as for --storage. NAME and --prefix choose prompts, else
all are copied. A folder that does not exist is made, a database's tables too; a
repository is, where the connection says init=1. In a repository each version
becomes a commit.

One copy into a storage at a time: a second one would use up numbers, and ends.

What is there already and equal is skipped. So a copy that was interrupted, in
whatever way, goes on when it is run again. If a version differs, or is in TO
alone, that is a conflict: it is reported, nothing of that prompt is written,
all others are copied, and the exit code is 1. Versions that were saved in TO on
top of the last one of FROM are no conflict. What FROM cannot read is reported,
too; if that is a prompt's latest text alone, its other versions are copied.

At the end what was written is read again, through TO opened anew, and compared
with FROM; check compares all of both at any time. Ctrl-C ends after the step at
hand; a second one ends at once.`

type copyFlags struct {
	prefix         string
	dryRun, asJSON bool
}

// copied is the output of copy --json.
type copied struct {
	From     string        `json:"from"`
	To       string        `json:"to"`
	DryRun   bool          `json:"dry_run"`
	Prompts  int           `json:"prompts"`
	Copied   int           `json:"copied"`  // versions
	Present  int           `json:"present"` // versions
	Gaps     int           `json:"gaps"`
	Bytes    int64         `json:"bytes"`
	Verified int           `json:"verified"` // versions
	Problems []copyProblem `json:"problems"`
}

type copyProblem struct {
	Name    string        `json:"name"`
	Version int           `json:"version,omitempty"`
	Kind    transfer.Kind `json:"kind"`
	Message string        `json:"message"`
}

func (a *app) copyCommand() *cobra.Command {
	var flags copyFlags
	cmd := &cobra.Command{
		Use:   "copy FROM TO [NAME...]",
		Short: "Copy prompts with all versions to another storage",
		Long:  copyHelp,
		Example: `  prompty copy ./prompts 'git:.?dir=prompts'
  prompty copy ./prompts 'git:/srv/prompts.git?init=1' --prefix support/
  prompty copy git:. ./backup support/refund --dry-run
  prompty copy git:./prompts env:DATABASE_URL`,
		Args: wantArgs(2, -1),
		RunE: a.verb(func(cmd *cobra.Command, args []string) error {
			return a.copy(cmd.Context(), args[0], args[1], args[2:], &flags)
		}),
		ValidArgsFunction: a.completeTwoStorages,
	}
	f := cmd.Flags()
	f.StringVar(&flags.prefix, "prefix", "", "copy the prompts whose names begin with `TEXT`")
	f.BoolVar(&flags.dryRun, "dry-run", false, "compare only, and say what would be copied")
	f.BoolVar(&flags.asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) copy(ctx context.Context, from, to string, args []string, flags *copyFlags) (err error) {
	names, err := chosenNames("copy", args, flags.prefix)
	if err != nil {
		return err
	}
	if from, err = a.meant(from); err != nil {
		return err
	}
	if to, err = a.meant(to); err != nil {
		return err
	}
	switch driver, _ := splitStorage(to); {
	case a.storage != "":
		return usage(errors.New("copy takes its storages as FROM and TO, not from --storage"), "")
	case from == "-" || to == "-":
		return usage(errors.New("copy takes storages, and - is none"), "a folder of that name is ./-")
	case driver == "memory":
		return usage(errors.New("memory keeps nothing when the command has ended"), "name a folder or a repository as TO")
	}
	if err := apart(from, to); err != nil {
		return err
	}
	ctx, stop := untilEnded(ctx)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends at once
	source, err := a.openAt(from, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	for _, name := range names {
		if found, err := source.Exists(ctx, name); errors.Is(err, prompty.ErrInvalidTemplate) {
			continue // reported with the rest
		} else if err != nil {
			return err
		} else if !found {
			return missingHint(ctx, source, name, prompty.NewStorageTemplateNotFoundError(name))
		}
	}
	target, err := a.openAt(to, !flags.dryRun)
	if _, none := errors.AsType[*noFolder](err); none && flags.dryRun {
		target, err = prompty.NewMemoryStorage(), nil // as empty as what would be made
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	if !flags.dryRun {
		unlock, err := lockRepository(to)
		if err != nil {
			return err
		}
		defer unlock()
	}
	meter := a.newMeter()
	report, err := transfer.Copy(ctx, source, target, transfer.Options{
		Names: names, Prefix: flags.prefix, DryRun: flags.dryRun, Progress: meter.show,
		Reopen: func() (prompty.TemplateStorage, error) { return a.openAt(to, false) },
	})
	meter.clear()
	for _, p := range report.Problems {
		a.warn("%s: %s", p.Kind, p.Error())
	}
	if err != nil {
		a.warn("stopped: %s; the same command goes on from there", done(report))
		return ended(ctx, err)
	}
	return a.printCopied(report, from, to, flags)
}

// chosenNames are the names given to a verb that takes --prefix as well; nil: all.
func chosenNames(verb string, args []string, prefix string) (names []string, err error) {
	for _, arg := range args {
		name, err := bareName(verb, arg)
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	if names != nil && prefix != "" {
		return nil, usage(errors.New("names and --prefix exclude each other"), "")
	}
	return names, nil
}

// completeTwoStorages completes FROM and TO, then the names in FROM.
func (a *app) completeTwoStorages(cmd *cobra.Command, args []string, toComplete string) ([]string, cobra.ShellCompDirective) {
	if len(args) < 2 {
		return completeStorage(cmd, args, toComplete)
	}
	defer func(was string) { a.storage = was }(a.storage)
	a.storage = args[0]
	return a.completeNames(cmd, args, toComplete)
}

// apart refuses a folder whose prompts would become prompts of the other one, or
// lie in the storage's own files.
func apart(from, to string) error {
	dirs := [2]string{}
	for i, where := range []string{from, to} {
		driver, connection := splitStorage(where)
		if driver != "filesystem" && driver != "fs" {
			continue
		}
		path, _, _ := strings.Cut(connection, "?")
		dir, err := physical(path)
		if err != nil {
			continue // opening it says what is wrong
		}
		if isKept(dir) {
			return usage(fmt.Errorf("%s holds what a storage keeps for itself", path), "name the folder that .prompty lies in")
		}
		dirs[i] = dir
	}
	if rel, err := filepath.Rel(dirs[0], dirs[1]); dirs[0] != "" && dirs[1] != "" && err == nil && rel != "." && filepath.IsLocal(rel) {
		return usage(fmt.Errorf("%s lies in %s, which would then hold every prompt twice", place(to), place(from)), "copy to a folder beside it")
	}
	return nil
}

// isKept reports whether a folder is, or lies in, what fsstore keeps for itself.
func isKept(dir string) bool {
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if filepath.Base(dir) == ".prompty" && isFile(filepath.Join(dir, "lock")) && isFolder(filepath.Join(dir, "versions")) {
			return true
		}
	}
	return false
}

func isFolder(path string) bool {
	fi, err := os.Stat(path)
	return err == nil && fi.IsDir()
}

// physical is the absolute path without symbolic links, of a folder that may not
// exist yet.
func physical(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	real, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) && path != filepath.Dir(path) {
		real, err = physical(filepath.Dir(path))
		real = filepath.Join(real, filepath.Base(path))
	}
	return real, err
}

// lockRepository keeps a second copy out of a repository, which is written in
// steps of many versions. Where there are no such locks the copy ends when it
// meets somebody else's versions.
func lockRepository(to string) (unlock func(), err error) {
	driver, connection := splitStorage(to)
	path, _, _ := strings.Cut(connection, "?")
	if driver != "git" {
		return func() {}, nil
	}
	if git := filepath.Join(path, ".git"); isFolder(git) {
		path = git // however it is named
	}
	dir, err := os.Open(path)
	if err != nil {
		return func() {}, nil
	}
	if mine, err := flock.TryLock(dir); err == nil && !mine {
		dir.Close()
		return nil, withHint(fmt.Errorf("another copy into %s is at work", place(to)), "run this one again when it has ended")
	}
	return func() { dir.Close() }, nil // which ends the lock
}

// openAt opens the storage that FROM or TO names.
func (a *app) openAt(where string, create bool) (prompty.TemplateStorage, error) {
	defer func(was string) { a.storage = was }(a.storage)
	a.storage = where
	return a.open(create)
}

func (a *app) printCopied(r *transfer.Report, from, to string, flags *copyFlags) error {
	if flags.asJSON {
		out := copied{
			From: place(from), To: place(to), DryRun: flags.dryRun, Prompts: r.Prompts, Copied: r.Copied, Present: r.Present,
			Gaps: r.Gaps, Bytes: r.Bytes, Verified: r.Verified, Problems: []copyProblem{},
		}
		for _, p := range r.Problems {
			out.Problems = append(out.Problems, copyProblem{p.Name, p.Version, p.Kind, p.Err.Error()})
		}
		if err := a.printJSON(out); err != nil {
			return err
		}
	} else {
		fmt.Fprintln(&a.out, summaryOf(r, flags.dryRun))
	}
	if len(r.Problems) > 0 {
		return errFindings
	}
	return nil
}

func summaryOf(r *transfer.Report, dryRun bool) string {
	if dryRun {
		return fmt.Sprintf("%s to copy (%s), %s", count(r.Copied, "version"), size(r.Bytes), there(r))
	}
	text := done(r)
	if r.Copied > 0 {
		text += fmt.Sprintf("; %d read back, and equal", r.Verified)
	}
	return text
}

func done(r *transfer.Report) string {
	text := fmt.Sprintf("%s copied (%s), %s", count(r.Copied, "version"), size(r.Bytes), there(r))
	if r.Gaps > 0 {
		text += ", " + count(r.Gaps, "gap") + " kept"
	}
	return text
}

func there(r *transfer.Report) string { return fmt.Sprintf("%d there already", r.Present) }
