// Command git_review takes a prompt through a review. A service renders what a
// bare repository has on main; a writer changes the prompt on a branch, in a
// clone, with nothing but git; the merge is what puts it into service; a
// rollback is a version, too. It needs the git command for the writer's part.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/gitstore"
)

func main() {
	dir, err := os.MkdirTemp("", "review-*")
	if err != nil {
		log.Fatal(err)
	}
	err = run(context.Background(), os.Stdout, dir)
	os.RemoveAll(dir)
	if err != nil {
		log.Fatal(err)
	}
}

var customer = map[string]any{"user": "Ada"}

func run(ctx context.Context, out io.Writer, dir string) error {
	server := filepath.Join(dir, "prompts.git")

	// The service. init=1 makes the repository, branch=main is what it serves.
	store, err := gitstore.Open(server, gitstore.Options{Init: true, Branch: "main", Dir: "prompts"})
	if err != nil {
		return err
	}
	prompts, err := prompty.NewStorageEngine(prompty.StorageEngineConfig{Storage: store})
	if err != nil {
		return err
	}
	defer prompts.Close() // and the store with it

	first := &prompty.StoredTemplate{
		Name: "greeting", CreatedBy: "Ann <ann@example.org>", Tags: []string{"support"},
		Source: "Hello {~prompty.var name=\"user\" /~}.\n",
	}
	if err := prompts.Save(ctx, first); err != nil {
		return err
	}
	if err := serve(ctx, out, prompts); err != nil {
		return err
	}

	// Ben has a clone and an editor. Two commits, one pull request.
	fmt.Fprintln(out, "\n-- Ben edits the file on a branch and pushes it --")
	clone := filepath.Join(dir, "ben")
	if err := git(ctx, dir, "clone", "--quiet", server, clone); err != nil {
		return err
	}
	if err := git(ctx, clone, "switch", "--quiet", "-c", "warmer"); err != nil {
		return err
	}
	for _, change := range [][2]string{{"Hello", "Welcome back,"}, {"/~}.", "/~}!"}} {
		if err := edit(filepath.Join(clone, "prompts", "greeting.prompty"), change[0], change[1]); err != nil {
			return err
		}
		if err := git(ctx, clone, "commit", "--quiet", "-am", "greeting: "+change[1]); err != nil {
			return err
		}
	}
	if err := git(ctx, clone, "push", "--quiet", "origin", "warmer"); err != nil {
		return err
	}
	if err := review(ctx, out, store); err != nil {
		return err
	}
	if err := serve(ctx, out, prompts); err != nil { // main is as it was
		return err
	}

	// What the forge does when somebody presses the button.
	fmt.Fprintln(out, "\n-- the pull request is merged --")
	for _, args := range [][]string{
		{"switch", "--quiet", "main"},
		{"merge", "--quiet", "--no-ff", "-m", "Merge pull request #1 from ben/warmer", "warmer"},
		{"push", "--quiet", "origin", "main"},
	} {
		if err := git(ctx, clone, args...); err != nil {
			return err
		}
	}
	if err := serve(ctx, out, prompts); err != nil { // nothing was restarted
		return err
	}

	fmt.Fprintln(out, "\n-- it was too warm: roll back --")
	why := gitstore.WithCommit(ctx, gitstore.Commit{
		Author:  "Ann <ann@example.org>",
		Message: "Roll greeting back to version 1\n\nCustomers who write for the first time are not back.",
	})
	if _, err := prompts.RollbackToVersion(why, "greeting", 1); err != nil {
		return err
	}
	if err := serve(ctx, out, prompts); err != nil {
		return err
	}

	fmt.Fprintln(out, "\n-- the history --")
	history, err := prompts.GetVersionHistory(ctx, "greeting")
	if err != nil {
		return err
	}
	for _, v := range history {
		fmt.Fprintf(out, "version %d by %s: %s%s\n", v.Version, v.Author, v.Message, pullRequest(v.PullRequest))
	}
	return nil
}

// serve renders the prompt that is in service.
func serve(ctx context.Context, out io.Writer, prompts *prompty.StorageEngine) error {
	t, err := prompts.Get(ctx, "greeting")
	if err != nil {
		return err
	}
	text, err := prompts.Execute(ctx, "greeting", customer)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "in service: version %d: %s", t.Version, text)
	return nil
}

// review shows what the branch would change, and how it would read.
func review(ctx context.Context, out io.Writer, store *gitstore.Store) error {
	branch, err := store.At(ctx, "warmer")
	if err != nil {
		return err
	}
	preview, err := prompty.NewStorageEngine(prompty.StorageEngineConfig{Storage: branch})
	if err != nil {
		return err
	}
	defer preview.Close() // the branch's view; the store stays open
	text, err := preview.Execute(ctx, "greeting", customer)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "in review: %s", text)
	return nil
}

func pullRequest(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" (pull request %d)", n)
}

// edit replaces a text in a file, as an editor would.
func edit(file, old, new string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return os.WriteFile(file, []byte(strings.Replace(string(text), old, new, 1)), 0o666)
}

// git runs git as Ben.
func git(ctx context.Context, dir string, args ...string) error {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-c", "user.name=Ben", "-c", "user.email=ben@example.org"}, args...)...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("git %s: %w: %s", args[0], err, out)
	}
	return nil
}
