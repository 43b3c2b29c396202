package watch

import (
	"path"
	"strings"
)

// Dropping reports whether a name is one that editors give to files of their
// own beside the one that is edited: backups, locks, swap files, halves of a
// save.
func Dropping(name string) bool {
	base := path.Base(name)
	switch {
	case base == "4913", // vim tries whether it may make files
		strings.HasSuffix(base, "~"),            // backups of vim, emacs, gedit, kate
		strings.HasPrefix(base, ".#"),           // locks of emacs
		strings.HasSuffix(base, ".tmp"),         // halves of a save, everywhere
		strings.HasSuffix(base, "___jb_tmp___"), // JetBrains
		strings.HasSuffix(base, "___jb_old___"),
		strings.HasPrefix(base, ".goutputstream"): // GLib
		return true
	}
	if len(base) > 2 && base[0] == '#' && base[len(base)-1] == '#' { // unsaved texts of emacs
		return true
	}
	// .name.swp and, when that is taken, .swo, .swn …: vim
	n := len(base)
	return n > 5 && base[0] == '.' && base[n-4:n-1] == ".sw" && base[n-1] >= 'a' && base[n-1] <= 'z'
}

// enterByDefault is Enter where the user gives none.
func enterByDefault(dir string) bool {
	base := path.Base(dir)
	return base != ".git" && !strings.HasPrefix(base, "..")
}

// join is the name of what is called base in the folder dir; "" is the root.
func join(dir, base string) string {
	if dir == "" {
		return base
	}
	return dir + "/" + base
}

// split is the reverse of join.
func split(name string) (dir, base string) {
	i := strings.LastIndexByte(name, '/')
	if i < 0 {
		return "", name
	}
	return name[:i], name[i+1:]
}
