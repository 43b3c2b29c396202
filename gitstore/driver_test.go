package gitstore

import (
	"strings"
	"testing"
	"time"

	"github.com/go-prompty/prompty/watch"
)

func TestParseConnection(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		in, path string
		opts     Options
		fault    string // in the error
	}{
		{in: "./repo", path: "./repo"},
		{in: "a%3Fb%25%41", path: "a?b%%41"},
		{in: "r?", path: "r"},
		{in: "r?branch=main&dir=data/patterns&ext=.md&init=1&worktree=0", path: "r",
			opts: Options{Branch: "main", Dir: "data/patterns", Ext: ".md", Init: true}},
		{in: "r?ref=v1.2&owner=any&timeout=500ms&sync=none", path: "r",
			opts: Options{Ref: "v1.2", AnyOwner: true, Timeout: 500 * time.Millisecond, Sync: SyncNone}},
		{in: "r?author=Ann+Lee+<ann@example.org>&committer=Bot%20<b@example.org>&message={action}+{name}", path: "r",
			opts: Options{Author: "Ann Lee <ann@example.org>", Committer: "Bot <b@example.org>", Message: "{action} {name}"}},
		{in: "r?sign=ssh&signkey=/k&allowed_signers=/s&keyring=/r&worktree=true", path: "r",
			opts: Options{Sign: "ssh", SignKey: "/k", AllowedSigners: "/s", Keyring: "/r", Worktree: true}},
		{in: "r?brnch=main", fault: `unknown option "brnch"; did you mean branch? The options are allowed_signers`},
		{in: "r?sign_key=x", fault: "did you mean signkey?"},
		{in: "r?snyc=none", fault: "did you mean sync?"},
		{in: "r?watch=poll", path: "r", opts: Options{Watch: watch.Poll}},
		{in: "r?watch=off", path: "r", opts: Options{Watch: NoWatch}},
		{in: "r?remote=x", fault: `unknown option "remote"; the options are allowed_signers`},
		{in: "r?dir=a&dir=b", fault: "given 2 times"},
		{in: "r?dir=", fault: "option dir has no value; give it one (the folder"},
		{in: "r?init=yes", fault: "use 1 or 0"},
		{in: "r?owner=me", fault: "use any"},
		{in: "r?timeout=5", fault: "5s or 500ms"},
		{in: "r?timeout=-5s", fault: "is no time"},
		{in: "r?dir=%zz", fault: "written %3F"},
	} {
		path, opts, err := parseConnection(tc.in)
		if tc.fault != "" {
			if err == nil || !strings.Contains(err.Error(), tc.fault) {
				t.Errorf("parseConnection(%q): %v, want an error that says %q", tc.in, err, tc.fault)
			}
			continue
		}
		if err != nil || path != tc.path || opts != tc.opts {
			t.Errorf("parseConnection(%q) = %q, %+v, %v, want %q, %+v", tc.in, path, opts, err, tc.path, tc.opts)
		}
	}
}

func TestCheckedOptions(t *testing.T) {
	t.Parallel()
	got, err := Options{Branch: "refs/heads/main"}.checked()
	if err != nil || got.Branch != "main" || got.Ext != ".prompty" || got.Sync != SyncBatch || got.Timeout == 0 {
		t.Errorf("checked() = %+v, %v", got, err)
	}
	for fault, opts := range map[string]Options{
		"no file extension":     {Ext: "md"},
		"sync=fast":             {Sync: "fast"},
		"negative":              {Timeout: -1},
		"watch=often":           {Watch: "often"},
		"branch= and ref=":      {Branch: "a", Ref: "b"},
		"worktree=1 shows":      {Worktree: true, Branch: "a"},
		"leave branch= and ref": {Worktree: true, Ref: "a"},
	} {
		if _, err := opts.checked(); err == nil || !strings.Contains(err.Error(), fault) {
			t.Errorf("checked() of %+v: %v, want an error that says %q", opts, err, fault)
		}
	}
}

func TestFolder(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ prefix, dir, want string }{
		{"", "", ""}, {"", ".", ""}, {"", "prompts", "prompts/"}, {"", "/a/b/", "a/b/"}, {"data", "", "data/"}, {"data", "patterns", "data/patterns/"},
	} {
		if got, err := folder(tc.prefix, tc.dir); err != nil || got != tc.want {
			t.Errorf("folder(%q, %q) = %q, %v, want %q", tc.prefix, tc.dir, got, err, tc.want)
		}
	}
	for _, dir := range []string{"..", "a/../..", "../x", ".git", "a/.GIT/b", "a\x00b"} {
		if got, err := folder("", dir); err == nil {
			t.Errorf("folder(%q) = %q, want an error", dir, got)
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	names := []string{"main", "release/1.0", "feature"}
	for key, want := range map[string]string{"mian": "main", "maine": "main", "Main": "main", "featur": "feature", "release": "release/1.0", "x": "", "zzzz": ""} {
		if got := nearest(key, names); got != want {
			t.Errorf("nearest(%q) = %q, want %q", key, got, want)
		}
	}
}
