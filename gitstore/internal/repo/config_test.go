package repo_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty/gitstore/internal/gittest"
	"github.com/go-prompty/prompty/gitstore/internal/object"
	"github.com/go-prompty/prompty/gitstore/internal/repo"
)

// writeFile makes a file and the folders above it.
func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// The user's, the system's and the repository's files, with what they include,
// read as git reads them.
func TestConfigLikeGit(t *testing.T) {
	r := gittest.WorkTree(t)
	r.Commit("one", "a", "1")
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", "")
	os.Unsetenv("GIT_CONFIG_GLOBAL")
	defer os.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	os.Unsetenv("GIT_CONFIG_NOSYSTEM")
	defer os.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	t.Setenv("GIT_CONFIG_SYSTEM", filepath.Join(home, "system"))
	writeFile(t, filepath.Join(home, "system"), "[x]\n\tfrom = system\n[system]\n\tonly = 1\n")
	writeFile(t, filepath.Join(home, ".config/git/config"), "[x]\n\tfrom = xdg\n")
	writeFile(t, filepath.Join(home, ".gitconfig"), `[x]
	from = global
[include]
	path = ~/more
	path = nowhere
[includeIf "gitdir:`+r.Dir+`/"]
	path = here
[includeIf "gitdir/i:`+strings.ToUpper(r.Dir)+`/.GIT"]
	path = folded
[includeIf "gitdir:~/"]
	path = elsewhere
[includeIf "gitdir:.git"]
	path = anydotgit
[includeIf "gitdir:./x"]
	path = elsewhere
[includeIf "onbranch:ma*"]
	path = branch
[includeIf "onbranch:side/"]
	path = elsewhere
[includeIf "weather:rain"]
	path = elsewhere
[includeIf "gitdir:**"]
	other = elsewhere
`)
	writeFile(t, filepath.Join(home, "more"), "[x]\n\tfrom = more\n[include]\n\tpath = deeper/file\n")
	writeFile(t, filepath.Join(home, "deeper/file"), "[x]\n\tfrom = deeper\n[include]\n\tpath = sibling\n")
	writeFile(t, filepath.Join(home, "deeper/sibling"), "[x]\n\tfrom = sibling\n")
	for _, name := range []string{"here", "folded", "branch", "anydotgit", "elsewhere"} {
		writeFile(t, filepath.Join(home, name), "[x]\n\tfrom = "+name+"\n")
	}
	config(r, "x.from=repo", "include.path=../in-tree")
	writeFile(t, r.Path("in-tree"), "[x]\n\tfrom = tree\n")
	t.Setenv("GIT_CONFIG_COUNT", "1")
	t.Setenv("GIT_CONFIG_KEY_0", "X.From")
	t.Setenv("GIT_CONFIG_VALUE_0", "env")

	cmd := r.Command("config", "--get-all", "x.from")
	var env []string
	for _, pair := range cmd.Env {
		if !strings.HasPrefix(pair, "GIT_CONFIG_GLOBAL=") && !strings.HasPrefix(pair, "GIT_CONFIG_NOSYSTEM=") {
			env = append(env, pair)
		}
	}
	cmd.Env = env
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Fields(string(out))
	cfg := find(t, r.Dir).Config
	if diff := cmp.Diff(want, cfg.All("X.FROM")); diff != "" || len(want) < 12 {
		t.Errorf("x.from (-git +ours):\n%s", diff)
	}
	if got, ok := cfg.String("system.only"); got != "1" || !ok {
		t.Errorf("system.only = %q, %t", got, ok)
	}

	for name, c := range map[string]struct{ env, value, want string }{
		"count": {"GIT_CONFIG_COUNT", "many", "GIT_CONFIG_COUNT"},
		"key":   {"GIT_CONFIG_COUNT", "2", "GIT_CONFIG_KEY_1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(c.env, c.value)
			if _, err := repo.Find(r.Dir, repo.Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Find = %v, want an error about %s", err, c.want)
			}
		})
	}
	writeFile(t, filepath.Join(home, "deeper/sibling"), "[x\n")
	if _, err := repo.Find(r.Dir, repo.Options{}); err == nil || !strings.Contains(err.Error(), "sibling:1") {
		t.Errorf("Find = %v, want an error that names the included file", err)
	}
	// Files that include themselves, and each other many times over.
	writeFile(t, filepath.Join(home, "deeper/sibling"), "[include]\n\tpath = sibling\n")
	if _, err := repo.Find(r.Dir, repo.Options{}); err == nil || !strings.Contains(err.Error(), "too deep") {
		t.Errorf("Find = %v, want an error about depth", err)
	}
	for i := range 4 {
		writeFile(t, filepath.Join(home, "deeper", string(rune('a'+i))), strings.Repeat("[include]\n\tpath = "+string(rune('b'+i))+"\n", 10))
	}
	writeFile(t, filepath.Join(home, "deeper/sibling"), "[include]\n\tpath = a\n")
	if _, err := repo.Find(r.Dir, repo.Options{}); err == nil || !strings.Contains(err.Error(), "1000 files") {
		t.Errorf("Find = %v, want an error about too many files", err)
	}
	os.Remove(filepath.Join(home, ".gitconfig"))
	os.Mkdir(filepath.Join(home, ".gitconfig"), 0o777)
	if _, err := repo.Find(r.Dir, repo.Options{}); err == nil || !strings.Contains(err.Error(), ".gitconfig") {
		t.Errorf("Find = %v, want an error about a folder", err)
	}
}

func TestConfigValues(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	appendTo(r, ".git/config", `[v]
	yes = yes
	on = ON
	bare
	one = 1
	kilo = 2k
	no = no
	off = Off
	empty =
	zero = 0
	bad = maybe
	mega = 3m
	giga = -4G
	hex = 0x10
	big = 9223372036854775807
	toobig = 9223372036854775808
	overflow = 9223372036854775807k
	unit = k
	home = ~/keys
	path = /abs
[v "Sub.Key"]
	x = 1
`)
	cfg := find(t, r.Dir).Config
	for key, want := range map[string]bool{"yes": true, "on": true, "bare": true, "one": true, "kilo": true, "no": false, "off": false, "empty": false, "zero": false, "none": true} {
		if got, err := cfg.Bool("v."+key, true); err != nil || got != want {
			t.Errorf("Bool(v.%s) = %t, %v; want %t", key, got, err, want)
		}
		if key != "none" {
			if git := r.Git("config", "--type=bool", "v."+key); (git == "true") != want {
				t.Errorf("git reads v.%s as %s", key, git)
			}
		}
	}
	for key, want := range map[string]int64{"one": 1, "kilo": 2048, "mega": 3 << 20, "giga": -4 << 30, "hex": 16, "big": 1<<63 - 1, "none": 7} {
		if got, err := cfg.Int("v."+key, 7); err != nil || got != want {
			t.Errorf("Int(v.%s) = %d, %v; want %d", key, got, err, want)
		}
	}
	for _, key := range []string{"v.bad", "v.toobig", "v.overflow", "v.unit", "v.yes"} {
		if _, err := cfg.Int(key, 0); err == nil || !strings.Contains(err.Error(), ".git/config:") {
			t.Errorf("Int(%s) = %v, want an error that names the line", key, err)
		}
	}
	if _, err := cfg.Bool("v.bad", false); err == nil || !strings.Contains(err.Error(), ".git/config:") {
		t.Errorf("Bool(v.bad) = %v, want an error that names the line", err)
	}
	for key, want := range map[string]string{"V.Sub.Key.X": "1", "v.sub.key.x": "", "v.bare": "true", "v.empty": "", "plain": ""} {
		if got, _ := cfg.String(key); got != want {
			t.Errorf("String(%s) = %q, want %q", key, got, want)
		}
	}
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"v.home": filepath.Join(home, "keys"), "v.path": "/abs", "v.none": ""} {
		if got := cfg.Path(key); got != want {
			t.Errorf("Path(%s) = %q, want %q", key, got, want)
		}
	}
}

func TestIdentity(t *testing.T) {
	for _, name := range []string{"GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "EMAIL"} {
		t.Setenv(name, "")
	}
	r := gittest.WorkTree(t)
	check := func(author, committer object.Ident) {
		t.Helper()
		cfg := find(t, r.Dir).Config
		if diff := cmp.Diff([]object.Ident{author, committer}, []object.Ident{cfg.Author(), cfg.Committer()}); diff != "" {
			t.Errorf("author and committer (-want +got):\n%s", diff)
		}
	}
	ours := object.Ident{Name: "prompty", Email: "prompty@localhost"}
	check(ours, ours)
	t.Setenv("EMAIL", "env@example.org")
	check(object.Ident{Name: "prompty", Email: "env@example.org"}, object.Ident{Name: "prompty", Email: "env@example.org"})
	config(r, "user.name=Ann Lee", "user.email=ann@example.org")
	ann := object.Ident{Name: "Ann Lee", Email: "ann@example.org"}
	check(ann, ann)
	config(r, "committer.name=Bot", "author.email=lee@example.org")
	check(object.Ident{Name: "Ann Lee", Email: "lee@example.org"}, object.Ident{Name: "Bot", Email: "ann@example.org"})
	t.Setenv("GIT_AUTHOR_NAME", " <E\nve>, ")
	t.Setenv("GIT_COMMITTER_EMAIL", "<eve@example.org>")
	check(object.Ident{Name: "Eve", Email: "lee@example.org"}, object.Ident{Name: "Bot", Email: "eve@example.org"})
	t.Setenv("GIT_AUTHOR_NAME", " .,; ")
	check(object.Ident{Name: "Ann Lee", Email: "lee@example.org"}, object.Ident{Name: "Bot", Email: "eve@example.org"})
}
