package drivertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-prompty/prompty"
)

// engine has a StorageEngine in another process, with a cache, show what is saved
// here: it must drop what is stale, by its watch alone, whatever was included.
func engine(t *testing.T, d Driver) {
	inChild(t, func(place string) error { return render(d, place) })
	place := d.Place(t)
	s, err := d.Open(place)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	save := func(name, text string) {
		t.Helper()
		if err := s.Save(t.Context(), &prompty.StoredTemplate{Name: name, Source: text}); err != nil {
			t.Fatal(err)
		}
	}
	save("page", `page {~prompty.include template="part" /~}`)
	save("part", "0")
	other := startChild(t, place)
	until := func(want string) {
		t.Helper()
		var seen []string
		for !slices.Contains(seen, want) {
			line, ok := other.line()
			if !ok {
				t.Fatalf("the other process printed %q, and not %q", seen, want)
			}
			seen = append(seen, line)
		}
	}
	until("page 0")
	var took []time.Duration
	for i := range 11 {
		text := fmt.Sprint(i + 1)
		save("part", text)
		begin := time.Now()
		until("page " + text)
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	t.Logf("saved here → rendered in another process: median %v, longest %v", took[len(took)/2], took[len(took)-1])
	if err := s.DeleteVersion(t.Context(), "part", 12); err != nil {
		t.Fatal(err)
	}
	until("page 10")
	if err := s.Delete(t.Context(), "page"); err != nil {
		t.Fatal(err)
	}
	until("nothing")
	save("page", "again")
	until("again")
	other.end()
}

// render prints what the page renders to, whenever that is another text.
func render(d Driver, place string) error {
	s, err := d.Open(place)
	if err != nil {
		return err
	}
	// Nothing but a watch could make them drop anything in time.
	cache := prompty.NewCachedStorage(s, prompty.CacheConfig{TTL: time.Hour, NegativeCacheTTL: time.Hour})
	se, err := prompty.NewStorageEngine(prompty.StorageEngineConfig{Storage: cache})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	changed := make(chan struct{}, 1)
	se.OnChange(func(prompty.ChangeBatch) { // called once the change is in service
		select {
		case changed <- struct{}{}:
		default:
		}
	})
	for last := ""; ; {
		text, err := se.Execute(ctx, "page", nil)
		if errors.Is(err, prompty.ErrTemplateNotFound) {
			text = "nothing"
		} else if err != nil {
			text = err.Error()
		}
		if ctx.Err() != nil {
			return se.Close()
		}
		if text != last {
			fmt.Println(strings.TrimSpace(text))
			last = text
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}
