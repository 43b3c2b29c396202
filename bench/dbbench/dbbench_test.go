package dbbench

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if Follow() {
		return
	}
	os.Exit(m.Run())
}

// TestEveryRow does all the work at a small size, for each driver that has a
// server: it measures, and both sides give the same bytes.
func TestEveryRow(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.driver, func(t *testing.T) {
			c := &Config{Rounds: 1, Millis: 1, Saves: 1, Pushes: 2, Run: regexp.MustCompile("^" + k.driver + " "), Logf: t.Logf}
			r, err := c.Measure(t.Context(), "-saves 1")
			if err != nil {
				t.Fatal(err)
			}
			if len(r.missing) > 0 && !strings.Contains(os.Getenv("PROMPTY_TEST_REQUIRE"), k.driver) {
				t.Skip("there is no server")
			}
			if len(r.rows) != 5 {
				t.Errorf("%d rows, want 5", len(r.rows))
			}
			for _, row := range r.rows {
				if row.Err != nil || row.Ours == "" || row.Beside == "" {
					t.Errorf("%s: %+v, want a value", row.Work, row)
				}
			}
			if text := r.Markdown(); !strings.Contains(text, "| "+k.driver+": Get |") || !strings.Contains(text, "`dbbench -saves 1`") {
				t.Errorf("Markdown:\n%s", text)
			}
		})
	}
}

// TestNoServer has a server that does not answer, and one that cannot be started.
func TestNoServer(t *testing.T) {
	t.Setenv("PROMPTY_TEST_REDIS", "redis://127.0.0.1:1")
	c := &Config{Rounds: 1, Millis: 1, Saves: 1, Pushes: 1, Run: regexp.MustCompile("redis get"), Logf: t.Logf}
	r, err := c.Measure(t.Context(), "")
	if err != nil || r.Failed != 1 || len(r.rows) != 1 || r.rows[0].Err == nil {
		t.Errorf("Measure without an answer = %+v, %v, want a row that says so", r, err)
	}
	t.Setenv("PROMPTY_TEST_REDIS", "")
	t.Setenv("PATH", "")
	r, err = c.Measure(t.Context(), "")
	if err != nil || r.Failed != 0 || len(r.rows) != 0 || !strings.Contains(r.Markdown(), "for want of a server: redis.") {
		t.Errorf("Measure without a server = %+v, %v, want it left out", r, err)
	}
}

func TestRatio(t *testing.T) {
	t.Parallel()
	ms := time.Millisecond
	row := ratio("work", times{3 * ms, 4 * ms, 50 * ms}, times{2 * ms, 4 * ms, 10 * ms}, 1.4)
	if row.Value != 1.5 || !strings.Contains(row.Plain(), "**no**") || !strings.Contains(row.Ours, "4 ms") {
		t.Errorf("ratio = %+v", row)
	}
	if err := (&Config{Rounds: 1, Millis: 1, Saves: 1}).Valid(); err == nil {
		t.Error("no pushes are valid")
	}
}
