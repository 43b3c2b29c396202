package value

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestSuggest(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name       string
		candidates string
		want       string
	}{
		{"usre", "name user users other", "user users"},
		{"nmae", "name mane game", "name game mane"},
		{"Name", "name", "name"},
		{"USERNAME", "username", "username"},
		{"user_name", "username userName id", "username userName"},
		{"a", "b c bb abc", "b c"},
		{"item", "items ite time itme", "ite items itme"},
		{"x", "alpha beta", ""},
		{"name", "name", ""},
		{"", "a bb", "a"},
		{"größe", "grösse große", "große grösse"},
		{"abc", "abd abd abe", "abd abe"},
		{"aaa", "aab aac aad aae", "aab aac aad"},
	} {
		got := strings.Join(Suggest(tt.name, strings.Fields(tt.candidates)), " ")
		if got != tt.want {
			t.Errorf("Suggest(%q, %q) = %q, want %q", tt.name, tt.candidates, got, tt.want)
		}
	}
	long := strings.Repeat("é", 10_000)
	if got := Suggest(long, []string{long + "x", "e"}); !slices.Equal(got, []string{long + "x"}) {
		t.Errorf("Suggest of a long name gives %d", len(got))
	}
	many := make([]string, 1000)
	for i := range many {
		many[i] = fmt.Sprintf("%0256d", i)
	}
	if got := Suggest(strings.Repeat("0", 256), many); len(got) != 3 || got[0] != many[0] && got[0] != many[1] {
		t.Errorf("Suggest among a thousand long names = %v", got)
	}
}

// plainDistance is the textbook's table, without a band.
func plainDistance(a, b []rune) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		for j := range d[i] {
			switch {
			case i == 0:
				d[i][j] = j
			case j == 0:
				d[i][j] = i
			default:
				cost := 1
				if a[i-1] == b[j-1] {
					cost = 0
				}
				d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+cost)
				if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
					d[i][j] = min(d[i][j], d[i-2][j-2]+1)
				}
			}
		}
	}
	return d[len(a)][len(b)]
}

func TestDistance(t *testing.T) {
	t.Parallel()
	word := rapid.SliceOfN(rapid.SampledFrom([]rune("abcé")), 0, 12)
	rapid.Check(t, func(t *rapid.T) {
		a, b, limit := word.Draw(t, "a"), word.Draw(t, "b"), rapid.IntRange(1, 8).Draw(t, "limit")
		if got, want := distance(a, b, limit), min(plainDistance(a, b), limit+1); got != want {
			t.Fatalf("distance(%q, %q, %d) = %d, want %d", string(a), string(b), limit, got, want)
		}
	})
}
