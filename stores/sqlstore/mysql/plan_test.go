package mysql

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/sqlstore/internal/sessions"
)

// openStore opens a place without the frame around it.
func openStore(t *testing.T, connection string) *store {
	t.Helper()
	c, err := parseConnection(connection)
	if err != nil {
		t.Fatal(err)
	}
	s, err := open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// fill saves 10,000 names, some with more versions.
func fill(t *testing.T, s *store) {
	t.Helper()
	var list []*prompty.StoredTemplate
	many := strings.Fields("b c d e f g h i j k")
	for i := range 10_000 {
		tmpl := &prompty.StoredTemplate{Name: fmt.Sprintf("folder%d/name%d", i%100, i), Source: "text", Tags: []string{"all", fmt.Sprint("t", i%50)}}
		if i%2 == 0 {
			tmpl.TenantID, tmpl.CreatedBy = fmt.Sprint("tenant", i%7), fmt.Sprint("author", i%11)
		}
		if i%1000 == 7 {
			tmpl.Tags = append(tmpl.Tags, many...)
		}
		list = append(list, tmpl)
		if i%10 == 0 {
			list = append(list, tmpl.Clone())
		}
	}
	if err := s.SaveAll(t.Context(), list); err != nil {
		t.Fatal(err)
	}
}

// lists are the shapes that a query can have.
var lists = map[string]*prompty.TemplateQuery{
	"all":               {},
	"page":              {Limit: 10, Offset: 5000},
	"prefix":            {NamePrefix: "folder7/"},
	"contains":          {NameContains: "77"},
	"tag":               {Tags: []string{"t7"}},
	"tags":              {Tags: []string{"t7", "all"}, Limit: 5},
	"tenant":            {TenantID: "tenant2"},
	"tenant and prefix": {TenantID: "tenant2", NamePrefix: "folder7/", Limit: 3},
	"author":            {CreatedBy: "author4"},
	"no text":           {NamePrefix: "\xff\xfe", NameContains: "\x00'"},
	"half a letter":     {NamePrefix: "\xc3"},
	"quotes":            {Tags: []string{`'"\`, "\xff"}, CreatedBy: "';--", TenantID: "\x00"},
	"many tags":         {Tags: append(slices.Repeat([]string{"all"}, 2000), "t7")},
	"tags of nobody":    {Tags: strings.Fields("all t7 x y z 1 2 3 4 5 6 7 8 9")},
	"more tags":         {Tags: strings.Fields("t7 b c d e f g h i j k all")},
	"everything":        {CreatedBy: "author4", TenantID: "tenant2", Tags: []string{"all", "t2"}, NamePrefix: "folder", NameContains: "1", Limit: 2, Offset: 1},
}

func TestQueries(t *testing.T) {
	s := openStore(t, place(t))
	fill(t, s)
	t.Run("plans", func(t *testing.T) { plans(t, s) })
	t.Run("lists", func(t *testing.T) { matches(t, s) })
}

// plans: every query goes through an index, in the order of what it returns. Only
// those that ask for all, or for a part of a name, go through the whole of one.
func plans(t *testing.T, s *store) {
	plan := func(what, query string, args []any, whole bool) {
		t.Helper()
		err := s.read(t.Context(), func(ctx context.Context, c *sessions.Session) error {
			return c.RowsOnce(ctx, "EXPLAIN "+s.sql(query), args, func(scan func(...any) error) error {
				var id, kind, table, access, possible, key, length, ref, rows, extra sql.NullString
				if err := scan(&id, &kind, &table, &access, &possible, &key, &length, &ref, &rows, &extra); err != nil {
					return err
				}
				line := fmt.Sprintf("%s %s %s %s: %s", table.String, access.String, key.String, rows.String, extra.String)
				if access.String == "ALL" && kind.String != "INSERT" || access.String == "index" && !whole || strings.Contains(extra.String, "filesort") || strings.Contains(extra.String, "temporary") {
					t.Errorf("%s: %s\n%s", what, query, line)
				}
				return nil
			})
		})
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	const name = "folder7/name7"
	plan("get", getLatest, []any{name}, false)
	plan("latest", getNumber, []any{name}, false)
	plan("version", getVersion, []any{name, 1}, false)
	plan("versions", listVersions, []any{name}, false)
	plan("history", listHistory, []any{name}, false)
	for what, q := range lists {
		for _, q.IncludeAllVersions = range []bool{false, true} {
			query, args := s.listQuery(q)
			whole := q.TenantID == "" && q.CreatedBy == "" && q.NamePrefix == "" && len(q.Tags) == 0
			plan(fmt.Sprintf("list %s, all versions: %v", what, q.IncludeAllVersions), query, args, whole)
		}
	}
	plan("heads", changedHeads, []any{time.Now().UTC().Add(time.Hour).Truncate(time.Microsecond)}, false)
	plan("lock", lockHead, []any{name}, false)
	plan("delete", hideName, []any{name}, false)
	plan("delete", hideVersions, []any{name}, false)
	plan("delete version", hideVersion, []any{name, 1}, false)
	plan("delete version", fallBack, []any{name, name}, false)
	plan("save all", touch(3), []any{[]byte("a"), []byte("b"), []byte("c")}, false)
}

// matches: what the database finds is what TemplateQuery.Match would.
func matches(t *testing.T, s *store) {
	ctx := context.Background()
	everything, err := s.List(ctx, &prompty.TemplateQuery{IncludeAllVersions: true})
	if err != nil {
		t.Fatal(err)
	}
	for name, q := range lists {
		for _, q.IncludeAllVersions = range []bool{false, true} {
			var want []*prompty.StoredTemplate
			for i, x := range everything {
				latest := i == 0 || everything[i-1].Name != x.Name
				if q.Match(x) && (latest || q.IncludeAllVersions) {
					want = append(want, x)
				}
			}
			want = q.Page(want)
			got, err := s.List(ctx, q)
			if err != nil || len(got) != len(want) {
				t.Errorf("%s: %d templates, %v, want %d", name, len(got), err, len(want))
				continue
			}
			for i := range got {
				if got[i].ID != want[i].ID {
					t.Errorf("%s: number %d is %s, want %s", name, i, got[i].ID, want[i].ID)
					break
				}
			}
		}
	}
}
