package sqlite

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-prompty/prompty/stores/internal/backend"
)

// connection is a connection string, taken apart.
type connection struct {
	path      string // absolute
	mode      string // rwc, rw or ro, as in SQLite's URIs
	immutable bool
	sync      string
	pragmas   []string
	patience  time.Duration // for another program's lock
	conns     int
	prefix    string
	manual    bool
	watch     backend.WatchOptions
}

const (
	standardPatience = 10 * time.Second
	standardConns    = 8
)

var errMemory = errors.New("there is no database in memory here, for it would be gone with the last connection: use prompty.NewMemoryStorage (driver memory), or name a file in a temporary folder")

func parseConnection(text string) (c connection, err error) {
	place, query, _ := strings.Cut(text, "?")
	uri, isURI := strings.CutPrefix(place, "file:")
	if isURI {
		query, _, _ = strings.Cut(query, "#")
		if place, err = uriPath(uri); err != nil {
			return c, err
		}
	} else {
		place = strings.NewReplacer("%3F", "?", "%3f", "?", "%25", "%").Replace(place)
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return c, fmt.Errorf("the options after ? are not option=value&…: %w; a ? in the path is written %%3F", err)
	}
	switch {
	case place == "":
		return c, errors.New("no file is named: use a path, such as ./prompts.db")
	case place == ":memory:" || values.Get("mode") == "memory":
		return c, errMemory
	}
	if c.path, err = filepath.Abs(place); err != nil {
		return c, err
	}
	pragmas := values["_pragma"]
	values.Del("_pragma")
	v := backend.NewValues(values)
	c.sync = v.Choice("sync", "full", "normal", "off")
	c.patience = v.Duration("busy_timeout", standardPatience)
	c.conns = v.Int("max_conns", standardConns, 1, 1000)
	c.prefix = cmp.Or(v.Prefix("table_prefix", standardPrefix), standardPrefix)
	c.manual = v.Manual()
	c.watch = v.Watch(time.Second)
	c.mode = v.Choice("mode", "rwc", "rw", "ro")
	c.immutable = v.Choice("immutable", "0", "1") == "1"
	if err := v.Err(); err != nil {
		return c, err
	}
	for _, key := range slices.Sorted(maps.Keys(v.Left())) {
		return c, fmt.Errorf("%w, and _pragma", v.Unknown(key))
	}
	if err := checkPrefix(c.prefix); err != nil {
		return c, err
	}
	c.pragmas, err = parsePragmas(pragmas)
	return c, err
}

// uriPath is the path of a file: URI without its query.
func uriPath(uri string) (string, error) {
	uri, _, _ = strings.Cut(uri, "#")
	if rest, ok := strings.CutPrefix(uri, "//"); ok {
		host, path, _ := strings.Cut(rest, "/")
		if host != "" && host != "localhost" {
			return "", fmt.Errorf("file://%s/… names another machine: write file:///path, or the path alone", host)
		}
		uri = "/" + path
	}
	path, err := url.PathUnescape(uri)
	if err == nil && strings.ContainsRune(path, 0) {
		err = errors.New("there is a NUL in it")
	}
	if err != nil {
		return "", fmt.Errorf("the path of the URI cannot be read: %w", err)
	}
	if len(path) > 2 && path[0] == '/' && filepath.VolumeName(path[1:]) != "" { // /C:/x
		path = path[1:]
	}
	return path, nil
}

// checkPrefix refuses what SQLite keeps for itself.
func checkPrefix(prefix string) error {
	if err := backend.CheckPrefix(prefix); err != nil {
		return err
	}
	if strings.HasPrefix(strings.ToLower(prefix), "sqlite_") {
		return fmt.Errorf("prefix %q: SQLite keeps names that begin with sqlite_ for itself; use another one", prefix)
	}
	return nil
}

// pragmas that cannot break what this package promises.
var knownPragmas = []string{"cache_size", "cell_size_check", "mmap_size", "secure_delete", "temp_store", "wal_autocheckpoint"}

var pragmaForm = regexp.MustCompile(`^([a-z_]+)(?:\(([-\w]+)\)|=([-\w]+))$`)

func parsePragmas(list []string) (statements []string, err error) {
	for _, text := range list {
		m := pragmaForm.FindStringSubmatch(text)
		if m == nil {
			return nil, fmt.Errorf("option _pragma=%q: want name(value)", text)
		}
		if !slices.Contains(knownPragmas, m[1]) {
			return nil, fmt.Errorf("option _pragma=%q: only %s can be set; see also the options sync, busy_timeout and mode", text, strings.Join(knownPragmas, ", "))
		}
		statements = append(statements, "PRAGMA "+m[1]+" = "+m[2]+m[3])
	}
	return statements, nil
}

// dsn is what the client library opens.
func (c *connection) dsn() string {
	path := filepath.ToSlash(c.path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	query := url.Values{"mode": {c.mode}, "_error_rc": {"1"}, "_dqs": {"0"}}
	if c.immutable {
		query.Set("immutable", "1")
	}
	return "file://" + (&url.URL{Path: path}).EscapedPath() + "?" + query.Encode()
}
