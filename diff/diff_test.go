package diff_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-prompty/prompty/diff"
)

// TestUnifiedApplies gives the output to git, which must be able to turn one
// text into the other with it.
func TestUnifiedApplies(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	text := func() string {
		lines := make([]string, r.IntN(30))
		for i := range lines {
			lines[i] = string(rune('a' + r.IntN(6)))
		}
		s := strings.Join(lines, "\n")
		if len(lines) > 0 && r.IntN(3) > 0 {
			s += "\n"
		}
		return s
	}
	for range 40 {
		before, after := text(), text()
		l := diff.Compare(before, after)
		patch := l.Unified("a/f", "b/f")
		if before == after {
			if patch != "" || l.Added+l.Removed != 0 {
				t.Errorf("Compare of a text with itself = %+v", l)
			}
			continue
		}
		if before == "" || after == "" {
			continue // git wants a creation or a deletion here
		}
		file := filepath.Join(dir, "f")
		if err := os.WriteFile(file, []byte(before), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("git", "apply", "--unidiff-zero", "-")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_DIR="+filepath.Join(dir, "none"))
		cmd.Stdin = strings.NewReader(patch)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git apply: %v: %s\nbefore %q\nafter %q\n%s", err, out, before, after, patch)
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != after {
			t.Fatalf("git apply made %q, %v, want %q of\n%s", got, err, after, patch)
		}
	}
}

func ExampleCompare() {
	l := diff.Compare("one\ntwo\nthree\n", "one\n2\nthree")
	fmt.Print(l.Unified("old", "new"))
	fmt.Println(l.Added, l.Removed)
	// Output:
	// --- old
	// +++ new
	// @@ -1,3 +1,3 @@
	//  one
	// -two
	// -three
	// +2
	// +three
	// \ No newline at end of file
	// 2 2
}

// paragraphs are n of them, each line said once; those named are rewritten.
func paragraphs(n, lines int, rewritten ...int) string {
	var b strings.Builder
	for p := range n {
		kind := "old"
		if slices.Contains(rewritten, p) {
			kind = "new"
		}
		for i := range lines {
			fmt.Fprintf(&b, "%s line %d of paragraph %d\n", kind, i, p)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// However much is changed, what is not changed is not said to be.
func TestManyChanges(t *testing.T) {
	t.Parallel()
	l := diff.Compare(paragraphs(9, 60), paragraphs(9, 60, 1, 4, 5))
	if l.Added != 180 || l.Removed != 180 || len(l.Hunks) != 2 {
		t.Errorf("three of nine paragraphs rewritten: %d hunks, +%d -%d lines, want 2, +180 -180", len(l.Hunks), l.Added, l.Removed)
	}
	before := paragraphs(1, 2000)
	after := strings.ReplaceAll(before, "5 of", "five of")
	if l := diff.Compare(before, after); l.Added != 200 || l.Removed != 200 || len(l.Hunks) != 200 {
		t.Errorf("each tenth line rewritten: %d hunks, +%d -%d lines, want 200 of each", len(l.Hunks), l.Added, l.Removed)
	}
}

// TestHugeTexts has texts of many lines. That they end is the test.
func TestHugeTexts(t *testing.T) {
	const size = 1 << 20
	numbers := func(prefix string) string {
		b := make([]byte, 0, size+20)
		for i := 0; len(b) < size; i++ {
			b = fmt.Appendf(b, "%s%x\n", prefix, i)
		}
		return string(b)
	}
	lines := strings.SplitAfter(numbers("a"), "\n")
	slices.Reverse(lines)
	for what, pair := range map[string][2]string{
		"nothing in common": {numbers("a"), numbers("b")},
		"reversed":          {numbers("a"), strings.Join(lines, "")},
		"one line each":     {strings.Repeat("a", size), strings.Repeat("b", size)},
		"empty lines":       {strings.Repeat("\n", size), strings.Repeat("a\n", size/2)},
	} {
		l := diff.Compare(pair[0], pair[1])
		if old, new := strings.Count(pair[0], "\n"), strings.Count(pair[1], "\n"); len(l.Hunks) == 0 || l.Removed-l.Added != old-new {
			t.Errorf("%s: %d hunks, +%d -%d lines, of %d and %d", what, len(l.Hunks), l.Added, l.Removed, old, new)
		}
	}
}
