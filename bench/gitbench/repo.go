package gitbench

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// layout says where the templates lie. A flat folder is what costs git and us
// most: each commit has a new tree with all of them in it.
type layout string

const (
	flat    layout = "flat"    // all in one folder
	folders layout = "folders" // a hundred to a folder
)

// name is the i-th template's.
func (l layout) name(i int) string {
	if l == flat {
		return fmt.Sprintf("t%05d", i)
	}
	return fmt.Sprintf("f%03d/t%05d", i/100, i)
}

func (l layout) path(i int) string { return l.name(i) + ext }

const ext = ".prompty"

// text is a version of the i-th template, about 700 bytes of which one line
// differs from the version before.
func text(i, version int) []byte {
	words := strings.Fields(vocabulary)
	rng := rand.New(rand.NewPCG(uint64(i), 1))
	var b bytes.Buffer
	fmt.Fprintf(&b, "You are assistant %d.\nRevision %d of these instructions.\n", i, version)
	for range 12 {
		for range 8 {
			b.WriteString(words[rng.IntN(len(words))] + " ")
		}
		b.WriteString("\n")
	}
	return b.Bytes()
}

const vocabulary = `answer briefly customer question refund order never promise always cite the source
of each claim and ask before acting on behalf of anyone when a request is unclear keep to the language
that was used summarise what was agreed list open points with an owner and a date be kind`

// spec is a repository to make.
type spec struct {
	templates, commits int // the first commit makes all templates, each further one changes one
	layout             layout
	worktree           bool
}

// build makes the repository, or finds it in c.Dir, and returns a copy of it to
// use up.
func (c *Config) build(ctx context.Context, s spec) (string, error) {
	name := fmt.Sprintf("%s-%d-%d", s.layout, s.templates, s.commits)
	origin := filepath.Join(c.Dir, name+".git")
	if _, err := os.Stat(origin); err != nil {
		c.Logf("  making a repository with %d templates and %d commits", s.templates, s.commits)
		if err := importRepo(ctx, origin, s); err != nil {
			return "", err
		}
	}
	copied, err := os.MkdirTemp(c.Dir, name+"-")
	if err != nil {
		return "", err
	}
	c.copies = append(c.copies, copied)
	if err := os.CopyFS(filepath.Join(copied, ".git"), os.DirFS(origin)); err != nil {
		return "", err
	}
	if !s.worktree {
		return filepath.Join(copied, ".git"), nil
	}
	for _, args := range [][]string{{"config", "core.bare", "false"}, {"reset", "-q", "--hard"}} {
		if _, err := git(ctx, copied, args...); err != nil {
			return "", err
		}
	}
	// Files as young as the index have to be looked at by everybody who writes
	// it; most work trees are older.
	if err := age(copied, s, time.Now().Add(-time.Hour)); err != nil {
		return "", err
	}
	_, err = git(ctx, copied, "status", "--porcelain")
	return copied, err
}

// age gives the files of a work tree a time.
func age(dir string, s spec, to time.Time) error {
	for i := range s.templates {
		if err := os.Chtimes(filepath.Join(dir, filepath.FromSlash(s.layout.path(i))), to, to); err != nil {
			return err
		}
	}
	return nil
}

// importRepo feeds git fast-import and lets git gc do its best.
func importRepo(ctx context.Context, dir string, s spec) error {
	temp := dir + ".new"
	if err := os.RemoveAll(temp); err != nil {
		return err
	}
	if err := os.MkdirAll(temp, 0o755); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"init", "-q", "--bare", "-b", "main"},
		{"config", "gc.auto", "0"}, {"config", "maintenance.auto", "false"},
	} {
		if _, err := git(ctx, temp, args...); err != nil {
			return err
		}
	}
	read, write := io.Pipe()
	go func() {
		w := bufio.NewWriterSize(write, 1<<20)
		writeHistory(w, s)
		write.CloseWithError(w.Flush())
	}()
	_, err := gitInput(ctx, temp, read, "fast-import", "--quiet", "--force")
	read.Close()
	if err != nil {
		return err
	}
	for _, args := range [][]string{{"update-ref", "-d", "refs/heads/side"}, {"gc", "-q"}} {
		if _, err := git(ctx, temp, args...); err != nil {
			return err
		}
	}
	return os.Rename(temp, dir)
}

// writeHistory writes fast-import's stream. Every tenth commit is the merge of
// a branch with the change in it.
func writeHistory(w *bufio.Writer, s spec) {
	rng := rand.New(rand.NewPCG(7, 7))
	version := make([]int, s.templates)
	change := func(i int) {
		version[i]++
		inlineFile(w, s.layout.path(i), text(i, version[i]))
	}
	for n := range s.commits {
		i := rng.IntN(s.templates)
		merge := n%10 == 9
		if merge {
			commitLine(w, "refs/heads/side", 2*n, "Reword")
			fmt.Fprintln(w, "from refs/heads/main")
			inlineFile(w, s.layout.path(i), text(i, version[i]+1))
		}
		commitLine(w, "refs/heads/main", 2*n+1, "Save "+s.layout.name(i))
		if merge {
			fmt.Fprintln(w, "merge refs/heads/side")
		}
		if n > 0 {
			change(i)
			continue
		}
		for i := range s.templates {
			change(i)
		}
	}
}

func commitLine(w io.Writer, ref string, n int, subject string) {
	who := fmt.Sprintf("Author %d <author%d@example.org> %d +0100", n%20, n%20, 1577836800+30*n)
	fmt.Fprintf(w, "commit %s\nauthor %s\ncommitter %s\ndata %d\n%s\n", ref, who, who, len(subject), subject)
}

func inlineFile(w io.Writer, path string, data []byte) {
	fmt.Fprintf(w, "M 100644 inline %s\ndata %d\n%s\n", path, len(data), data)
}
