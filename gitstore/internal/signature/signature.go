// Package signature signs Git commits and checks their signatures, as git does
// with gpg.format=ssh and gpg.format=openpgp.
//
// Keys in files, without a passphrase, and those of an SSH agent are used in
// process; for any other OpenPGP key gpg is run. Checking runs nothing: it
// takes the keys from an allowed signers file and a keyring file. X.509 is not
// supported.
package signature

import (
	"context"
	"errors"
)

var errNotYet = errors.New("signing is not built yet")

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
	// first. For openpgp: the path of an exported secret key (then it has a
	// slash or a dot-extension), or whatever gpg takes for a key.
	Key string
	// Program is git's gpg.program; "" is gpg.
	Program string
	// Committer is "Name <email>", by which gpg finds the key if there is no
	// Key.
	Committer string
}

// New finds and reads the key. An agent or gpg is asked in Sign, not here.
func New(o Options) (Signer, error) {
	return nil, errNotYet
}

// State is what is known of a signature.
type State string

const (
	None       State = ""           // the commit has none
	Good       State = "good"       // made over these bytes by a key that is trusted
	Bad        State = "bad"        // not made over these bytes, damaged, or by a revoked key
	Unverified State = "unverified" // there is no key to check it with, or none trusted
)

// Keys are the keys that are trusted. The nil Keys trust none.
type Keys struct{}

// LoadKeys reads git's gpg.ssh.allowedSignersFile and a file of OpenPGP public
// keys (`gpg --export`, armored or not), all of which are trusted. Either path
// may be empty.
func LoadKeys(allowedSigners, keyring string) (*Keys, error) {
	return nil, errNotYet
}

// Verify says what the signature sig of payload is worth at the time of the
// commit.
func (k *Keys) Verify(payload []byte, sig string) State {
	return Unverified
}

// Split takes a raw commit apart into what was signed and the signature, as git
// does. Without a signature sig is "" and payload is raw itself.
func Split(raw []byte) (payload []byte, sig string) {
	return raw, ""
}
