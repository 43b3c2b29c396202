package diff_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty/diff"
)

// marked puts brackets around the spans.
func marked(s string, spans []diff.Span) string {
	var b strings.Builder
	at := 0
	for _, sp := range spans {
		b.WriteString(s[at:sp.Start] + "[" + s[sp.Start:sp.End] + "]")
		at = sp.End
	}
	return b.String() + s[at:]
}

func TestWords(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ before, after, removed, added string }{
		{"Be brief and kind.\n", "Be brief and very warm.\n", "Be brief and [kind].\n", "Be brief and [very warm].\n"},
		{"a b c d e", "a b d e", "a b [c ]d e", "a b d e"},
		{"same", "same", "same", "same"},
		{"temperature: 0.7\n", "temperature: 0.2\n", "temperature: 0.[7]\n", "temperature: 0.[2]\n"},
		{"You are kind.\nBe brief.\n", "You are kind. Be brief.\n", "You are kind.[\n]Be brief.\n", "You are kind.[ ]Be brief.\n"},
		{"nothing here", "quite otherwise", "nothing here", "quite otherwise"}, // no word in common
		{"", "new", "", "new"},
		{"Grüße an Zoë", "Grüße an Zoé", "Grüße an [Zoë]", "Grüße an [Zoé]"},
		{"今日は晴れです", "今日は雨です", "今日は[晴れ]です", "今日は[雨]です"},
		{"kept", "kept " + strings.Repeat("and longer ", 9), "kept", "kept[ " + strings.Repeat("and longer ", 9) + "]"},
	} {
		removed, added := diff.Words(tt.before, tt.after)
		if got := marked(tt.before, removed); got != tt.removed {
			t.Errorf("Words(%q, %q): removed %q, want %q", tt.before, tt.after, got, tt.removed)
		}
		if got := marked(tt.after, added); got != tt.added {
			t.Errorf("Words(%q, %q): added %q, want %q", tt.before, tt.after, got, tt.added)
		}
	}
}

// What is left when the spans are cut out is the same on both sides, but for
// the blanks that were joined with a span.
func TestWordsRest(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	parts := []string{"alpha", "beta", " ", " ", "\n", ".", "ü", "語", "\xff", "x1"}
	text := func() string {
		var b strings.Builder
		for range r.IntN(40) {
			b.WriteString(parts[r.IntN(len(parts))])
		}
		return b.String()
	}
	rest := func(s string, spans []diff.Span) string {
		var b strings.Builder
		at := 0
		for _, sp := range spans {
			if sp.Start < at || sp.End <= sp.Start || sp.End > len(s) {
				t.Fatalf("spans %v of a text of %d bytes", spans, len(s))
			}
			b.WriteString(s[at:sp.Start])
			at = sp.End
		}
		return strings.NewReplacer(" ", "").Replace(b.String() + s[at:])
	}
	for range 2000 {
		before, after := text(), text()
		removed, added := diff.Words(before, after)
		if removed == nil && added == nil {
			continue
		}
		if d := cmp.Diff(rest(before, removed), rest(after, added)); d != "" {
			t.Fatalf("Words(%q, %q) leaves (-before +after):\n%s", before, after, d)
		}
	}
}
