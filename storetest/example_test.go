package storetest_test

import (
	"context"
	"fmt"
	"log"
	"path/filepath"
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/fsstore"
	"github.com/go-prompty/prompty/storetest"
)

// newPlace makes an empty place and returns the function that opens it, again
// and again: each call is one more handle on the same templates.
func newPlace(tb testing.TB) storetest.Place {
	dir := filepath.Join(tb.TempDir(), "prompts")
	return func() (prompty.TemplateStorage, error) { return fsstore.Open(dir, fsstore.Options{}) }
}

// testStorage would be called TestStorage: it is all that a backend needs to be
// held to the contract.
func testStorage(t *testing.T) {
	t.Run("contract", func(t *testing.T) {
		storetest.Run(t, newPlace, storetest.Has[prompty.ConditionalSaver](), storetest.Has[prompty.Watcher]())
	})
	t.Run("wrapped", func(t *testing.T) { storetest.RunWrapped(t, newPlace) })
	t.Run("model", func(t *testing.T) { storetest.Model(t, newPlace) })
}

// benchmarkStorage would be called BenchmarkStorage.
func benchmarkStorage(b *testing.B) { storetest.Bench(b, newPlace) }

func Example() {
	_, _ = testStorage, benchmarkStorage // go test runs them

	// What the suite does first of all: one handle saves, another one reads.
	ctx, shelf := context.Background(), prompty.NewMemoryStorage()
	defer shelf.Close()
	place := storetest.Place(func() (prompty.TemplateStorage, error) { return prompty.ForTenant(shelf, "acme"), nil })
	writer, err := place()
	if err != nil {
		log.Fatal(err)
	}
	if err := writer.Save(ctx, &prompty.StoredTemplate{Name: "greeting", Source: "Hi"}); err != nil {
		log.Fatal(err)
	}
	reader, err := place()
	if err != nil {
		log.Fatal(err)
	}
	got, err := reader.Get(ctx, "greeting")
	fmt.Println(got.Version, got.Source, err)
	// Output: 1 Hi <nil>
}
