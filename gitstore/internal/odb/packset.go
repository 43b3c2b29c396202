package odb

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// packSet is what one look into the folders found. It does not change.
type packSet struct {
	dirs    []string // the repository's own folder, then its alternates
	lost    []string // alternates that are not there
	packs   []*pack  // the newest first within each folder
	problem error    // the first folder that could not be read
}

// current gives the packs that are known, and looks for them the first time.
func (db *DB) current() (*packSet, error) {
	if set := db.set.Load(); set != nil {
		return set, nil
	}
	set, _, err := db.rescan(nil)
	return set, err
}

// rescan looks into the folders again, unless somebody did so since seen was
// loaded: fresh says who. Misses that come at the same time share one look.
func (db *DB) rescan(seen *packSet) (set *packSet, fresh bool, err error) {
	db.scan.Lock()
	defer db.scan.Unlock()
	if db.closed.Load() {
		return nil, false, os.ErrClosed
	}
	if now := db.set.Load(); now != seen {
		return now, false, nil
	}
	known := make(map[string]*pack)
	if seen != nil {
		for _, p := range seen.packs {
			known[p.path] = p
		}
	}
	set = &packSet{}
	set.dirs, set.lost = alternates(db.dir)
	for _, dir := range set.dirs {
		packs, err := db.list(filepath.Join(dir, "pack"), known)
		if err != nil && set.problem == nil {
			set.problem = err
		}
		set.packs = append(set.packs, packs...)
	}
	db.set.Store(set)
	for _, p := range known { // what is not there any more
		db.recent.CompareAndSwap(p, nil)
		_ = p.close()
	}
	return set, true, nil
}

// list gives the packs in a folder, and takes those that it knows out of known.
func (db *DB) list(dir string, known map[string]*pack) ([]*pack, error) {
	entries, err := listSettled(dir)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return nil, err
	}
	cruft := make(map[string]bool)
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".mtimes"); ok {
			cruft[name+".idx"] = true
		}
	}
	var packs []*pack
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".idx") {
			continue
		}
		fi, err := e.Info()
		if err != nil {
			continue // removed meanwhile
		}
		p := newPack(filepath.Join(dir, e.Name()), fi, db.windows)
		if old := known[p.path]; old != nil && sameFile(old.info, fi) {
			delete(known, p.path)
			p = old
		} else {
			p.cruft = cruft[e.Name()]
		}
		packs = append(packs, p)
	}
	slices.SortStableFunc(packs, func(a, b *pack) int { return b.info.ModTime().Compare(a.info.ModTime()) })
	return packs, nil
}

// listSettled lists a folder that did not change meanwhile: else the new pack of
// a repack could be missed, and the old one be gone.
func listSettled(dir string) (entries []fs.DirEntry, err error) {
	for range 10 {
		before, err := os.Stat(dir)
		if err != nil {
			return nil, err
		}
		if entries, err = os.ReadDir(dir); err != nil {
			return nil, err
		}
		if after, err := os.Stat(dir); err == nil && after.ModTime().Equal(before.ModTime()) {
			break
		}
	}
	return entries, nil
}

func sameFile(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// maxAlternates bounds how far alternates of alternates are followed, as in Git.
const maxAlternates = 5

// alternates gives the folder and those that it borrows from, each once.
func alternates(dir string) (dirs, lost []string) {
	seen := make(map[string]bool)
	var follow func(dir string, depth int)
	follow = func(dir string, depth int) {
		real, err := filepath.EvalSymlinks(dir)
		if err == nil {
			var fi fs.FileInfo
			if fi, err = os.Stat(real); err == nil && !fi.IsDir() {
				err = fs.ErrNotExist
			}
		}
		if err != nil && depth > 0 {
			lost = append(lost, dir)
			return
		}
		if seen[real] || depth > maxAlternates || len(dirs) >= 100 {
			return
		}
		seen[real] = true
		dirs = append(dirs, dir)
		text, err := os.ReadFile(filepath.Join(dir, "info", "alternates"))
		if err != nil {
			return
		}
		for line := range strings.Lines(string(text)) {
			line = unquote(strings.TrimRight(line, "\r\n"))
			if line == "" || line[0] == '#' {
				continue
			}
			if !filepath.IsAbs(line) {
				line = filepath.Join(dir, line)
			}
			follow(filepath.Clean(line), depth+1)
		}
	}
	follow(dir, 0)
	return dirs, lost
}

// unquote undoes Git's quoting of unusual paths, which is that of C.
func unquote(line string) string {
	if len(line) < 2 || line[0] != '"' || line[len(line)-1] != '"' {
		return line
	}
	inner := line[1 : len(line)-1]
	var b strings.Builder
	for i := 0; i < len(inner); i++ {
		if inner[i] != '\\' || i+1 == len(inner) {
			b.WriteByte(inner[i])
			continue
		}
		i++
		if at := strings.IndexByte("abtnvfr", inner[i]); at >= 0 {
			b.WriteByte("\a\b\t\n\v\f\r"[at])
			continue
		}
		if i+2 < len(inner) && inner[i] >= '0' && inner[i] <= '3' {
			b.WriteByte((inner[i]-'0')<<6 | (inner[i+1]-'0')<<3 | (inner[i+2] - '0'))
			i += 2
			continue
		}
		b.WriteByte(inner[i])
	}
	return b.String()
}
