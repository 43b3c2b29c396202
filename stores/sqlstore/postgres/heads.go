package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/go-prompty/prompty/stores/internal/backend"
)

// A position is a pg_snapshot, "xmin:xmax:xip,…": what a statement has seen are
// the transactions below xmin, and those below xmax that are not in the list. So
// the next one asks for what it has not seen, however late that was committed. A
// replica does not know which transactions are running, but it knows xmin: from
// there on it tells all again.
const position = `CASE WHEN pg_is_in_recovery()
	THEN pg_snapshot_xmin(pg_current_snapshot())::text || ':' || pg_snapshot_xmin(pg_current_snapshot())::text || ':'
	ELSE pg_current_snapshot()::text END`

// The change moves with every save, whose time is later than the one before, and
// with every deletion; one counter alone would repeat itself when a dump is
// restored.
const (
	headColumns = `h.name, h.latest, h.changes + (extract(epoch FROM h.saved) * 1000000)::bigint`
	allHeads    = `SELECT ` + position + `, ` + headColumns + ` FROM (SELECT) one LEFT JOIN prompty_heads h ON true`
	// $1 is the position, $2 its xmin.
	headsSince = `SELECT ` + position + `, ` + headColumns + ` FROM (SELECT) one LEFT JOIN prompty_heads h ON h.name IN (
		SELECT v.name FROM prompty_versions v WHERE v.txid >= $2::text::xid8 AND NOT pg_visible_in_snapshot(v.txid, $1::text::pg_snapshot)
		UNION ALL
		SELECT v.name FROM prompty_versions v WHERE v.deleted >= $2::text::xid8 AND NOT pg_visible_in_snapshot(v.deleted, $1::text::pg_snapshot))`
)

// Heads implements [backend.Backend].
func (db *database) Heads(ctx context.Context, since string) (heads []backend.Head, now string, err error) {
	if since == "" {
		return db.heads(ctx, allHeads)
	}
	before, err := parsePosition(since)
	if err != nil {
		return nil, "", err
	}
	heads, now, err = db.heads(ctx, headsSince, since, strconv.FormatUint(before.xmin, 10))
	if err != nil {
		return nil, "", err
	}
	if after, err := parsePosition(now); err != nil || after.xmax < before.xmax {
		return db.heads(ctx, allHeads) // the numbers have begun anew: it is another cluster
	}
	return heads, now, nil
}

func (db *database) heads(ctx context.Context, sql string, args ...any) (heads []backend.Head, now string, err error) {
	err = db.query(ctx, db.sql(sql), args, func(rows pgx.Rows) error {
		var name *string // there is a row even if there is no head
		var version, change *int64
		if err := rows.Scan(&now, &name, &version, &change); err != nil || name == nil {
			return err
		}
		if version == nil || change == nil {
			return fmt.Errorf("the row of %s in table %sheads has no value where there must be one; mend it", *name, db.prefix)
		}
		heads = append(heads, backend.Head{Name: *name, Version: int(*version), Change: *change})
		return nil
	})
	return heads, now, err
}

// span is what a position says, its list left out.
type span struct{ xmin, xmax uint64 }

func parsePosition(text string) (s span, err error) {
	xmin, rest, _ := strings.Cut(text, ":")
	xmax, _, _ := strings.Cut(rest, ":")
	var bad error
	s.xmin, err = strconv.ParseUint(xmin, 10, 64)
	s.xmax, bad = strconv.ParseUint(xmax, 10, 64)
	if err = errors.Join(err, bad); err != nil {
		return s, fmt.Errorf("position %q: want what an earlier answer said", text)
	}
	return s, nil
}
