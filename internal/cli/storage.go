package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/go-prompty/prompty"
)

const (
	defaultStorage = "filesystem:./prompts"
	storageEnv     = "PROMPTY_STORAGE"
)

// withStorage opens the storage, hands it to do and closes it. Only with
// create may a folder be made.
func (a *app) withStorage(create bool, do func(prompty.TemplateStorage) error) (err error) {
	s, err := a.open(create)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return do(s)
}

func (a *app) open(create bool) (prompty.TemplateStorage, error) {
	where, err := a.where()
	if err != nil {
		return nil, err
	}
	driver, connection, err := knownStorage(where)
	if err != nil {
		return nil, a.withSource(err)
	}
	folder := driver == "filesystem" || driver == "fs"
	if folder && !create {
		connection = withoutCreate(connection)
	}
	if driver == "git" && !create {
		var made bool // it would make a repository
		if connection, made = keptUnmade(connection); made {
			s, err := prompty.OpenStorage(driver, connection)
			if errors.Is(err, fs.ErrNotExist) {
				dir, _, _ := strings.Cut(connection, "?")
				return nil, a.withSource(withHint(&noFolder{what: "repository", path: dir}, "what writes makes it, since the storage says init=1"))
			}
			return s, err
		}
	}
	if path, ok := databaseFile(driver, connection); ok && !create {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil, a.withSource(withHint(&noFolder{what: "database", path: path}, "the first `prompty save` or `prompty new` makes it"))
		}
	}
	s, err := prompty.OpenStorage(driver, connection)
	if isDatabase(driver) {
		return s, a.withSource(err)
	}
	if folder && errors.Is(err, fs.ErrNotExist) {
		dir, _, _ := strings.Cut(connection, "?")
		if a.source() != "" {
			return nil, a.withSource(withHint(&noFolder{what: "folder", path: dir}, "the first `prompty save` or `prompty new` makes it"))
		}
		return nil, withHint(&noFolder{what: "folder", path: dir}, "`prompty init` makes a project here; prompts elsewhere are named with --storage or "+storageEnv)
	}
	return s, err
}

// source is what names the storage; "" if nothing does.
func (a *app) source() string {
	if a.storage != "" {
		return "--storage"
	}
	if v, _ := a.lookupEnv(storageEnv); v != "" {
		return storageEnv
	}
	if p, err := a.project(); err == nil {
		return p.Path
	}
	return ""
}

// withSource says what named the storage that err is about, where people don't
// see it on the command line.
func (a *app) withSource(err error) error {
	if err == nil || a.storage != "" {
		return err
	}
	source := a.source()
	if source == "" {
		return err
	}
	hint := hintOf(err)
	if hint != "" {
		hint += "; "
	}
	return withHint(err, hint+"it is "+source+" that names this storage")
}

// noFolder says that there is nothing to read from.
type noFolder struct {
	what string // folder, repository, database
	path string
}

func (e *noFolder) Error() string { return fmt.Sprintf("there is no %s %q", e.what, e.path) }

// where is what --storage, the environment, prompty.yaml or the default say.
func (a *app) where() (string, error) {
	where := a.storage
	if where == "" {
		where, _ = a.lookupEnv(storageEnv)
	}
	if where == "" {
		p, err := a.project()
		if err != nil {
			return "", err
		}
		where = cmp.Or(p.Storage, defaultStorage)
	}
	where, err := a.meant(where)
	if err != nil {
		return "", a.withSource(err)
	}
	return where, nil
}

// knownStorage is splitStorage for drivers that this command has.
func knownStorage(where string) (driver, connection string, err error) {
	driver, connection = splitStorage(where)
	if !slices.Contains(prompty.ListStorageDrivers(), driver) {
		return "", "", noDriver(driver)
	}
	return driver, connection, nil
}

// splitStorage takes DRIVER:CONNECTION apart. What has no driver in front is a
// folder: ./prompts, prompts, C:\prompts. A single word that is a driver's name
// (memory) is that driver, and a URL is one of the driver that its scheme names.
func splitStorage(where string) (driver, connection string) {
	if driver, connection, ok := splitDatabase(where); ok {
		return driver, connection
	}
	driver, connection, colon := strings.Cut(where, ":")
	switch {
	case isURL(driver, connection):
		return driver, where
	case !isDriverName(driver):
		return "filesystem", where
	case colon, slices.Contains(prompty.ListStorageDrivers(), driver):
		return driver, connection
	}
	return "filesystem", where
}

// isDriverName tells a driver from a path; one letter is a drive of Windows.
func isDriverName(s string) bool {
	return len(s) > 1 && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-'
	})
}

// isURL reports whether scheme:rest is a URL, which may hold a password, and no
// path.
func isURL(scheme, rest string) bool {
	return strings.HasPrefix(rest, "//") && !slices.Contains(prompty.ListStorageDrivers(), scheme) && isDriverName(strings.ReplaceAll(scheme, "+", ""))
}

// withoutCreate adds the option that keeps fsstore from making the folder,
// unless the user said otherwise.
func withoutCreate(connection string) string {
	_, options, ok := strings.Cut(connection, "?")
	switch {
	case !ok:
		return connection + "?create=0"
	case options == "":
		return connection + "create=0"
	case slices.ContainsFunc(strings.Split(options, "&"), func(o string) bool { return strings.HasPrefix(o, "create=") }):
		return connection
	}
	return connection + "&create=0"
}

// keptUnmade takes out the option that makes a repository.
func keptUnmade(connection string) (without string, was bool) {
	path, options, _ := strings.Cut(connection, "?")
	var kept []string
	for option := range strings.SplitSeq(options, "&") {
		if name, value, _ := strings.Cut(option, "="); name == "init" && value != "0" {
			was = true
		} else if option != "" {
			kept = append(kept, option)
		}
	}
	if !was {
		return connection, false
	}
	if len(kept) > 0 {
		path += "?" + strings.Join(kept, "&")
	}
	return path, true
}

// problems are what the storage itself finds wrong with its place, and what a
// listing may lack for that. How a database's server is set up, lint tells.
func problems(ctx context.Context, s prompty.TemplateStorage) ([]string, error) {
	d, ok := prompty.As[prompty.Describer](s)
	if !ok {
		return nil, nil
	}
	desc, err := d.Describe(ctx)
	if isDatabase(desc.Driver) {
		return nil, err
	}
	return desc.Problems, err
}

// warnOf tells of the storage's problems, but does not fill the screen.
func (a *app) warnOf(problems []string) {
	const most = 10
	for i, p := range problems {
		if i == most {
			a.warn("warning: and %d more", len(problems)-most)
			return
		}
		a.warn("warning: %s", p)
	}
}

// isPath reports whether an argument is a file and no name: names never start
// with a dot or a slash.
func isPath(arg string) bool {
	for _, start := range []string{"./", "../", "/", `.\`, `..\`, `\`} {
		if strings.HasPrefix(arg, start) {
			return true
		}
	}
	return arg == "." || arg == ".." || len(arg) > 2 && arg[1] == ':' && (arg[2] == '\\' || arg[2] == '/') // C:\x
}

// isFile reports whether a file of that path exists, for hints.
func isFile(path string) bool {
	fi, err := os.Stat(path)
	return err == nil && fi.Mode().IsRegular()
}
