package mysql

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/sqlstore/internal/sessions"
)

// A version is found by its terms; see schema.sql.
const (
	tagTerm    = "tag:"
	authorTerm = "author:"
	tenantTerm = "tenant:"

	fewTerms    = 8
	longestTerm = 255
	cutTerm     = 180
)

func term(kind, value string) []byte {
	text := kind + value
	if len(text) > longestTerm {
		sum := sha256.Sum256([]byte(text))
		text = text[:cutTerm] + "#" + hex.EncodeToString(sum[:])
	}
	return []byte(text)
}

// terms are those of a version, or those that a query asks for.
func terms(tags []string, author, tenant string) (list [][]byte) {
	if tenant != "" {
		list = append(list, term(tenantTerm, tenant))
	}
	if author != "" {
		list = append(list, term(authorTerm, author))
	}
	for _, tag := range tags {
		list = append(list, term(tagTerm, tag))
	}
	return list
}

func (r reader) List(ctx context.Context, q *prompty.TemplateQuery) ([]*prompty.StoredTemplate, error) {
	query, args := r.listQuery(q)
	var list []*prompty.StoredTemplate
	err := r.run(ctx, func(ctx context.Context, c *sessions.Session) error {
		list = nil
		return c.RowsOnce(ctx, query, args, func(scan func(...any) error) error {
			var row row
			if err := scan(append([]any{&row.name}, row.dest()...)...); err != nil {
				return err
			}
			t, err := r.s.template(&row)
			list = append(list, t)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// listQuery goes through the terms or the names in the order in which versions
// are asked for: nothing is sorted. STRAIGHT_JOIN keeps the server from choosing
// another way. Texts are given as bytes, which have no collation.
func (r reader) listQuery(q *prompty.TemplateQuery) (query string, args []any) {
	var b strings.Builder
	b.WriteString("SELECT STRAIGHT_JOIN v.name, " + columns + " FROM ")
	where := func(condition string, arg any) {
		b.WriteString(" AND " + condition)
		args = append(args, arg)
	}
	wanted := terms(slices.Compact(slices.Sorted(slices.Values(q.Tags))), q.CreatedBy, q.TenantID)
	name := "h.name" // of the table that is gone through
	switch {
	case len(wanted) > 0:
		name = "t.name"
		b.WriteString("prompty_terms t JOIN prompty_versions v ON v.name = t.name AND v.version = t.version")
		if !q.IncludeAllVersions {
			b.WriteString(" JOIN prompty_heads h ON h.name = t.name AND h.latest = t.version")
		}
		b.WriteString(" WHERE v.deleted_at IS NULL")
		where("t.term = ?", wanted[0])
		if others := wanted[1:]; len(others) > fewTerms { // the server takes long to plan many subqueries
			b.WriteString(" AND (SELECT COUNT(*) FROM prompty_terms x WHERE x.name = t.name AND x.version = t.version AND x.term IN (?" + strings.Repeat(", ?", len(others)-1) + ")) = ?")
			for _, other := range others {
				args = append(args, other)
			}
			args = append(args, len(others))
		} else {
			for _, other := range others {
				where("EXISTS (SELECT 1 FROM prompty_terms x WHERE x.term = ? AND x.name = t.name AND x.version = t.version)", other)
			}
		}
	case q.IncludeAllVersions:
		name = "v.name"
		b.WriteString("prompty_versions v WHERE v.deleted_at IS NULL")
	default:
		b.WriteString("prompty_heads h JOIN prompty_versions v ON v.name = h.name AND v.version = h.latest WHERE v.deleted_at IS NULL")
	}
	if q.NamePrefix != "" {
		where(name+" >= ?", []byte(q.NamePrefix))
		if end := after(q.NamePrefix); end != nil {
			where(name+" < ?", end)
		}
	}
	if q.NameContains != "" {
		where("LOCATE(?, "+name+") > 0", []byte(q.NameContains))
	}
	b.WriteString(" ORDER BY " + name)
	if q.IncludeAllVersions {
		if name == "t.name" {
			b.WriteString(", t.version DESC")
		} else {
			b.WriteString(", v.version DESC")
		}
	}
	if q.Limit > 0 || q.Offset > 0 {
		limit := int64(q.Limit)
		if limit <= 0 {
			limit = 1<<63 - 1 // all
		}
		b.WriteString(" LIMIT ? OFFSET ?")
		args = append(args, limit, max(q.Offset, 0))
	}
	return r.s.sql(b.String()), args
}

// after returns the least text greater than all that begin with prefix; nil:
// there is none.
func after(prefix string) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] < 0xff {
			return append([]byte(prefix[:i]), prefix[i]+1)
		}
	}
	return nil
}
