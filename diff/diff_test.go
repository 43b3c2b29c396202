package diff_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
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
