package watch

import (
	"container/heap"
	"errors"
	"io/fs"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/go-prompty/prompty/watch/internal/steady"
)

const (
	maxChunk   = 512      // names looked at before it is listened for events again
	readers    = 2        // goroutines that look, if there is more to look at than inlineMax
	inlineMax  = 3        // names looked at without another goroutine, which would take longer to wake
	readBuffer = 32 << 10 // a smaller file is read without allocation
)

// sight is what a look at a name found. If there is neither a file nor a folder
// nor an error, there is nothing that counts.
type sight struct {
	file   steady.File
	isFile bool
	isDir  bool
	same   bool  // the file is as known, which was seen without reading it
	unborn bool  // the file is empty and was not read
	link   *link // how a symbolic link leads there
	err    error
}

// look looks at everything that is due.
func (r *reconciler) look() {
	if !r.due.ready(r.now) {
		return
	}
	chunk := make([]*dirt, 0, 1)
	for len(chunk) < maxChunk && r.due.ready(r.now) {
		d := heap.Pop(&r.due).(*dirt)
		d.again = false
		chunk = append(chunk, d)
	}
	sights := make([]sight, len(chunk))
	if len(chunk) <= inlineMax {
		for i, d := range chunk {
			sights[i] = r.lookAt(d, 0)
		}
	} else {
		r.lookAtMany(chunk, sights)
	}
	for _, d := range chunk { // back, so that what follows need not care
		heap.Push(&r.due, d)
	}
	for i, d := range chunk {
		if r.dirty[d.name] == d && !d.again { // else judging another one found that there is news
			r.judge(d, &sights[i])
		}
	}
}

func (r *reconciler) lookAtMany(chunk []*dirt, sights []sight) {
	var next atomic.Int64
	var readersDone sync.WaitGroup
	for reader := range readers {
		readersDone.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(chunk) {
					return
				}
				sights[i] = r.lookAt(chunk[i], reader)
			}
		})
	}
	readersDone.Wait()
}

// lookAt looks at a name. It runs in the reconciler's goroutine or while that
// waits, and changes nothing.
func (r *reconciler) lookAt(d *dirt, reader int) sight {
	path := r.abs(d.name)
	id, mode, err := steady.Lstat(path)
	switch {
	case gone(err):
		return sight{}
	case err != nil:
		return sight{err: err}
	case mode.IsDir():
		return sight{isDir: true}
	case mode&fs.ModeSymlink != 0:
		return r.lookThrough(d, path, reader)
	case !mode.IsRegular():
		return sight{}
	}
	k := r.latest(d.name)
	if k != nil && d.need.isMet(k, id) {
		return sight{isFile: true, same: true, file: steady.File{Identity: id, Sure: k.sure}}
	}
	if d.newborn && d.looks == 0 && id.Size == 0 && k == nil {
		return sight{isFile: true, unborn: true}
	}
	return r.read(path, reader)
}

// isMet reports whether a file is the one that is known.
func (n need) isMet(k *known, id steady.Identity) bool {
	if n == notWritten {
		id.Ctime, id.Links = k.Ctime, k.Links
	}
	return n != sameBytes && k.sure && id == k.Identity
}

func (r *reconciler) read(path string, reader int) sight {
	f, err := steady.Read(path, r.opts.MaxFile, r.buffers[reader])
	switch {
	case gone(err), errors.Is(err, steady.ErrIrregular), errors.Is(err, syscall.ELOOP):
		return sight{}
	case err != nil:
		return sight{err: err}
	}
	return sight{isFile: true, file: f}
}

// judge decides what a sight is worth.
func (r *reconciler) judge(d *dirt, s *sight) {
	if r.relink(d.name, s.link) { // what a link leads over is watched only now
		r.postpone(d, r.now)
		return
	}
	d.looks++
	if s.isFile && !r.hasFolder(d.name) { // found through a link in the place of a folder, or in one that is about to be entered
		*s = sight{}
	}
	switch {
	case s.err != nil:
		d.looks--
		r.park(d.name, s.err)
	case s.isDir:
		r.judgeDir(d)
	case !s.isFile:
		r.judgeGone(d)
	case s.unborn:
		r.postpone(d, r.now.Add(birth))
	default:
		r.judgeFile(d, s)
	}
}

func (r *reconciler) judgeDir(d *dirt) {
	if d.name == "" {
		_ = r.list(r.root)
		return
	}
	dir, base := split(d.name)
	if r.latest(d.name) != nil { // a file was there
		r.accept(d, nil)
	} else {
		r.clean(d.name)
	}
	if n := r.find(dir); n != nil {
		r.enter(n, base)
	}
}

// judgeGone waits before it believes that a file is gone: many programs move it
// away or remove it before the next one comes.
func (r *reconciler) judgeGone(d *dirt) {
	if d.goneAt.IsZero() {
		d.goneAt = r.now
	}
	wait := grace
	if d.hasty {
		wait = hastyGrace
	}
	if back := d.goneAt.Add(wait); r.latest(d.name) != nil && back.After(r.now) && !r.opening {
		r.postpone(d, back)
		return
	}
	r.accept(d, nil)
}

func (r *reconciler) judgeFile(d *dirt, s *sight) {
	d.goneAt = time.Time{}
	id := s.file.Identity
	if id != d.seen {
		d.seen, d.seenAt = id, r.now
	}
	wait := time.Duration(0)
	switch s.file.Verdict {
	case steady.Busy:
		wait = openQuiet - r.stood(d)
		wait = min(wait, r.patience(d))
	case steady.Young:
		wait = steady.MinAge - r.stood(d)
	case steady.Moved:
		wait = r.patience(d)
	}
	if wait > 0 {
		r.postpone(d, r.now.Add(wait))
		return
	}
	k := r.latest(d.name)
	if id.Size > 0 || k == nil || k.Size == 0 || d.hasty {
		d.emptyAt = time.Time{}
	} else if d.emptyAt.IsZero() {
		d.emptyAt = r.now
	}
	if !d.emptyAt.IsZero() && r.now.Sub(d.emptyAt) < grace {
		r.postpone(d, d.emptyAt.Add(grace))
		return
	}
	if s.same {
		r.accept(d, &known{Identity: id, hash: k.hash, sure: k.sure})
		return
	}
	r.accept(d, &known{Identity: id, hash: s.file.Hash, sure: s.file.Sure})
}

// stood is how long a file has not changed, by our own clock or, if that is
// longer, by the file's: but a time stamp of the future says nothing.
func (r *reconciler) stood(d *dirt) time.Duration {
	age := r.now.Sub(time.Unix(0, d.seen.Ctime))
	return max(r.now.Sub(d.seenAt), age)
}

// patience is how long to wait for who is writing. An event will tell when it
// is done, except where the source has no such event; and the system tells a
// moment before the file no longer counts as open.
func (r *reconciler) patience(d *dirt) time.Duration {
	return min(100*time.Microsecond<<(2*min(d.looks-1, 5)), quiet)
}

// accept makes what was found of a name what is known of it.
func (r *reconciler) accept(d *dirt, k *known) {
	since, seq := d.since, d.seq
	name := d.name
	r.clean(name)
	dir, base := split(name)
	if n := r.find(dir); n != nil {
		if k != nil {
			n.addFile(base)
		} else {
			delete(n.files, base)
		}
	}
	r.relate(name, k)
	before, waits := r.pending[name]
	if waits {
		since, seq = before.since, before.seq
	}
	published := r.folder.published[name]
	if k == nil && published == nil && d.need == sameBytes && d.removed {
		r.unseen = true
	}
	cameAndWent := r.opts.Replaced && d.told && k == nil && published == nil && !r.opening
	if !cameAndWent && !r.differs(published, k) {
		delete(r.pending, name)
		r.folder.refresh(name, k)
		return
	}
	if len(r.pending) == 0 {
		r.flushBy = r.now.Add(gather)
	}
	r.pending[name] = verified{k, since, seq}
}

// differs reports whether two states of a file are to be told apart.
func (r *reconciler) differs(a, b *known) bool {
	if a == nil || b == nil {
		return a != b
	}
	return a.hash != b.hash || r.opts.Replaced && (a.Ino != b.Ino || a.Dev != b.Dev || a.Mtime != b.Mtime)
}
