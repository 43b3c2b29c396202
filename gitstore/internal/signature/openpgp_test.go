package signature

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// gpgHome makes a GNUPGHOME with a key of ann@example.org, which it trusts. Its
// name is short, for it holds sockets.
func (r *repo) gpgHome() {
	r.t.Helper()
	if _, err := exec.LookPath("gpg"); err != nil {
		r.t.Skip("gpg is not installed")
	}
	dir, err := os.MkdirTemp("", "gpg")
	if err != nil {
		r.t.Fatal(err)
	}
	r.env = append(r.env, "GNUPGHOME="+dir)
	r.t.Cleanup(func() {
		cmd := exec.Command("gpgconf", "--kill", "all")
		cmd.Env = r.env
		cmd.Run()
		os.RemoveAll(dir)
	})
	r.newPGPKey("Ann <ann@example.org>", "0")
}

// newPGPKey makes a key; times are those of the commits, plus a day.
func (r *repo) newPGPKey(who, expires string) {
	r.run("gpg", "-q", "--batch", "--faked-system-time", "20260201T000000", "--passphrase", "", "--quick-gen-key", who, "ed25519", "sign", expires)
}

func (r *repo) export(name string, args ...string) string {
	return r.write(name, r.run("gpg", append([]string{"-q", "--batch", "--armor"}, args...)...)+"\n")
}

func TestOpenPGP(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.gpgHome()
	r.newPGPKey("Bo <bo@example.org>", "0")
	public := r.export("public", "--export", "ann@example.org")
	bo := r.export("bo", "--export", "bo@example.org")
	both := r.write("both", string(r.read(bo))+string(r.read(public)))
	binary := r.write("binary", "")
	r.run("gpg", "-q", "--batch", "--yes", "--output", binary, "--export")
	secret := r.export("secret", "--export-secret-keys", "ann@example.org")
	program := r.write("gpg.sh", "#!/bin/sh\n. '"+r.write("env.sh", "export GNUPGHOME='"+r.last("GNUPGHOME")+"'\n")+"'\nexec gpg \"$@\"\n")
	if err := os.Chmod(program, 0o700); err != nil {
		t.Fatal(err)
	}

	for name, id := range map[string]string{
		"file":      r.commitSigned(mustNew(t, Options{Format: "openpgp", Key: secret})),
		"gpg":       r.commitSigned(mustNew(t, Options{Key: "ann@example.org", Program: program})),
		"committer": r.commitSigned(mustNew(t, Options{Committer: "Ann <ann@example.org>", Program: program})),
		"git":       r.gitCommit("-c", "user.signingKey=ann@example.org"),
	} {
		t.Run(name, func(t *testing.T) {
			for _, keyring := range []string{public, both, binary} {
				r.agree(id, "", keyring, "G", Good)
			}
			payload, sig := Split(r.raw(id))
			if got := load(t, "", bo).Verify(payload, sig); got != Unverified {
				t.Errorf("Verify with another's key = %q, want %q", got, Unverified)
			}
			if got := (*Keys)(nil).Verify(payload, sig); got != Unverified {
				t.Errorf("Verify without keys = %q, want %q", got, Unverified)
			}
			keys := load(t, "", public)
			for name, got := range map[string]State{
				"another payload": keys.Verify(append(payload, 'x'), sig),
				"half of it":      keys.Verify(payload, sig[:len(sig)/2]),
				"two":             keys.Verify(payload, sig+"\n"+sig),
				"a key":           keys.Verify(payload, string(r.read(public))),
			} {
				if got != Bad {
					t.Errorf("%s: Verify = %q, want %q", name, got, Bad)
				}
			}
		})
	}

	_, err := mustNew(t, Options{Key: "nobody@example.org", Program: program}).Sign(t.Context(), []byte("x"))
	if err == nil || !strings.Contains(err.Error(), "No secret key") {
		t.Errorf("Sign for nobody = %v, want what gpg says", err)
	}
}

// last is the variable in the environment of r's commands.
func (r *repo) last(name string) (value string) {
	for _, v := range r.env {
		if v, ok := strings.CutPrefix(v, name+"="); ok {
			value = v
		}
	}
	return value
}

// TestOpenPGPKeyFate: a key that expired since is good, one that was revoked is
// not.
func TestOpenPGPKeyFate(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.gpgHome()
	r.newPGPKey("Cy <cy@example.org>", "20260401T000000")
	program := r.write("gpg.sh", "#!/bin/sh\nGNUPGHOME='"+r.last("GNUPGHOME")+"' exec gpg --faked-system-time 20260301T000000 \"$@\"\n")
	if err := os.Chmod(program, 0o700); err != nil {
		t.Fatal(err)
	}
	cy := r.commitSigned(mustNew(t, Options{Key: "cy@example.org", Program: program}))
	r.agree(cy, "", r.export("cy", "--export", "cy@example.org"), "Y", Good)

	ann := r.commitSigned(mustNew(t, Options{Key: "ann@example.org", Program: program}))
	certs, err := filepath.Glob(filepath.Join(r.last("GNUPGHOME"), "openpgp-revocs.d", r.fingerprint("ann@example.org")+".rev"))
	if err != nil || len(certs) != 1 {
		t.Fatalf("revocation certificates %q, %v", certs, err)
	}
	r.runWith([]byte(strings.ReplaceAll(string(r.read(certs[0])), ":-----", "-----")), "gpg", "-q", "--batch", "--import")
	r.agree(ann, "", r.export("ann", "--export", "ann@example.org"), "R", Bad)
}

func (r *repo) fingerprint(who string) string {
	for line := range strings.Lines(r.run("gpg", "--with-colons", "--list-keys", who)) {
		if f := strings.Split(line, ":"); f[0] == "fpr" {
			return f[9]
		}
	}
	r.t.Fatalf("no key of %s", who)
	return ""
}

func TestOpenPGPKeyFiles(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.gpgHome()
	r.run("gpg", "-q", "--batch", "--pinentry-mode", "loopback", "--passphrase", "secret", "--quick-gen-key", "Di <di@example.org>", "ed25519", "sign")
	locked := r.export("locked", "--pinentry-mode", "loopback", "--passphrase", "secret", "--export-secret-keys", "di@example.org")
	if _, err := New(Options{Key: locked}); err == nil || !strings.Contains(err.Error(), "has a passphrase") {
		t.Errorf("New with a locked key = %v", err)
	}
	public := r.export("public", "--export", "di@example.org")
	if _, err := New(Options{Key: public}); err == nil || !strings.Contains(err.Error(), "no secret key") {
		t.Errorf("New with a public key = %v", err)
	}
	broken := r.write("broken", string(r.read(public))+"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n!\n")
	if _, err := LoadKeys("", broken); err == nil {
		t.Error("LoadKeys took a broken block")
	}
	if _, err := LoadKeys("", os.DevNull); err == nil {
		t.Error("LoadKeys took an empty keyring")
	}
}

// TestGPGMisbehaves runs programs that are not quite gpg.
func TestGPGMisbehaves(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	script := func(name, text string) string {
		path := r.write(name, "#!/bin/sh\n"+text+"\n")
		if err := os.Chmod(path, 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for program, want := range map[string]string{
		script("silent", "cat >/dev/null; echo '[GNUPG:] KEY_CONSIDERED' >&2; echo hm >&2"): "no signature: hm",
		filepath.Join(r.dir, "none"): "no such file",
	} {
		_, err := mustNew(t, Options{Key: "ann", Program: program}).Sign(t.Context(), []byte("x"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Sign by %s = %v, want %q", program, err, want)
		}
	}
	// One that asks and asks.
	ctx, cancel := context.WithCancel(t.Context())
	begun := filepath.Join(r.dir, "begun")
	r.run("mkfifo", begun)
	go func() {
		os.ReadFile(begun)
		cancel()
	}()
	_, err := mustNew(t, Options{Key: "ann", Program: script("slow", "echo >"+begun+"; exec sleep 1000")}).Sign(ctx, []byte("x"))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Sign = %v, want %v", err, context.Canceled)
	}
	if _, err := mustNew(t, Options{Format: "ssh", Key: r.sshKey("key", "ed25519")}).Sign(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Sign after cancellation = %v, want %v", err, context.Canceled)
	}
}
