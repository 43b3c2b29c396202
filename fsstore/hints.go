package fsstore

import (
	"hash/maphash"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/watch"
)

// hints say what may have changed.
type hints struct {
	names   map[string]hint
	notices bool // the list of them has changed
	all     bool // nothing that was told can be relied on
	since   time.Time
	status  *watch.Status // unless nil, how the folder is watched now
}

// hint says why a name is to be looked at.
type hint struct {
	suspect
	weak   bool // the text is the same: it was saved again, or only touched
	locked bool // somebody is about to delete a version, or has: wait for the lock before looking
	hash   watch.Hash
	mtime  time.Time
}

func (h *hints) isEmpty() bool { return len(h.names) == 0 && !h.notices && !h.all }

// add takes in what was found out later than what is known already.
func (h *hints) add(p hint, at time.Time) {
	if old, ok := h.names[p.name]; ok {
		p.weak = p.weak && old.weak
		p.locked = p.locked || old.locked
		if p.hash == (watch.Hash{}) {
			p.hash, p.mtime = old.hash, old.mtime
		}
	}
	if h.names == nil {
		h.names = map[string]hint{}
	}
	h.names[p.name] = p
	h.noticed(at)
}

// merge is add for all that o holds but the status.
func (h *hints) merge(o hints) {
	for _, p := range o.names {
		h.add(p, o.since)
	}
	h.notices = h.notices || o.notices
	h.all = h.all || o.all
	h.noticed(o.since)
}

func (h *hints) noticed(at time.Time) {
	if h.since.IsZero() || !at.IsZero() && at.Before(h.since) {
		h.since = at
	}
}

// hintsOf makes hints of what the folder's watch says.
func hintsOf(l layout, b watch.Batch) hints {
	h := hints{all: b.Resync, since: b.Since, status: b.Status}
	now := time.Now()
	for _, c := range b.Changes {
		name, ok := l.named(c.Name)
		if !ok {
			h.notices = true
			continue
		}
		p := hint{suspect: suspect{name: name}, weak: c.Kind == watch.Changed && c.Hash == c.PrevHash, hash: c.Hash}
		if c.Kind == watch.Deleted {
			p.missing = now
		}
		h.add(p, b.Since)
	}
	return h
}

// told is what was last said of a name, and the file that it was then.
type told struct {
	sum
	known bool       // false: sum says only that the name exists, as it did when watching began
	hash  watch.Hash // zero: not known
	mtime time.Time  // zero: not known
}

// sum is what a name is, as far as watchers can tell.
type sum struct {
	exists bool
	broken bool   // what is in its place is no template
	latest int    // version
	high   int    // the highest number ever used: what came and went leaves its mark here
	live   uint64 // of the numbers of the versions
	text   uint64 // of the file: edits that nobody could record have one number
}

var seed = maphash.MakeSeed()

func summarize(st *state, err error) sum {
	m := sum{exists: len(st.shelf.live) > 0, broken: err != nil, latest: st.shelf.newest(), high: st.shelf.high()}
	for _, n := range st.shelf.live {
		m.live = m.live*31 + maphash.Comparable(seed, n)
	}
	if st.tree != nil {
		m.text = maphash.Bytes(seed, st.tree.data)
	}
	return m
}

// begin forgets what was told. What is in files exists.
func (f *follower) begin(files []watch.File) error {
	list, err := f.store.readNotices()
	if err != nil {
		return err
	}
	f.list, f.told = list, make(map[string]told, len(files))
	for _, file := range files {
		if name, ok := f.store.layout.named(file.Name); ok {
			f.told[name] = told{sum: sum{exists: true}, hash: file.Hash, mtime: file.ModTime}
		}
	}
	return nil
}

// differences are hints at all that is not as it was told.
func (f *follower) differences(files []watch.File) hints {
	h := hints{notices: true}
	now := time.Now()
	there := make(map[string]bool, len(files))
	for _, file := range files {
		name, ok := f.store.layout.named(file.Name)
		if !ok {
			continue
		}
		there[name] = true
		t := f.told[name]
		if t.hash != file.Hash || !t.mtime.Equal(file.ModTime) {
			h.add(hint{suspect: suspect{name: name}, weak: t.hash == file.Hash, hash: file.Hash, mtime: file.ModTime}, now)
		}
	}
	for name := range f.told {
		if !there[name] {
			h.add(hint{suspect: suspect{name: name, missing: now}}, now)
		}
	}
	return h
}

// note compares what a name is with what was told, remembers it, and says how
// it changed. moved says that it did, if only in a way that no batch can say.
// saved is when its latest version was, if that is not the first.
func (f *follower) note(p hint, now sum, saved time.Time) (kind prompty.ChangeKind, moved bool) {
	was := f.told[p.name]
	is := told{sum: now, known: true}
	if now.exists || now.broken {
		is.hash, is.mtime = p.hash, p.mtime
	}
	if now == (sum{}) {
		delete(f.told, p.name)
	} else {
		f.told[p.name] = is
	}
	touched := p.weak && !was.known && saved.Before(f.began.Add(-coarse))
	switch moved = was.sum != now; {
	case !moved:
	case now.exists && !was.exists:
		kind = prompty.Created
	case now.exists && !touched:
		kind = prompty.Changed
	case now.exists:
		moved = false
	case was.exists || now.high != was.high:
		kind = prompty.Deleted // also what came and went: somebody may have read it
	}
	return kind, moved
}

// coarse is the step of the coarsest clock that a file system stamps files by.
const coarse = 2 * time.Second
