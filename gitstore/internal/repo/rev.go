package repo

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-prompty/prompty/gitstore/internal/object"
	"github.com/go-prompty/prompty/gitstore/internal/refs"
)

// ErrUnknownRevision is what ResolveRev gives, wrapped, for a revision that
// names nothing, several things, or something that is not a commit.
var ErrUnknownRevision = errors.New("unknown revision")

// Objects is where ResolveRev looks commits and tags up; *odb.DB is one.
type Objects interface {
	Read(id object.ID) (object.Kind, []byte, error)
	Expand(prefix string) ([]object.ID, error)
}

// A Rev is what the name of a revision stands for.
type Rev struct {
	Commit object.ID
	Ref    string // the reference that moves, in full ("HEAD" for HEAD); "" for a tag, a commit, or anything with a suffix
}

// ResolveRev finds the commit that rev names: a full or abbreviated reference
// (branch, tag, remote branch), HEAD or @, a commit's id or four or more digits
// of it, each with any number of ~n and ^n. What is ambiguous or unknown is
// ErrUnknownRevision, with the nearest names.
func (r *Repo) ResolveRev(rs *refs.Store, db Objects, rev string) (Rev, error) {
	base, suffix := rev, ""
	if i := strings.IndexAny(rev, "~^"); i >= 0 {
		base, suffix = rev[:i], rev[i:]
	}
	if base == "" || strings.ContainsAny(rev, ": ") || strings.Contains(rev, "@{") || strings.Contains(rev, "..") {
		return Rev{}, unknown(rev, "is neither a branch, a tag nor a commit; ranges, paths and reflog entries can't be opened")
	}
	l := &revLookup{repo: r, refs: rs, db: db, rev: rev}
	found, err := l.base(base)
	if err != nil {
		return Rev{}, err
	}
	if found.Commit, err = l.peel(found.Commit); err != nil {
		return Rev{}, err
	}
	if suffix == "" {
		return found, nil
	}
	commit, err := l.walk(found.Commit, suffix)
	return Rev{Commit: commit}, err
}

func unknown(rev, format string, args ...any) error {
	return fmt.Errorf("%w: %q %s", ErrUnknownRevision, rev, fmt.Sprintf(format, args...))
}

type revLookup struct {
	repo *Repo
	refs *refs.Store
	db   Objects
	rev  string
}

// base finds what the name without its suffix stands for, not yet peeled.
func (l *revLookup) base(name string) (Rev, error) {
	if id, err := object.ParseID(name); err == nil {
		return Rev{Commit: id}, nil
	}
	if name == "@" {
		name = "HEAD"
	}
	found, err := l.references(name)
	if err != nil {
		return Rev{}, err
	}
	switch len(found) {
	case 0:
	case 1:
		ref := Rev{Commit: found[0].ID, Ref: found[0].Name}
		if ref.Ref != "HEAD" && !strings.HasPrefix(ref.Ref, "refs/") || strings.HasPrefix(ref.Ref, "refs/tags/") {
			ref.Ref = ""
		}
		return ref, nil
	default:
		return Rev{}, unknown(l.rev, "is ambiguous: it may be %s; write one of them in full", orList(found))
	}
	if isHex(name) {
		id, err := l.abbreviated(name)
		if err != nil || !id.IsZero() {
			return Rev{Commit: id}, err
		}
	}
	if name == "HEAD" {
		return Rev{}, unknown(l.rev, "names no commit yet: its branch is unborn; commit something first")
	}
	return Rev{}, l.nearest(name)
}

// references returns the references that an abbreviated name may mean, by
// git's rules (gitrevisions).
func (l *revLookup) references(name string) ([]refs.Ref, error) {
	candidates := []string{name}
	for _, form := range []string{"refs/%s", "refs/tags/%s", "refs/heads/%s", "refs/remotes/%s", "refs/remotes/%s/HEAD"} {
		if full := fmt.Sprintf(form, name); refs.CheckName(full) == nil {
			candidates = append(candidates, full)
		}
	}
	var found []refs.Ref
	for _, full := range candidates {
		if full == name && name != "HEAD" && !strings.HasSuffix(name, "_HEAD") && refs.CheckName(name) != nil {
			continue // a file of the git directory, maybe, but no reference
		}
		id, err := l.refs.Read(full)
		if errors.Is(err, refs.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found = append(found, refs.Ref{Name: full, ID: id})
		if full == name {
			break // given in full
		}
	}
	return found, nil
}

func isHex(s string) bool {
	if len(s) < 4 || len(s) > 40 {
		return false
	}
	return strings.Trim(strings.ToLower(s), "0123456789abcdef") == ""
}

// abbreviated finds the commit whose id begins with the digits; zero if there
// is none.
func (l *revLookup) abbreviated(prefix string) (object.ID, error) {
	ids, err := l.db.Expand(strings.ToLower(prefix))
	if err != nil {
		return object.ID{}, err
	}
	var commits []refs.Ref
	for _, id := range ids {
		kind, _, err := l.db.Read(id)
		if err != nil {
			return object.ID{}, err
		}
		if kind == object.KindCommit || kind == object.KindTag {
			commits = append(commits, refs.Ref{Name: id.String(), ID: id})
		}
	}
	switch {
	case len(commits) == 1:
		return commits[0].ID, nil
	case len(commits) > 1:
		return object.ID{}, unknown(l.rev, "is ambiguous: it may be %s; write more digits", orList(commits))
	case len(ids) > 0:
		return object.ID{}, unknown(l.rev, "is not a commit, but a tree or a file")
	}
	return object.ID{}, nil
}

// maxPeel bounds how many tags may point to one another.
const maxPeel = 32

// peel follows tags to a commit.
func (l *revLookup) peel(id object.ID) (object.ID, error) {
	for range maxPeel {
		kind, raw, err := l.db.Read(id)
		if err != nil {
			return id, fmt.Errorf("revision %q: %w", l.rev, err)
		}
		switch kind {
		case object.KindCommit:
			return id, nil
		case object.KindTag:
			if id, _, err = object.ParseTag(raw); err != nil {
				return id, fmt.Errorf("revision %q: %w", l.rev, err)
			}
		default:
			return id, unknown(l.rev, "is not a commit, but a %s", kind)
		}
	}
	return id, unknown(l.rev, "is a tag of a tag, more than %d times over", maxPeel)
}

// walk applies ~n and ^n.
func (l *revLookup) walk(id object.ID, suffix string) (object.ID, error) {
	grafts, err := l.repo.Grafts(l.refs)
	if err != nil {
		return id, err
	}
	for suffix != "" {
		op := suffix[0]
		rest := suffix[1:]
		if op == '^' {
			if after, ok := cutAny(rest, "{commit}", "{}"); ok {
				suffix = after
				continue
			}
		}
		digits := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
		suffix = rest[len(digits):]
		n := 1
		if digits != "" {
			if n, err = strconv.Atoi(digits); err != nil {
				return id, unknown(l.rev, "goes back too far")
			}
		}
		if suffix != "" && suffix[0] != '~' && suffix[0] != '^' {
			return id, unknown(l.rev, "has a suffix that is not understood; ~n and ^n are")
		}
		steps, nth := n, 1
		if op == '^' {
			steps, nth = min(n, 1), n // ^0 is the commit itself
		}
		for range steps {
			parents, err := l.parents(id, grafts)
			if err != nil {
				return id, err
			}
			if len(parents) < nth {
				return id, unknown(l.rev, "does not exist: %s has %d parents", id, len(parents))
			}
			id = parents[nth-1]
		}
	}
	return id, nil
}

func cutAny(s string, prefixes ...string) (string, bool) {
	for _, p := range prefixes {
		if after, ok := strings.CutPrefix(s, p); ok {
			return after, true
		}
	}
	return s, false
}

func (l *revLookup) parents(id object.ID, grafts Grafts) ([]object.ID, error) {
	if parents, ok := grafts.Parents[id]; ok {
		return parents, nil
	}
	if other, ok := grafts.Replace[id]; ok {
		id = other
	}
	kind, raw, err := l.db.Read(id)
	if err != nil {
		return nil, fmt.Errorf("revision %q: %w", l.rev, err)
	}
	if kind != object.KindCommit {
		return nil, unknown(l.rev, "leads to %s, which is a %s", id, kind)
	}
	c, err := object.ParseCommit(raw)
	if err != nil {
		return nil, fmt.Errorf("revision %q: commit %s: %w", l.rev, id, err)
	}
	return c.Parents, nil
}

// nearest is the error for a name that nothing has.
func (l *revLookup) nearest(name string) error {
	list, err := l.refs.List("refs/")
	if err != nil {
		return err
	}
	var names []string
	for _, ref := range list {
		for _, root := range []string{"refs/heads/", "refs/tags/", "refs/remotes/"} {
			if short, ok := strings.CutPrefix(ref.Name, root); ok {
				names = append(names, short)
			}
		}
	}
	near := Nearest(name, names)
	if len(near) == 0 {
		return unknown(l.rev, "is neither a branch, a tag nor a commit here; see git branch -a")
	}
	var found []refs.Ref
	for _, n := range near {
		found = append(found, refs.Ref{Name: n})
	}
	return unknown(l.rev, "is neither a branch, a tag nor a commit here; did you mean %s?", orList(found))
}

// orList writes "a, b or c", at most five.
func orList(list []refs.Ref) string {
	var names []string
	for _, ref := range list[:min(5, len(list))] {
		names = append(names, ref.Name)
	}
	if len(list) > len(names) {
		return strings.Join(names, ", ") + " or others"
	}
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " or " + names[last]
}
