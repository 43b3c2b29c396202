package notify

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
)

// laggard is a source whose package fsnotify is behind: it has not worked off
// what happened since. That is what its troubles need, and what happens at
// random when much changes.
type laggard struct {
	*ears
	src  *portable
	root string
	junk string // where to make events of no interest
}

// lag makes so many events that the package waits for its reader, and keeps
// that from reading by holding its lock.
func lag(t *testing.T, folders ...string) (*laggard, []Handle) {
	t.Helper()
	e := source{"fsnotify", Fsnotify}.listen(t)
	l := &laggard{ears: e, src: e.src.(*portable), root: t.TempDir()}
	var handles []Handle
	for _, dir := range folders {
		must(t, os.Mkdir(l.at(dir), 0o777))
		handles = append(handles, l.add(l.at(dir)))
	}
	l.junk = t.TempDir()
	writeFile(t, filepath.Join(l.junk, "a"), "")
	l.add(l.junk)
	l.src.mu.Lock()
	for start := time.Now(); len(l.src.w.Events) < fsnotifyBuffer; {
		if time.Since(start) > patience {
			l.src.mu.Unlock()
			t.Fatalf("the buffer holds %d events", len(l.src.w.Events))
		}
		l.events(40) // few at a time, as the kernel's queue may be short
	}
	return l, handles
}

func (l *laggard) at(name string) string { return filepath.Join(l.root, name) }

// events makes at least n events.
func (l *laggard) events(n int) {
	a, b := filepath.Join(l.junk, "a"), filepath.Join(l.junk, "b")
	for range n/4 + 1 {
		must(l.t, os.Rename(a, b))
		must(l.t, os.Rename(b, a))
	}
}

// TestAddBehindMove adds a folder under its new name before the package knows
// of the move, which then would end the new watch.
func TestAddBehindMove(t *testing.T) {
	t.Parallel()
	l, handles := lag(t, "a")
	must(t, os.Rename(l.at("a"), l.at("b")))
	h, _, err := l.src.add(l.at("b"))
	l.src.mu.Unlock()
	must(t, err)
	if h != handles[0] {
		t.Errorf("the handle was %d and is %d after the move", handles[0], h)
	}
	l.mark(h, l.at("b"))
	l.mark(l.add(l.root), l.root) // by now the package knows of the move
	l.mark(h, l.at("b"))
}

// TestAddBehindReplacement adds a folder that took the place of another before
// the package knows of it, which then would panic in Remove.
func TestAddBehindReplacement(t *testing.T) {
	t.Parallel()
	l, handles := lag(t, "a", "b")
	must(t, syscall.Rename(l.at("a"), l.at("b")))
	h, lost, err := l.src.add(l.at("b"))
	l.src.mu.Unlock()
	must(t, err)
	if len(lost) != 1 || lost[0] != (Event{Handle: handles[1], Op: Self | Gone}) || h != handles[0] {
		t.Errorf("the handle is %d and lost are %v, want %d, and %d gone", h, lost, handles[0], handles[1])
	}
	must(t, l.src.Remove(h))
	l.mark(l.add(l.at("b")), l.at("b"))
}

// TestAddBehindSwap adds two folders that changed places.
func TestAddBehindSwap(t *testing.T) {
	t.Parallel()
	l, _ := lag(t, "a", "b")
	for _, move := range [][2]string{{"a", "c"}, {"b", "a"}, {"c", "b"}} {
		must(t, os.Rename(l.at(move[0]), l.at(move[1])))
	}
	a, _, err := l.src.add(l.at("a"))
	must(t, err)
	b, _, err := l.src.add(l.at("b"))
	must(t, err)
	l.src.mu.Unlock()
	for range 2 {
		l.mark(a, l.at("a"))
		l.mark(b, l.at("b"))
		l.mark(l.add(l.root), l.root)
	}
}

// TestPackageOverflow fills the kernel's queue, too.
func TestPackageOverflow(t *testing.T) {
	t.Parallel()
	before := queueLength(t)
	l, handles := lag(t, "a")
	l.events(max(before, queueLength(t)) + 10) // another test may have changed it for a moment
	l.src.mu.Unlock()
	events := l.until(func(ev Event) bool { return ev.Op.Has(Overflow) })
	if got, want := events[len(events)-1], (Event{Op: Overflow}); got != want {
		t.Errorf("event %+v, want %+v", got, want)
	}
	l.mark(handles[0], l.at("a"))
}

// TestAddBesideErrors adds a folder while the package has errors to tell of: it
// holds the lock that Add needs until they are heard.
func TestAddBesideErrors(t *testing.T) {
	t.Parallel()
	folders := []string{"a", "b", "c"}
	l, _ := lag(t, append(folders, "d")...)
	for _, dir := range folders {
		must(t, os.Rename(l.at(dir), l.at("moved")))
		must(t, os.Remove(l.at("moved"))) // its watch is gone when the package removes it
	}
	deadline := time.After(patience)
	for heard := 0; heard < len(folders); {
		select {
		case e := <-l.src.w.Events:
			if e.Has(fsnotify.Rename) {
				heard++
			}
		case <-deadline:
			l.src.mu.Unlock()
			t.Fatalf("heard of %d moves", heard)
		}
	}
	_, _, err := l.src.add(l.at("d"))
	l.src.mu.Unlock()
	must(t, err)
	l.mark(l.add(l.root), l.root)
}
