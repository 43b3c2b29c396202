package gitstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/gitstore/internal/history"
	"github.com/go-prompty/prompty/gitstore/internal/lockfile"
	"github.com/go-prompty/prompty/gitstore/internal/object"
	"github.com/go-prompty/prompty/gitstore/internal/odb"
	"github.com/go-prompty/prompty/gitstore/internal/refs"
	"github.com/go-prompty/prompty/gitstore/internal/repo"
	"github.com/go-prompty/prompty/gitstore/internal/signature"
)

// repository is what a store and its views share.
type repository struct {
	*repo.Repo
	db     *odb.DB
	owner  *lockfile.Owner
	refs   *refs.Store
	layout layout
	opts   Options
	keys   *signature.Keys
	texts  texts

	keyless string // why git's own list of signers is not among the keys

	grafts atomic.Pointer[history.Overrides] // what the repository says beside its commits

	current atomic.Pointer[line] // the one that HEAD names, or did
	mu      sync.Mutex           // guards lines; not held during I/O
	lines   map[string]*line     // by the full name of the branch; "" is a detached HEAD
	states  atomic.Uint64        // how many there have been

	writes  sync.RWMutex   // held for reading by every call that writes
	work    sync.WaitGroup // what goes on behind the calls
	closed  atomic.Bool    // no call begins any more, nor work; set under mu
	done    chan struct{}  // closed by Close, so that calls stop waiting
	closing sync.Once
}

// close fails what waits, waits for what is under way, and closes the files.
func (r *repository) close() error {
	var err error
	r.closing.Do(func() {
		r.mu.Lock()
		r.closed.Store(true)
		r.mu.Unlock()
		close(r.done)
		r.writes.Lock()
		defer r.writes.Unlock()
		r.work.Wait()
		r.keep()
		r.texts.clear()
		err = errors.Join(r.db.Close(), r.owner.Close())
	})
	return err
}

// within is a context that ends with ctx or when the repository is closed.
func (r *repository) within(ctx context.Context) (context.Context, context.CancelFunc) {
	inner, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		select {
		case <-r.done:
			cancel()
		case <-ended:
		}
	}()
	return inner, sync.OnceFunc(func() { close(ended); cancel() })
}

// objects is the database as the repository wants it read: with other objects
// in the place of those that git replace was told of.
type objects struct{ r *repository }

func (r *repository) objects() objects { return objects{r} }

// Read gives an object.
func (o objects) Read(id object.ID) (object.Kind, []byte, error) {
	return o.r.db.Read(o.replaced(id))
}

// Expand gives the IDs that begin with prefix.
func (o objects) Expand(prefix string) ([]object.ID, error) { return o.r.db.Expand(prefix) }

// Commit gives a commit's bytes.
func (o objects) Commit(id object.ID) ([]byte, error) { return o.kind(id, object.KindCommit) }

// Tree gives a tree's bytes.
func (o objects) Tree(id object.ID) ([]byte, error) { return o.kind(id, object.KindTree) }

func (o objects) kind(id object.ID, want object.Kind) ([]byte, error) {
	kind, data, err := o.Read(id)
	return data, checkKind(id, kind, want, err)
}

// checkKind says what is wrong with an object that was read, if anything is.
func checkKind(id object.ID, kind, want object.Kind, err error) error {
	if err == nil && kind != want {
		err = fmt.Errorf("object %s is a %s, not a %s; git fsck tells more", id, kind, want)
	}
	return err
}

func (o objects) replaced(id object.ID) object.ID {
	if over := o.r.grafts.Load(); over != nil {
		if other, ok := over.Replace[id]; ok {
			return other
		}
	}
	return id
}

// commit reads and parses a commit.
func (r *repository) commit(id object.ID) (*object.Commit, error) {
	raw, err := r.objects().Commit(id)
	if err != nil {
		return nil, err
	}
	c, err := object.ParseCommit(raw)
	if err != nil {
		return nil, fmt.Errorf("commit %s is damaged: %w; git fsck tells more", id, err)
	}
	return c, nil
}

// fail gives err the shape that callers expect: the operation and the name on
// it once, a cancelled context bare.
func (r *repository) fail(ctx context.Context, op, name string, version int, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return ctx.Err()
	case r.closed.Load():
		return prompty.NewStorageClosedError()
	}
	if _, ok := errors.AsType[*prompty.StorageError](err); ok {
		return err
	}
	return &prompty.StorageError{Op: op, Name: name, Version: version, Err: err}
}

// failWrite is fail for methods that write: where the place cannot be written
// the error is ErrReadOnly.
func (r *repository) failWrite(ctx context.Context, op, name string, version int, err error) error {
	if forbids(err) && !errors.Is(err, prompty.ErrReadOnly) {
		err = fmt.Errorf("%w: %w", prompty.ErrReadOnly, err)
	}
	return r.fail(ctx, op, name, version, err)
}

// forbids reports whether err says that the place cannot be written.
func forbids(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}
