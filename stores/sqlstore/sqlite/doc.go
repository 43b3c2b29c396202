// Package sqlite keeps templates in an SQLite database: one file on one machine,
// for one process or many, with no server and no cgo. It is the storage driver
// "sqlite".
//
//	storage, err := prompty.OpenStorage("sqlite", "./prompts.db")
//
// # Connection string
//
// A path, or a URI such as file:///srv/prompts.db, and options after a question
// mark. In a path %3F stands for a question mark and %25 for a percent sign. The
// file is made if it is not there; its folder must exist.
//
//	option         values               default   meaning
//	sync           full, normal, off    full      what outlives a loss of power: what Save returned; all but the last moments; perhaps nothing
//	busy_timeout   a time               10s       how long to wait for another program that holds the database
//	max_conns      1 to 1000            8         reads at one time; one more connection writes, and one watches
//	table_prefix   letters, digits, _   prompty_  what the names of the tables begin with
//	schema         auto, manual         auto      manual: tables are never made or changed; run what `prompty schema sqlite` prints
//	notify         on, off              on        off: changes made by other processes are looked for every poll only
//	poll           a time               1s        between two looks for changes, with notify=off
//	resync         a time               1m        between two comparisons of everything, when watching
//	mode           rwc, rw, ro          rwc       rw: the file must be there; ro: it is only read
//	immutable      1                              the file is on a medium that cannot change: no locks, and no watching
//	_pragma        name(value)                    one of SQLite's cache_size, mmap_size, temp_store, secure_delete, cell_size_check, wal_autocheckpoint; may be repeated
//
// # How it is kept
//
// Four tables; schema.sql says what is in them. The database is in WAL mode, so
// readers never wait for who saves, nor the other way round. Writers follow each
// other, from all processes: SQLite has one at a time. Each change has a number,
// so a snapshot is just the number that it was taken at, and costs nothing to
// keep. Texts that were deleted stay in the file, seen by no reader.
//
// # Limits
//
//   - All processes must be on one machine: the locks and the shared memory of
//     WAL mode do not reach over a network. On a network file system Describe
//     says so.
//   - A file that cannot be written is read; saving gives prompty.ErrReadOnly.
//     In a folder that cannot be written either, the file is taken to stand
//     still, unless its size or time changes, as with immutable=1.
//   - NameContains alone reads all names, for want of an index that could help.
//   - The file must not be copied, replaced or removed while it is open, nor
//     opened and closed by other code of the same process, which on Unix drops
//     SQLite's locks. Copy it with VACUUM INTO or the sqlite3 shell's .backup.
//   - There is no ":memory:": use prompty.NewMemoryStorage.
package sqlite
