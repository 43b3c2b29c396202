package watch

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-prompty/prompty/internal/feed"
)

// ErrClosed is what the methods of a closed Folder return.
var ErrClosed = errors.New("watch: the folder is closed")

// A Folder is a folder that is watched. Its methods may be called by many
// goroutines.
type Folder struct {
	feed  *feed.Feed[Change]
	nonce string // makes revisions of one Folder foreign to another
	asks  chan *ask
	quit  chan struct{} // closed by Close
	done  chan struct{} // closed when the reconciler has ended
	close func() error

	mu        sync.RWMutex // guards the fields below; the reconciler, which alone writes them, reads without
	published map[string]*known
	count     uint64 // batches
	status    Status
}

// Open watches the folder at root and all folders in it. When it returns, the
// folder is listed, and nothing that changes from then on is missed. A file that
// somebody is writing at that moment may come as Created later. ctx bounds
// opening only; Close ends watching.
func Open(ctx context.Context, root string, opts Options) (*Folder, error) {
	return open(ctx, root, opts, systemMakers)
}

func open(ctx context.Context, root string, opts Options, makers makers) (*Folder, error) {
	if root == "" {
		return nil, errors.New("watch: no folder is named; \".\" is the current one")
	}
	abs, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("watch: %w", err)
	}
	if err := opts.complete(); err != nil {
		return nil, fmt.Errorf("watch %s: %w", root, err)
	}
	nonce := make([]byte, 8)
	_, _ = rand.Read(nonce) // never fails
	f := &Folder{
		nonce:     hex.EncodeToString(nonce),
		asks:      make(chan *ask),
		quit:      make(chan struct{}),
		done:      make(chan struct{}),
		published: make(map[string]*known),
	}
	f.feed = feed.New(func(c Change) string { return c.Name }, mergeChanges, opts.Ring, f.revision())
	r := newReconciler(f, abs, opts, makers)
	if err := r.begin(ctx); err != nil {
		_ = r.closeSources()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("watch %s: %w", root, err)
	}
	f.close = sync.OnceValue(func() error {
		close(f.quit)
		<-f.done
		f.feed.Close()
		return r.closeSources()
	})
	go func() {
		defer close(f.done)
		r.run(f.quit)
	}()
	return f, nil
}

// complete fills in what was left out.
func (o *Options) complete() error {
	switch o.Mode {
	case "":
		o.Mode = Auto
	case Auto, Inotify, Fsnotify, Poll:
	default:
		return fmt.Errorf("unknown mode %q; there are auto, inotify, fsnotify and poll", o.Mode)
	}
	if o.Match == nil {
		o.Match = func(name string) bool { return !Dropping(name) }
	}
	if o.Enter == nil {
		o.Enter = enterByDefault
	}
	if o.MaxFile <= 0 {
		o.MaxFile = 64 << 20
	}
	if o.Ring <= 0 {
		o.Ring = 16384
	}
	if o.Metrics == nil {
		o.Metrics = unmeasured{}
	}
	return nil
}

type unmeasured struct{}

func (unmeasured) Count(string, int64)           {}
func (unmeasured) Observe(string, time.Duration) {}
func (unmeasured) Degraded(string)               {}

// List returns the files as they were last published, sorted by name, and the
// revision to watch from. The slice is the caller's. It works after Close, too.
func (f *Folder) List() (Revision, []File) {
	type entry struct {
		name string
		*known
	}
	f.mu.RLock()
	entries := make([]entry, 0, len(f.published))
	for name, k := range maps.All(f.published) {
		entries = append(entries, entry{name, k})
	}
	revision := f.revision()
	f.mu.RUnlock() // sorting takes longer than all that
	files := make([]File, len(entries))
	for i, e := range entries {
		files[i] = File{Name: e.name, Hash: e.hash, Size: e.Size, ModTime: time.Unix(0, e.Mtime)}
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return Revision(revision), files
}

// Watch returns the batches that come after a revision that List or a Batch
// gave; "" stands for the current one. It is armed when it returns, and can be
// ranged over once, by one goroutine. What comes faster than the caller reads is
// merged into the next batch: nobody waits for a slow reader, and it misses no
// name, even of what came and went. If what came after from is no longer known, the first batch has Resync
// set. It ends with ctx or Close only.
func (f *Folder) Watch(ctx context.Context, from Revision) iter.Seq[Batch] {
	s, err := f.feed.Subscribe(string(from))
	if err != nil {
		return func(func(Batch) bool) {}
	}
	stop := context.AfterFunc(ctx, s.Close) // if nobody ever ranges over it
	return func(yield func(Batch) bool) {
		defer stop()
		defer s.Close()
		for {
			b, err := s.Next(ctx)
			if err != nil {
				return
			}
			batch := Batch{From: Revision(b.From), To: Revision(b.To), Changes: b.Changes, Resync: b.All, Since: b.Since}
			batch.Status, _ = b.Status.(*Status)
			if !yield(batch) {
				return
			}
		}
	}
}

// Sync returns when everything that changed before the call is in what List
// returns and in what Watch yields: even what has to wait, such as for an open
// file to be closed, a removed one to come back, or git to be done.
//
// It goes by evidence, not by time: an event that was caused after the call has
// to come through, or where there are none, everything is looked at once more.
// What cannot be read is not waited for. It is an error if the root is gone.
func (f *Folder) Sync(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	a := &ask{answer: make(chan error, 1)}
	select {
	case f.asks <- a:
	case <-f.done:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-a.answer:
		return err
	case <-f.done:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Status tells how the folder is watched at the moment.
func (f *Folder) Status() Status {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.status
}

// Close ends all watching and waits for its goroutines. It can be called again.
func (f *Folder) Close() error { return f.close() }
