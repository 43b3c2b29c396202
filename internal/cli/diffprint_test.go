package cli

import (
	"bytes"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
)

func differenceOf(old, new string) *difference {
	side := func(version int, source string) *text {
		return &text{StoredTemplate: &prompty.StoredTemplate{Name: "a", Version: version, Source: source}}
	}
	return compare(side(1, old), side(2, new))
}

func TestPainter(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	painter{color: true}.print(&b, differenceOf(
		"kept\r\nBe brief, be kind.\nold\n",
		"kept\r\nBe brief, be very kind.\nnew\u202e\x1b[31m\tx"))
	want := strings.Join([]string{
		"\x1b[1m--- a@1\x1b[m",
		"\x1b[1m+++ a@2\x1b[m",
		"\x1b[36m@@ -1,3 +1,3 @@\x1b[m",
		" kept",
		"\x1b[31m-Be brief, be kind.\x1b[m",
		"\x1b[31m-\x1b[7mold\x1b[27m\x1b[m",
		"\x1b[32m+Be brief, be \x1b[7mvery \x1b[27mkind.\x1b[m",
		"\x1b[32m+\x1b[7mnew\\u202e\\x1b[31m\tx\x1b[27m\x1b[m",
		`\ No newline at end of file`,
		"",
	}, "\n")
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("painted (-want +got):\n%s", diff)
	}
}

// Without colors, and with the colors taken out, a terminal gets what a
// program gets, as long as nothing needs to be made visible.
func TestPainterPrintsUnified(t *testing.T) {
	t.Parallel()
	colors := regexp.MustCompile("\x1b\\[\\d*m")
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	parts := []string{"one", "two", " ", "\n", "\n", ".", "drei", "四"}
	source := func() string {
		var b strings.Builder
		for range r.IntN(30) {
			b.WriteString(parts[r.IntN(len(parts))])
		}
		return b.String()
	}
	for range 500 {
		d := differenceOf(source(), source())
		if d.Kind == same {
			continue
		}
		want := d.Unified(d.oldLabel, d.newLabel)
		for _, color := range []bool{false, true} {
			var b bytes.Buffer
			painter{color}.print(&b, d)
			got := b.String()
			if color {
				got = colors.ReplaceAllString(got, "")
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("color %v (-want +got):\n%s", color, diff)
			}
		}
	}
}
