package gitstore

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/go-prompty/prompty/gitstore/internal/object"
	"github.com/go-prompty/prompty/gitstore/internal/odb"
	"github.com/go-prompty/prompty/gitstore/internal/repo"
	"github.com/go-prompty/prompty/gitstore/internal/signature"
	"github.com/go-prompty/prompty/gitstore/internal/worktree"
)

// writer is how a store makes commits.
type writer struct {
	branch    string // in full; "": the one that HEAD names
	readOnly  string // why it cannot be written; "": it can
	committer object.Ident
	author    object.Ident // of a commit whose template does not say who made it
	named     bool         // the author was given in the options
	pattern   string       // of the subject
	sync      odb.Sync
	signer    func() (signature.Signer, error) // nil without an error: commits are not signed

	mu    sync.Mutex // guards trees
	trees map[string]*worktree.Tree
}

func newWriter(cfg *repo.Config, opts Options) (*writer, error) {
	w := &writer{committer: cfg.Committer(), pattern: opts.Message, trees: map[string]*worktree.Tree{}}
	var err error
	if opts.Committer != "" {
		if w.committer, err = personOption("committer", opts.Committer); err != nil {
			return nil, err
		}
	}
	w.author = w.committer
	if opts.Author != "" {
		if w.author, err = personOption("author", opts.Author); err != nil {
			return nil, err
		}
		w.named = true
	}
	if err := checkPattern(opts.Message); err != nil {
		return nil, err
	}
	w.sync = map[SyncMode]odb.Sync{SyncNone: odb.SyncNone, SyncBatch: odb.SyncBatch, SyncFull: odb.SyncFull}[opts.Sync]
	if w.signer, err = signing(cfg, opts, w.committer); err != nil {
		return nil, err
	}
	return w, nil
}

func personOption(key, value string) (object.Ident, error) {
	id, ok := parsePerson(value)
	if !ok || id.Email == "" {
		return id, fmt.Errorf("%s=%q is not Name <email>; use something like Ann Lee <ann@example.org>", key, value)
	}
	return id, nil
}

// signing finds the key that signs. One that only git's configuration asks for
// is not looked for before the first commit: reading needs none.
func signing(cfg *repo.Config, opts Options, committer object.Ident) (func() (signature.Signer, error), error) {
	o := signature.Options{Format: opts.Sign, Key: opts.SignKey, Committer: person(committer)}
	switch opts.Sign {
	case "ssh", "openpgp":
	case "none":
		return func() (signature.Signer, error) { return nil, nil }, nil
	case "":
		on, err := cfg.Bool("commit.gpgsign", false)
		if err != nil {
			return nil, err
		}
		if !on && opts.SignKey == "" {
			return func() (signature.Signer, error) { return nil, nil }, nil
		}
		o.Format, _ = cfg.String("gpg.format")
	default:
		return nil, fmt.Errorf("sign=%s is not known; use ssh, openpgp or none", opts.Sign)
	}
	if o.Key == "" {
		o.Key, _ = cfg.String("user.signingkey")
	}
	for _, key := range []string{"gpg.openpgp.program", "gpg.program"} {
		if o.Program == "" {
			o.Program, _ = cfg.String(key)
		}
	}
	find := sync.OnceValues(func() (signature.Signer, error) {
		signer, err := signature.New(o)
		if err != nil {
			err = fmt.Errorf("commits cannot be signed: %w; name another key with signkey=, or use sign=none", err)
		}
		return signer, err
	})
	if opts.Sign != "" || opts.SignKey != "" {
		if _, err := find(); err != nil {
			return nil, err
		}
	}
	return find, nil
}

// authorship says who is the author of a commit, and what the header has to
// add so that each template's CreatedBy reads back as it is.
func (w *writer) authorship(c Commit, tmpls map[string]string) (object.Ident, extra) {
	author, named := w.author, w.named
	if c.Author != "" {
		author, _ = parsePerson(c.Author)
		named = true
	}
	var x extra
	first, all := "", true // the same for all
	for _, by := range tmpls {
		first = by
	}
	for _, by := range tmpls {
		all = all && by == first
	}
	switch id, exact := parsePerson(first); {
	case len(tmpls) == 0:
	case !all:
		x.Each = map[string]string{}
		for path, by := range tmpls {
			if by != "" || !named {
				x.Each[path] = by
			}
		}
	case exact:
		author = id
	case first != "" || !named:
		x.By = &first
	}
	return author, x
}

// stamp puts a time on author and committer.
func stamp(id object.Ident, at time.Time) object.Ident {
	id.Unix, id.Zone = at.Unix(), zone(at)
	id.Name, id.Email = strings.TrimSpace(id.Name), strings.TrimSpace(id.Email)
	return id
}
