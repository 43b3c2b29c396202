package main

import (
	"bufio"
	"os/exec"
	"strings"
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/testserver"
)

// TestWatch tells what another process saves, and where it watches, but for the
// password.
func TestWatch(t *testing.T) {
	t.Parallel()
	place := strings.Replace(placeOn(testserver.Postgres(t), "postgres"), "//postgres@", "//postgres:geheim@", 1)
	if !strings.Contains(place, "geheim") {
		t.Skip("the server of the environment has a password of its own")
	}
	s := open(t, place)
	cmd := exec.Command("prompty", "-s", place, "watch", "greeting")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	lines := bufio.NewReader(stderr)
	for {
		line, err := lines.ReadString('\n')
		if err != nil || strings.Contains(line, "geheim") {
			t.Fatalf("standard error has %q, then %v", line, err)
		}
		if strings.HasPrefix(line, "prompty: watching postgres") {
			break
		}
	}
	if err := s.Save(t.Context(), &prompty.StoredTemplate{Name: "greeting", Source: "Hello"}); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil || !strings.HasSuffix(line, "  + greeting\n") {
		t.Errorf("the change is told as %q, %v", line, err)
	}
}
