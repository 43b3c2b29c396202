package postgres

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/go-prompty/prompty"
)

// exactCount is up to how many versions Describe counts; more are estimated by
// what the server knows of the table.
const exactCount = 100_000

const described = `SELECT current_setting('server_version'), current_database(),
	coalesce((SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass('prompty_versions')), ''),
	pg_is_in_recovery(), current_setting('default_transaction_read_only') = 'on', current_setting('default_transaction_isolation'),
	ARRAY(SELECT c.relname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
		WHERE i.indrelid IN (to_regclass('prompty_versions'), to_regclass('prompty_heads')) AND i.indisvalid),
	(SELECT count(*) FROM prompty_heads WHERE latest > 0),
	(SELECT CASE WHEN c.reltuples > $1::bigint THEN -c.reltuples::bigint
		ELSE (SELECT count(*) FROM prompty_versions WHERE deleted IS NULL) END
		FROM pg_class c WHERE c.oid = to_regclass('prompty_versions'))`

// indexes are those of the tables, without the prefix.
var indexes = []string{
	"heads_pkey", "versions_pkey", "versions_txid", "versions_deleted", "versions_tags", "versions_author", "versions_tenant",
}

// Describe implements [backend.Backend].
func (db *database) Describe(ctx context.Context) (d prompty.Description, err error) {
	c := db.pool.Config().ConnConfig
	d.Location = net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port)))
	if strings.HasPrefix(c.Host, "/") {
		d.Location = c.Host
	}
	var server, name, schema, isolation string
	var replica, readOnly bool
	var there []string
	var templates, versions int
	err = db.query(ctx, db.sql(described), []any{exactCount}, func(rows pgx.Rows) error {
		return rows.Scan(&server, &name, &schema, &replica, &readOnly, &isolation, &there, &templates, &versions)
	})
	if err != nil {
		return d, err
	}
	d.Location += fmt.Sprintf(", database %s, tables %s.%s*", name, schema, db.prefix)
	server, _, _ = strings.Cut(server, " ")
	d.State = fmt.Sprintf("PostgreSQL %s, %d templates, %d versions", server, templates, versions)
	if versions < 0 {
		d.State = fmt.Sprintf("PostgreSQL %s, %d templates, about %d versions", server, templates, -versions)
	}
	switch {
	case replica:
		d.State += ", read-only"
		d.Problems = append(d.Problems, "the server is a replica: nothing can be saved; for that connect to the primary (target_session_attrs=read-write finds it)")
	case readOnly:
		d.State += ", read-only"
		d.Problems = append(d.Problems, "default_transaction_read_only is on for this role or database: nothing can be saved until it is off")
	}
	if isolation != "read committed" {
		d.Problems = append(d.Problems, "default_transaction_isolation is "+isolation+": savers of one name get in each other's way and try again; set it to read committed for this role")
	}
	for _, index := range indexes {
		if !slices.Contains(there, db.prefix+index) {
			d.Problems = append(d.Problems, fmt.Sprintf("index %s%s is missing or not valid: some calls are slow; make it as `%s` prints it", db.prefix, index, db.printSchema()))
		}
	}
	return d, nil
}
