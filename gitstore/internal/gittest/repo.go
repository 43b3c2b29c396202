// Package gittest makes repositories for tests, with the git command itself,
// and says what git thinks of them. No configuration of the machine has a part
// in it.
package gittest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// Isolate takes what the machine and the user configured for Git out of this
// process and all that it starts. A TestMain calls it before anything else.
func Isolate() {
	for _, pair := range os.Environ() {
		if key, _, _ := strings.Cut(pair, "="); strings.HasPrefix(key, "GIT_") || strings.HasPrefix(key, "SSH_AUTH") {
			os.Unsetenv(key)
		}
	}
	os.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	os.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	os.Setenv("LC_ALL", "C")
}

// Who commits when a test does not say so, and when it begins.
const (
	Name  = "Gil Hand"
	Email = "gil@example.org"
	Epoch = 1_700_000_000
)

// A Repo is a repository on disk. Its methods fail the test if git fails, and
// so must be called from the test's own goroutine; Try may be called from any.
type Repo struct {
	Dir  string // the work tree, or the repository if it is bare
	Bare bool

	t     testing.TB
	clock *atomic.Int64 // seconds past Epoch, one more for each command
}

// Bare makes an empty bare repository, whose HEAD is the branch main.
func Bare(t testing.TB) *Repo { return initialize(t, t.TempDir(), true) }

// WorkTree makes an empty repository with a work tree, on the branch main.
func WorkTree(t testing.TB) *Repo { return initialize(t, t.TempDir(), false) }

// InitAt makes an empty repository in a folder of the caller's choice.
func InitAt(t testing.TB, dir string, bare bool) *Repo { return initialize(t, dir, bare) }

func initialize(t testing.TB, dir string, bare bool) *Repo {
	t.Helper()
	r := &Repo{Dir: dir, Bare: bare, t: t, clock: new(atomic.Int64)}
	args := []string{"init", "-q", "--template=", "-b", "main"}
	if bare {
		args = append(args, "--bare")
	}
	r.Git(args...)
	return r
}

// At stands for the same repository, seen from another folder: a clone, or a
// work tree that is linked to it.
func (r *Repo) At(dir string) *Repo {
	other := *r
	other.Dir = dir
	_, err := os.Lstat(filepath.Join(dir, ".git"))
	other.Bare = err != nil
	return &other
}

// Linked adds a work tree on a branch, which is made at HEAD if there is none.
func (r *Repo) Linked(branch string) *Repo {
	r.t.Helper()
	dir := filepath.Join(r.t.TempDir(), "linked")
	if _, err := r.Try("rev-parse", "-q", "--verify", "refs/heads/"+branch); err != nil {
		r.Git("branch", branch)
	}
	r.Git("worktree", "add", "-q", dir, branch)
	return r.At(dir)
}

// Clone makes a clone with git's own options.
func (r *Repo) Clone(options ...string) *Repo {
	r.t.Helper()
	dir := filepath.Join(r.t.TempDir(), "clone")
	r.Git(append(append([]string{"clone", "-q", "--template="}, options...), "file://"+r.Dir, dir)...)
	return r.At(dir)
}

// Path returns the place of a file in the repository or its work tree.
func (r *Repo) Path(name string) string { return filepath.Join(r.Dir, filepath.FromSlash(name)) }

// GitDir returns the folder with HEAD: another one in each work tree.
func (r *Repo) GitDir() string {
	r.t.Helper()
	return r.Git("rev-parse", "--absolute-git-dir")
}

// Command prepares a git command. Each is committed a second after the one before.
func (r *Repo) Command(args ...string) *exec.Cmd {
	cmd := exec.Command("git", append([]string{
		"-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "protocol.file.allow=always", "-c", "advice.detachedHead=false",
	}, args...)...)
	cmd.Dir = r.Dir
	when := fmt.Sprintf("%d +0200", Epoch+r.clock.Add(1))
	cmd.Env = append(os.Environ(),
		"GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "GIT_EDITOR=true", "LC_ALL=C",
		"GIT_AUTHOR_NAME="+Name, "GIT_AUTHOR_EMAIL="+Email, "GIT_AUTHOR_DATE="+when,
		"GIT_COMMITTER_NAME="+Name, "GIT_COMMITTER_EMAIL="+Email, "GIT_COMMITTER_DATE="+when)
	return cmd
}

// Try runs git and returns what it printed, without the last line's end.
func (r *Repo) Try(args ...string) (string, error) { return r.run(nil, args) }

// Git is Try, but an error ends the test.
func (r *Repo) Git(args ...string) string {
	r.t.Helper()
	out, err := r.run(nil, args)
	if err != nil {
		r.t.Fatal(err)
	}
	return out
}

// Pipe is Git with standard input.
func (r *Repo) Pipe(input string, args ...string) string {
	r.t.Helper()
	out, err := r.run(strings.NewReader(input), args)
	if err != nil {
		r.t.Fatal(err)
	}
	return out
}

func (r *Repo) run(input *strings.Reader, args []string) (string, error) {
	cmd := r.Command(args...)
	if input != nil {
		cmd.Stdin = input
	}
	var out, complaint strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("git %s: %w: %s%s", strings.Join(args, " "), err, complaint.String(), tail(out.String()))
	}
	return strings.TrimSuffix(out.String(), "\n"), nil
}

func tail(s string) string {
	if len(s) > 500 {
		s = s[len(s)-500:]
	}
	return s
}

// Write puts a file into the work tree.
func (r *Repo) Write(name, text string) {
	r.t.Helper()
	if err := os.MkdirAll(filepath.Dir(r.Path(name)), 0o777); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(r.Path(name), []byte(text), 0o666); err != nil {
		r.t.Fatal(err)
	}
}

// Read returns a file of the work tree.
func (r *Repo) Read(name string) string {
	r.t.Helper()
	data, err := os.ReadFile(r.Path(name))
	if err != nil {
		r.t.Fatal(err)
	}
	return string(data)
}

// Commit commits files, given as name and text in turn, on the branch that is
// checked out, or is HEAD of a bare repository; nothing else that may have
// changed goes with them. It returns the commit.
func (r *Repo) Commit(message string, files ...string) string {
	r.t.Helper()
	if r.Bare {
		return r.commitBare(message, files)
	}
	var names []string
	for i := 0; i < len(files); i += 2 {
		r.Write(files[i], files[i+1])
		names = append(names, files[i])
	}
	if len(names) == 0 {
		r.Git("commit", "-q", "--allow-empty", "-m", message)
	} else {
		r.Git(append([]string{"add", "-f", "--"}, names...)...)
		r.Git(append([]string{"commit", "-q", "--allow-empty", "-m", message, "--"}, names...)...)
	}
	return r.Git("rev-parse", "HEAD")
}

func (r *Repo) commitBare(message string, files []string) string {
	r.t.Helper()
	branch := r.Git("symbolic-ref", "HEAD")
	var in strings.Builder
	fmt.Fprintf(&in, "commit %s\ncommitter %s <%s> %d +0200\ndata %d\n%s\n", branch, Name, Email, Epoch+r.clock.Add(1), len(message), message)
	if _, err := r.Try("rev-parse", "-q", "--verify", branch); err == nil {
		fmt.Fprintf(&in, "from %s^0\n", branch)
	}
	for i := 0; i < len(files); i += 2 {
		fmt.Fprintf(&in, "M 100644 inline %s\ndata %d\n%s\n", files[i], len(files[i+1]), files[i+1])
	}
	r.Pipe(in.String(), "fast-import", "--quiet", "--date-format=raw")
	return r.Git("rev-parse", branch)
}

// Status is what git status says of the work tree: nothing if it is clean.
func (r *Repo) Status() string {
	r.t.Helper()
	return r.Git("status", "--porcelain=v1", "--untracked-files=all")
}

// Fsck fails the test if git finds a fault in the repository.
func (r *Repo) Fsck() {
	r.t.Helper()
	out, err := r.Try("fsck", "--strict", "--full", "--no-dangling", "--no-progress")
	if err != nil {
		r.t.Errorf("git fsck: %v", err)
	} else if out != "" {
		r.t.Errorf("git fsck: %s", out)
	}
}

// GrowPacked makes packed-refs larger with the next gc or pack-refs. Before
// each of them it keeps updates by git from being lost that run at the same
// time: git compares size, inode and whole seconds of packed-refs to tell
// whether what it read of it before it had a lock is still true, and a file
// packed twice within a second can have all three again (git 2.39, without
// USE_NSEC). Any goroutine may call it.
func (r *Repo) GrowPacked() error {
	_, err := r.Try("update-ref", fmt.Sprintf("refs/packed/%d", r.clock.Add(1)), "HEAD")
	return err
}
