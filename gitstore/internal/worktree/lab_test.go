package worktree

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-prompty/prompty/gitstore/internal/gittest"
	"github.com/go-prompty/prompty/gitstore/internal/lockfile"
	"github.com/go-prompty/prompty/gitstore/internal/object"
	"github.com/go-prompty/prompty/gitstore/internal/odb"
	"github.com/go-prompty/prompty/gitstore/internal/refs"
	"github.com/go-prompty/prompty/gitstore/internal/repo"
)

func TestMain(m *testing.M) {
	gittest.Isolate()
	if job := os.Getenv(childEnv); job != "" {
		child(job)
		return
	}
	os.Exit(m.Run())
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A bench is a work tree as the store uses it: all that a save takes.
type bench struct {
	*Tree
	db    *odb.DB
	refs  *refs.Store
	owner *lockfile.Owner
	kept  []string // what the last save left to others

	durable bool
}

func open(dir string) (*bench, error) {
	r, err := repo.Find(dir, repo.Options{})
	if err != nil {
		return nil, err
	}
	b := &bench{}
	if b.owner, err = lockfile.Open(r.CommonDir); err != nil {
		return nil, err
	}
	if b.db, err = odb.Open(r.ObjectsDir, odb.Options{}); err != nil {
		return nil, err
	}
	b.refs = refs.Open(r.GitDir, r.CommonDir, b.owner, r.RefOptions())
	b.Tree, err = Open(Options{
		WorkTree: r.WorkTree, GitDir: r.GitDir, CommonDir: r.CommonDir, Config: r.Config, Owner: b.owner, Objects: b.db,
		Head: func() (object.ID, error) {
			h, err := b.refs.Head()
			return h.ID, err
		},
		Perm: r.FilePerm(), LockTimeout: 10 * time.Second,
	})
	return b, err
}

func (b *bench) close() {
	b.db.Close()
	b.owner.Close()
}

func openBench(t testing.TB, r *gittest.Repo) *bench {
	t.Helper()
	b, err := open(r.Dir)
	must(t, err)
	t.Cleanup(b.close)
	return b
}

// An edit is a file's new text; nil deletes it.
type edit struct {
	text *string
	mode uint32 // 0: a plain file
}

func text(s string) edit { return edit{text: &s} }

var gone = edit{}

// save commits edits on HEAD's branch, with files and index, in the order that
// the package's documentation gives.
func (b *bench) save(edits map[string]edit) error {
	ctx := context.Background()
	x, err := b.Begin(ctx)
	if err != nil {
		return err
	}
	defer x.Abort()
	head, err := b.refs.Head()
	if err != nil {
		return err
	}
	now := newSnapshot(b.db, head.ID)
	paths := slices.Sorted(maps.Keys(edits))
	for _, p := range paths {
		e, err := now.entry(p)
		if err != nil {
			return err
		}
		if err := x.Check(p, e); err != nil {
			return err
		}
	}
	batch := b.db.Begin()
	defer batch.Discard()
	_, root, err := now.dir("")
	if err != nil {
		return err
	}
	for _, p := range paths {
		e := edits[p]
		if e.text == nil {
			if root, err = setPath(batch, root, p, object.Entry{}); err == nil {
				err = x.Remove(p)
			}
		} else {
			entry := object.Entry{Mode: object.ModeFile}
			if e.mode != 0 {
				entry.Mode = e.mode
			}
			if entry.ID, err = batch.Put(object.KindBlob, []byte(*e.text)); err != nil {
				return err
			}
			if root, err = setPath(batch, root, p, entry); err == nil {
				err = x.Stage(p, entry, []byte(*e.text))
			}
		}
		if err != nil {
			return err
		}
	}
	tree, err := batch.Put(object.KindTree, root)
	if err != nil {
		return err
	}
	u, err := b.refs.Lock(ctx, "HEAD")
	if err != nil {
		return err
	}
	defer u.Abort()
	who := object.Ident{Name: "Sam Saver", Email: "sam@example.org", Unix: time.Now().Unix()}
	c := object.Commit{Tree: tree, Author: who, Committer: who, Message: "save\n"}
	if old := u.Old(); !old.IsZero() {
		c.Parents = []object.ID{old}
	}
	id, err := batch.Put(object.KindCommit, c.Encode())
	if err != nil {
		return err
	}
	if err := batch.Flush(odb.SyncNone); err != nil {
		return err
	}
	if err := x.Prepare(u.Old(), id, b.durable); err != nil {
		return err
	}
	if b.kept, err = x.Apply(); err != nil {
		return err
	}
	if err := b.ask("move ref"); err != nil {
		return err
	}
	if err := u.Commit(id, refs.Log{Ident: who, Message: "save"}, lockfile.NoFlush); err != nil {
		return err
	}
	if err := b.ask("ref moved"); err != nil {
		return err
	}
	return x.Done()
}

func setPath(b *odb.Batch, tree []byte, path string, e object.Entry) ([]byte, error) {
	name, rest, deeper := strings.Cut(path, "/")
	if deeper {
		was, _, err := object.Find(tree, name)
		if err != nil {
			return nil, err
		}
		var sub []byte
		if was.IsTree() {
			if _, sub, err = b.Read(was.ID); err != nil {
				return nil, err
			}
		}
		if sub, err = setPath(b, sub, rest, e); err != nil {
			return nil, err
		}
		if len(sub) == 0 {
			tree, _, err = object.Drop(tree, name)
			return tree, err
		}
		e = object.Entry{Mode: object.ModeTree}
		if e.ID, err = b.Put(object.KindTree, sub); err != nil {
			return nil, err
		}
	} else if e.IsZero() {
		tree, _, err := object.Drop(tree, name)
		return tree, err
	}
	e.Name = []byte(name)
	return object.Set(tree, e)
}

// checkInStep compares with git whether HEAD, index and files are the same.
func checkInStep(t testing.TB, r *gittest.Repo) {
	t.Helper()
	if s := r.Git("status", "--porcelain=v2"); s != "" {
		t.Errorf("git status:\n%s", s)
	}
	checkIndex(t, r)
}

// checkIndex compares HEAD with the index, and with what its cache tree says.
func checkIndex(t testing.TB, r *gittest.Repo) {
	t.Helper()
	if s := r.Git("diff-index", "--cached", "HEAD"); s != "" {
		t.Errorf("git diff-index --cached:\n%s", s)
	}
	if got, want := r.Git("write-tree"), r.Git("rev-parse", "HEAD^{tree}"); got != want {
		t.Errorf("git write-tree gives %s, HEAD has %s", got, want)
	}
}

func checkFile(t testing.TB, r *gittest.Repo, path, want string) {
	t.Helper()
	got, err := os.ReadFile(r.Path(path))
	if err != nil || string(got) != want {
		t.Errorf("%s holds %q, %v; want %q", path, got, err, want)
	}
}

func checkGone(t testing.TB, r *gittest.Repo, path string) {
	t.Helper()
	if _, err := os.Lstat(r.Path(path)); !os.IsNotExist(err) {
		t.Errorf("%s is there", path)
	}
}

// checkTidy finds what transactions leave behind: nothing.
func checkTidy(t testing.TB, r *gittest.Repo) {
	t.Helper()
	dir := r.GitDir()
	for _, name := range []string{"index.lock", "HEAD.lock", "prompty/" + journalName, "prompty/index", "prompty/" + lostDir, "prompty/" + tempName(0), "prompty/" + tempName(1)} {
		if _, err := os.Lstat(dir + "/" + name); !os.IsNotExist(err) {
			t.Errorf("%s is left", name)
		}
	}
}

func dirtyReason(err error) Reason {
	var dirty *DirtyError
	if errors.As(err, &dirty) {
		return dirty.What
	}
	return Reason(fmt.Sprint(err))
}
