package testserver

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

var dynamoDB = kind{driver: "dynamodb", variable: "PROMPTY_TEST_DYNAMODB", create: createDynamoDB}

// DynamoDB returns the shared DynamoDB Local, or skips the test. Its URL is that
// of the endpoint, http://…; it takes any region and keys, and all of them see
// the same tables.
func DynamoDB(t testing.TB) *Server { t.Helper(); return dynamoDB.get(t) }

// OwnDynamoDB starts a DynamoDB Local for this test alone.
func OwnDynamoDB(t testing.TB) *Server { t.Helper(); return dynamoDB.getOwn(t) }

func createDynamoDB(s *Server, private bool) error {
	java, err := find("java")
	if err != nil {
		return err
	}
	program, err := findCached("dynamodb-local-2.9.30")
	if err != nil {
		return err
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	s.listensAt(port)
	network, address := s.Addr()
	written := func() error {
		return ask(network, address, listTables, func(answer []byte) bool { return bytes.HasPrefix(answer, []byte("HTTP/1.1 200 ")) })
	}
	// The compiler's work would not pay in so short a life.
	args := []string{java, "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
		"-Djava.library.path=" + filepath.Join(program, "DynamoDBLocal_lib"), "-jar", filepath.Join(program, "DynamoDBLocal.jar"),
		"-port", strconv.Itoa(port), "-sharedDb", "-disableTelemetry"}
	if private {
		// It may be killed. DynamoDB Local, unlike DynamoDB, acknowledges a transaction
		// some milliseconds before it commits it; what is asked next is answered after
		// that. So there is a gate before it, for Kill to let nobody ask any more.
		args = append(args, "-dbPath", s.dir)
		if port, err = freePort(); err != nil {
			return err
		}
		s.listensAt(port)
		if s.gate, err = newProxy(network, address, s.address); err != nil {
			return err
		}
		s.written = written
	} else {
		args = append(args, "-inMemory")
	}
	s.url = "http://" + s.address
	s.add(&process{name: "dynamodb", orderly: terminate, fast: os.Kill, args: args, ready: written})
	return nil
}

// listTables is a request with any credentials.
const listTables = "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: DynamoDB_20120810.ListTables\r\n" +
	"Content-Type: application/x-amz-json-1.0\r\nContent-Length: 2\r\n" +
	"Authorization: AWS4-HMAC-SHA256 Credential=key/20260101/eu-central-1/dynamodb/aws4_request, SignedHeaders=host, Signature=00\r\n\r\n{}"
