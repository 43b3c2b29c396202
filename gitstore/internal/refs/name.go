package refs

import (
	"fmt"
	"strings"
)

// CheckName reports whether git would accept name as the full name of a
// reference (git-check-ref-format): below refs/, and none that could lead
// elsewhere.
func CheckName(name string) error {
	if !strings.HasPrefix(name, "refs/") || !valid(name) {
		return fmt.Errorf("%q is not a valid name for a reference; see git help check-ref-format", name)
	}
	return nil
}

// valid applies git's rules for each part of a name.
func valid(name string) bool {
	if name == "" || name == "@" || name[len(name)-1] == '.' {
		return false
	}
	start := 0 // of the part
	for i := 0; i <= len(name); i++ {
		if i == len(name) || name[i] == '/' {
			part := name[start:i]
			if part == "" || part[0] == '.' || strings.HasSuffix(part, ".lock") {
				return false
			}
			start = i + 1
			continue
		}
		switch c := name[i]; {
		case c <= ' ', c == 0x7f:
			return false
		case c == '~', c == '^', c == ':', c == '?', c == '*', c == '[', c == '\\':
			return false
		case c == '.' && i+1 < len(name) && name[i+1] == '.':
			return false
		case c == '@' && i+1 < len(name) && name[i+1] == '{':
			return false
		}
	}
	return true
}

// readable reports whether name may be looked up: a reference, or a file like
// HEAD and ORIG_HEAD at the top of the git directory.
func readable(name string) bool {
	if strings.HasPrefix(name, "refs/") {
		return valid(name)
	}
	for i := range len(name) {
		if c := name[i]; (c < 'A' || c > 'Z') && c != '_' && c != '-' {
			return false
		}
	}
	return name != ""
}

// perWorktree reports whether each work tree has its own reference of that
// name.
func perWorktree(name string) bool {
	return !strings.HasPrefix(name, "refs/") || strings.HasPrefix(name, "refs/bisect/") ||
		strings.HasPrefix(name, "refs/worktree/") || strings.HasPrefix(name, "refs/rewritten/")
}
