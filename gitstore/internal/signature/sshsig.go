package signature

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// The format is OpenSSH's PROTOCOL.sshsig.
const (
	sshBegin  = "-----BEGIN SSH SIGNATURE-----"
	sshEnd    = "-----END SSH SIGNATURE-----"
	sshMagic  = "SSHSIG"
	namespace = "git"
)

// sshBlob is what the armor holds, after the magic.
type sshBlob struct {
	Version   uint32
	PublicKey []byte
	Namespace string
	Reserved  string
	Hash      string
	Signature []byte
}

// toSign is what the key signs: not the payload itself, so that no signature
// made for one purpose serves for another. It is nil for an unknown hash.
func toSign(hash, reserved string, payload []byte) []byte {
	var sum []byte
	switch hash {
	case "sha256":
		h := sha256.Sum256(payload)
		sum = h[:]
	case "sha512":
		h := sha512.Sum512(payload)
		sum = h[:]
	default:
		return nil
	}
	return append([]byte(sshMagic), ssh.Marshal(struct {
		Namespace, Reserved, Hash string
		Sum                       []byte
	}{namespace, reserved, hash, sum})...)
}

func encodeSSH(pub ssh.PublicKey, sig *ssh.Signature) string {
	return armorSSH(sshBlob{
		Version:   1,
		PublicKey: pub.Marshal(),
		Namespace: namespace,
		Hash:      "sha512",
		Signature: ssh.Marshal(sig),
	})
}

func armorSSH(blob sshBlob) string {
	text := base64.StdEncoding.EncodeToString(append([]byte(sshMagic), ssh.Marshal(blob)...))
	var b strings.Builder
	b.WriteString(sshBegin + "\n")
	for len(text) > 0 {
		n := min(len(text), 70)
		b.WriteString(text[:n] + "\n")
		text = text[n:]
	}
	b.WriteString(sshEnd)
	return b.String()
}

// decodeSSH undoes encodeSSH. What is not exactly one signature is refused.
func decodeSSH(armored string) (blob sshBlob, sig ssh.Signature, ok bool) {
	text, ok := strings.CutPrefix(armored, sshBegin)
	if !ok {
		return blob, sig, false
	}
	text, after, ok := strings.Cut(text, sshEnd)
	if !ok || strings.TrimSpace(after) != "" {
		return blob, sig, false
	}
	raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return blob, sig, false
	}
	raw, ok = bytes.CutPrefix(raw, []byte(sshMagic))
	if !ok || ssh.Unmarshal(raw, &blob) != nil || ssh.Unmarshal(blob.Signature, &sig) != nil {
		return blob, sig, false
	}
	return blob, sig, blob.Version == 1 && blob.Namespace == namespace
}

func (k *Keys) verifySSH(payload []byte, armored string) State {
	blob, sig, ok := decodeSSH(armored)
	if !ok {
		return Bad
	}
	if !supported(firstString(blob.PublicKey)) {
		return Unverified
	}
	pub, err := ssh.ParsePublicKey(blob.PublicKey)
	if err != nil {
		return Bad
	}
	signed := toSign(blob.Hash, blob.Reserved, payload)
	if signed == nil {
		return Bad
	}
	if keyType(pub) == ssh.KeyAlgoRSA && sig.Format != ssh.KeyAlgoRSASHA256 && sig.Format != ssh.KeyAlgoRSASHA512 {
		return Bad // the protocol forbids SHA-1
	}
	if cert, ok := pub.(*ssh.Certificate); ok {
		err = cert.Key.Verify(signed, &sig)
	} else {
		err = pub.Verify(signed, &sig)
	}
	if err != nil {
		return Bad
	}
	if k == nil {
		return Unverified
	}
	at, ok := committedAt(payload)
	for _, a := range k.ssh {
		if ok && a.allows(pub, at) {
			return Good
		}
	}
	return Unverified
}

// keyType is the type of the key itself, also when it is in a certificate.
func keyType(pub ssh.PublicKey) string {
	if cert, ok := pub.(*ssh.Certificate); ok {
		return cert.Key.Type()
	}
	return pub.Type()
}

// supported reports whether keys of this type can be checked. DSA is not, as
// in OpenSSH since 9.8.
func supported(keyType string) bool {
	switch strings.TrimSuffix(keyType, "-cert-v01@openssh.com") {
	case ssh.KeyAlgoRSA, ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521,
		ssh.KeyAlgoSKED25519, ssh.KeyAlgoSKECDSA256, "sk-ssh-ed25519", "sk-ecdsa-sha2-nistp256":
		return true
	}
	return false
}

// firstString is the type in the wire form of a key.
func firstString(key []byte) string {
	if len(key) < 4 {
		return ""
	}
	n := binary.BigEndian.Uint32(key)
	if uint64(n) > uint64(len(key)-4) {
		return ""
	}
	return string(key[4 : 4+n])
}

// committedAt is the time in a commit's committer header.
func committedAt(payload []byte) (time.Time, bool) {
	headers, _, _ := bytes.Cut(payload, []byte("\n\n"))
	for line := range bytes.Lines(headers) {
		rest, ok := bytes.CutPrefix(line, []byte("committer "))
		if !ok {
			continue
		}
		fields := bytes.Fields(rest[bytes.LastIndexByte(rest, '>')+1:])
		if len(fields) == 0 {
			return time.Time{}, false
		}
		sec, err := strconv.ParseInt(string(fields[0]), 10, 64)
		return time.Unix(sec, 0), err == nil
	}
	return time.Time{}, false
}
