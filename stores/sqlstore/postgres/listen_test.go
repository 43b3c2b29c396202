package postgres_test

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/testserver"
	"github.com/go-prompty/prompty/stores/sqlstore/postgres"
)

// follow opens a place, watches it, and waits until the server tells of changes.
func follow(t testing.TB, where string) <-chan prompty.ChangeBatch {
	t.Helper()
	w, _ := prompty.As[prompty.Watcher](open(t, where))
	batches, err := w.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for b := range batches {
		if b.Watch != nil && b.Watch.Mode == "push" {
			return batches
		}
	}
	t.Fatal("the watch has ended")
	return nil
}

func awaitName(t testing.TB, batches <-chan prompty.ChangeBatch, name string) {
	t.Helper()
	for b := range batches {
		if slices.ContainsFunc(b.Changes, func(c prompty.Change) bool { return c.Name == name }) {
			return
		}
	}
	t.Fatalf("the watch has ended before it told of %s", name)
}

// Changes are told when the server says so, and not when the next look is due;
// also after either connection, of who tells and of who listens, was lost.
func TestTold(t *testing.T) {
	t.Parallel()
	where := with(place(t), "poll=1h")
	batches, s := follow(t, with(where, "resync=2h&max_conns=1")), open(t, where)
	for i := range 20 {
		name := fmt.Sprint("name", i)
		if i%5 == 4 {
			admin(t, where, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%`+
				[]string{"LISTEN", "COMMIT", "NOTIFY", "SELECT 1"}[i/5]+`%' AND query LIKE '%`+prefixOf(t, where)+`changes%' AND pid <> pg_backend_pid()`)
		}
		save(t, s, name)
		awaitName(t, batches, name)
	}
}

// BenchmarkTold measures how long a change takes from before its save to what
// another storage's watch tells.
func BenchmarkTold(b *testing.B) {
	where := with(place(b), "poll=1h")
	batches, s := follow(b, where), open(b, where)
	var times, saves []time.Duration
	for i := 0; b.Loop(); i++ {
		name := fmt.Sprint("name", i%100)
		start := time.Now()
		save(b, s, name)
		saves = append(saves, time.Since(start))
		awaitName(b, batches, name)
		times = append(times, time.Since(start))
	}
	slices.Sort(times)
	slices.Sort(saves)
	b.ReportMetric(float64(times[len(times)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(times[len(times)*99/100].Microseconds()), "p99-µs")
	b.ReportMetric(float64(saves[len(saves)/2].Microseconds()), "save-µs")
}

// With notify=off nobody is told; a look finds the change.
func TestNotifyOff(t *testing.T) {
	t.Parallel()
	where := with(place(t), "notify=off&poll=5ms")
	watch(t, open(t, where), func() { save(t, open(t, where), "a") }, "a")
}

// What is under way when a storage is closed is told before.
func TestToldBeforeClose(t *testing.T) {
	t.Parallel()
	where := with(place(t), "poll=1h")
	batches := follow(t, where)
	for i := range 5 {
		s, err := postgres.Open(where)
		if err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprint("name", i)
		save(t, s, name)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		awaitName(t, batches, name)
	}
}

// Behind PgBouncer in transaction mode LISTEN does not fail, and nothing comes.
// Everything else works, and the watch says that it asks instead.
func TestPgBouncer(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program, err = exec.LookPath("/usr/sbin/pgbouncer")
	}
	server := testserver.Postgres(t)
	if err != nil || !server.Own() {
		t.Skip("pgbouncer is not installed, or the server is not on a socket here")
	}
	where := placeOn(server)
	bounced := with(pgbouncer(t, program, where), "default_query_exec_mode=exec&poll=20ms")
	s := open(t, bounced)
	save(t, s, "a", "a", "b")
	if err := prompty.SaveAll(t.Context(), s, []*prompty.StoredTemplate{{Name: "c"}, {Name: "b"}}); err != nil {
		t.Error(err)
	}
	if err := s.DeleteVersion(t.Context(), "a", 2); err != nil {
		t.Error(err)
	}
	c, _ := prompty.As[prompty.Snapshotter](s)
	frozen, err := c.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer frozen.Close()
	save(t, s, "d")
	if list, err := frozen.List(t.Context(), nil); err != nil || len(list) != 3 {
		t.Errorf("List of the snapshot = %v, %v, want 3", list, err)
	}
	w, _ := prompty.As[prompty.Watcher](s)
	batches, err := w.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	save(t, open(t, where), "e")
	awaitName(t, batches, "e")
	for b := range batches {
		if b.Watch != nil && b.Watch.Degraded != "" {
			if b.Watch.Mode != "poll" || !strings.Contains(b.Watch.LastError, "PgBouncer") {
				t.Errorf("the watch says %+v, want that it polls, and why", b.Watch)
			}
			break
		}
	}
}

// pgbouncer starts one, and returns the place behind it.
func pgbouncer(t *testing.T, program, where string) string {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	free.Close()
	_, port, _ := net.SplitHostPort(addr)
	u, err := url.Parse(where)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "prompty-bouncer")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	config := filepath.Join(dir, "ini")
	text := fmt.Sprintf("[databases]\n* = host=%s user=%s\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %s\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 3\n",
		u.Query().Get("host"), u.User.Username(), port)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	args := []string{"-q", config}
	if os.Getuid() == 0 {
		args = append([]string{"-u", "nobody"}, args...)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); cmd.Wait() })
	bounced := via(where, addr)
	for {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
			return bounced
		}
		if t.Context().Err() != nil || cmd.ProcessState != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
