package logstore_test

import (
	"path/filepath"
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/examples/custom_storage/logstore"
	"github.com/go-prompty/prompty/storetest"
)

func open(t testing.TB) storetest.Place {
	file := filepath.Join(t.TempDir(), "prompts.log")
	return func() (prompty.TemplateStorage, error) { return logstore.Open(file) }
}

func TestStorage(t *testing.T) {
	storetest.Run(t, open,
		storetest.Has[prompty.ConditionalSaver](),
		storetest.Has[prompty.Watcher](),
		storetest.Has[prompty.Syncer]())
}

func TestWrapped(t *testing.T) { storetest.RunWrapped(t, open) }

func TestModel(t *testing.T) { storetest.Model(t, open) }

func TestProcesses(t *testing.T) {
	place := func(t *testing.T) string { return filepath.Join(t.TempDir(), "prompts.log") }
	storetest.Processes(t, 4, place, func(place string) (prompty.TemplateStorage, error) {
		return prompty.OpenStorage("log", place)
	})
}

func BenchmarkStorage(b *testing.B) { storetest.Bench(b, open) }
