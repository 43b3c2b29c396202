// Command prompty is the command with every storage driver in it: those that
// need no server, and the databases'. docs/command.md is its manual.
package main

import (
	"os"

	"github.com/redis/go-redis/v9/logging"

	_ "github.com/go-prompty/prompty/fsstore"  // the drivers "filesystem" and "fs"
	_ "github.com/go-prompty/prompty/gitstore" // the driver "git"
	"github.com/go-prompty/prompty/internal/cli"
	"github.com/go-prompty/prompty/stores/dynamostore" // the driver "dynamodb"
	"github.com/go-prompty/prompty/stores/internal/backend"
	"github.com/go-prompty/prompty/stores/mongostore"   // the driver "mongodb"
	_ "github.com/go-prompty/prompty/stores/redisstore" // the driver "redis"
	"github.com/go-prompty/prompty/stores/sqlstore"     // the drivers "postgres", "mysql" and "sqlite"
)

func main() {
	logging.Disable() // the client would print what the error says once more
	os.Exit(cli.Main(cli.Config{Schemas: map[string]func(string) (string, error){
		"postgres": dialect("postgres"),
		"mysql":    dialect("mysql"),
		"sqlite":   dialect("sqlite"),
		"mongodb":  collection,
		"dynamodb": func(table string) (string, error) { return dynamostore.Schema(table), nil },
	}}))
}

func dialect(name string) func(string) (string, error) {
	return func(prefix string) (string, error) { return sqlstore.Schema(name, prefix) }
}

func collection(prefix string) (string, error) {
	if err := backend.CheckPrefix(prefix); err != nil {
		return "", err
	}
	return mongostore.Schema(prefix), nil
}
