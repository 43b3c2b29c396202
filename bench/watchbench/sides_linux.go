package watchbench

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/go-prompty/prompty"
	_ "github.com/go-prompty/prompty/fsstore" // the driver
	"github.com/go-prompty/prompty/watch"
	"github.com/spf13/viper"
	"golang.org/x/sys/unix"
)

// debounce is what is usually waited for after an event, so that the file is
// whole and only read once.
const debounce = 100 * time.Millisecond

// heard is a text that a side holds, and since when.
type heard struct {
	at   int64
	text string
	hash watch.Hash // in the place of the text, of a side that goes by it
}

func (h heard) is(text string, hash watch.Hash) bool { return h.text == text || h.hash == hash }

// side is one of those that are compared. It says what the file holds whenever
// it has heard of a change.
type side struct {
	name  string
	every int // edits of the others for one of this
	path  string
	more  []string // further files, to be edited in turn with path
	edits int
	heard chan heard
	close func() error
}

func (s *side) hears(text []byte) { s.heard <- heard{at: monotonic(), text: string(text)} }

// The sides, by their place in what start returns.
const (
	ours = iota
	byHand
	engine  // which does not flush the versions that it records
	durable // which does, as is its default
	viperSide
	debounced
	sides
)

func startSides(ctx context.Context, dir string) ([]*side, error) {
	all := make([]*side, 0, sides)
	for _, one := range []struct {
		name, file string
		every      int
		start      func(context.Context, *side) error
	}{
		{"watch", "text.yaml", 1, startFolder},
		{"inotify and `os.ReadFile`", "text.yaml", 1, startByHand},
		{"`Execute`, sync=none", "text.prompty", 1, func(ctx context.Context, s *side) error { return startEngine(ctx, s, "?sync=none") }},
		{"`Execute`", "text.prompty", 2, func(ctx context.Context, s *side) error { return startEngine(ctx, s, "") }},
		{"viper", "text.yaml", 5, startViper},
		{"fsnotify and 100 ms", "text.yaml", 10, startDebounced},
	} {
		own, err := os.MkdirTemp(dir, "side")
		if err != nil {
			return all, err
		}
		s := &side{name: one.name, every: one.every, path: filepath.Join(own, one.file), heard: make(chan heard, 1000)}
		if err := os.WriteFile(s.path, []byte(content(0)), 0o644); err != nil {
			return all, err
		}
		if err := one.start(ctx, s); err != nil {
			return all, err
		}
		all = append(all, s)
	}
	return all, nil
}

// startFolder is package watch: what it publishes is verified by content.
func startFolder(ctx context.Context, s *side) error {
	folder, err := watch.Open(ctx, filepath.Dir(s.path), watch.Options{})
	if err != nil {
		return err
	}
	s.close = folder.Close
	batches := folder.Watch(ctx, "")
	go func() {
		for batch := range batches {
			for _, c := range batch.Changes {
				s.heard <- heard{at: monotonic(), hash: c.Hash}
			}
		}
	}()
	return nil
}

// prompts is how many files are edited in turn where each edit becomes a
// version, so that none has more of them than people's.
const prompts = 20

// startEngine is what programs use: a storage engine over a folder. It records
// each edit as a version before it renders it.
func startEngine(ctx context.Context, s *side, options string) error {
	storage, err := prompty.OpenStorage("filesystem", filepath.Dir(s.path)+options)
	if err != nil {
		return err
	}
	se, err := prompty.NewStorageEngine(prompty.StorageEngineConfig{Storage: storage})
	if err != nil {
		return errors.Join(err, storage.Close())
	}
	s.close = func() error { return errors.Join(se.Close(), storage.Close()) }
	for i := range prompts - 1 {
		path := filepath.Join(filepath.Dir(s.path), fmt.Sprintf("text%d.prompty", i))
		if err := os.WriteFile(path, []byte(content(0)), 0o644); err != nil {
			return err
		}
		s.more = append(s.more, path)
	}
	se.OnChange(func(batch prompty.ChangeBatch) {
		for _, c := range batch.Changes {
			if text, err := se.Execute(ctx, c.Name, nil); err == nil {
				s.hears([]byte(text))
			}
		}
	})
	for _, path := range append(s.more, s.path) {
		name := strings.TrimSuffix(filepath.Base(path), ".prompty")
		if _, err := se.Execute(ctx, name, nil); err != nil {
			return err
		}
	}
	return se.Sync(ctx)
}

// startByHand reads the file when inotify says that it is complete, with
// nothing between.
func startByHand(_ context.Context, s *side) error {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC)
	if err != nil {
		return err
	}
	wd, err := unix.InotifyAddWatch(fd, filepath.Dir(s.path), unix.IN_CLOSE_WRITE|unix.IN_MOVED_TO)
	if err != nil {
		return errors.Join(err, unix.Close(fd))
	}
	done := make(chan error)
	s.close = func() error {
		_, err := unix.InotifyRmWatch(fd, uint32(wd)) // tells of itself, which ends the loop
		return errors.Join(err, <-done, unix.Close(fd))
	}
	go func() { done <- s.readByHand(fd) }()
	return nil
}

func (s *side) readByHand(fd int) error {
	buf := make([]byte, 64<<10)
	for {
		n, err := unix.Read(fd, buf)
		if err != nil {
			return err
		}
		for rest := buf[:n]; len(rest) > 0; {
			mask := binary.NativeEndian.Uint32(rest[4:])
			size := unix.SizeofInotifyEvent + binary.NativeEndian.Uint32(rest[12:])
			name, _, _ := bytes.Cut(rest[unix.SizeofInotifyEvent:size], []byte{0})
			rest = rest[size:]
			if mask&unix.IN_IGNORED != 0 {
				return nil
			}
			if string(name) != filepath.Base(s.path) {
				continue
			}
			if text, err := os.ReadFile(s.path); err == nil {
				s.hears(text)
			}
		}
	}
}

// startViper is how many programs reload their configuration. It cannot be
// ended.
func startViper(_ context.Context, s *side) error {
	v := viper.New()
	v.SetConfigFile(s.path)
	if err := v.ReadInConfig(); err != nil {
		return err
	}
	v.OnConfigChange(func(fsnotify.Event) { s.hears([]byte(v.GetString("text"))) })
	v.WatchConfig()
	s.close = func() error { return nil }
	return nil
}

// startDebounced reads the file when nothing has happened to it for a while.
func startDebounced(_ context.Context, s *side) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	if err := w.Add(filepath.Dir(s.path)); err != nil {
		return errors.Join(err, w.Close())
	}
	s.close = w.Close
	go func() {
		timer := time.NewTimer(debounce)
		timer.Stop()
		defer timer.Stop()
		for {
			select {
			case e, ok := <-w.Events:
				if !ok {
					return
				}
				if e.Name == s.path {
					timer.Reset(debounce)
				}
			case <-timer.C:
				if text, err := os.ReadFile(s.path); err == nil {
					s.hears(text)
				}
			}
		}
	}()
	return nil
}

func hashOf(text string) watch.Hash {
	sum := sha256.Sum256([]byte(text))
	return watch.Hash(sum[:16])
}
