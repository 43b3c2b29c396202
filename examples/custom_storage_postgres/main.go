// Command custom_storage_postgres renders prompts that it keeps in a storage of
// its own: a small PostgreSQL backend on database/sql. The backend is storage.go
// and schema.sql, and its test is all that shows that it is right. The guide is
// docs/custom-storage.md.
//
//	go run . 'postgres://user@localhost/app'
//
// It is made for reading. The driver "postgres" of the module stores does the same
// with one round trip a save, snapshots, NOTIFY, and answers to much that can go
// wrong with a server.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/go-prompty/prompty"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: custom_storage_postgres CONNECTION-STRING")
	}
	if err := run(context.Background(), os.Stdout, os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer, connectionString string) error {
	// Once registered (see storage.go), the backend opens like any other.
	storage, err := prompty.OpenStorage("my-postgres", connectionString)
	if err != nil {
		return err
	}
	// What is saved through the cache shows at once. What another program saves shows
	// when the TTL is over: this backend is no prompty.Watcher, which a cache follows.
	cached := prompty.NewCachedStorage(storage, prompty.CacheConfig{TTL: 5 * time.Second})
	engine, err := prompty.NewStorageEngine(prompty.StorageEngineConfig{Storage: cached})
	if err != nil {
		return err
	}
	defer engine.Close() // closes the cache, and that the backend

	for _, p := range []*prompty.StoredTemplate{
		{Name: "parts/signature", Source: "Yours, {~prompty.var name=\"agent\" /~}", CreatedBy: "ann"},
		{Name: "letter", Source: "Dear {~prompty.var name=\"customer\" /~},\nit is done.\n{~prompty.include template=\"parts/signature\" /~}\n", Tags: []string{"support"}},
	} {
		if err := engine.Save(ctx, p); err != nil { // refuses what does not parse
			return err
		}
		fmt.Fprintf(out, "saved %s, version %d\n", p.Name, p.Version)
	}
	text, err := engine.Execute(ctx, "letter", map[string]any{"customer": "Ada", "agent": "Ann"})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%s\n", text)

	history, err := engine.GetVersionHistory(ctx, "letter")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "letter has %d versions\n", len(history))
	return nil
}
