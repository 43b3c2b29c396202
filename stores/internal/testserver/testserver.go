// Package testserver starts real database servers for tests.
//
//	func TestStorage(t *testing.T) {
//		server := testserver.Postgres(t)
//		s, err := postgres.Open(server.URL() + "&table_prefix=one_")
//
// [Postgres], [MariaDB], [Redis], [MongoDB] and [DynamoDB] give the one server
// that all tests of this binary share; each test makes a place of its own on it,
// by a prefix or a database. It is, in this order: what the environment names
// (PROMPTY_TEST_POSTGRES, PROMPTY_TEST_MYSQL, PROMPTY_TEST_REDIS,
// PROMPTY_TEST_MONGODB, PROMPTY_TEST_DYNAMODB, in the form of [Server.URL]); or an
// installed program, started on a temporary folder; or else the test is
// skipped, unless PROMPTY_TEST_REQUIRE, separated by commas, names the driver
// (postgres, mysql, redis, mongodb, dynamodb): then it fails. OwnPostgres and so
// on start a server for one test, which may kill, pause and restart it.
//
// .ci/install-servers installs the programs. Any number of test binaries may run
// at once. A server ends with the process that started it, however that ends,
// and its folder goes with it. Processes that a test starts are told the
// addresses through the environment, so that they use the same servers.
//
// Servers keep their usual settings, but no more than a test needs is written
// through to the disk: what was acknowledged survives the kill of the server,
// not a power cut. Where a default is at odds with what a driver promises, it is
// kept: the databases sort by language and compare without case.
package testserver

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Server is a running database server.
type Server struct {
	kind    *kind
	own     bool // it was started here
	url     string
	network string
	address string

	dir       string // its files, and where its log is
	processes []*process

	// Of a server that acknowledges what it has not written yet: its only way in,
	// and a question that it answers once it has.
	gate    *Proxy
	written func() error
}

// A kind is a database server that may be installed.
type kind struct {
	driver   string // as PROMPTY_TEST_REQUIRE names it
	variable string // of the environment, with the URL of one that is there already
	// create makes the server's files in s.dir, sets its URL and address, and the
	// processes to start, in that order. private: it belongs to one test, which
	// may kill it. The error says what is not installed.
	create func(s *Server, private bool) error

	once   sync.Once
	shared *Server
	err    error
}

// URL returns the connection string of the server, with all rights.
func (s *Server) URL() string { return s.url }

// Addr returns where the server listens: what a [Proxy] is put before.
func (s *Server) Addr() (network, address string) { return s.network, s.address }

// Own reports whether the server was started here, and so may be killed, paused
// and stopped, by a test that nothing else uses it in.
func (s *Server) Own() bool { return s.own }

func (k *kind) get(t testing.TB) *Server {
	t.Helper()
	k.once.Do(func() {
		if url := os.Getenv(k.variable); url != "" {
			k.shared = &Server{kind: k, url: url}
			k.shared.network, k.shared.address = addressOf(url)
			return
		}
		k.shared, k.err = k.start(false)
		if k.err == nil {
			os.Setenv(k.variable, k.shared.url)
		}
	})
	if k.err != nil {
		k.unavailable(t, k.err)
	}
	return k.shared
}

func (k *kind) getOwn(t testing.TB) *Server {
	t.Helper()
	s, err := k.start(true)
	if err != nil {
		k.unavailable(t, err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the log of the server ends with\n%s", s.log())
		}
		s.end()
		os.RemoveAll(s.dir)
	})
	return s
}

func (k *kind) start(private bool) (*Server, error) {
	dir, err := newFolder(k.driver)
	if err != nil {
		return nil, err
	}
	s := &Server{kind: k, own: true, dir: dir}
	if err := k.create(s, private); err != nil {
		return nil, err
	}
	for _, p := range s.processes {
		if err := p.start(); err != nil {
			err = fmt.Errorf("%w\n%s", err, s.log())
			s.end()
			return nil, &startError{err}
		}
	}
	return s, nil
}

// A startError is that of a server that is installed and does not start, which
// is no reason to skip a test.
type startError struct{ error }

func (k *kind) unavailable(t testing.TB, err error) {
	t.Helper()
	required := strings.FieldsFunc(os.Getenv("PROMPTY_TEST_REQUIRE"), func(r rune) bool { return r == ',' || r == ' ' })
	if _, broken := err.(*startError); broken {
		t.Fatalf("the server for %s: %v", k.driver, err)
	}
	why := fmt.Sprintf("no server for %s: %v (.ci/install-servers installs it, or set %s)", k.driver, err, k.variable)
	if slices.Contains(required, k.driver) {
		t.Fatal(why)
	}
	t.Skip(why)
}

// log returns the ends of what the server's processes have logged.
func (s *Server) log() string {
	var all strings.Builder
	files, _ := filepath.Glob(filepath.Join(s.dir, "*.log"))
	for _, file := range files {
		text, _ := os.ReadFile(file)
		if len(text) > 4000 {
			text = text[len(text)-4000:]
		}
		fmt.Fprintf(&all, "%s:\n%s\n", filepath.Base(file), text)
	}
	return all.String()
}

func (s *Server) add(p *process) {
	p.dir = s.dir
	s.processes = append(s.processes, p)
}

// addressOf finds the host and port in a connection string of any driver; "" if
// there is none.
func addressOf(text string) (network, address string) {
	if _, in, ok := strings.Cut(text, "@tcp("); ok { // go-sql-driver's form
		address, _, _ = strings.Cut(in, ")")
		return "tcp", address
	}
	if u, err := url.Parse(text); err == nil && u.Port() != "" {
		return "tcp", u.Host
	}
	return "", ""
}
