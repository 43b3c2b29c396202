package notify

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const patience = 20 * time.Second // for what has to come

// source is one that hears of events by itself.
type source struct {
	name string
	open func() (Source, error)
}

var sources = []source{{"inotify", Inotify}, {"fsnotify", Fsnotify}}

// eachSource runs a test with every such source that this system has.
func eachSource(t *testing.T, test func(t *testing.T, s source)) {
	t.Parallel()
	for _, s := range sources {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			test(t, s)
		})
	}
}

// ears hears what a source says.
type ears struct {
	t    testing.TB
	src  Source
	seen []Event
}

func (s source) listen(t testing.TB) *ears {
	t.Helper()
	src, err := s.open()
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	must(t, err)
	t.Cleanup(func() { must(t, src.Close()) })
	return &ears{t: t, src: src}
}

func (e *ears) add(path string) Handle {
	e.t.Helper()
	h, err := e.src.Add(path)
	must(e.t, err)
	return h
}

// until gives what comes up to and with the first event that is wanted.
func (e *ears) until(wanted func(Event) bool) []Event {
	e.t.Helper()
	deadline := time.After(patience)
	for from := 0; ; {
		for i := from; i < len(e.seen); i++ {
			if wanted(e.seen[i]) {
				events := e.seen[: i+1 : i+1]
				e.seen = e.seen[i+1:]
				return events
			}
		}
		from = len(e.seen)
		select {
		case batch, ok := <-e.src.Events():
			if !ok {
				e.t.Fatal("the channel is closed")
			}
			e.seen = append(e.seen, batch...)
		case <-deadline:
			e.t.Fatalf("not heard within %v; heard were %d events, at last %+v", patience, len(e.seen), e.seen[max(0, len(e.seen)-10):])
		}
	}
}

// mark gives what comes before an event of a new entry of dir, whose watch is
// h. A source that says to look at dir may have missed that event, and is given
// another one.
func (e *ears) mark(h Handle, dir string) (before []Event) {
	e.t.Helper()
	for again := true; again; {
		name := fmt.Sprintf("mark%d", time.Now().UnixNano())
		must(e.t, os.Mkdir(filepath.Join(dir, name), 0o777))
		events := e.until(func(ev Event) bool {
			again = ev.Handle == h && ev.Op == Rescan
			return again || ev.Handle == h && ev.Name == name && ev.Op.Has(Create)
		})
		before = append(before, events[:len(events)-1]...)
	}
	return slices.DeleteFunc(before, func(ev Event) bool {
		return ev.Op == Rescan || strings.HasPrefix(ev.Name, "mark")
	})
}

// show writes events as one line each, without those that repeat the one before.
func show(events []Event) string {
	var lines []string
	for _, e := range events {
		dir := ""
		if e.Dir {
			dir = "/"
		}
		lines = append(lines, fmt.Sprintf("%v %s%s", e.Op, cmp.Or(e.Name, "."), dir))
	}
	return strings.Join(slices.Compact(lines), "\n")
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func writeFile(t testing.TB, path, text string) {
	t.Helper()
	must(t, os.WriteFile(path, []byte(text), 0o666))
}

// TestOps does one thing at a time with real files.
func TestOps(t *testing.T) {
	old, in, out := "old", "moved-in", "../moved-out"
	type want map[string]string // of each source
	tests := []struct {
		name string
		do   func(t *testing.T, at func(string) string)
		want
	}{
		{"create a file", func(t *testing.T, at func(string) string) { writeFile(t, at("new"), "") }, want{
			"inotify":  "create new\nclose-write new",
			"fsnotify": "create new",
		}},
		{"write", func(t *testing.T, at func(string) string) { writeFile(t, at(old), "text") }, want{
			"inotify":  "modify old\nclose-write old",
			"fsnotify": "modify old",
		}},
		{"truncate", func(t *testing.T, at func(string) string) { must(t, os.Truncate(at(old), 0)) }, want{
			"inotify":  "modify old",
			"fsnotify": "modify old",
		}},
		{"chmod", func(t *testing.T, at func(string) string) { must(t, os.Chmod(at(old), 0o600)) }, want{
			"inotify":  "attrib old",
			"fsnotify": "attrib old",
		}},
		{"link", func(t *testing.T, at func(string) string) { must(t, os.Link(at(old), at("new"))) }, want{
			"inotify":  "create new",
			"fsnotify": "create new",
		}},
		{"symbolic link", func(t *testing.T, at func(string) string) { must(t, os.Symlink("sub", at("new"))) }, want{
			"inotify":  "create new",
			"fsnotify": "create new",
		}},
		{"rename", func(t *testing.T, at func(string) string) { must(t, os.Rename(at(old), at("new"))) }, want{
			"inotify":  "moved-from old\nmoved-to new",
			"fsnotify": "moved-from old\ncreate new",
		}},
		{"move in", func(t *testing.T, at func(string) string) { must(t, os.Rename(at("../"+in), at(in))) }, want{
			"inotify":  "moved-to moved-in",
			"fsnotify": "create moved-in",
		}},
		{"move out", func(t *testing.T, at func(string) string) { must(t, os.Rename(at(old), at(out))) }, want{
			"inotify":  "moved-from old",
			"fsnotify": "moved-from old",
		}},
		{"remove", func(t *testing.T, at func(string) string) { must(t, os.Remove(at(old))) }, want{
			"inotify":  "delete old",
			"fsnotify": "delete old",
		}},
		{"write what is removed", func(t *testing.T, at func(string) string) {
			f, err := os.OpenFile(at(old), os.O_WRONLY, 0)
			must(t, err)
			must(t, os.Remove(at(old)))
			_, err = f.WriteString("text")
			must(t, errors.Join(err, f.Close()))
		}, want{
			"inotify":  "delete old",
			"fsnotify": "delete old\nmodify old",
		}},
		{"make a folder", func(t *testing.T, at func(string) string) { must(t, os.Mkdir(at("new"), 0o777)) }, want{
			"inotify":  "create new/",
			"fsnotify": "create new/",
		}},
		{"write below", func(t *testing.T, at func(string) string) { writeFile(t, at("sub/new"), "text") }, want{}},
		{"remove a folder", func(t *testing.T, at func(string) string) { must(t, os.Remove(at("sub"))) }, want{
			"inotify":  "delete sub/",
			"fsnotify": "delete sub",
		}},
		{"chmod the folder", func(t *testing.T, at func(string) string) { must(t, os.Chmod(at("."), 0o700)) }, want{
			"inotify":  "attrib .",
			"fsnotify": "",
		}},
		{"long and odd names", func(t *testing.T, at func(string) string) {
			must(t, os.Mkdir(at(strings.Repeat("n", 255)), 0o777))
			must(t, os.Mkdir(at("a \xff\n"), 0o777))
		}, want{
			"inotify":  "create " + strings.Repeat("n", 255) + "/\ncreate a \xff\n/",
			"fsnotify": "create " + strings.Repeat("n", 255) + "/\ncreate a \xff\n/",
		}},
	}
	eachSource(t, func(t *testing.T, s source) {
		for _, tc := range tests {
			t.Run(tc.name, func(t *testing.T) {
				t.Parallel()
				root := t.TempDir()
				dir := filepath.Join(root, "dir")
				must(t, os.MkdirAll(filepath.Join(dir, "sub"), 0o777))
				at := func(name string) string { return filepath.Join(dir, name) }
				writeFile(t, at(old), "old")
				writeFile(t, at("../"+in), "in")
				e := s.listen(t)
				h := e.add(dir)
				tc.do(t, at)
				events := e.mark(h, dir)
				if got := show(events); got != tc.want[s.name] {
					t.Errorf("events are\n%s\nwant\n%s", got, tc.want[s.name])
				}
				for _, ev := range events {
					if ev.Handle != h || ev.Err != nil {
						t.Errorf("event %+v, want handle %d", ev, h)
					}
				}
			})
		}
	})
}

// TestAdd adds what can be watched and what cannot.
func TestAdd(t *testing.T) {
	eachSource(t, func(t *testing.T, s source) {
		root := t.TempDir()
		dir, other := filepath.Join(root, "dir"), filepath.Join(root, "other")
		must(t, os.Mkdir(dir, 0o777))
		must(t, os.Mkdir(other, 0o777))
		must(t, os.Symlink("dir", filepath.Join(root, "link")))
		must(t, os.Symlink("file", filepath.Join(root, "dangling")))
		e := s.listen(t)
		h := e.add(dir)
		if h <= 0 {
			t.Errorf("handle %d, want a positive one", h)
		}
		if again := e.add(filepath.Join(root, "link")); again != h {
			t.Errorf("by a symbolic link the handle is %d, want %d", again, h)
		}
		if again := e.add(dir + "/"); again != h {
			t.Errorf("added again the handle is %d, want %d", again, h)
		}
		if h2 := e.add(other); h2 == h {
			t.Errorf("two folders have the handle %d", h)
		}
		e.mark(h, dir)
		if _, err := e.src.Add(filepath.Join(root, "dangling")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Add of a link that leads nowhere: %v, want ErrNotExist", err)
		}
		writeFile(t, filepath.Join(root, "file"), "")
		_, err := e.src.Add(filepath.Join(root, "file"))
		if pe, ok := errors.AsType[*fs.PathError](err); !ok || !strings.Contains(err.Error(), "not a directory") {
			t.Errorf("Add of a file: %v (%v), want that it is none", err, pe)
		}
	})
}

// TestRemove hears no more of a folder, and of others still.
func TestRemove(t *testing.T) {
	eachSource(t, func(t *testing.T, s source) {
		root := t.TempDir()
		dir := filepath.Join(root, "dir")
		must(t, os.Mkdir(dir, 0o777))
		e := s.listen(t)
		all, h := e.add(root), e.add(dir)
		must(t, e.src.Remove(h))
		must(t, e.src.Remove(h))
		writeFile(t, filepath.Join(dir, "a"), "text")
		for _, ev := range e.mark(all, root) {
			if ev.Handle == h && ev.Op != Gone {
				t.Errorf("heard %+v of a folder that was removed", ev)
			}
		}
		if again := e.add(dir); again == h {
			t.Errorf("the handle %d is used again", h)
		} else {
			e.mark(again, dir)
		}
	})
}

// TestFolderMoves adds a folder under its new name as soon as that is heard
// of, which is when package fsnotify loses it, as it does when the folder
// takes the place of another.
func TestFolderMoves(t *testing.T) {
	eachSource(t, func(t *testing.T, s source) {
		for _, over := range []bool{false, true} {
			root := t.TempDir()
			e := s.listen(t)
			all := e.add(root)
			for i := range 150 {
				a, b := filepath.Join(root, fmt.Sprintf("a%d", i)), filepath.Join(root, fmt.Sprintf("b%d", i))
				must(t, os.Mkdir(a, 0o777))
				h := e.add(a)
				if over {
					must(t, os.Mkdir(b, 0o777))
					e.add(b)
				}
				must(t, syscall.Rename(a, b)) // os.Rename would refuse to replace a folder
				e.until(func(ev Event) bool {
					return ev.Handle == all && ev.Name == filepath.Base(b) && ev.Op.Has(Create|MovedTo)
				})
				got := e.add(b)
				if got != h && s.name == "inotify" { // fsnotify may have given it up already, as Gone
					t.Fatalf("the handle was %d and is %d after the move", h, got)
				}
				h = got
				e.mark(h, b)
				if i%2 == 0 {
					must(t, e.src.Remove(h))
				}
			}
			e.mark(all, root)
			for i := 1; i < 150; i += 2 { // long after
				b := filepath.Join(root, fmt.Sprintf("b%d", i))
				e.mark(e.add(b), b)
			}
		}
	})
}

// TestFolderGone removes watched folders, with what lies in them, and makes
// new ones of the same name.
func TestFolderGone(t *testing.T) {
	eachSource(t, func(t *testing.T, s source) {
		root := t.TempDir()
		e := s.listen(t)
		all := e.add(root)
		dir := filepath.Join(root, "dir")
		sub := filepath.Join(dir, "sub")
		for range 50 {
			must(t, os.MkdirAll(sub, 0o777))
			h, hsub := e.add(dir), e.add(sub)
			writeFile(t, filepath.Join(sub, "a"), "text")
			must(t, os.RemoveAll(dir))
			gone := map[Handle]bool{}
			e.until(func(ev Event) bool {
				gone[ev.Handle] = gone[ev.Handle] || ev.Op.Has(Gone)
				return gone[h] && gone[hsub]
			})
		}
		must(t, os.MkdirAll(sub, 0o777))
		e.mark(e.add(sub), sub)
		e.mark(all, root)
	})
}

// TestRootGone removes and moves a folder whose parent is not watched.
func TestRootGone(t *testing.T) {
	eachSource(t, func(t *testing.T, s source) {
		root := t.TempDir()
		dir := filepath.Join(root, "dir")
		e := s.listen(t)
		for _, end := range []func() error{
			func() error { return os.Remove(dir) },
			func() error { return os.Rename(dir, filepath.Join(root, "away")) },
		} {
			must(t, os.Mkdir(dir, 0o777))
			h := e.add(dir)
			must(t, end())
			e.until(func(ev Event) bool { return ev.Handle == h && ev.Op.Has(Self) && ev.Name == "" })
		}
	})
}

// TestCommotion moves, removes and adds folders from all sides: package
// fsnotify can block or panic then.
func TestCommotion(t *testing.T) {
	eachSource(t, func(t *testing.T, s source) {
		root := t.TempDir()
		e := s.listen(t)
		all := e.add(root)
		var wg sync.WaitGroup
		for w := range 4 {
			at := func(i int) string { return filepath.Join(root, fmt.Sprintf("%d-%d", w, i%3)) }
			wg.Go(func() {
				for i := range 300 {
					_ = os.Mkdir(at(i), 0o777)
					_ = os.Rename(at(i), at(i+1))
					_ = os.Remove(at(i + 1))
				}
			})
			wg.Go(func() {
				for i := range 600 {
					if h, err := e.src.Add(at(i)); err == nil && i%2 == 0 {
						must(t, e.src.Remove(h))
					} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
						t.Errorf("Add: %v", err)
					}
				}
			})
		}
		wg.Wait()
		for _, ev := range e.mark(all, root) {
			if ev.Op.Has(Failed) {
				t.Errorf("heard of %v", ev.Err)
			}
		}
		for w := range 4 {
			dir := filepath.Join(root, fmt.Sprintf("%d-0", w))
			must(t, os.MkdirAll(dir, 0o777))
			e.mark(e.add(dir), dir)
		}
	})
}

// TestSlowReader lets many events come before it takes them: none is lost, and
// their order stays.
func TestSlowReader(t *testing.T) {
	eachSource(t, func(t *testing.T, s source) {
		dir := t.TempDir()
		e := s.listen(t)
		h := e.add(dir)
		const n = 500 // fewer than the kernel's queue may hold
		for i := range n {
			must(t, os.Mkdir(filepath.Join(dir, fmt.Sprint(i)), 0o777))
		}
		next := 0
		for _, ev := range e.mark(h, dir) {
			if ev.Op != Create {
				continue
			}
			if ev.Name != fmt.Sprint(next) {
				t.Fatalf("heard of %s, want %d", ev.Name, next)
			}
			next++
		}
		if next != n {
			t.Errorf("heard of %d folders, want %d", next, n)
		}
	})
}

// TestClose closes while files change, folders are added and no one listens.
func TestClose(t *testing.T) {
	eachSource(t, func(t *testing.T, s source) {
		for range 20 {
			dir := t.TempDir()
			e := s.listen(t)
			e.add(dir)
			quit := make(chan struct{})
			var wg sync.WaitGroup
			wg.Go(func() {
				for {
					select {
					case <-quit:
						return
					default:
						writeFile(t, filepath.Join(dir, "a"), "text")
					}
				}
			})
			for range 2 {
				wg.Go(func() {
					for {
						h, err := e.src.Add(dir)
						if err == nil {
							err = e.src.Remove(h)
						}
						if errors.Is(err, ErrClosed) {
							return
						}
						must(t, err)
					}
				})
				wg.Go(func() { must(t, e.src.Close()) })
			}
			must(t, e.src.Close())
			for range e.src.Events() { // ends
			}
			if _, err := e.src.Add(dir); !errors.Is(err, ErrClosed) {
				t.Errorf("Add after Close: %v, want ErrClosed", err)
			}
			if err := e.src.Remove(1); !errors.Is(err, ErrClosed) {
				t.Errorf("Remove after Close: %v, want ErrClosed", err)
			}
			close(quit)
			wg.Wait()
		}
	})
}

// TestCloseWrites holds the promise against what comes.
func TestCloseWrites(t *testing.T) {
	eachSource(t, func(t *testing.T, s source) {
		dir := t.TempDir()
		e := s.listen(t)
		h := e.add(dir)
		writeFile(t, filepath.Join(dir, "a"), "text")
		heard := slices.ContainsFunc(e.mark(h, dir), func(ev Event) bool { return ev.Op.Has(CloseWrite) })
		if heard != e.src.CloseWrites() {
			t.Errorf("heard of CloseWrite: %v, but CloseWrites is %v", heard, e.src.CloseWrites())
		}
	})
}
