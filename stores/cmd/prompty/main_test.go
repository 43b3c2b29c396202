package main

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/go-prompty/prompty/stores/internal/testserver"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"prompty": main})
}

// TestScripts runs what needs no server.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, scripts("testdata/script", nil))
}

// TestPostgresScripts has a place of its own for each script in $POSTGRES, a URL.
func TestPostgresScripts(t *testing.T) {
	t.Parallel()
	server := testserver.Postgres(t)
	testscript.Run(t, scripts("testdata/postgres", func() string { return strings.TrimPrefix(placeOn(server, "postgres"), "postgres:") }))
}

func scripts(dir string, place func() string) testscript.Params {
	return testscript.Params{
		Dir:                 dir,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("TZ", "UTC")
			env.Setenv("GORACE", "atexit_sleep_ms=0") // or each command takes a second more
			if place != nil {
				env.Setenv("POSTGRES", place())
			}
			return nil
		},
	}
}

var places atomic.Int64

// placeOn is an empty place on a server, as a storage of the command.
func placeOn(server *testserver.Server, driver string) string {
	option := map[string]string{"redis": "key_prefix", "mongodb": "collection_prefix"}[driver]
	if option == "" {
		option = "table_prefix"
	}
	connection := server.URL()
	mark := "?"
	if strings.Contains(connection, "?") {
		mark = "&"
	}
	return fmt.Sprintf("%s:%s%s%s=c%d_%d_", driver, connection, mark, option, os.Getpid(), places.Add(1))
}
