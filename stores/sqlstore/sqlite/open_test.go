package sqlite

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/backend"
)

func TestParseConnection(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	standard := connection{
		path: filepath.Join(here, "prompts.db"), mode: "rwc", sync: "full", patience: 10 * time.Second, conns: 8, prefix: "prompty_",
		watch: backend.WatchOptions{Poll: time.Second, Resync: time.Minute},
	}
	with := func(change func(*connection)) connection {
		c := standard
		change(&c)
		return c
	}
	at := func(path string) connection { return with(func(c *connection) { c.path = path }) }
	for text, want := range map[string]connection{
		"prompts.db":                 standard,
		"prompts.db?table_prefix=":   standard,
		"./prompts.db?":              standard,
		"file:prompts.db":            standard,
		"/a/b%3Fc%25.db":             at("/a/b?c%.db"),
		"/a/100%.db":                 at("/a/100%.db"),
		"file:///a/b%20c.db":         at("/a/b c.db"),
		"file://localhost/a.db#part": at("/a.db"),
		"prompts.db?sync=off":        with(func(c *connection) { c.sync = "off" }),
		"prompts.db?max_conns=1":     with(func(c *connection) { c.conns = 1 }),
		"prompts.db?busy_timeout=1s": with(func(c *connection) { c.patience = time.Second }),
		"prompts.db?table_prefix=x_": with(func(c *connection) { c.prefix = "x_" }),
		"prompts.db?schema=manual":   with(func(c *connection) { c.manual = true }),
		"prompts.db?notify=off":      with(func(c *connection) { c.watch.NoPush = true }),
		"file:prompts.db?mode=ro#x":  with(func(c *connection) { c.mode = "ro" }),
		"prompts.db?immutable=1":     with(func(c *connection) { c.immutable = true }),
		"prompts.db?poll=5ms":        with(func(c *connection) { c.watch.Poll = 5 * time.Millisecond }),
		"prompts.db?_pragma=a%3D1":   {},
		"prompts.db?_pragma=mmap_size(100)&_pragma=cache_size=-4000": with(func(c *connection) {
			c.pragmas = []string{"PRAGMA mmap_size = 100", "PRAGMA cache_size = -4000"}
		}),
	} {
		got, err := parseConnection(text)
		if want.path == "" {
			if err == nil {
				t.Errorf("parseConnection(%q) gives no error", text)
			}
			continue
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(connection{}), cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("parseConnection(%q): %v (-want +got):\n%s", text, err, diff)
		}
	}
}

func TestParseConnectionErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "no file is named",
		"?sync=off":                         "no file is named",
		":memory:":                          "prompty.NewMemoryStorage",
		"file::memory:?cache=shared":        "prompty.NewMemoryStorage",
		"x.db?mode=memory":                  "prompty.NewMemoryStorage",
		"file://host/x.db":                  "another machine",
		"file:%zz":                          "cannot be read",
		"file:a%00b":                        "NUL",
		"x.db?a=%zz":                        "%3F",
		"x.db?tabel_prefix=x":               `option "tabel_prefix" is unknown`,
		"x.db?cache=shared":                 `option "cache" is unknown`,
		"x.db?vfs=x":                        `option "vfs" is unknown`,
		"x.db?sync=none":                    "want full or normal or off",
		"x.db?sync=full&sync=off":           "given 2 times",
		"x.db?max_conns=0":                  "want a number from 1",
		"x.db?table_prefix=a-b":             "letters, digits and _",
		"x.db?table_prefix=SQLite_":         "keeps names that begin with sqlite_",
		"x.db?_pragma=journal_mode(delete)": "only cache_size",
		"x.db?_pragma=cache_size(1);DROP TABLE x;": "",
		"x.db?_pragma=cache_size(1)%3Bx":           "want name(value)",
	} {
		_, err := parseConnection(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("parseConnection(%q): %v, want an error with %q", text, err, want)
		}
	}
}

// wantError wants a storage error that tells all of parts.
func wantError(t *testing.T, what string, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s gives no error", what)
		return
	}
	if _, ok := errors.AsType[*prompty.StorageError](err); !ok {
		t.Errorf("%s gives %T, want a *prompty.StorageError", what, err)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%s gives %q, which does not say %q", what, err, part)
		}
	}
}

func mustOpen(t *testing.T, connection string) prompty.TemplateStorage {
	t.Helper()
	s, err := prompty.OpenStorage("sqlite", connection)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

func save(t *testing.T, s prompty.TemplateStorage, name, source string) *prompty.StoredTemplate {
	t.Helper()
	tmpl := &prompty.StoredTemplate{Name: name, Source: source, Tags: []string{"tag"}, CreatedBy: "ann"}
	if err := s.Save(t.Context(), tmpl); err != nil {
		t.Fatalf("Save(%q): %v", name, err)
	}
	return tmpl
}

// made is a closed database with one template, doc.
func made(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "prompts.db")
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	save(t, s, "doc", "text")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("This is no database.\n", 300)), 0o644); err != nil {
		t.Fatal(err)
	}
	for connection, want := range map[string]string{
		filepath.Join(dir, "none", "x.db"):   "there is no folder " + filepath.Join(dir, "none"),
		filepath.Join(text, "x.db"):          "not a directory",
		dir:                                  "is a folder: name a file in it",
		text:                                 "is no SQLite database",
		filepath.Join(dir, "x.db?mode=rw"):   "there is no file",
		filepath.Join(dir, "x.db?mode=ro"):   "there is no file",
		filepath.Join(dir, "x?immutable=1"):  "there is no file",
		os.DevNull:                           "is no regular file",
		filepath.Join(dir, "x.db?schema=no"): "want auto or manual",
		filepath.Join(dir, "\x00"):           "invalid argument",
	} {
		_, err := Open(connection)
		wantError(t, "Open("+connection+")", err, "open sqlite: ", want)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 1 {
		t.Errorf("what failed left %v behind", left)
	}
}

// A name that means something in a URI is only a name.
func TestOddPaths(t *testing.T) {
	for _, name := range []string{"a b", "100%", "a#b", "a%20b", "ünï", "a&b=c", "-x", "a'b\"c"} {
		dir := filepath.Join(t.TempDir(), name)
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name+".db")
		s := mustOpen(t, path)
		save(t, s, "doc", "text")
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
	path := filepath.Join(t.TempDir(), "what?.db")
	mustOpen(t, strings.ReplaceAll(path, "?", "%3F"))
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

// Through a link the log is still beside the file.
func TestSymbolicLink(t *testing.T) {
	path := made(t)
	link := filepath.Join(t.TempDir(), "link.db")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	a, b := mustOpen(t, path), mustOpen(t, link)
	watcher, _ := prompty.As[prompty.Watcher](b)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	batches, err := watcher.Watch(ctx)
	if err != nil {
		t.Fatal(err)
	}
	save(t, a, "linked", "text")
	for batch := range batches {
		if len(batch.Changes) > 0 {
			return
		}
	}
	t.Error("a change was never told to who watches through a link")
}

func TestDescribe(t *testing.T) {
	path := made(t)
	for option, want := range map[string]string{
		"":             "1 templates",
		"?sync=off":    "1 templates, sync=off: a loss of power may damage it",
		"?sync=normal": "1 templates, sync=normal: a loss of power takes the last moments",
		"?mode=ro":     "1 templates, read-only: it was opened with mode=ro",
		"?immutable=1": "1 templates, read-only: it was opened with immutable=1",
	} {
		s := mustOpen(t, path+option)
		describer, _ := prompty.As[prompty.Describer](s)
		got, err := describer.Describe(t.Context())
		want := prompty.Description{Driver: "sqlite", Location: path, State: want}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("Describe with %q: %v (-want +got):\n%s", option, err, diff)
		}
	}
}

// Ten storages that are opened at once make one schema.
func TestOpenTogether(t *testing.T) {
	path := place(t)
	errs := make(chan error)
	for range 10 {
		go func() {
			s, err := Open(path)
			if err == nil {
				err = errors.Join(s.Save(context.Background(), &prompty.StoredTemplate{Name: "doc", Source: "text"}), s.Close())
			}
			errs <- err
		}()
	}
	for range 10 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if got := save(t, mustOpen(t, path), "doc", "text").Version; got != 11 {
		t.Errorf("after ten saves the next version is %d", got)
	}
}

// A snapshot is the state after all changes that were made, deletions too.
func TestSnapshotAfterDelete(t *testing.T) {
	s := mustOpen(t, place(t))
	snapshotter, _ := prompty.As[prompty.Snapshotter](s)
	save(t, s, "doc", "one")
	save(t, s, "doc", "two")
	for _, step := range []struct {
		want   int
		change func() error
	}{
		{2, func() error { return nil }},
		{1, func() error { return s.DeleteVersion(t.Context(), "doc", 2) }},
		{0, func() error { return s.Delete(t.Context(), "doc") }},
	} {
		if err := step.change(); err != nil {
			t.Fatal(err)
		}
		frozen, err := snapshotter.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer frozen.Close()
		list, err := frozen.ListVersions(t.Context(), "doc")
		if err != nil || len(list) != step.want {
			t.Errorf("a snapshot has versions %v, %v, want %d of them", list, err, step.want)
		}
		got, err := frozen.Get(t.Context(), "doc")
		if step.want > 0 && (err != nil || got.Version != step.want) || step.want == 0 && !errors.Is(err, prompty.ErrTemplateNotFound) {
			t.Errorf("Get in a snapshot = %v, %v, want version %d", got, err, step.want)
		}
	}
}

// The clock was ahead when the version before was saved.
func TestClock(t *testing.T) {
	path := made(t)
	s := mustOpen(t, path)
	query(t, path, "UPDATE prompty_heads SET saved_at = 4102444800000000") // 2100
	for want := time.Date(2100, 1, 1, 0, 0, 0, 1000, time.UTC); want.Nanosecond() < 4000; want = want.Add(time.Microsecond) {
		if got := save(t, s, "doc", "text").CreatedAt; got != want {
			t.Errorf("CreatedAt = %v, want %v", got, want)
		}
	}
}
