package fsstore

import (
	"context"
	"errors"
	"os"
	"path"
	"slices"
	"strconv"
)

// few is how many files a batch flushes one by one. More are flushed with all
// else that the system has yet to write, which takes as long as that takes.
const few = 8

// batch records many edits with one flush: the first List of a folder of
// 10,000 files makes 10,000 versions.
type batch struct {
	from, to []string
	files    []*os.File // the first of from, open to be flushed
}

func (b *batch) next() string { return "batch" + strconv.Itoa(len(b.from)) }

// add takes a file that was staged at from.
func (b *batch) add(from, to string, h *os.File) error {
	b.from, b.to = append(b.from, from), append(b.to, to)
	if len(b.from) > few {
		return h.Close()
	}
	b.files = append(b.files, h)
	return nil
}

// commit makes the recorded versions live, durable first.
func (s *Store) commit(ctx context.Context, b *batch) error {
	if len(b.from) == 0 {
		return nil
	}
	err := ctx.Err()
	if err == nil {
		err = s.flushStaged(b)
	}
	var dirs []string
	for i := 0; i < len(b.from) && err == nil; i++ {
		err = s.disk.rename(b.from[i], b.to[i])
		dirs = append(dirs, path.Dir(b.to[i]))
	}
	if err != nil {
		s.abandon(b)
		return err
	}
	if len(b.to) > few && !s.disk.ordered {
		return s.disk.flushAll(b.to)
	}
	slices.Reverse(dirs) // that of the last comes first
	return s.disk.confirm(append(dirs, versionsDir)...)
}

func (s *Store) flushStaged(b *batch) error {
	files := b.files
	b.files = nil
	if len(b.from) <= few {
		return s.disk.written(files...)
	}
	var err error
	for _, f := range files {
		err = errors.Join(err, f.Close())
	}
	return errors.Join(err, s.disk.flushAll(b.from))
}

// abandon removes what a batch has staged.
func (s *Store) abandon(b *batch) {
	for _, f := range b.files {
		f.Close()
	}
	b.files = nil
	s.discard(b.from...)
}
