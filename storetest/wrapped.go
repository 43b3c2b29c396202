package storetest

import (
	"errors"
	"testing"

	"github.com/go-prompty/prompty"
)

// tenantName is the tenant that RunWrapped runs under.
const tenantName = "acme"

// RunWrapped is [Run] on the backend behind [prompty.NewCachedStorage], under
// [prompty.ForTenant], and behind both.
func RunWrapped(t *testing.T, open func(testing.TB) Place, list ...Claim) {
	cached := func(s prompty.TemplateStorage) prompty.TemplateStorage {
		return prompty.NewCachedStorage(s, prompty.CacheConfig{})
	}
	tenant := func(s prompty.TemplateStorage) prompty.TemplateStorage {
		view := prompty.ForTenant(s, tenantName)
		return &owner{TemplateStorage: view, inner: s}
	}
	t.Run("cached", func(t *testing.T) {
		Run(t, wrap(open, cached), append(list, Stale())...)
	})
	t.Run("tenant", func(t *testing.T) {
		Run(t, wrap(open, tenant), append(list, Tenant(tenantName))...)
	})
	t.Run("tenant of cached", func(t *testing.T) {
		both := func(s prompty.TemplateStorage) prompty.TemplateStorage { return tenant(cached(s)) }
		Run(t, wrap(open, both), append(list, Stale(), Tenant(tenantName))...)
	})
}

func wrap(open func(testing.TB) Place, wrapper func(prompty.TemplateStorage) prompty.TemplateStorage) func(testing.TB) Place {
	return func(t testing.TB) Place {
		opener := open(t)
		return func() (prompty.TemplateStorage, error) {
			s, err := opener()
			if err != nil {
				return nil, err
			}
			return wrapper(s), nil
		}
	}
}

// owner closes what a tenant's view leaves open.
type owner struct {
	prompty.TemplateStorage
	inner prompty.TemplateStorage
}

func (o *owner) Unwrap() prompty.TemplateStorage { return o.TemplateStorage }

func (o *owner) Close() error { return errors.Join(o.TemplateStorage.Close(), o.inner.Close()) }
