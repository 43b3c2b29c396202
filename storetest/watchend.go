package storetest

import (
	"context"
	"runtime/pprof"
	"strconv"
	"time"

	"github.com/go-prompty/prompty"
)

// closed waits for the channel's end.
func (w *watch) closed(why string) {
	w.t.Helper()
	timer := time.NewTimer(w.t.claims.patience)
	defer timer.Stop()
	for {
		select {
		case _, ok := <-w.ch:
			if !ok {
				return
			}
		case <-timer.C:
			w.t.Fatalf("the channel is still open %v after %s", w.t.claims.patience, why)
		}
	}
}

func checkWatchCancelled(t *trial) {
	s := t.storage()
	ctx, cancel := context.WithCancel(t.ctx())
	defer cancel()
	w, idle, other := t.watch(ctx, s), t.watch(ctx, s), t.watch(t.ctx(), s)
	t.saveText(s, "doc", "one") // pending in w
	idle.until("doc")
	cancel()
	w.closed("its context ended")
	idle.closed("its context ended")
	other.until("doc")
	t.saveText(s, "doc", "two")
	other.until("doc")
}

func checkWatchClose(t *trial) {
	s := t.storage()
	w, idle := t.watch(t.ctx(), s), t.watch(t.ctx(), s)
	t.saveText(s, "doc", "one") // pending in w
	idle.until("doc")
	if err := s.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	w.closed("Close")
	idle.closed("Close")
}

// checkWatchBesideClose wants a watch that begins while the storage is closed
// to be refused, or to end.
func checkWatchBesideClose(t *trial) {
	for range 4 {
		s := t.storage()
		ctx, c := t.ctx(), capabilityOf[prompty.Watcher](t, s, "Watcher")
		var fns []func()
		channels := make(chan (<-chan prompty.ChangeBatch), 4)
		for range cap(channels) {
			fns = append(fns, func() {
				ch, err := c.Watch(ctx)
				if err == nil {
					channels <- ch
				} else if !t.wantErr(err, prompty.ErrClosed, "Watch beside Close") {
					return
				}
			})
		}
		all(append(fns, func() {
			if err := s.Close(); err != nil {
				t.Errorf("Close beside Watch: %v", err)
			}
		})...)
		close(channels)
		for ch := range channels {
			(&watch{t, ch}).closed("Close")
		}
		_, err := c.Watch(ctx)
		t.wantErr(err, prompty.ErrClosed, "Watch after Close")
	}
}

// comeAndGo makes watches that end with something pending. One that stays lets
// the storage keep what all watches share.
func comeAndGo(t *trial, s prompty.TemplateStorage, rounds int) {
	t.Helper()
	for range rounds {
		ctx, cancel := context.WithCancel(t.ctx())
		read, unread := t.watch(ctx, s), t.watch(ctx, s)
		if c, ok := prompty.As[prompty.Resumer](s); ok {
			if _, err := c.WatchFrom(ctx, "no revision"); err != nil {
				t.Errorf("WatchFrom: %v", err)
			}
		}
		t.saveText(s, "doc", "text")
		read.until("doc")
		cancel()
		read.closed("its context ended")
		unread.closed("its context ended")
	}
}

func checkWatchGoroutines(t *trial) {
	s := t.storage()
	stays := t.watch(t.ctx(), s)
	label := strconv.FormatInt(time.Now().UnixNano(), 36) + t.Name()
	pprof.Do(context.Background(), pprof.Labels("storetest", label), func(context.Context) { comeAndGo(t, s, 4) })
	var left string
	if !t.eventually(func() bool { left = labelled(label); return left == "" }) {
		t.Errorf("goroutines of watches live on after their contexts ended:\n%s", shorten(left))
	}
	stays.until("doc")
}

func checkWatchFiles(t *trial) {
	const rounds = 24
	s := t.storage()
	stays := t.watch(t.ctx(), s)
	comeAndGo(t, s, 1)
	before, ok := openFiles()
	if !ok {
		t.Skip("this system does not tell which files are open")
	}
	comeAndGo(t, s, rounds)
	var after int
	if !t.eventually(func() bool { after, _ = openFiles(); return after < before+rounds }) {
		t.Errorf("%d files were open before, %d after %d watches came and went", before, after, rounds)
	}
	stays.until("doc")
}
