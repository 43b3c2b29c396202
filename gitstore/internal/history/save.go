package history

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// The file, in the order of its bytes. Numbers are varints, texts their length
// and their bytes.
//
//	magic
//	texts     Scope.Dir, Scope.Ext, Overrides.Fingerprint
//	tip       20 bytes
//	quiet     number
//	commits   their number, and 20 bytes for each
//	times     for each commit: twice the difference to the one before in
//	          seconds (zigzag), plus 1 if a number of nanoseconds follows
//	counts    the number of files, and of all versions
//	files     for each, in the order of paths: how many bytes its path shares
//	          with the one before, the rest as text, and its events: how many
//	          versions, how many other events, and then in their order for each
//	          four times the difference of ordinals to the one before, plus what:
//	          0 a version, 1 all are hidden, 2 the one is hidden whose number follows
//	blobs     20 bytes for each version, in the order of their events
//	check     CRC-32C of all before, little endian
const magic = "prompty history 1\n"

const (
	versionEvent = iota
	removeEvent
	hideEvent
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// WriteFile keeps the index in a file, whose folder must exist. Readers of the
// file see the old one or the new one. It is not flushed to the disk: what a
// crash leaves of it is found out when it is loaded. With perm 0 its mode is as
// the umask has it.
func (ix *Index) WriteFile(file string, perm fs.FileMode) error {
	data := ix.encode()
	dir, base := filepath.Split(file)
	sweep(dir, base)
	for {
		temp := fmt.Sprintf("%s.%08x.tmp", file, rand.Uint32())
		f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		_, err = f.Write(data)
		if perm != 0 {
			err = cmp.Or(err, f.Chmod(perm))
		}
		if err = cmp.Or(err, f.Close()); err == nil {
			err = os.Rename(temp, file)
		}
		if err != nil {
			os.Remove(temp)
		}
		return err
	}
}

// sweep removes what writers left that were killed long ago.
func sweep(dir, base string) {
	entries, _ := os.ReadDir(cmp.Or(dir, "."))
	for _, e := range entries {
		rest, ok := strings.CutPrefix(e.Name(), base+".")
		if !ok || !strings.HasSuffix(rest, ".tmp") {
			continue
		}
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > time.Hour {
			os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

func (ix *Index) encode() []byte {
	ix.sort()
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	versions := 0
	for _, f := range ix.order {
		versions += len(f.versions)
	}
	data := make([]byte, 0, 1<<10+25*len(ix.commits)+24*versions+32*len(ix.order))
	data = append(data, magic...)
	data = appendText(data, ix.scope.Dir)
	data = appendText(data, ix.scope.Ext)
	data = appendText(data, ix.over.Fingerprint)
	data = append(data, ix.tip[:]...)
	data = binary.AppendUvarint(data, uint64(ix.quiet))
	data = binary.AppendUvarint(data, uint64(len(ix.commits)))
	for i := range ix.commits {
		data = append(data, ix.commits[i][:]...)
	}
	data = appendTimes(data, ix.times)
	data = binary.AppendUvarint(data, uint64(len(ix.order)))
	data = binary.AppendUvarint(data, uint64(versions))
	last := ""
	for _, f := range ix.order {
		shared := 0
		for shared < len(last) && shared < len(f.path) && last[shared] == f.path[shared] {
			shared++
		}
		data = binary.AppendUvarint(data, uint64(shared))
		data = appendText(data, f.path[shared:])
		data = f.appendEvents(data)
		last = f.path
	}
	for _, f := range ix.order {
		for i := range f.versions {
			data = append(data, f.versions[i].blob[:]...)
		}
	}
	return binary.LittleEndian.AppendUint32(data, crc32.Checksum(data, castagnoli))
}

func appendText(data []byte, s string) []byte {
	return append(binary.AppendUvarint(data, uint64(len(s))), s...)
}

func appendTimes(data []byte, times []int64) []byte {
	last := int64(0)
	for _, nano := range times {
		sec, ns := nano/1e9, nano%1e9
		if ns < 0 {
			sec, ns = sec-1, ns+1e9
		}
		diff := sec - last
		last = sec
		code := uint64(diff<<1^diff>>63) << 1
		if ns == 0 {
			data = binary.AppendUvarint(data, code)
			continue
		}
		data = binary.AppendUvarint(data, code|1)
		data = binary.AppendUvarint(data, uint64(ns))
	}
	return data
}

// event is one thing that happened to a file.
type event struct {
	at   uint32
	what int
	n    int // the version that is hidden
}

// others are the events of a file that are no versions, in the order of their
// ordinals.
func (f *file) others() []event {
	var list []event
	for _, t := range f.turns {
		if t.n == 0 {
			list = append(list, event{at: t.at, what: removeEvent})
		}
	}
	removed := len(list)
	for i, v := range f.versions {
		if v.died == alive {
			continue
		}
		_, all := slices.BinarySearchFunc(list[:removed], v.died, func(e event, at uint32) int { return cmp.Compare(e.at, at) })
		if !all {
			list = append(list, event{at: v.died, what: hideEvent, n: i + 1})
		}
	}
	slices.SortStableFunc(list, func(a, b event) int { return cmp.Compare(a.at, b.at) })
	return list
}

func (f *file) appendEvents(data []byte) []byte {
	others := f.others()
	data = binary.AppendUvarint(data, uint64(len(f.versions)))
	data = binary.AppendUvarint(data, uint64(len(others)))
	last, i := uint32(0), 0
	put := func(at uint32, what int) {
		data = binary.AppendUvarint(data, uint64(at-last)<<2|uint64(what))
		last = at
	}
	for len(others) > 0 || i < len(f.versions) {
		if len(others) == 0 || i < len(f.versions) && f.versions[i].born <= others[0].at {
			put(f.versions[i].born, versionEvent)
			i++
			continue
		}
		e := others[0]
		others = others[1:]
		if put(e.at, e.what); e.what == hideEvent {
			data = binary.AppendUvarint(data, uint64(e.n))
		}
	}
	return data
}
