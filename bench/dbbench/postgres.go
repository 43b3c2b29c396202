package dbbench

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	_ "github.com/go-prompty/prompty/stores/sqlstore/postgres"
)

// postgresByHand has a table of versions, and one of their highest numbers.
type postgresByHand struct {
	pool                     *pgxpool.Pool
	prefix                   string
	getSQL, saveSQL, listSQL string
}

func openPostgres(ctx context.Context, server, prefix string) (byHand, error) {
	pool, err := pgxpool.New(ctx, server)
	if err != nil {
		return nil, err
	}
	p := &postgresByHand{pool: pool, prefix: prefix}
	_, err = pool.Exec(ctx, fmt.Sprintf(`
		CREATE TABLE %[1]shand_heads (name text COLLATE "C" PRIMARY KEY, version integer NOT NULL);
		CREATE TABLE %[1]shand (name text COLLATE "C", version integer, source text NOT NULL, metadata jsonb NOT NULL, tags jsonb NOT NULL,
			created_by text NOT NULL, created_at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (name, version));
		CREATE INDEX %[1]shand_tags ON %[1]shand USING gin (tags jsonb_path_ops);
		CREATE INDEX %[1]shand_by ON %[1]shand (created_by)`, prefix))
	columns := "name, version, source, metadata, tags, created_by, created_at"
	p.getSQL = fmt.Sprintf(`SELECT %s FROM %shand WHERE name = $1 ORDER BY version DESC LIMIT 1`, columns, prefix)
	p.saveSQL = fmt.Sprintf(`WITH head AS (INSERT INTO %[1]shand_heads AS h VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET version = h.version + 1 RETURNING version)
		INSERT INTO %[1]shand (name, version, source, metadata, tags, created_by) SELECT $1, version, $2, $3, $4, $5 FROM head RETURNING version, created_at`, prefix)
	p.listSQL = fmt.Sprintf(`SELECT DISTINCT ON (name) %s FROM %shand WHERE name >= $1 AND name < $2 ORDER BY name, version DESC`, columns, prefix)
	return p, err
}

// row reads a version.
func (p *postgresByHand) row(row pgx.Row) (string, error) {
	var name, source, by string
	var version int
	var metadata map[string]string
	var tags []string
	var at time.Time
	err := row.Scan(&name, &version, &source, &metadata, &tags, &by, &at)
	return source, err
}

func (p *postgresByHand) get(ctx context.Context, name string) (string, error) {
	return p.row(p.pool.QueryRow(ctx, p.getSQL, name))
}

func (p *postgresByHand) save(ctx context.Context, name, source string) (version int, err error) {
	var at time.Time
	err = p.pool.QueryRow(ctx, p.saveSQL, name, source, metadata, tags, author).Scan(&version, &at)
	return version, err
}

func (p *postgresByHand) list(ctx context.Context, prefix string) ([]string, error) {
	rows, err := p.pool.Query(ctx, p.listSQL, prefix, prefix+"\U0010ffff")
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (string, error) { return p.row(row) })
}

func (p *postgresByHand) close(ctx context.Context) error {
	defer p.pool.Close()
	rows, err := p.pool.Query(ctx, `SELECT tablename FROM pg_tables WHERE starts_with(tablename, $1)`, p.prefix)
	if err != nil {
		return err
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for _, table := range tables {
		if _, e := p.pool.Exec(ctx, "DROP TABLE "+table+" CASCADE"); err == nil {
			err = e
		}
	}
	return err
}
