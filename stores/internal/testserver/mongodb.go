package testserver

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
)

var mongoDB = kind{driver: "mongodb", variable: "PROMPTY_TEST_MONGODB", create: createMongoDB}

// MongoDB returns the shared FerretDB server, or skips the test. FerretDB speaks
// MongoDB's protocol, without transactions, change streams, and findAndModify in
// one step.
func MongoDB(t testing.TB) *Server { t.Helper(); return mongoDB.get(t) }

// OwnMongoDB starts a FerretDB server for this test alone.
func OwnMongoDB(t testing.TB) *Server { t.Helper(); return mongoDB.getOwn(t) }

func createMongoDB(s *Server, private bool) error {
	server, err := findCached("ferretdb-v1.24.2")
	if err != nil {
		return err
	}
	// With its other backend, SQLite, queries by anything but _id read all documents.
	if err := createPostgres(s, private); err != nil {
		return err
	}
	backend := s.url
	port, err := freePort()
	if err != nil {
		return err
	}
	s.listensAt(port)
	s.url = "mongodb://" + s.address + "/prompty"
	s.add(&process{name: "ferretdb", orderly: terminate, fast: os.Kill,
		args: []string{server, "-postgres", backend, "-listen", s.address},
		ready: func() error {
			return ask(s.network, s.address, mongoListDatabases, func(answer []byte) bool {
				return bytes.Contains(answer, []byte("\x01ok\x00\x00\x00\x00\x00\x00\x00\xf0\x3f")) // a double 1
			})
		}})
	return nil
}

// mongoListDatabases is the command {listDatabases: 1, $db: "admin"} as a message (OP_MSG).
var mongoListDatabases = func() string {
	document := "\x10listDatabases\x00\x01\x00\x00\x00" + "\x02$db\x00\x06\x00\x00\x00admin\x00" + "\x00"
	message := binary.LittleEndian.AppendUint32(nil, uint32(16+4+1+4+len(document)))
	for _, n := range []uint32{1, 0, 2013, 0 /* flags */} {
		message = binary.LittleEndian.AppendUint32(message, n)
	}
	message = append(message, 0)
	message = binary.LittleEndian.AppendUint32(message, uint32(4+len(document)))
	return string(message) + document
}()

// findCached finds what .ci/install-servers has put into the folder named by
// PROMPTY_TEST_SERVERS, or else into prompty/servers in the user's cache.
func findCached(name string) (string, error) {
	dir := os.Getenv("PROMPTY_TEST_SERVERS")
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", err
		}
		dir = filepath.Join(cache, "prompty", "servers")
	}
	path := filepath.Join(dir, name)
	_, err := os.Stat(path)
	return path, err
}
