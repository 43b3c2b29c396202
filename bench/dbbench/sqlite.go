package dbbench

import (
	"context"
	"database/sql"
	"fmt"

	_ "github.com/go-prompty/prompty/stores/sqlstore/sqlite" // and modernc's driver with it
)

// sqliteByHand has a file of its own, one connection that writes, as SQLite has
// one writer, and others that read; statements are prepared.
type sqliteByHand struct {
	reads, writes                 *sql.DB
	getStmt, listStmt             *sql.Stmt
	headStmt, insertStmt, tagStmt *sql.Stmt
}

func openSQLite(ctx context.Context, server, prefix string) (_ byHand, err error) {
	options := "?_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=busy_timeout(10000)&_txlock=immediate"
	s := &sqliteByHand{}
	for _, db := range []**sql.DB{&s.writes, &s.reads} {
		if *db, err = sql.Open("sqlite", "file:"+server+".hand"+options); err != nil {
			return nil, err
		}
	}
	s.writes.SetMaxOpenConns(1)
	if _, err := s.writes.ExecContext(ctx, `
		CREATE TABLE heads (name TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;
		CREATE TABLE versions (name TEXT, version INTEGER, source TEXT NOT NULL, metadata TEXT NOT NULL, tags TEXT NOT NULL, created_by TEXT NOT NULL,
			created_at INTEGER NOT NULL DEFAULT (unixepoch('subsec') * 1000));
		CREATE UNIQUE INDEX number ON versions (name, version);
		CREATE INDEX author ON versions (created_by);
		CREATE TABLE tags (tag TEXT, name TEXT, version INTEGER, PRIMARY KEY (tag, name, version)) WITHOUT ROWID`); err != nil {
		return nil, err
	}
	columns := "SELECT v.name, v.version, source, metadata, tags, created_by, created_at FROM versions v "
	for _, p := range []struct {
		stmt **sql.Stmt
		db   *sql.DB
		text string
	}{
		{&s.getStmt, s.reads, columns + "WHERE name = ? ORDER BY version DESC LIMIT 1"},
		{&s.listStmt, s.reads, columns + "JOIN heads h ON h.name = v.name AND h.version = v.version WHERE h.name >= ? AND h.name < ? ORDER BY h.name"},
		{&s.headStmt, s.writes, "INSERT INTO heads VALUES (?, 1) ON CONFLICT DO UPDATE SET version = version + 1 RETURNING version"},
		{&s.insertStmt, s.writes, "INSERT INTO versions (name, version, source, metadata, tags, created_by) VALUES (?, ?, ?, ?, ?, ?)"},
		{&s.tagStmt, s.writes, "INSERT INTO tags VALUES (?, ?, ?)"},
	} {
		if *p.stmt, err = p.db.PrepareContext(ctx, p.text); err != nil {
			return nil, fmt.Errorf("%s: %w", p.text, err)
		}
	}
	return s, nil
}

// row reads a version.
func (s *sqliteByHand) row(scan func(...any) error) (string, error) {
	var name, source, metadataJSON, tagsJSON, by string
	var version, at int
	if err := scan(&name, &version, &source, &metadataJSON, &tagsJSON, &by, &at); err != nil {
		return "", err
	}
	return source, readJSON(metadataJSON, tagsJSON)
}

func (s *sqliteByHand) get(ctx context.Context, name string) (string, error) {
	return s.row(s.getStmt.QueryRowContext(ctx, name).Scan)
}

func (s *sqliteByHand) save(ctx context.Context, name, source string) (version int, err error) {
	metadataJSON, tagsJSON, err := writeJSON()
	if err != nil {
		return 0, err
	}
	tx, err := s.writes.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback()
	if err := tx.StmtContext(ctx, s.headStmt).QueryRowContext(ctx, name).Scan(&version); err != nil {
		return 0, err
	}
	if _, err := tx.StmtContext(ctx, s.insertStmt).ExecContext(ctx, name, version, source, metadataJSON, tagsJSON, author); err != nil {
		return 0, err
	}
	for _, tag := range tags {
		if _, err := tx.StmtContext(ctx, s.tagStmt).ExecContext(ctx, tag, name, version); err != nil {
			return 0, err
		}
	}
	return version, tx.Commit()
}

func (s *sqliteByHand) list(ctx context.Context, prefix string) ([]string, error) {
	rows, err := s.listStmt.QueryContext(ctx, prefix, prefix+"\U0010ffff")
	if err != nil {
		return nil, err
	}
	return readRows(rows, s.row)
}

// close leaves the files: they go with their folder.
func (s *sqliteByHand) close(context.Context) error {
	err := s.reads.Close()
	if e := s.writes.Close(); err == nil {
		err = e
	}
	return err
}
