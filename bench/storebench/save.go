package storebench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/bench/internal/report"
	"github.com/go-prompty/prompty/fsstore"
)

// save compares a Save that outlives power loss, and the recording of an edit,
// with the least that makes one file of the same bytes outlive it.
func (c *Config) save(ctx context.Context) (_ []report.Row, err error) {
	const prompts = 20
	ours, theirs := filepath.Join(c.Dir, "saved"), filepath.Join(c.Dir, "by-hand")
	s, err := fsstore.Open(ours, fsstore.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	for _, dir := range []string{ours, theirs} {
		for i := range c.Folders {
			if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(c.name(i))), 0o755); err != nil {
				return nil, err
			}
		}
	}
	file := func(dir, name string) string { return filepath.Join(dir, filepath.FromSlash(name)+".prompty") }
	store := func(name, text string) error {
		return s.Save(ctx, &prompty.StoredTemplate{Name: name, Source: text})
	}
	for i := range prompts {
		if err := store(c.name(i), text(i, 0)); err != nil {
			return nil, err
		}
	}
	one := func(name string, fn func(i, round int) error) side {
		return side{name, func(round int) (time.Duration, error) {
			start := time.Now()
			err := fn(round%prompts, round)
			return time.Since(start), err
		}}
	}
	got, err := inTurn(ctx, c.Saves,
		one("Save", func(i, round int) error { return store(c.name(i), text(i, round)) }),
		one("Save of a new template", func(i, round int) error {
			return store(fmt.Sprint(c.name(i), "-", round), text(i, round))
		}),
		side{"edit", func(round int) (time.Duration, error) {
			i := round % prompts
			name := c.name(i) + "-edited"
			if err := os.WriteFile(file(ours, name), []byte(text(i, round)), 0o644); err != nil {
				return 0, err
			}
			start := time.Now()
			t, err := s.Get(ctx, name)
			if err == nil && t.Source != text(i, round) {
				err = errors.New("the edit is not what is returned")
			}
			return time.Since(start), err
		}},
		one("by hand", func(i, round int) error {
			return replaceFlushed(file(theirs, c.name(i)), []byte(text(i, round)))
		}))
	if err != nil {
		return nil, err
	}
	for i := range min(prompts, c.Saves+1) {
		mine, err1 := os.ReadFile(file(ours, c.name(i)))
		hand, err2 := os.ReadFile(file(theirs, c.name(i)))
		t, err3 := s.Get(ctx, c.name(i))
		if err := errors.Join(err1, err2, err3); err != nil {
			return nil, err
		}
		if string(mine) != string(hand) || t.Source != string(hand) {
			return nil, fmt.Errorf("%s differs between Save and by hand", c.name(i))
		}
	}
	const beside = "write, fsync, rename, fsync of the folder"
	return []report.Row{
		ratio("filesystem: Save", got[0], got[3], beside, 1.3),
		ratio("filesystem: Save of a new template", got[1], got[3], beside, 1.3),
		ratio("filesystem: Get that makes an edit by hand a version", got[2], got[3], beside, 1.3),
	}, nil
}

// replaceFlushed puts data into a file so that a crash leaves the old or the
// new, and the new outlives power loss once it returns.
func replaceFlushed(path string, data []byte) error {
	f, err := os.OpenFile(path+".tmp", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
