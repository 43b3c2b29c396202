package worktree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-prompty/prompty/gitstore/internal/gitindex"
	"github.com/go-prompty/prompty/gitstore/internal/lockfile"
	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// Objects reads the object database. *odb.DB is one.
type Objects interface {
	Read(id object.ID) (object.Kind, []byte, error)
}

// Config reads the configuration. *repo.Config is one.
type Config interface {
	Bool(key string, otherwise bool) (bool, error)
	String(key string) (string, bool)
	Path(key string) string
}

// Options say which work tree, and what to reach it with. All but Perm and
// LockTimeout are needed.
type Options struct {
	WorkTree  string // the folder of the files
	GitDir    string // its git directory; .git/worktrees/x of a linked one
	CommonDir string // the git directory of the repository
	Config    Config
	Owner     *lockfile.Owner
	Objects   Objects

	// Head gives the commit that HEAD of this work tree names, zero if the
	// branch is unborn. It is asked when a crash has left a journal.
	Head func() (object.ID, error)

	Perm        fs.FileMode   // of the index: core.sharedRepository; 0: 0666 less the umask
	LockTimeout time.Duration // how long to wait for index.lock; 0: lockfile.DefaultTimeout
}

// A Tree is one work tree, main or linked. It may be used from many goroutines;
// transactions exclude each other through index.lock.
type Tree struct {
	opts  Options
	set   settings
	rules *rules

	mu    sync.Mutex // guards what follows
	index loaded     // as last read or written
	seen  map[string]glimpse
	held  *lockfile.Lock // of the index, which a transaction could neither give back nor leave

	// fault, if set, is asked before each step that changes something; the
	// step then fails with what it returns.
	fault func(step string) error
}

// Open reads the settings; it touches neither the index nor a file. The error
// names the setting that makes no sense.
func Open(o Options) (*Tree, error) {
	set, err := readSettings(o.Config)
	if err != nil {
		return nil, err
	}
	return &Tree{opts: o, set: set, rules: newRules(o, set)}, nil
}

// Begin takes index.lock, finishes what a crashed process has left, and reads
// the index. The error is lockfile's where the lock is held, ctx.Err() when ctx
// ended, and an *UnsupportedError for an index that cannot be kept in step.
func (t *Tree) Begin(ctx context.Context) (*Txn, error) { return t.begin(ctx, t.opts.LockTimeout) }

func (t *Tree) begin(ctx context.Context, timeout time.Duration) (*Txn, error) {
	lock := t.takeHeld()
	if lock == nil {
		var err error
		if lock, err = t.opts.Owner.Acquire(ctx, filepath.Join(t.opts.GitDir, "index"), timeout); err != nil {
			return nil, err
		}
	}
	x := &Txn{tree: t, lock: lock, plan: map[string]*item{}}
	if err := x.begin(); err != nil {
		x.close()
		return nil, err
	}
	return x, nil
}

// Heal finishes what a process has left that crashed: until then index.lock
// keeps git out. It never waits: where someone is at work, that one sees to it.
// With nothing to heal it takes two looks at the git directory.
func (t *Tree) Heal(ctx context.Context) error {
	_, err := os.Lstat(filepath.Join(t.opts.GitDir, "index.lock"))
	if errors.Is(err, fs.ErrNotExist) && !t.Pending() {
		return nil
	}
	x, err := t.begin(ctx, -1)
	if held := (*lockfile.HeldError)(nil); errors.As(err, &held) {
		return nil
	}
	if err != nil {
		return err
	}
	return x.Abort()
}

// takeHeld gives the lock that an earlier transaction has left standing, nil if
// there is none.
func (t *Tree) takeHeld() *lockfile.Lock {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.held
	t.held = nil
	if l == nil || !l.Lasts() {
		return nil
	}
	return l
}

// release gives the lock back, unless a journal stands: then git must not get at
// the index, and the next transaction, of anyone of ours, goes on with the lock.
// Where it cannot be left to them, as on a full disk, it is kept for the next one
// of this tree.
func (t *Tree) release(l *lockfile.Lock) error {
	if !t.Pending() || !l.Lasts() {
		return l.Release()
	}
	if l.Leave() == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.held = l
	return nil
}

func (t *Tree) ask(step string) error {
	if t.fault == nil {
		return nil
	}
	return t.fault(step)
}

// settings are what the configuration says about files.
type settings struct {
	fileMode   bool // the executable bit counts
	symlinks   bool // links are links, not files with the target in them
	ignoreCase bool
	trustCtime bool
	checkStat  bool // false: "minimal", only size and time count
	precompose bool // names come decomposed from the file system
	version    int  // of a new index
	autoCRLF   string
}

func readSettings(c Config) (s settings, err error) {
	for key, dst := range map[string]*bool{
		"core.filemode": &s.fileMode, "core.symlinks": &s.symlinks, "core.trustctime": &s.trustCtime,
	} {
		if *dst, err = c.Bool(key, true); err != nil {
			return s, err
		}
	}
	for key, dst := range map[string]*bool{"core.ignorecase": &s.ignoreCase, "core.precomposeunicode": &s.precompose} {
		if *dst, err = c.Bool(key, false); err != nil {
			return s, err
		}
	}
	if s.autoCRLF, _ = c.String("core.autocrlf"); !strings.EqualFold(s.autoCRLF, "input") {
		on, err := c.Bool("core.autocrlf", false)
		if err != nil {
			return s, err
		}
		s.autoCRLF = strconv.FormatBool(on)
	}
	s.autoCRLF = strings.ToLower(s.autoCRLF)
	stat, _ := c.String("core.checkstat")
	s.checkStat = stat != "minimal"
	s.version = 2
	if v, ok := c.String("index.version"); ok && v == "4" {
		s.version = 4
	}
	return s, nil
}

// snapshot looks paths up in one commit.
type snapshot struct {
	objects Objects
	commit  object.ID
	trees   map[string][]byte // by folder; nil where there is none
	ids     map[string]object.ID
}

func newSnapshot(o Objects, commit object.ID) *snapshot {
	return &snapshot{objects: o, commit: commit, trees: map[string][]byte{}, ids: map[string]object.ID{}}
}

func (s *snapshot) read(id object.ID, kind object.Kind) ([]byte, error) {
	k, data, err := s.objects.Read(id)
	if err == nil && k != kind {
		err = fmt.Errorf("object %s is a %v where a %v should be; git fsck tells more", id, k, kind)
	}
	return data, err
}

// dir gives the tree object of a folder and its text; the zero ID if there is
// no such folder.
func (s *snapshot) dir(dir string) (object.ID, []byte, error) {
	if id, ok := s.ids[dir]; ok {
		return id, s.trees[dir], nil
	}
	var id object.ID
	var tree []byte
	if dir == "" {
		if !s.commit.IsZero() {
			raw, err := s.read(s.commit, object.KindCommit)
			if err != nil {
				return id, nil, err
			}
			if id, _, _, err = object.CommitLinks(raw); err != nil {
				return id, nil, err
			}
		}
	} else {
		e, err := s.entry(dir)
		if err != nil {
			return id, nil, err
		}
		if e.IsTree() {
			id = e.ID
		}
	}
	if !id.IsZero() {
		var err error
		if tree, err = s.read(id, object.KindTree); err != nil {
			return id, nil, err
		}
	}
	s.ids[dir], s.trees[dir] = id, tree
	return id, tree, nil
}

// entry gives what stands at path, the zero Entry if nothing does.
func (s *snapshot) entry(path string) (object.Entry, error) {
	dir, name := splitPath(path)
	_, tree, err := s.dir(dir)
	if err != nil || len(tree) == 0 {
		return object.Entry{}, err
	}
	e, _, err := object.Find(tree, name)
	return e, err
}

// trees compares two snapshots for the cache tree. What cannot be read is
// given as absent, which makes the cache tree invalid there.
func trees(from, to *snapshot) gitindex.Trees {
	return func(dir string) (before, after object.ID) {
		before, _, err1 := from.dir(dir)
		after, _, err2 := to.dir(dir)
		if err1 != nil || err2 != nil {
			return object.ID{}, object.ID{}
		}
		return before, after
	}
}
