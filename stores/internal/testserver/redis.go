package testserver

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"testing"
)

var redis = kind{driver: "redis", variable: "PROMPTY_TEST_REDIS", create: createRedis}

// Redis returns the shared Redis server, or skips the test.
func Redis(t testing.TB) *Server { t.Helper(); return redis.get(t) }

// OwnRedis starts a Redis server for this test alone.
func OwnRedis(t testing.TB) *Server { t.Helper(); return redis.getOwn(t) }

func createRedis(s *Server, _ bool) error {
	server, err := find("redis-server")
	if err != nil {
		return err
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	s.listensAt(port)
	s.url = "redis://" + s.address + "/0"
	// With "no", every command is handed to the system before it is acknowledged;
	// with "everysec" that waits while a flush is under way, and a kill of the
	// server loses it.
	s.add(&process{name: "redis", orderly: terminate, fast: os.Kill, args: []string{
		server, "--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--save", "",
		"--appendonly", "yes", "--appendfsync", "no", "--dir", s.dir,
	}, ready: func() error {
		return ask(s.network, s.address, "PING\r\n", func(answer []byte) bool { return bytes.HasPrefix(answer, []byte("+PONG")) })
	}})
	return nil
}

func (s *Server) listensAt(port int) {
	s.network, s.address = "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}

// freePort finds a port below those that the system gives to clients: while a
// server is down nobody else gets its port, and a client that dials it cannot
// by chance be connected to itself.
func freePort() (int, error) {
	for range 100 {
		port := 10000 + rand.IntN(20000)
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return port, l.Close()
		}
	}
	return 0, fmt.Errorf("no free port was found")
}
