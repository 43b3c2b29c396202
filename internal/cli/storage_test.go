package cli

import (
	"slices"
	"testing"
)

func TestSplitStorage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ where, driver, connection string }{
		{"filesystem:./prompts", "filesystem", "./prompts"},
		{"fs:./a:b?ext=.md", "fs", "./a:b?ext=.md"},
		{"./prompts", "filesystem", "./prompts"},
		{"./a:b", "filesystem", "./a:b"},
		{"prompts", "filesystem", "prompts"},
		{"notes?ext=.md", "filesystem", "notes?ext=.md"},
		{`C:\prompts`, "filesystem", `C:\prompts`},
		{"memory", "memory", ""},
		{"postgres://u@h/db", "postgres", "postgres://u@h/db"},
		{"postgresql://u@h/db?x=y", "postgres", "postgresql://u@h/db?x=y"},
		{"postgres:host=/tmp user=u", "postgres", "host=/tmp user=u"},
		{"postgres:postgres://u@h/db", "postgres", "postgres://u@h/db"},
		{"postgres", "postgres", ""},
		{"mariadb:u@tcp(h)/db", "mysql", "u@tcp(h)/db"},
		{"mariadb", "filesystem", "mariadb"},
		{"mongodb+srv://h/db", "mongodb", "mongodb+srv://h/db"},
		{"rediss://h", "redis", "rediss://h"},
		{"sqlite:prompts.db?poll=1s", "sqlite", "prompts.db?poll=1s"},
		{"sqlite:///srv/prompts.db", "sqlite", "///srv/prompts.db"},
		{"mongo+srv://u:p@h/db", "mongo+srv", "mongo+srv://u:p@h/db"},
		{"fs:///srv/prompts", "fs", "///srv/prompts"},
		{"./postgres:x", "filesystem", "./postgres:x"},
	} {
		if driver, connection := splitStorage(tt.where); driver != tt.driver || connection != tt.connection {
			t.Errorf("splitStorage(%q) = %q, %q, want %q, %q", tt.where, driver, connection, tt.driver, tt.connection)
		}
	}
}

func TestWithoutCreate(t *testing.T) {
	t.Parallel()
	for connection, want := range map[string]string{
		"a":              "a?create=0",
		"a?":             "a?create=0",
		"a?ext=.md":      "a?ext=.md&create=0",
		"a?create=1":     "a?create=1",
		"a?x=create=1&y": "a?x=create=1&y&create=0",
	} {
		if got := withoutCreate(connection); got != want {
			t.Errorf("withoutCreate(%q) = %q, want %q", connection, got, want)
		}
	}
}

func TestKeptUnmade(t *testing.T) {
	t.Parallel()
	for connection, want := range map[string]string{
		"a": "a", "a?init=0": "a?init=0", "a?x=init=1": "a?x=init=1",
		"a?init=1": "a -", "a?init=true&": "a -", "a?dir=b&init=1&c": "a?dir=b&c -", "a?init": "a -",
	} {
		got, was := keptUnmade(connection)
		if was {
			got += " -"
		}
		if got != want {
			t.Errorf("keptUnmade(%q) = %q, want %q", connection, got, want)
		}
	}
}

func TestClip(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text    string
		columns int
		want    string
	}{
		{"abc", 3, "abc"},
		{"abcd", 3, "ab…"},
		{"a bcd", 3, "a…"},
		{"日本語", 6, "日本語"},
		{"日本語", 5, "日本…"},
		{"日本語", 4, "日…"},
	} {
		if got := clip(tt.text, tt.columns); got != tt.want {
			t.Errorf("clip(%q, %d) = %q, want %q", tt.text, tt.columns, got, tt.want)
		}
	}
}

func TestFit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		widths []int
		most   int
		want   []int
	}{
		{[]int{4, 7, 16}, 0, []int{4, 7, 16}},
		{[]int{4, 7, 16}, 31, []int{4, 7, 16}},
		{[]int{4, 7, 16, 0}, 30, []int{4, 7, 15, 0}},   // the last one that is there is cut,
		{[]int{4, 7, 16}, 26, []int{4, 7, 0}},          // unless too little of it would show
		{[]int{4, 30, 7, 20}, 30, []int{4, 0, 7, 15}},  // one in the middle goes as a whole
		{[]int{50, 7, 16, 20}, 40, []int{50, 0, 0, 0}}, // the first one stays
		{[]int{50}, 40, []int{50}},
	} {
		got := slices.Clone(tt.widths)
		if fit(got, tt.most); !slices.Equal(got, tt.want) {
			t.Errorf("fit(%v, %d) = %v, want %v", tt.widths, tt.most, got, tt.want)
		}
	}
}
