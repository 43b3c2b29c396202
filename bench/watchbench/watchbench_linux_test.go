package watchbench

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-prompty/prompty/bench/internal/report"
)

func TestMain(m *testing.M) {
	if Child() {
		return
	}
	os.Exit(m.Run())
}

func newConfig(t *testing.T) *Config {
	return &Config{Edits: 10, Files: 40, Folders: 4, Rounds: 2, Idle: 50 * time.Millisecond, Dir: t.TempDir(), Run: regexp.MustCompile(""), Logf: t.Logf}
}

// TestEveryRow does all the work at a small size: every side hears of every
// edit, and what it holds then is the new text.
func TestEveryRow(t *testing.T) {
	t.Parallel()
	c := newConfig(t)
	r, err := c.Measure(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range r.rows {
		if row.Err != nil || row.Value < 0 || row.Ours == "" || row.Beside == "" || strings.Contains(row.Ours, "missed") {
			t.Errorf("%s: %+v, want a value", row.Work, row)
		}
	}
	if len(r.rows) != 26 || r.Failed > 0 {
		t.Errorf("%d rows, of which %d failed, want 26", len(r.rows), r.Failed)
	}
	for _, work := range []string{"edit in place → verified content, p50", "checkout of 40 files, batches", "open, 40 files in 4 folders", "heap, 40 folders"} {
		i := slices.IndexFunc(r.rows, func(row report.Row) bool { return row.Work == work })
		if i < 0 || !(r.rows[i].Value > 0) {
			t.Errorf("%s has no value above 0", work)
		}
	}
}

// TestFailure looks for a report of what could not be measured.
func TestFailure(t *testing.T) {
	t.Parallel()
	c := newConfig(t)
	c.Run = regexp.MustCompile("open")
	if err := os.Mkdir(filepath.Join(c.Dir, "open"), 0o755); err != nil { // somebody else's
		t.Fatal(err)
	}
	r, err := c.Measure(t.Context(), "")
	if err != nil || r.Failed != 1 || !strings.Contains(r.Markdown(), "| open | | | | | not measured |") {
		t.Errorf("Measure = %+v, %v", r, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Measure(ctx, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("Measure after its context: %v", err)
	}
}

func TestEditor(t *testing.T) {
	t.Parallel()
	e, err := startEditor(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a \"file\"")
	for _, way := range []string{inPlace, byRename} {
		before := monotonic()
		began, err := e.edit(way, path, way+"\n\"text\"")
		if err != nil || began < before || began > monotonic() {
			t.Errorf("%s: began at %d, %v, want after %d", way, began, err, before)
		}
		if text, err := os.ReadFile(path); err != nil || string(text) != way+"\n\"text\"" {
			t.Errorf("%s: the file holds %q, %v", way, text, err)
		}
	}
	if left, err := filepath.Glob(path + ".tmp"); err != nil || len(left) > 0 {
		t.Errorf("left: %q, %v", left, err)
	}
	if err := e.close(); err != nil {
		t.Error(err)
	}
	if _, err := e.edit(inPlace, path, "text"); err == nil {
		t.Error("a process that has ended edits")
	}
}

func TestSample(t *testing.T) {
	t.Parallel()
	var s sample
	for i := range 100 {
		s.delays = append(s.delays, time.Duration(100-i)*time.Microsecond)
	}
	if s.p(50) != 50*time.Microsecond || s.p(99) != 99*time.Microsecond {
		t.Errorf("p50 %v, p99 %v", s.p(50), s.p(99))
	}
	s = sample{delays: []time.Duration{7}, missed: 2, stale: 3}
	if got, want := s.shows(99), "7 ns, and 3 times another text than the newest, and 2 of 3 edits missed"; got != want {
		t.Errorf("shows %q, want %q", got, want)
	}
	if none := (&sample{missed: 1}); none.p(50) != patience {
		t.Errorf("without a delay p50 is %v", none.p(50))
	}
}
