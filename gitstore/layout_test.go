package gitstore

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-prompty/prompty"
)

func TestLayout(t *testing.T) {
	t.Parallel()
	top, below := layout{ext: ".prompty"}, layout{dir: "data/patterns/", ext: ".md"}
	for _, tc := range []struct {
		l          layout
		name, path string
	}{
		{top, "a", "a.prompty"},
		{top, "a/b", "a/b.prompty"},
		{top, "a.prompty", "a.prompty.prompty"},
		{top, "a.prompty/b", ".a.prompty/b.prompty"},
		{top, "x/a.prompty/b.prompty/c", "x/.a.prompty/.b.prompty/c.prompty"},
		{top, " leading", " leading.prompty"},
		{below, "a", "data/patterns/a.md"},
		{below, "a.md/b", "data/patterns/.a.md/b.md"},
	} {
		if got := tc.l.path(tc.name); got != tc.path {
			t.Errorf("path(%q) = %q, want %q", tc.name, got, tc.path)
		}
		if got, err := tc.l.name(tc.path); got != tc.name || err != nil {
			t.Errorf("name(%q) = %q, %v, want %q", tc.path, got, err, tc.name)
		}
	}
	for _, path := range []string{"a.md", "a.prompty/", ".prompty", "x/.prompty", ".a.prompty", ".hidden/b.prompty", ".prompty/b.prompty", "a", ""} {
		if got, err := top.name(path); got != "" || err != nil && path != ".prompty/b.prompty" {
			t.Errorf("name(%q) = %q, %v, want none", path, got, err)
		}
	}
	for _, path := range []string{"a.prompty/b.prompty", "CON.prompty", "a:b.prompty", "a\xff.prompty"} {
		if got, err := top.name(path); got != "" || !errors.Is(err, prompty.ErrInvalidName) || strings.Count(err.Error(), "rename the f") != 1 {
			t.Errorf("name(%q) = %q, %v, want ErrInvalidName with one thing to do", path, got, err)
		}
	}
}

func TestCheckWrite(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"git~1", "x/GIT~1/y", "gitmod~1/x", "GI7EBA~4", "\u200c.git/x", "a/.\u200dgit", "\u200b.x\u200cgit~1"} {
		err := checkWrite(name)
		if bad := name != "\u200b.x\u200cgit~1"; bad != errors.Is(err, prompty.ErrInvalidName) {
			t.Errorf("checkWrite(%q) = %v", name, err)
		}
	}
	for _, name := range []string{"git", "a/git/b", "~", "~root", "digit~1", "x.git", "naïve/ключ"} {
		if err := checkWrite(name); err != nil {
			t.Errorf("checkWrite(%q) = %v, want none", name, err)
		}
	}
}

func TestID(t *testing.T) {
	t.Parallel()
	const hex prompty.TemplateID = "0123456789abcdef0123456789abcdef01234567"
	id, path, dirty, ok := parseID(hex + ":a/b c.prompty")
	if !ok || dirty || path != "a/b c.prompty" || makeID(id, path) != hex+":a/b c.prompty" {
		t.Errorf("parseID = %v, %q, %v, %v", id, path, dirty, ok)
	}
	if _, _, dirty, ok := parseID("dirty-" + hex + ":a"); !dirty || !ok {
		t.Errorf("parseID of an edit's = %v, %v", dirty, ok)
	}
	for _, bad := range []prompty.TemplateID{"", hex, hex + ":", hex + "a:b", "ABCDEF" + hex[6:] + ":a", "g" + hex[1:] + ":a", "dirty-:a", hex[:39] + "::a"} {
		if _, _, _, ok := parseID(bad); ok {
			t.Errorf("parseID(%q) is accepted", bad)
		}
	}
}
