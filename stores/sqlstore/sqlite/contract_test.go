package sqlite

import (
	"path/filepath"
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/drivertest"
	"github.com/go-prompty/prompty/storetest"
)

// place is an empty one. What a loss of power does is not the question here.
func place(t testing.TB) string { return filepath.Join(t.TempDir(), "prompts.db?sync=off") }

func TestStorage(t *testing.T) {
	drivertest.Run(t, drivertest.Driver{
		Place: place,
		Open:  Open,
		Claims: []storetest.Claim{
			storetest.Has[prompty.ConditionalSaver](), storetest.Has[prompty.BatchSaver](), storetest.Has[prompty.Historian](),
			storetest.Has[prompty.Snapshotter](), storetest.Has[prompty.Watcher](), storetest.Has[prompty.Describer](),
		},
	})
}
