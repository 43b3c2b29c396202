package postgres_test

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/testserver"
	"github.com/go-prompty/prompty/stores/sqlstore/postgres"
)

// role makes a role that may log in and do no more than is granted, and returns
// the place as it sees it.
func role(t *testing.T, where, grants string) string {
	t.Helper()
	prefix := prefixOf(t, where)
	name := prefix + "role"
	admin(t, where, `CREATE ROLE `+name+` LOGIN`)
	t.Cleanup(func() { admin(t, where, `DROP OWNED BY `+name, `DROP ROLE `+name) })
	if grants != "" {
		admin(t, where, strings.NewReplacer("prompty_", prefix, "ROLE", name).Replace(grants))
	}
	return edit(t, where, func(u *url.URL, q url.Values) { u.User = url.User(name) })
}

// The grants of the package's documentation are all that is needed.
func TestLeastPrivilege(t *testing.T) {
	t.Parallel()
	where := place(t)
	open(t, where)
	s := open(t, with(role(t, where, documentedGrants(t)), "schema=manual"))
	save(t, s, "a", "a", "b")
	if err := prompty.SaveIf(t.Context(), s, &prompty.StoredTemplate{Name: "a"}, 2); err != nil {
		t.Error(err)
	}
	if err := prompty.SaveAll(t.Context(), s, []*prompty.StoredTemplate{{Name: "c"}, {Name: "b"}}); err != nil {
		t.Error(err)
	}
	if err := s.DeleteVersion(t.Context(), "a", 1); err != nil {
		t.Error(err)
	}
	if err := s.Delete(t.Context(), "b"); err != nil {
		t.Error(err)
	}
	watch(t, s, func() { save(t, s, "d") }, "d")
	d, _ := prompty.As[prompty.Describer](s)
	if got, err := d.Describe(t.Context()); err != nil || len(got.Problems) > 0 {
		t.Errorf("Describe = %+v, %v, want no problem", got, err)
	}
}

// documentedGrants are the lines of doc.go.
func documentedGrants(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var grants string
	for line := range strings.Lines(string(text)) {
		if grant := strings.TrimSpace(strings.TrimPrefix(line, "//")); strings.HasPrefix(grant, "GRANT ") {
			grants += grant + "\n"
		}
	}
	if grants == "" {
		t.Fatal("doc.go has no grants")
	}
	return grants
}

func TestMissingRights(t *testing.T) {
	t.Parallel()
	t.Run("to read", func(t *testing.T) {
		t.Parallel()
		where := place(t)
		open(t, where)
		if _, err := postgres.Open(role(t, where, "")); err == nil || !strings.Contains(err.Error(), "GRANT SELECT ON "+prefixOf(t, where)+"schema") {
			t.Errorf("Open: %v, want the grants", err)
		}
	})
	t.Run("to write", func(t *testing.T) {
		t.Parallel()
		where := place(t)
		save(t, open(t, where), "a")
		s := open(t, role(t, where, "GRANT SELECT ON prompty_schema, prompty_heads, prompty_versions TO ROLE"))
		if _, err := s.Get(t.Context(), "a"); err != nil {
			t.Error(err)
		}
		readOnly(t, s, "GRANT INSERT, UPDATE ON "+prefixOf(t, where)+"heads")
	})
	t.Run("to make tables", func(t *testing.T) {
		t.Parallel()
		if _, err := postgres.Open(role(t, place(t), "")); err == nil || !strings.Contains(err.Error(), "prompty schema postgres") {
			t.Errorf("Open: %v, want an error that says what the owner may do", err)
		}
	})
}

// readOnly wants everything that writes to give ErrReadOnly, and to say why.
func readOnly(t *testing.T, s prompty.TemplateStorage, why string) {
	t.Helper()
	for op, err := range map[string]error{
		"Save":          s.Save(t.Context(), &prompty.StoredTemplate{Name: "a"}),
		"SaveIf":        prompty.SaveIf(t.Context(), s, &prompty.StoredTemplate{Name: "a"}, 1),
		"SaveAll":       prompty.SaveAll(t.Context(), s, []*prompty.StoredTemplate{{Name: "a"}, {Name: "b"}}),
		"Delete":        s.Delete(t.Context(), "a"),
		"DeleteVersion": s.DeleteVersion(t.Context(), "a", 1),
	} {
		if !errors.Is(err, prompty.ErrReadOnly) || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v, want ErrReadOnly and %q", op, err, why)
		}
	}
}

func TestReadOnly(t *testing.T) {
	t.Parallel()
	where := place(t)
	save(t, open(t, where), "a")
	s := open(t, with(where, "default_transaction_read_only=on"))
	if _, err := s.Get(t.Context(), "a"); err != nil {
		t.Error(err)
	}
	readOnly(t, s, "target_session_attrs=read-write")
	d, _ := prompty.As[prompty.Describer](s)
	if got, err := d.Describe(t.Context()); err != nil || len(got.Problems) != 1 || !strings.Contains(got.Problems[0], "default_transaction_read_only") {
		t.Errorf("Describe = %+v, %v, want a problem", got, err)
	}
}

// A replica answers what only reads. It tells of changes when asked, has no
// snapshots, and says so.
func TestReplica(t *testing.T) {
	t.Parallel()
	server := testserver.OwnPostgres(t)
	where := placeOn(server)
	s := open(t, where)
	save(t, s, "a", "a")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	server.Stop()
	u, err := url.Parse(where)
	if err != nil {
		t.Fatal(err)
	}
	signal := filepath.Join(u.Query().Get("host"), "data", "standby.signal")
	if err := os.WriteFile(signal, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	server.Start()

	s = open(t, where)
	if got, err := s.Get(t.Context(), "a"); err != nil || got.Version != 2 {
		t.Errorf("Get = %v, %v, want version 2", got, err)
	}
	readOnly(t, s, "replica")
	c, _ := prompty.As[prompty.Snapshotter](s)
	if _, err := c.Snapshot(t.Context()); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Snapshot: %v, want ErrUnsupported", err)
	}
	w, _ := prompty.As[prompty.Watcher](s)
	batches, err := w.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if b := <-batches; b.Watch == nil || b.Watch.Mode != "poll" || !strings.Contains(b.Watch.LastError, "recovery") {
		t.Errorf("the first batch is %+v, want that it polls, and why", b)
	}
	d, _ := prompty.As[prompty.Describer](s)
	if got, err := d.Describe(t.Context()); err != nil || len(got.Problems) != 2 || !strings.Contains(got.Problems[0], "replica") || !strings.Contains(got.State, "read-only") {
		t.Errorf("Describe = %+v, %v, want the replica, and the polling", got, err)
	}
	if err := postgresUnmade(where); err == nil || !strings.Contains(err.Error(), "recovery") && !strings.Contains(err.Error(), "read-only") {
		t.Errorf("Open of an empty place on a replica: %v", err)
	}
}

// postgresUnmade opens a place beside where, which has no tables.
func postgresUnmade(where string) error {
	s, err := postgres.Open(strings.Replace(where, "table_prefix=", "table_prefix=un", 1))
	if err == nil {
		s.Close()
	}
	return err
}
