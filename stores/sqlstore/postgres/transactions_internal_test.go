package postgres

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/backend"
)

func (db *database) mustSave(t testing.TB, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := db.Save(t.Context(), &prompty.StoredTemplate{Name: name, Source: "text of " + name}, backend.AnyVersion); err != nil {
			t.Fatal(err)
		}
	}
}

// mustHeads returns the names that Heads tells, and the position.
func (db *database) mustHeads(t testing.TB, since string) (names []string, position string) {
	t.Helper()
	heads, position, err := db.Heads(t.Context(), since)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range heads {
		names = append(names, fmt.Sprint(h.Name, " ", h.Version))
	}
	slices.Sort(names)
	return names, position
}

func mustList(t testing.TB, r backend.Reader, q prompty.TemplateQuery) (names []string) {
	t.Helper()
	list, err := r.List(t.Context(), &q)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range list {
		names = append(names, fmt.Sprint(x.Name, " ", x.Version))
	}
	return names
}

func want(t testing.TB, what string, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// A transaction that began first may commit last. What it has saved is no part of
// a snapshot taken meanwhile, and is told by the next look after its commit, though
// its number is lower than others that were told before.
func TestLateCommit(t *testing.T) {
	t.Parallel()
	db := openInternal(t, "late", "")
	db.mustSave(t, "a", "b")
	db.mustSave(t, "b")
	late, err := db.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer late.Rollback(context.WithoutCancel(t.Context()))
	if _, err := late.Exec(t.Context(), db.writes.save, "late", "text", "{}", "[]", "", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := late.Exec(t.Context(), db.sql(`UPDATE prompty_versions SET deleted = pg_current_xact_id() WHERE name = 'b' AND version = 1`)); err != nil {
		t.Fatal(err)
	}
	db.mustSave(t, "c")
	snapshot, err := db.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	names, position := db.mustHeads(t, "")
	want(t, "all heads", names, "a 1", "b 2", "c 1")
	names, position = db.mustHeads(t, position)
	want(t, "heads when nothing has changed", names)
	db.mustSave(t, "a")
	if err := late.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	names, position = db.mustHeads(t, position)
	want(t, "heads after the late commit", names, "a 2", "b 2", "late 1")
	names, _ = db.mustHeads(t, position)
	want(t, "heads when nothing has changed", names)

	all := prompty.TemplateQuery{IncludeAllVersions: true}
	want(t, "the snapshot", mustList(t, snapshot, all), "a 1", "b 2", "b 1", "c 1")
	want(t, "the snapshot's latest versions", mustList(t, snapshot, prompty.TemplateQuery{}), "a 1", "b 2", "c 1")
	want(t, "now", mustList(t, db, all), "a 2", "a 1", "b 2", "c 1", "late 1")
}

// A dump that is restored into another cluster brings rows of transactions that
// this cluster has yet to begin. They are seen by all, and one that was deleted by
// such a transaction is not.
func TestRowsOfAnotherCluster(t *testing.T) {
	t.Parallel()
	db := openInternal(t, "foreign", "")
	db.mustSave(t, "old", "old", "gone", "fresh")
	foreign := func() {
		db.mustExec(t, `UPDATE prompty_versions SET txid = (pg_current_xact_id()::text::bigint + 1000000)::text::xid8 WHERE name <> 'fresh'`)
		db.mustExec(t, `UPDATE prompty_versions SET deleted = (pg_current_xact_id()::text::bigint + 1000000)::text::xid8 WHERE name = 'gone'`)
	}
	foreign()
	check := func(t *testing.T) {
		t.Helper()
		snapshot, err := db.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		db.mustSave(t, "later")
		want(t, "the snapshot", mustList(t, snapshot, prompty.TemplateQuery{IncludeAllVersions: true}), "fresh 1", "old 2", "old 1")
		if err := db.Delete(t.Context(), "later"); err != nil {
			t.Fatal(err)
		}
		want(t, "now", mustList(t, db, prompty.TemplateQuery{IncludeAllVersions: true}), "fresh 1", "old 2", "old 1")
	}
	check(t)
	_, position := db.mustHeads(t, "")
	if names, _ := db.mustHeads(t, position); !slices.Contains(names, "old 2") {
		t.Errorf("heads since %s: %q, want the foreign rows again: they may be new here", position, names)
	}

	// The next who opens the storage makes them old.
	conn, err := db.pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = db.thaw(t.Context(), conn)
	conn.Release()
	if err != nil {
		t.Fatal(err)
	}
	check(t)
	_, position = db.mustHeads(t, "")
	names, _ := db.mustHeads(t, position)
	want(t, "heads when nothing has changed", names)

	// Who has followed the old cluster is told everything.
	names, _ = db.mustHeads(t, "900000000000:900000000001:")
	want(t, "heads since a position of another cluster", names, "fresh 1", "gone 1", "later 0", "old 2")
	if _, _, err := db.Heads(t.Context(), "none"); err == nil || !strings.Contains(err.Error(), `"none"`) {
		t.Errorf("heads since none: %v, want an error that shows it", err)
	}
}

// Who waits for another saver gets the next number, whatever was there when it
// began; who waited for a saver that gave up, the same one.
func TestSaversQueue(t *testing.T) {
	t.Parallel()
	db := openInternal(t, "queue", "")
	for i, end := range []func(pgx.Tx) error{
		func(tx pgx.Tx) error { return tx.Commit(t.Context()) },
		func(tx pgx.Tx) error { return tx.Rollback(t.Context()) },
	} {
		name := fmt.Sprint("name", i)
		first, err := db.pool.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := first.Exec(t.Context(), db.writes.save, name, "first", "{}", "[]", "", ""); err != nil {
			t.Fatal(err)
		}
		saved := make(chan error)
		second := &prompty.StoredTemplate{Name: name, Source: "second"}
		go func() { saved <- db.Save(t.Context(), second, backend.AnyVersion) }()
		db.awaitWaiter(t)
		if err := end(first); err != nil {
			t.Fatal(err)
		}
		if err := <-saved; err != nil || second.Version != 2-i {
			t.Errorf("the second saver: version %d, %v, want %d", second.Version, err, 2-i)
		}
	}
}

// awaitWaiter waits until a statement on this database's tables waits for a lock.
func (db *database) awaitWaiter(t testing.TB) {
	t.Helper()
	for waiting := false; !waiting; {
		if err := db.pool.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%' || $1 || '%')`, db.prefix).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
	}
}

// A save whose connection is ended while it waits may have happened: nobody has
// said that it has not. One that was not sent yet is sent on another connection.
func TestUnknownOutcome(t *testing.T) {
	t.Parallel()
	db := openInternal(t, "unknown", "")
	db.mustSave(t, "a")
	lock, err := db.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock.Exec(t.Context(), db.writes.lock, "a"); err != nil {
		t.Fatal(err)
	}
	saved := make(chan error)
	go func() {
		saved <- db.Save(t.Context(), &prompty.StoredTemplate{Name: "a", Source: "second"}, backend.AnyVersion)
	}()
	db.awaitWaiter(t)
	db.mustExec(t, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%prompty_%'`)
	if err := <-saved; err == nil || !strings.Contains(err.Error(), "may have been made or not") {
		t.Errorf("a save whose connection was ended: %v, want an error that says that the outcome is unknown", err)
	}
	if err := lock.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	db.mustSave(t, "a")
	if _, err := db.GetVersion(t.Context(), "a", 2); err != nil {
		t.Error(err)
	}
}

// Of two that lock each other out the server ends one, which tries again. It looks
// once, when somebody has waited for deadlock_timeout: here the save.
func TestDeadlock(t *testing.T) {
	t.Parallel()
	db := openInternal(t, "deadlock", "&deadlock_timeout=2s")
	db.mustSave(t, "a", "b")
	other, err := db.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Rollback(context.WithoutCancel(t.Context()))
	if _, err := other.Exec(t.Context(), "SET LOCAL deadlock_timeout = '1min'"); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Exec(t.Context(), db.writes.lock, "b"); err != nil {
		t.Fatal(err)
	}
	saved := make(chan error)
	list := []*prompty.StoredTemplate{{Name: "b", Source: "new"}, {Name: "a", Source: "new"}}
	go func() { saved <- db.SaveAll(t.Context(), list) }() // locks a, waits for b
	db.awaitWaiter(t)
	if _, err := other.Exec(t.Context(), db.writes.lock, "a"); err != nil { // gets it when the save has been ended
		t.Fatal(err)
	}
	if err := other.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-saved; err != nil || list[0].Version != 2 || list[1].Version != 2 {
		t.Errorf("SaveAll after a deadlock: %v, versions %d and %d, want 2", err, list[0].Version, list[1].Version)
	}
}

// No version is as high as these.
func TestImpossibleBase(t *testing.T) {
	t.Parallel()
	db := openInternal(t, "base", "")
	db.mustSave(t, "a")
	for _, base := range []int{1 << 31, 1 << 32, math.MaxInt} {
		for name, latest := range map[string]int{"a": 1, "new": 0} {
			err := db.Save(t.Context(), &prompty.StoredTemplate{Name: name}, base)
			var conflict *prompty.ConflictError
			if !errors.As(err, &conflict) || conflict.Base != base || conflict.Latest != latest {
				t.Errorf("SaveIf(%s, %d): %v, want a conflict with %d", name, base, err, latest)
			}
		}
	}
}

// A deletion that found no row to lock came before the first save, even if that
// one commits before the deletion goes on: were a version hidden, the next save
// would already wait for the row with what it knows of the latest one.
func TestDeletionBeforeFirstSave(t *testing.T) {
	t.Parallel()
	db := openInternal(t, "first", "")
	deletion, err := db.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer deletion.Rollback(context.WithoutCancel(t.Context()))
	if _, err := deletion.Exec(t.Context(), db.writes.lock, "a"); err != nil {
		t.Fatal(err)
	}
	db.mustSave(t, "a")
	var hidden int
	if err := deletion.QueryRow(t.Context(), db.writes.deleted, "a").Scan(&hidden); err != nil || hidden != 0 {
		t.Errorf("%d versions were hidden, %v, want none", hidden, err)
	}
}
