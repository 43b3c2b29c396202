// Package repo finds a git repository and says what it is: its directories,
// configuration, owner and work trees, what a revision's name means there, and
// whether it uses something that this module cannot read.
package repo

import (
	"io/fs"
	"strconv"
	"strings"

	"github.com/go-prompty/prompty/gitstore/internal/refs"
)

// ErrNoRepository is what Find gives, wrapped, where there is no repository. It
// is an [fs.ErrNotExist].
var ErrNoRepository error = noRepository{}

type noRepository struct{}

func (noRepository) Error() string        { return "no git repository" }
func (noRepository) Is(target error) bool { return target == fs.ErrNotExist }

// A Repo is a repository as seen from one of its work trees. All paths are
// absolute, in the system's form, with symbolic links resolved.
type Repo struct {
	GitDir     string  // the work tree's own: HEAD and the index stand there
	CommonDir  string  // shared by all work trees: objects, refs, config; GitDir unless the work tree is a linked one
	WorkTree   string  // "" if Bare
	Prefix     string  // where in the work tree Find's path lies, slash-separated; "" for its top
	Bare       bool    // without a work tree
	ObjectsDir string  // CommonDir's objects
	Config     *Config // what git would read here

	gitFile  string                 // the file .git that led here, if one did
	mainPath func() (string, error) // of the main work tree, found once
}

// Options change what Find accepts.
type Options struct {
	AnyOwner bool // accept a repository that belongs to another user
}

// FilePerm returns the mode for new files that core.sharedRepository asks for;
// 0 if it asks for none and the umask rules.
func (r *Repo) FilePerm() fs.FileMode {
	value, ok := r.Config.String("core.sharedRepository")
	if !ok {
		return 0
	}
	switch strings.ToLower(value) {
	case "group", "true", "yes", "on", "1":
		return 0o666&^umask() | 0o660
	case "all", "world", "everybody", "2":
		return 0o666&^umask() | 0o664
	}
	// Any other number is the mode itself, in octal; what git refuses counts as none.
	mode, err := strconv.ParseUint(value, 8, 32)
	if err != nil || mode&0o600 != 0o600 {
		return 0
	}
	return fs.FileMode(mode) & 0o666
}

// RefOptions returns what refs.Open needs to know of the configuration.
func (r *Repo) RefOptions() refs.Options {
	o := refs.Options{Bare: r.Bare, Perm: r.FilePerm()}
	const key = "core.logAllRefUpdates"
	value, ok := r.Config.String(key)
	if on, err := r.Config.Bool(key, false); ok && err == nil {
		o.LogAll = strconv.FormatBool(on)
	} else if strings.EqualFold(value, "always") {
		o.LogAll = "always"
	}
	return o
}
