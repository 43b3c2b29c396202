package sqlite

import (
	"path/filepath"
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/storetest"
)

// place is an empty one. What a loss of power does is not the question here.
func place(t testing.TB) string { return filepath.Join(t.TempDir(), "prompts.db?sync=off") }

func TestStorage(t *testing.T) {
	open := func(t testing.TB) storetest.Place {
		where := place(t)
		return func() (prompty.TemplateStorage, error) { return Open(where) }
	}
	t.Run("suite", func(t *testing.T) { storetest.Run(t, open) })
	t.Run("wrapped", func(t *testing.T) { storetest.RunWrapped(t, open) })
	t.Run("model", func(t *testing.T) { storetest.Model(t, open) })
}

func TestProcesses(t *testing.T) {
	storetest.Processes(t, 4, func(t *testing.T) string { return place(t) }, Open)
}
