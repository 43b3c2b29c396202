package refs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// A Log is an entry for the reflogs.
type Log struct {
	Ident   object.Ident // who, and when
	Message string       // one line; white space is squeezed as git does
}

// gitDirs returns the git directories of all work trees, the main one first.
func (s *Store) gitDirs() []string {
	dirs := []string{s.commonDir}
	linked := filepath.Join(s.commonDir, "worktrees")
	entries, err := os.ReadDir(linked)
	if err != nil {
		return dirs // no linked work tree
	}
	for _, e := range entries {
		dirs = append(dirs, filepath.Join(linked, e.Name()))
	}
	return dirs
}

// leadsTo reports whether that HEAD is a symbolic reference to name.
func (s *Store) leadsTo(head, name string) bool {
	_, target, err := readFile(head)
	if err != nil || target == "" {
		return false
	}
	if target == name {
		return true
	}
	end, _, err := s.resolve(target)
	return end == name && (err == nil || err == ErrNotFound)
}

// begins reports whether a reflog is begun for name where there is none
// (core.logAllRefUpdates).
func (s *Store) begins(name string) bool {
	switch s.opts.LogAll {
	case "always":
		return true
	case "false":
		return false
	case "":
		if s.opts.Bare {
			return false
		}
	}
	return name == "HEAD" || strings.HasPrefix(name, "refs/heads/") ||
		strings.HasPrefix(name, "refs/remotes/") || strings.HasPrefix(name, "refs/notes/")
}

// keepsLog reports whether an update of name is logged.
func (s *Store) keepsLog(gitDir, name string) bool {
	return s.begins(name) || exists(filepath.Join(gitDir, "logs", filepath.FromSlash(name)))
}

// writeLogs appends to the reflog of the reference and to those of the HEADs
// that are locked. Git too writes them before the reference moves. undo takes
// the lines back.
func (u *Update) writeLogs(id object.ID, log Log) (undo func(), err error) {
	var done []func()
	undo = func() {
		for _, u := range done {
			u()
		}
	}
	line := append(u.old.Append(nil), ' ')
	line = append(id.Append(line), ' ')
	line = log.Ident.Append(line)
	if msg := strings.Join(strings.FieldsFunc(log.Message, isBlank), " "); msg != "" {
		line = append(append(line, '\t'), msg...)
	}
	line = append(line, '\n')

	if id != u.old { // git logs what changes nothing for HEAD alone
		dir := u.store.commonDir
		if perWorktree(u.name) {
			dir = u.store.gitDir
		}
		var back func()
		back, err = u.store.appendLog(dir, u.name, line)
		done = append(done, back)
	}
	for _, h := range u.heads {
		if err == nil {
			var back func()
			back, err = u.store.appendLog(h.gitDir, "HEAD", line)
			done = append(done, back)
		}
	}
	return undo, err
}

// isBlank are the characters that may not stand in a line of a reflog, and
// white space. Others that control terminals are kept, as git keeps them.
func isBlank(c rune) bool {
	return c == ' ' || c == '\t' || c == '\n' || c == '\v' || c == '\f' || c == '\r' || c == 0
}

// appendLog appends a line to a reflog, if one is kept. back takes it away
// again: nobody else writes it, since the reference is locked.
func (s *Store) appendLog(gitDir, name string, line []byte) (back func(), err error) {
	back = func() {}
	path := filepath.Join(gitDir, "logs", filepath.FromSlash(name))
	f, err := s.openLog(path, s.begins(name))
	if f == nil || err != nil {
		return back, err
	}
	fi, err := f.Stat()
	if err != nil {
		f.Close()
		return back, err
	}
	back = func() { _ = os.Truncate(path, fi.Size()) }
	_, err = f.Write(line)
	if err = errors.Join(err, f.Close()); err != nil {
		back()
	}
	return back, err
}

// openLog returns nil if there is no reflog and none is to be begun.
func (s *Store) openLog(path string, begin bool) (*os.File, error) {
	flags := os.O_WRONLY | os.O_APPEND | nonBlock
	if begin {
		flags |= os.O_CREATE
	}
	for range 20 {
		f, err := os.OpenFile(path, flags, 0o666)
		switch {
		case err == nil:
			if s.opts.Perm != 0 && begin {
				_ = f.Chmod(s.opts.Perm) // may belong to someone else who shares the repository
			}
			return f, nil
		case !begin && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.EISDIR) || errors.Is(err, syscall.ENOTDIR)):
			return nil, nil
		case begin && errors.Is(err, syscall.EISDIR): // left where the logs of deleted branches were
			if removeEmpty(path); exists(path) {
				return nil, err
			}
		case begin && errors.Is(err, fs.ErrNotExist):
			if err := s.makeLogDir(filepath.Dir(path)); err != nil {
				return nil, err
			}
		default:
			return nil, err
		}
	}
	return nil, &fs.PathError{Op: "open", Path: path, Err: errors.New("its folder is removed again and again")}
}

func (s *Store) makeLogDir(dir string) error {
	u := Update{store: s}
	return u.makeDir(dir)
}
