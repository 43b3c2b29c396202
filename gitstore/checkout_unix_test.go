//go:build unix

package gitstore_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/gitstore/internal/gittest"
)

// TestCheckoutBeside saves while git checkout has written the index and has not
// moved HEAD yet: a hook of git's runs at that moment.
func TestCheckoutBeside(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	s := open(t, r.Dir)
	for _, text := range []string{"main", "other"} {
		save(t, s, "a", text)
		r.Git("checkout", "-q", "-B", "other")
	}
	fifo := r.Path(".git/reached")
	must(t, syscall.Mkfifo(fifo, 0o600))
	must(t, os.MkdirAll(r.Path(".git/hooks"), 0o777))
	must(t, os.WriteFile(r.Path(".git/hooks/post-index-change"), []byte("#!/bin/sh\n[ \"$1\" = 1 ] && echo > .git/reached\n"), 0o777))
	for i := range 30 {
		branch := "main"
		if strings.HasSuffix(r.Git("symbolic-ref", "HEAD"), "main") {
			branch = "other"
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := os.ReadFile(fifo); err != nil { // waits for the hook
				t.Error(err)
			}
			if err := s.Save(context.Background(), &prompty.StoredTemplate{Name: fmt.Sprint("new", i), Source: "text"}); err != nil {
				t.Errorf("Save: %v", err)
			}
		})
		r.Git("checkout", "-q", branch)
		wg.Wait()
		if out := r.Status(); out != "" {
			t.Fatalf("round %d, on %s: git status says %s", i, branch, out)
		}
	}
	settled(t, r)
}
