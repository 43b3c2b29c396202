package fsstore_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/fsstore"
)

// A file that a person edits is a version as soon as somebody looks.
func Example() {
	dir, err := os.MkdirTemp("", "prompts")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()

	store, err := fsstore.Open(dir, fsstore.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	if err := store.Save(ctx, &prompty.StoredTemplate{Name: "support/refund", Source: "Be kind.\n"}); err != nil {
		log.Fatal(err)
	}

	file := filepath.Join(dir, "support", "refund.prompty")
	if err := os.WriteFile(file, []byte("Be kind and brief.\n"), 0o666); err != nil { // or any editor
		log.Fatal(err)
	}
	latest, err := store.Get(ctx, "support/refund")
	if err != nil {
		log.Fatal(err)
	}
	first, err := store.GetVersion(ctx, "support/refund", 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d %q\n%d %q\n", latest.Version, latest.Source, first.Version, first.Source)
	// Output:
	// 2 "Be kind and brief.\n"
	// 1 "Be kind.\n"
}

// Any folder of Markdown prompts is served as it lies there.
func ExampleOptions() {
	dir, err := os.MkdirTemp("", "notes")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, "tone.md"), []byte("---\ntags: [shared]\n---\nBe kind.\n"), 0o666); err != nil {
		log.Fatal(err)
	}

	store, err := fsstore.Open(dir, fsstore.Options{Ext: ".md", NoCreate: true})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	list, err := store.List(context.Background(), &prompty.TemplateQuery{Tags: []string{"shared"}})
	for _, t := range list {
		fmt.Printf("%s %d %q\n", t.Name, t.Version, t.Source)
	}
	fmt.Println(err)
	// Output:
	// tone 1 "Be kind.\n"
	// <nil>
}
