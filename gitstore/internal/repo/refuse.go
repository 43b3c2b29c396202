package repo

import (
	"fmt"
	"path/filepath"
	"strings"
)

// A RefusedError says why a repository cannot be used, and what would help.
type RefusedError struct {
	Path   string
	Reason string
	Remedy string
}

// Error gives the three parts in one line.
func (e *RefusedError) Error() string { return e.Path + " " + e.Reason + "; " + e.Remedy }

// checkFormat refuses what this module would misread: formats of later
// versions of git, and objects that are not there.
func (r *Repo) checkFormat(settings []setting) error {
	refuse := func(reason, remedy string) error {
		return &RefusedError{Path: r.CommonDir, Reason: reason, Remedy: remedy}
	}
	version, err := r.Config.Int("core.repositoryFormatVersion", 0)
	if err != nil {
		return err
	}
	if version != 0 && version != 1 {
		return refuse(fmt.Sprintf("has the repository format version %d, and only 0 and 1 are known", version), "use a later version of prompty, or clone it in the format of today")
	}
	for _, s := range settings {
		if s.trusted {
			continue // an extension is the repository's alone
		}
		name, ok := strings.CutPrefix(s.key, "extensions.")
		value := strings.ToLower(s.text())
		switch {
		case !ok:
		case name == "objectformat" && value != "sha1":
			return refuse("has the object format "+s.text()+", and only sha1 can be read", "clone into a repository that git init --object-format=sha1 made, by way of git fast-export")
		case name == "refstorage" && value != "files":
			return refuse("keeps its references as "+s.text()+", and only files can be read", "run git refs migrate --ref-format=files in it")
		case name == "partialclone":
			return refuse("is a partial clone of "+s.text()+": some objects are not in it", "make a whole clone (git clone without --filter)")
		case version == 1 && !knownExtension[name]:
			return refuse("uses the extension "+name+", which is not known", "use a later version of prompty, or clone it without")
		}
	}
	for _, s := range settings {
		if remote, ok := strings.CutSuffix(s.key, ".promisor"); ok && strings.HasPrefix(remote, "remote.") {
			if on, err := r.Config.Bool(s.key, false); err != nil {
				return err
			} else if on {
				return refuse("is a partial clone of "+strings.TrimPrefix(remote, "remote.")+": some objects are not in it", "make a whole clone (git clone without --filter)")
			}
		}
	}
	return nil
}

// knownExtension are the extensions that change nothing for who reads and
// writes objects and references, apart from those that checkFormat knows.
var knownExtension = map[string]bool{
	"noop": true, "noop-v1": true, "preciousobjects": true, "worktreeconfig": true,
	"objectformat": true, "refstorage": true, "relativeworktrees": true,
}

// checkOwner applies git's rule for safe.directory: the repository belongs to
// this user, or the user's own configuration names it.
func (r *Repo) checkOwner(own *Config) error {
	strange := ""
	for _, path := range []string{r.gitFile, r.WorkTree, r.GitDir} {
		if path != "" && !ownedByUs(path) {
			strange = path
			break
		}
	}
	if strange == "" {
		return nil
	}
	top := r.WorkTree
	if top == "" {
		top = r.GitDir
	}
	safe := false
	for _, value := range own.All("safe.directory") {
		path := expandHome(value)
		if under, ok := strings.CutSuffix(path, "/*"); ok && inside(resolved(under), top) {
			safe = true
			continue
		}
		switch {
		case value == "":
			safe = false // begins the list anew
		case value == "*", filepath.IsAbs(path) && resolved(path) == top:
			safe = true
		}
	}
	if safe {
		return nil
	}
	return &RefusedError{Path: strange, Reason: "belongs to another user, who could make git run what they like",
		Remedy: "if you trust it, run git config --global --add safe.directory " + top + ", or open it with owner=any"}
}

// resolved is path without symbolic links, as far as that can be found.
func resolved(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return filepath.Clean(path)
}
