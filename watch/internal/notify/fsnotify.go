package notify

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/go-prompty/prompty/watch/internal/steady"
)

const (
	// settle is how long after a folder came, went or moved its watches are
	// renewed: the package may lose one while it works off what the move said.
	settle = 20 * time.Millisecond

	fsnotifyBuffer = 4096
)

var fsnotifyOps = []struct {
	from fsnotify.Op
	to   Op
}{
	{fsnotify.Create, Create},
	{fsnotify.Write, Modify},
	{fsnotify.Remove, Delete},
	{fsnotify.Rename, MovedFrom},
	{fsnotify.Chmod, Attrib},
}

// portable stands on package fsnotify, which goes by paths and has trouble
// when they move (seen in its version 1.10.1, on Linux):
//
//   - A folder that is added under its new name while the event of its move
//     is under way keeps the old watch, which that event then removes; and
//     Remove can panic afterwards. So Add removes both names first.
//   - It sends errors while it holds the lock that Add needs. So errors are
//     drained by a goroutine that takes no lock of ours.
//   - Its watch of a folder that moved reports under the old name, or ends.
//     So the watches are renewed a moment after, and the folders looked at.
type portable struct {
	w    *fsnotify.Watcher
	done sync.WaitGroup

	out sync.Mutex // makes the two goroutines one writer of box
	box mailbox

	mu      sync.Mutex // guards all below, and the order of what w is told
	closed  bool
	last    Handle
	folders map[Handle]*folder
	paths   map[string]Handle
	inodes  map[inode]Handle
}

type folder struct {
	path string
	inode
}

type inode struct{ dev, ino uint64 }

// Fsnotify is the portable source. ErrLimit says that the system gives no more
// such sources.
func Fsnotify() (Source, error) {
	w, err := fsnotify.NewBufferedWatcher(fsnotifyBuffer)
	if isLimit(err) {
		return nil, fmt.Errorf("fsnotify: %w: %w; close some programs or raise the limit of open files (on Linux also fs.inotify.max_user_instances)", ErrLimit, err)
	}
	if err != nil {
		return nil, fmt.Errorf("fsnotify: %w", err)
	}
	s := &portable{
		w:       w,
		box:     newMailbox(),
		folders: make(map[Handle]*folder),
		paths:   make(map[string]Handle),
		inodes:  make(map[inode]Handle),
	}
	s.done.Go(s.readEvents)
	s.done.Go(s.readErrors)
	return s, nil
}

func isLimit(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ENOMEM)
}

func (s *portable) Add(path string) (Handle, error) {
	s.mu.Lock()
	h, lost, err := s.add(filepath.Clean(path))
	s.mu.Unlock()
	s.put(lost)
	return h, err
}

// add begins the watch of a folder anew, which may miss what happens in it just
// then. lost tells of a folder whose path the new one has taken.
func (s *portable) add(path string) (h Handle, lost []Event, err error) {
	if s.closed {
		return 0, nil, ErrClosed
	}
	id, mode, err := steady.Stat(path)
	if err == nil && !mode.IsDir() {
		err = &fs.PathError{Op: "watch", Path: path, Err: syscall.ENOTDIR}
	}
	if err != nil {
		return 0, nil, err
	}
	node := inode{id.Dev, id.Ino}
	if node.ino != 0 { // the system tells folders apart
		h = s.inodes[node]
	}
	if f := s.folders[h]; f != nil && f.path != path { // it has moved, or has two names
		_ = s.w.Remove(f.path)
		delete(s.paths, f.path)
	}
	_ = s.w.Remove(path)
	if old, ok := s.paths[path]; ok && old != h {
		if node.ino == 0 {
			h = old
		} else {
			s.drop(old)
			lost = append(lost, Event{Handle: old, Op: Self | Gone})
		}
	}
	if err := s.w.Add(path); err != nil {
		if h != 0 {
			s.drop(h)
			lost = append(lost, Event{Handle: h, Op: Gone})
		}
		if isLimit(err) {
			err = fmt.Errorf("%w: %w; raise the limit of open files (on Linux fs.inotify.max_user_watches)", ErrLimit, err)
		}
		return 0, lost, fmt.Errorf("watch %s: %w", path, err)
	}
	if h == 0 {
		s.last++
		h = s.last
	}
	s.folders[h] = &folder{path, node}
	s.paths[path] = h
	s.inodes[node] = h
	return h, lost, nil
}

// drop forgets a folder. What the names of its path and inode have come to
// mean since stays.
func (s *portable) drop(h Handle) {
	f := s.folders[h]
	delete(s.folders, h)
	if s.paths[f.path] == h {
		delete(s.paths, f.path)
	}
	if s.inodes[f.inode] == h {
		delete(s.inodes, f.inode)
	}
}

func (s *portable) Remove(h Handle) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	if f := s.folders[h]; f != nil {
		_ = s.w.Remove(f.path) // gone already, at worst
		s.drop(h)
	}
	return nil
}

func (s *portable) Events() <-chan []Event { return s.box }

func (s *portable) CloseWrites() bool { return false }

func (s *portable) Close() error {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	s.mu.Unlock()
	err := s.w.Close()
	s.done.Wait()
	if first {
		close(s.box)
	}
	return err
}

func (s *portable) put(events []Event) {
	s.out.Lock()
	defer s.out.Unlock()
	s.box.put(events)
}

func (s *portable) readErrors() {
	for err := range s.w.Errors {
		switch {
		case errors.Is(err, fsnotify.ErrEventOverflow):
			s.put([]Event{{Op: Overflow}})
		case errors.Is(err, syscall.EINVAL), errors.Is(err, fsnotify.ErrNonExistentWatch): // a watch that ended by itself was removed
		default:
			s.put([]Event{{Op: Failed, Err: fmt.Errorf("fsnotify: %w", err)}})
		}
	}
}

func (s *portable) readEvents() {
	unsettled := make(map[string]time.Time) // paths of folders that came, went or moved
	timer := time.NewTimer(settle)
	timer.Stop()
	running := false
	for {
		select {
		case e, ok := <-s.w.Events:
			if !ok {
				timer.Stop()
				return
			}
			events := s.translate(nil, e, unsettled)
			for range len(s.w.Events) {
				events = s.translate(events, <-s.w.Events, unsettled)
			}
			s.put(events)
		case now := <-timer.C:
			running = false
			due := make(map[string]bool)
			for path, at := range unsettled {
				if now.Sub(at) >= settle {
					due[path] = true
					delete(unsettled, path)
				}
			}
			s.put(s.renew(due))
		}
		if !running && len(unsettled) > 0 {
			running = true
			timer.Reset(settle)
		}
	}
}

// translate appends what e says to events.
func (s *portable) translate(events []Event, e fsnotify.Event, unsettled map[string]time.Time) []Event {
	var op Op
	for _, o := range fsnotifyOps {
		if e.Has(o.from) {
			op |= o.to
		}
	}
	path := filepath.Clean(e.Name)
	s.mu.Lock()
	self := s.paths[path]
	parent := s.paths[filepath.Dir(path)]
	s.mu.Unlock()
	isDir := self != 0
	if !isDir && op.Has(Create) {
		fi, err := os.Lstat(path)
		isDir = err == nil && fi.IsDir()
	}
	if isDir && op.Has(Create|Delete|MovedFrom) {
		unsettled[path] = time.Now()
	}
	if parent != 0 && parent != self {
		events = append(events, Event{Handle: parent, Name: filepath.Base(path), Op: op, Dir: isDir})
	}
	if self != 0 && op.Has(Delete|MovedFrom) {
		events = append(events, Event{Handle: self, Op: Self})
	}
	return events
}

// renew begins the watches at and below these paths anew, and asks for a look
// at them and at the folders that they lie in.
func (s *portable) renew(paths map[string]bool) []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	var events []Event
	look := make(map[Handle]bool)
	for _, path := range s.below(paths) {
		old := s.paths[path]
		h, lost, err := s.add(path)
		events = append(events, lost...)
		if h != 0 {
			look[h] = true
			continue
		}
		if s.folders[old] != nil { // the path leads nowhere now
			_ = s.w.Remove(path)
			s.drop(old)
			events = append(events, Event{Handle: old, Op: Self | Gone})
		}
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
			events = append(events, Event{Op: Failed, Err: err})
		}
	}
	for path := range paths {
		if h := s.paths[filepath.Dir(path)]; h != 0 {
			look[h] = true
		}
	}
	for h := range look {
		if s.folders[h] != nil {
			events = append(events, Event{Handle: h, Op: Rescan})
		}
	}
	return events
}

// below gives the watched paths at and below these, sorted.
func (s *portable) below(paths map[string]bool) []string {
	var found []string
	for path := range s.paths {
		for up := path; ; up = filepath.Dir(up) {
			if paths[up] {
				found = append(found, path)
				break
			}
			if up == filepath.Dir(up) {
				break
			}
		}
	}
	slices.Sort(found)
	return found
}
