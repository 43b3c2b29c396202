package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"syscall"
)

// tempName is a name beside a file for what is to become that file.
func tempName(path string) string {
	return filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s.%08x.prompty.tmp", filepath.Base(path), rand.Uint32()))
}

var tempNames = regexp.MustCompile(`^\..+\.[0-9a-f]{8}\.prompty\.tmp$`)

func isTempName(name string) bool { return tempNames.MatchString(name) }

// writeNew writes a file where there is none yet, whole or not at all. What
// stands there already is left alone, and is [fs.ErrExist].
func writeNew(path string, data []byte) error {
	temp := tempName(path)
	f, err := os.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
	if fault, ok := errors.AsType[*fs.PathError](err); ok {
		fault.Path = path // the one that people know
	}
	if err != nil {
		return err
	}
	defer os.Remove(temp)
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	// A link, unlike a rename, does not replace anything.
	if err = os.Link(temp, path); err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	if _, err := os.Lstat(path); err == nil { // a file system without links
		return &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}
	}
	return os.Rename(temp, path)
}

// makeFolders makes a folder with those above it, and returns those that were
// not there, the outermost first, also beside an error.
func makeFolders(path string) (made []string, err error) {
	var missing []string
	for p := path; ; p = filepath.Dir(p) {
		fi, err := os.Stat(p)
		if err == nil && !fi.IsDir() {
			return nil, &inTheWay{p}
		}
		if err == nil || p == filepath.Dir(p) {
			break
		}
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
			return nil, err
		}
		missing = append(missing, p)
	}
	for i := len(missing) - 1; i >= 0; i-- {
		switch err := os.Mkdir(missing[i], 0o777); {
		case err == nil:
			made = append(made, missing[i])
		case !errors.Is(err, fs.ErrExist): // somebody else was faster
			return made, err
		}
	}
	return made, nil
}

// inTheWay is a file where a folder has to be.
type inTheWay struct{ path string }

func (e *inTheWay) Error() string {
	return fmt.Sprintf("%q is a file where a folder has to be", e.path)
}
