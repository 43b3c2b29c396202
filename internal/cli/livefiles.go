package cli

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/go-prompty/prompty/watch"
)

// watchedFiles are files outside of the storage: data, or a prompt of its own.
// What read returns was verified by the watch, so it is never half a file.
type watchedFiles struct {
	app     *app
	changed chan string // paths whose content is another one; read by one
	folders []*watch.Folder
	cancel  context.CancelFunc
	work    sync.WaitGroup

	mu    sync.Mutex // guards the field below
	known map[string]content
}

// content is what a file holds, or why it cannot be read.
type content struct {
	data []byte
	err  error
}

// watchFiles watches the folders that the files are in. Empty paths are none,
// and standard input is read once.
func watchFiles(ctx context.Context, a *app, paths []string) (*watchedFiles, error) {
	w := &watchedFiles{app: a, changed: make(chan string), known: make(map[string]content)}
	ctx, w.cancel = context.WithCancel(ctx)
	byFolder := make(map[string][]string)
	for _, path := range paths {
		if path == "" || path == "-" {
			continue
		}
		if _, err := os.Stat(path); err != nil {
			return nil, errors.Join(err, w.close())
		}
		dir := filepath.Dir(path)
		byFolder[dir] = append(byFolder[dir], path)
	}
	for dir, paths := range byFolder {
		if err := w.follow(ctx, dir, paths); err != nil {
			return nil, errors.Join(fmt.Errorf("watch %s: %w", dir, err), w.close())
		}
	}
	return w, nil
}

// follow keeps known what the files in one folder hold.
func (w *watchedFiles) follow(ctx context.Context, dir string, paths []string) error {
	named := make(map[string][]string) // a file may have been given twice, as a and ./a
	for _, path := range paths {
		base := filepath.Base(path)
		if !slices.Contains(named[base], path) {
			named[base] = append(named[base], path)
		}
	}
	folder, err := watch.Open(ctx, dir, watch.Options{
		Match:   func(name string) bool { return named[name] != nil },
		Enter:   func(string) bool { return false },
		MaxFile: max(maxData, maxPrompt) + 1,
	})
	if err != nil {
		return err
	}
	w.folders = append(w.folders, folder)
	revision, files := folder.List()
	batches := folder.Watch(ctx, revision)
	for _, f := range files {
		for _, path := range named[f.Name] {
			w.take(path, f.Hash)
		}
	}
	w.work.Go(func() {
		for b := range batches {
			for _, c := range b.Changes {
				for _, path := range named[c.Name] {
					if c.Kind == watch.Deleted {
						w.keep(path, content{err: &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}})
					} else if !w.take(path, c.Hash) {
						continue // it has changed again, which is the next batch
					}
					select {
					case w.changed <- path:
					case <-ctx.Done():
						return
					}
				}
			}
		}
	})
	return nil
}

// take reads a file and keeps the content if it is the one that the watch has
// verified.
func (w *watchedFiles) take(path string, want watch.Hash) bool {
	data, err := w.app.read(path, max(maxData, maxPrompt))
	if err == nil {
		if sum := sha256.Sum256(data); watch.Hash(sum[:len(want)]) != want {
			return false
		}
	}
	w.keep(path, content{data, err})
	return true
}

func (w *watchedFiles) keep(path string, c content) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.known[path] = c
}

// read is app.read for the files that are watched, and for standard input,
// which it remembers.
func (w *watchedFiles) read(path string, most int64) ([]byte, error) {
	w.mu.Lock()
	c, ok := w.known[path]
	w.mu.Unlock()
	if !ok {
		if path != "-" {
			return nil, fmt.Errorf("%s is being written", path)
		}
		c.data, c.err = w.app.read(path, max(maxData, maxPrompt))
		w.keep(path, c)
	}
	if c.err == nil && int64(len(c.data)) > most {
		return nil, fmt.Errorf("%s has more than %d bytes, which is the limit", path, most)
	}
	return c.data, c.err
}

// close ends the watching and waits for it.
func (w *watchedFiles) close() error {
	w.cancel()
	w.work.Wait()
	var errs []error
	for _, f := range w.folders {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}
