package fsstore

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/internal/writeback"
)

// errReplaced says that the path leads to another folder than the one that is
// open: what a call found in that one is worth nothing.
var errReplaced = errors.New("another folder is in its place")

// inPlace makes sure that the path still leads to the folder that is open.
func (s *Store) inPlace() error {
	mine, err := s.disk.stat(".")
	if err != nil {
		return err
	}
	there, err := os.Stat(s.dir)
	switch {
	case missing(err):
		return fmt.Errorf("the folder %s was removed or moved away; put it back, or make a new one", s.dir)
	case err != nil:
		return err
	case !there.IsDir():
		return fmt.Errorf("%s is a file now; put the folder that holds the templates back", s.dir)
	case !os.SameFile(mine, there):
		return errReplaced
	}
	return nil
}

// acquireInPlace is acquire for who writes what others are to read.
func (s *Store) acquireInPlace(ctx context.Context) error {
	err := s.acquire(ctx)
	if err != nil && !missing(err) {
		return err
	}
	if perr := s.inPlace(); perr != nil {
		if err == nil {
			s.release()
		}
		return perr
	}
	return err
}

// moveIn opens the folder that the path leads to now. It waits for all calls,
// so it is for who is in none.
func (s *Store) moveIn() error {
	s.calls.Lock()
	defer s.calls.Unlock()
	if s.closed {
		return prompty.NewStorageClosedError()
	}
	if err := s.inPlace(); !errors.Is(err, errReplaced) {
		return err // nil: someone else did it
	}
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		return err
	}
	s.disk.root.Close()
	s.disk.quick.close()
	s.disk.root, s.disk.quick, s.disk.ordered = root, newQuick(root), writeback.Ordered(s.dir)
	if s.lock.file != nil {
		s.lock.file.Close()
		s.lock.file = nil
	}
	s.forget()
	s.count.Add(1)
	return nil
}

// atItsPath makes a whole call, again if it finds that another folder is in the
// place of the one that is open.
func atItsPath[T any](s *Store, call func() (T, error)) (T, error) {
	for {
		v, err := call()
		if !errors.Is(err, errReplaced) {
			return v, err
		}
		if err := s.moveIn(); err != nil {
			return v, &prompty.StorageError{Op: "open", Name: s.dir, Err: err}
		}
	}
}
