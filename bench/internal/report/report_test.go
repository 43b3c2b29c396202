package report

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

var rows = []Row{
	{Work: "a", Ours: "1 ms", Beside: "git: 9 ms", Value: 9, Target: Target{Kind: "faster", Bound: 8}},
	{Work: "b <c>", Ours: "2 ms", Beside: "git: 1 ms", Value: 2, Target: Target{Kind: "time", Bound: 1.5}},
	{Work: "d", Err: errors.New("no")},
}

func TestTable(t *testing.T) {
	t.Parallel()
	want := `| work | we | beside us | ratio | target | met |
|---|---|---|---|---|---|
| a | 1 ms | git: 9 ms | 9× faster | ≥ 8× faster | yes |
| b <c> | 2 ms | git: 1 ms | 2× its time | ≤ 1.5× its time | **no** |
| d | | | | | not measured |
`
	if got := Table(rows); got != want {
		t.Errorf("Table:\n%s\nwant\n%s", got, want)
	}
	if got, want := rows[1].Plain(), "2 ms, git: 1 ms; 2× its time, target ≤ 1.5× its time: **no**"; got != want {
		t.Errorf("Plain = %q, want %q", got, want)
	}
}

// TestTargets is about values on the bound and beside it.
func TestTargets(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		value  float64
		target Target
		met    bool
	}{
		{8, Target{Kind: "faster", Bound: 8}, true},
		{7.9, Target{Kind: "faster", Bound: 8}, false},
		{1.5, Target{Kind: "time", Bound: 1.5}, true},
		{1.6, Target{Kind: "time", Bound: 1.5}, false},
		{61, Target{Kind: "bytes", Bound: 60}, false},
	} {
		if got := tt.target.met(tt.value); got != tt.met {
			t.Errorf("%v meets %v: %v, want %v", tt.value, tt.target, got, tt.met)
		}
	}
}

func TestShort(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{0: "0 ns", 999: "999 ns", 1234: "1.23 µs", 12345678: "12.3 ms", 1500 * time.Millisecond: "1.5 s", 999600 * time.Microsecond: "1 s"} {
		if got := Short(d); got != want {
			t.Errorf("Short(%d) = %s, want %s", d, got, want)
		}
	}
}

// TestChart has a green bar for what is met, a red one for what is not, and
// none for what was not measured.
func TestChart(t *testing.T) {
	t.Parallel()
	got := Chart("x & y", rows)
	for part, n := range map[string]int{"<title>x &amp; y</title>": 1, `fill="#2da44e"`: 1, `fill="#cf222e"`: 1, "b &lt;c&gt;": 1, ">d<": 0, "</svg>\n": 1} {
		if strings.Count(got, part) != n {
			t.Errorf("%q is there %d times, want %d:\n%s", part, strings.Count(got, part), n, got)
		}
	}
}

func TestDocument(t *testing.T) {
	t.Parallel()
	d := Document{Command: "bench", Chart: "-x.svg"}
	path := filepath.Join(t.TempDir(), "doc.md")
	begin, end := d.Marks()
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("before\n" + begin + "\nstale\n" + end + "\nafter\n")
	if err := d.Write(path, "part\n", "chart"); err != nil {
		t.Fatal(err)
	}
	for p, want := range map[string]string{path: "before\n" + begin + "\npart\n" + end + "\nafter\n", strings.TrimSuffix(path, ".md") + "-x.svg": "chart"} {
		if got, err := os.ReadFile(p); err != nil || string(got) != want {
			t.Errorf("%s holds %q, %v, want %q", p, got, err, want)
		}
	}
	for _, text := range []string{"", begin, end, end + begin} {
		write(text)
		if err := d.Write(path, "part", "chart"); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("Write into %q: %v, want an error with the path", text, err)
		}
	}
	if err := d.Write(path+"x", "part", "chart"); err == nil {
		t.Error("Write into no document succeeded")
	}
}

func TestMachine(t *testing.T) {
	t.Parallel()
	if got := Machine(t.TempDir()); !strings.Contains(got, runtime.Version()) || !strings.Contains(got, runtime.GOOS) {
		t.Errorf("Machine = %q", got)
	}
	if Load() == "" {
		t.Error("Load is empty")
	}
	if got, want := WithoutPaths("-write x -rounds 2 -dir=y -run a -cpuprofile z"), "-rounds 2 -run a"; got != want {
		t.Errorf("WithoutPaths = %q, want %q", got, want)
	}
}
