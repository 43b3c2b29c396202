package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
)

var nameChecks = []check{
	{name: "good names", rule: ruleNames, fn: checkGoodNames},
	{name: "hostile names", rule: ruleNames, fn: checkHostileNames},
	{name: "names that differ in case", rule: ruleNames, fn: checkCase},
	{name: "names that differ in accents", rule: ruleNames, fn: checkAccents},
}

// goodNames must all be accepted, and at the same time. Some look like what a
// backend may use for its own files, keys or wildcards.
var goodNames = []string{
	"a", "a/b", "a/b/c", "a-b", "a b", "a_b", "a.b", "a..b", "ab", "A-upper", " leading space",
	"0", "1", "-1", "01", "1.prompty", "1.md", "a/1", "a/1.prompty", "a/1.prompty/x", "a/2.deleted", "a.prompty", "a.md", "a.yaml", "a@2", "a@", "a/@b",
	"user@example.org/x", "-rf", "--help", "~", "~root", "$HOME", "${x}", "%2e%2e", "%00", "%", "100%", "a%b", "a+b", "a&b=c", "a#b", "a;b", "a,b", "a'b", "a`b`", "{a}", "[a]", "(a)", "!a", "a^b", "a=b",
	"null", "true", "nil", "HEAD", "refs/heads/main", "index.lock", "versions/a/1", "prompty", "git", "lost+found", "node_modules/x", "README",
	"com10", "console", "nulls", "a.con", "auxiliary/x", "COM",
	"größe", "naïve/ключ", "日本語/プロンプト", "emoji-🦊/👩‍👩‍👧", "\uff5e", "𝒳", "ﬁ", "İstanbul", "ı", "ß", "…",
	"'; DROP TABLE versions; --", "a\u00a0b", "a\u200db",
	strings.Repeat("x", prompty.MaxNameBytes), strings.Repeat("語", prompty.MaxNameBytes/3), strings.TrimSuffix(strings.Repeat("d/", prompty.MaxNameBytes/2), "/"),
}

// hostileNames must all be refused by every method, before anything is done.
var hostileNames = []string{
	"", ".", "..", "/", "//", "../x", "../../../../etc/passwd", "/etc/passwd", "x/", "a//b", "a/../b", "a/..", "./a", "a/.", "a/./b", "a/../../b",
	`..\x`, `a\b`, `\\host\share`, "C:", "C:x", "C:/x", "a:b", "a:$DATA", "a*b", "*", "a?b", `a"b`, "a<b", "a>b", "a|b",
	"\x00", "a\x00b", "a\x00", "a\nb", "a\rb", "a\tb", "a\x1b[31m", "a\x7fb", "a\u0085b", "a\u2028b", "a\u2029b", "a\ufffdb",
	".hidden", ".prompty/versions/a", "a/.git/config", ".git", "...", "a/...", "a.", "a..", "a ", "a./b", "a /b", " ", "a/ ",
	"CON", "con", "Nul", "nul.txt", "NUL .txt", "a/COM1", "a/com1/b", "lpt9.x", "COM0", "COM¹", "lpt³.txt", "CONIN$", "conout$", "aux/x", "prn",
	strings.Repeat("x", prompty.MaxNameBytes+1), strings.Repeat("語", prompty.MaxNameBytes/3+1), strings.Repeat("a/", 1<<19) + "a",
	"\xff", "a\xc3", "\xc0\xae\xc0\xae/x", "\xed\xa0\x80", "a\xf4\x90\x80\x80",
	"e\u0301", "A\u030a", "a/\u1112\u1161\u11ab", "\u212b", "\u2126",
	"@", "@/x", "@acme", "@acme/", "@acme/../x", "@../x", "@a@b/x", "@.a/x", "@" + strings.Repeat("t", 65) + "/x",
}

func checkGoodNames(t *trial) {
	s := t.storage()
	for i, name := range goodNames {
		if err := prompty.CheckName(name); err != nil {
			t.Fatalf("the suite's own name is refused: %v", err)
		}
		tmpl := t.draft(name, fmt.Sprintf("text %d", i))
		if err := s.Save(t.ctx(), tmpl); err != nil {
			t.Fatalf("Save(%.60q): %v", name, err)
		}
		if tmpl.Version != 1 || tmpl.Name != name {
			t.Errorf("Save(%.60q) gave name %.60q, version %d, want version 1: it got into another template", name, tmpl.Name, tmpl.Version)
		}
	}
	for i, name := range goodNames {
		got := t.get(s, name)
		if want := fmt.Sprintf("text %d", i); got.Source != want || got.Name != name || got.Version != 1 {
			t.Errorf("Get(%.60q) = name %.60q, version %d, %q, want version 1, %q", name, got.Name, got.Version, got.Source, want)
		}
	}
	var listed []string
	for _, x := range t.list(s, nil) {
		listed = append(listed, x.Name)
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(goodNames)), listed); diff != "" {
		t.Errorf("List(nil) (-want +got):\n%s", diff)
	}
	for _, name := range goodNames[:len(goodNames)/2] {
		t.deleteName(s, name)
	}
	for i, name := range goodNames {
		ok, err := s.Exists(t.ctx(), name)
		if want := i >= len(goodNames)/2; ok != want || err != nil {
			t.Errorf("Exists(%.60q) = %v, %v, want %v", name, ok, err, want)
		}
	}
}

// methodsWithName calls every method that takes a name, capabilities included.
func methodsWithName(t *trial, s prompty.TemplateStorage) map[string]func(name string) error {
	ctx := t.ctx()
	calls := map[string]func(string) error{
		"Get":           func(n string) error { _, err := s.Get(ctx, n); return err },
		"GetVersion":    func(n string) error { _, err := s.GetVersion(ctx, n, 1); return err },
		"Save":          func(n string) error { return s.Save(ctx, t.draft(n, "text")) },
		"Delete":        func(n string) error { return s.Delete(ctx, n) },
		"DeleteVersion": func(n string) error { return s.DeleteVersion(ctx, n, 1) },
		"Exists":        func(n string) error { _, err := s.Exists(ctx, n); return err },
		"ListVersions":  func(n string) error { _, err := s.ListVersions(ctx, n); return err },
	}
	if c, ok := prompty.As[prompty.ConditionalSaver](s); ok {
		calls["SaveIf"] = func(n string) error { return c.SaveIf(ctx, t.draft(n, "text"), 0) }
	}
	if c, ok := prompty.As[prompty.BatchSaver](s); ok {
		calls["SaveAll"] = func(n string) error {
			return c.SaveAll(ctx, []*prompty.StoredTemplate{t.draft("fine", "text"), t.draft(n, "text")})
		}
	}
	if c, ok := prompty.As[prompty.Historian](s); ok {
		calls["History"] = func(n string) error { _, err := c.History(ctx, n); return err }
	}
	if c, ok := prompty.As[prompty.Prober](s); ok {
		calls["LatestID"] = func(n string) error { _, err := c.LatestID(ctx, n); return err }
	}
	return calls
}

func checkHostileNames(t *trial) {
	s := t.storage()
	calls := methodsWithName(t, s)
	for _, name := range hostileNames {
		for method, call := range calls {
			err := call(name)
			if !t.wantErr(err, prompty.ErrInvalidName, "%s(%.60q)", method, name) {
				continue
			}
			if text := err.Error(); len(text) > 2000 || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' }) {
				t.Errorf("%s(%.60q): the error's text has %d bytes or control characters: %.200q", method, name, len(text), text)
			}
		}
	}
	if list := t.list(s, nil); len(list) != 0 {
		t.Errorf("refused names left something behind: %.500q", names(list))
	}
}

// checkCase accepts two ways: the names are two templates, or the second one
// is a conflict, as in a folder that must check out everywhere. What must not
// happen is that one stands in for the other.
func checkCase(t *trial) {
	s, ctx := t.storage(), t.ctx()
	upper := t.saveText(s, "docs/Greeting", "upper")
	if ok, err := s.Exists(ctx, "docs/greeting"); ok || err != nil {
		t.Errorf(`Exists("docs/greeting") = %v, %v when only "docs/Greeting" is there`, ok, err)
	}
	_, err := s.Get(ctx, "docs/greeting")
	t.wantErr(err, prompty.ErrTemplateNotFound, `Get("docs/greeting") when only "docs/Greeting" is there`)
	t.wantErr(s.Delete(ctx, "docs/greeting"), prompty.ErrTemplateNotFound, `Delete("docs/greeting") when only "docs/Greeting" is there`)

	lower := t.draft("docs/greeting", "lower")
	switch err := s.Save(ctx, lower); {
	case err == nil:
		if lower.Version != 1 {
			t.Errorf(`Save("docs/greeting") gave version %d, want 1: it went on where "docs/Greeting" was`, lower.Version)
		}
		t.wantSame(t.get(s, "docs/greeting"), lower, `Get("docs/greeting")`)
		t.deleteName(s, "docs/greeting")
	case errors.Is(err, prompty.ErrConflict):
		if !strings.Contains(err.Error(), "docs/Greeting") {
			t.Errorf("the conflict between two names does not name the other one: %v", err)
		}
	default:
		t.Errorf(`Save("docs/greeting") beside "docs/Greeting": %v, want success or ErrConflict`, err)
	}
	t.wantSame(t.get(s, "docs/Greeting"), upper, `"docs/Greeting" after "docs/greeting" was saved`)
}

func checkAccents(t *trial) {
	s := t.storage()
	list := []string{"cafe", "café", "cafè", "strasse", "straße", "a b", "a\u00a0b", "\uff41", "x"}
	for _, name := range list {
		if v := t.saveText(s, name, name).Version; v != 1 {
			t.Errorf("Save(%q) gave version %d, want 1: the name was taken for another one", name, v)
		}
	}
	for _, name := range list {
		if got := t.get(s, name).Source; got != name {
			t.Errorf("Get(%q) gave the text of %q", name, got)
		}
	}
}
