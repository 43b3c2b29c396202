package postgres_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/go-prompty/prompty"
)

func describe(t testing.TB, s prompty.TemplateStorage) prompty.Description {
	t.Helper()
	d, ok := prompty.As[prompty.Describer](s)
	if !ok {
		t.Fatal("it cannot describe itself")
	}
	got, err := d.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	where := place(t)
	s := open(t, where)
	save(t, s, "a", "a", "b", "c")
	if err := s.Delete(t.Context(), "c"); err != nil {
		t.Fatal(err)
	}
	got, prefix := describe(t, s), prefixOf(t, where)
	if got.Driver != "postgres" || !strings.HasPrefix(got.State, "PostgreSQL 1") || !strings.HasSuffix(got.State, ", 2 templates, 3 versions") || len(got.Problems) > 0 {
		t.Errorf("Describe = %+v, want 2 templates with 3 versions", got)
	}
	if !strings.Contains(got.Location, "database postgres, tables public."+prefix+"*") {
		t.Errorf("Describe = %+v, want where the tables are", got)
	}

	admin(t, where, `DROP INDEX `+prefix+`versions_tags`, `UPDATE pg_class SET reltuples = 1234567 WHERE relname = '`+prefix+`versions'`)
	got = describe(t, open(t, with(where, "default_transaction_isolation=serializable")))
	if !strings.HasSuffix(got.State, "about 1234567 versions") {
		t.Errorf("Describe = %+v, want an estimate", got)
	}
	if len(got.Problems) != 2 || !strings.Contains(got.Problems[0], "serializable") || !strings.Contains(got.Problems[1], "index "+prefix+"versions_tags is missing") {
		t.Errorf("Describe = %+v, want the isolation and the index as problems", got)
	}
}

// A database whose transactions are serializable by default makes those who change
// one name try again, but nothing is lost.
func TestSerializable(t *testing.T) {
	t.Parallel()
	s := open(t, with(place(t), "default_transaction_isolation=serializable"))
	const savers, saves = 6, 8
	var all sync.WaitGroup
	for range savers {
		all.Go(func() {
			for i := range saves {
				mine := &prompty.StoredTemplate{Name: "a", Source: "text"}
				if err := s.Save(t.Context(), mine); err != nil {
					t.Error(err)
				}
				list := []*prompty.StoredTemplate{{Name: "b"}, {Name: "a"}}
				if err := prompty.SaveAll(t.Context(), s, list); err != nil {
					t.Error(err)
				}
				if i%2 == 0 {
					if err := s.DeleteVersion(t.Context(), "a", mine.Version); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	all.Wait()
	for name, want := range map[string]int{"a": savers * (2*saves - saves/2), "b": savers * saves} {
		if list, err := s.ListVersions(t.Context(), name); err != nil || len(list) != want {
			t.Errorf("%s has %d versions, %v, want %d", name, len(list), err, want)
		}
	}
}
