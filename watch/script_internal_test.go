package watch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-prompty/prompty/watch/internal/notify"
	"github.com/go-prompty/prompty/watch/internal/steady"
)

// script is a source that says what a test has it say, of real folders. In a
// synctest bubble, time stands still unless everybody waits, so that a test can
// tell what happens at once from what happens after some time.
type script struct {
	closeWrites bool

	mu      sync.Mutex // guards the fields below
	limit   int        // of folders; 0: none
	handles map[inode]notify.Handle
	last    notify.Handle
	held    bool           // events are kept back
	kept    []notify.Event // while held
	closed  bool
	box     chan []notify.Event
}

func newScript() *script {
	return &script{closeWrites: true, handles: make(map[inode]notify.Handle), box: make(chan []notify.Event, 1)}
}

func (s *script) Add(path string) (notify.Handle, error) {
	id, mode, err := steady.Stat(path)
	if err != nil {
		return 0, err
	}
	if !mode.IsDir() {
		return 0, &fs.PathError{Op: "watch", Path: path, Err: errors.New("no folder")}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at := inode{id.Dev, id.Ino}
	if h := s.handles[at]; h != 0 {
		return h, nil
	}
	if s.limit > 0 && len(s.handles) >= s.limit {
		return 0, notify.ErrLimit
	}
	s.last++
	s.handles[at] = s.last
	return s.last, nil
}

func (s *script) Remove(h notify.Handle) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for at, of := range s.handles {
		if of == h {
			delete(s.handles, at)
			s.put(notify.Event{Handle: h, Op: notify.Gone})
		}
	}
	return nil
}

func (s *script) Events() <-chan []notify.Event { return s.box }
func (s *script) CloseWrites() bool             { return s.closeWrites }

func (s *script) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}

// put has events come, in one batch. Under mu.
func (s *script) put(events ...notify.Event) {
	if s.held {
		s.kept = append(s.kept, events...)
		return
	}
	select {
	case waiting := <-s.box:
		events = append(waiting, events...)
	default:
	}
	s.box <- events
}

// hold keeps events back, or ends that.
func (s *script) hold(held bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = held
	if !held && len(s.kept) > 0 {
		s.put(s.kept...)
		s.kept = nil
	}
}

// watching is how many folders are watched.
func (s *script) watching() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.handles)
}

// rig is a folder that is watched through a script.
type rig struct {
	testing.TB
	root   string
	src    *script
	f      *Folder
	makers makers

	mu      sync.Mutex // guards the fields below
	batches []Batch
	seen    int    // of batches, by a test
	status  Status // the last that was told in a batch
	began   time.Time
}

// bubble runs a test in a bubble, with a folder that holds the given files.
func bubble(t *testing.T, files map[string]string, opts Options, test func(r *rig)) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		r := &rig{TB: t, root: dir, src: newScript()}
		r.makers = makers{
			inotify:  func() (notify.Source, error) { return r.src, nil },
			fsnotify: func() (notify.Source, error) { return r.src, nil },
			poll:     notify.Poll,
			remote:   func(string) (string, bool, error) { return "ext4", false, nil },
		}
		if opts.Mode == "" {
			opts.Mode = Inotify
		}
		r.open(opts, test)
	})
}

func (r *rig) open(opts Options, test func(r *rig)) {
	r.Helper()
	var err error
	if r.f, err = open(r.Context(), r.root, opts, r.makers); err != nil {
		r.Fatal(err)
	}
	var reader sync.WaitGroup
	batches := r.f.Watch(r.Context(), "")
	reader.Go(func() {
		for b := range batches {
			r.mu.Lock()
			r.batches = append(r.batches, b)
			r.mu.Unlock()
		}
	})
	r.began = time.Now()
	test(r)
	if err := r.f.Close(); err != nil {
		r.Error(err)
	}
	reader.Wait()
	if !r.src.closed && r.f.Status().Mode == "inotify" {
		r.Error("Close left the source open")
	}
}

func (r *rig) path(name string) string { return filepath.Join(r.root, filepath.FromSlash(name)) }

func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// write writes a file and says nothing.
func (r *rig) write(name, text string) {
	r.Helper()
	r.must(os.MkdirAll(filepath.Dir(r.path(name)), 0o755))
	r.must(os.WriteFile(r.path(name), []byte(text), 0o644))
}

// event is one of a name in the tree.
func (r *rig) event(name string, op notify.Op) notify.Event {
	r.Helper()
	dir, base := split(name)
	if filepath.IsAbs(name) {
		dir, base = filepath.Split(name)
	} else {
		dir = r.path(dir)
	}
	h, err := r.src.Add(dir)
	r.must(err)
	fi, err := os.Lstat(filepath.Join(dir, base))
	return notify.Event{Handle: h, Name: base, Op: op, Dir: err == nil && fi.IsDir()}
}

// say has events come.
func (r *rig) say(events ...notify.Event) {
	r.src.mu.Lock()
	defer r.src.mu.Unlock()
	r.src.put(events...)
}

// save writes a file as programs do, with the events of that.
func (r *rig) save(name, text string) {
	r.Helper()
	r.write(name, text)
	r.say(r.event(name, notify.Modify), r.event(name, notify.CloseWrite))
}

// pass has time go by.
func (r *rig) pass(d time.Duration) { time.Sleep(d) }

// next returns the changes published since the last call, a batch each, after
// everything that happens without time going by has happened.
func (r *rig) next() []string {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	var texts []string
	for _, b := range r.batches[r.seen:] {
		text := ""
		for _, c := range b.Changes {
			text += fmt.Sprintf("%s %s, ", c.Kind, c.Name)
		}
		if b.Resync {
			text += "resync, "
		}
		if b.Status != nil { // may come with changes or by itself
			r.status = *b.Status
		}
		if text != "" {
			texts = append(texts, text[:len(text)-2])
		}
	}
	r.seen = len(r.batches)
	return texts
}

// want wants exactly these batches to have been published.
func (r *rig) want(batches ...string) {
	r.Helper()
	if got := r.next(); !slices.Equal(got, batches) {
		r.Errorf("after %v: published %q, want %q", time.Since(r.began), got, batches)
	}
}

// wantStatus wants it to be told how the folder is watched, and Degraded to
// have some text in it, or to be empty.
func (r *rig) wantStatus(mode, degraded string) {
	r.Helper()
	r.next()
	if s := r.status; s.Mode != mode || !strings.Contains(s.Degraded, degraded) || degraded == "" && s.Degraded != "" {
		r.Errorf("told that the mode is %q, degraded %q; want %q, %q", s.Mode, s.Degraded, mode, degraded)
	}
	if s := r.f.Status(); s.Mode != r.status.Mode || s.Degraded != r.status.Degraded || s.LastError != r.status.LastError {
		r.Errorf("status is %+v, and was told as %+v", s, r.status)
	}
}

// holds wants List to give exactly these files, by name and text.
func (r *rig) holds(files map[string]string) {
	r.Helper()
	synctest.Wait()
	_, list := r.f.List()
	got := make(map[string]Hash)
	for _, f := range list {
		got[f.Name] = f.Hash
	}
	for name, text := range files {
		if got[name] != hashOf(text) {
			r.Errorf("%q has hash %v, want that of %q", name, got[name], text)
		}
		delete(got, name)
	}
	for name := range got {
		r.Errorf("%q is listed", name)
	}
}
