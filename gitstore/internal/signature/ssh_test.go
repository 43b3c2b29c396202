package signature

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// TestSSH signs with keys of each kind and has git check it, and the other way
// round.
func TestSSH(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"ed25519", "rsa", "ecdsa"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			r := newRepo(t)
			key := r.sshKey("key", kind)
			allowed := r.allow("signers", "ann@example.org", key)
			stranger := r.allow("stranger", "ann@example.org", r.sshKey("other", kind))

			id := r.commitSigned(mustNew(t, Options{Format: "ssh", Key: key}))
			theirs := r.gitCommit("-c", "gpg.format=ssh", "-c", "user.signingKey="+key)
			for _, id := range []string{id, theirs} {
				r.agree(id, allowed, "", "G", Good)
				r.agree(id, stranger, "", "U", Unverified)
				payload, sig := Split(r.raw(id))
				if got := load(t, allowed, "").Verify(append(payload, '\n'), sig); got != Bad {
					t.Errorf("Verify of another payload = %q, want %q", got, Bad)
				}
				if got := (*Keys)(nil).Verify(payload, sig); got != Unverified {
					t.Errorf("Verify without keys = %q, want %q", got, Unverified)
				}
			}
		})
	}
}

// TestSSHPublicKey gives the public key, whose private half lies beside it.
func TestSSHPublicKey(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	key := r.sshKey("key", "ed25519")
	id := r.commitSigned(mustNew(t, Options{Format: "ssh", Key: key + ".pub"}))
	r.agree(id, r.allow("signers", "ann@example.org", key), "", "G", Good)
}

func TestSSHAgent(t *testing.T) { // not parallel: SSH_AUTH_SOCK
	r := newRepo(t)
	key := r.sshKey("key", "rsa")
	private, err := ssh.ParseRawPrivateKey(r.read(key))
	if err != nil {
		t.Fatal(err)
	}
	public := strings.TrimSpace(string(r.read(key + ".pub")))
	locked := filepath.Join(r.dir, "locked")
	r.write("locked", string(r.read(key)))
	r.run("ssh-keygen", "-q", "-p", "-P", "", "-N", "secret", "-f", locked)
	allowed := r.allow("signers", "ann@example.org", key)
	alone := filepath.Join(r.dir, "alone.pub")
	r.write("alone.pub", public)

	ring := agent.NewKeyring()
	serveAgent(t, ring)
	sign := func(key string) error {
		_, err := mustNew(t, Options{Format: "ssh", Key: key}).Sign(t.Context(), []byte("x"))
		return err
	}
	for _, key := range []string{"agent", alone} {
		if err := sign(key); err == nil || !strings.Contains(err.Error(), "ssh-add") {
			t.Errorf("Sign with %s and an empty agent = %v, want a hint at ssh-add", key, err)
		}
	}
	if err := ring.Add(agent.AddedKey{PrivateKey: private}); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"agent", alone, "key::" + public, public, locked} {
		id := r.commitSigned(mustNew(t, Options{Format: "ssh", Key: key}))
		r.agree(id, allowed, "", "G", Good)
	}

	t.Setenv("SSH_AUTH_SOCK", filepath.Join(r.dir, "nobody"))
	if err := sign("agent"); err == nil {
		t.Error("Sign without an agent behind the socket succeeded")
	}
	t.Setenv("SSH_AUTH_SOCK", "")
	if err := sign("agent"); err == nil || !strings.Contains(err.Error(), "SSH_AUTH_SOCK") {
		t.Errorf("Sign without an agent = %v, want SSH_AUTH_SOCK named", err)
	}
}

// TestSSHAgentSilent cancels while an agent says nothing.
func TestSSHAgentSilent(t *testing.T) {
	listener := listen(t)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		conn.Read(make([]byte, 1)) // the request has come
		cancel()
		<-t.Context().Done()
	}()
	_, err := mustNew(t, Options{Format: "ssh", Key: "agent"}).Sign(ctx, []byte("x"))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Sign = %v, want %v", err, context.Canceled)
	}
	if _, err := mustNew(t, Options{Format: "ssh", Key: "agent"}).Sign(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Sign after cancellation = %v, want %v", err, context.Canceled)
	}
}

func serveAgent(t *testing.T, ring agent.Agent) {
	listener := listen(t)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				agent.ServeAgent(ring, conn)
			}()
		}
	}()
}

// listen makes the agent's socket, in a folder with a short name: a socket's
// path has at most about 100 bytes.
func listen(t *testing.T) net.Listener {
	dir, err := os.MkdirTemp("", "ag")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	listener, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	t.Setenv("SSH_AUTH_SOCK", filepath.Join(dir, "s"))
	return listener
}

// TestAllowedSigners compares each line with what git and ssh-keygen make of
// it. The commits are of 2026-03-01T12:00:00Z.
func TestAllowedSigners(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	key := r.sshKey("key", "ed25519")
	ca := r.sshKey("ca", "ed25519")
	r.run("ssh-keygen", "-q", "-s", ca, "-I", "id", "-n", "ann@example.org,bo@example.org", "-V", "20260101:20261231", key+".pub")
	plain := r.commitSigned(mustNew(t, Options{Format: "ssh", Key: key}))
	certified := r.commitSigned(mustNew(t, Options{Format: "ssh", Key: key + "-cert.pub"}))
	k, c := publicKey(r, key), publicKey(r, ca)
	for _, tt := range []struct {
		name, text       string
		plain, certified State
	}{
		{"plain", "ann@example.org " + k, Good, Unverified},
		{"comments and other lines", "# who\n\n" + "bo@example.org " + c + "\nann@example.org " + k + " Ann's\n", Good, Unverified},
		{"quoted principals", `"ann@example.org,Ann Lee" ` + k, Good, Unverified},
		{"namespaces", `ann@example.org namespaces="git" ` + k, Good, Unverified},
		{"namespace patterns", `ann@example.org namespaces="f*,g?t" ` + k, Good, Unverified},
		{"not this namespace", `ann@example.org namespaces="*,!git" ` + k, Unverified, Unverified},
		{"other namespace", `ann@example.org namespaces="file" ` + k, Unverified, Unverified},
		{"in time", `ann@example.org valid-after="20260301",valid-before="202603011200Z" ` + k, Good, Unverified},
		{"to the second", `ann@example.org valid-after="20260301120000Z" ` + k, Good, Unverified},
		{"too late", `ann@example.org valid-before="20260228" ` + k, Unverified, Unverified},
		{"too early", `ann@example.org VALID-AFTER="202603011201Z" ` + k, Unverified, Unverified},
		{"authority", "*@example.org cert-authority " + c, Unverified, Good},
		{"authority for one", "b?@example.org cert-authority " + c, Unverified, Good},
		{"authority for others", "*@example.com cert-authority " + c, Unverified, Unverified},
		{"authority's own key", "*@example.org " + c, Unverified, Unverified},
		{"another authority", "*@example.org cert-authority " + k, Unverified, Unverified},
		{"empty", "", Unverified, Unverified},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := r.write("allowed", tt.text)
			for id, want := range map[string]State{plain: tt.plain, certified: tt.certified} {
				letter := "U"
				switch {
				case want == Good:
					letter = "G"
				case id == plain && strings.Contains(tt.text, "namespaces"):
					letter = "B" // git finds the key, and is then refused it
				}
				r.agree(id, file, "", letter, want)
			}
		})
	}
}

func TestAllowedSignersOddLines(t *testing.T) {
	t.Parallel()
	const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ2AZpPDbWDZzBtGJkCAv2hLSHUnHdpJGMdCiSdoJvMB"
	for _, tt := range []struct{ name, text, want string }{
		{"a type from the future", "ann@example.org ssh-next AAAACHNzaC1uZXh0AAAA\n", ""},
		{"no key", "ann@example.org " + key + "\nann@example.org\n", "2: "},
		{"broken key", "ann@example.org ssh-ed25519 AAAA\n", "1: "},
		{"open quote", `"ann ` + key, "1: the quote"},
		{"unknown option", "ann@example.org no-touch " + key, "1: the option no-touch"},
		{"no time", `ann@example.org valid-after="soon" ` + key, `1: "soon" is not a time`},
		{"no date", `ann@example.org valid-after="20261332" ` + key, `1: "20261332" is not a time`},
	} {
		_, err := parseAllowedSigners(tt.text)
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%s: %v", tt.name, err)
		case tt.want != "" && (err == nil || !strings.HasPrefix(err.Error(), tt.want)):
			t.Errorf("%s: %v, want %s…", tt.name, err, tt.want)
		}
	}
}

// TestSSHForged alters signatures in ways that leave them well formed.
func TestSSHForged(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	key := r.sshKey("key", "rsa")
	keys := load(t, r.allow("signers", "ann@example.org", key), "")
	payload, armored := Split(r.raw(r.commitSigned(mustNew(t, Options{Format: "ssh", Key: key}))))
	if got := keys.Verify(payload, armored); got != Good {
		t.Fatalf("Verify = %q, want %q", got, Good)
	}
	private, err := ssh.ParsePrivateKey(r.read(key))
	if err != nil {
		t.Fatal(err)
	}
	// remade is the signature with its blob, or what the key signs, changed.
	remade := func(change func(*sshBlob, *ssh.Signature)) string {
		blob, sig, ok := decodeSSH(armored)
		if !ok {
			t.Fatal("decodeSSH refused its own signature")
		}
		change(&blob, &sig)
		blob.Signature = ssh.Marshal(sig)
		return armorSSH(blob)
	}
	sha1 := remade(func(blob *sshBlob, sig *ssh.Signature) {
		s, err := private.(ssh.AlgorithmSigner).SignWithAlgorithm(nil, toSign("sha512", "", payload), ssh.KeyAlgoRSA)
		if err != nil {
			t.Fatal(err)
		}
		*sig = *s
	})
	for name, forged := range map[string]struct {
		sig  string
		want State
	}{
		"the same":        {remade(func(*sshBlob, *ssh.Signature) {}), Good},
		"version":         {remade(func(b *sshBlob, _ *ssh.Signature) { b.Version = 2 }), Bad},
		"namespace":       {remade(func(b *sshBlob, _ *ssh.Signature) { b.Namespace = "file" }), Bad},
		"reserved":        {remade(func(b *sshBlob, _ *ssh.Signature) { b.Reserved = "x" }), Bad},
		"hash":            {remade(func(b *sshBlob, _ *ssh.Signature) { b.Hash = "sha256" }), Bad},
		"unknown hash":    {remade(func(b *sshBlob, _ *ssh.Signature) { b.Hash = "md5" }), Bad},
		"unknown key":     {remade(func(b *sshBlob, _ *ssh.Signature) { b.PublicKey = []byte("\x00\x00\x00\x04nextXXXX") }), Unverified},
		"no key":          {remade(func(b *sshBlob, _ *ssh.Signature) { b.PublicKey = []byte("\xff\xff\xff\xff") }), Unverified},
		"half a key":      {remade(func(b *sshBlob, _ *ssh.Signature) { b.PublicKey = b.PublicKey[:40] }), Bad},
		"SHA-1":           {sha1, Bad},
		"no end":          {strings.TrimSuffix(armored, sshEnd), Bad},
		"not base64":      {sshBegin + "\n!\n" + sshEnd, Bad},
		"two":             {armored + "\n" + armored, Bad},
		"space after":     {armored + "\n", Good},
		"other signature": {"-----BEGIN SIGNED MESSAGE-----\n", Unverified},
		"none":            {"", None},
	} {
		if got := keys.Verify(payload, forged.sig); got != forged.want {
			t.Errorf("%s: Verify = %q, want %q", name, got, forged.want)
		}
	}
	if got := keys.Verify([]byte("x"), signed(t, mustNew(t, Options{Format: "ssh", Key: key}), "x")); got != Unverified {
		t.Errorf("Verify of what has no time = %q, want %q", got, Unverified)
	}
}
