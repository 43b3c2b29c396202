package signature

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

type keyring = openpgp.EntityList

func newOpenPGP(o Options) (Signer, error) {
	if !isPath(o.Key) {
		s := gpgSigner{program: o.Program, key: o.Key}
		if s.program == "" {
			s.program = "gpg"
		}
		if s.key == "" {
			s.key = o.Committer
		}
		if s.key == "" {
			return nil, errors.New("signing with openpgp needs a key: set user.signingKey to a key's id or to the path of an exported secret key")
		}
		return s, nil
	}
	data, err := readFile(o.Key)
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	keys, err := parseKeyring(data)
	if err != nil {
		return nil, fmt.Errorf("signing key: %s: %w; write it with `gpg --export-secret-keys --armor`", o.Key, err)
	}
	for _, entity := range keys {
		key, ok := entity.SigningKey(time.Now())
		if !ok || key.PrivateKey == nil || key.PrivateKey.Dummy() {
			continue
		}
		if key.PrivateKey.Encrypted {
			return nil, fmt.Errorf("signing key: %s has a passphrase; import it into gpg and give the key's id, so that gpg's agent asks for it", o.Key)
		}
		return fileSigner{path: o.Key, entity: entity}, nil
	}
	return nil, fmt.Errorf("signing key: %s has no secret key that may sign today; see `gpg --show-keys %[1]s`", o.Key)
}

// isPath tells a path from what gpg takes for a key, such as
// "Ann (work/home) <ann@example.org>".
func isPath(key string) bool {
	for _, prefix := range []string{"./", "../", "~/"} {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return filepath.IsAbs(key)
}

// fileSigner signs with an exported secret key.
type fileSigner struct {
	path   string
	entity *openpgp.Entity
}

func (s fileSigner) Sign(ctx context.Context, payload []byte) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	var b strings.Builder
	if err := openpgp.ArmoredDetachSign(&b, s.entity, bytes.NewReader(payload), nil); err != nil {
		return "", fmt.Errorf("signing with %s: %w", s.path, err)
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// gpgSigner runs gpg as git does, because the key is gpg's and its agent may
// have to ask for the passphrase.
type gpgSigner struct {
	program, key string
}

func (s gpgSigner) Sign(ctx context.Context, payload []byte) (string, error) {
	cmd := exec.CommandContext(ctx, s.program, "--status-fd=2", "-bsau", s.key)
	cmd.WaitDelay = time.Second // a child of gpg may hold the pipes
	var out, status strings.Builder
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(payload), &out, &status
	err := cmd.Run()
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	// gpg may end with 0 and have signed nothing.
	if err == nil && !strings.Contains("\n"+status.String(), "\n[GNUPG:] SIG_CREATED ") {
		err = errors.New("no signature")
	}
	if err != nil {
		return "", fmt.Errorf("signing with %q by %s: %w: %s", s.key, s.program, err, said(status.String()))
	}
	return strings.TrimSuffix(strings.ReplaceAll(out.String(), "\r\n", "\n"), "\n"), nil
}

// said is what gpg wrote for people.
func said(status string) string {
	var lines []string
	for line := range strings.Lines(status) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "[GNUPG:]") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}

// parseKeyring reads keys, binary or in any number of armored blocks.
func parseKeyring(data []byte) (keyring, error) {
	if !bytes.Contains(data, []byte("-----BEGIN PGP ")) {
		keys, err := openpgp.ReadKeyRing(bytes.NewReader(data))
		if err == nil && len(keys) == 0 {
			err = errors.New("no OpenPGP key in it")
		}
		return keys, err
	}
	var all keyring
	for text := data; ; {
		begin := bytes.Index(text, []byte("-----BEGIN PGP "))
		if begin < 0 {
			return all, nil
		}
		keys, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(text[begin:]))
		if err != nil {
			return nil, err
		}
		all = append(all, keys...)
		text = text[begin+1:]
	}
}

func (k *Keys) verifyOpenPGP(payload []byte, armored string) State {
	var keys keyring
	if k != nil {
		keys = k.openpgp
	}
	block, err := armor.Decode(strings.NewReader(armored))
	if err != nil || block.Type != openpgp.SignatureType || strings.Count(armored, "-----BEGIN PGP ") != 1 {
		return Bad
	}
	raw, err := io.ReadAll(block.Body)
	if err != nil {
		return Bad
	}
	check := func(config *packet.Config) (*packet.Signature, error) {
		sig, _, err := openpgp.VerifyDetachedSignature(keys, bytes.NewReader(payload), bytes.NewReader(raw), config)
		return sig, err
	}
	sig, err := check(nil)
	if sig != nil && (errors.Is(err, pgperrors.ErrKeyExpired) || errors.Is(err, pgperrors.ErrSignatureExpired)) {
		// Signed while the key was valid: history does not go bad by waiting.
		_, err = check(&packet.Config{Time: func() time.Time { return sig.CreationTime }})
	}
	var unsupported pgperrors.UnsupportedError
	switch {
	case err == nil:
		return Good
	case errors.Is(err, pgperrors.ErrUnknownIssuer), errors.As(err, &unsupported):
		return Unverified
	}
	return Bad
}
