package logstore_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/go-prompty/prompty"
	_ "github.com/go-prompty/prompty/examples/custom_storage/logstore" // registers "log"
)

func Example() {
	dir, err := os.MkdirTemp("", "logstore")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()

	storage, err := prompty.OpenStorage("log", filepath.Join(dir, "prompts.log"))
	if err != nil {
		log.Fatal(err)
	}
	defer storage.Close()

	greeting := &prompty.StoredTemplate{Name: "support/greeting", Source: `Hello {~prompty.var name="customer" /~}!`}
	if err := storage.Save(ctx, greeting); err != nil {
		log.Fatal(err)
	}
	got, err := storage.Get(ctx, "support/greeting")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(got.Name, got.Version, got.Source)
	// Output: support/greeting 1 Hello {~prompty.var name="customer" /~}!
}
