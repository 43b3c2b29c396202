package postgres_test

import (
	"strings"
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/sqlstore/postgres"
	"github.com/go-prompty/prompty/storetest"
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

// A database whose transactions are serializable by default makes savers try
// again, but nothing is lost.
func TestSerializable(t *testing.T) {
	t.Parallel()
	storetest.Model(t, func(t testing.TB) storetest.Place {
		where := with(place(t), "default_transaction_isolation=serializable")
		return func() (prompty.TemplateStorage, error) { return postgres.Open(where) }
	})
}
