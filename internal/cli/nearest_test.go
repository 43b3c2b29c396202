package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNearest(t *testing.T) {
	t.Parallel()
	names := []string{"greeting", "Greetings", "support/refund", "support/refund-late", "support/billing", "rag", "rat", "y"}
	for _, tt := range []struct {
		word string
		want []string
	}{
		{"greting", []string{"greeting", "Greetings"}},
		{"GREETING", []string{"greeting", "Greetings"}},
		{"refund", []string{"support/refund"}},
		{"refnud", []string{"support/refund"}},
		{"support/refund.prompty", []string{"support/refund"}},
		{"./prompts/support/refund.prompty", []string{"support/refund"}},
		{"support/", []string{"support/billing", "support/refund", "support/refund-late"}},
		{"rax", []string{"rag", "rat"}},
		{"nothing-like-it", nil},
		{"x", nil}, {"", nil},
	} {
		if diff := cmp.Diff(tt.want, nearest(tt.word, names)); diff != "" {
			t.Errorf("nearest(%q) (-want +got):\n%s", tt.word, diff)
		}
	}
}

func TestDistance(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0},
		{"abc", "abd", 1}, {"abc", "ab", 1}, {"abc", "acb", 1}, {"kitten", "sitting", 3}, {"größe", "grösse", 2},
	} {
		if got := distance([]rune(tt.a), []rune(tt.b)); got != tt.want {
			t.Errorf("distance(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}
