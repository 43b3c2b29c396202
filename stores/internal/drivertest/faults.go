package drivertest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/testserver"
)

// faults breaks a server of the test's own, and the way to it. Nothing that was
// acknowledged may be lost, what failed may not be there twice, and the storage
// and its watch heal by themselves.
func faults(t *testing.T, d Driver) {
	if d.Own == nil {
		t.Skip("the driver has no server")
	}
	server, place := d.Own(t)
	t.Run("killed", func(t *testing.T) { killed(t, d, server, place) })
	t.Run("cut", func(t *testing.T) { cut(t, d, server, place) })
	t.Run("stalled", func(t *testing.T) { stalled(t, d, server, place) })
}

// killed ends the server as kill -9 does, and starts it again.
func killed(t *testing.T, d Driver, server *testserver.Server, place string) {
	c := newCrew(t, d.Open, place, "killed")
	for range 2 {
		c.work(5)
		server.Kill()
		c.suffer()
		server.Start()
	}
	c.work(5)
	c.finish(place)
}

// cut resets connections, now and then for long enough that no new one is made.
func cut(t *testing.T, d Driver, server *testserver.Server, place string) {
	network, address := server.Addr()
	proxy := testserver.NewProxy(t, network, address)
	c := newCrew(t, d.Open, d.Via(place, proxy.Addr()), "cut")
	for i := range 12 {
		c.work(2)
		if i%6 == 3 {
			proxy.Refuse(true)
			proxy.Cut()
			c.suffer()
			proxy.Refuse(false)
		} else {
			proxy.Cut()
		}
	}
	c.work(5)
	c.finish(place)
}

// stalled lets nothing through, while connections stay as they are: every call
// ends with its context, and Close ends those without one.
func stalled(t *testing.T, d Driver, server *testserver.Server, place string) {
	network, address := server.Addr()
	proxy := testserver.NewProxy(t, network, address)
	s, err := d.Open(d.Via(place, proxy.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	named := func(name string) *prompty.StoredTemplate {
		return &prompty.StoredTemplate{Name: "stalled/" + name, Source: "text"}
	}
	first := named("first")
	for _, tmpl := range []*prompty.StoredTemplate{first, named("deleted"), named("hidden")} {
		if err := s.Save(t.Context(), tmpl); err != nil {
			t.Fatal(err)
		}
	}
	calls := map[string]func(ctx context.Context) error{
		"Get":           func(ctx context.Context) error { _, err := s.Get(ctx, first.Name); return err },
		"GetByID":       func(ctx context.Context) error { _, err := s.GetByID(ctx, first.ID); return err },
		"GetVersion":    func(ctx context.Context) error { _, err := s.GetVersion(ctx, first.Name, 1); return err },
		"Save":          func(ctx context.Context) error { return s.Save(ctx, named("saved")) },
		"Delete":        func(ctx context.Context) error { return s.Delete(ctx, "stalled/deleted") },
		"DeleteVersion": func(ctx context.Context) error { return s.DeleteVersion(ctx, "stalled/hidden", 1) },
		"List":          func(ctx context.Context) error { _, err := s.List(ctx, nil); return err },
		"Exists":        func(ctx context.Context) error { _, err := s.Exists(ctx, first.Name); return err },
		"ListVersions":  func(ctx context.Context) error { _, err := s.ListVersions(ctx, first.Name); return err },
		"History":       func(ctx context.Context) error { _, err := prompty.History(ctx, s, first.Name); return err },
	}
	if c, ok := prompty.As[prompty.ConditionalSaver](s); ok {
		calls["SaveIf"] = func(ctx context.Context) error { return c.SaveIf(ctx, named("conditional"), 0) }
	}
	if c, ok := prompty.As[prompty.Watcher](s); ok {
		calls["Watch"] = func(ctx context.Context) error { _, err := c.Watch(ctx); return err }
	}
	if c, ok := prompty.As[prompty.Describer](s); ok {
		calls["Describe"] = func(ctx context.Context) error { _, err := c.Describe(ctx); return err }
	}

	proxy.Stall(true)
	for _, end := range []struct {
		want error
		make func() (context.Context, context.CancelFunc)
	}{
		{context.DeadlineExceeded, func() (context.Context, context.CancelFunc) {
			return context.WithTimeout(t.Context(), 100*time.Millisecond)
		}},
		{context.Canceled, func() (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(100*time.Millisecond, cancel)
			return ctx, cancel
		}},
	} {
		var all sync.WaitGroup
		for name, call := range calls {
			all.Go(func() {
				ctx, cancel := end.make()
				defer cancel()
				within(t, name, func() {
					if err := call(ctx); !errors.Is(err, end.want) {
						t.Errorf("%s of a server that does not answer gives %v, want %v", name, err, end.want)
					}
				})
			})
		}
		all.Wait()
	}
	proxy.Stall(false)
	// What was cut off may still come to the server, whole.
	await(t, func() error {
		ctx, cancel := context.WithTimeout(t.Context(), callPatience)
		defer cancel()
		tmpl := named("healed")
		if err := s.Save(ctx, tmpl); err != nil {
			return err
		}
		got, err := s.Get(ctx, tmpl.Name)
		if err == nil && got.ID != tmpl.ID {
			t.Errorf("Get gives %s, saved was %s", got.ID, tmpl.ID)
		}
		return err
	})

	proxy.Stall(true)
	answers := make(chan error)
	go func() {
		_, err := s.Get(context.Background(), first.Name)
		answers <- err
	}()
	select {
	case err := <-answers:
		t.Fatalf("Get of a server that does not answer gives %v at once", err)
	case <-time.After(50 * time.Millisecond): // it is under way, or will find the storage closed
	}
	within(t, "Close", func() {
		if err := s.Close(); err != nil {
			t.Logf("Close of a storage whose server does not answer: %v", err)
		}
		if err := <-answers; err == nil {
			t.Error("Get of a server that does not answer gives no error when the storage is closed")
		}
	})
}

// within fails the test if fn hangs.
func within(t *testing.T, what string, fn func()) {
	hang := time.AfterFunc(patience, func() { panic(fmt.Sprintf("%s: %s hangs", t.Name(), what)) })
	defer hang.Stop()
	fn()
}
