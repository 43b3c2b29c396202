package gitstore

import (
	"fmt"
	"strings"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/promptfile"
)

// layout turns names into paths in the repository and back.
type layout struct {
	dir string // "" or ending in a slash
	ext string
}

// path is where a name's file is. A folder whose name ends in the extension
// gets a dot in front, so that "a" and "a.prompty/b" can both exist.
func (l layout) path(name string) string {
	if strings.Contains(name, l.ext+"/") {
		segs := strings.Split(name, "/")
		for i, seg := range segs[:len(segs)-1] {
			if strings.HasSuffix(seg, l.ext) {
				segs[i] = "." + seg
			}
		}
		name = strings.Join(segs, "/")
	}
	return l.dir + name + l.ext
}

// name is the inverse of path. A path whose name CheckName refuses gives the
// error; one that is no template's gives "" and none.
func (l layout) name(path string) (string, error) {
	rest, ok := strings.CutPrefix(path, l.dir)
	if !ok {
		return "", nil
	}
	name, ok := promptfile.Name(rest, l.ext)
	if !ok {
		return "", nil
	}
	if strings.HasPrefix(name, ".") || strings.Contains(name, "/.") || strings.Contains(name, l.ext+"/") {
		segs := strings.Split(name, "/")
		for i, seg := range segs {
			folder := i < len(segs)-1 && strings.HasSuffix(seg, l.ext)
			switch {
			case folder && seg[0] == '.' && seg != l.ext:
				segs[i] = seg[1:]
			case folder:
				return "", fmt.Errorf("%w: %s is in a folder whose name ends in %s; rename the folder, or put a dot in front", prompty.ErrInvalidName, path, l.ext)
			case seg[0] == '.':
				return "", nil // hidden
			}
		}
		name = strings.Join(segs, "/")
	}
	if err := prompty.CheckName(name); err != nil {
		return "", fmt.Errorf("%w: %s; rename the file", err, path)
	}
	return name, nil
}

// checkWrite refuses names that git fsck --strict objects to, as on some system
// they are git's own files: git's fsck.c, is_hfs_dotgit and is_ntfs_dotgit.
// [prompty.CheckName] has refused plainer ones.
func checkWrite(name string) error {
	if isASCII(name) && !strings.ContainsRune(name, '~') {
		return nil // a name cannot start with a dot
	}
	for seg := range strings.SplitSeq(name, "/") {
		seg := strings.ToLower(strings.Map(ignoredByHFS, seg))
		for _, own := range []string{".git", "git~1", "gitmod~", "gi7eba~", "gitatt~", "gi7d29~"} {
			if strings.HasPrefix(seg, own) {
				return prompty.NewStorageInvalidNameError(name, fmt.Sprintf("segment %q is one of git's own files on some systems", seg))
			}
		}
	}
	return nil
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// ignoredByHFS drops the characters that a Mac's file system does not tell
// names apart by: git's utf8.c, next_hfs_char.
func ignoredByHFS(r rune) rune {
	switch {
	case r >= 0x200c && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x206a && r <= 0x206f, r == 0xfeff:
		return -1
	}
	return r
}

// fold maps names that a case-insensitive file system takes for one to one.
func fold(s string) string { return strings.ToLower(strings.ToUpper(s)) }
