package signature

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// sshSigner signs with the key in memory, or has the agent sign.
type sshSigner struct {
	key   string        // as the user wrote it, for errors
	pub   ssh.PublicKey // whose signature it is; nil: the agent's first key
	local ssh.Signer    // nil: the agent has the key
}

func newSSH(key string) (Signer, error) {
	literal, isLiteral := strings.CutPrefix(key, "key::")
	switch {
	case key == "":
		return nil, errors.New("signing with ssh needs a key: set user.signingKey to a key file, or to agent")
	case key == "agent":
		return &sshSigner{key: "the first key"}, nil
	case isLiteral || strings.HasPrefix(key, "ssh-") && strings.Contains(key, " "):
		pub, _, _, _, err := ssh.ParseAuthorizedKey([]byte(literal))
		if err != nil {
			return nil, fmt.Errorf("the signing key %q is not a public key: %w", key, err)
		}
		return &sshSigner{key: "the key " + ssh.FingerprintSHA256(pub), pub: pub}, nil
	}
	data, err := readFile(key)
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	if pub, _, _, _, err := ssh.ParseAuthorizedKey(data); err == nil {
		s := &sshSigner{key: key, pub: pub}
		return s, s.findPrivate(strings.TrimSuffix(strings.TrimSuffix(key, ".pub"), "-cert"))
	}
	local, err := ssh.ParsePrivateKey(data)
	var locked *ssh.PassphraseMissingError
	switch {
	case errors.As(err, &locked):
		// Only OpenSSH's own format says which key it is without the passphrase.
		pub := locked.PublicKey
		if beside, err := readFile(key + ".pub"); pub == nil && err == nil {
			pub, _, _, _, _ = ssh.ParseAuthorizedKey(beside)
		}
		if pub == nil {
			return nil, fmt.Errorf("signing key: %s has a passphrase and there is no %[1]s.pub beside it; write that with `ssh-keygen -y -f %[1]s`, and add the key to your agent with `ssh-add %[1]s`", key)
		}
		return &sshSigner{key: key, pub: pub}, nil
	case err != nil:
		return nil, fmt.Errorf("signing key: %s is neither a private nor a public SSH key: %w", key, err)
	}
	return &sshSigner{key: key, pub: local.PublicKey(), local: local}, nil
}

// findPrivate looks for the private half of a public key in the file beside
// it. One that is not there, or has a passphrase, must be in the agent.
func (s *sshSigner) findPrivate(path string) error {
	data, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) || path == s.key {
		return nil
	}
	if err != nil {
		return fmt.Errorf("signing key: %w", err)
	}
	local, err := ssh.ParsePrivateKey(data)
	if err != nil {
		return nil
	}
	plain := s.pub
	if cert, ok := plain.(*ssh.Certificate); ok {
		plain = cert.Key
	}
	if !bytes.Equal(local.PublicKey().Marshal(), plain.Marshal()) {
		return fmt.Errorf("signing key: %s is not the private half of %s", path, s.key)
	}
	s.local = local
	return nil
}

func (s *sshSigner) Sign(ctx context.Context, payload []byte) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if s.local == nil {
		return s.signByAgent(ctx, payload)
	}
	var sig *ssh.Signature
	var err error
	if rsa, ok := s.local.(ssh.AlgorithmSigner); ok && s.local.PublicKey().Type() == ssh.KeyAlgoRSA {
		sig, err = rsa.SignWithAlgorithm(rand.Reader, toSign("sha512", "", payload), ssh.KeyAlgoRSASHA512)
	} else {
		sig, err = s.local.Sign(rand.Reader, toSign("sha512", "", payload))
	}
	if err != nil {
		return "", fmt.Errorf("signing with %s: %w", s.key, err)
	}
	return encodeSSH(s.pub, sig), nil
}

func (s *sshSigner) signByAgent(ctx context.Context, payload []byte) (armored string, err error) {
	socket := os.Getenv("SSH_AUTH_SOCK")
	if socket == "" {
		return "", fmt.Errorf("signing with %s needs an SSH agent, and SSH_AUTH_SOCK is not set; start one with `ssh-agent` and give it the key with `ssh-add`", s.key)
	}
	conn, err := new(net.Dialer).DialContext(ctx, "unix", socket)
	if err != nil {
		return "", contextError(ctx, fmt.Errorf("signing with %s: the SSH agent at SSH_AUTH_SOCK: %w", s.key, err))
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	client := agent.NewClient(conn)
	pub := s.pub
	if pub == nil {
		keys, err := client.List()
		if err != nil {
			return "", contextError(ctx, fmt.Errorf("signing: the SSH agent's keys: %w", err))
		}
		if len(keys) == 0 {
			return "", errors.New("signing: the SSH agent has no key; give it one with `ssh-add`")
		}
		if pub, err = ssh.ParsePublicKey(keys[0].Blob); err != nil {
			return "", fmt.Errorf("signing: the SSH agent's first key (%s): %w", keys[0].Comment, err)
		}
	}
	var flags agent.SignatureFlags
	if keyType(pub) == ssh.KeyAlgoRSA {
		flags = agent.SignatureFlagRsaSha512
	}
	sig, err := client.SignWithFlags(pub, toSign("sha512", "", payload), flags)
	if err != nil {
		return "", contextError(ctx, fmt.Errorf("signing with %s: the SSH agent does not sign with it: %w; is it listed by `ssh-add -l`?", s.key, err))
	}
	return encodeSSH(pub, sig), nil
}

// contextError is ctx's error if there is one, for then it is the reason.
func contextError(ctx context.Context, err error) error {
	if cause := ctx.Err(); cause != nil {
		return cause
	}
	return err
}
