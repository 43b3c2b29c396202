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
	s.url = "http://" + s.address
	// Two or three seconds of the compiler's work do not pay in so short a life.
	args := []string{java, "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
		"-Djava.library.path=" + filepath.Join(program, "DynamoDBLocal_lib"), "-jar", filepath.Join(program, "DynamoDBLocal.jar"),
		"-port", strconv.Itoa(port), "-sharedDb", "-disableTelemetry"}
	if private {
		args = append(args, "-dbPath", s.dir) // it may be killed and started again
	} else {
		args = append(args, "-inMemory")
	}
	s.add(&process{name: "dynamodb", orderly: terminate, fast: os.Kill, args: args, ready: func() error {
		return ask(s.network, s.address, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", func(answer []byte) bool {
			return bytes.HasPrefix(answer, []byte("HTTP/1.1 400 ")) // no credentials
		})
	}})
	return nil
}
