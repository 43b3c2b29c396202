package storebench

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/go-prompty/prompty/fsstore"
)

func newConfig(t *testing.T, run string) *Config {
	return &Config{Files: 20, Folders: 3, Rounds: 1, Saves: 3, Calls: 500, Dir: t.TempDir(), Run: regexp.MustCompile(run), Logf: t.Logf}
}

// TestEveryRow does all the work at a small size: it measures, and both sides
// give the same bytes.
func TestEveryRow(t *testing.T) {
	want := 17
	if runtime.NumCPU() < 2 {
		want = 16 // parallel has no row but that it failed
	}
	c := newConfig(t, "")
	r, err := c.Measure(t.Context(), "-saves 3 -dir "+c.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.rows) != want {
		t.Errorf("%d rows, want %d", len(r.rows), want)
	}
	for _, row := range r.rows {
		if row.Err != nil || row.Ours == "" || row.Beside == "" {
			t.Errorf("%s: %+v, want a value", row.Work, row)
		}
	}
	if text := r.Markdown(); strings.Contains(text, c.Dir) || !strings.Contains(text, "`storebench -saves 3`") {
		t.Errorf("Markdown:\n%s", text)
	}
}

// TestDifferenceIsFound has a folder whose files are not what was listed.
func TestDifferenceIsFound(t *testing.T) {
	t.Parallel()
	c := newConfig(t, "")
	dir, err := c.folder(t.Context(), "tree")
	if err != nil {
		t.Fatal(err)
	}
	s, err := fsstore.Open(dir, fsstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	list, err := s.List(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.same(dir, list); err != nil {
		t.Errorf("same = %v for what is the same", err)
	}
	if err := c.same(dir, list[1:]); err == nil {
		t.Error("same takes a list that lacks one for the folder")
	}
	path := filepath.Join(dir, c.name(0)+".prompty")
	if err := os.WriteFile(path, []byte("other"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := c.same(dir, list); err == nil {
		t.Error("same takes another text for the same")
	}
}

func TestFailureIsReported(t *testing.T) {
	t.Parallel()
	c := newConfig(t, "list")
	c.Dir = filepath.Join(c.Dir, "file")
	if err := os.WriteFile(c.Dir, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := c.Measure(t.Context(), "")
	if err != nil || r.Failed != 1 || len(r.rows) != 1 || r.rows[0].Err == nil {
		t.Errorf("Measure in a file = %+v, %v, want a row that says so", r, err)
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	x := times{5, 1, 3, 2, 4}
	if x.median() != 3 || x.quantile(0.25) != 2 || x.quantile(1) != 5 {
		t.Errorf("median %v, quartile %v, greatest %v of %v", x.median(), x.quantile(0.25), x.quantile(1), x)
	}
	row := ratio("work", times{3 * time.Millisecond}, times{2 * time.Millisecond}, "by hand", 1.4)
	if row.Value != 1.5 || !strings.Contains(row.Plain(), "**no**") {
		t.Errorf("ratio = %+v", row)
	}
}
