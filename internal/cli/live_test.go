package cli

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/engine"
)

// plain is a row without its style.
func (r row) plain() string {
	var b strings.Builder
	r.write(&b, false)
	return b.String()
}

// A text with what changed marked holds both texts, whole.
func TestMarked(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	parts := []string{"one", "two", " ", "\n", "\n", ".", "drei", "四"}
	text := func() string {
		var b strings.Builder
		for range r.IntN(40) {
			b.WriteString(parts[r.IntN(len(parts))])
		}
		return b.String() + "end\n"
	}
	for range 500 {
		before, now := text(), text()
		var gotBefore, gotNow strings.Builder
		for _, row := range marked(before, now) {
			mark, line := row.plain()[:2], row.plain()[2:]+"\n"
			if mark != "+ " {
				gotBefore.WriteString(line)
			}
			if mark != "- " {
				gotNow.WriteString(line)
			}
			if (mark != "  ") != row.marked {
				t.Fatalf("the row %q: marked %v", row.plain(), row.marked)
			}
		}
		if gotBefore.String() != before || gotNow.String() != now {
			t.Fatalf("from %q to %q, marked:\n%q and\n%q", before, now, gotBefore.String(), gotNow.String())
		}
	}
}

func TestWrap(t *testing.T) {
	t.Parallel()
	var got []string
	for _, r := range wrap(textRows("+ ", green, "12345678\n日本語日本語\nab\n\t\x1b\naa bbbb cc\naa  bbb c\naaaaaa bb\n", nil), 8) {
		got = append(got, r.plain())
	}
	want := []string{"+ 123456", "  78", "+ 日本語", "  日本語", "+ ab", "+     ", `  \x1b`, "+ aa ", "  bbbb ", "  cc", "+ aa  ", "  bbb c", "+ aaaaaa", "  bb"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("wrapped (-want +got):\n%s", diff)
	}
	if got := wrap(textRows("+ ", "", "12345678", nil), 3); len(got) != 1 {
		t.Errorf("in 3 columns: %d rows, want the one that is there", len(got))
	}
}

func TestParseKeys(t *testing.T) {
	t.Parallel()
	for input, want := range map[string][]key{
		"jk":                  {keyDown, keyUp},
		"\x1b[A\x1bOB":        {keyUp, keyDown},
		" b\x1b[5~\x1b[6~":    {keyPageDown, keyPageUp, keyPageUp, keyPageDown},
		"gG\x1b[1~\x1b[F":     {keyHome, keyEnd, keyHome, keyEnd},
		"\x1b[15~q":           {keyQuit}, // F5 is none
		"\x1b[1;5C\x03":       {keyInterrupt},
		"\x1b\x1b[":           nil,
		"xyz\x00\xff\x1b[200": nil,
	} {
		if diff := cmp.Diff(want, parseKeys([]byte(input))); diff != "" {
			t.Errorf("parseKeys(%q) (-want +got):\n%s", input, diff)
		}
	}
}

func TestTook(t *testing.T) {
	t.Parallel()
	for d, want := range map[int]string{1_234: "0s", 123_456: "120µs", 9_876_543: "9.88ms", 12_345_678: "12ms", 1_234_567_890: "1.235s"} {
		if got := took(time.Duration(d)); got != want {
			t.Errorf("took(%dns) = %q, want %q", d, got, want)
		}
	}
}

// interfering is a storage in which somebody writes between two reads.
type interfering struct {
	prompty.TemplateStorage
	interfere func(read int)
	reads     *int
}

func (s interfering) Get(ctx context.Context, name string) (*prompty.StoredTemplate, error) {
	t, err := s.TemplateStorage.Get(ctx, name)
	*s.reads++
	s.interfere(*s.reads)
	return t, err
}

// A prompt and what it includes are saved again while they are read: what is
// shown belongs to one state.
func TestLiveShowsOneState(t *testing.T) {
	t.Parallel()
	memory := prompty.NewMemoryStorage()
	save := func(n int) {
		for _, name := range []string{"part", "whole"} {
			source := fmt.Sprintf("%s %d", name, n)
			if name == "whole" {
				source += ` {~prompty.include template="part" /~}`
			}
			if err := memory.Save(t.Context(), &prompty.StoredTemplate{Name: name, Source: source}); err != nil {
				t.Fatal(err)
			}
		}
	}
	save(0)
	reads := 0
	s := interfering{memory, func(read int) {
		if read <= 3 {
			save(read)
		}
	}, &reads}
	l := &live{rendering: &rendering{app: &app{}, flags: &renderFlags{}}, storage: s, ref: engine.Ref{Name: "whole"}, log: new(strings.Builder)}
	var err error
	if l.engine, err = l.newEngine(l.log); err != nil {
		t.Fatal(err)
	}
	l.try(t.Context(), nil)
	if l.frame.err != nil {
		t.Fatal(l.frame.err)
	}
	if got := l.frame.good.text; !regexp.MustCompile(`^whole 3 part 3$`).MatchString(got) {
		t.Errorf("shown is %q, want one state", got)
	}
	for _, name := range []string{"whole", "part"} {
		if l.concerns(changed(name)) == nil {
			t.Errorf("a change of %s is not seen as one of the output", name)
		}
	}
	if l.concerns(changed("other")) != nil {
		t.Error("a change of another prompt is seen as one of the output")
	}
}

// Somebody writes a prompt and its data in place, in two pieces: no output has
// half of either.
func TestLiveShowsNoHalves(t *testing.T) {
	t.Parallel()
	path, err := exec.LookPath("prompty")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	prompt, data := filepath.Join(dir, "prompts/a.prompty"), filepath.Join(dir, "data.yaml")
	write := func(path, first, second string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{first, second} {
			if _, err := f.WriteString(text); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	writeAll := func(n int) {
		write(data, fmt.Sprintf("a: %d\n", n), fmt.Sprintf("b: %d\n", n))
		write(prompt, fmt.Sprintf("[%d {~prompty.var name=\"a\" /~} ", n), fmt.Sprintf("{~prompty.var name=\"b\" default=\"none\" /~} %d]\n", n))
	}
	writeAll(0)
	cmd := exec.Command(path, "-s", "./prompts", "render", "a", "--data", "data.yaml", "--watch")
	cmd.Dir = dir
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	const most = 200
	whole := regexp.MustCompile(`^\[(\d+) (\d+) (\d+) (\d+)\]$`)
	lines := bufio.NewScanner(out)
	started := false
	for lines.Scan() {
		line := lines.Text()
		if !started {
			started = true
			go func() {
				for n := range most {
					writeAll(n + 1)
				}
			}()
		}
		if strings.HasPrefix(line, "--- ") {
			continue
		}
		m := whole.FindStringSubmatch(line)
		if m == nil || m[1] != m[4] || m[2] != m[3] {
			t.Fatalf("half of a file is shown: %q", line)
		}
		if m[1] == fmt.Sprint(most) && m[2] == m[1] {
			return
		}
	}
	t.Fatalf("the last state was never shown: %v", lines.Err())
}

// Between the output and the status stands what one should know of it.
func TestLiveNotes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		notes  []string
		health watchHealth
		want   []string
	}{
		{want: nil},
		{notes: []string{"a", "b", "c"}, want: []string{"a", "b", "c"}},
		{notes: []string{"a", "b", "c", "d"}, want: []string{"a", "b", "and 2 more"}},
		{notes: []string{"a"}, health: watchHealth{"no watches left", "x: permission denied\n"}, want: []string{"a", "changes may come late: no watches left", `x: permission denied\n`}},
	} {
		l := liveScreen{frame: frame{notes: tt.notes}, health: tt.health}
		if diff := cmp.Diff(tt.want, l.notes()); diff != "" {
			t.Errorf("notes of %q and %q (-want +got):\n%s", tt.notes, tt.health, diff)
		}
	}
}
