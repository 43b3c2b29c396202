package gitstore

import (
	"context"
	"iter"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-prompty/prompty/watch"
)

// A place is a folder in which changes are noticed: a git directory or a work
// tree.
type place struct {
	root string
	opts watch.Options
	tree bool // it is the work tree

	folder *watch.Folder
	stop   context.CancelFunc // ends what arm gave; nil before that

	mu      sync.Mutex      // guards skipped
	skipped map[string]bool // folders of the work tree that were not gone into
}

// hint says that something may have changed.
type hint struct {
	since time.Time       // when that was noticed; zero: it is not known
	all   bool            // look at everything
	sure  bool            // and what is found in the work tree is so
	paths map[string]bool // look at these files there, where what is found is so
}

func (h *hint) add(more hint) {
	if h.since.IsZero() || !more.since.IsZero() && more.since.Before(h.since) {
		h.since = more.since
	}
	h.all, h.sure = h.all || more.all, h.sure || more.sure
	if h.paths == nil {
		h.paths = more.paths
		return
	}
	maps.Copy(h.paths, more.paths)
}

// smallFile is more than a reference has. What is larger, as packed-refs and the
// index can be, need not be read: it is another file with each change, and does
// not change often.
const smallFile = 256 << 10

// places are where what the store shows is decided. What does not move has none.
func (s *Store) places() []*place {
	if s.follows == "" {
		return nil
	}
	git := watch.Options{Mode: s.opts.Watch, Replaced: true, NoGit: true, MaxFile: smallFile, Ring: 1}
	common := &place{root: s.CommonDir, opts: git}
	own := common
	list := []*place{common}
	if s.GitDir != s.CommonDir {
		own = &place{root: s.GitDir, opts: git}
		list = append(list, own)
	}
	shared, private := gitFiles{}, gitFiles{}
	if own == common {
		private = shared
	}
	shared.add("packed-refs")
	shared.folder(namespace(s.follows))
	private.add("HEAD", "rebase-merge/head-name", "rebase-apply/head-name")
	if s.edits != nil {
		private.add("index")
		shared.add("info/exclude")
		list = append(list, s.treePlace())
	}
	common.opts.Match, common.opts.Enter = shared.match, shared.enter
	own.opts.Match, own.opts.Enter = private.match, private.enter
	return list
}

// namespace is the folder of all references that may have to do with one: a
// branch may be the other name of another, and HEAD leads to any.
func namespace(ref string) string {
	if ref == "HEAD" {
		return "refs/heads"
	}
	if parts := strings.SplitN(ref, "/", 3); len(parts) == 3 {
		return path.Join(parts[:2]...)
	}
	return "refs"
}

// gitFiles are files in a git directory, and folders there, with a slash behind.
type gitFiles map[string]bool

func (g gitFiles) add(files ...string) {
	for _, f := range files {
		g[f] = true
	}
}

func (g gitFiles) folder(dir string) { g[dir+"/"] = true }

func (g gitFiles) match(name string) bool {
	if strings.HasSuffix(name, ".lock") {
		return false
	}
	for f := range g {
		if f == name || strings.HasSuffix(f, "/") && strings.HasPrefix(name, f) {
			return true
		}
	}
	return false
}

func (g gitFiles) enter(dir string) bool {
	dir += "/"
	for f := range g {
		if strings.HasPrefix(f, dir) || strings.HasSuffix(f, "/") && strings.HasPrefix(dir, f) {
			return true
		}
	}
	return false
}

// rules are the files that say which others count.
var rules = []string{".gitignore", ".gitattributes"}

func (s *Store) treePlace() *place {
	p := &place{root: s.WorkTree, tree: true, skipped: map[string]bool{}}
	dir, ext := s.layout.dir, s.layout.ext
	p.opts = watch.Options{Mode: s.opts.Watch, Replaced: true, MaxFile: maxFile, Ring: 1}
	p.opts.Match = func(name string) bool {
		base := path.Base(name)
		return strings.HasPrefix(name, dir) && strings.HasSuffix(base, ext) && base != ext || slices.Contains(rules, base)
	}
	p.opts.Enter = func(name string) bool {
		if path.Base(name) == ".git" {
			return false
		}
		if strings.HasPrefix(dir, name+"/") {
			return true
		}
		if !strings.HasPrefix(name, dir) {
			return false
		}
		enter, err := s.edits.tree.Enters(name)
		if enter || err != nil {
			return true
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.skipped[name] = true
		return false
	}
	return p
}

func (p *place) open(ctx context.Context) (err error) {
	p.folder, err = watch.Open(ctx, p.root, p.opts)
	return err
}

// arm gives what happens from now on. What comes from an earlier arm need not be
// all: a file that is there and gone again is nothing to who reads both at once.
func (p *place) arm(life context.Context) iter.Seq[watch.Batch] {
	life, stop := context.WithCancel(life)
	batches := p.folder.Watch(life, "")
	p.disarm()
	p.stop = stop
	return batches
}

func (p *place) disarm() {
	if p.stop != nil {
		p.stop()
	}
}

func (p *place) close() {
	p.disarm()
	_ = p.folder.Close()
}

// hint is what a batch gives reason to look at; false: at nothing.
func (p *place) hint(b watch.Batch) (hint, bool) {
	h := hint{since: b.Since, all: b.Resync || !p.tree && len(b.Changes) > 0}
	h.sure = h.all
	if p.tree && !h.all {
		h.paths = make(map[string]bool, len(b.Changes))
		for _, c := range b.Changes {
			if slices.Contains(rules, path.Base(c.Name)) {
				h.all, h.sure = true, true
			}
			h.paths[c.Name] = true
		}
	}
	return h, h.all || len(h.paths) > 0 || b.Status != nil
}

// outgrown reports whether a folder counts now that was not gone into, as what
// git ignores, or has in its index, is another one.
func (p *place) outgrown(enters func(dir string) (bool, error)) bool {
	p.mu.Lock()
	skipped := slices.Collect(maps.Keys(p.skipped))
	p.mu.Unlock()
	return slices.ContainsFunc(skipped, func(dir string) bool {
		enter, err := enters(dir)
		return enter && err == nil
	})
}
