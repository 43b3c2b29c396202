package fsstore_test

import (
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/fsstore"
	"github.com/go-prompty/prompty/storetest"
)

// place makes an empty folder. Without flushing: the suite makes thousands of
// versions, and crash_test.go looks after durability.
func place(t testing.TB) storetest.Place {
	dir := t.TempDir()
	return func() (prompty.TemplateStorage, error) {
		return fsstore.Open(dir, fsstore.Options{Sync: fsstore.SyncNone})
	}
}

func TestStorage(t *testing.T) {
	t.Parallel()
	t.Run("suite", func(t *testing.T) {
		storetest.Run(t, place,
			storetest.Has[prompty.ConditionalSaver](),
			storetest.Has[prompty.Historian](),
			storetest.Has[prompty.Prober](),
			storetest.Has[prompty.Describer]())
	})
	t.Run("wrapped", func(t *testing.T) { storetest.RunWrapped(t, place) })
}
