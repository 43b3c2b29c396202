package prompty_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/go-prompty/prompty"
)

func Example() {
	ctx := context.Background()
	storage, err := prompty.OpenStorage("memory", "")
	if err != nil {
		log.Fatal(err)
	}
	engine := prompty.MustNewStorageEngine(prompty.StorageEngineConfig{Storage: storage})
	defer engine.Close()

	for _, source := range []string{`Hello {~prompty.var name="name" /~}!`, `Good day, {~prompty.var name="name" /~}.`} {
		tmpl := &prompty.StoredTemplate{Name: "greeting", Source: source, CreatedBy: "ann"}
		if err := engine.Save(ctx, tmpl); err != nil {
			log.Fatal(err)
		}
	}
	data := map[string]any{"name": "Ada"}
	latest, err := engine.Execute(ctx, "greeting", data)
	fmt.Println(latest, err)
	first, err := engine.ExecuteVersion(ctx, "greeting", 1, data)
	fmt.Println(first, err)
	// Output:
	// Good day, Ada. <nil>
	// Hello Ada! <nil>
}

func ExampleSaveIf() {
	ctx := context.Background()
	storage := prompty.NewMemoryStorage()
	defer storage.Close()

	for _, author := range []string{"ann", "bob"} { // both begin with an empty place
		err := prompty.SaveIf(ctx, storage, &prompty.StoredTemplate{Name: "greeting", Source: "Hi", CreatedBy: author}, 0)
		if conflict, ok := errors.AsType[*prompty.ConflictError](err); ok {
			fmt.Println(author, "must look at version", conflict.Latest)
		}
	}
	// Output:
	// bob must look at version 1
}

func ExampleForTenant() {
	ctx := context.Background()
	storage := prompty.NewMemoryStorage()
	defer storage.Close()

	acme := prompty.ForTenant(storage, "acme")
	if err := acme.Save(ctx, &prompty.StoredTemplate{Name: "greeting", Source: "Hi"}); err != nil {
		log.Fatal(err)
	}
	seen, _ := prompty.ForTenant(storage, "rival").Exists(ctx, "greeting")
	fmt.Println(seen)
	// Output:
	// false
}

func ExampleWatcher() {
	ctx := context.Background()
	storage := prompty.NewMemoryStorage()
	defer storage.Close()

	watcher, ok := prompty.As[prompty.Watcher](storage)
	if !ok {
		log.Fatal("this storage cannot watch")
	}
	batches, err := watcher.Watch(ctx)
	if err != nil {
		log.Fatal(err)
	}
	if err := storage.Save(ctx, &prompty.StoredTemplate{Name: "greeting", Source: "Hi"}); err != nil {
		log.Fatal(err)
	}
	fmt.Println((<-batches).Changes)
	// Output:
	// [{greeting created}]
}

func ExampleStorageEngine_OnChange() {
	ctx := context.Background()
	storage := prompty.NewMemoryStorage()
	engine := prompty.MustNewStorageEngine(prompty.StorageEngineConfig{Storage: storage})
	defer engine.Close()

	rendered := make(chan string)
	stop := engine.OnChange(func(batch prompty.ChangeBatch) {
		text, err := engine.Execute(ctx, "greeting", nil)
		rendered <- fmt.Sprint(batch.Changes, " ", text, " ", err)
	})
	defer stop()
	for _, text := range []string{"Hello", "Good day", "{~ broken"} { // by anyone, anywhere
		if err := storage.Save(ctx, &prompty.StoredTemplate{Name: "greeting", Source: text}); err != nil {
			log.Fatal(err)
		}
		fmt.Println(<-rendered)
	}
	for _, b := range engine.Status().Broken {
		fmt.Printf("%s@%d is broken, %d serves\n", b.Name, b.Version, b.Serving)
	}
	// Output:
	// [{greeting created}] Hello <nil>
	// [{greeting changed}] Good day <nil>
	// [{greeting changed}] Good day <nil>
	// greeting@3 is broken, 2 serves
}
