package prompty_test

import (
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/storetest"
)

// TestContract runs the conformance suite on what this package offers: the
// memory storage, bare, cached, as a tenant's view, and both.
func TestContract(t *testing.T) {
	open := func(testing.TB) storetest.Place {
		return func() (prompty.TemplateStorage, error) { return prompty.NewMemoryStorage(), nil }
	}
	claims := []storetest.Claim{
		storetest.Private(),
		storetest.Has[prompty.ConditionalSaver](), storetest.Has[prompty.BatchSaver](), storetest.Has[prompty.Historian](),
		storetest.Has[prompty.Prober](), storetest.Has[prompty.Snapshotter](), storetest.Has[prompty.Watcher](),
	}
	t.Run("bare", func(t *testing.T) { storetest.Run(t, open, claims...) })
	storetest.RunWrapped(t, open, claims...)
}
