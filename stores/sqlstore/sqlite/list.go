package sqlite

import (
	"context"
	"slices"
	"strings"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/sqlstore/internal/jsontext"
	"github.com/go-prompty/prompty/stores/sqlstore/internal/sessions"
)

func (r reader) List(ctx context.Context, q *prompty.TemplateQuery) (list []*prompty.StoredTemplate, err error) {
	query, args := r.listQuery(q)
	err = r.s.read(ctx, func(c *sessions.Session) error {
		list = nil
		return c.Rows(ctx, query, args, func(scan func(...any) error) error {
			var row row
			if err := scan(append([]any{&row.name}, row.dest()...)...); err != nil {
				return err
			}
			t, err := r.s.template(&row)
			list = append(list, t)
			return err
		})
	})
	return list, err
}

// listQuery goes through the index that leaves the fewest rows, in the order in
// which they are asked for: nothing is sorted. CROSS JOIN keeps SQLite from
// choosing another way.
func (r reader) listQuery(q *prompty.TemplateQuery) (query string, args []any) {
	var b strings.Builder
	b.WriteString("SELECT v.name, " + columns + " FROM ")
	name, version := "v.name", "v.version" // of the table that is gone through
	switch {
	case len(q.Tags) > 0:
		name, version = "t.name", "t.version"
		b.WriteString("prompty_tags t CROSS JOIN prompty_versions v WHERE v.name = t.name AND v.version = t.version AND t.tag = ?")
		args = append(args, q.Tags[0])
		if others := slices.Compact(slices.Sorted(slices.Values(q.Tags[1:]))); len(others) > 0 {
			// In one condition, for SQLite has a limit for the depth of expressions.
			b.WriteString(" AND NOT EXISTS (SELECT 1 FROM json_each(?) o WHERE NOT EXISTS (SELECT 1 FROM prompty_tags x WHERE x.tag = o.value AND x.name = t.name AND x.version = t.version))")
			args = append(args, jsontext.List(others))
		}
	case q.TenantID == "" && q.CreatedBy == "" && !q.IncludeAllVersions:
		name = "h.name"
		b.WriteString("prompty_heads h CROSS JOIN prompty_versions v WHERE v.name = h.name")
	default:
		b.WriteString("prompty_versions v WHERE true")
	}
	where := func(condition string, arg any) {
		b.WriteString(" AND " + condition)
		args = append(args, arg)
	}
	// Partial indexes are used only where their condition stands in the query.
	if q.TenantID != "" {
		where("v.tenant_id <> '' AND v.tenant_id = ?", q.TenantID)
	}
	if q.CreatedBy != "" {
		where("v.created_by <> '' AND v.created_by = ?", q.CreatedBy)
	}
	if q.NamePrefix != "" {
		where(name+" >= ?", q.NamePrefix)
		if end := after(q.NamePrefix); end != "" {
			where(name+" < ?", end)
		}
	}
	if q.NameContains != "" {
		where("instr(CAST("+name+" AS BLOB), ?) > 0", []byte(q.NameContains))
	}
	if !q.IncludeAllVersions {
		b.WriteString(" AND v.version = " + r.latest(name))
	}
	b.WriteString(" AND " + r.visible() + " ORDER BY " + name + ", " + version + " DESC")
	if q.Limit > 0 || q.Offset > 0 {
		limit := q.Limit
		if limit <= 0 {
			limit = -1 // all
		}
		b.WriteString(" LIMIT ? OFFSET ?")
		args = append(args, limit, max(q.Offset, 0))
	}
	return r.s.sql(b.String()), args
}

// after returns the least text greater than all that begin with prefix; "": there
// is none.
func after(prefix string) string {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] < 0xff {
			return prefix[:i] + string([]byte{prefix[i] + 1})
		}
	}
	return ""
}
