package gitstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/gitstore/internal/history"
	"github.com/go-prompty/prompty/gitstore/internal/object"
	"github.com/go-prompty/prompty/gitstore/internal/odb"
)

// draft are commits that are made on top of a state, before the branch moves to
// them. Nobody sees them until then.
type draft struct {
	s     *Store
	ctx   context.Context
	want  Commit
	base  *state
	batch *odb.Batch

	tip     object.ID // the last commit
	tree    object.ID // its tree; zero: empty
	commits []made
	subject string // of the last commit, for the reflog
	size    int    // bytes of objects since the last flush

	files  map[string]*change // by path: what became of it since the base
	folds  map[string]string  // the paths of new files by what they are without regard to case
	latest map[string]numbers // by path: of versions that the draft has made
	given  []given
}

// change is what a draft does to a file.
type change struct {
	before object.Entry // in the base; the zero Entry: nothing
	after  object.Entry // the zero Entry: it goes
	data   []byte       // of after
}

type numbers struct {
	n  int
	at time.Time
}

// given is a version that a draft has made of a template.
type given struct {
	tmpl   *prompty.StoredTemplate
	path   string
	commit object.ID
	n      int
	at     time.Time
}

func (s *Store) newDraft(ctx context.Context, want Commit, base *state, batch *odb.Batch) (*draft, error) {
	d := &draft{s: s, ctx: ctx, want: want, base: base, batch: batch, tip: base.tip, files: map[string]*change{}, folds: map[string]string{}, latest: map[string]numbers{}}
	if !base.tip.IsZero() {
		raw, err := s.objects().Commit(base.tip)
		if err != nil {
			return nil, err
		}
		if d.tree, _, _, err = object.CommitLinks(raw); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (d *draft) read(id object.ID, want object.Kind) ([]byte, error) {
	kind, data, err := d.batch.Read(d.s.objects().replaced(id))
	return data, checkKind(id, kind, want, err)
}

// find is the entry at a path; the zero Entry if there is none. A file where a
// folder would have to be is errClash.
func (d *draft) find(path string) (object.Entry, error) {
	tree := d.tree
	for rest := path; ; {
		if tree.IsZero() {
			return object.Entry{}, nil
		}
		raw, err := d.read(tree, object.KindTree)
		if err != nil {
			return object.Entry{}, err
		}
		seg, below, deeper := strings.Cut(rest, "/")
		e, ok, err := object.Find(raw, seg)
		switch {
		case err != nil || !ok:
			return object.Entry{}, err
		case !deeper:
			e.Name = []byte(path)
			return e, nil
		case !e.IsTree():
			return object.Entry{}, &clash{path: path, other: path[:len(path)-len(below)-1]}
		}
		tree, rest = e.ID, below
	}
}

// clash says that a path cannot be a template's file, as something else is there.
type clash struct{ path, other string }

func (c *clash) Error() string {
	if c.path == c.other {
		return fmt.Sprintf("%v: %s is there already and is no regular file; move it away, or use another name", prompty.ErrConflict, c.other)
	}
	return fmt.Sprintf("%v: %s is there already and is no folder; move it away, or use another name", prompty.ErrConflict, c.other)
}

func (c *clash) Is(target error) bool { return target == prompty.ErrConflict }

// file is what is at a template's path now.
func (d *draft) file(path string) (object.Entry, error) {
	if c := d.files[path]; c != nil {
		return c.after, nil
	}
	e, err := d.find(path)
	if err == nil && !e.IsZero() && !e.IsRegular() {
		err = &clash{path, path}
	}
	return e, err
}

// set plans what becomes of a file; that it stays as it is, too, so that an
// edit of it is noticed.
func (d *draft) set(path string, before, after object.Entry, data []byte) {
	if c := d.files[path]; c != nil {
		c.after, c.data = after, data
		return
	}
	d.files[path] = &change{before, after, data}
	if before.IsZero() {
		d.folds[fold(path)] = path
	}
}

// number is the highest version of a path, and when it was made; and the
// latest that is live.
func (d *draft) number(path string) (highest numbers) {
	if n, ok := d.latest[path]; ok {
		return n
	}
	n := numbers{n: d.base.view.HighWater(path)}
	if v, ok := d.base.view.Latest(path); ok {
		n.at = v.Time()
	}
	return n
}

// put adds an object.
func (d *draft) put(kind object.Kind, data []byte, base object.ID) (object.ID, error) {
	d.size += len(data)
	if base.IsZero() {
		return d.batch.Put(kind, data)
	}
	return d.batch.PutBased(kind, data, base)
}

// flushAt is how many bytes of objects are held in memory before they go to
// disk: a long batch is several packs.
const flushAt = 256 << 20

func (d *draft) flush() error {
	d.size = 0
	return d.batch.Flush(d.s.sync)
}

// edit makes a tree with files in it, or without them; zero is the empty tree.
// The files are relative to the tree, in order.
func (d *draft) edit(tree object.ID, files []file) (object.ID, error) {
	var raw []byte
	if !tree.IsZero() {
		var err error
		if raw, err = d.read(tree, object.KindTree); err != nil {
			return tree, err
		}
	}
	for len(files) > 0 {
		if err := d.ctx.Err(); err != nil {
			return tree, err
		}
		seg, _, deeper := strings.Cut(files[0].path, "/")
		n := 1
		e := files[0].entry
		if deeper {
			var below []file
			for n = 0; n < len(files); n++ {
				rest, ok := strings.CutPrefix(files[n].path, seg+"/")
				if !ok {
					break
				}
				below = append(below, file{rest, files[n].entry})
			}
			sub, ok, err := object.Find(raw, seg)
			if err != nil {
				return tree, err
			}
			if ok && !sub.IsTree() {
				return tree, &clash{path: seg + "/", other: seg}
			}
			id, err := d.edit(sub.ID, below)
			if err != nil {
				return tree, err
			}
			e = object.Entry{}
			if !id.IsZero() {
				e = object.Entry{Mode: object.ModeTree, ID: id}
			}
		}
		files = files[n:]
		var err error
		if e.IsZero() {
			raw, _, err = object.Drop(raw, seg)
		} else {
			e.Name = []byte(seg)
			raw, err = object.Set(raw, e)
		}
		if errors.Is(err, object.ErrClash) {
			return tree, &clash{path: seg, other: seg}
		}
		if err != nil {
			return tree, err
		}
	}
	if len(raw) == 0 {
		return object.ID{}, nil
	}
	return d.put(object.KindTree, raw, tree)
}

// file is an entry with its path; the zero Entry is one that goes.
type file struct {
	path  string
	entry object.Entry
}

// commit adds a commit that changes these files, by path.
func (d *draft) commit(changes map[string]object.Entry, w words, by map[string]string, at time.Time) (object.ID, error) {
	text, err := message(w, d.want, d.s.pattern)
	if err != nil {
		return object.ID{}, err
	}
	files := make([]file, 0, len(changes))
	edits := make([]history.Edit, 0, len(changes))
	for _, path := range slices.Sorted(maps.Keys(changes)) {
		files = append(files, file{path, changes[path]})
		edits = append(edits, history.Edit{Path: path, Blob: changes[path].ID})
	}
	if len(files) > 0 {
		if d.tree, err = d.edit(d.tree, files); err != nil {
			return object.ID{}, err
		}
	}
	tree := d.tree
	if tree.IsZero() {
		if tree, err = d.put(object.KindTree, nil, object.ID{}); err != nil {
			return object.ID{}, err
		}
	}
	author, x := d.s.authorship(d.want, by)
	x.Nanos = at.Nanosecond()
	c := &object.Commit{
		Tree: tree, Author: stamp(author, at), Committer: stamp(d.s.committer, at),
		Headers: []object.Header{{Key: headerName, Value: x.encode()}},
		Message: text,
	}
	if !d.tip.IsZero() {
		c.Parents = []object.ID{d.tip}
	}
	signer, err := d.s.signer()
	if err != nil {
		return object.ID{}, err
	}
	if signer != nil {
		sig, err := signer.Sign(d.ctx, c.Encode())
		if err != nil {
			return object.ID{}, fmt.Errorf("the commit cannot be signed: %w; unlock that key, name another one with signkey=, or use sign=none", err)
		}
		c.Headers = append(c.Headers, object.Header{Key: "gpgsig", Value: sig})
	}
	raw := c.Encode()
	id, err := d.put(object.KindCommit, raw, object.ID{})
	if err != nil {
		return object.ID{}, err
	}
	d.tip, d.subject = id, subject(text)
	d.commits = append(d.commits, made{id, raw, edits})
	if d.size > flushAt {
		err = d.flush()
	}
	return id, err
}

// moment is the time of a version that comes after the others of its path.
func (d *draft) moment(paths ...string) time.Time {
	at := time.Now()
	for _, p := range paths {
		if last := d.number(p).at; !at.After(last.Add(time.Millisecond)) {
			at = last.Add(time.Millisecond)
		}
	}
	return at
}

// results tells the templates what became of them.
func (d *draft) results(view history.View) {
	for _, g := range d.given {
		if v, ok := view.ByCommit(g.path, g.commit); ok {
			g.n, g.at = v.N, v.Time()
		}
		g.tmpl.ID, g.tmpl.Version = makeID(g.commit, g.path), g.n
		g.tmpl.CreatedAt, g.tmpl.UpdatedAt = g.at.UTC(), g.at.UTC()
	}
}

func versionWord(n int) string { return strconv.Itoa(n) }
