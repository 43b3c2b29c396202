package postgres

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/testserver"
)

var internalPlaces atomic.Int64

// openInternal opens an empty place as the backend that it is.
func openInternal(t testing.TB, name, options string) *database {
	t.Helper()
	s, err := parse(fmt.Sprintf("%s&table_prefix=i%d_%d_%s_%s", testserver.Postgres(t).URL(), os.Getpid(), internalPlaces.Add(1), name, options))
	if err != nil {
		t.Fatal(err)
	}
	db, err := connect(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func (db *database) mustExec(t testing.TB, sql string, args ...any) {
	t.Helper()
	if _, err := db.pool.Exec(t.Context(), db.sql(sql), args...); err != nil {
		t.Fatal(err)
	}
}

// Every query finds what it wants by an index, in a table of 10,000 names with
// three versions each.
func TestEveryQueryHasAnIndex(t *testing.T) {
	t.Parallel()
	db := openInternal(t, "explain", "")
	const names, versions = 10_000, 3
	db.mustExec(t, `INSERT INTO prompty_heads SELECT format('team%s/prompt%s', n % 100, n), $2::int, $2, $2, now() FROM generate_series(1, $1::int) n`, names, versions)
	db.mustExec(t, `INSERT INTO prompty_versions (name, version, source, tags, created_by, tenant_id, deleted)
		SELECT format('team%s/prompt%s', n % 100, n), v, repeat('text ', 100), jsonb_build_array('tag' || n % 2000, 'all'), CASE WHEN n % 2 = 0 THEN 'bob' ELSE 'author' || n % 200 END, CASE WHEN n % 2 = 0 THEN 'one' ELSE 'tenant' || n % 300 END,
			CASE WHEN n % 1000 = 0 AND v = 2 THEN '7'::xid8 END
		FROM generate_series(1, $1::int) n, generate_series(1, $2::int) v`, names, versions)
	db.mustExec(t, `ANALYZE prompty_heads`)
	db.mustExec(t, `ANALYZE prompty_versions`)

	var now string
	if err := db.pool.QueryRow(t.Context(), `SELECT pg_current_snapshot()::text`).Scan(&now); err != nil {
		t.Fatal(err)
	}
	latest := strings.Split(now, ":")[1] // tests beside this one may have held xmin back
	frozen := reader{db: db, reads: db.frozenReads, snapshot: []any{now}}
	type query struct {
		sql     string
		args    []any
		indexes []string
	}
	queries := map[string]query{
		"heads since": {db.sql(headsSince), []any{latest + ":" + latest + ":", latest}, []string{"versions_txid", "versions_deleted"}},
		"save":        {db.writes.save, []any{"team1/prompt1", "", "{}", "[]", "", ""}, nil},
		"save new":    {db.writes.saveNew, []any{"team1/prompt1", "", "{}", "[]", "", ""}, nil},
		"save on":     {db.writes.saveOn, []any{"team1/prompt1", "", "{}", "[]", "", "", 1}, []string{"heads_pkey"}},
		"conflict":    {db.writes.current, []any{"team1/prompt1"}, []string{"heads_pkey"}},
		"lock":        {db.writes.lock, []any{"team1/prompt1"}, []string{"heads_pkey"}},
		"delete":      {db.writes.deleted, []any{"team1/prompt1"}, []string{"heads_pkey", "versions_pkey"}},
		"delete one":  {db.writes.deleted1, []any{"team1/prompt1", 2}, []string{"heads_pkey", "versions_pkey"}},
	}
	for kind, r := range map[string]reader{"now": db.reader, "snapshot": frozen} {
		name := r.args("team1/prompt1")
		for op, sql := range map[string]string{"get": r.reads.get, "latest": r.reads.latest, "versions": r.reads.versions, "history": r.reads.history} {
			queries[kind+" "+op] = query{sql, name, []string{"versions_pkey"}}
		}
		queries[kind+" version"] = query{r.reads.getVersion, append(name, 2), []string{"versions_pkey"}}
		for op, q := range map[string]struct {
			prompty.TemplateQuery
			indexes []string
		}{
			"prefix":            {prompty.TemplateQuery{NamePrefix: "team7/"}, []string{"heads_pkey", "versions_pkey"}},
			"prefix, page":      {prompty.TemplateQuery{NamePrefix: "team7/", Limit: 20, Offset: 20}, []string{"heads_pkey", "versions_pkey"}},
			"tags":              {prompty.TemplateQuery{Tags: []string{"tag7"}}, []string{"heads_pkey", "versions_tags", "versions_pkey"}},
			"author":            {prompty.TemplateQuery{CreatedBy: "author7"}, []string{"heads_pkey", "versions_author", "versions_pkey"}},
			"tenant":            {prompty.TemplateQuery{TenantID: "tenant7"}, []string{"heads_pkey", "versions_tenant", "versions_pkey"}},
			"page of an author": {prompty.TemplateQuery{CreatedBy: "bob", Limit: 10, Offset: 10}, []string{"versions_author"}},
			"page of a tenant":  {prompty.TemplateQuery{TenantID: "one", Limit: 10, Offset: 10}, []string{"versions_tenant"}},
			"page":              {prompty.TemplateQuery{Limit: 50, Offset: 100}, []string{"heads_pkey", "versions_pkey"}},
		} {
			latest, all := q.TemplateQuery, q.TemplateQuery
			all.IncludeAllVersions = true
			sql, args := r.listStatement(&latest)
			queries[kind+" list "+op] = query{sql, args, q.indexes}
			sql, args = r.listStatement(&all)
			index := q.indexes[min(max(len(q.indexes)-2, 1), len(q.indexes)-1)]
			if op == "tags" || op == "author" || op == "tenant" {
				index = q.indexes[1]
			}
			queries[kind+" list all versions "+op] = query{sql, args, []string{index}}
		}
	}
	for name, q := range queries {
		plan := explainPlan(t, db, q.sql, q.args)
		for _, index := range q.indexes {
			if !strings.Contains(plan, db.prefix+index) {
				t.Errorf("%s does not use index %s:\n%s\n%s", name, index, q.sql, plan)
			}
		}
		if strings.Contains(name, " page ") && regexp.MustCompile(`(?m)^\s*(->)?\s*Sort `).MatchString(plan) {
			t.Errorf("%s sorts all there is for a page:\n%s\n%s", name, q.sql, plan)
		}
		if scan := regexp.MustCompile(`Seq Scan on \S*(heads|versions)`).FindString(plan); scan != "" {
			t.Errorf("%s: %s:\n%s\n%s", name, scan, q.sql, plan)
		}
	}
}

// explainPlan returns the plan of a statement with these arguments, made as for
// the first executions of a prepared statement.
func explainPlan(t testing.TB, db *database, sql string, args []any) string {
	t.Helper()
	tx, err := db.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.WithoutCancel(t.Context()))
	rows, err := tx.Query(t.Context(), "EXPLAIN "+sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return strings.Join(lines, "\n")
}
