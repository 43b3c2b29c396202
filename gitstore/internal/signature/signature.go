// Package signature signs Git commits and checks their signatures, as git does
// with gpg.format=ssh and gpg.format=openpgp.
//
// Keys in files, without a passphrase, and those of an SSH agent are used in
// process; for any other OpenPGP key gpg is run. Checking runs nothing: it
// takes the keys from an allowed signers file and a keyring file. X.509 is not
// supported; its signatures are unverified.
package signature

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Signer makes signatures. It may be used concurrently.
type Signer interface {
	// Sign returns the signature of a commit's bytes without its gpgsig
	// header: the armored text that the header holds, with no newline at the
	// end.
	Sign(ctx context.Context, payload []byte) (armored string, err error)
}

// Options say which key signs.
type Options struct {
	// Format is "ssh" or "openpgp"; "" is openpgp, as in git.
	Format string
	// Key is git's user.signingKey. For ssh: the path of a private key, the
	// path of a public key whose private half is beside it or in the agent, a
	// public key itself ("key::ssh-ed25519 AAAA…"), or "agent" for the agent's
	// first. For openpgp: the path of an exported secret key, which starts
	// with /, ./, ../ or ~/, or else whatever gpg takes for a key.
	Key string
	// Program is git's gpg.program; "" is gpg.
	Program string
	// Committer is "Name <email>", by which gpg finds the key if there is no
	// Key.
	Committer string
}

// New finds and reads the key. An agent or gpg is asked in Sign, not here.
func New(o Options) (Signer, error) {
	switch o.Format {
	case "ssh":
		return newSSH(o.Key)
	case "openpgp", "":
		return newOpenPGP(o)
	case "x509":
		return nil, fmt.Errorf("signing with x509 is not supported; use ssh or openpgp")
	}
	return nil, fmt.Errorf("the signature format %q is not known; use ssh or openpgp", o.Format)
}

// State is what is known of a signature.
type State string

const (
	None       State = ""           // the commit has none
	Good       State = "good"       // made over these bytes by a key that is trusted
	Bad        State = "bad"        // not made over these bytes, damaged, or by a revoked key
	Unverified State = "unverified" // there is no key to check it with, or none that is trusted
)

// Verify says what the signature sig of payload is worth. A key counts that
// was valid at the time of the commit, which is the committer's word for it.
func (k *Keys) Verify(payload []byte, sig string) State {
	switch {
	case sig == "":
		return None
	case strings.HasPrefix(sig, sshBegin):
		return k.verifySSH(payload, sig)
	case strings.HasPrefix(sig, "-----BEGIN PGP "):
		return k.verifyOpenPGP(payload, sig)
	}
	return Unverified
}

// Keys are the keys that are trusted. The nil Keys trust none.
type Keys struct {
	ssh     []allowedSigner
	openpgp keyring
}

// LoadKeys reads git's gpg.ssh.allowedSignersFile and a file of OpenPGP public
// keys (`gpg --export`, armored or not), all of which are trusted. Either path
// may be empty.
func LoadKeys(allowedSigners, keyring string) (*Keys, error) {
	var k Keys
	if allowedSigners != "" {
		text, err := readFile(allowedSigners)
		if err != nil {
			return nil, fmt.Errorf("allowed signers: %w", err)
		}
		if k.ssh, err = parseAllowedSigners(string(text)); err != nil {
			return nil, fmt.Errorf("allowed signers: %s:%w", allowedSigners, err)
		}
	}
	if keyring != "" {
		data, err := readFile(keyring)
		if err != nil {
			return nil, fmt.Errorf("keyring: %w", err)
		}
		if k.openpgp, err = parseKeyring(data); err != nil {
			return nil, fmt.Errorf("keyring: %s: %w; write it with `gpg --export --armor`", keyring, err)
		}
	}
	return &k, nil
}

// Split takes a raw commit apart into what was signed and the signature, as git
// does for SHA-1 repositories: without the gpgsig headers, and without those
// for other hashes. Without a signature sig is "".
func Split(raw []byte) (payload []byte, sig string) {
	if !bytes.HasPrefix(raw, []byte("gpgsig")) && !bytes.Contains(raw, []byte("\ngpgsig")) {
		return raw, ""
	}
	var sigText []byte
	payload = make([]byte, 0, len(raw))
	ours, other := false, false // the header that a line may continue
	for rest := raw; len(rest) > 0; {
		if rest[0] == '\n' {
			payload = append(payload, rest...)
			break
		}
		end := bytes.IndexByte(rest, '\n') + 1
		if end == 0 {
			end = len(rest)
		}
		line := rest[:end]
		rest = rest[end:]
		if line[0] != ' ' {
			ours = bytes.HasPrefix(line, []byte("gpgsig "))
			other = !ours && bytes.HasPrefix(line, []byte("gpgsig"))
		}
		switch {
		case ours:
			_, value, _ := bytes.Cut(line, []byte(" "))
			sigText = append(sigText, value...)
		case !other:
			payload = append(payload, line...)
		}
	}
	return payload, strings.TrimSuffix(string(sigText), "\n")
}

// maxFile bounds a file of keys.
const maxFile = 16 << 20

// readFile reads a file of keys whose path may start with "~/".
func readFile(path string) ([]byte, error) {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		path = filepath.Join(home, rest)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("%s: more than %d bytes; is it a file of keys?", path, maxFile)
	}
	return data, nil
}
