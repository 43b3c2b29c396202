package signature

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// repo is a repository, and a folder for keys, of one test.
type repo struct {
	t   *testing.T
	dir string
	env []string
}

func newRepo(t *testing.T) *repo {
	r := &repo{t: t, dir: t.TempDir()}
	r.env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "HOME="+r.dir, "TZ=UTC",
		"GIT_AUTHOR_NAME=Ann", "GIT_AUTHOR_EMAIL=ann@example.org", "GIT_AUTHOR_DATE=1772366400 +0000",
		"GIT_COMMITTER_NAME=Ann", "GIT_COMMITTER_EMAIL=ann@example.org", "GIT_COMMITTER_DATE=1772366400 +0000")
	r.run("git", "init", "-q")
	return r
}

func (r *repo) run(name string, args ...string) string {
	r.t.Helper()
	return r.runWith(nil, name, args...)
}

func (r *repo) runWith(stdin []byte, name string, args ...string) string {
	r.t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env, cmd.Stdin = r.dir, r.env, bytes.NewReader(stdin)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		r.t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, stderr.String())
	}
	return strings.TrimSpace(string(out))
}

func (r *repo) write(name, text string) (path string) {
	path = filepath.Join(r.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
	return path
}

func (r *repo) read(path string) []byte {
	data, err := os.ReadFile(path)
	if err != nil {
		r.t.Fatal(err)
	}
	return data
}

// sshKey makes a key without a passphrase and returns the private one's path.
func (r *repo) sshKey(name, kind string) string {
	path := filepath.Join(r.dir, name)
	r.run("ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "", "-f", path)
	return path
}

func publicKey(r *repo, key string) string {
	return strings.TrimSpace(string(r.read(key + ".pub")))
}

func (r *repo) allow(file, principal, key string) string {
	return r.write(file, principal+" "+publicKey(r, key)+"\n")
}

// commitSigned writes a commit with s's signature in its header.
func (r *repo) commitSigned(s Signer) string {
	r.t.Helper()
	tree := r.run("git", "mktree")
	const who = "Ann <ann@example.org> 1772366400 +0000"
	headers := fmt.Sprintf("tree %s\nauthor %s\ncommitter %s\n", tree, who, who)
	sig := signed(r.t, s, headers+"\nSave\n")
	raw := headers + "gpgsig " + strings.ReplaceAll(sig, "\n", "\n ") + "\n\nSave\n"
	id := r.runWith([]byte(raw), "git", "hash-object", "-t", "commit", "-w", "--stdin")
	r.run("git", "fsck", "--strict")
	return id
}

func signed(t *testing.T, s Signer, payload string) string {
	t.Helper()
	sig, err := s.Sign(t.Context(), []byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	return sig
}

// gitCommit has git make and sign a commit.
func (r *repo) gitCommit(config ...string) string {
	r.t.Helper()
	r.run("git", append(config, "commit", "-q", "-S", "--allow-empty", "-m", "by git")...)
	return r.run("git", "rev-parse", "HEAD")
}

func (r *repo) raw(id string) []byte {
	cmd := exec.Command("git", "cat-file", "commit", id)
	cmd.Dir, cmd.Env = r.dir, r.env
	out, err := cmd.Output()
	if err != nil {
		r.t.Fatal(err)
	}
	return out
}

// agree checks that git and we think the same of a commit's signature.
func (r *repo) agree(id, allowed, keyring, letter string, want State) {
	r.t.Helper()
	got := r.run("git", "-c", "gpg.ssh.allowedSignersFile="+allowed, "log", "-1", "--format=%G?", id)
	if got != letter {
		r.t.Errorf("git's %%G? = %s, want %s", got, letter)
	}
	if state := load(r.t, allowed, keyring).Verify(Split(r.raw(id))); state != want {
		r.t.Errorf("Verify = %q, want %q", state, want)
	}
}

func load(t *testing.T, allowed, keyring string) *Keys {
	t.Helper()
	keys, err := LoadKeys(allowed, keyring)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func mustNew(t *testing.T, o Options) Signer {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSplit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, raw, payload, sig string }{
		{"unsigned", "tree 1\n\nSave\n", "tree 1\n\nSave\n", ""},
		{"signed", "tree 1\ngpgsig A\n B\n \n C\n\nSave\n", "tree 1\n\nSave\n", "A\nB\n\nC"},
		{"header after it", "tree 1\ngpgsig A\n B\nx y\n z\n\nSave\n", "tree 1\nx y\n z\n\nSave\n", "A\nB"},
		{"other hash", "tree 1\ngpgsig-sha256 X\n Y\ngpgsig A\n B\n\nSave\n", "tree 1\n\nSave\n", "A\nB"},
		{"only other hash", "tree 1\ngpgsig-sha256 X\n Y\n\nSave\n", "tree 1\n\nSave\n", ""},
		{"in the message", "tree 1\n\nSave\ngpgsig A\n", "tree 1\n\nSave\ngpgsig A\n", ""},
		{"no message", "tree 1\ngpgsig A", "tree 1\n", "A"},
		{"empty", "", "", ""},
	} {
		payload, sig := Split([]byte(tt.raw))
		if string(payload) != tt.payload || sig != tt.sig {
			t.Errorf("%s: Split = %q, %q, want %q, %q", tt.name, payload, sig, tt.payload, tt.sig)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	key := r.sshKey("key", "ed25519")
	other := r.sshKey("other", "ed25519")
	r.write("other.pub", publicKey(r, key))
	locked := filepath.Join(r.dir, "locked.pem")
	r.run("ssh-keygen", "-q", "-t", "rsa", "-m", "PEM", "-N", "secret", "-f", locked)
	os.Remove(locked + ".pub")
	text := r.write("text", "not a key")
	for _, tt := range []struct {
		o    Options
		want string
	}{
		{Options{Format: "pgp"}, `"pgp" is not known; use ssh or openpgp`},
		{Options{Format: "x509"}, "use ssh or openpgp"},
		{Options{Format: "ssh"}, "user.signingKey"},
		{Options{Format: "ssh", Key: r.dir + "/none"}, "no such file"},
		{Options{Format: "ssh", Key: r.dir}, "is a directory"},
		{Options{Format: "ssh", Key: text}, "neither a private nor a public"},
		{Options{Format: "ssh", Key: "key::ssh-ed25519"}, "not a public key"},
		{Options{Format: "ssh", Key: other + ".pub"}, "not the private half"},
		{Options{Format: "ssh", Key: locked}, "ssh-add"},
		{Options{}, "user.signingKey"},
		{Options{Key: r.dir + "/none"}, "no such file"},
		{Options{Key: text}, "gpg --export-secret-keys"},
	} {
		if _, err := New(tt.o); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("New(%+v) = %v, want %q", tt.o, err, tt.want)
		}
	}
	for _, paths := range [][2]string{{r.dir + "/none", ""}, {"", r.dir + "/none"}, {text, ""}, {"", text}} {
		if _, err := LoadKeys(paths[0], paths[1]); err == nil || !strings.Contains(err.Error(), r.dir) {
			t.Errorf("LoadKeys(%q) = %v, want an error that names the file", paths, err)
		}
	}
}

func TestReadFile(t *testing.T) { // not parallel: HOME
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("USERPROFILE", dir)
	big := filepath.Join(dir, "big")
	if err := os.WriteFile(big, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readFile("~/big"); err != nil {
		t.Errorf("readFile below the home = %v", err)
	}
	if err := os.Truncate(big, maxFile+1); err != nil {
		t.Fatal(err)
	}
	if _, err := readFile(big); err == nil {
		t.Error("readFile took more than maxFile")
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true}, {"", "a", false}, {"*", "", true}, {"?", "", false}, {"a*c*e", "abcde", true},
		{"a*c*e", "abcd", false}, {"**a", "ba", true}, {"a?c", "abc", true}, {"abc", "abcd", false}, {"*@x", "@@x", true},
	} {
		if got := match(tt.pattern, tt.s); got != tt.want {
			t.Errorf("match(%q, %q) = %v", tt.pattern, tt.s, got)
		}
	}
	done := make(chan bool)
	go func() { done <- match(strings.Repeat("*a", 200)+"b", strings.Repeat("a", 5000)) }()
	select {
	case <-done:
	case <-time.After(time.Minute): // exponential, else
		t.Error("match hangs")
	}
}

// FuzzVerify: whatever a commit holds, there is an answer, and it is not that
// a stranger's signature is good.
func FuzzVerify(f *testing.F) {
	f.Add([]byte("tree 1\ncommitter a <b> 1 +0000\ngpgsig " + sshBegin + "\n U1NIU0lHAAAAAQ==\n " + sshEnd + "\n\nx"))
	f.Add([]byte("tree 1\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n iHUEABYKAB0WIQ==\n -----END PGP SIGNATURE-----\n\nx"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		payload, sig := Split(raw)
		if len(payload)+len(sig) > len(raw) {
			t.Errorf("Split made %d and %d bytes of %d", len(payload), len(sig), len(raw))
		}
		if got := (&Keys{}).Verify(payload, sig); got == Good {
			t.Errorf("Verify(%q) = %q", raw, got)
		}
	})
}
