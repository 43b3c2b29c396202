package gitstore_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/gitstore"
)

// Each save is a commit, and says who and why.
func Example() {
	dir, err := os.MkdirTemp("", "repo")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	store, err := gitstore.Open(filepath.Join(dir, "prompts.git"), gitstore.Options{Init: true, Committer: "Bot <bot@example.org>"})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()

	ctx := gitstore.WithCommit(context.Background(), gitstore.Commit{Message: "Greet by name", Trailers: []string{"Ticket: 12"}})
	greeting := &prompty.StoredTemplate{Name: "greeting", Source: `Hello {~prompty.var name="user" /~}!`, CreatedBy: "Ann <ann@example.org>"}
	if err := store.Save(ctx, greeting); err != nil {
		log.Fatal(err)
	}
	history, err := store.History(ctx, "greeting")
	if err != nil {
		log.Fatal(err)
	}
	for _, h := range history {
		fmt.Println(h.Version, h.Author, "-", h.Message, len(h.Commit))
	}
	// Output: 1 Ann <ann@example.org> - Greet by name 40
}

// Another branch, a tag or a commit is a storage of its own, to read from.
func ExampleStore_At() {
	dir, err := os.MkdirTemp("", "repo")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	store, err := gitstore.Open(filepath.Join(dir, "prompts.git"), gitstore.Options{Init: true})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	for _, source := range []string{"Be kind.", "Be kind and brief."} {
		if err := store.Save(ctx, &prompty.StoredTemplate{Name: "tone", Source: source}); err != nil {
			log.Fatal(err)
		}
	}

	before, err := store.At(ctx, "HEAD~1")
	if err != nil {
		log.Fatal(err)
	}
	defer before.Close()
	then, err := before.Get(ctx, "tone")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(then.Version, then.Source)
	// Output: 1 Be kind.
}

func ExampleStore_SaveAll() {
	dir, err := os.MkdirTemp("", "repo")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	store, err := gitstore.Open(filepath.Join(dir, "prompts.git"), gitstore.Options{Init: true})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()

	base := &prompty.StoredTemplate{Name: "layouts/agent", Source: "You are kind."}
	chat := &prompty.StoredTemplate{Name: "support/chat", Source: `{~prompty.extends template="layouts/agent" /~}`}
	if err := store.SaveAll(ctx, []*prompty.StoredTemplate{base, chat}); err != nil {
		log.Fatal(err)
	}
	one, err := store.History(ctx, base.Name)
	if err != nil {
		log.Fatal(err)
	}
	two, err := store.History(ctx, chat.Name)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(one[0].Commit == two[0].Commit)
	// Output: true
}
