package watch_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/go-prompty/prompty/watch"
)

func Example() {
	dir, err := os.MkdirTemp("", "watched")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()

	folder, err := watch.Open(ctx, dir, watch.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer folder.Close()
	revision, files := folder.List()
	fmt.Println(len(files), "files")

	go func() { // anyone, with any tool
		if err := os.WriteFile(filepath.Join(dir, "notes.md"), []byte("Be kind.\n"), 0o666); err != nil {
			log.Fatal(err)
		}
	}()
	for batch := range folder.Watch(ctx, revision) {
		for _, c := range batch.Changes {
			fmt.Println(c.Kind, c.Name)
		}
		break
	}
	// Output:
	// 0 files
	// created notes.md
}

// Sync is for whoever has to know that what was changed before has been seen.
func ExampleFolder_Sync() {
	dir, err := os.MkdirTemp("", "watched")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	folder, err := watch.Open(ctx, dir, watch.Options{Match: func(name string) bool { return filepath.Ext(name) == ".md" }})
	if err != nil {
		log.Fatal(err)
	}
	defer folder.Close()

	for _, name := range []string{"a.md", "b.txt", "c.md"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o666); err != nil {
			log.Fatal(err)
		}
	}
	if err := folder.Sync(ctx); err != nil {
		log.Fatal(err)
	}
	_, files := folder.List()
	for _, f := range files {
		fmt.Println(f.Name, f.Size)
	}
	// Output:
	// a.md 4
	// c.md 4
}
