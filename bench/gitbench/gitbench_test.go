package gitbench

import (
	"bytes"
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
	return &Config{Templates: 150, Commits: 40, Rounds: 2, Bulk: 30, Dir: t.TempDir(), Run: regexp.MustCompile(""), Logf: t.Logf}
}

// TestEveryRow does all the work at a small size: it measures, and what the
// sides check of each other holds.
func TestEveryRow(t *testing.T) {
	t.Parallel()
	c := newConfig(t)
	report, err := c.Measure(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range report.rows {
		if r.Err != nil || !(r.Value > 0) || r.Ours == "" || r.Beside == "" {
			t.Errorf("%s: %+v, want a value", r.Work, r)
		}
	}
	if len(report.rows) != 16 || report.Failed > 0 {
		t.Errorf("%d rows, of which %d failed, want 16", len(report.rows), report.Failed)
	}
	c.Close()
	left, err := filepath.Glob(filepath.Join(c.Dir, "*"))
	if err != nil || len(left) != 3 {
		t.Errorf("left after Close: %q, %v, want three repositories", left, err)
	}
}

// TestMoreRounds goes on with a Comparison, as benchmarks do, past the last of
// the old versions.
func TestMoreRounds(t *testing.T) {
	t.Parallel()
	c := newConfig(t)
	for _, one := range slices.Concat(c.Saves(), c.Imports(), c.CatchUp(), c.OldVersion()) {
		cmp, err := one.Prepare(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			n := 0
			if _, err := cmp.Measure(t.Context(), func() bool { n++; return n <= 5 }); err != nil {
				t.Errorf("%s: %v", one.Name, err)
			}
		}
		if err := errors.Join(cmp.Check(t.Context()), cmp.Close()); err != nil {
			t.Errorf("%s: %v", one.Name, err)
		}
	}
}

// TestFailure looks for a report of what could not be measured.
func TestFailure(t *testing.T) {
	t.Parallel()
	c := newConfig(t)
	c.Dir, c.Run = filepath.Join(t.TempDir(), "none"), regexp.MustCompile("warm")
	if err := os.WriteFile(c.Dir, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	report, err := c.Measure(t.Context(), "")
	if err != nil || report.Failed != 1 || !strings.Contains(report.Markdown(), "| warm Get | | | | | not measured |") {
		t.Errorf("Measure = %+v, %v", report, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Measure(ctx, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("Measure after its context: %v", err)
	}
}

// TestRepository checks what is measured on: all is there, and the log's parser
// counts as git does.
func TestRepository(t *testing.T) {
	t.Parallel()
	c := newConfig(t)
	ctx := t.Context()
	for _, l := range []layout{flat, folders} {
		repo, err := c.build(ctx, spec{c.Templates, c.Commits, l, true})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := git(ctx, repo, "fsck", "--strict"); err != nil {
			t.Error(err)
		}
		if err := checkCount(ctx, repo, c.Commits); err != nil {
			t.Error(err)
		}
		history, err := gitLog(ctx, repo, "main")
		if err != nil {
			t.Fatal(err)
		}
		total := 0
		for path, versions := range history {
			total += len(versions)
			commits, err := git(ctx, repo, "log", "--first-parent", "--format=%H", "main", "--", path)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, v := range versions {
				got = append(got, v.commit)
			}
			if strings.Join(got, "\n") != commits {
				t.Fatalf("%s: commits %q, want %q", path, got, commits)
			}
			blob, err := git(ctx, repo, "rev-parse", "main:"+path)
			if err != nil || blob != versions[0].blob {
				t.Errorf("%s: blob %s, want %s (%v)", path, versions[0].blob, blob, err)
			}
		}
		if want := c.Templates + c.Commits - 1; total != want || len(history) != c.Templates {
			t.Errorf("%s: %d versions of %d paths, want %d of %d", l, total, len(history), want, c.Templates)
		}
	}
}

func TestCatFile(t *testing.T) {
	t.Parallel()
	c := newConfig(t)
	repo, err := c.build(t.Context(), spec{10, 2, flat, false})
	if err != nil {
		t.Fatal(err)
	}
	batch, err := startCatFile(t.Context(), repo)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		data, err := batch.read("main~1:" + flat.path(3))
		if err != nil || !bytes.Equal(data, text(3, 1)) {
			t.Errorf("read = %q, %v", data, err)
		}
		if _, err := batch.read("main:none"); err == nil {
			t.Error("read of what is missing succeeded")
		}
	}
	if err := batch.close(); err != nil {
		t.Error(err)
	}
}

func TestMeasure(t *testing.T) {
	t.Parallel()
	var order strings.Builder
	times := map[string][]time.Duration{
		"a": {time.Hour, 8, 2, 6, 4},
		"b": {time.Hour, 20, 20, 60, 40},
	}
	do := func(name string) Side {
		return Side{name, func(round int) (time.Duration, error) {
			order.WriteString(name)
			return times[name][round], nil
		}}
	}
	cmp := Comparison{Sides: []Side{do("a"), do("b")}, parts: 2}
	samples, err := cmp.Measure(t.Context(), func() bool { return cmp.round < 5 })
	if err != nil {
		t.Fatal(err)
	}
	if order.String() != "abbaabbaab" {
		t.Errorf("order %s", order.String())
	}
	if samples[0].Median != 2 || samples[1].Median != 15 || samples[1].low != 10 || samples[1].top != 20 {
		t.Errorf("samples %+v", samples)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := cmp.Measure(ctx, func() bool { return true }); err == nil {
		t.Error("Measure went on after its context")
	}
}

func TestTargets(t *testing.T) {
	t.Parallel()
	ms := func(n int) Sample { return Sample{Median: time.Duration(n) * time.Millisecond} }
	for _, tt := range []struct {
		ours, beside int
		target       report.Target
		want         string
	}{
		{2, 50, report.Target{Kind: "faster", Bound: 25}, "25× faster, target ≥ 25× faster: yes"},
		{2, 49, report.Target{Kind: "faster", Bound: 25}, "24.5× faster, target ≥ 25× faster: **no**"},
		{9, 10, report.Target{Kind: "time", Bound: 0.9}, "0.9× its time, target ≤ 0.9× its time: yes"},
		{91, 100, report.Target{Kind: "time", Bound: 0.9}, "0.91× its time, target ≤ 0.9× its time: **no**"},
	} {
		if got := compare("x", ms(tt.ours), ms(tt.beside), "git", tt.target).Plain(); !strings.HasSuffix(got, tt.want) {
			t.Errorf("compare(%d, %d) = %s, want %s", tt.ours, tt.beside, got, tt.want)
		}
	}
	r := report.Row{Value: 61, Target: report.Target{Kind: "bytes a version", Bound: 60}}
	if got := r.Plain(); !strings.HasSuffix(got, "61 bytes a version, target ≤ 60 bytes a version: **no**") {
		t.Errorf("plain = %s", got)
	}
	for d, want := range map[time.Duration]string{999: "999 ns", 1234: "1.23 µs", 12345678: "12.3 ms", 1500 * time.Millisecond: "1.5 s", 999600 * time.Microsecond: "1 s"} {
		if got := report.Short(d); got != want {
			t.Errorf("short(%d) = %s, want %s", d, got, want)
		}
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "performance.md")
	begin, end := document.Marks()
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r := &Report{machine: "a machine", load: "0.5", git: "git version 2", args: report.WithoutPaths("-write x -rounds 2 -dir=y"), rows: []report.Row{
		{Work: "a", Ours: "1 ms", Beside: "git: 9 ms", Value: 9, Target: report.Target{Kind: "faster", Bound: 8}},
		{Work: "b <c>", Err: context.Canceled},
	}}
	write("before\n" + begin + "\nold\n" + end + "\nafter\n")
	if err := r.WriteTo(path); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got := string(data)
	for _, want := range []string{"before\n" + begin + "\nMeasured on ", "on a machine, which had a load of 0.5 before; git version 2. `gitbench -rounds 2`;",
		"| a | 1 ms | git: 9 ms | 9× faster | ≥ 8× faster | yes |\n", "| b <c> | | | | | not measured |\n" + end + "\nafter\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("written %q, want %q in it", got, want)
		}
	}
	if strings.Contains(got, "old") {
		t.Errorf("written %q, want the old part gone", got)
	}
	if svg, err := os.ReadFile(document.ChartPath(path)); err != nil || !strings.HasSuffix(string(svg), "</svg>\n") {
		t.Errorf("chart %q, %v", svg, err)
	}
	for _, text := range []string{"", begin, end} {
		write(text)
		if err := r.WriteTo(path); err == nil {
			t.Errorf("WriteTo into %q succeeded", text)
		}
	}
}
