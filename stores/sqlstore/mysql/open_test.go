package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/testserver"
)

// root is a connection of the superuser's.
func root(t testing.TB, server *testserver.Server) *sql.DB {
	t.Helper()
	c, err := parseConnection(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	connector, err := mysql.NewConnector(c.config)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() { db.Close() })
	return db
}

func do(t testing.TB, db *sql.DB, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// as is a connection string with another user.
func as(connection, user string) string {
	_, rest, _ := strings.Cut(connection, "@")
	return user + "@" + rest
}

func prefixOf(connection string) string {
	_, prefix, _ := strings.Cut(connection, "table_prefix=")
	return prefix
}

func mustOpen(t *testing.T, connection string) prompty.TemplateStorage {
	t.Helper()
	s, err := prompty.OpenStorage("mysql", connection)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
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

// wantError wants a storage error that tells all of parts, and no secret.
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
	if strings.Contains(err.Error(), "s3cret") {
		t.Errorf("%s shows the password: %v", what, err)
	}
}

func TestOpenErrors(t *testing.T) {
	server := testserver.MariaDB(t)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	do(t, root(t, server), "CREATE USER IF NOT EXISTS guest IDENTIFIED BY 's3cret'")
	for connection, want := range map[string]string{
		as(server.URL(), "root:s3cret"):                                         `does not let user "root" in`,
		as(server.URL(), "guest:s3cret2"):                                       `does not let user "guest" in`,
		as(server.URL(), "guest:s3cret"):                                        `or user "guest" may not use it`,
		server.URL()[:strings.LastIndex(server.URL(), "/prompty")] + "/nowhere": `there is no database "nowhere"`,
		"a:s3cret@tcp(no-such-host.invalid:3306)/x":                             "the host no-such-host.invalid is not known",
		"a:s3cret@tcp(" + closed.Addr().String() + ")/x":                        "does not answer: see whether it runs",
		"a:s3cret@unix(/no/such/socket)/x":                                      "does not answer: see whether it runs",
		server.URL() + "?poll=never":                                            "want a time",
	} {
		_, err := Open(connection)
		wantError(t, "Open("+connection+")", err, "open mysql: ", want)
	}
}

func TestDescribe(t *testing.T) {
	where := place(t)
	s := mustOpen(t, as(where, "root:"))
	save(t, s, "doc", "text")
	describer, _ := prompty.As[prompty.Describer](s)
	got, err := describer.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	location, _, _ := strings.Cut(where, "?")
	if got.Location != location || !strings.HasPrefix(got.State, "1 templates, server ") || len(got.Problems) > 0 {
		t.Errorf("Describe = %+v", got)
	}
}

func TestOpenTogether(t *testing.T) {
	where := place(t)
	errs := make(chan error)
	for range 10 {
		go func() {
			s, err := Open(where)
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
	if got := save(t, mustOpen(t, where), "doc", "text").Version; got != 11 {
		t.Errorf("after ten saves the next version is %d", got)
	}
}

// A migration that was killed is finished by the next who opens.
func TestMigrationBrokenOff(t *testing.T) {
	server := testserver.MariaDB(t)
	db := root(t, server)
	where := placeOn(server)
	prefix := prefixOf(where)
	steps := statements(Schema(prefix))
	for done := range steps {
		do(t, db, fmt.Sprintf("DROP TABLE IF EXISTS %sheads, %[1]sversions, %[1]sterms, %[1]sschema", prefix))
		do(t, db, steps[:done]...)
		s, err := Open(where)
		if err != nil {
			t.Errorf("Open after %d of %d steps: %v", done, len(steps), err)
			continue
		}
		save(t, s, "doc", "text")
		s.Close()
		var version int
		if err := db.QueryRow("SELECT version FROM " + prefix + "schema").Scan(&version); err != nil || version != schemaVersion {
			t.Errorf("after %d of %d steps and Open the schema has version %d, %v", done, len(steps), version, err)
		}
	}
}

func TestSchema(t *testing.T) {
	server := testserver.MariaDB(t)
	db := root(t, server)
	where := placeOn(server)
	prefix := prefixOf(where)
	_, err := Open(where + "&schema=manual")
	wantError(t, "Open with nothing there", err, "table "+prefix+"heads does not exist", "schema=manual forbids", "`prompty schema mysql --table-prefix "+prefix+"`")
	do(t, db, statements(Schema(prefix))...)
	do(t, db, statements(Schema(prefix))...)
	save(t, mustOpen(t, where+"&schema=manual"), "doc", "text")

	do(t, db, "ALTER TABLE "+prefix+"terms ENGINE=MyISAM")
	_, err = Open(where)
	wantError(t, "Open with MyISAM", err, prefix+"terms is kept by MyISAM", "ENGINE=InnoDB")
	do(t, db, "DROP TABLE "+prefix+"terms")
	s, err := Open(where + "&schema=manual")
	if err == nil {
		s.Close()
	}
	wantError(t, "Open without one table", err, "table "+prefix+"terms does not exist")

	do(t, db, "UPDATE "+prefix+"schema SET version = 2")
	_, err = Open(where)
	wantError(t, "Open of a later schema", err, "has version 2", "versions up to 1")
	if !strings.Contains(Schema(""), "CREATE TABLE IF NOT EXISTS prompty_heads") {
		t.Error("the standard prefix is not prompty_")
	}
}

// A user with the rights that the package's comment names, and one with fewer.
func TestLeastPrivilege(t *testing.T) {
	server := testserver.MariaDB(t)
	db := root(t, server)
	where := placeOn(server)
	prefix := prefixOf(where)
	do(t, db, statements(Schema(prefix))...)
	do(t, db, "CREATE USER least IDENTIFIED BY 's3cret'", "CREATE USER reader IDENTIFIED BY 's3cret'")
	for _, table := range tables {
		table = strings.Replace(table, "prompty_", prefix, 1)
		do(t, db, "GRANT SELECT, INSERT, UPDATE ON prompty."+table+" TO least", "GRANT SELECT ON prompty."+table+" TO reader")
	}
	for _, option := range []string{"&schema=manual", ""} {
		s := mustOpen(t, as(where, "least:s3cret")+option)
		if errs := use(t.Context(), s); len(errs) > 0 {
			t.Errorf("with SELECT, INSERT and UPDATE: %v", errs)
		}
	}
	_, err := Open(strings.Replace(as(where, "least:s3cret"), prefix, "other_", 1))
	wantError(t, "Open without the right to make tables", err, `user "least" lacks a right: GRANT SELECT, INSERT, UPDATE, CREATE ON`, "other_heads")

	s := mustOpen(t, as(where, "reader:s3cret")+"&schema=manual")
	if _, err := s.List(t.Context(), nil); err != nil {
		t.Error(err)
	}
	err = s.Save(t.Context(), &prompty.StoredTemplate{Name: "doc", Source: "text"})
	if !errors.Is(err, prompty.ErrReadOnly) {
		t.Errorf("Save with SELECT alone: %v, want ErrReadOnly", err)
	}
	wantError(t, "Save with SELECT alone", err, `user "reader" lacks a right: GRANT SELECT, INSERT, UPDATE ON`, prefix+"heads")

	late := mustOpen(t, where+"&schema=manual")
	do(t, db, "DROP TABLE "+prefix+"terms")
	err = late.Save(t.Context(), &prompty.StoredTemplate{Name: "doc", Source: "text", Tags: []string{"tag"}})
	wantError(t, "Save without a table", err, prefix+"terms does not exist", "prompty schema mysql")
}

// use calls everything on a name of its own, and returns all errors but "not found".
func use(ctx context.Context, s prompty.TemplateStorage) (errs []error) {
	err1 := s.Save(ctx, &prompty.StoredTemplate{Name: "used", Source: "new", Tags: []string{"tag"}})
	_, err2 := s.Get(ctx, "doc")
	_, err3 := s.GetVersion(ctx, "doc", 1)
	_, err4 := s.List(ctx, nil)
	_, err5 := s.List(ctx, &prompty.TemplateQuery{Tags: []string{"tag"}, CreatedBy: "ann", IncludeAllVersions: true})
	_, err6 := s.ListVersions(ctx, "doc")
	_, err7 := prompty.History(ctx, s, "doc")
	err8 := prompty.SaveAll(ctx, s, []*prompty.StoredTemplate{{Name: "doc", Source: "x"}, {Name: "used", Source: "x"}})
	err9 := s.DeleteVersion(ctx, "used", 1)
	err10 := s.Delete(ctx, "used")
	snapshotter, _ := prompty.As[prompty.Snapshotter](s)
	frozen, err11 := snapshotter.Snapshot(ctx)
	if err11 == nil {
		_, err11 = frozen.List(ctx, nil)
		frozen.Close()
	}
	describer, _ := prompty.As[prompty.Describer](s)
	_, err12 := describer.Describe(ctx)
	for _, err := range []error{err1, err2, err3, err4, err5, err6, err7, err8, err9, err10, err11, err12} {
		if err != nil && !errors.Is(err, prompty.ErrTemplateNotFound) {
			errs = append(errs, err)
		}
	}
	return errs
}

// What people do to rows gives a clear error, of what they did it to.
func TestChangedByHand(t *testing.T) {
	db := root(t, testserver.MariaDB(t))
	for change, want := range map[string]string{
		"UPDATE prompty_versions SET tags = 'a, b'":                                                    `version 1 of "doc": column tags was changed by hand, and is no JSON list`,
		"UPDATE prompty_versions SET metadata = '[]'":                                                  "column metadata was changed by hand, and is no JSON object",
		"UPDATE prompty_heads SET latest = 77":                                                         `prompty_heads names a latest version of "doc" that is not in`,
		"DELETE FROM prompty_versions":                                                                 "delete the name with prompty",
		"UPDATE prompty_heads SET high = 0":                                                            "high in table prompty_heads must be the highest version",
		"DROP TABLE prompty_terms":                                                                     "a table is missing or not prompty's",
		"ALTER TABLE prompty_versions CHANGE source text LONGTEXT":                                     "a table is missing or not prompty's",
		"UPDATE prompty_heads SET changes = 18446744073709551615":                                      "",
		"UPDATE prompty_heads SET saved_at = '9999-12-31 23:59:59'":                                    "",
		"SET STATEMENT sql_mode='' FOR UPDATE prompty_versions SET created_at = '0000-00-00 00:00:00'": "",
		"ALTER TABLE prompty_versions MODIFY source LONGTEXT NULL, ADD COLUMN mine INT":                "",
	} {
		where := place(t)
		prefix := prefixOf(where)
		named := func(text string) string { return strings.ReplaceAll(text, "prompty_", prefix) }
		s := mustOpen(t, where)
		save(t, s, "doc", "text")
		do(t, db, named(change))
		found := want == ""
		errs := use(t.Context(), s)
		for _, err := range errs {
			wantError(t, change, err)
			found = found || strings.Contains(err.Error(), named(want))
		}
		if !found {
			t.Errorf("after %s the errors are %v, want one with %q", change, errs, named(want))
		}
	}
}

// Tags, authors and names are compared byte by byte, also where the database's
// collation makes them equal, and however long they are.
func TestBytewise(t *testing.T) {
	s := mustOpen(t, place(t))
	long := strings.Repeat("x", 300)
	texts := []string{"a", "A", "a ", " a", "ä", "a\u0308", "ß", "ss", "", "🦊", long, long + "y", long + " ", strings.Repeat("x", 180)}
	for i, text := range texts {
		tmpl := &prompty.StoredTemplate{Name: fmt.Sprintf("n%02d", i), Source: text, Tags: []string{text}, CreatedBy: text, TenantID: text, Metadata: map[string]string{text: text}}
		if err := s.Save(t.Context(), tmpl); err != nil {
			t.Fatal(err)
		}
	}
	for i, text := range texts {
		for what, q := range map[string]*prompty.TemplateQuery{"tag": {Tags: []string{text}}, "author": {CreatedBy: text}, "tenant": {TenantID: text}} {
			want := []string{fmt.Sprintf("n%02d", i)}
			if text == "" && what != "tag" {
				continue // no condition
			}
			list, err := s.List(t.Context(), q)
			var got []string
			for _, x := range list {
				got = append(got, x.Name)
			}
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("List by %s %.20q: %v (-want +got):\n%s", what, text, err, diff)
			}
		}
	}
	for _, name := range []string{"Case", "case", "cäse"} {
		save(t, s, name, name)
	}
	if list, err := s.List(t.Context(), &prompty.TemplateQuery{NamePrefix: "c", NameContains: "se"}); err != nil || len(list) != 2 {
		t.Errorf("List of names with c: %d, %v, want case and cäse", len(list), err)
	}
}
