package cli

import "testing"

func TestShellWord(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{
		"support/refund": "support/refund",
		"a@2":            "a@2",
		"./x":            "./x",
		"":               "''",
		"it's":           `'it'\''s'`,
		"a b":            "'a b'",
		"$HOME":          "'$HOME'",
		"-n":             "-n",
		"é/日本":           "é/日本",
	} {
		if got := shellWord(word); got != want {
			t.Errorf("shellWord(%q) = %s, want %s", word, got, want)
		}
	}
}
