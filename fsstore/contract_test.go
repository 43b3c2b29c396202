package fsstore_test

import (
	"os"
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/fsstore"
	"github.com/go-prompty/prompty/storetest"
)

// place makes an empty folder. Without flushing: the suite makes thousands of
// versions, and power_test.go looks after durability.
func place(t testing.TB) storetest.Place { return placeIn(t.TempDir()) }

// fastPlace is place in memory where that is possible: what wraps a store, and
// what a model says of it, does not hang on the disk.
func fastPlace(t testing.TB) storetest.Place {
	dir, err := os.MkdirTemp("/dev/shm", "fsstore")
	if err != nil {
		return place(t)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return placeIn(dir)
}

func placeIn(dir string) storetest.Place {
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
			storetest.Has[prompty.Describer](),
			storetest.Has[prompty.Locator](),
			storetest.Has[prompty.Watcher](),
			storetest.Has[prompty.Resumer](),
			storetest.Has[prompty.Syncer]())
	})
	t.Run("wrapped", func(t *testing.T) { storetest.RunWrapped(t, fastPlace) })
	t.Run("model", func(t *testing.T) { storetest.Model(t, fastPlace) })
}

// TestProcesses is the suite's own version of TestKill, with real flushing.
func TestProcesses(t *testing.T) {
	t.Parallel()
	storetest.Processes(t, 3, func(t *testing.T) string { return t.TempDir() },
		func(dir string) (prompty.TemplateStorage, error) { return fsstore.Open(dir, fsstore.Options{}) })
}

func BenchmarkStorage(b *testing.B) {
	for _, sync := range []fsstore.SyncMode{fsstore.SyncNone, fsstore.SyncFull} {
		b.Run("sync="+string(sync), func(b *testing.B) {
			storetest.Bench(b, func(t testing.TB) storetest.Place {
				dir := t.TempDir()
				return func() (prompty.TemplateStorage, error) {
					return fsstore.Open(dir, fsstore.Options{Sync: sync})
				}
			})
		})
	}
}
