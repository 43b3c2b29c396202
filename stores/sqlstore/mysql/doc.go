// Package mysql keeps templates in MySQL 8 or MariaDB 10.11, in SQL that both
// speak. It is the storage driver "mysql".
//
//	storage, err := prompty.OpenStorage("mysql", "app:secret@tcp(db.example.org:3306)/prompts")
//
// # Connection string
//
// What github.com/go-sql-driver/mysql takes, user:password@tcp(host:3306)/db?option=value&…
// or user:password@unix(/path/to/socket)/db, or a URL, mysql://user:password@host:3306/db,
// in which what is special in a URL is escaped. Of the options these are prompty's:
//
//	option         values               default   meaning
//	max_conns      1 to 1000            8         connections that read at one time; there may be as many that save, and one for each open snapshot
//	table_prefix   letters, digits, _   prompty_  what the names of the tables begin with
//	schema         auto, manual         auto      manual: no table is ever made or changed; run what `prompty schema mysql` prints
//	notify         on, off              on        taken as everywhere, and without meaning: MySQL cannot tell of changes
//	poll           a time               1s        between two looks for changes, when watching
//	resync         a time               1m        between two comparisons of everything, when watching
//
// and the others are the client library's: timeout (10s unless given),
// readTimeout, writeTimeout (both 10s), tls, serverPubKey, compress,
// maxAllowedPacket, allowCleartextPasswords and so on. charset, collation,
// parseTime, loc and the like may be there, and change nothing: the driver sets
// what it needs, and each session's sql_mode, time zone and isolation as well.
// Of the server's variables max_statement_time, max_execution_time,
// net_read_timeout, net_write_timeout, wait_timeout and lock_wait_timeout can be
// set in the same way.
//
// # How it is kept
//
// Four InnoDB tables; schema.sql says what is in them. Names, tags, authors and
// tenants are compared byte by byte, whatever collation the database has. A save
// locks the row of its name in prompty_heads, so savers of one name follow each
// other, and those of different names don't meet. Deadlocks and lock timeouts
// are tried again. Times are the server's, in UTC. Deleted versions stay in the
// tables, seen by no reader.
//
// MySQL cannot tell of changes. Who watches asks, every poll, for the names that
// were changed since, by the time of the change, and 15 seconds further back for
// those that were committed late; every resync all names are compared.
//
// A snapshot is a transaction on a connection of its own, of which there may be
// 16; close it soon, for the server keeps what it can see.
//
// # Rights
//
// With schema=manual a user needs SELECT, INSERT and UPDATE on the tables whose
// names begin with the prefix, else CREATE on the database as well.
//
// # Limits
//
//   - A source may have 64 KiB less than the server's max_allowed_packet.
//   - A save whose connection is lost while it is committed may have happened or
//     not; the error says so. Before that, it is tried again.
//   - Durability is the server's: with innodb_flush_log_at_trx_commit other than
//     1 a loss of power takes the last second. Describe says so.
//   - binlog_format=STATEMENT does not go with READ COMMITTED, which is used.
//   - NameContains alone reads all names, for want of an index that could help.
package mysql
