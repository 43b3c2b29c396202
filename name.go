package prompty

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Limits that every backend shares; the language itself stops at 4 MiB.
const MaxNameBytes, MaxSourceBytes = 200, 16 << 20

const maxTenantBytes = 64

// CheckName gives an [ErrInvalidName] unless name is good on every system: a path
// that [fs.ValidPath] accepts, of 1 to [MaxNameBytes] bytes of UTF-8 in normal
// form C, without control characters and \ : * ? " < > |, no segment starting
// with a dot, ending in a dot or a space, or a device name of Windows (CON …). A
// first segment "@…" is a tenant ([ForTenant]), of ≤ 64 bytes, and not counted.
func CheckName(name string) error {
	if reason := nameFault(name); reason != "" {
		return NewStorageInvalidNameError(name, reason)
	}
	return nil
}

func nameFault(name string) string {
	rest := name
	if strings.HasPrefix(name, "@") {
		tenant, after, ok := strings.Cut(name[1:], "/")
		if !ok || after == "" {
			return "a first segment that starts with @ names a tenant and needs a name after it"
		}
		if fault := tenantFault(tenant); fault != "" {
			return fault
		}
		rest = after
	}
	switch {
	case rest == "":
		return "it is empty"
	case len(rest) > MaxNameBytes:
		return fmt.Sprintf("it has %d bytes, the limit is %d", len(rest), MaxNameBytes)
	}
	return pathFault(name)
}

// tenantFault says why id cannot name a tenant; "" if it can.
func tenantFault(id string) string {
	switch {
	case id == "":
		return "the tenant is empty"
	case len(id) > maxTenantBytes:
		return fmt.Sprintf("the tenant has %d bytes, the limit is %d", len(id), maxTenantBytes)
	case strings.ContainsAny(id, "/@"):
		return "the tenant has a slash or an @ in it"
	}
	return pathFault(id)
}

func pathFault(name string) string {
	if isPlain(name) {
		return ""
	}
	switch {
	case !utf8.ValidString(name):
		return "it is not valid UTF-8"
	case !norm.NFC.IsNormalString(name):
		return "it is not in Unicode normal form C"
	case !fs.ValidPath(name) || name == ".":
		return "it is not a clean relative path: no leading, trailing or double slash, no . or .. segment"
	}
	for _, r := range name {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == utf8.RuneError {
			return fmt.Sprintf("it has the control character %U", r)
		}
		if strings.ContainsRune(`\:*?"<>|`, r) {
			return fmt.Sprintf("it has the character %q, which some systems forbid", r)
		}
	}
	for seg := range strings.SplitSeq(name, "/") {
		switch {
		case seg[0] == '.':
			return fmt.Sprintf("segment %q starts with a dot", seg)
		case seg[len(seg)-1] == '.' || seg[len(seg)-1] == ' ':
			return fmt.Sprintf("segment %q ends in a dot or a space", seg)
		case isDeviceName(seg):
			return fmt.Sprintf("segment %q is a device name on Windows", seg)
		}
	}
	return ""
}

// isPlain passes the names that nearly everybody uses without a second look:
// lower-case words, digits, "-" and "_", each segment starting with such a
// letter and too long to be a device name. It is only a short cut.
func isPlain(name string) bool {
	n := 0 // bytes in this segment
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '_', c == '-':
			n++
		case c == '/' && n > 4:
			n = 0
		default:
			return false
		}
	}
	return n > 4
}

// isDeviceName follows "Naming Files, Paths, and Namespaces" in Microsoft's
// documentation of Win32: the name up to the first dot decides, and the
// superscript digits 1 to 3 count as digits.
func isDeviceName(seg string) bool {
	base, _, _ := strings.Cut(seg, ".")
	base = strings.ToUpper(strings.TrimRight(base, " "))
	switch base {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	for _, port := range []string{"COM", "LPT"} {
		if d, ok := strings.CutPrefix(base, port); ok {
			switch d {
			case "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "¹", "²", "³":
				return true
			}
		}
	}
	return false
}

// CheckTemplate is what every Save asks first: is the name good ([CheckName]),
// is all text valid UTF-8 without NUL, and Source at most [MaxSourceBytes] (else
// [ErrInvalidTemplate])? Whether Source is a good template is not asked here.
func CheckTemplate(t *StoredTemplate) error {
	if t == nil {
		return &StorageError{Op: "save", Err: fmt.Errorf("%w: it is nil", ErrInvalidTemplate)}
	}
	if err := CheckName(t.Name); err != nil {
		return err
	}
	if err := checkContent(t); err != nil {
		return &StorageError{Op: "save", Name: t.Name, Err: fmt.Errorf("%w: %w", ErrInvalidTemplate, err)}
	}
	return nil
}

func checkContent(t *StoredTemplate) error {
	if len(t.Source) > MaxSourceBytes {
		return fmt.Errorf("source has %d bytes, the limit is %d", len(t.Source), MaxSourceBytes)
	}
	err := errors.Join(checkText("source", t.Source), checkText("created_by", t.CreatedBy), checkText("tenant_id", t.TenantID))
	for _, tag := range t.Tags {
		err = errors.Join(err, checkText("tag", tag))
	}
	for k, v := range t.Metadata {
		err = errors.Join(err, checkText("metadata key", k), checkText("metadata value", v))
	}
	return err
}

func checkText(what, s string) error {
	if i := strings.IndexByte(s, 0); i >= 0 {
		return fmt.Errorf("%s has a NUL at byte %d", what, i)
	}
	if utf8.ValidString(s) {
		return nil
	}
	for i, r := range s {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return fmt.Errorf("%s is not valid UTF-8 at byte %d", what, i)
			}
		}
	}
	return fmt.Errorf("%s is not valid UTF-8", what)
}
