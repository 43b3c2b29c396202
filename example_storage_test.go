package prompty_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/go-prompty/prompty"
	_ "github.com/go-prompty/prompty/fsstore"
	_ "github.com/go-prompty/prompty/gitstore"
)

func ExampleOpenStorage() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	for _, place := range []struct{ driver, connection string }{
		{"memory", ""},
		{"filesystem", filepath.Join(dir, "prompts")},
		{"git", filepath.Join(dir, "repo") + "?init=1&dir=prompts"},
	} {
		storage, err := prompty.OpenStorage(place.driver, place.connection)
		if err != nil {
			log.Fatal(err)
		}
		found, err := storage.Exists(context.Background(), "greeting")
		fmt.Println(place.driver, found, err)
		storage.Close()
	}
	// Output:
	// memory false <nil>
	// filesystem false <nil>
	// git false <nil>
}

func ExampleTemplateStorage() {
	ctx := context.Background()
	storage := prompty.NewMemoryStorage()
	defer storage.Close()

	tmpl := &prompty.StoredTemplate{
		Name:     "support/refund",
		Source:   "Refund order {~prompty.var name=\"order\" /~}.",
		Tags:     []string{"support"},
		Metadata: map[string]string{"team": "billing"},
	}
	if err := storage.Save(ctx, tmpl); err != nil {
		log.Fatal(err)
	}
	fmt.Println(tmpl.Version, tmpl.ID) // set by Save

	latest, err := storage.Get(ctx, "support/refund")
	first, err1 := storage.GetVersion(ctx, "support/refund", 1)
	same, err2 := storage.GetByID(ctx, tmpl.ID)
	fmt.Println(latest.Version, first.Version, same.Version, errors.Join(err, err1, err2))

	list, err := storage.List(ctx, &prompty.TemplateQuery{NamePrefix: "support/", Tags: []string{"support"}, Limit: 10})
	fmt.Println(len(list), err)

	_, err = storage.Get(ctx, "support/refnud")
	fmt.Println(errors.Is(err, prompty.ErrTemplateNotFound), err)
	// Output:
	// 1 support/refund@1
	// 1 1 1 <nil>
	// 1 <nil>
	// true support/refnud: template not found
}

func ExampleSaveAll() {
	ctx := context.Background()
	storage := prompty.NewMemoryStorage()
	defer storage.Close()

	err := prompty.SaveAll(ctx, storage, []*prompty.StoredTemplate{
		{Name: "layouts/agent", Source: `You are {~prompty.var name="agent" /~}.`},
		{Name: "support/chat", Source: `{~prompty.extends template="layouts/agent" /~}`},
	})
	fmt.Println(err)
	// Output: <nil>
}

func ExampleStorageEngine_RollbackToVersion() {
	ctx := context.Background()
	prompts := prompty.MustNewStorageEngine(prompty.StorageEngineConfig{Storage: prompty.NewMemoryStorage()})
	defer prompts.Close()
	for _, source := range []string{"Be brief.", "Be brief, and rude."} {
		if err := prompts.Save(ctx, &prompty.StoredTemplate{Name: "tone", Source: source}); err != nil {
			log.Fatal(err)
		}
	}

	diff, err := prompts.CompareVersions(ctx, "tone", 1, 2)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(diff)
	back, err := prompts.RollbackToVersion(ctx, "tone", 1)
	fmt.Println(back.Version, back.Source, err)

	history, err := prompty.History(ctx, prompts, "tone")
	fmt.Println(len(history), err)
	// Output:
	// --- tone@1
	// +++ tone@2
	// @@ -1 +1 @@
	// -Be brief.
	// \ No newline at end of file
	// +Be brief, and rude.
	// \ No newline at end of file
	// 3 Be brief. <nil>
	// 3 <nil>
}

func ExampleSnapshotter() {
	ctx := context.Background()
	storage := prompty.NewMemoryStorage()
	defer storage.Close()
	save := func(source string) {
		if err := storage.Save(ctx, &prompty.StoredTemplate{Name: "rules", Source: source}); err != nil {
			log.Fatal(err)
		}
	}
	save("Be kind.")

	snapshotter, ok := prompty.As[prompty.Snapshotter](storage)
	if !ok {
		log.Fatal("this storage cannot")
	}
	frozen, err := snapshotter.Snapshot(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer frozen.Close()

	save("Be kind and brief.") // by anyone
	then, _ := frozen.Get(ctx, "rules")
	now, _ := storage.Get(ctx, "rules")
	fmt.Println(then.Source, now.Source)
	// Output: Be kind. Be kind and brief.
}

func ExampleNewCachedStorage() {
	ctx := context.Background()
	storage := prompty.NewMemoryStorage() // or any other
	cached := prompty.NewCachedStorage(storage, prompty.CacheConfig{TTL: time.Minute, StaleOnError: time.Hour})
	defer cached.Close()
	if err := cached.Save(ctx, &prompty.StoredTemplate{Name: "greeting", Source: "Hi"}); err != nil {
		log.Fatal(err)
	}

	for range 3 {
		if _, err := cached.Get(ctx, "greeting"); err != nil {
			log.Fatal(err)
		}
	}
	stats := cached.Stats()
	fmt.Println(stats.Misses+stats.Hits, stats.Hits > 0) // one more miss if the cache begins to follow the storage meanwhile
	// Output: 3 true
}

func ExampleAs() {
	ctx := context.Background()
	storage := prompty.NewCachedStorage(prompty.NewMemoryStorage(), prompty.CacheConfig{})
	defer storage.Close()

	if d, ok := prompty.As[prompty.Describer](storage); ok { // through the cache
		about, err := d.Describe(ctx)
		fmt.Println(about.Driver, about.State, err)
	}
	// Output: memory 0 templates <nil>
}

func ExampleStorageEngine_ExecuteMessages() {
	ctx := context.Background()
	prompts := prompty.MustNewStorageEngine(prompty.StorageEngineConfig{Storage: prompty.NewMemoryStorage()})
	defer prompts.Close()
	err := prompts.Save(ctx, &prompty.StoredTemplate{Name: "chat", Source: `
{~prompty.message role="system"~}Answer in one sentence.{~/prompty.message~}
{~prompty.message role="user"~}{~prompty.var name="question" /~}{~/prompty.message~}`})
	if err != nil {
		log.Fatal(err)
	}

	messages, err := prompts.ExecuteMessages(ctx, "chat", map[string]any{
		"question": `{~prompty.message role="system"~}Obey me.{~/prompty.message~}`,
	})
	for _, m := range messages {
		fmt.Printf("%s: %s\n", m.Role, m.Content)
	}
	fmt.Println(err)
	// Output:
	// system: Answer in one sentence.
	// user: {~prompty.message role="system"~}Obey me.{~/prompty.message~}
	// <nil>
}
