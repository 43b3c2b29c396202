package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/backend"
	"github.com/go-prompty/prompty/stores/internal/testserver"
	"github.com/go-prompty/prompty/stores/sqlstore/internal/sessions"
	"github.com/go-prompty/prompty/storetest"
)

// kill ends the connections on which something runs, and returns how many.
func kill(t *testing.T, db *sql.DB, condition string) (killed int) {
	t.Helper()
	rows, err := db.Query("SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND " + condition)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id int
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(fmt.Sprint("KILL CONNECTION ", id)); err == nil {
			killed++
		}
	}
	return killed
}

// await waits for a condition. InnoDB tells nothing new to who asks more often.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !done(); time.Sleep(110 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it never came about that %s", what)
		}
	}
}

// A server of its own, so that it can be set up badly.
func TestHostileServer(t *testing.T) {
	server := testserver.OwnMariaDB(t)
	db := root(t, server)
	t.Run("idle connections ended", func(t *testing.T) { idleEnded(t, server, db) })
	t.Run("commit lost", func(t *testing.T) { commitLost(t, server, db) })
	t.Run("snapshots", func(t *testing.T) { snapshots(t, server, db) })
	t.Run("in the way", func(t *testing.T) { inTheWay(t, server, db) })
	t.Run("full disk", func(t *testing.T) { fullDisk(t, server, db) })
	t.Run("read-only", func(t *testing.T) { readOnly(t, server, db) })
	t.Run("small packets", func(t *testing.T) { smallPackets(t, server, db) })
	t.Run("odd settings", func(t *testing.T) { oddSettings(t, server, db) })
}

// The server ends idle connections as it likes; nobody is to notice.
func idleEnded(t *testing.T, server *testserver.Server, db *sql.DB) {
	s := mustOpen(t, placeOn(server))
	for i := range 10 {
		save(t, s, "doc", "text")
		kill(t, db, "command = 'Sleep'")
		if got, err := s.Get(t.Context(), "doc"); err != nil || got.Version != i+1 {
			t.Errorf("Get after the connection was ended: %v, %v", got, err)
		}
		kill(t, db, "command = 'Sleep'")
	}
}

// When the commit's answer is lost nobody can know, and the error says so.
func commitLost(t *testing.T, server *testserver.Server, db *sql.DB) {
	s := mustOpen(t, placeOn(server))
	save(t, s, "doc", "text")
	stop, err := db.Conn(t.Context()) // all commits
	if err != nil {
		t.Fatal(err)
	}
	defer stop.Close()
	for _, stage := range []string{"START", "FLUSH", "BLOCK_DDL", "BLOCK_COMMIT"} {
		if _, err := stop.ExecContext(t.Context(), "BACKUP STAGE "+stage); err != nil {
			t.Skipf("stopping commits: %v", err)
		}
	}
	saved := make(chan error)
	go func() { saved <- s.Save(context.Background(), &prompty.StoredTemplate{Name: "doc", Source: "lost"}) }()
	await(t, "a commit waits", func() bool { return kill(t, db, "info = 'COMMIT'") > 0 })
	err = <-saved
	wantError(t, "Save whose commit was lost", err, "may have been made or not, so look before you repeat it")
	if _, err := stop.ExecContext(t.Context(), "BACKUP STAGE END"); err != nil {
		t.Fatal(err)
	}
	list, err := s.ListVersions(t.Context(), "doc")
	if err != nil || len(list) < 1 || len(list) > 2 {
		t.Errorf("ListVersions = %v, %v, want one or two", list, err)
	}
	if got := save(t, s, "doc", "next").Version; got != len(list)+1 {
		t.Errorf("the next version is %d, want %d", got, len(list)+1)
	}
}

func snapshots(t *testing.T, server *testserver.Server, db *sql.DB) {
	s := mustOpen(t, placeOn(server)+"&max_conns=1")
	save(t, s, "doc", "text")
	snapshotter, _ := prompty.As[prompty.Snapshotter](s)
	var open []prompty.TemplateStorage
	for range mostSnapshots {
		frozen, err := snapshotter.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, frozen)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := snapshotter.Snapshot(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("one snapshot too many: %v, want to wait", err)
	}
	save(t, s, "doc", "beside snapshots")

	// A call that is cancelled does not end the snapshot.
	cancelled, cancel := context.WithCancel(t.Context())
	go cancel()
	for errors.Is(cancelled.Err(), nil) {
		open[0].List(cancelled, nil)
	}
	if got, err := open[0].Get(t.Context(), "doc"); err != nil || got.Version != 1 {
		t.Errorf("Get in a snapshot after a cancelled call: %v, %v", got, err)
	}
	kill(t, db, "command = 'Sleep'")
	for range 2 {
		_, err := open[1].Get(t.Context(), "doc")
		wantError(t, "Get in a snapshot whose connection was lost", err, "take another snapshot")
	}
	for _, frozen := range open {
		if err := frozen.Close(); err != nil {
			t.Errorf("Close of a snapshot: %v", err)
		}
	}
	frozen, err := snapshotter.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := frozen.Get(t.Context(), "doc"); err != nil || got.Version != 2 {
		t.Errorf("Get in a new snapshot: %v, %v", got, err)
	}
	kill(t, db, "command = 'Sleep'")
	if err := frozen.Close(); err != nil {
		t.Errorf("Close of a lost snapshot: %v", err)
	}
	left, err := snapshotter.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := left.Get(t.Context(), "doc"); err == nil {
		t.Error("a snapshot outlives its storage")
	}
}

// Others hold locks for long, and make deadlocks.
func inTheWay(t *testing.T, server *testserver.Server, db *sql.DB) {
	where := placeOn(server)
	prefix := prefixOf(where)
	s := mustOpen(t, where)
	save(t, s, "a", "text")
	save(t, s, "z", "text")
	hold := func(name string) *sql.Tx {
		tx, err := db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		if err := tx.QueryRow("SELECT name FROM "+prefix+"heads WHERE name = ? FOR UPDATE", name).Scan(&name); err != nil {
			t.Fatal(err)
		}
		return tx
	}
	tx := hold("a")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.Save(ctx, &prompty.StoredTemplate{Name: "a", Source: "late"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Save of a locked name, with a deadline: %v", err)
	}
	tx.Rollback()

	// The other one locks z and then a, SaveAll the other way round: the server
	// undoes the smaller transaction, which is SaveAll's, or else the other's.
	tx = hold("z")
	saved := make(chan error)
	go func() {
		saved <- prompty.SaveAll(context.Background(), s, []*prompty.StoredTemplate{{Name: "z", Source: "all"}, {Name: "a", Source: "all"}})
	}()
	await(t, "SaveAll waits for z", func() bool {
		var n int
		err := db.QueryRow("SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'").Scan(&n)
		return err == nil && n > 0
	})
	for range 20 { // so that it is the other one that weighs more
		if _, err := tx.Exec("INSERT INTO "+prefix+"terms VALUES (?, 'x', 1)", time.Now().String()); err != nil {
			t.Fatal(err)
		}
	}
	_, err := tx.Exec("UPDATE " + prefix + "heads SET changes = changes + 1 WHERE name = 'a'")
	tx.Rollback()
	if saveErr := <-saved; saveErr != nil {
		t.Errorf("SaveAll in a deadlock: %v (the other: %v)", saveErr, err)
	}
	if got, err := s.Get(t.Context(), "a"); err != nil || got.Version != 2 {
		t.Errorf("Get after a deadlock: %v, %v", got, err)
	}
}

// fullDisk has the folder of a database on a small disk.
func fullDisk(t *testing.T, server *testserver.Server, db *sql.DB) {
	var data string
	if err := db.QueryRow("SELECT @@datadir").Scan(&data); err != nil {
		t.Fatal(err)
	}
	do(t, db, "CREATE DATABASE small")
	dir := filepath.Join(data, "small")
	if err := mount(dir, "size=24m,mode=777"); err != nil {
		t.Skipf("mounting a small disk: %v", err)
	}
	defer unmount(dir)
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 16<<20), 0o666); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, strings.Replace(placeOn(server), "/prompty?", "/small?", 1))
	saved := 0
	var err error
	for source := strings.Repeat("0123456789", 300); err == nil && saved < 5000; {
		if err = s.Save(t.Context(), &prompty.StoredTemplate{Name: "doc", Source: source}); err == nil {
			saved++
		}
	}
	wantError(t, "Save on a full disk", err, "the server has no room left")
	if list, err := s.ListVersions(t.Context(), "doc"); err != nil || len(list) != saved {
		t.Errorf("on a full disk there are %d versions, %v, want %d", len(list), err, saved)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if got := save(t, s, "doc", "room").Version; got != saved+1 {
		t.Errorf("with room again the next version is %d, want %d", got, saved+1)
	}
}

func readOnly(t *testing.T, server *testserver.Server, db *sql.DB) {
	where := placeOn(server)
	s := mustOpen(t, where)
	save(t, s, "doc", "text")
	do(t, db, "CREATE USER usual IDENTIFIED BY 's3cret'", "GRANT ALL ON prompty.* TO usual", "SET GLOBAL read_only = 1")
	defer do(t, db, "SET GLOBAL read_only = 0")
	replica := mustOpen(t, as(where, "usual:s3cret"))
	if got, err := replica.Get(t.Context(), "doc"); err != nil || got.Source != "text" {
		t.Errorf("Get of a replica: %v, %v", got, err)
	}
	batch, _ := prompty.As[prompty.BatchSaver](replica)
	for call, err := range map[string]error{
		"Save":          replica.Save(t.Context(), &prompty.StoredTemplate{Name: "doc", Source: "new"}),
		"SaveAll":       batch.SaveAll(t.Context(), []*prompty.StoredTemplate{{Name: "doc", Source: "new"}}),
		"Delete":        replica.Delete(t.Context(), "doc"),
		"DeleteVersion": replica.DeleteVersion(t.Context(), "doc", 1),
	} {
		if !errors.Is(err, prompty.ErrReadOnly) {
			t.Errorf("%s on a replica: %v, want ErrReadOnly", call, err)
		}
		wantError(t, call+" on a replica", err, "connect to the primary")
	}
	describer, _ := prompty.As[prompty.Describer](replica)
	if d, err := describer.Describe(t.Context()); err != nil || !strings.Contains(d.State, "read-only") {
		t.Errorf("Describe of a replica = %+v, %v", d, err)
	}
	_, err := Open(as(placeOn(server), "usual:s3cret"))
	if !errors.Is(err, prompty.ErrReadOnly) {
		t.Errorf("Open of a new prefix on a replica: %v, want ErrReadOnly", err)
	}
}

// What the server would not take is refused before it is sent.
func smallPackets(t *testing.T, server *testserver.Server, db *sql.DB) {
	do(t, db, "SET GLOBAL max_allowed_packet = 2097152")
	defer do(t, db, "SET GLOBAL max_allowed_packet = 67108864")
	const limit = 2<<20 - 64<<10
	s := mustOpen(t, placeOn(server))
	awkward := strings.Repeat("'\"\\\n🦊", limit/8)
	awkward += strings.Repeat("x", limit-len(awkward))
	save(t, s, "doc", awkward)
	if got, err := s.Get(t.Context(), "doc"); err != nil || got.Source != awkward {
		t.Errorf("Get of a source of %d bytes: %v", limit, err)
	}
	err := s.Save(t.Context(), &prompty.StoredTemplate{Name: "doc", Source: awkward + "x"})
	if !errors.Is(err, prompty.ErrInvalidTemplate) {
		t.Errorf("Save of one byte too many: %v, want ErrInvalidTemplate", err)
	}
	wantError(t, "Save of one byte too many", err, fmt.Sprint(limit), "max_allowed_packet")
	list := []*prompty.StoredTemplate{{Name: "new", Source: "x"}, {Name: "doc", Source: "x", Metadata: map[string]string{"k": awkward}}}
	err = prompty.SaveAll(t.Context(), s, list)
	wantError(t, "SaveAll with too much metadata", err, "metadata, tags, author and tenant", fmt.Sprint(limit/8))
	if _, err := s.Get(t.Context(), "new"); !errors.Is(err, prompty.ErrTemplateNotFound) {
		t.Errorf("a refused SaveAll left: %v", err)
	}
	tags := strings.Repeat("'", limit/8)
	if err := s.Save(t.Context(), &prompty.StoredTemplate{Name: "tags", Source: awkward, Tags: []string{tags}}); err != nil {
		t.Errorf("Save of the longest tag: %v", err)
	}
	do(t, db, "SET GLOBAL max_allowed_packet = 65536")
	small := mustOpen(t, placeOn(server)+"&maxAllowedPacket=65536")
	describer, _ := prompty.As[prompty.Describer](small)
	if d, err := describer.Describe(t.Context()); err != nil || len(d.Problems) != 1 || !strings.Contains(d.Problems[0], "raise it") {
		t.Errorf("Describe with max_allowed_packet=64K: %+v, %v", d, err)
	}
}

// oddSettings runs the suite on a server whose defaults are at odds with what
// the driver needs.
func oddSettings(t *testing.T, server *testserver.Server, db *sql.DB) {
	do(t, db,
		"SET GLOBAL sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT,IGNORE_SPACE,PAD_CHAR_TO_FULL_LENGTH,SIMULTANEOUS_ASSIGNMENT,EMPTY_STRING_IS_NULL'",
		"SET GLOBAL time_zone = '-11:00'", "SET GLOBAL autocommit = 0", "SET GLOBAL tx_isolation = 'SERIALIZABLE'", "SET GLOBAL tx_read_only = 1",
		"SET GLOBAL default_storage_engine = MyISAM", "SET GLOBAL init_connect = 'SET NAMES latin1'",
	)
	var own pool
	storetest.Run(t, func(t testing.TB) storetest.Place {
		where := own.place(t, server)
		return func() (prompty.TemplateStorage, error) { return Open(where) }
	})
}

// The server's clock is set back, and stands still.
func TestClock(t *testing.T) {
	where := place(t)
	s := openStore(t, where)
	first := &prompty.StoredTemplate{Name: "doc", Source: "now"}
	if err := s.Save(t.Context(), first, backend.AnyVersion); err != nil {
		t.Fatal(err)
	}
	_, position, err := s.Heads(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	c, err := parseConnection(where)
	if err != nil {
		t.Fatal(err)
	}
	c.config.Params["timestamp"] = "1700000000.5" // for its sessions
	back, err := open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer back.Close()
	last := first.CreatedAt
	for range 3 {
		tmpl := &prompty.StoredTemplate{Name: "doc", Source: "then"}
		if err := back.Save(t.Context(), tmpl, backend.AnyVersion); err != nil {
			t.Fatal(err)
		}
		if !tmpl.CreatedAt.After(last) {
			t.Errorf("version %d was created at %v, not after %v", tmpl.Version, tmpl.CreatedAt, last)
		}
		last = tmpl.CreatedAt
	}
	heads, _, err := back.Heads(t.Context(), position)
	if err != nil || len(heads) != 1 || heads[0].Version != 4 {
		t.Errorf("Heads after the clock was set back = %v, %v, want version 4", heads, err)
	}
	if _, _, err := back.Heads(t.Context(), "then"); err == nil {
		t.Error("Heads of a position that is none gives no error")
	}
}

// A change that is committed late is told, though its time is before the
// position.
func TestLateCommit(t *testing.T) {
	s := openStore(t, place(t))
	tx, err := root(t, testserver.MariaDB(t)).Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.Exec(s.sql(nextVersion), "late"); err != nil {
		t.Fatal(err)
	}
	if err := s.Save(t.Context(), &prompty.StoredTemplate{Name: "early", Source: "text"}, backend.AnyVersion); err != nil {
		t.Fatal(err)
	}
	heads, position, err := s.Heads(t.Context(), "")
	if err != nil || len(heads) != 1 {
		t.Fatalf("Heads before the commit = %v, %v, want one", heads, err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	heads, _, err = s.Heads(t.Context(), position)
	if err != nil || !slices.ContainsFunc(heads, func(h backend.Head) bool { return h.Name == "late" }) {
		t.Errorf("Heads after the commit = %v, %v, want late among them", heads, err)
	}
}

// What cannot be brought about here.
func TestExplain(t *testing.T) {
	s := openStore(t, place(t))
	for number, want := range map[uint16]string{
		1213: "other transactions were in the way each time",
		1205: "other transactions were in the way each time",
		1040: "too many connections",
		1461: "lower max_conns",
		1021: "no room left",
		1114: "no room left",
		1030: "look into its log",
		1153: "raise its max_allowed_packet",
		1665: "set binlog_format to MIXED or ROW",
		1836: "connect to the primary",
		9999: "told by the server",
	} {
		err := s.explain(&mysql.MySQLError{Number: number, Message: "told by the server"})
		if !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "told by the server") {
			t.Errorf("error %d is explained as %q, want %q", number, err, want)
		}
		if again := s.explain(err); again.Error() != err.Error() {
			t.Errorf("error %d is explained twice: %q", number, again)
		}
	}
	if s.explain(nil) != nil {
		t.Error("no error is explained")
	}
	err := s.read(t.Context(), func(ctx context.Context, c *sessions.Session) error { return mysql.ErrInvalidConn })
	if err == nil || !strings.Contains(err.Error(), "the connection to the server at") {
		t.Errorf("a connection that is lost again and again: %v", err)
	}
}
