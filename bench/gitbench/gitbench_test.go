package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestMain is gitbench itself where that was asked for: measuring memory starts
// its own executable.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "-child" {
		main()
		return
	}
	os.Exit(m.Run())
}

func newConfig(t *testing.T) *config {
	return &config{templates: 150, commits: 40, rounds: 2, bulk: 30, dir: t.TempDir(), run: regexp.MustCompile(""), logf: t.Logf}
}

// TestEveryRow does all the work at a small size: it measures, and what the
// sides check of each other holds.
func TestEveryRow(t *testing.T) {
	t.Parallel()
	c := newConfig(t)
	for _, work := range works(c) {
		rows, err := work.measure(t.Context())
		if err != nil {
			t.Errorf("%s: %v", work.name, err)
		}
		for _, r := range rows {
			if r.Err != nil || !(r.Value > 0) || r.Ours == "" || r.Beside == "" {
				t.Errorf("%s: %+v, want a value", work.name, r)
			}
		}
	}
}

// TestRepository checks what is measured on: all is there, and the log's parser
// counts as git does.
func TestRepository(t *testing.T) {
	t.Parallel()
	c := newConfig(t)
	ctx := t.Context()
	for _, l := range []layout{flat, folders} {
		repo, err := c.build(ctx, spec{c.templates, c.commits, l, true})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := git(ctx, repo, "fsck", "--strict"); err != nil {
			t.Error(err)
		}
		if err := checkCount(ctx, repo, c.commits); err != nil {
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
		if want := c.templates + c.commits - 1; total != want || len(history) != c.templates {
			t.Errorf("%s: %d versions of %d paths, want %d of %d", l, total, len(history), want, c.templates)
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

func TestInterleave(t *testing.T) {
	t.Parallel()
	var order strings.Builder
	times := map[string][]time.Duration{
		"a": {time.Hour, 4, 1, 3, 2},
		"b": {time.Hour, 10, 10, 30, 20},
	}
	do := func(name string) side {
		return side{name, func(round int) (time.Duration, error) {
			order.WriteString(name)
			return times[name][round], nil
		}}
	}
	samples, err := interleave(t.Context(), 4, do("a"), do("b"))
	if err != nil {
		t.Fatal(err)
	}
	if order.String() != "abbaabbaab" {
		t.Errorf("order %s", order.String())
	}
	if samples[0].median != 2 || samples[1].median != 15 || samples[1].low != 10 || samples[1].top != 20 {
		t.Errorf("samples %+v", samples)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := interleave(ctx, 4, do("a")); err == nil {
		t.Error("interleave went on after its context")
	}
}

func TestTargets(t *testing.T) {
	t.Parallel()
	ms := func(n int) sample { return sample{median: time.Duration(n) * time.Millisecond} }
	for _, tt := range []struct {
		ours, beside int
		target       target
		want         string
	}{
		{2, 50, target{"faster", 25}, "25× faster, target ≥ 25× faster: yes"},
		{2, 49, target{"faster", 25}, "24.5× faster, target ≥ 25× faster: **no**"},
		{9, 10, target{"time", 0.9}, "0.9× its time, target ≤ 0.9× its time: yes"},
		{91, 100, target{"time", 0.9}, "0.91× its time, target ≤ 0.9× its time: **no**"},
	} {
		if got := compare("x", ms(tt.ours), ms(tt.beside), "git", tt.target).plain(); !strings.HasSuffix(got, tt.want) {
			t.Errorf("compare(%d, %d) = %s, want %s", tt.ours, tt.beside, got, tt.want)
		}
	}
	r := row{Value: 61, Target: target{"bytes a version", 60}}
	if got := r.plain(); !strings.HasSuffix(got, "61 bytes a version, target ≤ 60 bytes a version: **no**") {
		t.Errorf("plain = %s", got)
	}
	for d, want := range map[time.Duration]string{999: "999 ns", 1234: "1.23 µs", 12345678: "12.3 ms", 1500 * time.Millisecond: "1.5 s", 999600 * time.Microsecond: "1 s"} {
		if got := short(d); got != want {
			t.Errorf("short(%d) = %s, want %s", d, got, want)
		}
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "performance.md")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r := report{machine: "a machine", load: "0.5", git: "git version 2", args: withoutFile("-write x -rounds 2 -dir=y"), rows: []row{
		{Work: "a", Ours: "1 ms", Beside: "git: 9 ms", Value: 9, Target: target{"faster", 8}},
		{Work: "b <c>", Err: context.Canceled},
	}}
	write("before\n" + begin + "\nold\n" + end + "\nafter\n")
	if err := r.writeTo(path); err != nil {
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
	if svg, err := os.ReadFile(chartPath(path)); err != nil || !strings.HasSuffix(string(svg), "</svg>\n") {
		t.Errorf("chart %q, %v", svg, err)
	}
	for _, text := range []string{"", begin, end} {
		write(text)
		if err := r.writeTo(path); err == nil {
			t.Errorf("writeTo into %q succeeded", text)
		}
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"-rounds 0", "-templates 1", "-run (", "more"} {
		if err := command(t.Context(), strings.Fields(args)); err == nil {
			t.Errorf("gitbench %s succeeded", args)
		}
	}
}
