package postgres_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-prompty/prompty/stores/sqlstore/postgres"
)

// With schema=manual nothing is made, and what is missing is said.
func TestManualSchema(t *testing.T) {
	t.Parallel()
	where := place(t)
	manual, prefix := with(where, "schema=manual"), prefixOf(t, where)
	for range 2 {
		_, err := postgres.Open(manual)
		if err == nil || !strings.Contains(err.Error(), "prompty schema postgres --table-prefix "+prefix) {
			t.Fatalf("without tables: %v, want an error that says how to make them", err)
		}
	}
	admin(t, where, postgres.Schema(prefix))
	save(t, open(t, manual), "a")
	if s, err := postgres.Open(with(strings.Replace(where, prefix, "prompty_", 1), "schema=manual")); err == nil {
		s.Close() // somebody uses this server
	} else if !strings.Contains(err.Error(), "`prompty schema postgres`") {
		t.Errorf("without tables: %v", err)
	}
}

// What the table of the schema's version may say.
func TestSchemaVersions(t *testing.T) {
	t.Parallel()
	where := place(t)
	prefix := prefixOf(t, where)
	save(t, open(t, where), "a")
	for change, want := range map[string]string{
		"UPDATE SCHEMA SET version = 99":         "version 99, and this program knows versions up to 1",
		"UPDATE SCHEMA SET version = -1":         "must have one row",
		"INSERT INTO SCHEMA VALUES (2)":          "must have one row",
		"DELETE FROM SCHEMA":                     "must have one row",
		"ALTER TABLE SCHEMA RENAME version TO x": "version",
	} {
		t.Run(change, func(t *testing.T) {
			undo := "TRUNCATE SCHEMA; INSERT INTO SCHEMA VALUES (1)"
			if strings.HasPrefix(change, "ALTER") {
				undo = "ALTER TABLE SCHEMA RENAME x TO version"
			}
			admin(t, where, strings.ReplaceAll(change, "SCHEMA", prefix+"schema"))
			defer admin(t, where, strings.ReplaceAll(undo, "SCHEMA", prefix+"schema"))
			if _, err := postgres.Open(where); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("Open: %v, want %q", err, want)
			}
		})
	}
	open(t, where)
}

// What to do when a table is gone.
func TestMissingTables(t *testing.T) {
	t.Parallel()
	where := place(t)
	prefix := prefixOf(t, where)
	save(t, open(t, where), "a")
	admin(t, where, "DROP TABLE "+prefix+"schema")
	_, err := postgres.Open(where)
	_, advice, _ := strings.Cut(fmt.Sprint(err), "make it with ")
	if advice == "" {
		t.Fatalf("without the table of the version: %v, want what to do", err)
	}
	admin(t, where, advice)
	if ok, err := open(t, where).Exists(t.Context(), "a"); !ok || err != nil {
		t.Errorf("after the advice was taken: %v, %v", ok, err)
	}
	admin(t, where, "DROP TABLE "+prefix+"versions")
	if _, err := postgres.Open(where); err == nil || !strings.Contains(err.Error(), "restore it") {
		t.Errorf("without a table: %v, want what to do", err)
	}
	admin(t, where, "DROP TABLE "+prefix+"heads, "+prefix+"schema")
	save(t, open(t, where), "a")
}
