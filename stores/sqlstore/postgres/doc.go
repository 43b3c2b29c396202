// Package postgres keeps templates in PostgreSQL, version 13 or later. It is the
// driver "postgres":
//
//	import _ "github.com/go-prompty/prompty/stores/sqlstore/postgres"
//
//	storage, err := prompty.OpenStorage("postgres", "postgres://prompts@db.example.org/app?sslmode=verify-full")
//
// The storage is a [prompty.ConditionalSaver], [prompty.BatchSaver],
// [prompty.Historian], [prompty.Prober], [prompty.Describer],
// [prompty.Snapshotter], [prompty.Watcher] and [prompty.Syncer]. Any number of
// programs may use the same tables at once.
//
// # Connection strings
//
// The connection string is a URL, or words such as "host=… user=… dbname=…", as
// for psql. What it leaves out comes from PGHOST, PGUSER, PGPASSWORD and so on,
// and from the file .pgpass; it may be empty. In both forms it takes these options:
//
//	table_prefix=prompty_  what the names of the tables begin with: letters, digits
//	                       and _, in lower case, at most 40
//	schema=auto            make and migrate the tables; manual: never
//	max_conns=4            connections of the pool at most; the default is the
//	                       number of CPUs, if that is more
//	notify=on              tell others of changes, and be told, with NOTIFY and
//	                       LISTEN; off: neither
//	poll=1s                how often it asks what has changed while it is not told
//	resync=1m              how often it compares everything, so that what was lost
//	                       is found
//
// All others are those of pgx: sslmode, sslrootcert, connect_timeout,
// target_session_attrs, application_name, pool_max_conn_lifetime and so on, and
// settings of the server, such as search_path, which names the schema where the
// tables are.
//
// # Connections
//
// Beside the pool, a storage that saves has one connection that tells of changes,
// and one that is watched has one that is told. With notify=off there is neither.
// When the server is silent for ten seconds, a call whose context has no deadline
// fails; to connect may take five.
//
// Behind PgBouncer in transaction mode nothing can be told: the storage finds out
// by itself, and asks every second instead; notify=off makes that the rule.
// PgBouncer before 1.21, and others that do not know prepared statements, need
// default_query_exec_mode=exec, too.
//
// # Rights
//
// With schema=manual no table is ever made or changed. The owner of the tables
// runs what `prompty schema postgres` prints, and the program's role needs
//
//	GRANT SELECT ON prompty_schema TO ROLE;
//	GRANT SELECT, INSERT, UPDATE ON prompty_heads, prompty_versions TO ROLE;
//
// and USAGE on the schema where they are, and no more. A role with SELECT alone
// can read and watch; what it tries to write is [prompty.ErrReadOnly].
//
// # What is promised
//
// Save is one statement that commits by itself, and SaveAll one transaction. What
// was acknowledged is as durable as the server's synchronous_commit says: by
// default it outlives the server's power loss. If a connection is lost before the
// answer to a save came, the error says that it may have happened.
//
// Deleted versions are no longer found, but their rows stay, for snapshots taken
// before. Who wants them gone removes them by hand:
//
//	DELETE FROM prompty_versions WHERE deleted IS NOT NULL;
//
// The rows of prompty_heads must stay, since they keep numbers from being used
// again. A dump may be restored into any other database.
package postgres
