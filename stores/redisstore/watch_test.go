package redisstore

import (
	"context"
	"maps"
	"testing"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/testserver"
)

// TestEmptied has someone empty the database and forget all scripts: who watches
// is told that everything is gone, the storage goes on, and a snapshot does not
// show another past.
func TestEmptied(t *testing.T) {
	t.Parallel()
	server := testserver.OwnRedis(t)
	r := admin(t, server.URL())
	s := mustOpen(t, with(server.URL(), "resync", "50ms", "poll", "50ms"))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, name := range []string{"a", "b", "c"} {
		mustSave(t, s, name, "1")
	}
	mustSave(t, s, "a", "2")
	batches, err := mustCapability[prompty.Watcher](t, s).Watch(ctx)
	if err != nil {
		t.Fatal(err)
	}
	told := make(map[string]prompty.ChangeKind)
	until := func(want map[string]prompty.ChangeKind) {
		t.Helper()
		for !maps.Equal(told, want) {
			b, ok := <-batches
			if !ok {
				t.Fatalf("told of %v, want %v", told, want)
			}
			for _, c := range b.Changes {
				told[c.Name] = c.Kind
			}
		}
		clear(told)
	}
	view := mustSnapshot(t, s)
	must(t, r, "FLUSHALL")
	must(t, r, "SCRIPT", "FLUSH")
	until(map[string]prompty.ChangeKind{"a": prompty.Deleted, "b": prompty.Deleted, "c": prompty.Deleted})
	if list, err := s.List(ctx, nil); err != nil || len(list) > 0 {
		t.Errorf("List = %v, %v", list, err)
	}
	_, err = view.Get(ctx, "a")
	says(t, err, "expired")
	mustSave(t, s, "b", "new")
	until(map[string]prompty.ChangeKind{"b": prompty.Created})
	_, err = view.List(ctx, nil)
	says(t, err, "expired")
	if tmpl, err := s.Get(ctx, "b"); err != nil || tmpl.Source != "new" {
		t.Errorf("Get = %v, %v", tmpl, err)
	}
	if tmpl, err := mustSnapshot(t, s).Get(ctx, "b"); err != nil || tmpl.Source != "new" {
		t.Errorf("Get in a snapshot = %v, %v", tmpl, err)
	}
	other := mustOpen(t, server.URL())
	if tmpl := mustSave(t, other, "b", "newer"); tmpl.Version != 2 {
		t.Errorf("the next version is %d", tmpl.Version)
	}
	until(map[string]prompty.ChangeKind{"b": prompty.Changed})
}

// TestHungConnection has the connection on which changes are told hang: that is
// noticed without anyone changing anything.
func TestHungConnection(t *testing.T) {
	t.Parallel()
	server := testserver.Redis(t)
	network, address := server.Addr()
	proxy := testserver.NewProxy(t, network, address)
	where := place(server)
	through := mustOpen(t, with(via(where, proxy.Addr()), "resync", "1h"))
	if status := watched(t, through); status.Mode != "push" {
		t.Fatalf("it watches by %q: %v", status.Mode, status)
	}
	proxy.Stall(true)
	status := mustCapability[interface{ WatchStatus() prompty.WatchStatus }](t, through)
	for deadline := time.Now().Add(time.Minute); status.WatchStatus().Mode == "push"; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a connection that hangs counts as good")
		}
	}
	proxy.Stall(false)
	for deadline := time.Now().Add(time.Minute); status.WatchStatus().Mode != "push"; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not listen again")
		}
	}
}
