package object

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty/gitstore/internal/gittest"
)

// TestCommitsOfGit reads what git wrote and writes it again, and compares the
// parts with what git log says.
func TestCommitsOfGit(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	r.Random(7, 80)
	r.Commit("Größe\n\nbody\n\nKey: value", "x.txt", "x")
	r.Git("-c", "i18n.commitEncoding=ISO-8859-1", "commit", "--allow-empty", "-m", "caf\xe9")
	const format = "--format=%H%x00%T%x00%P%x00%an%x00%ae%x00%at%x00%cn%x00%ct%x00%B%x00%x01"
	records := strings.Split(r.Git("log", "--all", "--encoding=UTF-8", format), "\x01")
	checked := 0
	for _, record := range records {
		fields := strings.Split(strings.TrimPrefix(record, "\n"), "\x00")
		if len(fields) < 9 {
			continue
		}
		raw := []byte(rawObject(r, "commit", fields[0]))
		c, err := ParseCommit(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := Hash(KindCommit, c.Encode()).String(); got != fields[0] {
			t.Errorf("%s is written as %q, want %q", fields[0], c.Encode(), raw)
		}
		var parents []string
		for _, p := range c.Parents {
			parents = append(parents, p.String())
		}
		got := []string{c.Tree.String(), strings.Join(parents, " "), c.Author.Name, c.Author.Email, fmt.Sprint(c.Author.Unix), c.Committer.Name, fmt.Sprint(c.Committer.Unix), c.Display(c.Message)}
		if diff := gocmp.Diff(fields[1:9], got); diff != "" {
			t.Errorf("%s (-git +ours):\n%s", fields[0], diff)
		}
		tree, parent, has, err := CommitLinks(raw)
		if err != nil || tree != c.Tree || has != (len(c.Parents) > 0) || has && parent != c.Parents[0] {
			t.Errorf("CommitLinks(%s) = %v, %v, %v, %v", fields[0], tree, parent, has, err)
		}
		checked++
	}
	if checked < 50 {
		t.Errorf("%d commits checked, want more", checked)
	}
}

// rawObject reads an object byte for byte.
func rawObject(r *gittest.Repo, kind, id string) string {
	out, err := r.Command("cat-file", kind, id).Output()
	if err != nil {
		return ""
	}
	return string(out)
}

const (
	someTree   = "tree 0123456789012345678901234567890123456789\n"
	someParent = "parent abcdefabcdefabcdefabcdefabcdefabcdefabcd\n"
	someone    = "author A U Thor <a@example.org> 1700000000 +0530\ncommitter C <c@example.org> 1700000001 -0330\n"
)

func TestCommitRoundTrip(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		someTree + someone + "\n",
		someTree + someParent + someParent + someone + "\nsubject\n\nbody\n",
		someTree + someone + "gpgsig -----BEGIN\n \n line\n -----END\nprompty {\"ns\":1}\nencoding latin1\n\nno final line end",
		someTree + someone + "mergetag object 1\n type commit\n \n text\n\n\n\nthree lines above",
		someTree + "author  <> 0 +0000\ncommitter  <> 0 +0000\n\nx",
	} {
		c, err := ParseCommit([]byte(raw))
		if err != nil {
			t.Errorf("ParseCommit(%q): %v", raw, err)
			continue
		}
		if diff := gocmp.Diff(raw, string(c.Encode())); diff != "" {
			t.Errorf("read and written (-want +got):\n%s", diff)
		}
	}
	c, err := ParseCommit([]byte(someTree + someParent + someone + "gpgsig a\n b\n\nm"))
	if err != nil {
		t.Fatal(err)
	}
	want := &Commit{
		Tree: mustID(t, someTree[5:45]), Parents: []ID{mustID(t, someParent[7:47])},
		Author: Ident{"A U Thor", "a@example.org", 1700000000, 330}, Committer: Ident{"C", "c@example.org", 1700000001, -210},
		Headers: []Header{{"gpgsig", "a\nb"}}, Message: "m",
	}
	if diff := gocmp.Diff(want, c); diff != "" {
		t.Errorf("ParseCommit (-want +got):\n%s", diff)
	}
	if got := c.Header("gpgsig"); got != "a\nb" {
		t.Errorf("Header(gpgsig) = %q", got)
	}
	if got := c.Header("prompty"); got != "" {
		t.Errorf("Header(prompty) = %q, want none", got)
	}
}

func mustID(t testing.TB, s string) ID {
	t.Helper()
	id, err := ParseID(s)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestDamagedCommits(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"", "tree", "tree 0123\n", "tre" + someTree, strings.Replace(someTree, "0", "g", 1), someTree[:45], someTree[:45] + " ",
		someTree + "parent 12\n", someTree + someParent[:47], someTree + someParent[:47] + "x", someTree + strings.Replace(someParent, "abc", "xbc", 1),
	} {
		if c, err := ParseCommit([]byte(raw)); err == nil {
			t.Errorf("ParseCommit(%q) = %v, want an error", raw, c)
		}
		if _, _, _, err := CommitLinks([]byte(raw)); err == nil {
			t.Errorf("CommitLinks(%q) gave no error", raw)
		}
	}
	if _, err := ParseCommit([]byte(someTree + someParent + "parent 12\n")); err == nil || !strings.Contains(err.Error(), "parent 2") {
		t.Errorf("a damaged second parent gives %v", err)
	}
}

func TestCommitLinksAllocates(t *testing.T) {
	raw := []byte(someTree + someParent + someone + "\nm")
	if n := testing.AllocsPerRun(100, func() { _, _, _, _ = CommitLinks(raw) }); n != 0 {
		t.Errorf("CommitLinks allocates %v times", n)
	}
}

func TestParseIdent(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]Ident{
		"A <a> 12 +0100":         {"A", "a", 12, 60},
		"<a> 12 -1130":           {"", "a", 12, -690},
		" <> 0 +0000":            {"", "", 0, 0},
		"A":                      {"A", "", 0, 0},
		"A <a":                   {"A", "a", 0, 0},
		"A <a> ":                 {"A", "a", 0, 0},
		"A <a> never":            {"A", "a", 0, 0},
		"A <a> 12":               {"A", "a", 12, 0},
		"A <a> <b> 12 +0001":     {"A", "a", 12, 1},
		"A <a> 12 +999999999999": {"A", "a", 12, 0},
		"A B  C <a b> -5 +0000":  {"A B  C", "a b", -5, 0},
		"":                       {},
	} {
		if got := ParseIdent(line); got != want {
			t.Errorf("ParseIdent(%q) = %v, want %v", line, got, want)
		}
	}
	if got, want := (Ident{"A<\n>\x00 B", "x>\ny", 5, -90}).String(), "A B <xy> 5 -0130"; got != want {
		t.Errorf("String = %q, want %q", got, want)
	}
}

func TestDisplay(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ encoding, text, want string }{
		{"", "café", "café"},
		{"", "caf\xe9", "caf\uFFFD"},
		{"ISO-8859-1", "caf\xe9", "café"},
		{"ISO-8859-1", "café", "café"}, // declared, and not meant
		{"Shift_JIS", "\x93\xfa\x96{", "日本"},
		{"nonsense", "caf\xe9", "caf\uFFFD"},
	} {
		c := &Commit{}
		if test.encoding != "" {
			c.Headers = []Header{{"encoding", test.encoding}}
		}
		if got := c.Display(test.text); got != test.want {
			t.Errorf("%s: Display(%q) = %q, want %q", test.encoding, test.text, got, test.want)
		}
	}
}

// TestTrailersOfGit lets git read the trailers of random messages.
func TestTrailersOfGit(t *testing.T) {
	t.Parallel()
	lines := []string{
		"", "", "", "  ", "\t", "Key: value", "Key: value", "Other-Key:  two  words ", "Signed-off-by: A <a@b>", "(cherry picked from commit 1234)",
		"some prose", "prose: with colon", "no space:value", ": nothing", "-: dash", " continued", "\tcontinued too", "# comment", "Key :spaced", "Kéy: accent",
		"Conflicts:", "---", "\f", "Empty:", "a b c: d", "http://example.org/x",
		"# ------------------------ >8 ------------------------", "Prompty-Delete-Version: a/b@3", "Prompty-Save: name with space",
	}
	rng := rand.New(rand.NewPCG(3, 4))
	var script strings.Builder
	var messages []string
	for range 1500 {
		var m []string
		if rng.IntN(4) > 0 {
			m = append(m, "subject", "")
		}
		for range rng.IntN(9) {
			m = append(m, lines[rng.IntN(len(lines))])
		}
		message := strings.Join(m, "\n")
		if rng.IntN(4) > 0 {
			message += "\n"
		}
		messages = append(messages, message)
		fmt.Fprintf(&script, "commit refs/heads/main\ncommitter a <a@b> 1700000000 +0000\ndata %d\n%s\n", len(message), message)
	}
	r := gittest.Bare(t)
	r.Pipe(script.String(), "fast-import", "--quiet")
	records := strings.Split(r.Git("log", "--reverse", "--format=%x02%(trailers:only,unfold)%x01", "main"), "\x01")
	with := 0
	for i, message := range messages {
		_, want, _ := strings.Cut(records[i], "\x02")
		got := ""
		for _, tr := range ParseTrailers(message) {
			got += tr.Key + ": " + tr.Value + "\n"
		}
		if got != want {
			t.Errorf("message %q: trailers %q, git reads %q", message, got, want)
		}
		if want != "" {
			with++
		}
	}
	if with < 100 {
		t.Errorf("only %d messages had trailers", with)
	}
}

func FuzzCommit(f *testing.F) {
	f.Add([]byte(someTree + someParent + someone + "gpgsig a\n b\nprompty {}\n\nmessage\n\nKey: value\n"))
	f.Add([]byte(someTree + "\n\nauthor"))
	f.Add([]byte(someTree + " \nauthor x\n \n\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := ParseCommit(raw)
		if err != nil {
			return
		}
		tree, parent, has, err := CommitLinks(raw)
		if err != nil || tree != c.Tree || has != (len(c.Parents) > 0) || has && parent != c.Parents[0] {
			t.Errorf("CommitLinks = %v, %v, %v, %v, ParseCommit says %v", tree, parent, has, err, c)
		}
		for _, tr := range c.Trailers() {
			if tr.Key == "" || strings.ContainsAny(tr.Key+tr.Value, "\n") {
				t.Errorf("trailer %q", tr)
			}
		}
		_ = c.Display(c.Message)
		// What one writing has straightened stays as it is.
		once := c.Encode()
		again, err := ParseCommit(once)
		if err != nil {
			t.Fatalf("%q is written as %q: %v", raw, once, err)
		}
		if c.Message != again.Message || c.Tree != again.Tree || len(c.Parents) != len(again.Parents) {
			t.Errorf("%q is written as %q and reads as %v", raw, once, again)
		}
	})
}
