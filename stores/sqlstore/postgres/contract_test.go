package postgres_test

import (
	"fmt"
	"os"
	"sync/atomic"
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/testserver"
	"github.com/go-prompty/prompty/stores/sqlstore/postgres"
	"github.com/go-prompty/prompty/storetest"
)

var places atomic.Int64

// place returns the connection string of an empty place.
func place(t testing.TB) string {
	t.Helper()
	return fmt.Sprintf("%s&table_prefix=t%d_%d_", testserver.Postgres(t).URL(), os.Getpid(), places.Add(1))
}

var claims = []storetest.Claim{
	storetest.Has[prompty.ConditionalSaver](), storetest.Has[prompty.BatchSaver](), storetest.Has[prompty.Historian](),
	storetest.Has[prompty.Snapshotter](), storetest.Has[prompty.Watcher](), storetest.Has[prompty.Syncer](),
	storetest.Has[prompty.Prober](), storetest.Has[prompty.Describer](),
}

func TestStorage(t *testing.T) {
	open := func(t testing.TB) storetest.Place {
		where := place(t)
		return func() (prompty.TemplateStorage, error) { return postgres.Open(where) }
	}
	t.Run("suite", func(t *testing.T) { storetest.Run(t, open, claims...) })
	t.Run("wrapped", func(t *testing.T) { storetest.RunWrapped(t, open) })
	t.Run("model", func(t *testing.T) { storetest.Model(t, open) })
}
