package backend

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-prompty/prompty"
)

// watched is a storage in a synctest bubble, with somebody who watches it.
func watched(t *testing.T, b Backend, watch WatchOptions) (prompty.TemplateStorage, <-chan prompty.ChangeBatch) {
	t.Helper()
	s := New(b, Options{Driver: "shelf", Secrets: []string{"s3cret"}, Watch: watch})
	ch, err := s.(prompty.Watcher).Watch(t.Context())
	if err != nil {
		t.Fatalf("Watch: %v", err)
	}
	return s, ch
}

func save(t *testing.T, s interface {
	Save(context.Context, *prompty.StoredTemplate) error
}, name string) {
	t.Helper()
	if err := s.Save(t.Context(), &prompty.StoredTemplate{Name: name, Source: "text"}); err != nil {
		t.Fatalf("Save(%q): %v", name, err)
	}
}

// next is the next batch with changes, and how long it took.
func next(t *testing.T, ch <-chan prompty.ChangeBatch) (prompty.ChangeBatch, time.Duration) {
	t.Helper()
	for start := time.Now(); ; {
		select {
		case b := <-ch:
			if len(b.Changes) > 0 {
				return b, time.Since(start)
			}
		case <-time.After(time.Hour):
			t.Fatal("nothing was told for an hour")
		}
	}
}

func wantChange(t *testing.T, b prompty.ChangeBatch, name string, kind prompty.ChangeKind) {
	t.Helper()
	if len(b.Changes) != 1 || b.Changes[0] != (prompty.Change{Name: name, Kind: kind}) {
		t.Errorf("told %+v, want %s %s alone", b.Changes, name, kind)
	}
}

// other is another process's handle on the shelf.
func other(s *shelf) prompty.TemplateStorage { return New(s, Options{}) }

// What the server forgets to tell is found when all heads are compared.
func TestResyncFindsWhatWasLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shelf := newShelf()
		s, ch := watched(t, teller{shelf}, WatchOptions{Resync: 10 * time.Second})
		defer s.Close()
		synctest.Wait() // it listens
		shelf.mu.Lock()
		shelf.lost = true
		shelf.mu.Unlock()
		o := other(shelf)
		defer o.Close()
		save(t, o, "doc")
		b, took := next(t, ch)
		wantChange(t, b, "doc", prompty.Created)
		if took < 5*time.Second || took > 11*time.Second {
			t.Errorf("told after %v, want the resync of every 10s", took)
		}
	})
}

// A server that tells is not polled.
func TestPushedIsNotPolled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shelf := newShelf()
		s, ch := watched(t, teller{shelf}, WatchOptions{Poll: time.Second, Resync: time.Hour})
		defer s.Close()
		synctest.Wait()
		if mode := s.(*store).WatchStatus().Mode; mode != "push" {
			t.Errorf("mode = %q, want push", mode)
		}
		o := other(shelf)
		defer o.Close()
		save(t, o, "doc")
		if _, took := next(t, ch); took > 0 {
			t.Errorf("a change that the server told took %v", took)
		}
		before := shelf.whole
		time.Sleep(30 * time.Minute)
		if shelf.whole != before {
			t.Errorf("all heads were compared %d times in half an hour, want each hour", shelf.whole-before)
		}
	})
}

// A line that is cut means polling until there is another one.
func TestListenAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shelf := newShelf()
		s, ch := watched(t, teller{shelf}, WatchOptions{Poll: 3 * time.Second, Resync: time.Hour})
		defer s.Close()
		synctest.Wait()
		next := func(want string) *prompty.WatchStatus {
			t.Helper()
			for {
				select {
				case b := <-ch:
					if b.Watch != nil && b.Watch.Mode == want {
						return b.Watch
					}
				case <-time.After(time.Hour):
					t.Fatalf("no news of mode %s", want)
				}
			}
		}
		shelf.mu.Lock()
		shelf.broken = errors.New("the server is down, password s3cret")
		for ear := range maps.Clone(shelf.ears) {
			delete(shelf.ears, ear)
			close(ear)
		}
		shelf.mu.Unlock()
		status := next("poll")
		if status.Degraded == "" {
			t.Errorf("status = %+v, want it degraded", status)
		}
		time.Sleep(time.Minute)
		status = new(s.(*store).WatchStatus())
		if !strings.Contains(status.Degraded, "does not answer") || !strings.Contains(status.LastError, "server is down") || strings.Contains(status.LastError, "s3cret") {
			t.Errorf("status = %+v, want why it is degraded, without the secret", status)
		}
		d, err := s.(prompty.Describer).Describe(t.Context())
		if err != nil || d.Driver != "shelf" || len(d.Problems) != 1 {
			t.Errorf("Describe = %+v, %v, want the problem", d, err)
		}
		if _, err := s.(prompty.Watcher).Watch(t.Context()); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("Watch of a server that is down: %v, want an error without the secret", err)
		}
		shelf.mu.Lock()
		shelf.broken = nil
		shelf.mu.Unlock()
		if status := next("push"); status.Degraded != "" && !strings.Contains(status.Degraded, "does not answer") {
			t.Errorf("status = %+v, want it well", status)
		}
		time.Sleep(time.Minute)
		if status := s.(*store).WatchStatus(); status.Degraded != "" || status.LastSync.IsZero() {
			t.Errorf("status = %+v, want it well", status)
		}
	})
}

// notify=off never listens.
func TestNoPush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shelf := newShelf()
		s, ch := watched(t, teller{shelf}, WatchOptions{NoPush: true, Poll: 5 * time.Second})
		defer s.Close()
		synctest.Wait()
		if len(shelf.ears) != 0 {
			t.Error("the server was listened to")
		}
		o := other(shelf)
		defer o.Close()
		save(t, o, "doc")
		if _, took := next(t, ch); took != 5*time.Second {
			t.Errorf("told after %v, want 5s", took)
		}
	})
}

// slowHeads is a backend that takes its time to tell all heads.
type slowHeads struct{ *shelf }

func (s slowHeads) Heads(ctx context.Context, since string) ([]Head, string, error) {
	select {
	case <-time.After(time.Minute):
		return s.shelf.Heads(ctx, since)
	case <-ctx.Done():
		return nil, "", ctx.Err()
	}
}

// A watch that begins, and a Sync, when the storage is closed.
func TestWatchBesideClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, synced := New(slowHeads{newShelf()}, Options{}), New(slowHeads{newShelf()}, Options{})
		if _, err := synced.(prompty.Watcher).Watch(t.Context()); err != nil {
			t.Fatal(err)
		}
		failed := make(chan error, 2)
		go func() {
			_, err := began.(prompty.Watcher).Watch(t.Context())
			failed <- err
		}()
		go func() { failed <- synced.(prompty.Syncer).Sync(t.Context()) }()
		synctest.Wait()
		began.Close()
		synced.Close()
		for range 2 {
			if err := <-failed; !errors.Is(err, prompty.ErrClosed) {
				t.Errorf("beside Close: %v, want ErrClosed", err)
			}
		}
	})
}

// A head that is gone from the database was deleted.
func TestHeadIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shelf := newShelf()
		o := other(shelf)
		defer o.Close()
		save(t, o, "doc")
		s, ch := watched(t, shelf, WatchOptions{})
		defer s.Close()
		shelf.mu.Lock()
		delete(shelf.heads, "doc")
		shelf.mu.Unlock()
		b, _ := next(t, ch)
		wantChange(t, b, "doc", prompty.Deleted)
	})
}

func TestKinds(t *testing.T) {
	for _, c := range []struct {
		before, now Head
		want        prompty.ChangeKind
	}{
		{Head{}, Head{Version: 1, Change: 1}, prompty.Created},
		{Head{Version: 1, Change: 1}, Head{Version: 2, Change: 2}, prompty.Changed},
		{Head{Version: 2, Change: 2}, Head{Version: 2, Change: 3}, prompty.Changed}, // an old version was deleted
		{Head{Version: 2, Change: 2}, Head{Change: 3}, prompty.Deleted},
		{Head{}, Head{Change: 2}, prompty.Deleted}, // it came and went
		{Head{Change: 2}, Head{Change: 2}, ""},
	} {
		if got := kindOf(c.before, c.now); got != c.want {
			t.Errorf("kindOf(%+v, %+v) = %q, want %q", c.before, c.now, got, c.want)
		}
	}
}
