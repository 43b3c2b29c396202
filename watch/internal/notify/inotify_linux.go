package notify

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// inotifyMask is what is asked of every folder. IN_EXCL_UNLINK spares the
	// events of files that are removed but still open.
	inotifyMask = unix.IN_CREATE | unix.IN_MODIFY | unix.IN_CLOSE_WRITE | unix.IN_MOVED_TO | unix.IN_MOVED_FROM | unix.IN_DELETE |
		unix.IN_ATTRIB | unix.IN_DELETE_SELF | unix.IN_MOVE_SELF | unix.IN_ONLYDIR | unix.IN_EXCL_UNLINK

	inotifyBuffer = 64 << 10
	retryRead     = time.Second
)

var inotifyOps = []struct {
	mask uint32
	op   Op
}{
	{unix.IN_CREATE, Create},
	{unix.IN_MODIFY, Modify},
	{unix.IN_CLOSE_WRITE, CloseWrite},
	{unix.IN_MOVED_TO, MovedTo},
	{unix.IN_MOVED_FROM, MovedFrom},
	{unix.IN_DELETE, Delete},
	{unix.IN_ATTRIB, Attrib},
	{unix.IN_DELETE_SELF | unix.IN_MOVE_SELF | unix.IN_UNMOUNT, Self},
	{unix.IN_IGNORED, Gone},
	{unix.IN_Q_OVERFLOW, Overflow},
}

// inotify uses watch descriptors as handles: the kernel gives one per folder
// and none twice.
type inotify struct {
	file *os.File
	conn syscall.RawConn // keeps the descriptor from being closed while it is used
	box  mailbox
	once sync.Once // closes quit
	quit chan struct{}
	done chan struct{}
}

// Inotify is the source of Linux, without anything between. Elsewhere it gives
// an error that is errors.ErrUnsupported. ErrLimit says that the user has too
// many such sources.
func Inotify() (Source, error) {
	s, err := newInotify()
	if err != nil {
		return nil, err
	}
	go s.read()
	return s, nil
}

// newInotify gives a source that does not read yet.
func newInotify() (*inotify, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) {
		return nil, fmt.Errorf("inotify: %w: %w; close some programs or raise the limits fs.inotify.max_user_instances and of open files", ErrLimit, err)
	}
	if err != nil {
		return nil, os.NewSyscallError("inotify_init1", err)
	}
	file := os.NewFile(uintptr(fd), "inotify")
	conn, err := file.SyscallConn()
	if err != nil {
		file.Close()
		return nil, err
	}
	return &inotify{file: file, conn: conn, box: newMailbox(), quit: make(chan struct{}), done: make(chan struct{})}, nil
}

func (s *inotify) Add(path string) (Handle, error) {
	var wd int
	var err error
	if s.conn.Control(func(fd uintptr) {
		for {
			if wd, err = unix.InotifyAddWatch(int(fd), path, inotifyMask); err != unix.EINTR {
				return
			}
		}
	}) != nil {
		return 0, ErrClosed
	}
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.ENOMEM) {
		return 0, fmt.Errorf("watch %s: %w: %w; raise fs.inotify.max_user_watches", path, ErrLimit, err)
	}
	if err != nil {
		return 0, &fs.PathError{Op: "watch", Path: path, Err: err}
	}
	return Handle(wd), nil
}

func (s *inotify) Remove(h Handle) error {
	var err error
	if s.conn.Control(func(fd uintptr) { _, err = unix.InotifyRmWatch(int(fd), uint32(h)) }) != nil {
		return ErrClosed
	}
	if errors.Is(err, unix.EINVAL) { // the folder is gone, and its watch with it
		return nil
	}
	return os.NewSyscallError("inotify_rm_watch", err)
}

func (s *inotify) Events() <-chan []Event { return s.box }

func (s *inotify) CloseWrites() bool { return true }

func (s *inotify) Close() error {
	var err error
	s.once.Do(func() {
		close(s.quit)
		err = s.file.Close()
	})
	<-s.done
	return err
}

// read hands over what the kernel has, until Close.
func (s *inotify) read() {
	defer close(s.done)
	defer close(s.box)
	buf := make([]byte, inotifyBuffer)
	for {
		var failed error
		err := s.conn.Read(func(fd uintptr) (stop bool) {
			failed = s.drain(int(fd), buf)
			return failed != nil
		})
		select {
		case <-s.quit:
			return
		default:
		}
		s.box.put([]Event{{Op: Failed, Err: fmt.Errorf("read events of inotify: %w", errors.Join(failed, err))}})
		select {
		case <-s.quit:
			return
		case <-time.After(retryRead):
		}
	}
}

// drain hands over what is there now. Go's poller, which calls it, hears of
// what comes after the last read, so it need not read until there is nothing:
// that would be a second call to the kernel for each event, with the reader
// of the first waiting.
func (s *inotify) drain(fd int, buf []byte) error {
	for {
		n, err := unix.Read(fd, buf)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EAGAIN:
			return nil
		case err != nil:
			return err
		}
		s.box.put(parseInotify(buf[:n]))
		if n < len(buf)/2 {
			return nil
		}
	}
}

// parseInotify takes apart what one read gave: records of wd, mask, cookie,
// length of the name and the name, filled up with NULs.
func parseInotify(buf []byte) []Event {
	events := make([]Event, 0, len(buf)/unix.SizeofInotifyEvent)
	name := ""
	for len(buf) >= unix.SizeofInotifyEvent {
		wd := int32(binary.NativeEndian.Uint32(buf))
		mask := binary.NativeEndian.Uint32(buf[4:])
		cookie := binary.NativeEndian.Uint32(buf[8:])
		size := int(binary.NativeEndian.Uint32(buf[12:]))
		buf = buf[unix.SizeofInotifyEvent:]
		raw := buf[:size]
		buf = buf[size:]
		if i := bytes.IndexByte(raw, 0); i >= 0 {
			raw = raw[:i]
		}
		if name != string(raw) { // the events of one file follow each other and share its name
			name = string(raw)
		}
		e := Event{Name: name, Handle: Handle(max(wd, 0)), Cookie: cookie, Dir: mask&unix.IN_ISDIR != 0 && name != ""}
		for _, o := range inotifyOps {
			if mask&o.mask != 0 {
				e.Op |= o.op
			}
		}
		events = append(events, e)
	}
	return events
}
