// Package sqlstore registers the SQL drivers "postgres", "mysql" and "sqlite":
//
//	import _ "github.com/go-prompty/prompty/stores/sqlstore"
//
//	storage, err := prompty.OpenStorage("postgres", "postgres://prompts@db.example.org/app")
//
// A program that uses one of them imports that one alone, and carries no other
// database's client:
//
//	import _ "github.com/go-prompty/prompty/stores/sqlstore/postgres"
//
// What a connection string may say stands in the documentation of each package.
package sqlstore

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-prompty/prompty/stores/internal/backend"
	"github.com/go-prompty/prompty/stores/sqlstore/mysql"
	"github.com/go-prompty/prompty/stores/sqlstore/postgres"
	"github.com/go-prompty/prompty/stores/sqlstore/sqlite"
)

var schemas = map[string]func(prefix string) string{
	"mysql":    mysql.Schema,
	"postgres": postgres.Schema,
	"sqlite":   sqlite.Schema,
}

// Schema returns the SQL that makes a dialect's tables, for those who open the
// storage with schema=manual. The dialect is the driver's name, prefix what
// table_prefix says in the connection string; empty: the usual one.
func Schema(dialect, prefix string) (string, error) {
	schema, ok := schemas[dialect]
	if !ok {
		return "", fmt.Errorf("there is no dialect %q; those with a schema are %s", dialect, strings.Join(slices.Sorted(maps.Keys(schemas)), ", "))
	}
	if err := backend.CheckPrefix(prefix); err != nil {
		return "", err
	}
	return schema(prefix), nil
}
