package cli

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/go-prompty/prompty"
)

// databases are the drivers of the module stores, by the schemes of the URLs
// that people have for such databases.
var databases = map[string]string{
	"postgres": "postgres", "postgresql": "postgres",
	"mysql": "mysql", "mariadb": "mysql",
	"sqlite": "sqlite",
	"redis":  "redis", "rediss": "redis", "redis-cluster": "redis", "rediss-cluster": "redis",
	"mongodb": "mongodb", "mongodb+srv": "mongodb",
	"dynamodb": "dynamodb",
}

// isDatabase reports whether a driver is one of the module stores, whether this
// command has it or not.
func isDatabase(driver string) bool { return databases[driver] == driver }

// withDatabases says how to come by the other command.
const withDatabases = "the command with the databases' drivers is installed from a clone of https://github.com/go-prompty/prompty with: cd stores && go install ./cmd/prompty"

// splitDatabase takes a database's storage apart. A URL, postgres://host/db, is
// a connection as a whole: its scheme tells the driver. ok is false for all else.
func splitDatabase(where string) (driver, connection string, ok bool) {
	scheme, rest, colon := strings.Cut(where, ":")
	driver, ok = databases[scheme]
	switch {
	case !ok || !colon && scheme != driver: // mariadb alone is a folder
		return "", "", false
	case strings.HasPrefix(rest, "//") && driver != "sqlite":
		return driver, where, true
	}
	return driver, rest, true
}

// noDriver is the error for a storage whose driver this command does not have.
func noDriver(driver string) error {
	drivers := prompty.ListStorageDrivers()
	if isDatabase(driver) {
		return usage(fmt.Errorf("the driver %s is not in this command, which has %s", driver, strings.Join(drivers, ", ")), withDatabases)
	}
	hint := fmt.Sprintf("this command has %s; a folder is written like ./prompts", strings.Join(drivers, ", "))
	candidates := slices.Sorted(slices.Values(append(drivers, slices.Collect(maps.Values(databases))...)))
	return usage(fmt.Errorf("unknown storage driver %q", driver), withGuess(driver, slices.Compact(candidates), hint))
}

// place names a storage without its options, and without what may be secret.
func place(where string) string {
	driver, connection := splitStorage(where)
	connection, _, _ = strings.Cut(connection, "?")
	if u, err := url.Parse(connection); err == nil && u.Scheme != "" && u.Host != "" {
		return u.Scheme + "://" + u.Host + u.Path
	}
	switch driver {
	case "filesystem", "fs", "git", "memory", "sqlite":
		if !strings.Contains(connection, "://") {
			return driver + ":" + connection
		}
	}
	return driver
}

// withoutSecrets is a storage as people wrote it, but for one that may hold a
// password, which is only named.
func withoutSecrets(where string) string {
	if driver, _ := splitStorage(where); isDatabase(driver) && driver != "sqlite" || strings.Contains(where, "://") {
		return place(where)
	}
	return where
}

// databaseFile is the file of an SQLite database, which opening would make.
func databaseFile(driver, connection string) (path string, ok bool) {
	path, _, _ = strings.Cut(connection, "?")
	if driver != "sqlite" || path == "" || strings.HasPrefix(path, "file:") {
		return "", false
	}
	path, err := url.PathUnescape(path)
	return path, err == nil
}

// password finds one in a connection: user:password@host, and password=.
var password = regexp.MustCompile(`(?i)^(?:[a-z+]+://)?[^/?#@:\s]*:[^/@\s]+@|\bpassword=`)

// unwritten refuses to write a password down in a file that others read.
func unwritten(where string) error {
	driver, connection := splitStorage(where)
	if !isDatabase(driver) || !password.MatchString(connection) {
		return nil
	}
	return usage(errors.New("the storage has a password in it, and "+projectFile+" is for everybody who has the project"),
		"leave the password out, and give it in the environment: the database's own variable, or the whole storage in "+storageEnv)
}

// inVariable begins a storage that stands in a variable of the environment,
// where no list of processes and no file shows its password.
const inVariable = "env:"

// meant is where, or what the variable holds that it names.
func (a *app) meant(where string) (string, error) {
	name, ok := strings.CutPrefix(where, inVariable)
	if !ok {
		return where, nil
	}
	value, _ := a.lookupEnv(name)
	switch {
	case value == "":
		return "", usage(fmt.Errorf("the environment has no %q, which is to name the storage", name), "set it to DRIVER:CONNECTION, or to the database's URL, and export it")
	case strings.HasPrefix(value, inVariable):
		return "", usage(fmt.Errorf("%s names another variable, and not a storage", name), "set it to DRIVER:CONNECTION, or to the database's URL")
	}
	return value, nil
}
