package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/storetest"
)

var places atomic.Int64

// place makes an empty schema of its own, and returns the connection string of it.
func place(t testing.TB) string {
	t.Helper()
	server := server(t)
	db, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	name := fmt.Sprintf("example%d_%d", os.Getpid(), places.Add(1))
	if _, err := db.ExecContext(context.WithoutCancel(t.Context()), "CREATE SCHEMA "+name); err != nil {
		t.Fatal(err)
	}
	sep := "?"
	if strings.Contains(server, "?") {
		sep = "&"
	}
	return server + sep + "search_path=" + name
}

func TestStorage(t *testing.T) {
	open := func(t testing.TB) storetest.Place {
		where := place(t)
		return func() (prompty.TemplateStorage, error) { return Open(where) }
	}
	t.Run("suite", func(t *testing.T) {
		storetest.Run(t, open, storetest.Has[prompty.ConditionalSaver]())
	})
	t.Run("model", func(t *testing.T) { storetest.Model(t, open) })
}

func TestProcesses(t *testing.T) {
	storetest.Processes(t, 3, func(t *testing.T) string { return place(t) }, func(place string) (prompty.TemplateStorage, error) { return Open(place) })
}

func TestRun(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out, place(t)); err != nil {
		t.Fatal(err)
	}
	const want = `saved parts/signature, version 1
saved letter, version 1
Dear Ada,
it is done.
Yours, Ann
`
	if out.String() != want {
		t.Errorf("it prints\n%s\nwant\n%s", out.String(), want)
	}
}

// The example is to be read in one sitting.
func TestLength(t *testing.T) {
	text, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(text), "\n"); lines >= 400 {
		t.Errorf("it has %d lines, want fewer than 400", lines)
	}
}
