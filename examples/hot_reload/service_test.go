package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-prompty/prompty"
)

// write saves a file as most editors do: a new file takes the old one's place.
func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+"~", []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+"~", path); err != nil {
		t.Fatal(err)
	}
}

// serve runs the service over a folder with one prompt.
func serve(t *testing.T) (dir, url string) {
	t.Helper()
	dir = t.TempDir()
	write(t, filepath.Join(dir, "greeting.prompty"), "---\nsample: {user: Ada}\n---\nHello {~prompty.var name=\"user\" /~}{~prompty.include template=\"mark\" /~}\n")
	write(t, filepath.Join(dir, "mark.prompty"), "!")
	store, err := prompty.OpenStorage("filesystem", dir)
	if err != nil {
		t.Fatal(err)
	}
	prompts := prompty.MustNewStorageEngine(prompty.StorageEngineConfig{Storage: store})
	t.Cleanup(func() { prompts.Close() })
	server := httptest.NewServer(newService(prompts))
	t.Cleanup(server.Close)
	return dir, server.URL
}

// listen connects to the events and returns a function that waits for the next.
func listen(t *testing.T, url string) func() (event string, batch prompty.ChangeBatch) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	if got := response.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Fatalf("the events are of type %q", got)
	}
	lines := bufio.NewScanner(response.Body)
	return func() (event string, batch prompty.ChangeBatch) {
		t.Helper()
		for lines.Scan() {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "event":
				event = value
			case "data":
				if err := json.Unmarshal([]byte(value), &batch); err != nil {
					t.Fatalf("event %s: %v", value, err)
				}
			case "":
				return event, batch
			}
		}
		t.Fatalf("the events ended: %v", lines.Err())
		return "", batch
	}
}

func fetch(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func wantRender(t *testing.T, url, body, want string) {
	t.Helper()
	code, answer := fetch(t, http.MethodPost, url+"/render/greeting", body)
	var got struct{ Text string }
	if err := json.Unmarshal([]byte(answer), &got); code != http.StatusOK || err != nil || got.Text != want {
		t.Errorf("render greeting: %d %s, want the text %q", code, answer, want)
	}
}

func TestEditIsLive(t *testing.T) {
	t.Parallel()
	dir, url := serve(t)
	wantRender(t, url, "", "Hello Ada!\n")
	wantRender(t, url, `{"user": "Bob"}`, "Hello Bob!\n")
	next := listen(t, url)
	if event, _ := next(); event != "open" {
		t.Fatalf("the first event is %q", event)
	}

	// A partial is edited: when the browser hears of it, the new text is served.
	write(t, filepath.Join(dir, "mark.prompty"), "?")
	event, batch := next()
	if event != "change" || len(batch.Changes) != 1 || batch.Changes[0] != (prompty.Change{Name: "mark", Kind: prompty.Changed}) {
		t.Fatalf("event %q, %+v", event, batch)
	}
	wantRender(t, url, "", "Hello Ada?\n")

	// A broken edit: the last good version stays, and the fault is told.
	write(t, filepath.Join(dir, "mark.prompty"), "{~prompty.vra /~}")
	next()
	wantRender(t, url, "", "Hello Ada?\n")
	_, list := fetch(t, http.MethodGet, url+"/prompts", "")
	if !regexp.MustCompile(`^{"names":\["greeting","mark"\],"broken":\["[^"]*mark\.prompty:1:1: `).MatchString(list) {
		t.Errorf("prompts: %s", list)
	}

	// Mended.
	write(t, filepath.Join(dir, "mark.prompty"), ".")
	next()
	wantRender(t, url, "", "Hello Ada.\n")
	if _, list := fetch(t, http.MethodGet, url+"/prompts", ""); list != `{"names":["greeting","mark"],"broken":[]}`+"\n" {
		t.Errorf("prompts: %s", list)
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	_, url := serve(t)
	for _, tt := range []struct {
		method, path, body string
		code               int
		want               string
	}{
		{"GET", "/", "", 200, "<title>Prompts, live</title>"},
		{"GET", "/nothing", "", 404, ""},
		{"GET", "/render/greeting", "", 405, ""},
		{"POST", "/render/nothing", "", 404, "nothing: template not found"},
		{"POST", "/render/greeting", "[", 400, "the data is no JSON object"},
		{"POST", "/render/greeting", "{}", 422, `"user" is missing`},
		{"POST", "/render/greeting", `"` + strings.Repeat("x", 2<<20), 400, "too large"},
	} {
		code, text := fetch(t, tt.method, url+tt.path, tt.body)
		if code != tt.code || !strings.Contains(text, tt.want) {
			t.Errorf("%s %s: %d %s, want %d and %q", tt.method, tt.path, code, text, tt.code, tt.want)
		}
	}
}

// lineWriter hands on each line of a log.
type lineWriter chan string

func (w lineWriter) Write(p []byte) (int, error) {
	w <- string(p)
	return len(p), nil
}

func TestRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	lines := make(lineWriter, 10)
	done := make(chan error, 1)
	go func() { done <- run(ctx, "filesystem:"+dir, "127.0.0.1:0", log.New(lines, "", 0)) }()
	await := func(pattern string) {
		t.Helper()
		select {
		case line := <-lines:
			if !regexp.MustCompile("(?m)" + pattern).MatchString(line) {
				t.Errorf("the log says %q, want %q", line, pattern)
			}
		case err := <-done:
			t.Fatal("run ended:", err)
		case <-ctx.Done():
			t.Fatalf("the log never said %q", pattern)
		}
	}
	await(`^http://127\.0\.0\.1:\d+ shows filesystem:`)
	write(t, filepath.Join(dir, "a.prompty"), "Hello")
	await(`^a created$`)
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	for _, where := range []string{"nosuch:x", "filesystem:" + dir} {
		if err := run(t.Context(), where, "nowhere:-1", log.New(io.Discard, "", 0)); err == nil {
			t.Errorf("run with %s at no address: no error", where)
		}
	}
}
