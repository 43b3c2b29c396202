package drivertest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
)

// copier keeps a copy of a storage by reading what a watch names, as long as
// that takes.
type copier struct {
	t *testing.T
	s prompty.TemplateStorage

	mu    sync.Mutex // guards the fields below
	copy  map[string]string
	ended bool
}

func newCopier(t *testing.T, s prompty.TemplateStorage) *copier {
	t.Helper()
	w := &copier{t: t, s: s}
	c, ok := prompty.As[prompty.Watcher](s)
	if !ok {
		t.Fatal("the storage cannot watch")
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	batches, err := c.Watch(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if w.copy, err = w.state(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer func() {
			w.mu.Lock()
			w.ended = true
			w.mu.Unlock()
		}()
		for b := range batches {
			w.take(ctx, b)
		}
	}()
	return w
}

func (w *copier) take(ctx context.Context, b prompty.ChangeBatch) {
	for b.All && ctx.Err() == nil {
		state, err := w.state()
		if err == nil {
			w.mu.Lock()
			w.copy = state
			w.mu.Unlock()
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	for _, change := range b.Changes {
		for w.look(ctx, change.Name) != nil && ctx.Err() == nil {
			time.Sleep(10 * time.Millisecond)
		}
	}
}

func (w *copier) look(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, callPatience)
	defer cancel()
	got, err := w.s.Get(ctx, name)
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case err == nil:
		w.copy[name] = fmt.Sprint(got.Version, " ", got.Source)
	case errors.Is(err, prompty.ErrTemplateNotFound):
		delete(w.copy, name)
	case errors.Is(err, prompty.ErrClosed):
	default:
		return err
	}
	return nil
}

// state is what the storage has.
func (w *copier) state() (map[string]string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), callPatience)
	defer cancel()
	list, err := w.s.List(ctx, nil)
	state := make(map[string]string)
	for _, x := range list {
		state[x.Name] = fmt.Sprint(x.Version, " ", x.Source)
	}
	return state, err
}

// settle wants the copy to become what the storage has, which nobody changes any
// more. The watch alone must see to that: nothing is asked to compare all.
func (w *copier) settle() {
	w.t.Helper()
	await(w.t, func() error {
		state, err := w.state()
		if err != nil {
			return err
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.ended {
			return errors.New("the watch ended before its context and the storage did")
		}
		if diff := cmp.Diff(state, w.copy); diff != "" {
			return fmt.Errorf("a copy that follows the watch differs from the storage (-storage +copy):\n%.2000s", diff)
		}
		return nil
	})
}

// closed is for when the storage is.
func (w *copier) closed() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.ended {
		return errors.New("the storage is closed, and the watch has not ended")
	}
	return nil
}
