package postgres

import (
	"context"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/sqlstore/internal/jsontext"
)

// List implements [backend.Reader].
func (r reader) List(ctx context.Context, q *prompty.TemplateQuery) (list []*prompty.StoredTemplate, err error) {
	if !r.storable(q) {
		return nil, nil
	}
	sql, args := r.listStatement(q)
	err = r.db.query(ctx, sql, args, func(rows pgx.Rows) error {
		t, err := scan(rows)
		list = append(list, t)
		return err
	})
	return list, err
}

// storable reports whether anything stored could meet the conditions: no tag,
// author or tenant has text that is not valid.
func (r reader) storable(q *prompty.TemplateQuery) bool {
	for _, text := range append([]string{q.TenantID, q.CreatedBy}, q.Tags...) {
		if !isText(text) {
			return false
		}
	}
	return true
}

// isText reports whether the server takes s as text.
func isText(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// statement is a query being written.
type statement struct {
	args  []any
	where []string
}

// arg adds an argument, and returns how the statement calls it.
func (s *statement) arg(value any) string {
	s.args = append(s.args, value)
	return "$" + strconv.Itoa(len(s.args))
}

func (s *statement) and(condition string) { s.where = append(s.where, condition) }

func (s *statement) conditions() string {
	if len(s.where) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(s.where, " AND ")
}

// listStatement writes the query for q. All versions are a walk over the table
// in the order of its key. The latest versions are, for each name in heads, the
// first live one from the end of that key; conditions on versions leave out,
// by their index, names of which no version meets them.
func (r reader) listStatement(q *prompty.TemplateQuery) (string, []any) {
	s := &statement{args: r.args()}
	conditions := s.onVersions(q)
	var from, order string
	if q.IncludeAllVersions {
		s.and(r.reads.live)
		s.onName("v.name", q)
		from, order = "prompty_versions v", "v.name, v.version DESC"
	} else {
		s.onName("h.name", q)
		if len(conditions) > 0 {
			s.and("h.name IN (SELECT v.name FROM prompty_versions v WHERE " + strings.Join(conditions, " AND ") + ")")
		}
		from = "prompty_heads h CROSS JOIN LATERAL (SELECT * FROM prompty_versions v WHERE v.name = h.name AND " +
			r.reads.live + " ORDER BY v.version DESC LIMIT 1) v"
		order = "h.name"
	}
	for _, c := range conditions {
		s.and(c)
	}
	sql := "SELECT " + templateColumns + " FROM " + from + s.conditions() + " ORDER BY " + order
	if q.Limit > 0 {
		sql += " LIMIT " + s.arg(q.Limit) + "::bigint"
	}
	if q.Offset > 0 {
		sql += " OFFSET " + s.arg(q.Offset) + "::bigint"
	}
	return r.db.sql(sql), s.args
}

// onVersions returns the conditions on a row v of versions, each in a form that
// its index serves.
func (s *statement) onVersions(q *prompty.TemplateQuery) (list []string) {
	if len(q.Tags) > 0 {
		list = append(list, "v.tags <> '[]' AND v.tags @> "+s.arg(jsontext.List(q.Tags))+"::jsonb")
	}
	if q.CreatedBy != "" {
		a := s.arg(q.CreatedBy)
		list = append(list, "v.created_by <> '' AND left(v.created_by, 100) = left("+a+"::text, 100) AND v.created_by = "+a)
	}
	if q.TenantID != "" {
		a := s.arg(q.TenantID)
		list = append(list, "v.tenant_id <> '' AND left(v.tenant_id, 100) = left("+a+"::text, 100) AND v.tenant_id = "+a)
	}
	return list
}

// onName adds the conditions on a name: the range that a prefix is, and a search
// for bytes. Both take any bytes, even the half of a character.
func (s *statement) onName(column string, q *prompty.TemplateQuery) {
	if q.NamePrefix != "" {
		whole := q.NamePrefix
		if !isText(whole) {
			for !isText(whole) {
				whole = whole[:len(whole)-1]
			}
			bytes := s.arg([]byte(q.NamePrefix)) + "::bytea"
			s.and("substring(convert_to(" + column + ", 'UTF8') FOR octet_length(" + bytes + ")) = " + bytes)
		}
		if whole != "" {
			s.and(column + " >= " + s.arg(whole))
			if end, ok := prefixEnd(whole); ok {
				s.and(column + " < " + s.arg(end))
			}
		}
	}
	if q.NameContains != "" {
		s.and("position(" + s.arg([]byte(q.NameContains)) + "::bytea IN convert_to(" + column + ", 'UTF8')) > 0")
	}
}

// prefixEnd returns the first text that sorts, bytewise, after all that begin with
// prefix; false: there is none. Both are valid UTF-8.
func prefixEnd(prefix string) (end string, ok bool) {
	for len(prefix) > 0 {
		r, size := utf8.DecodeLastRuneInString(prefix)
		prefix = prefix[:len(prefix)-size]
		if r == utf8.MaxRune {
			continue
		}
		if r++; r == 0xD800 { // surrogates are no characters
			r = 0xE000
		}
		return prefix + string(r), true
	}
	return "", false
}
