package gitstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/gitstore/internal/lockfile"
	"github.com/go-prompty/prompty/gitstore/internal/object"
	"github.com/go-prompty/prompty/gitstore/internal/odb"
	"github.com/go-prompty/prompty/gitstore/internal/refs"
	"github.com/go-prompty/prompty/gitstore/internal/repo"
	"github.com/go-prompty/prompty/promptfile"
	"github.com/go-prompty/prompty/watch"
)

// Open opens the repository at path, or the one whose work tree path is in.
// Nothing is written before there is something to write, but for Init.
func Open(path string, opts Options) (*Store, error) {
	s, err := open(path, opts)
	if err != nil {
		return nil, &prompty.StorageError{Op: "open", Name: path, Err: err}
	}
	return s, nil
}

func open(path string, opts Options) (s *Store, err error) {
	if path == "" {
		return nil, errors.New("no repository given; try git:./repo")
	}
	opts, err = opts.checked()
	if err != nil {
		return nil, err
	}
	found, err := find(path, opts)
	if err != nil {
		return nil, err
	}
	dir, err := folder(found.Prefix, opts.Dir)
	if err != nil {
		return nil, err
	}
	if opts.Worktree && found.WorkTree == "" {
		return nil, fmt.Errorf("worktree=1 lays uncommitted edits on top, but %s has no work tree; leave it out, or open a work tree", found.GitDir)
	}
	w, err := newWriter(found.Config, opts)
	if err != nil {
		return nil, err
	}
	r, err := openRepository(found, layout{dir: dir, ext: opts.Ext}, opts)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.close())
		}
	}()
	if r.keys, r.keyless, err = loadKeys(found.Config, opts); err != nil {
		return nil, err
	}
	s = &Store{reader: reader{repository: r}, writer: w}
	switch {
	case opts.Ref != "":
		s.where, s.follows, err = r.revision(opts.Ref)
		s.readOnly = fmt.Sprintf("it shows %s; open it with branch=, or without ref=, to write", opts.Ref)
	case opts.Branch != "":
		s.branch, err = r.branch(opts.Branch)
		s.where, s.follows = r.follow(s.branch), s.branch
	default:
		s.where, s.follows = r.head, "HEAD"
	}
	if err != nil {
		return nil, err
	}
	s.heal()
	if opts.Worktree {
		if s.edits, err = r.overlay(); err != nil {
			return nil, err
		}
	}
	s.follower = newFollower(s)
	return s, nil
}

// checked refuses options that mean nothing, and fills in the defaults.
func (o Options) checked() (Options, error) {
	if o.Ext == "" {
		o.Ext = promptfile.DefaultExt
	}
	if ext := o.Ext; len(ext) < 2 || len(ext) > 32 || ext[0] != '.' || prompty.CheckName("x"+ext) != nil || strings.Contains(ext, "/") {
		return o, fmt.Errorf("ext=%q is no file extension; use something like .prompty or .md", ext)
	}
	switch o.Sync {
	case "":
		o.Sync = SyncBatch
	case SyncBatch, SyncFull, SyncNone:
	default:
		return o, fmt.Errorf("sync=%s is not known; use %s, %s or %s", o.Sync, SyncBatch, SyncFull, SyncNone)
	}
	switch o.Watch {
	case "", watch.Auto, watch.Inotify, watch.Fsnotify, watch.Poll, NoWatch:
	default:
		return o, fmt.Errorf("watch=%s is not known; use %s, %s, %s, %s or %s", o.Watch, watch.Auto, watch.Inotify, watch.Fsnotify, watch.Poll, NoWatch)
	}
	switch {
	case o.Timeout < 0:
		return o, fmt.Errorf("timeout=%v is negative; use something like 5s", o.Timeout)
	case o.Timeout == 0:
		o.Timeout = lockfile.DefaultTimeout
	}
	switch {
	case o.Branch != "" && o.Ref != "":
		return o, errors.New("branch= and ref= exclude each other: branch is served and written, ref is served read-only; leave one out")
	case o.Worktree && (o.Branch != "" || o.Ref != ""):
		return o, errors.New("worktree=1 shows the branch that is checked out; leave branch= and ref= out")
	}
	o.Branch = strings.TrimPrefix(o.Branch, "refs/heads/")
	return o, nil
}

// find looks for the repository, and makes one if it may: a bare one where the
// path ends in .git, as is the custom of git, else one with a work tree.
func find(path string, opts Options) (*repo.Repo, error) {
	found, err := repo.Find(path, repo.Options{AnyOwner: opts.AnyOwner})
	if !opts.Init || !errors.Is(err, fs.ErrNotExist) {
		return found, err
	}
	return repo.Init(path, strings.HasSuffix(filepath.Clean(path), ".git"), opts.Branch)
}

// folder joins the place of the path in the work tree and the option dir: "" or
// ending in a slash.
func folder(prefix, dir string) (string, error) {
	dir = strings.Trim(filepath.ToSlash(dir), "/")
	if dir != "" && (!fs.ValidPath(path.Clean(dir)) || strings.ContainsAny(dir, "\x00\n")) {
		return "", fmt.Errorf("dir=%q is no folder in the repository; use something like prompts", dir)
	}
	dir = path.Join(prefix, dir)
	if dir == "" || dir == "." {
		return "", nil
	}
	for seg := range strings.SplitSeq(dir, "/") {
		if strings.EqualFold(seg, ".git") {
			return "", fmt.Errorf("dir=%q is git's own folder; give one with prompts", dir)
		}
	}
	return dir + "/", nil
}

func openRepository(found *repo.Repo, l layout, opts Options) (*repository, error) {
	level, err := compression(found.Config)
	if err != nil {
		return nil, err
	}
	db, err := odb.Open(found.ObjectsDir, odb.Options{Compression: level, Shared: shared(found.Config)})
	if err != nil {
		return nil, err
	}
	owner, err := lockfile.Open(found.CommonDir)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	ro := found.RefOptions()
	ro.LockTimeout = opts.Timeout
	return &repository{
		Repo: found, db: db, owner: owner,
		refs:   refs.Open(found.GitDir, found.CommonDir, owner, ro),
		layout: l, opts: opts,
		lines: map[string]*line{},
		done:  make(chan struct{}),
	}, nil
}

// compression is git's level for new objects, as the object database wants it.
func compression(cfg *repo.Config) (int, error) {
	for _, key := range []string{"core.loosecompression", "core.compression"} {
		if _, ok := cfg.String(key); !ok {
			continue
		}
		n, err := cfg.Int(key, -1)
		switch {
		case err != nil:
			return 0, err
		case n < -1 || n > 9:
			return 0, fmt.Errorf("%s=%d is not between -1 and 9; set it with git config", key, n)
		case n == 0:
			return odb.NoCompression, nil
		}
		return int(n), nil
	}
	return 0, nil
}

// shared is core.sharedRepository as the object database wants it: which bits to
// add to the mode of new files, or, negative, which mode they have.
func shared(cfg *repo.Config) int {
	v, _ := cfg.String("core.sharedrepository")
	switch strings.ToLower(v) {
	case "", "umask", "false", "no", "off", "0":
		return 0
	case "group", "true", "yes", "on", "1":
		return 0o660
	case "all", "world", "everybody", "2":
		return 0o664
	}
	mode, err := strconv.ParseUint(v, 8, 16)
	if err != nil || mode&0o600 != 0o600 {
		return 0
	}
	return -int(mode & 0o666)
}

// branch is the full name of a branch that exists, or that may come to be as
// the first one.
func (r *repository) branch(name string) (string, error) {
	full := "refs/heads/" + name
	if err := refs.CheckName(full); err != nil {
		return "", fmt.Errorf("branch=%s cannot be a branch: %w", name, err)
	}
	return full, r.mustBe(full)
}

var errNoBranch = errors.New("there is no branch")

// mustBe is the error for a branch that is missing beside others.
func (r *repository) mustBe(full string) error {
	_, err := r.refs.Read(full)
	if !errors.Is(err, refs.ErrNotFound) {
		return err
	}
	list, err := r.refs.List("refs/heads/")
	if err != nil || len(list) == 0 {
		return err
	}
	var names []string
	for _, ref := range list {
		names = append(names, strings.TrimPrefix(ref.Name, "refs/heads/"))
	}
	name := strings.TrimPrefix(full, "refs/heads/")
	hint := "use one of " + strings.Join(names[:min(len(names), 8)], ", ") + ", or"
	if near := nearest(name, names); near != "" {
		hint = fmt.Sprintf("did you mean %s? Or", near)
	}
	return fmt.Errorf("%w %s; %s make it with git branch", errNoBranch, name, hint)
}

// revision follows what rev names now: a branch as it moves, whose full name it
// gives, too, anything else as it is.
func (r *repository) revision(rev string) (where func(context.Context) (*state, error), ref string, err error) {
	found, err := r.ResolveRev(r.refs, r.objects(), rev)
	if err != nil {
		return nil, "", err
	}
	switch {
	case found.Ref == "HEAD":
		return r.head, found.Ref, nil
	case found.Ref != "":
		return r.follow(found.Ref), found.Ref, nil
	}
	var known atomic.Pointer[state]
	where = func(ctx context.Context) (*state, error) {
		if st := known.Load(); st != nil {
			return st, nil
		}
		st, err := r.at(ctx, found.Commit)
		if err == nil {
			known.Store(st)
		}
		return st, err
	}
	return where, "", nil
}

// short is a commit as people write it.
func short(id object.ID) string { return id.String()[:10] }

// zone is how far the local time is from UTC, in minutes.
func zone(t time.Time) int {
	_, offset := t.Zone()
	return offset / 60
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}
