package testserver

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// echo starts a server that says what it hears.
func echo(t *testing.T) (network, address string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				io.Copy(conn, conn)
				conn.Close()
			}()
		}
	}()
	return "tcp", listener.Addr().String()
}

func TestProxy(t *testing.T) {
	network, address := echo(t)
	p := NewProxy(t, network, address)
	connect := func() net.Conn {
		t.Helper()
		conn, err := net.Dial("tcp", p.Addr())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	say := func(conn net.Conn, text string) error {
		if _, err := io.WriteString(conn, text); err != nil {
			return err
		}
		answer := make([]byte, len(text))
		if _, err := io.ReadFull(conn, answer); err != nil || string(answer) != text {
			return errors.Join(err, errors.New(string(answer)))
		}
		return nil
	}
	first := connect()
	if err := say(first, strings.Repeat("as it is ", 100_000)); err != nil {
		t.Fatal("a proxy that does nothing:", err)
	}

	p.Refuse(true)
	if conn, err := net.Dial("tcp", p.Addr()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("Dial while it refuses gives %v, %v", conn, err)
	}
	if err := say(first, "still there"); err != nil {
		t.Error("an old connection while new ones are refused:", err)
	}
	p.Refuse(false)
	second := connect()
	if err := say(second, "again"); err != nil {
		t.Error("a connection after Refuse(false):", err)
	}

	p.Stall(true)
	third := connect()
	for i, conn := range []net.Conn{second, third} {
		conn.SetDeadline(time.Now().Add(20 * time.Millisecond))
		if err := say(conn, "late"); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("connection %d while it stalls: %v", i, err)
		}
	}
	p.Stall(false)
	answer := make([]byte, 4)
	for i, conn := range []net.Conn{second, third} {
		conn.SetDeadline(time.Now().Add(patience))
		if _, err := io.ReadFull(conn, answer); err != nil || string(answer) != "late" {
			t.Errorf("what was stalled of connection %d comes as %q, %v", i, answer, err)
		}
	}

	p.Cut()
	for i, conn := range []net.Conn{first, second, third} {
		conn.SetDeadline(time.Now().Add(patience))
		if _, err := conn.Read(answer); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("connection %d after Cut: %v", i, err)
		}
	}
	if err := say(connect(), "anew"); err != nil {
		t.Error("a connection after Cut:", err)
	}
}
