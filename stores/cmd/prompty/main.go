// Command prompty is the command with every storage driver in it: those that
// need no server, and the databases'. docs/command.md is its manual.
package main

import (
	"os"

	_ "github.com/go-prompty/prompty/fsstore"  // the drivers "filesystem" and "fs"
	_ "github.com/go-prompty/prompty/gitstore" // the driver "git"
	"github.com/go-prompty/prompty/internal/cli"
	"github.com/go-prompty/prompty/stores/dynamostore" // the driver "dynamodb"
	"github.com/go-prompty/prompty/stores/internal/backend"
	"github.com/go-prompty/prompty/stores/mongostore"      // the driver "mongodb"
	_ "github.com/go-prompty/prompty/stores/redisstore"    // the driver "redis"
	"github.com/go-prompty/prompty/stores/sqlstore"        // the driver "postgres"
	"github.com/go-prompty/prompty/stores/sqlstore/mysql"  // the driver "mysql"
	"github.com/go-prompty/prompty/stores/sqlstore/sqlite" // the driver "sqlite"
)

func main() {
	os.Exit(cli.Main(cli.Config{Schemas: map[string]func(string) (string, error){
		"postgres": func(prefix string) (string, error) { return sqlstore.Schema("postgres", prefix) },
		"mysql":    checked(mysql.Schema),
		"sqlite":   checked(sqlite.Schema),
		"mongodb":  checked(mongostore.Schema),
		"dynamodb": func(table string) (string, error) { return dynamostore.Schema(table), nil },
	}}))
}

// checked makes a schema for what may begin a name.
func checked(schema func(prefix string) string) func(string) (string, error) {
	return func(prefix string) (string, error) {
		if err := backend.CheckPrefix(prefix); err != nil {
			return "", err
		}
		return schema(prefix), nil
	}
}
