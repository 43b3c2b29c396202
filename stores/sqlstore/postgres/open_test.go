package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/testserver"
	"github.com/go-prompty/prompty/stores/sqlstore/postgres"
)

// admin runs statements with all rights.
func admin(t testing.TB, where string, statements ...string) {
	t.Helper()
	u, err := url.Parse(where)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	for _, ours := range []string{"table_prefix", "schema", "notify", "poll", "resync", "max_conns"} {
		q.Del(ours)
	}
	u.RawQuery = q.Encode()
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, u.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	for _, sql := range statements {
		if _, err := conn.PgConn().Exec(ctx, sql).ReadAll(); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

// prefixOf is the table_prefix in a connection string.
func prefixOf(t testing.TB, where string) string {
	t.Helper()
	u, err := url.Parse(where)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get("table_prefix")
}

// edit changes a URL.
func edit(t testing.TB, where string, change func(u *url.URL, q url.Values)) string {
	t.Helper()
	u, err := url.Parse(where)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	change(u, q)
	u.RawQuery = q.Encode()
	return u.String()
}

func open(t testing.TB, where string) prompty.TemplateStorage {
	t.Helper()
	s, err := postgres.Open(where)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func save(t testing.TB, s prompty.TemplateStorage, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := s.Save(t.Context(), &prompty.StoredTemplate{Name: name, Source: "text"}); err != nil {
			t.Fatal(err)
		}
	}
}

// What can be wrong with a connection is said, with what to do, without the password.
func TestOpenErrors(t *testing.T) {
	t.Parallel()
	server := testserver.Postgres(t)
	if !server.Own() {
		t.Skip("it changes roles")
	}
	where := placeOn(server)
	id := strings.ReplaceAll(prefixOf(t, where), "_", "")
	admin(t, where, `DO $$ BEGIN CREATE ROLE locked LOGIN PASSWORD 'right'; EXCEPTION WHEN duplicate_object THEN NULL; END $$`,
		`CREATE DATABASE `+id+` ENCODING 'SQL_ASCII' LOCALE 'C' LOCALE_PROVIDER libc TEMPLATE template0`)
	for name, c := range map[string]struct {
		where string
		want  []string
	}{
		"wrong password": {edit(t, where, func(u *url.URL, q url.Values) { u.User = url.UserPassword("locked", "s3cret+w0rd") }),
			[]string{"password authentication failed", ".pgpass"}},
		"no such role": {edit(t, where, func(u *url.URL, q url.Values) { u.User = url.UserPassword("nobody", "s3cret+w0rd") }),
			[]string{`role "nobody" does not exist`, "check user"}},
		"no such database": {edit(t, where, func(u *url.URL, q url.Values) { u.Path = "/none" }),
			[]string{`database "none" does not exist`, "CREATE DATABASE"}},
		"no such host":   {"postgres://user:s3cret%2Bw0rd@db.invalid/x", []string{"db.invalid", "host"}},
		"nobody listens": {"postgres://user:s3cret%2Bw0rd@127.0.0.1:1/x", []string{"127.0.0.1:1", "is the server running"}},
		"no socket":      {"host=/nowhere user=u password=s3cret+w0rd", []string{"/nowhere", "is the server running"}},
		"another encoding": {edit(t, where, func(u *url.URL, q url.Values) { u.Path = "/" + id }),
			[]string{"SQL_ASCII", "ENCODING 'UTF8'"}},
		"no such schema":            {with(where, "search_path=nowhere"), []string{"no schema", "search_path="}},
		"a misspelled option":       {with(where, "notfy=off"), []string{`"notfy" is unknown`, "notify", "table_prefix", "max_conns"}},
		"a bad value":               {with(where, "notify=maybe"), []string{"notify", "on or off"}},
		"a bad number":              {with(where, "max_conns=0"), []string{"max_conns"}},
		"a bad prefix":              {strings.Replace(where, "table_prefix=", "table_prefix=a-", 1), []string{"table_prefix", "letters"}},
		"a bad escape":              {with(where, "poll=%zz"), []string{"poll"}},
		"no connection string":      {"nonsense", []string{"postgres://", "key=value"}},
		"a bad port":                {"postgres://user:s3cret+w0rd@host:x/db", []string{"port", "postgres://"}},
		"bad TLS":                   {"postgres://user:s3cret+w0rd@host/db?sslmode=maybe", []string{"sslmode"}},
		"a missing certificate":     {"postgres://user:s3cret+w0rd@host/db?sslmode=verify-full&sslrootcert=/nowhere.pem", []string{"/nowhere.pem"}},
		"an @ in the password":      {"postgres://u:s3cret@w0rd@127.0.0.1:1/app", []string{"%40"}},
		"all signs in the password": {"postgres://u:Qx7a@s3cret/Wv9c:w0rd?Sr3e#Op4f&Kj5g%Ih6h@127.0.0.1:1/app", []string{"%40"}},
		"a slash in the password":   {"postgres://u:s3cret/w0rd@127.0.0.1:1/app", []string{"%2F"}},
		"a % in the password":       {"postgres://u:%s3cret%w0rd@127.0.0.1:1/app", []string{"connection string"}},
		"a blank in the password":   {"user=u password=my s3cret w0rd host=127.0.0.1 port=1", []string{"connection string"}},
		"a bad word":                {"host=h user=u password='s3cret+w0rd", []string{"connection string"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := postgres.Open(c.where)
			if err == nil {
				s.Close()
				t.Fatal("it opens")
			}
			var e *prompty.StorageError
			if !errors.As(err, &e) || e.Op != "open" {
				t.Errorf("%v is no StorageError of open", err)
			}
			for _, part := range c.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%v\ndoes not say %q", err, part)
				}
			}
			for _, secret := range []string{"s3cret", "w0rd"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("%v\nshows the password", err)
				}
			}
			for inner := err; inner != nil; inner = errors.Unwrap(inner) {
				if strings.Contains(fmt.Sprintf("%+v %#v", inner, inner), "s3cret") {
					t.Errorf("%#v leads to the password", inner)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("%q has several lines", err)
			}
		})
	}
}

// All forms of a connection string lead to the same place.
func TestConnectionStrings(t *testing.T) {
	where := place(t)
	save(t, open(t, where), "a")
	u, err := url.Parse(where)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	host, prefix := q.Get("host"), q.Get("table_prefix")
	if host == "" {
		t.Skip("the server is not behind a socket")
	}
	t.Setenv("PGHOST", host)
	t.Setenv("PGUSER", u.User.Username())
	t.Setenv("PGDATABASE", strings.TrimPrefix(u.Path, "/"))
	passfile := filepath.Join(t.TempDir(), "pgpass")
	if err := os.WriteFile(passfile, []byte("*:*:*:*:unused\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PGPASSFILE", passfile)
	for _, where := range []string{
		"?table_prefix=" + prefix,
		"table_prefix=" + prefix,
		"postgres://?table_prefix=" + strings.ToUpper(prefix),
		"postgresql:///?table_prefix=" + prefix,
		"//?table_prefix=" + prefix + "&notify=off&sslmode=prefer",
		"notify = 'off'  table_prefix='" + prefix + "' application_name='it\\'s me'",
		"sslmode=disable table_prefix=" + prefix + " schema=manual poll=10s",
		fmt.Sprintf("host=%s user=%s dbname=%s table_prefix=%s", host, u.User.Username(), strings.TrimPrefix(u.Path, "/"), prefix),
		"?table_prefix=" + prefix + "&max_conns=1&pool_max_conn_idle_time=1m",
	} {
		s, err := prompty.OpenStorage("postgres", where)
		if err != nil {
			t.Errorf("%s: %v", where, err)
			continue
		}
		if ok, err := s.Exists(t.Context(), "a"); !ok || err != nil {
			t.Errorf("%s: a: %v, %v", where, ok, err)
		}
		s.Close()
	}
}

// Whoever mixes connections up wants another way to run statements: all of pgx's
// ways are as good.
func TestExecModes(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"cache_statement", "cache_describe", "describe_exec", "exec", "simple_protocol"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s := open(t, with(place(t), "default_query_exec_mode="+mode))
			first := &prompty.StoredTemplate{
				Name: "a/b", Source: "it's \\ \"text\" $1 %s ü", Metadata: map[string]string{"k'": `v"\`}, Tags: []string{"t'", `"`},
				CreatedBy: "ann'", TenantID: "x",
			}
			if err := s.Save(t.Context(), first); err != nil {
				t.Fatal(err)
			}
			if err := prompty.SaveIf(t.Context(), s, &prompty.StoredTemplate{Name: "a/b", Source: "2"}, 2); !errors.Is(err, prompty.ErrConflict) {
				t.Errorf("SaveIf with a wrong base: %v", err)
			}
			if err := prompty.SaveIf(t.Context(), s, &prompty.StoredTemplate{Name: "a/b", Source: "2"}, 1); err != nil {
				t.Error(err)
			}
			if err := prompty.SaveAll(t.Context(), s, []*prompty.StoredTemplate{{Name: "b", Source: "1"}, {Name: "a", Source: "1"}, {Name: "b", Source: "2"}}); err != nil {
				t.Error(err)
			}
			list, err := s.List(t.Context(), &prompty.TemplateQuery{
				NamePrefix: "a/", NameContains: "/", Tags: []string{"t'", `"`}, CreatedBy: "ann'", TenantID: "x", IncludeAllVersions: true, Limit: 5,
			})
			if err != nil || len(list) != 1 || list[0].Source != first.Source || list[0].Metadata["k'"] != `v"\` || !list[0].CreatedAt.Equal(first.CreatedAt) {
				t.Errorf("List = %v, %v, want %v", list, err, first)
			}
			c, _ := prompty.As[prompty.Snapshotter](s)
			frozen, err := c.Snapshot(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer frozen.Close()
			if err := s.DeleteVersion(t.Context(), "b", 2); err != nil {
				t.Error(err)
			}
			if err := s.Delete(t.Context(), "a"); err != nil {
				t.Error(err)
			}
			if list, err = frozen.List(t.Context(), nil); err != nil || len(list) != 3 {
				t.Errorf("List of the snapshot = %v, %v, want 3", list, err)
			}
			watch(t, s, func() { save(t, s, "c") }, "c")
			if _, err := prompty.History(t.Context(), s, "b"); err != nil {
				t.Error(err)
			}
			d, _ := prompty.As[prompty.Describer](s)
			if _, err := d.Describe(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// watch wants a watch to tell of a name after change.
func watch(t testing.TB, s prompty.TemplateStorage, change func(), name string) {
	t.Helper()
	c, _ := prompty.As[prompty.Watcher](s)
	batches, err := c.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	change()
	for b := range batches {
		for _, c := range b.Changes {
			if c.Name == name {
				return
			}
		}
	}
	t.Errorf("the watch has ended before it told of %s", name)
}

// The tables live in the schema that search_path names first.
func TestSearchPath(t *testing.T) {
	t.Parallel()
	where := place(t)
	name := strings.TrimSuffix(prefixOf(t, where), "_")
	admin(t, where, `CREATE SCHEMA `+name+`_one`, `CREATE SCHEMA `+name+`_two`)
	one, two := open(t, with(where, "search_path="+name+"_one")), open(t, with(where, "search_path="+name+"_two,public"))
	save(t, one, "a")
	if ok, err := two.Exists(t.Context(), "a"); ok || err != nil {
		t.Errorf("in another schema: %v, %v, want nothing", ok, err)
	}
	d, _ := prompty.As[prompty.Describer](one)
	if got, err := d.Describe(t.Context()); err != nil || !strings.Contains(got.Location, name+"_one."+name) {
		t.Errorf("Describe = %+v, %v, want the schema", got, err)
	}
}

// Of ten that open an empty place at once, one makes the tables.
func TestOpenAtOnce(t *testing.T) {
	t.Parallel()
	where := place(t)
	var all sync.WaitGroup
	for i := range 10 {
		all.Go(func() {
			s, err := postgres.Open(with(where, "max_conns=2"))
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			save(t, s, fmt.Sprint("name", i), "same")
		})
	}
	all.Wait()
	if list, err := open(t, where).ListVersions(t.Context(), "same"); err != nil || len(list) != 10 {
		t.Errorf("%d versions, %v, want 10", len(list), err)
	}
}
