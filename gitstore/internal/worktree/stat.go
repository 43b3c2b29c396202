package worktree

import (
	"io/fs"
	"time"

	"github.com/go-prompty/prompty/gitstore/internal/gitindex"
	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// looksSame compares by git's own rules (match_stat_data in read-cache.c): what
// git does not look at, such as the device and, as git is usually built, parts
// of a second, does not count.
func (s *settings) looksSame(was, is gitindex.Stat) bool {
	switch {
	case was.MtimeSec != is.MtimeSec, was.Size != is.Size:
		return false
	case s.trustCtime && s.checkStat && was.CtimeSec != is.CtimeSec:
		return false
	case s.checkStat && (was.UID != is.UID || was.GID != is.GID || was.Ino != is.Ino):
		return false
	}
	return true
}

// exact is looksSame with the parts of a second; it is false where the index
// has none.
func (s *settings) exact(was, is gitindex.Stat) bool {
	return s.looksSame(was, is) && was.MtimeNsec != 0 && was.MtimeNsec == is.MtimeNsec &&
		(!s.trustCtime || !s.checkStat || was.CtimeNsec == is.CtimeNsec)
}

// settled reports whether the file with that stat cannot have been changed
// unnoticed since it was written to an index of that time.
func settled(st gitindex.Stat, index time.Time) bool {
	sec := uint32(index.Unix())
	return st.MtimeSec < sec || st.MtimeSec == sec && st.MtimeNsec < uint32(index.Nanosecond())
}

// fits reports whether a file of that kind can be an entry with mode.
func (s *settings) fits(mode uint32, fi fs.FileInfo) bool {
	switch {
	case fi.Mode().IsRegular():
		if mode == object.ModeLink {
			return !s.symlinks
		}
		return mode == object.ModeFile || mode == object.ModeExec
	case fi.Mode().Type() == fs.ModeSymlink:
		return mode == object.ModeLink
	}
	return false
}

// sameExec reports whether the executable bit is as mode says, where it counts.
func (s *settings) sameExec(mode uint32, fi fs.FileInfo) bool {
	return !s.fileMode || !fi.Mode().IsRegular() || mode == object.ModeLink ||
		(mode == object.ModeExec) == (fi.Mode().Perm()&0o100 != 0)
}

// indexMode is how the index writes a mode of a tree.
func indexMode(mode uint32) uint32 {
	if e := (object.Entry{Mode: mode}); e.IsRegular() {
		if mode&0o100 != 0 {
			return object.ModeExec
		}
		return object.ModeFile
	}
	return mode
}

// plainStat knows what every system tells. Git for Windows, too, has zeros in
// the other fields, and the time of creation as ctime; an entry that differs is
// compared by content.
func plainStat(fi fs.FileInfo) gitindex.Stat {
	t := fi.ModTime()
	return gitindex.Stat{
		CtimeSec: uint32(t.Unix()), CtimeNsec: uint32(t.Nanosecond()),
		MtimeSec: uint32(t.Unix()), MtimeNsec: uint32(t.Nanosecond()),
		Size: uint32(fi.Size()),
	}
}
