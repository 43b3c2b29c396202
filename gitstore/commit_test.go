package gitstore

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/gitstore/internal/object"
)

func TestMessage(t *testing.T) {
	t.Parallel()
	saved := layout{dir: "p/", ext: ".md"}.saved("p/a.md")
	for _, tc := range []struct {
		why     string
		words   words
		commit  Commit
		pattern string
		want    string
	}{
		{"a save", words{action: "Save", name: "a", version: "3"}, Commit{}, "", "Save a\n"},
		{"a delete", words{action: "Delete", name: "a"}, Commit{}, "", "Delete a\n"},
		{"a version", words{action: "Delete", name: "a", version: "3"}, Commit{}, "", "Delete version 3 of a\n"},
		{"a batch", words{action: "Save", name: "2 prompts", list: []string{"a", "b"}}, Commit{}, "", "Save 2 prompts\n\na\nb\n"},
		{"a pattern", words{action: "Save", name: "a", version: "3"}, Commit{}, "prompts: {name} v{version}", "prompts: a v3\n"},
		{"a caller", words{action: "Save", name: "a"}, Commit{Message: "\nWhy\n\nBecause.\n\n"}, "x", "Why\n\nBecause.\n"},
		{"a trailer", words{action: "Save", name: "a", trailers: saved}, Commit{}, "", "Save a\n\nPrompty-Save: a\nPrompty-Path: p/a.md\n"},
		{"trailers of both", words{action: "Save", name: "a", trailers: saved}, Commit{Trailers: []string{"Reviewed-by: Bo"}}, "",
			"Save a\n\nReviewed-by: Bo\nPrompty-Save: a\nPrompty-Path: p/a.md\n"},
		{"trailers in the message", words{trailers: saved}, Commit{Message: "Why\n\nCc: Bo"}, "", "Why\n\nCc: Bo\nPrompty-Save: a\nPrompty-Path: p/a.md\n"},
		{"a colon in the subject", words{trailers: saved}, Commit{Message: "fix: it"}, "", "fix: it\n\nPrompty-Save: a\nPrompty-Path: p/a.md\n"},
	} {
		if got, err := message(tc.words, tc.commit, tc.pattern); err != nil || got != tc.want {
			t.Errorf("%s: message = %q, %v, want %q", tc.why, got, err, tc.want)
		}
	}
	// What git takes for the end of the message hides what follows.
	cut := Commit{Message: "Why\n\n# ------------------------ >8 ------------------------\nx"}
	if got, err := message(words{trailers: saved}, cut, ""); !errors.Is(err, prompty.ErrInvalidTemplate) {
		t.Errorf("a message in which git finds no trailers: %q, %v", got, err)
	}
}

func TestWanted(t *testing.T) {
	t.Parallel()
	good := Commit{Author: "Ann <a@b.org>", Message: "x\n\n\ty", Trailers: []string{"Signed-off-by: Ann <a@b.org>"}}
	got, err := wanted(WithCommit(t.Context(), good))
	if diff := cmp.Diff(good, got); err != nil || diff != "" {
		t.Errorf("wanted: %v, %s", err, diff)
	}
	for why, bad := range map[string]Commit{
		"an author in angle brackets": {Author: "<a@b.org>"},
		"two addresses":               {Author: "a <b> <c>"},
		"a line break in the author":  {Author: "a\nb <c>"},
		"a trailer of ours":           {Message: "x\n\nprompty-save: y"},
		"one among the trailers":      {Trailers: []string{"Prompty-Path: y"}},
		"a trailer without a value":   {Trailers: []string{"Key: "}},
		"a key with a space":          {Trailers: []string{"A Key: x"}},
		"two lines in a trailer":      {Trailers: []string{"Key: x\nPrompty-Save: y"}},
		"a control character":         {Message: "x\x1b[0m"},
		"invalid UTF-8":               {Message: "x\xff"},
	} {
		if _, err := wanted(WithCommit(t.Context(), bad)); !errors.Is(err, prompty.ErrInvalidTemplate) {
			t.Errorf("%s: %v, want ErrInvalidTemplate", why, err)
		}
	}
}

func TestCheckPattern(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"", "{action} {name}", "prompts: {name} ({version})"} {
		if err := checkPattern(good); err != nil {
			t.Errorf("checkPattern(%q) = %v", good, err)
		}
	}
	for _, bad := range []string{" ", "{nme}", "a\nb", "Prompty-Save: {name}", "{"} {
		if err := checkPattern(bad); err == nil {
			t.Errorf("checkPattern(%q) is accepted", bad)
		}
	}
}

// TestAuthorship wants every CreatedBy to read back from the commit.
func TestAuthorship(t *testing.T) {
	t.Parallel()
	bot := object.Ident{Name: "Bot", Email: "bot@example.org"}
	w := &writer{committer: bot, author: bot}
	named := &writer{committer: bot, author: object.Ident{Name: "Team", Email: "team@example.org"}, named: true}
	for _, tc := range []struct {
		w      *writer
		c      Commit
		by     map[string]string
		author string            // without the time
		want   map[string]string // what reads back
	}{
		{w, Commit{}, map[string]string{"p": "ann"}, "ann <>", nil},
		{w, Commit{}, map[string]string{"p": "Ann Lee <ann@example.org>"}, "Ann Lee <ann@example.org>", nil},
		{w, Commit{}, map[string]string{"p": ""}, "Bot <bot@example.org>", nil},
		{w, Commit{}, map[string]string{"p": " ann"}, "Bot <bot@example.org>", nil},
		{w, Commit{}, map[string]string{"p": "a\nb <c> \x00"}, "Bot <bot@example.org>", nil},
		{w, Commit{}, map[string]string{"p": "Ann <>"}, "Bot <bot@example.org>", nil},
		{w, Commit{}, map[string]string{"p": "ann", "q": "ann"}, "ann <>", nil},
		{w, Commit{}, map[string]string{"p": "ann", "q": "", "r": "bo"}, "Bot <bot@example.org>", nil},
		{w, Commit{Author: "Cy <cy@example.org>"}, map[string]string{"p": ""}, "Cy <cy@example.org>", map[string]string{"p": "Cy <cy@example.org>"}},
		{w, Commit{Author: "Cy <cy@example.org>"}, map[string]string{"p": "ann"}, "ann <>", nil},
		{named, Commit{}, map[string]string{"p": ""}, "Team <team@example.org>", map[string]string{"p": "Team <team@example.org>"}},
		{named, Commit{}, map[string]string{"p": "", "q": "ann"}, "Team <team@example.org>", map[string]string{"p": "Team <team@example.org>", "q": "ann"}},
	} {
		author, x := tc.w.authorship(tc.c, tc.by)
		raw := (&object.Commit{Author: author, Committer: bot, Headers: []object.Header{{Key: headerName, Value: x.encode()}}, Message: "x\n"}).Encode()
		c, err := object.ParseCommit(raw)
		if err != nil {
			t.Errorf("%q: %v", tc.by, err)
			continue
		}
		if got := c.Author.Name + " <" + c.Author.Email + ">"; got != tc.author {
			t.Errorf("%q: the author line has %q, want %q", tc.by, got, tc.author)
		}
		if tc.want == nil {
			tc.want = tc.by
		}
		for path, want := range tc.want {
			if got := createdBy(c, path); got != want {
				t.Errorf("%q: CreatedBy of %s reads back as %q, want %q", tc.by, path, got, want)
			}
		}
	}
	if strings.Contains(string((&object.Commit{Headers: []object.Header{{Key: headerName, Value: extra{}.encode()}}}).Encode()), "ns") {
		t.Error("a whole second has nanoseconds in the header")
	}
}

func TestPullRequest(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]int{
		"Merge pull request #12 from ann/x\n\nText":                                  12,
		"Merge pull request 'Text' (#7) from x into main\n":                          7,
		"Merged in feature (pull request #34)\n":                                     34,
		"Pull request #56: Text\n":                                                   56,
		"Merged PR 78: Text\n":                                                       78,
		"Better greeting (#90)\n":                                                    90,
		"Better greeting (#90)":                                                      90,
		"Merge branch 'x' into 'main'\n\nText\n\nSee merge request group/repo!123\n": 123,
		"Fix #4\n":                  0,
		"Text (see #90) and more\n": 0,
		"Save greeting\n\nMerge pull request #12 ":  0,
		"Better greeting (#99999999999999999999)\n": 0,
	} {
		if got := pullRequest(message); got != want {
			t.Errorf("pullRequest(%q) = %d, want %d", message, got, want)
		}
	}
	if got := subject("\nOne\ntwo  three\n\nbody"); got != "One two three" {
		t.Errorf("subject = %q", got)
	}
}
