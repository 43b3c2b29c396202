package dbbench

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/go-sql-driver/mysql"

	_ "github.com/go-prompty/prompty/stores/sqlstore/mysql"
)

// mysqlByHand has a table of versions, one of their highest numbers, and one of
// what they are found by. All statements are prepared.
type mysqlByHand struct {
	db     *sql.DB
	prefix string

	getStmt, listStmt, headStmt, insertStmt, termStmt *sql.Stmt
}

func openMySQL(ctx context.Context, server, prefix string) (byHand, error) {
	config, err := mysql.ParseDSN(server)
	if err != nil {
		return nil, err
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	m := &mysqlByHand{db: sql.OpenDB(connector), prefix: prefix}
	m.db.SetMaxIdleConns(saverCount)
	for _, table := range []string{
		"hand_heads (name VARBINARY(255) PRIMARY KEY, version INT NOT NULL)",
		`hand (name VARBINARY(255), version INT, source LONGTEXT NOT NULL, metadata LONGTEXT NOT NULL, tags LONGTEXT NOT NULL, created_by LONGTEXT NOT NULL,
			created_at DATETIME(6) NOT NULL DEFAULT NOW(6), PRIMARY KEY (name, version))`,
		"hand_terms (term VARBINARY(255), name VARBINARY(255), version INT, PRIMARY KEY (term, name, version))",
	} {
		if _, err := m.db.ExecContext(ctx, "CREATE TABLE "+prefix+table+" ENGINE=InnoDB DEFAULT CHARSET utf8mb4"); err != nil {
			return nil, err
		}
	}
	columns := "SELECT v.name, v.version, source, metadata, tags, created_by, created_at FROM " + prefix + "hand v "
	for stmt, text := range map[**sql.Stmt]string{
		&m.getStmt:    columns + "WHERE name = ? ORDER BY version DESC LIMIT 1",
		&m.listStmt:   columns + fmt.Sprintf("JOIN %shand_heads h ON h.name = v.name AND h.version = v.version WHERE h.name >= ? AND h.name < ? ORDER BY h.name", prefix),
		&m.headStmt:   "INSERT INTO " + prefix + "hand_heads VALUES (?, LAST_INSERT_ID(1)) ON DUPLICATE KEY UPDATE version = LAST_INSERT_ID(version + 1)",
		&m.insertStmt: "INSERT INTO " + prefix + "hand (name, version, source, metadata, tags, created_by) VALUES (?, ?, ?, ?, ?, ?)",
		&m.termStmt:   "INSERT INTO " + prefix + "hand_terms VALUES (?, ?, ?), (?, ?, ?), (?, ?, ?)",
	} {
		if *stmt, err = m.db.PrepareContext(ctx, text); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// row reads a version.
func (m *mysqlByHand) row(scan func(...any) error) (string, error) {
	var name, source, metadataJSON, tagsJSON, by, at string
	var version int
	if err := scan(&name, &version, &source, &metadataJSON, &tagsJSON, &by, &at); err != nil {
		return "", err
	}
	return source, readJSON(metadataJSON, tagsJSON)
}

func (m *mysqlByHand) get(ctx context.Context, name string) (string, error) {
	return m.row(m.getStmt.QueryRowContext(ctx, name).Scan)
}

func (m *mysqlByHand) save(ctx context.Context, name, source string) (int, error) {
	metadataJSON, tagsJSON, err := writeJSON()
	if err != nil {
		return 0, err
	}
	tx, err := m.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return 0, err
	}
	defer tx.Rollback()
	result, err := tx.StmtContext(ctx, m.headStmt).ExecContext(ctx, name)
	if err != nil {
		return 0, err
	}
	version, err := result.LastInsertId()
	if err != nil {
		return 0, err
	}
	if _, err := tx.StmtContext(ctx, m.insertStmt).ExecContext(ctx, name, version, source, metadataJSON, tagsJSON, author); err != nil {
		return 0, err
	}
	if _, err := tx.StmtContext(ctx, m.termStmt).ExecContext(ctx, "tag:"+tags[0], name, version, "tag:"+tags[1], name, version, "author:"+author, name, version); err != nil {
		return 0, err
	}
	return int(version), tx.Commit()
}

func (m *mysqlByHand) list(ctx context.Context, prefix string) ([]string, error) {
	rows, err := m.listStmt.QueryContext(ctx, prefix, prefix+"\U0010ffff")
	if err != nil {
		return nil, err
	}
	return readRows(rows, m.row)
}

func (m *mysqlByHand) close(ctx context.Context) error {
	defer m.db.Close()
	rows, err := m.db.QueryContext(ctx, "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND LEFT(table_name, ?) = ?", len(m.prefix), m.prefix)
	if err != nil {
		return err
	}
	tables, err := readRows(rows, func(scan func(...any) error) (table string, err error) { err = scan(&table); return table, err })
	for _, table := range tables {
		if _, e := m.db.ExecContext(ctx, "DROP TABLE "+table); err == nil {
			err = e
		}
	}
	return err
}
