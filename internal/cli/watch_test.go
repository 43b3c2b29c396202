package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
)

// scripted is a storage that tells of the changes it is given.
type scripted struct {
	prompty.TemplateStorage
	batches chan prompty.ChangeBatch
}

func (s scripted) Watch(ctx context.Context) (<-chan prompty.ChangeBatch, error) {
	out := make(chan prompty.ChangeBatch)
	go func() {
		defer close(out)
		for {
			select {
			case <-ctx.Done():
				return
			case b, ok := <-s.batches:
				if !ok {
					return
				}
				select {
				case out <- b:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return out, nil
}

func newScripted() scripted {
	return scripted{prompty.NewMemoryStorage(), make(chan prompty.ChangeBatch)}
}

// barrier returns when everything sent before has been taken in.
func (s scripted) barrier() {
	for range 2 {
		s.batches <- prompty.ChangeBatch{}
	}
}

// buffer is a bytes.Buffer for several goroutines.
type buffer struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// watching runs watch over a scripted storage until the test ends it with a
// cause.
func watching(t *testing.T, s scripted, asJSON bool, names scope, command string) (stdout, stderr *buffer, end func(cause error) error) {
	t.Helper()
	stdout, stderr = new(buffer), new(buffer)
	a := &app{stdout: stdout, stderr: stderr, lookupEnv: os.LookupEnv, storage: "memory"}
	var r *runner
	if command != "" {
		var err error
		if r, err = a.newRunner(command, asJSON); err != nil {
			t.Skip("no shell here:", err)
		}
		r.grace = 50 * time.Millisecond
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.watchStorage(ctx, s, names, &batchPrinter{app: a, asJSON: asJSON}, r) }()
	return stdout, stderr, func(cause error) error {
		if cause != nil {
			cancel(cause)
		}
		return <-done
	}
}

func eventuallyHas(t *testing.T, b *buffer, text string) {
	t.Helper()
	if !eventually(func() bool { return strings.Contains(b.String(), text) }) {
		t.Fatalf("%q never came:\n%s", text, b.String())
	}
}

func changed(names ...string) prompty.ChangeBatch {
	var b prompty.ChangeBatch
	for _, n := range names {
		b.Changes = append(b.Changes, prompty.Change{Name: n, Kind: prompty.Changed})
	}
	return b
}

var errEnough = errors.New("the test has seen enough")

func TestWatchHealth(t *testing.T) {
	t.Parallel()
	s := newScripted()
	stdout, stderr, end := watching(t, s, false, nil, "")
	for _, step := range []struct {
		status prompty.WatchStatus
		told   string // waited for: of what comes while it is busy, a reader sees the last
	}{
		{prompty.WatchStatus{Degraded: "no watches left"}, "no watches left\n"}, {prompty.WatchStatus{Degraded: "no watches left"}, ""},
		{prompty.WatchStatus{Degraded: "no watches left", LastError: "a: permission denied"}, "permission denied\n"}, {prompty.WatchStatus{}, "at once again\n"},
	} {
		s.batches <- prompty.ChangeBatch{Watch: &step.status}
		s.barrier()
		eventuallyHas(t, stderr, step.told)
	}
	s.batches <- prompty.ChangeBatch{All: true, Changes: changed("a\x1b").Changes}
	eventuallyHas(t, stdout, "~ a")
	if err := end(errEnough); err != errEnough {
		t.Errorf("watch ended with %v, want the cause", err)
	}
	lines := strings.Split(stdout.String(), "\n")
	if len(lines) != 3 || !strings.HasSuffix(lines[0], "  ! everything may have changed") || lines[1] != `          ~ a\x1b` {
		t.Errorf("printed %q", lines)
	}
	want := "prompty: watching memory\nprompty: warning: changes may come late: no watches left\nprompty: warning: a: permission denied\nprompty: changes come at once again\n"
	if diff := cmp.Diff(want, stderr.String()); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

func TestWatchJSON(t *testing.T) {
	t.Parallel()
	s := newScripted()
	stdout, _, end := watching(t, s, true, scope{"a", "b/"}, "")
	s.batches <- prompty.ChangeBatch{Revision: "r1", Changes: changed("a", "b", "b/c").Changes}
	eventuallyHas(t, stdout, "\n")
	s.batches <- prompty.ChangeBatch{Watch: &prompty.WatchStatus{Mode: "poll", Degraded: "<late>"}}
	eventuallyHas(t, stdout, "late")
	s.batches <- changed("c") // not in the scope
	s.batches <- prompty.ChangeBatch{Revision: "r2", All: true}
	eventuallyHas(t, stdout, "all")
	close(s.batches)
	if err := end(nil); err != errStoppedWatching {
		t.Errorf("a storage that stops watching: %v, want %v", err, errStoppedWatching)
	}
	want := `{"revision":"r1","changes":[{"name":"a","kind":"changed"},{"name":"b/c","kind":"changed"}]}
{"revision":"r1","watch":{"mode":"poll","degraded":"<late>"}}
{"revision":"r2","all":true}
`
	if diff := cmp.Diff(want, stdout.String()); diff != "" {
		t.Errorf("printed (-want +got):\n%s", diff)
	}
}

// What changes while a command runs is one batch for the next run.
func TestWatchExecMerges(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	gate := filepath.Join(dir, "gate")
	s := newScripted()
	stdout, stderr, end := watching(t, s, false, nil,
		fmt.Sprintf(`echo "run created=$PROMPTY_CREATED changed=$PROMPTY_CHANGED deleted=$PROMPTY_DELETED all=$PROMPTY_ALL file=${PROMPTY_NAMES_FILE:+is} revision=$PROMPTY_REVISION" | tr '\n' ' '; echo; until [ -e '%s' ]; do sleep 0.01; done`, gate))
	s.batches <- changed("a")
	eventuallyHas(t, stdout, "run created= changed=a deleted= all= file=is")
	s.batches <- changed("b")
	s.batches <- prompty.ChangeBatch{Changes: []prompty.Change{{Name: "c", Kind: prompty.Created}}}
	s.batches <- prompty.ChangeBatch{Changes: []prompty.Change{{Name: "c", Kind: prompty.Changed}, {Name: "d", Kind: prompty.Changed}}, All: true, Revision: "r4"}
	s.batches <- prompty.ChangeBatch{Changes: []prompty.Change{{Name: "came", Kind: prompty.Created}}}
	s.batches <- prompty.ChangeBatch{Changes: []prompty.Change{{Name: "came", Kind: prompty.Deleted}}, Revision: "r6"}
	s.barrier()
	if err := os.WriteFile(gate, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	eventuallyHas(t, stdout, "run created=c changed=b d deleted=came all=1 file= revision=r6")
	if err := end(errEnough); err != errEnough {
		t.Errorf("watch ended with %v", err)
	}
	if got := strings.Count(stdout.String(), "run "); got != 2 {
		t.Errorf("%d runs, want 2:\n%s", got, stdout)
	}
	if !strings.Contains(stderr.String(), "prompty: exit code 0 after ") {
		t.Errorf("told %q", stderr)
	}
}

// A command that does not want to end is killed after the grace.
func TestWatchExecKilled(t *testing.T) {
	t.Parallel()
	s := newScripted()
	pid := filepath.Join(t.TempDir(), "pid")
	_, _, end := watching(t, s, false, nil, fmt.Sprintf(`trap '' INT TERM; echo $$ >'%s'; while :; do sleep 1000; done`, pid))
	s.batches <- changed("a")
	var number int
	if !eventually(func() bool {
		data, _ := os.ReadFile(pid)
		n, _ := fmt.Sscan(string(data), &number)
		return n == 1
	}) {
		t.Fatal("the command never ran")
	}
	if err := end(&endedBy{2}); err == nil || err.Error() != "ended by signal 2" {
		t.Errorf("watch ended with %v", err)
	}
	if !eventually(func() bool { return !runs(number) }) {
		t.Errorf("process %d still runs", number)
	}
}

// A command that dies of a signal, or cannot be started, is told of.
func TestWatchExecFails(t *testing.T) {
	t.Parallel()
	s := newScripted()
	_, stderr, end := watching(t, s, false, nil, "kill -9 $$")
	s.batches <- changed("a")
	eventuallyHas(t, stderr, "prompty: ended by signal: killed after ")
	if err := end(errEnough); err != errEnough {
		t.Errorf("watch ended with %v", err)
	}
	var told buffer
	r := &runner{app: &app{stderr: &told, storage: "memory"}, shell: []string{filepath.Join(t.TempDir(), "nothing"), "-c"}, command: "true", stdout: io.Discard}
	if err := r.run(t.Context(), changed("a")); err != nil {
		t.Errorf("run without a shell: %v", err)
	}
	if !strings.HasPrefix(told.String(), "prompty: --exec: ") {
		t.Errorf("told %q", &told)
	}
}

// More names than an environment holds are in the file.
func TestWatchExecManyNames(t *testing.T) {
	t.Parallel()
	var names []string
	for i := range 10_000 {
		names = append(names, fmt.Sprintf("support/team-%d/prompt-with-a-long-name-%d", i%7, i))
	}
	s := newScripted()
	stdout, stderr, end := watching(t, s, true, nil, `echo "names=$PROMPTY_NAMES changed=$PROMPTY_CHANGED all=$PROMPTY_ALL lines=$(wc -l <"$PROMPTY_NAMES_FILE") last=$(tail -n 1 "$PROMPTY_NAMES_FILE")"; echo "$PROMPTY_NAMES_FILE" >&2`)
	s.batches <- changed(names...)
	eventuallyHas(t, stderr, "exit code 0")
	if err := end(errEnough); err != errEnough {
		t.Errorf("watch ended with %v", err)
	}
	if !strings.Contains(stderr.String(), "names= changed= all=1 lines=10000 last="+slices.Max(names)+"\n") {
		t.Errorf("the command said %q", stderr)
	}
	if n := strings.Count(stdout.String(), "\n"); n != 1 {
		t.Errorf("%d lines of JSON, want one", n)
	}
	for line := range strings.Lines(stderr.String()) {
		if path := strings.TrimSpace(line); filepath.IsAbs(path) {
			if _, err := os.Stat(path); !os.IsNotExist(err) {
				t.Errorf("%s is left: %v", path, err)
			}
		}
	}

	// As many as fit, to the byte.
	for _, tt := range []struct {
		length int
		fits   bool
	}{{mostNames - 1, true}, {mostNames, false}} {
		name := strings.Repeat("x", tt.length)
		env, cleanUp, err := batchEnv(changed(name), "memory")
		if err != nil {
			t.Fatal(err)
		}
		cleanUp()
		all := strings.Join(env, "\x00") + "\x00"
		if got := strings.Contains(all, "PROMPTY_NAMES="+name+"\x00"); got != tt.fits {
			t.Errorf("%d bytes of names in the environment: %v, want %v", tt.length, got, tt.fits)
		}
		if got := strings.Contains(all, "PROMPTY_ALL=\x00"); got != tt.fits {
			t.Errorf("with %d bytes of names, PROMPTY_ALL is empty: %v, want %v", tt.length, got, tt.fits)
		}
	}
}

func TestBatchPrinterColors(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	p := &batchPrinter{app: &app{}, color: true}
	p.text(&b, prompty.ChangeBatch{All: true, Changes: []prompty.Change{{Name: "a", Kind: prompty.Created}, {Name: "b", Kind: prompty.Deleted}}},
		time.Date(2026, 11, 23, 9, 5, 7, 0, time.UTC))
	want := "\x1b[2m09:05:07\x1b[m  \x1b[33m! everything may have changed\x1b[m\n" +
		"\x1b[2m        \x1b[m  \x1b[32m+ a\x1b[m\n\x1b[2m        \x1b[m  \x1b[31m- b\x1b[m\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("printed (-want +got):\n%s", diff)
	}
}
