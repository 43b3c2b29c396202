package fsstore

import (
	"context"
	"path"
	"strconv"
)

// batch records many edits with one flush: the first List of a folder of
// 10,000 files makes 10,000 versions.
type batch struct{ from, to []string }

func (b *batch) next() string { return "batch" + strconv.Itoa(len(b.from)) }

func (b *batch) add(from, to string) { b.from, b.to = append(b.from, from), append(b.to, to) }

// commit makes the recorded versions live, durable first.
func (s *Store) commit(ctx context.Context, b *batch) error {
	if len(b.from) == 0 {
		return nil
	}
	err := ctx.Err()
	if err == nil {
		err = s.disk.flushAll(b.from)
	}
	dirs := []string{versionsDir}
	for i := 0; i < len(b.from) && err == nil; i++ {
		err = s.disk.rename(b.from[i], b.to[i])
		dirs = append(dirs, path.Dir(b.to[i]))
	}
	if err != nil {
		s.discard(b.from...)
		return err
	}
	if len(dirs) > 8 {
		return s.disk.flushAll(b.to)
	}
	return s.disk.flushDirs(dirs...)
}
