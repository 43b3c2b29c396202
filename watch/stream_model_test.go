//go:build linux

package watch_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty/watch"
)

// patience is how long a test waits for what must come before it gives up. No
// test passes because of it: it only ends one that would wait for ever. It is
// shorter than the time after which a watch scans the tree to be on the safe
// side, so that a missed event is not healed unseen.
var patience = 40 * time.Second

func init() {
	flag.DurationVar(&patience, "patience", patience, "how long to wait for what does not come")
}

// A view is what is known of a tree: the hash of each file.
type view map[string]watch.Hash

func hashOf[T string | []byte](body T) watch.Hash {
	sum := sha256.Sum256([]byte(body))
	return watch.Hash(sum[:16])
}

// A stream is somebody who knows of a tree only what List said once and what
// Watch told since. It holds every batch against the rules of the stream.
type stream struct {
	t      testing.TB
	folder *watch.Folder
	cancel context.CancelFunc
	ended  chan struct{}

	mu       sync.Mutex
	moved    chan struct{} // closed and made anew at each batch
	revision watch.Revision
	files    view
	batches  []watch.Batch
	seen     map[watch.Hash]string // every hash ever told, and of which file
	status   watch.Status          // as it was told last
	resyncs  int
	pause    chan struct{} // while not nil: nothing is read until it is closed
}

// follow lists a folder and follows it until the test ends.
func follow(t testing.TB, f *watch.Folder) *stream {
	t.Helper()
	s := &stream{t: t, folder: f, moved: make(chan struct{}), seen: map[watch.Hash]string{}}
	s.status = f.Status()
	s.list()
	s.start()
	t.Cleanup(s.stop)
	return s
}

// list takes the state from List. The caller holds mu, or is alone.
func (s *stream) list() {
	revision, files := s.folder.List()
	s.revision, s.files = revision, view{}
	for i, file := range files {
		if i > 0 && files[i-1].Name >= file.Name {
			s.t.Errorf("List: %q stands before %q", files[i-1].Name, file.Name)
		}
		s.files[file.Name] = file.Hash
		s.seen[file.Hash] = file.Name
	}
}

// start goes on from the revision that was reached.
func (s *stream) start() {
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.t.Context()))
	s.cancel, s.ended = cancel, make(chan struct{})
	batches := s.folder.Watch(ctx, s.revision)
	go func(ended chan struct{}) {
		defer close(ended)
		for again := true; again; {
			again = false
			for b := range batches {
				if again = s.take(b); again {
					break
				}
			}
			if again { // List may be ahead of the batch that said to call it
				_, revision, _ := s.copy()
				batches = s.folder.Watch(ctx, revision)
			}
		}
	}(s.ended)
}

// stop ends the subscription; start resumes it from where it was.
func (s *stream) stop() {
	s.hold(false)
	s.cancel()
	<-s.ended
}

// hold lets the subscriber read nothing more, or read again.
func (s *stream) hold(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case on && s.pause == nil:
		s.pause = make(chan struct{})
	case !on && s.pause != nil:
		close(s.pause)
		s.pause = nil
	}
}

// take applies a batch, and says whether to begin anew from what List says.
func (s *stream) take(b watch.Batch) (again bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.pause != nil {
		pause := s.pause
		s.mu.Unlock()
		<-pause
		s.mu.Lock()
	}
	s.batches = append(s.batches, b)
	defer func() { close(s.moved); s.moved = make(chan struct{}) }()
	if b.Status != nil {
		s.status = *b.Status
	}
	if b.Resync {
		s.resyncs++
		s.list()
		return true
	}
	if b.From != s.revision {
		s.t.Errorf("a batch from revision %v follows one to %v", b.From, s.revision)
	}
	s.revision = b.To
	for i, c := range b.Changes {
		if i > 0 && b.Changes[i-1].Name >= c.Name {
			s.t.Errorf("batch to %v: %q stands before %q", b.To, b.Changes[i-1].Name, c.Name)
		}
		old, known := s.files[c.Name]
		kind := watch.Changed
		switch {
		case c.Kind == watch.Deleted:
			kind = watch.Deleted
		case !known:
			kind = watch.Created
		}
		// What came and went while nobody read is Deleted, too: the reader may
		// have looked at the disk in between.
		if c.Kind != kind || c.PrevHash != old || (c.Hash == watch.Hash{}) != (kind == watch.Deleted) {
			s.t.Errorf("batch to %v: %+v, but known of that file before: %v, hash %v", b.To, c, known, old)
		}
		if droppingName(filepath.Base(c.Name)) {
			s.t.Errorf("batch to %v: %q is an editor's own file", b.To, c.Name)
		}
		if c.Kind == watch.Deleted {
			delete(s.files, c.Name)
			continue
		}
		s.files[c.Name] = c.Hash
		s.seen[c.Hash] = c.Name
	}
	return false
}

// copy gives the view so far, and a channel that is closed when it moves on.
func (s *stream) copy() (view, watch.Revision, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.files), s.revision, s.moved
}

// until waits for the stream alone to fulfil a condition.
func (s *stream) until(what string, ok func(view) bool) {
	s.t.Helper()
	late := time.After(patience)
	for {
		v, _, moved := s.copy()
		if ok(v) {
			return
		}
		select {
		case <-moved:
		case <-s.ended:
			s.t.Fatalf("the stream ended while waiting for %s", what)
		case <-late:
			s.t.Fatalf("%s: not told within %v; status %+v\n%s", what, patience, s.folder.Status(), s.log())
		}
	}
}

// untilHas waits for a file to be told with a content.
func (s *stream) untilHas(name, body string) {
	s.t.Helper()
	s.until(fmt.Sprintf("%q with its new content", name), func(v view) bool { return v[name] == hashOf(body) })
}

// untilEqual waits for the stream alone to tell of what is there now.
func (s *stream) untilEqual(root string) {
	s.t.Helper()
	want := walk(s.t, root)
	late := time.After(patience)
	for {
		v, _, moved := s.copy()
		if maps.Equal(v, want) {
			return
		}
		select {
		case <-moved:
		case <-s.ended:
			s.t.Fatal("the stream ended early")
		case <-late:
			s.t.Fatalf("within %v the stream did not tell of (-there +told):\n%s\n%s\nstatus %+v\n%s", patience, cmp.Diff(want, v), why(root, want, v), s.folder.Status(), s.log())
		}
	}
}

// settle asks for Sync, waits for the stream to reach what List says then, and
// holds both against a fresh walk. Nobody may be writing.
func (s *stream) settle(root string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.t.Context()), patience)
	defer cancel()
	if err := s.folder.Sync(ctx); err != nil {
		s.t.Fatalf("Sync: %v; status %+v\n%s", err, s.folder.Status(), s.log())
	}
	s.arrive()
	if s.t.Failed() {
		return
	}
	want := walk(s.t, root)
	if got := listed(s.folder); !maps.Equal(got, want) {
		s.t.Errorf("after Sync, List says (-there +listed):\n%s\n%s\nstatus %+v", cmp.Diff(want, got), why(root, want, got), s.folder.Status())
	} else if got, _, _ := s.copy(); !maps.Equal(got, want) {
		s.t.Errorf("after Sync, the stream says (-there +told):\n%s\n%s", cmp.Diff(want, got), s.log())
	}
}

// arrive waits until the stream has reached the revision of List.
func (s *stream) arrive() {
	s.t.Helper()
	late := time.After(patience)
	for {
		_, at, moved := s.copy()
		if want, _ := s.folder.List(); at == want {
			return
		}
		select {
		case <-moved:
		case <-late:
			want, _ := s.folder.List()
			s.t.Fatalf("List is at revision %v, the stream came no further than %v in %v", want, at, patience)
		}
	}
}

// since gives the batches after the first n that say something about files.
func (s *stream) since(n int) []watch.Batch {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []watch.Batch
	for _, b := range s.batches[n:] {
		if len(b.Changes) > 0 || b.Resync {
			list = append(list, b)
		}
	}
	return list
}

func (s *stream) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.batches)
}

// log is the last batches, for a failed test.
func (s *stream) log() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	for _, x := range s.batches[max(0, len(s.batches)-10):] {
		fmt.Fprintf(&b, "batch %v to %v, resync %v, status %+v:", x.From, x.To, x.Resync, x.Status)
		for i, c := range x.Changes {
			if i == 8 {
				fmt.Fprintf(&b, " … %d in all", len(x.Changes))
				break
			}
			fmt.Fprintf(&b, " %s %q", c.Kind, c.Name)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// wantWhole fails if a content was ever told that is none of the allowed.
func (s *stream) wantWhole(allowed map[watch.Hash]bool) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for hash, name := range s.seen {
		if !allowed[hash] {
			s.t.Errorf("%q was told with a content that nobody ever finished writing: hash %v (empty: %v)", name, hash, hash == hashOf(""))
		}
	}
}

// listed is the view that List gives.
func listed(f *watch.Folder) view {
	_, files := f.List()
	v := view{}
	for _, file := range files {
		v[file.Name] = file.Hash
	}
	return v
}

// openFolder opens a watch for the length of a test.
func openFolder(t testing.TB, root string, opts watch.Options) *watch.Folder {
	t.Helper()
	f, err := watch.Open(t.Context(), root, opts)
	if err != nil {
		t.Fatalf("Open(%q, mode %q): %v", root, opts.Mode, err)
	}
	t.Cleanup(func() {
		for range 2 { // closing twice is allowed
			if err := f.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		}
		for range f.Watch(context.Background(), "") {
			t.Error("a closed folder tells of a batch")
		}
	})
	return f
}

// droppingName is true for the files that editors keep beside a file.
func droppingName(base string) bool {
	swap, _ := filepath.Match(".*.sw?", base)
	return base == "4913" || swap || strings.HasSuffix(base, "~") || strings.HasSuffix(base, ".tmp") || strings.HasPrefix(base, ".#") ||
		len(base) > 1 && strings.HasPrefix(base, "#") && strings.HasSuffix(base, "#") || strings.Contains(base, "___jb_") || strings.HasPrefix(base, ".goutputstream")
}

// walk is the truth: every file that can be read below root, through links to
// files but not through links to folders, without editors' own files and the
// folders that are not entered by default.
func walk(t testing.TB, root string) view {
	t.Helper()
	v := view{}
	walkInto(t, v, root, "")
	return v
}

func walkInto(t testing.TB, v view, dir, prefix string) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrPermission) {
		t.Fatal(err)
	}
	for _, entry := range entries {
		name, path := prefix+entry.Name(), filepath.Join(dir, entry.Name())
		if entry.IsDir() {
			if entered(entry.Name()) {
				walkInto(t, v, path, name+"/")
			}
			continue
		}
		info, err := os.Stat(path) // through links
		if err != nil || !info.Mode().IsRegular() || droppingName(entry.Name()) {
			continue
		}
		if body, err := os.ReadFile(path); err == nil {
			v[name] = hashOf(body)
		} else if !errors.Is(err, fs.ErrPermission) {
			t.Fatal(err)
		}
	}
}

// entered is false for a folder that is not gone into by default.
func entered(base string) bool { return base != ".git" && !strings.HasPrefix(base, "..") }

// why describes what differs: what is where, link by link.
func why(root string, want, got view) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if _, ok := got[name]; !ok {
			got[name] = watch.Hash{}
		}
	}
	lines := 0
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if got[name] == want[name] {
			continue
		}
		if lines++; lines > 12 {
			fmt.Fprintln(&b, "… and more")
			break
		}
		fmt.Fprintf(&b, "%q:", name)
		path := root
		for _, base := range strings.Split(name, "/") {
			path = filepath.Join(path, base)
			info, err := os.Lstat(path)
			switch {
			case err != nil:
				fmt.Fprintf(&b, " %s: %v", base, errors.Unwrap(err))
			case info.Mode()&fs.ModeSymlink != 0:
				to, _ := os.Readlink(path)
				fmt.Fprintf(&b, " %s is a link to %s", base, to)
			case info.Mode().IsRegular():
				fmt.Fprintf(&b, " %s is a file of %d bytes and %d names", base, info.Size(), info.Sys().(*syscall.Stat_t).Nlink)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// untilStatus waits until the stream has told of a status like that.
func (s *stream) untilStatus(what string, ok func(watch.Status) bool) {
	s.t.Helper()
	late := time.After(patience)
	for {
		s.mu.Lock()
		last, moved := s.status, s.moved
		s.mu.Unlock()
		if ok(last) {
			return
		}
		select {
		case <-moved:
		case <-late:
			s.t.Fatalf("no status that is %s was told within %v; told last: %+v; it is %+v", what, patience, last, s.folder.Status())
		}
	}
}

func degraded(s watch.Status) bool { return s.Degraded != "" }
func healthy(s watch.Status) bool  { return s.Degraded == "" }
