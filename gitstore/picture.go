package gitstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/gitstore/internal/history"
	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// picture is what a store showed at a moment: a state, and with worktree=1 the
// edits on top of it. It does not change.
type picture struct {
	st    *state
	marks map[string]mark // by path
}

// mark is an edit without its text; the zero mark is none.
type mark struct {
	gone bool      // there is no file
	blob object.ID // what is in the file
}

func (e edit) mark() mark { return mark{e.gone, e.blob} }

// shows reports whether there is something at a path.
func (p picture) shows(path string) bool {
	if m := p.marks[path]; m != (mark{}) {
		return !m.gone
	}
	_, ok := p.st.view.Latest(path)
	return ok
}

// since are the templates that are not what they were, by name, and those that
// were something else between the pictures. rewritten says that the earlier one
// shows commits that are no part of the history now.
func (p picture) since(before picture, came map[string]bool) (changes []notice, rewritten bool) {
	paths, rewritten := p.st.view.Since(before.st.view)
	paths = slices.AppendSeq(paths, maps.Keys(came))
	for path, m := range p.marks {
		if before.marks[path] != m {
			paths = append(paths, path)
		}
	}
	for path := range before.marks {
		if _, still := p.marks[path]; !still {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	for _, path := range slices.Compact(paths) {
		name, err := p.st.r.layout.name(path)
		if name == "" || err != nil {
			continue
		}
		was, is := before.shows(path), p.shows(path)
		change := notice{prompty.Change{Name: name, Kind: prompty.Deleted}, !was}
		switch {
		case was && is:
			change.Kind = prompty.Changed
		case is:
			change.Kind = prompty.Created
		case !was && !came[path]:
			continue
		}
		changes = append(changes, change)
	}
	slices.SortFunc(changes, func(a, b notice) int { return strings.Compare(a.Name, b.Name) })
	return changes, rewritten
}

// A picture's revision is "<commit>", or "<commit>+<digest of the edits>". A batch
// of the same picture as the one before it adds "#<n>", which means nothing else.

func (p picture) revision() string {
	if len(p.marks) == 0 {
		return p.st.tip.String()
	}
	return p.st.tip.String() + "+" + p.digest()
}

func (p picture) digest() string {
	h := sha256.New()
	for _, path := range slices.Sorted(maps.Keys(p.marks)) {
		m := p.marks[path]
		h.Write([]byte(path))
		h.Write([]byte{0})
		if !m.gone {
			h.Write(m.blob[:])
		}
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// recall makes the picture of a revision, if what is needed for it is still
// there. What edits there were is known to the process that saw them, for a
// while.
func (f *follower) recall(ctx context.Context, revision string) (p picture, ok bool) {
	revision, _, _ = strings.Cut(revision, "#")
	commit, digest, edited := strings.Cut(revision, "+")
	id, err := object.ParseID(commit)
	if err != nil || commit != strings.ToLower(commit) {
		return p, false
	}
	now := f.shown.st
	p.st = &state{r: now.r, tip: id, view: history.View{}}
	if !id.IsZero() {
		view, known := now.ix.At(id)
		if !known {
			ix, err := now.ix.Fork(ctx, id)
			if err != nil {
				return p, false
			}
			view = ix.View()
		}
		p.st.view = view
	}
	if !edited {
		return p, true
	}
	p.marks, ok = f.past.find(digest)
	return p, ok
}

// past are the edits of the last pictures.
type past struct {
	digests []string // the oldest first
	marks   map[string]map[string]mark
}

// maxPast is how many pictures with edits are remembered, and maxMarks how many
// edits in one.
const (
	maxPast  = 64
	maxMarks = 4096
)

func (x *past) add(p picture) {
	if len(p.marks) == 0 || len(p.marks) > maxMarks {
		return
	}
	d := p.digest()
	if _, there := x.marks[d]; there {
		return
	}
	if len(x.digests) == maxPast {
		delete(x.marks, x.digests[0])
		x.digests = slices.Delete(x.digests, 0, 1)
	}
	if x.marks == nil {
		x.marks = map[string]map[string]mark{}
	}
	x.digests = append(x.digests, d)
	x.marks[d] = p.marks
}

func (x *past) find(digest string) (map[string]mark, bool) {
	m, ok := x.marks[digest]
	return m, ok
}
