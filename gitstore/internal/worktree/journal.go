package worktree

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/go-prompty/prompty/gitstore/internal/gitindex"
	"github.com/go-prompty/prompty/gitstore/internal/object"
)

const (
	stateDir    = "prompty" // in the git directory
	journalName = "pending"
	roomName    = "index" // of the new index, while it is written
	lostDir     = "lost"
	journalHead = "prompty pending 1"
)

// Pending reports whether a transaction is between Prepare and Apply, or was
// when it crashed. Files are then neither quite as they were nor as they will be.
func (t *Tree) Pending() bool {
	_, err := os.Lstat(filepath.Join(t.opts.GitDir, stateDir, journalName))
	return err == nil
}

// The journal has a line for the format, one for each of the two commits, one
// for each path with mode and ID before and after, and a checksum, without
// which it does not count.
func (x *Txn) encodeJournal() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nfrom %s\nto %s\n", journalHead, x.from, x.to)
	for _, it := range x.items() {
		for _, e := range []*gitindex.Entry{it.old, it.new} {
			if e == nil {
				e = &gitindex.Entry{}
			}
			fmt.Fprintf(&b, "%o %s ", e.Mode, e.ID)
		}
		fmt.Fprintf(&b, "%s\n", strconv.Quote(it.path))
	}
	fmt.Fprintf(&b, "sum %08x\n", crc32.ChecksumIEEE([]byte(b.String())))
	return []byte(b.String())
}

// decodeJournal reads a plan. What is not whole was never acted upon.
func (x *Txn) decodeJournal(data []byte) bool {
	text, sum, ok := strings.Cut(string(data), "sum ")
	if !ok || sum != fmt.Sprintf("%08x\n", crc32.ChecksumIEEE([]byte(text))) {
		return false
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) < 3 || lines[0] != journalHead {
		return false
	}
	var err1, err2 error
	x.from, err1 = object.ParseID(strings.TrimPrefix(lines[1], "from "))
	x.to, err2 = object.ParseID(strings.TrimPrefix(lines[2], "to "))
	if err1 != nil || err2 != nil {
		return false
	}
	for _, line := range lines[3:] {
		it, ok := decodeItem(line)
		if !ok {
			return false
		}
		x.plan[it.path] = it
	}
	return true
}

func decodeItem(line string) (*item, bool) {
	f := strings.SplitN(line, " ", 5)
	if len(f) != 5 {
		return nil, false
	}
	path, err := strconv.Unquote(f[4])
	if err != nil || !fs.ValidPath(path) {
		return nil, false
	}
	it := &item{path: path}
	for i, dst := range []**gitindex.Entry{&it.old, &it.new} {
		mode, err1 := strconv.ParseUint(f[2*i], 8, 32)
		id, err2 := object.ParseID(f[2*i+1])
		if err1 != nil || err2 != nil {
			return nil, false
		}
		if mode != 0 {
			*dst = &gitindex.Entry{Path: path, Mode: uint32(mode), ID: id}
		}
	}
	return it, it.old != nil || it.new != nil
}

func (x *Txn) writeJournal() error {
	if err := x.tree.ask("create journal"); err != nil {
		return err
	}
	if err := x.state.Remove(journalName); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := x.state.OpenFile(journalName, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	if err = x.tree.ask("write journal"); err == nil {
		_, err = f.Write(x.encodeJournal())
	}
	if err == nil && x.durable {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil && x.durable {
		err = x.flushState()
	}
	return err
}

// flushState makes the journal's name durable.
func (x *Txn) flushState() error {
	d, err := x.state.Open(".")
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrInvalid) {
		return err
	}
	return nil
}

func (x *Txn) dropJournal() error {
	if err := x.tree.ask("remove journal"); err != nil {
		return err
	}
	// An index half written by a crash first: without a journal no one looks.
	for _, name := range []string{roomName, journalName} {
		if err := x.state.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
