package fsstore

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/watch"
	"github.com/google/go-cmp/cmp"
)

func TestParseConnection(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		in, dir string
		opts    Options
		fault   string // in the error
	}{
		{in: "./prompts", dir: "./prompts"},
		{in: "/a b/ü", dir: "/a b/ü"},
		{in: "a%3Fb%25%41", dir: "a?b%%41"},
		{in: "a%3fb?ext=.md", dir: "a?b", opts: Options{Ext: ".md"}},
		{in: "p?sync=none&create=0&ext=.txt", dir: "p", opts: Options{Ext: ".txt", Sync: SyncNone, NoCreate: true}},
		{in: "p?watch=poll", dir: "p", opts: Options{Watch: watch.Poll}},
		{in: "p?watch=", dir: "p", opts: Options{Watch: "?"}},
		{in: "p?sync=full&create=1", dir: "p", opts: Options{Sync: SyncFull}},
		{in: "p?", dir: "p"},
		{in: "p?extension=.md", fault: `unknown option "extension"; did you mean ext? The options are create`},
		{in: "p?snyc=none", fault: "did you mean sync?"},
		{in: "p?wotch=1", fault: "did you mean watch?"},
		{in: "p?q=1", fault: `unknown option "q"; the options are create`},
		{in: "p?ext=.a&ext=.b", fault: "given 2 times"},
		{in: "p?create=yes", fault: "use 1 or 0"},
		{in: "p?ext=", fault: "no file extension"},
		{in: "p?ext=%zz", fault: "written %3F"},
	} {
		dir, opts, err := parseConnection(tc.in)
		if tc.fault != "" {
			if err == nil || !strings.Contains(err.Error(), tc.fault) {
				t.Errorf("parseConnection(%q): %v, want an error that says %q", tc.in, err, tc.fault)
			}
			continue
		}
		if err != nil || dir != tc.dir || opts != tc.opts {
			t.Errorf("parseConnection(%q) = %q, %+v, %v, want %q, %+v", tc.in, dir, opts, err, tc.dir, tc.opts)
		}
	}
}

func TestDriver(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"filesystem", "fs"} {
		dir := filepath.Join(t.TempDir(), "made", "here")
		s, err := prompty.OpenStorage(name, dir+"?ext=.md&sync=none")
		if err != nil {
			t.Fatal(err)
		}
		must(t, s.Save(t.Context(), &prompty.StoredTemplate{Name: "a", Source: "x"}))
		must(t, s.Close())
		if data, err := os.ReadFile(filepath.Join(dir, "a.md")); err != nil || string(data) != "x" {
			t.Errorf("%s: a.md is %q, %v", name, data, err)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "file"), "")
	for in, want := range map[string]string{
		"":                                       "no folder given",
		"?ext=.md":                               "no folder given",
		filepath.Join(dir, "file"):               "file",
		filepath.Join(dir, "file?create=0"):      "is a file; give the folder",
		filepath.Join(dir, "typo?create=0"):      "check the path",
		dir + "?ext=md":                          "use something like .prompty or .md",
		dir + "?ext=.a/b":                        "use something like",
		dir + "?ext=.":                           "use something like",
		dir + "?sync=sometimes":                  "use full or none",
		dir + "?sync=":                           "use full or none",
		dir + "?none":                            "unknown option",
		dir + "?ext=." + strings.Repeat("x", 40): "use something like",
	} {
		s, err := prompty.OpenStorage("filesystem", in)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("open %q: %v, want an error that says %q", in, err, want)
		}
		if s != nil {
			t.Errorf("open %q returns %v beside the error", in, s)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "typo")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("create=0 made the folder: %v", err)
	}
}

// TestLayout turns names into paths and back, the awkward ones too, without
// two names that share one.
func TestLayout(t *testing.T) {
	t.Parallel()
	l := layout{ext: ".prompty"}
	for name, want := range map[string][2]string{
		"a":                 {"a.prompty", "a"},
		"a/b":               {"a/b.prompty", "a/b"},
		"@acme/a":           {"@acme/a.prompty", "@acme/a"},
		"a.prompty":         {"a.prompty.prompty", "a.prompty"},
		"a.prompty/b":       {".a.prompty/b.prompty", "a.prompty/b"},
		"1":                 {"1.prompty", "1"},
		"1.prompty":         {"1.prompty.prompty", ".1.prompty"},
		"a/1.prompty/b":     {"a/.1.prompty/b.prompty", "a/.1.prompty/b"},
		"2.prompty.deleted": {"2.prompty.deleted.prompty", ".2.prompty.deleted"},
		"2.prompty.swap/x":  {"2.prompty.swap/x.prompty", ".2.prompty.swap/x"},
		"02.prompty":        {"02.prompty.prompty", "02.prompty"},
		"2.prompty.other":   {"2.prompty.other.prompty", "2.prompty.other"},
	} {
		got := [2]string{l.tree(name), strings.TrimPrefix(l.versions(name), versionsDir+"/")}
		if got != want {
			t.Errorf("%s lies at %q, want %q", name, got, want)
		}
		if back, ok := l.named(got[0]); !ok || back != name {
			t.Errorf("named(%q) = %q, %v, want %q", got[0], back, ok, name)
		}
		if back := l.name(versionsDir + "/" + got[1]); back != name {
			t.Errorf("name(%q) = %q, want %q", got[1], back, name)
		}
	}
	type parsed struct {
		N  int
		M  mark
		OK bool
	}
	for file, want := range map[string]parsed{
		"1.prompty":            {1, live, true},
		"12.prompty.deleted":   {12, deleted, true},
		"3.prompty.swap":       {3, swapped, true},
		"0.prompty":            {},
		"01.prompty":           {},
		"-1.prompty":           {},
		"1e3.prompty":          {},
		".prompty":             {},
		"1.md":                 {},
		"1.prompty~":           {},
		"9999999999.prompty":   {},
		"1.prompty.deleted.gz": {},
	} {
		var got parsed
		got.N, got.M, got.OK = l.parse(file)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("parse(%q) (-want +got):\n%s", file, diff)
		}
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	s := newStore(t, t.TempDir(), Options{Sync: SyncNone})
	mustSave(t, s, "a@b/c", "x")
	got, err := s.GetByID(t.Context(), "a@b/c@1")
	if err != nil || got.Source != "x" {
		t.Errorf("GetByID = %v, %v", got, err)
	}
	for _, id := range []prompty.TemplateID{"", "@", "a@b/c", "a@b/c@2", "a@b/c@01", "a@b/c@+1", "a@b/c@-1", "../a@1", "a@b/c@1 ", "a@b/c@99999999999999999999"} {
		if got, err := s.GetByID(t.Context(), id); !errors.Is(err, prompty.ErrTemplateNotFound) {
			t.Errorf("GetByID(%q) = %v, %v, want ErrTemplateNotFound", id, got, err)
		}
	}
}
