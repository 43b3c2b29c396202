package storetest_test

import (
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/storetest"
)

func openMemory(testing.TB) storetest.Place {
	return func() (prompty.TemplateStorage, error) { return prompty.NewMemoryStorage(), nil }
}

// openViews shares one memory between handles: each is a tenant's view, which
// is closed on its own.
func openViews(testing.TB) storetest.Place {
	shared := prompty.NewMemoryStorage()
	return func() (prompty.TemplateStorage, error) { return prompty.ForTenant(shared, "acme"), nil }
}

func TestShared(t *testing.T) { storetest.Run(t, openViews, storetest.Tenant("acme")) }

func TestMemory(t *testing.T) {
	t.Run("bare", func(t *testing.T) { storetest.Run(t, openMemory, storetest.Private()) })
	storetest.RunWrapped(t, openMemory, storetest.Private())
}

func TestModel(t *testing.T) {
	t.Run("memory", func(t *testing.T) { storetest.Model(t, openMemory, storetest.Private()) })
	t.Run("shared", func(t *testing.T) { storetest.Model(t, openViews, storetest.Tenant("acme")) })
	t.Run("cached", func(t *testing.T) {
		open := func(t testing.TB) storetest.Place {
			shared := openViews(t)
			return func() (prompty.TemplateStorage, error) {
				s, err := shared()
				return prompty.NewCachedStorage(s, prompty.CacheConfig{}), err
			}
		}
		storetest.Model(t, open, storetest.Tenant("acme"), storetest.Stale())
	})
}

func BenchmarkMemory(b *testing.B) { storetest.Bench(b, openMemory) }
