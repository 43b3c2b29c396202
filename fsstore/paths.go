package fsstore

import (
	"path"
	"strconv"
	"strings"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/promptfile"
)

// The store's own folder and what is in it.
const (
	stateDir    = ".prompty"
	lockPath    = stateDir + "/lock"
	tmpDir      = stateDir + "/tmp"
	versionsDir = stateDir + "/versions"
)

// mark is what stands after a version file's extension. See repair.go for
// what the marks promise.
type mark string

const (
	live     mark = ""            // a version that readers see
	deleted  mark = ".deleted"    // one that they don't
	saving   mark = ".saving"     // Save is about to make it the latest
	deleting mark = ".deleting"   // DeleteVersion hides it; the one before it has to be laid into the tree
	removing mark = ".removing"   // Delete hides it and all before it; the tree's file has to go
	swapped  mark = ".swap"       // not a version: the tree's file before or after an exchange
	stray    mark = ".unreadable" // not a version: a displaced file that is no text and had nowhere to go
)

func isMark(m mark) bool {
	switch m {
	case live, deleted, saving, deleting, removing, swapped, stray:
		return true
	}
	return false
}

// layout turns names into paths and back, for one extension.
type layout struct{ ext string }

// tree is the path of a name's file. A folder whose name ends in the extension
// gets a dot in front, so that "a" and "a.prompty/b" can both exist.
func (l layout) tree(name string) string {
	if strings.Contains(name, l.ext+"/") {
		segs := strings.Split(name, "/")
		for i, seg := range segs[:len(segs)-1] {
			if strings.HasSuffix(seg, l.ext) {
				segs[i] = "." + seg
			}
		}
		name = strings.Join(segs, "/")
	}
	return promptfile.Path(name, l.ext)
}

// named is the inverse of tree; false for files that are no templates.
func (l layout) named(p string) (string, bool) {
	name, ok := promptfile.Name(p, l.ext)
	if !ok || !strings.Contains(name, l.ext+"/") {
		return name, ok
	}
	segs := strings.Split(name, "/")
	for i, seg := range segs[:len(segs)-1] {
		if strings.HasSuffix(seg, l.ext) {
			segs[i] = strings.TrimPrefix(seg, ".")
		}
	}
	return strings.Join(segs, "/"), true
}

// hidden reports whether an entry of the tree is none of ours: it starts with
// a dot, and not because tree put it there.
func (l layout) hidden(e dirent) bool {
	return e.name[0] == '.' && !(e.mode.IsDir() && !l.hiddenFolder(e.name))
}

func (l layout) hiddenFolder(name string) bool {
	return name[0] == '.' && (name[1:] == l.ext || !strings.HasSuffix(name[1:], l.ext))
}

// versions is the folder of a name's versions. A segment that looks like a
// version file gets a dot in front; names cannot start with one, so no two
// names share a folder.
func (l layout) versions(name string) string {
	if !strings.Contains(name, l.ext) {
		return versionsDir + "/" + name
	}
	segs := strings.Split(name, "/")
	for i, seg := range segs {
		if _, _, ok := l.parse(seg); ok {
			segs[i] = "." + seg
		}
	}
	return versionsDir + "/" + strings.Join(segs, "/")
}

func (l layout) version(name string, n int, m mark) string {
	return l.versions(name) + "/" + l.file(n, m)
}

func (l layout) file(n int, m mark) string {
	return strconv.Itoa(n) + l.ext + string(m)
}

// parse reads the name of a file in a versions folder.
func (l layout) parse(file string) (n int, m mark, ok bool) {
	digits, rest, found := strings.Cut(file, l.ext)
	if !found || len(digits) > 9 || digits == "" || digits[0] == '0' {
		return 0, "", false
	}
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return 0, "", false
		}
	}
	if m = mark(rest); !isMark(m) {
		return 0, "", false
	}
	n, _ = strconv.Atoi(digits)
	return n, m, true
}

// name is the inverse of versions, for folders below versionsDir.
func (l layout) name(dir string) string {
	name := strings.TrimPrefix(dir, versionsDir+"/")
	if name[0] != '.' && !strings.Contains(name, "/.") {
		return name
	}
	segs := strings.Split(name, "/")
	for i, seg := range segs {
		segs[i] = strings.TrimPrefix(seg, ".")
	}
	return strings.Join(segs, "/")
}

// ids are "name@version".

func makeID(name string, version int) prompty.TemplateID {
	return prompty.TemplateID(name + "@" + strconv.Itoa(version))
}

func parseID(id prompty.TemplateID) (name string, version int, ok bool) {
	i := strings.LastIndexByte(string(id), '@')
	if i < 0 {
		return "", 0, false
	}
	name = string(id[:i])
	version, err := strconv.Atoi(string(id[i+1:]))
	return name, version, err == nil && makeID(name, version) == id && prompty.CheckName(name) == nil
}

// ancestors lists the folders above a path, the nearest first, "." last.
func ancestors(p string) []string {
	var dirs []string
	for p != "." {
		p = path.Dir(p)
		dirs = append(dirs, p)
	}
	return dirs
}
