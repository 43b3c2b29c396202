package main

import (
	"os"
	"testing"
)

// server returns the connection string of a PostgreSQL server, on which the test
// may make schemas.
func server(t testing.TB) string {
	t.Helper()
	where := os.Getenv("PROMPTY_TEST_POSTGRES")
	if where == "" {
		t.Skip("no server: set PROMPTY_TEST_POSTGRES, such as postgres://postgres@localhost/postgres?sslmode=disable")
	}
	return where
}
