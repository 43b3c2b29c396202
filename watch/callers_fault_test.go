//go:build linux

package watch_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/go-prompty/prompty/watch"
)

// TestSlowSubscriber has one that never reads and one that stops in the middle.
func TestSlowSubscriber(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for i := range 20 {
		put(t, filepath.Join(root, fmt.Sprintf("f%d.txt", i)), "start")
	}
	f := openFolder(t, root, watch.Options{Ring: 4})
	never := f.Watch(t.Context(), "") // armed, never ranged over
	stuck, brisk := follow(t, f), follow(t, f)
	stuck.hold(true)
	for n := range 40 {
		for i := range 20 {
			put(t, filepath.Join(root, fmt.Sprintf("f%d.txt", i)), fmt.Sprintf("%d in turn %d", i, n))
		}
		put(t, filepath.Join(root, "new.txt"), fmt.Sprint(n))
		brisk.untilEqual(root)
		must(t, os.Remove(filepath.Join(root, "new.txt")))
		brisk.untilEqual(root)
	}
	brisk.settle(root)
	stuck.hold(false)
	stuck.settle(root)
	if n := len(stuck.since(0)); n > 3 {
		t.Errorf("who reads late gets %d batches, want what was missed in one", n)
	}
	for b := range never {
		changed := 0
		for _, c := range b.Changes {
			if c.Name == "new.txt" && c.Kind == watch.Deleted {
				continue // came and went
			}
			if changed++; c.Kind != watch.Changed || c.PrevHash != hashOf("start") {
				t.Errorf("who never read is told of %+v, want Changed from the start", c)
			}
		}
		if changed != 20 {
			t.Errorf("who never read is told of %d files, want 20 in one batch", changed)
		}
		break
	}
	// One that is cancelled while it waits, and one before it began.
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	batches := f.Watch(ctx, "")
	go func() {
		defer close(ended)
		for range batches {
		}
	}()
	cancel()
	select {
	case <-ended:
	case <-time.After(patience):
		t.Error("a cancelled subscription goes on")
	}
	for range f.Watch(ctx, "") {
		t.Error("a subscription that was cancelled before it began yields")
	}
}

// TestUnknownRevision resumes from where nobody ever was.
func TestUnknownRevision(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	put(t, filepath.Join(root, "x.txt"), "one")
	f := openFolder(t, root, watch.Options{})
	for b := range f.Watch(t.Context(), "never given") {
		if !b.Resync {
			t.Errorf("the first batch after an unknown revision is %+v, want Resync", b)
		}
		if now, _ := f.List(); b.To != now {
			t.Errorf("the batch leads to %v, List is at %v", b.To, now)
		}
		break
	}
	// Of a ring of two, the one before is known and the tenth before is not.
	f = openFolder(t, root, watch.Options{Ring: 2})
	first, _ := f.List()
	st := follow(t, f)
	var before watch.Revision
	for n := range 10 {
		before, _ = f.List()
		put(t, filepath.Join(root, "x.txt"), fmt.Sprint(n))
		st.untilEqual(root)
	}
	for from, resync := range map[watch.Revision]bool{first: true, before: false} {
		for b := range f.Watch(t.Context(), from) {
			if b.Resync != resync {
				t.Errorf("from revision %v: %+v, want Resync %v", from, b, resync)
			}
			break
		}
	}
}

// TestClosed wants everything to end at Close, whatever it is doing.
func TestClosed(t *testing.T) {
	t.Parallel()
	everyMode(t, func(t *testing.T, mode watch.Mode) {
		for range 10 {
			root := t.TempDir()
			put(t, filepath.Join(root, "a/x.txt"), "one")
			f, err := watch.Open(t.Context(), root, watch.Options{Mode: mode})
			must(t, err)
			batches := f.Watch(t.Context(), "")
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				for range batches {
				}
			}()
			synced := make(chan error, 1)
			go func() { synced <- f.Sync(t.Context()) }()
			put(t, filepath.Join(root, "a/y.txt"), "two")
			must(t, f.Close())
			for what, c := range map[string]<-chan struct{}{"a subscription": ended} {
				select {
				case <-c:
				case <-time.After(patience):
					t.Errorf("%s goes on after Close", what)
				}
			}
			select {
			case err := <-synced:
				if err != nil && !errors.Is(err, watch.ErrClosed) {
					t.Errorf("Sync during Close: %v, want nil or ErrClosed", err)
				}
			case <-time.After(patience):
				t.Error("Sync goes on after Close")
			}
			if err := f.Sync(t.Context()); !errors.Is(err, watch.ErrClosed) {
				t.Errorf("Sync after Close: %v, want ErrClosed", err)
			}
			f.List()
			f.Status()
		}
	})
}

// TestSyncCancelled wants Sync to end with its context though a file is not
// ready, and ever will be.
func TestSyncCancelled(t *testing.T) {
	t.Parallel()
	everyMode(t, func(t *testing.T, mode watch.Mode) {
		root := t.TempDir()
		f := openFolder(t, root, watch.Options{Mode: mode})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := f.Sync(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Sync with a cancelled context: %v", err)
		}
		open, err := os.Create(filepath.Join(root, "x.txt"))
		must(t, err)
		defer open.Close()
		_, err = open.WriteString("half")
		must(t, err)
		ctx, cancel = context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- f.Sync(ctx) }()
		cancel()
		select {
		case err := <-ended:
			if err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("Sync: %v, want nil or that it was cancelled", err)
			}
		case <-time.After(patience):
			t.Error("Sync goes on though its context is cancelled")
		}
	})
}

// TestSyncWaits calls Sync while a file is half written: it returns when the
// whole of it is told.
func TestSyncWaits(t *testing.T) {
	t.Parallel()
	everyMode(t, func(t *testing.T, mode watch.Mode) {
		root := t.TempDir()
		put(t, filepath.Join(root, "x.txt"), "start")
		f := openFolder(t, root, watch.Options{Mode: mode})
		st := follow(t, f)
		whole := map[watch.Hash]bool{hashOf("start"): true}
		for n := range 10 {
			body := text(n)
			whole[hashOf(body)] = true
			file, err := os.Create(filepath.Join(root, "x.txt"))
			must(t, err)
			_, err = file.WriteString(body[:len(body)/2])
			must(t, err)
			synced := make(chan error, 1)
			go func() { synced <- f.Sync(t.Context()) }()
			for range n { // the earlier, the later
				runtime.Gosched()
			}
			_, err = file.WriteString(body[len(body)/2:])
			must(t, err)
			must(t, file.Close())
			select {
			case err := <-synced:
				must(t, err)
			case <-time.After(patience):
				t.Fatalf("Sync goes on though the file is closed; status %+v", f.Status())
			}
			if got := listed(f)["x.txt"]; got != hashOf(body) {
				t.Errorf("after Sync, the hash is %v, want that of the whole text %d", got, n)
			}
		}
		st.settle(root)
		st.wantWhole(whole)
	})
}

// TestOpenCancelled opens with a context that is over.
func TestOpenCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if f, err := watch.Open(ctx, t.TempDir(), watch.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Open with a cancelled context: %v", err)
		if err == nil {
			f.Close()
		}
	}
}
