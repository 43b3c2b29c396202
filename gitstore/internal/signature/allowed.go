package signature

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// allowedSigner is a line of an allowed signers file, whose format is in
// ssh-keygen(1).
type allowedSigner struct {
	principals  string // a list of patterns
	key         ssh.PublicKey
	authority   bool      // the key signs certificates, not commits
	namespaces  string    // a list of patterns, "": all
	after, till time.Time // zero: for ever
}

// allows reports whether the line lets pub, whose signature is right, sign
// commits at that time.
func (a *allowedSigner) allows(pub ssh.PublicKey, at time.Time) bool {
	if a.namespaces != "" && !matchList(a.namespaces, namespace) ||
		!a.after.IsZero() && at.Before(a.after) ||
		!a.till.IsZero() && at.After(a.till) {
		return false
	}
	if !a.authority {
		return bytes.Equal(pub.Marshal(), a.key.Marshal())
	}
	cert, ok := pub.(*ssh.Certificate)
	if !ok || cert.CertType != ssh.UserCert || !bytes.Equal(cert.SignatureKey.Marshal(), a.key.Marshal()) {
		return false
	}
	i := slices.IndexFunc(cert.ValidPrincipals, func(p string) bool { return matchList(a.principals, p) })
	if i < 0 {
		return false
	}
	checker := ssh.CertChecker{Clock: func() time.Time { return at }}
	return checker.CheckCert(cert.ValidPrincipals[i], cert) == nil
}

// parseAllowedSigners reads the file's text. An error starts with the number
// of the line.
func parseAllowedSigners(text string) ([]allowedSigner, error) {
	var signers []allowedSigner
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		var a allowedSigner
		var rest string
		if quoted, ok := strings.CutPrefix(line, `"`); ok {
			a.principals, rest, ok = strings.Cut(quoted, `"`)
			if !ok {
				return nil, fmt.Errorf("%d: the quote of the principals is not closed", n)
			}
		} else if i := strings.IndexAny(line, " \t"); i > 0 {
			a.principals, rest = line[:i], line[i:]
		}
		key, _, options, _, err := ssh.ParseAuthorizedKey([]byte(rest))
		if err != nil {
			if hasUnsupportedKey(rest) {
				continue
			}
			return nil, fmt.Errorf("%d: %q is not `principals [options] key-type key`: %w", n, line, err)
		}
		a.key = key
		for _, option := range options {
			if err := a.set(option); err != nil {
				return nil, fmt.Errorf("%d: %w", n, err)
			}
		}
		signers = append(signers, a)
	}
	return signers, nil
}

// set takes an option such as namespaces="git,file".
func (a *allowedSigner) set(option string) (err error) {
	name, value, _ := strings.Cut(option, "=")
	value = strings.Trim(value, `"`)
	switch strings.ToLower(name) {
	case "cert-authority":
		a.authority = true
	case "namespaces":
		a.namespaces = value
	case "valid-after":
		a.after, err = parseTime(value)
	case "valid-before":
		a.till, err = parseTime(value)
	default:
		return fmt.Errorf("the option %s is not known; there are cert-authority, namespaces, valid-after and valid-before", name)
	}
	return err
}

// parseTime reads YYYYMMDD[HHMM[SS]][Z]; without the Z it is local time.
func parseTime(s string) (time.Time, error) {
	digits, utc := strings.CutSuffix(s, "Z")
	zone := time.Local
	if utc {
		zone = time.UTC
	}
	for _, layout := range []string{"20060102", "200601021504", "20060102150405"} {
		if len(layout) == len(digits) {
			if t, err := time.ParseInLocation(layout, digits, zone); err == nil {
				return t, nil
			}
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time such as 20260131 or 202601311200Z", s)
}

// hasUnsupportedKey finds a well-formed key of a type that cannot be checked:
// git's own file may hold such lines.
func hasUnsupportedKey(line string) bool {
	fields := strings.Fields(line)
	for i := 1; i < len(fields); i++ {
		blob, err := base64.StdEncoding.DecodeString(fields[i])
		if err == nil && firstString(blob) == fields[i-1] && !supported(fields[i-1]) {
			return true
		}
	}
	return false
}

// matchList is OpenSSH's match_pattern_list: patterns separated by commas, of
// which one must match and none that starts with "!".
func matchList(list, s string) bool {
	found := false
	for pattern := range strings.SplitSeq(list, ",") {
		pattern, not := strings.CutPrefix(pattern, "!")
		if match(pattern, s) {
			if not {
				return false
			}
			found = true
		}
	}
	return found
}

// match knows * and ?, in time proportional to the product of the lengths.
func match(pattern, s string) bool {
	star, from := -1, 0 // the last star, and where in s what follows it was tried
	p, i := 0, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			from++
			p, i = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
