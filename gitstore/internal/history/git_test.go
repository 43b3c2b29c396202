package history_test

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/go-prompty/prompty/gitstore/internal/gittest"
	"github.com/go-prompty/prompty/gitstore/internal/history"
	"github.com/go-prompty/prompty/gitstore/internal/object"
)

func TestMain(m *testing.M) {
	gittest.Isolate()
	os.Exit(m.Run())
}

// catFile reads objects as git has them, without any that replace them.
type catFile struct {
	mu  sync.Mutex
	in  io.Writer
	out *bufio.Reader
}

func newCatFile(t testing.TB, r *gittest.Repo) *catFile {
	t.Helper()
	cmd := r.Command("--no-replace-objects", "cat-file", "--batch")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("git cat-file: %v", err)
		}
	})
	return &catFile{in: in, out: bufio.NewReader(out)}
}

func (c *catFile) read(id object.ID, want string) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprintln(c.in, id)
	line, err := c.out.ReadString('\n')
	if err != nil {
		return nil, err
	}
	fields := strings.Fields(line)
	if len(fields) != 3 || fields[1] != want {
		return nil, fmt.Errorf("%s: wanted a %s", strings.TrimSpace(line), want)
	}
	size, err := strconv.Atoi(fields[2])
	if err != nil {
		return nil, err
	}
	data := make([]byte, size+1)
	_, err = io.ReadFull(c.out, data)
	return data[:size], err
}

func (c *catFile) Commit(id object.ID) ([]byte, error) { return c.read(id, "commit") }
func (c *catFile) Tree(id object.ID) ([]byte, error)   { return c.read(id, "tree") }

func id(t testing.TB, text string) object.ID {
	t.Helper()
	return must[object.ID](t)(object.ParseID(text))
}

// gitLog asks git log what each commit of a chain did, oldest first.
func gitLog(t testing.TB, r *gittest.Repo, rev string) (chain []*commit) {
	t.Helper()
	out := r.Git("log", "--first-parent", "--diff-merges=first-parent", "--reverse", "--root", "--raw", "-z", "--no-abbrev",
		"--no-renames", "--encoding=UTF-8", "--format=%x01%H%x02%at%x02%(trailers:only=true,unfold=true,separator=%x03,key_value_separator=%x04)", rev, "--")
	files := map[string]leaf{}
	fields := strings.Split(out, "\x00")
	for i := 0; i < len(fields); i++ {
		f := strings.TrimLeft(fields[i], "\n")
		switch {
		case strings.HasPrefix(f, "\x01"):
			head := strings.Split(f[1:], "\x02")
			c := &commit{id: id(t, head[0]), files: maps.Clone(files)}
			c.seconds, _ = strconv.ParseInt(head[1], 10, 64)
			for _, line := range strings.Split(head[2], "\x03") {
				if key, value, ok := strings.Cut(line, "\x04"); ok {
					c.trailers = append(c.trailers, trailer{canonical(key), value})
				}
			}
			chain = append(chain, c)
			files = c.files
		case strings.HasPrefix(f, ":"):
			part := strings.Fields(f)
			i++
			mode, err := strconv.ParseUint(part[1], 8, 32)
			if err != nil {
				t.Fatal(err)
			}
			if mode == 0 {
				delete(files, fields[i])
			} else {
				files[fields[i]] = leaf{uint32(mode), id(t, part[3])}
			}
		case f != "":
			t.Fatalf("git log printed %q", f)
		}
	}
	return chain
}

// canonical spells our keys in one way: git doesn't tell their case apart.
func canonical(key string) string {
	for _, ours := range []string{"Prompty-Delete-Version", "Prompty-Save", "Prompty-Path"} {
		if strings.EqualFold(key, ours) {
			return ours
		}
	}
	return key
}

// checkGit compares an index of rev with what git log says, now and at every
// commit that the index knows.
func checkGit(t *testing.T, what string, r *gittest.Repo, objects history.Objects, scope history.Scope, over history.Overrides, rev string) {
	t.Helper()
	chain := gitLog(t, r, rev)
	ix := history.New(objects, scope, over)
	half := chain[len(chain)/2]
	if _, _, err := ix.Advance(t.Context(), half.id); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	next, up, err := ix.Advance(t.Context(), chain[len(chain)-1].id)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if next != ix || up.Rewritten {
		t.Errorf("%s: the history was rewritten by going on", what)
	}
	m := newModel(scope)
	known := 0
	for _, c := range chain {
		m = m.after(c)
		if v, ok := ix.At(c.id); ok {
			known++
			m.check(t, fmt.Sprintf("%s, commit %s", what, c.id), v)
		}
	}
	m.check(t, what, ix.View())
	if known == 0 {
		t.Errorf("%s: nothing was compared", what)
	}
}

// TestGit compares indexes with git log on random histories.
func TestGit(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			r := gittest.Bare(t)
			r.Random(seed, 250)
			objects := newCatFile(t, r)
			for _, scope := range []history.Scope{{Ext: ".prompty"}, {Dir: "d", Ext: ".prompty"}, {Dir: "a/b.prompty", Ext: ".prompty"}, {Ext: ".md"}, {Dir: "d"}} {
				for _, rev := range []string{"main", "side1", "main~7"} {
					checkGit(t, fmt.Sprintf("%v, %s", scope, rev), r, objects, scope, history.Overrides{}, rev)
				}
			}
		})
	}
}

// TestShallow has histories that end where git cut them off.
func TestShallow(t *testing.T) {
	t.Parallel()
	whole := gittest.Bare(t)
	whole.Random(8, 250)
	for _, depth := range []int{1, 2, 20} {
		r := whole.Clone("--bare", "--no-local", "--depth", fmt.Sprint(depth))
		over := history.Overrides{Parents: map[object.ID][]object.ID{}, Fingerprint: "shallow"}
		for line := range strings.Lines(r.Read("shallow")) {
			over.Parents[id(t, strings.TrimSpace(line))] = nil
		}
		checkGit(t, fmt.Sprint("depth ", depth), r, newCatFile(t, r), history.Scope{Ext: ".prompty"}, over, "HEAD")
	}
}

// TestGrafts has commits with other parents, and commits and trees that others
// are read in place of.
func TestGrafts(t *testing.T) {
	t.Parallel()
	scope := history.Scope{Ext: ".prompty"}
	for seed := range uint64(3) {
		r := gittest.Bare(t)
		r.Random(20+seed, 250)
		chain := gitLog(t, r, "main")
		n := len(chain)
		if n < 12 {
			t.Fatalf("seed %d: a chain of %d commits", seed, n)
		}
		objects := newCatFile(t, r)

		graft, onto := chain[n-4].id, chain[n/2].id
		r.Write("info/grafts", fmt.Sprintf("%s %s %s\n%s\n", graft, onto, chain[0].id, chain[n/4].id))
		over := history.Overrides{Parents: map[object.ID][]object.ID{graft: {onto, chain[0].id}, chain[n/4].id: {}}}
		checkGit(t, fmt.Sprintf("seed %d, grafts", seed), r, objects, scope, over, "main")

		tree := func(c *commit) string { return r.Git("rev-parse", c.id.String()+"^{tree}") }
		over.Replace = map[object.ID]object.ID{
			chain[n-2].id:             chain[n-5].id,
			chain[n-5].id:             chain[n-6].id,
			id(t, tree(chain[n/2+1])): id(t, tree(chain[n-1])),
		}
		for from, to := range over.Replace {
			r.Git("replace", "-f", from.String(), to.String())
		}
		checkGit(t, fmt.Sprintf("seed %d, replaced", seed), r, objects, scope, over, "main")
	}
}
