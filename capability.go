package prompty

import (
	"context"
	"errors"
	"time"
)

// As finds the capability T in s, or in what s wraps: a decorator that has
// an Unwrap method returning a TemplateStorage hides nothing, but [ForTenant]'s
// all it lacks. A decorator's T counts only while what it wraps has one too.
func As[T any](s TemplateStorage) (T, bool) {
	var first, none T
	found := false
	for range mostWrapped {
		if s == nil {
			break
		}
		c, ok := s.(T)
		if ok && !found {
			first, found = c, true
		}
		if _, sealed := s.(*tenantView); sealed && !ok {
			break // what lies below knows no tenants
		}
		d, wraps := s.(interface{ Unwrap() TemplateStorage })
		if !wraps {
			if ok {
				return first, true
			}
			break
		}
		s = d.Unwrap()
	}
	return none, false
}

// mostWrapped ends the walk down a decorator that wraps itself.
const mostWrapped = 1000

// checked makes an error of a storage's answer that is none.
func checked(t *StoredTemplate, err error) (*StoredTemplate, error) {
	if t == nil && err == nil {
		return nil, errNoAnswer
	}
	return t, err
}

var errNoAnswer = &StorageError{Op: "get", Err: errors.New("the storage returned neither a template nor an error")}

// ConditionalSaver's SaveIf is Save if the latest version is base, or base is 0
// and the template does not exist; else [ErrConflict] with both versions.
type ConditionalSaver interface {
	SaveIf(ctx context.Context, tmpl *StoredTemplate, base int) error
}

// BatchSaver saves all or none, in order, in one step. A name may come twice.
type BatchSaver interface {
	SaveAll(ctx context.Context, tmpls []*StoredTemplate) error
}

// Historian lists versions, the newest first, or gives [ErrTemplateNotFound].
type Historian interface {
	History(ctx context.Context, name string) ([]HistoryEntry, error)
}

// HistoryEntry is one version; what the backend does not know is empty.
type HistoryEntry struct {
	ID          TemplateID `json:"id"`
	Version     int        `json:"version"`
	Author      string     `json:"author,omitempty"` // CreatedBy, or whom the backend knows
	Time        time.Time  `json:"time"`
	Message     string     `json:"message,omitempty"` // the commit's subject
	Commit      string     `json:"commit,omitempty"`
	PullRequest int        `json:"pull_request,omitempty"` // whose merge the commit is
	Signature   string     `json:"signature,omitempty"`    // the commit's: "good", "bad", "unverified" (no key to check it with)
	Size        int        `json:"size"`                   // bytes of the source
}

// Snapshotter gives a frozen view: a storage that shows one state until the
// caller closes it. Its writing methods give [ErrReadOnly].
type Snapshotter interface {
	Snapshot(ctx context.Context) (TemplateStorage, error)
}

// Prober cheaply gives the ID that Get's result would carry, or Get's error.
type Prober interface {
	LatestID(ctx context.Context, name string) (TemplateID, error)
}

// Describer says for humans what a storage is.
type Describer interface {
	Describe(ctx context.Context) (Description, error)
}

// Description is what a Describer knows. It holds no secrets.
type Description struct {
	Driver   string   `json:"driver"`             // as registered
	Location string   `json:"location"`           // where it is: a path, a host
	State    string   `json:"state"`              // one line: "42 templates, read-only"
	Problems []string `json:"problems,omitempty"` // what someone should mend, each with the way to do it
}

// Locator is a storage whose texts stand in files. Locate returns a version's,
// and the line of it on which a line of the Source stands, counted from 1.
type Locator interface {
	Locate(ctx context.Context, name string, version, line int) (file string, fileLine int, err error)
}

// Watcher reports every change made after Watch returned, by anyone, until ctx
// ends or the storage is closed; then the channel is closed. A slow reader
// gets merged batches: it never blocks a writer and never misses a name.
// A batch names what to look at again, not what happened in between.
type Watcher interface {
	Watch(ctx context.Context) (<-chan ChangeBatch, error)
}

// Resumer is a [Watcher] that first reports what came after the state that a
// batch's Revision named, merged, or All if that is no longer known.
type Resumer interface {
	WatchFrom(ctx context.Context, revision string) (<-chan ChangeBatch, error)
}

// Syncer's Sync returns when every change made before the call, by anyone, has
// been published to those who watch.
type Syncer interface {
	Sync(ctx context.Context) error
}

// ChangeBatch is a set of changes that belong to one state of the storage.
type ChangeBatch struct {
	Revision string       `json:"revision,omitempty"` // of the state after the batch; opaque
	Changes  []Change     `json:"changes,omitempty"`  // sorted by name, one per name
	All      bool         `json:"all,omitempty"`      // everything may have changed
	Since    time.Time    `json:"since,omitzero"`     // when the first of it was noticed, if that is known
	Watch    *WatchStatus `json:"watch,omitempty"`    // news of the watch itself, perhaps without any change
}

// WatchStatus says how a storage finds out what others change.
type WatchStatus struct {
	Mode      string    `json:"mode,omitempty"`       // "inotify", "fsnotify", "poll", "inotify+poll"; "" needs no such means
	Degraded  string    `json:"degraded,omitempty"`   // why changes may come late, and what to do; "": all is well
	LastError string    `json:"last_error,omitempty"` // the last thing that went wrong, mended or not
	LastSync  time.Time `json:"last_sync,omitzero"`   // when all was last compared, or known to be current
	Overflows int       `json:"overflows,omitempty"`  // how often events were lost, and all was compared
}

type Change struct {
	Name string     `json:"name"`
	Kind ChangeKind `json:"kind"`
}

// ChangeKind says how a template differs from when its name was last reported.
type ChangeKind string

const Created, Changed, Deleted ChangeKind = "created", "changed", "deleted"

// SaveIf calls the storage's [ConditionalSaver], or gives errors.ErrUnsupported.
func SaveIf(ctx context.Context, s TemplateStorage, tmpl *StoredTemplate, base int) error {
	if c, ok := As[ConditionalSaver](s); ok {
		return c.SaveIf(ctx, tmpl, base)
	}
	return &StorageError{Op: "save if unchanged", Name: tmpl.Name, Err: errors.ErrUnsupported}
}

// SaveAll calls the storage's [BatchSaver]. Without one it saves a single
// template; for more the error is [errors.ErrUnsupported]: a loop is not atomic.
func SaveAll(ctx context.Context, s TemplateStorage, tmpls []*StoredTemplate) error {
	if b, ok := As[BatchSaver](s); ok {
		return b.SaveAll(ctx, tmpls)
	}
	switch len(tmpls) {
	case 0:
		return ctx.Err()
	case 1:
		return s.Save(ctx, tmpls[0])
	}
	return &StorageError{Op: "save all", Err: errors.ErrUnsupported}
}

// History calls the storage's [Historian], or reads every version.
func History(ctx context.Context, s TemplateStorage, name string) ([]HistoryEntry, error) {
	if h, ok := As[Historian](s); ok {
		return h.History(ctx, name)
	}
	versions, err := s.ListVersions(ctx, name)
	if err != nil {
		return nil, err
	}
	var list []HistoryEntry
	for _, v := range versions {
		t, err := checked(s.GetVersion(ctx, name, v))
		if errors.Is(err, ErrTemplateNotFound) {
			continue // deleted since
		}
		if err != nil {
			return nil, err
		}
		list = append(list, historyEntry(t))
	}
	if len(list) == 0 {
		return nil, NewStorageTemplateNotFoundError(name)
	}
	return list, nil
}

func historyEntry(t *StoredTemplate) HistoryEntry {
	return HistoryEntry{ID: t.ID, Version: t.Version, Author: t.CreatedBy, Time: t.CreatedAt, Size: len(t.Source)}
}

// LatestID calls the storage's [Prober], or Get.
func LatestID(ctx context.Context, s TemplateStorage, name string) (TemplateID, error) {
	if p, ok := As[Prober](s); ok {
		return p.LatestID(ctx, name)
	}
	t, err := checked(s.Get(ctx, name))
	if err != nil {
		return "", err
	}
	return t.ID, nil
}
