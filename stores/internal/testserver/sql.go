package testserver

import (
	"bytes"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

var postgres = kind{driver: "postgres", variable: "PROMPTY_TEST_POSTGRES", create: createPostgres}

// Postgres returns the shared PostgreSQL server, or skips the test. Its database
// sorts by the English language. Everyone is let in without a password, but for
// the role "locked", where a test creates it.
func Postgres(t testing.TB) *Server { t.Helper(); return postgres.get(t) }

// OwnPostgres starts a PostgreSQL server for this test alone.
func OwnPostgres(t testing.TB) *Server { t.Helper(); return postgres.getOwn(t) }

var mariaDB = kind{driver: "mysql", variable: "PROMPTY_TEST_MYSQL", create: createMariaDB}

// MariaDB returns the shared MariaDB server, or skips the test. Its database
// "prompty" has the server's default character set, latin1, compared without case.
func MariaDB(t testing.TB) *Server { t.Helper(); return mariaDB.get(t) }

// OwnMariaDB starts a MariaDB server for this test alone.
func OwnMariaDB(t testing.TB) *Server { t.Helper(); return mariaDB.getOwn(t) }

func createPostgres(s *Server, _ bool) error {
	const debian = "/usr/lib/postgresql/*/bin" // not on the path
	initdb, err := find("initdb", debian)
	if err != nil {
		return err
	}
	data := filepath.Join(s.dir, "data")
	if err := setUp(s.dir, initdb, "-A", "trust", "--no-sync", "-U", "postgres", "-E", "UTF8",
		"--locale=C", "--locale-provider=icu", "--icu-locale=en-US", "-D", data); err != nil {
		return err
	}
	hba := "local all locked scram-sha-256\nlocal all all trust\n"
	if err := os.WriteFile(filepath.Join(data, "pg_hba.conf"), []byte(hba), 0o644); err != nil {
		return err
	}
	s.network, s.address = "unix", filepath.Join(s.dir, ".s.PGSQL.5432")
	s.url = "postgres://postgres@/postgres?host=" + url.QueryEscape(s.dir)
	// A commit is handed to the system before it is acknowledged, fsync or not: the
	// server may be killed. Pages may then be torn, so full_page_writes stays on.
	// Shared memory in files goes with the folder.
	p := &process{name: "postgres", nobody: true, orderly: interrupt, fast: quit, args: []string{
		filepath.Join(filepath.Dir(initdb), "postgres"), "-D", data, "-k", s.dir, "-c", "listen_addresses=",
		"-c", "fsync=off", "-c", "max_connections=300", "-c", "dynamic_shared_memory_type=mmap",
	}}
	p.ready = func() error {
		// The last line tells the state, the first one whose it is: a killed server leaves its file.
		text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
		if err != nil {
			return err
		}
		lines := strings.Split(string(text), "\n")
		if len(lines) < 8 || lines[0] != strconv.Itoa(p.pid()) || !slices.Contains([]string{"ready", "standby"}, strings.TrimSpace(lines[7])) {
			return fmt.Errorf("it is still starting")
		}
		return nil
	}
	s.add(p)
	return nil
}

func createMariaDB(s *Server, _ bool) error {
	install, err := find("mariadb-install-db")
	if err != nil {
		return err
	}
	server, err := find("mariadbd", "/usr/sbin", "/usr/libexec")
	if err != nil {
		return err
	}
	data, first := filepath.Join(s.dir, "data"), filepath.Join(s.dir, "first.sql")
	if err := setUp(s.dir, install, "--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db",
		"--innodb-log-file-size=32M", "--datadir="+data); err != nil {
		return err
	}
	if err := os.WriteFile(first, []byte("CREATE DATABASE IF NOT EXISTS prompty;\n"), 0o644); err != nil {
		return err
	}
	s.network, s.address = "unix", filepath.Join(s.dir, "socket")
	s.url = "root@unix(" + s.address + ")/prompty"
	// At 2, a commit is handed to the system before it is acknowledged, and flushed
	// to the disk once a second: the server may be killed.
	s.add(&process{name: "mariadb", nobody: true, orderly: terminate, fast: os.Kill, args: []string{
		server, "--no-defaults", "--datadir=" + data, "--skip-networking", "--socket=" + s.address,
		"--pid-file=" + filepath.Join(s.dir, "pid"), "--init-file=" + first, "--max-connections=500",
		"--innodb-flush-log-at-trx-commit=2", "--innodb-log-file-size=32M", "--max-allowed-packet=64M",
	}, ready: func() error {
		// Its greeting names its version, after five bytes of frame.
		return ask(s.network, s.address, "", func(answer []byte) bool { return bytes.Contains(answer, []byte("MariaDB")) })
	}})
	return nil
}

// setUp runs a program that makes a server's files.
func setUp(dir, program string, args ...string) error {
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	// MariaDB, when it starts, removes all temporary tables that it finds.
	cmd.Env = append(os.Environ(), "TMPDIR="+dir)
	if err := detach(cmd, true); err != nil {
		return err
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return &startError{fmt.Errorf("%s: %w\n%s", program, err, out)}
	}
	return nil
}

// ask sends a line and tells whether the first answer is good.
func ask(network, address, line string, good func(answer []byte) bool) error {
	conn, err := net.DialTimeout(network, address, 5*time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := conn.Write([]byte(line)); err != nil {
		return err
	}
	answer := make([]byte, 512)
	n, err := conn.Read(answer)
	if err != nil {
		return err
	}
	if !good(answer[:n]) {
		return fmt.Errorf("it answers %q", answer[:n])
	}
	return nil
}
