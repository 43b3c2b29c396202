package main

import (
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/go-prompty/prompty"
)

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestService(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "greeting.prompty")
	write(t, file, `Hello {~prompty.var name="name" /~}`)
	storage, err := prompty.OpenStorage("filesystem", dir)
	if err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	metrics, err := newWatchMetrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := prompty.NewStorageEngine(prompty.StorageEngineConfig{Storage: storage, Metrics: metrics})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler(engine, registry))
	t.Cleanup(func() {
		server.Close()
		if err := engine.Close(); err != nil {
			t.Errorf("Close = %v", err)
		}
	})
	get := func(path string, status int) string {
		t.Helper()
		response, err := server.Client().Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != status {
			t.Fatalf("GET %s = %s, %q, %v, want status %d", path, response.Status, text, err, status)
		}
		return string(text)
	}

	heard := make(chan prompty.ChangeBatch, 10)
	engine.OnChange(func(b prompty.ChangeBatch) { heard <- b })
	if got := get("/render/greeting?name=Ada", 200); got != "Hello Ada" {
		t.Errorf("rendered %q, want Hello Ada", got)
	}
	get("/render/greeting", 500)
	get("/render/nothing", 404)
	get("/render/..%2Fx", 404)

	write(t, file, `Bye {~prompty.var name="name" /~}`)
	<-heard
	if got := get("/render/greeting?name=Ada", 200); got != "Bye Ada" {
		t.Errorf("after the edit: rendered %q, want Bye Ada", got)
	}
	write(t, file, `{~prompty.if~}`)
	<-heard
	metrics.Degraded("no watches are left")
	text := get("/metrics", 200)
	metrics.Degraded("")
	for _, line := range []string{
		`prompty_events_total{event="batches"} 2`,
		`prompty_events_total{event="changes"} 2`,
		`prompty_events_total{event="reload_errors"} 1`,
		`prompty_seconds_count{of="change"} 2`,
		`prompty_watch_degraded 1`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("/metrics lacks %s:\n%s", line, text)
		}
	}
	if text := get("/metrics", 200); !strings.Contains(text, "prompty_watch_degraded 0\n") {
		t.Errorf("/metrics says that all is not well:\n%s", text)
	}
	if _, err := newWatchMetrics(registry); err == nil {
		t.Error("the same metrics were registered twice")
	}
}
