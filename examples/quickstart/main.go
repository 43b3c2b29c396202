// Command quickstart is the program of the README, whole: it renders a prompt
// from the folder ./prompts, which it makes with a first version of it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/go-prompty/prompty"
	_ "github.com/go-prompty/prompty/fsstore" // the driver "filesystem"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer) error {
	if err := firstVersion(ctx); err != nil {
		return err
	}
	storage, err := prompty.OpenStorage("filesystem", "./prompts")
	if err != nil {
		return err
	}
	prompts, err := prompty.NewStorageEngine(prompty.StorageEngineConfig{Storage: storage})
	if err != nil {
		return err
	}
	defer prompts.Close()
	text, err := prompts.Execute(ctx, "greeting", map[string]any{"name": "Ada"})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, text)
	return err
}

// firstVersion saves the prompt, unless it is there.
func firstVersion(ctx context.Context) error {
	storage, err := prompty.OpenStorage("filesystem", "./prompts")
	if err != nil {
		return err
	}
	defer storage.Close()
	greeting := &prompty.StoredTemplate{Name: "greeting", Source: `Hello {~prompty.var name="name" /~}!`}
	err = prompty.SaveIf(ctx, storage, greeting, 0)
	if errors.Is(err, prompty.ErrConflict) {
		return nil
	}
	return err
}
