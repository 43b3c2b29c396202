package postgres_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/testserver"
)

// A server that says nothing any more ends calls whose contexts would wait for
// ever, and a save says that it may have happened.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	server := testserver.Postgres(t)
	network, address := server.Addr()
	if network == "" {
		t.Skip("the server's address is not known")
	}
	proxy := testserver.NewProxy(t, network, address)
	s := open(t, via(placeOn(server), proxy.Addr()))
	save(t, s, "a")
	proxy.Stall(true)
	ctx := context.WithoutCancel(t.Context())
	var all sync.WaitGroup
	var got, saved error
	all.Go(func() { _, got = s.Get(ctx, "a") })
	all.Go(func() { saved = s.Save(ctx, &prompty.StoredTemplate{Name: "a"}) })
	all.Wait()
	for op, err := range map[string]error{"Get": got, "Save": saved} {
		if err == nil || !strings.Contains(err.Error(), "has not answered for 10s") && !strings.Contains(err.Error(), "failed to connect") {
			t.Errorf("%s: %v, want an error that says who is silent", op, err)
		}
	}
	proxy.Stall(false)
	save(t, s, "b")
}
