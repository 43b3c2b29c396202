package fsstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/internal/writeback"
	"github.com/go-prompty/prompty/promptfile"
	"github.com/go-prompty/prompty/watch"
)

// SyncMode says how far a Save goes before it returns.
type SyncMode string

const (
	SyncFull SyncMode = "full" // the default: the version outlives power loss
	SyncNone SyncMode = "none" // it outlives the process, and power loss a while later
)

// NoWatch is the [watch.Mode] of a store that does not watch.
const NoWatch watch.Mode = "off"

// Options are what Open can be told. The zero value is a good one.
type Options struct {
	Ext      string     // of template files; empty: ".prompty"
	Sync     SyncMode   // empty: SyncFull
	NoCreate bool       // a folder that does not exist is an error, instead of being made
	Watch    watch.Mode // how Watch learns of changes; empty: watch.Auto
}

// Store keeps templates in a folder. See the package's documentation for what
// lies where. It is a [prompty.TemplateStorage], a [prompty.ConditionalSaver],
// a [prompty.Historian], a [prompty.Prober], a [prompty.Describer], a
// [prompty.Locator], a [prompty.Watcher], a [prompty.Resumer] and a
// [prompty.Syncer]. Many processes may have stores on one folder.
type Store struct {
	dir    string // absolute, for messages
	layout layout
	disk   *disk
	lock   lock

	calls  sync.RWMutex  // held for reading by every call; guards closed and disk.root
	closed bool          //
	done   chan struct{} // closed by Close, so that calls stop waiting

	count    atomic.Uint64 // moves with what Get returns
	mode     watch.Mode
	starting sync.Mutex               // held while follower is made
	follower atomic.Pointer[follower] // nil until somebody watches; written under early.mu and by Close
	early    early
	closing  sync.Once

	mu       sync.RWMutex       // guards what follows; never held during I/O
	seen     map[string]sight   // by name: the latest version as last looked at
	folders  map[string]*folder // by path: what file names differ in but case
	names    map[string]bool    // that had a file when last looked at, so that List notices who is gone
	shelves  map[string]kept    // by name: which versions there are, where there are many
	surveyed bool               // the versions folder was looked through for deleted files
}

var (
	_ prompty.TemplateStorage  = (*Store)(nil)
	_ prompty.ConditionalSaver = (*Store)(nil)
	_ prompty.Historian        = (*Store)(nil)
	_ prompty.Prober           = (*Store)(nil)
	_ prompty.Describer        = (*Store)(nil)
	_ prompty.Locator          = (*Store)(nil)
	_ prompty.Watcher          = (*Store)(nil)
	_ prompty.Resumer          = (*Store)(nil)
	_ prompty.Syncer           = (*Store)(nil)
)

// Open opens the folder dir, which is made if it does not exist unless
// opts.NoCreate is set. Nothing is written before there is something to write.
func Open(dir string, opts Options) (*Store, error) {
	s, err := open(dir, opts)
	if err != nil {
		return nil, &prompty.StorageError{Op: "open", Name: dir, Err: err}
	}
	return s, nil
}

func open(dir string, opts Options) (*Store, error) {
	if dir == "" {
		return nil, errors.New("no folder given; try filesystem:./prompts")
	}
	if opts.Ext == "" {
		opts.Ext = promptfile.DefaultExt
	}
	if err := checkExt(opts.Ext); err != nil {
		return nil, err
	}
	switch opts.Sync {
	case "", SyncFull, SyncNone:
	default:
		return nil, fmt.Errorf("sync=%s is not known; use %s or %s", opts.Sync, SyncFull, SyncNone)
	}
	switch opts.Watch {
	case "", watch.Auto, watch.Inotify, watch.Fsnotify, watch.Poll, NoWatch:
	default:
		return nil, fmt.Errorf("watch=%s is not known; use %s, %s, %s, %s or %s", opts.Watch, watch.Auto, watch.Inotify, watch.Fsnotify, watch.Poll, NoWatch)
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if !opts.NoCreate {
		if err := os.MkdirAll(abs, 0o777); err != nil {
			return nil, err
		}
	}
	root, err := os.OpenRoot(abs)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w; check the path, or make the folder", err)
	}
	if err != nil {
		if fi, serr := os.Stat(abs); serr == nil && !fi.IsDir() {
			return nil, fmt.Errorf("%s is a file; give the folder that holds the templates", abs)
		}
		return nil, err
	}
	return &Store{
		dir:     abs,
		layout:  layout{ext: opts.Ext},
		disk:    &disk{root: root, quick: newQuick(root), sync: opts.Sync != SyncNone, ordered: writeback.Ordered(abs)},
		lock:    lock{sem: make(chan struct{}, 1)},
		done:    make(chan struct{}),
		mode:    opts.Watch,
		seen:    map[string]sight{},
		folders: map[string]*folder{},
		names:   map[string]bool{},
		shelves: map[string]kept{},
	}, nil
}

// checkExt wants what can stand at the end of a file's name on every system.
func checkExt(ext string) error {
	if len(ext) < 2 || len(ext) > 32 || ext[0] != '.' || prompty.CheckName("x"+ext) != nil || strings.Contains(ext, "/") {
		return fmt.Errorf("ext=%q is no file extension; use something like .prompty or .md", ext)
	}
	return nil
}

// begin opens a call, which ends with end. After Close it gives ErrClosed.
func (s *Store) begin(ctx context.Context) error {
	s.calls.RLock()
	if s.closed {
		s.calls.RUnlock()
		return prompty.NewStorageClosedError()
	}
	if err := ctx.Err(); err != nil {
		s.calls.RUnlock()
		return err
	}
	return nil
}

// beginOn is begin for a call about one name.
func (s *Store) beginOn(ctx context.Context, name string) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	if err := prompty.CheckName(name); err != nil {
		s.end()
		return err
	}
	return nil
}

func (s *Store) end() { s.calls.RUnlock() }

// Close fails the calls that wait for the lock, waits for the others, ends
// watching and closes the files. It may be called again.
func (s *Store) Close() (err error) {
	s.closing.Do(func() {
		close(s.done)
		s.calls.Lock()
		s.closed = true
		s.calls.Unlock()
		if f := s.follower.Swap(nil); f != nil {
			f.close()
		}
		s.calls.Lock() // until the follower is done with the files
		defer s.calls.Unlock()
		s.forget()
		err = errors.Join(s.disk.root.Close(), s.disk.quick.close())
		if s.lock.file != nil {
			err = errors.Join(err, s.lock.file.Close())
		}
	})
	return err
}

// fail gives err the shape that callers expect: the operation and the name on
// it once, a cancelled context bare.
func (s *Store) fail(ctx context.Context, op, name string, version int, err error) error {
	if err == nil || err == ctx.Err() {
		return err
	}
	if _, ok := errors.AsType[*prompty.StorageError](err); ok {
		return err
	}
	return &prompty.StorageError{Op: op, Name: name, Version: version, Err: err}
}

// failWrite is fail for methods that write: where the place cannot be
// written the error is ErrReadOnly.
func (s *Store) failWrite(ctx context.Context, op, name string, version int, err error) error {
	if forbids(err) && !errors.Is(err, prompty.ErrReadOnly) {
		err = fmt.Errorf("%w: %s: %w", prompty.ErrReadOnly, s.dir, err)
	}
	return s.fail(ctx, op, name, version, err)
}
