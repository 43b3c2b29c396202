// Command storage_persistence saves a prompt, closes the storage as a process
// that ends would, opens it again, and finds everything as it was: the text,
// its versions, their authors.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/go-prompty/prompty"
	_ "github.com/go-prompty/prompty/fsstore" // the driver "filesystem"
)

func main() {
	dir, err := os.MkdirTemp("", "prompts-*")
	if err != nil {
		log.Fatal(err)
	}
	err = run(context.Background(), os.Stdout, dir)
	os.RemoveAll(dir)
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer, dir string) error {
	if err := firstRun(ctx, out, dir); err != nil {
		return err
	}
	fmt.Fprintln(out, "\n-- restart --")
	return secondRun(ctx, out, dir)
}

// open opens an engine over the prompts in dir. A program has one for as long
// as it runs.
func open(dir string) (*prompty.StorageEngine, error) {
	storage, err := prompty.OpenStorage("filesystem", dir)
	if err != nil {
		return nil, err
	}
	return prompty.NewStorageEngine(prompty.StorageEngineConfig{Storage: storage})
}

// firstRun saves two versions of a prompt.
func firstRun(ctx context.Context, out io.Writer, dir string) error {
	prompts, err := open(dir)
	if err != nil {
		return err
	}
	defer prompts.Close()

	for _, t := range []*prompty.StoredTemplate{
		{Name: "support/greeting", CreatedBy: "ann", Tags: []string{"support"},
			Source: `Hello {~prompty.var name="user" /~}.`},
		{Name: "support/greeting", CreatedBy: "ben", Tags: []string{"support", "warm"},
			Source: `Welcome back, {~prompty.var name="user" default="friend" /~}!`},
	} {
		if err := prompts.Save(ctx, t); err != nil {
			return err
		}
		fmt.Fprintf(out, "saved %s, version %d\n", t.Name, t.Version)
	}
	return nil
}

// secondRun knows nothing of the first but the folder.
func secondRun(ctx context.Context, out io.Writer, dir string) error {
	prompts, err := open(dir)
	if err != nil {
		return err
	}
	defer prompts.Close()

	text, err := prompts.Execute(ctx, "support/greeting", map[string]any{"user": "Ada"})
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "latest:   ", text)
	text, err = prompts.ExecuteVersion(ctx, "support/greeting", 1, map[string]any{"user": "Ada"})
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "version 1:", text)

	history, err := prompts.GetVersionHistory(ctx, "support/greeting")
	if err != nil {
		return err
	}
	for _, v := range history {
		fmt.Fprintf(out, "version %d by %s, %d bytes\n", v.Version, v.Author, v.Size)
	}

	// An old text comes back as a new version; nothing is ever overwritten.
	restored, err := prompts.RollbackToVersion(ctx, "support/greeting", 1)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "version %d is version 1 again: %s\n", restored.Version, restored.Source)
	return nil
}
