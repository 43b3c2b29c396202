package watch

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/go-prompty/prompty/watch/internal/notify"
	"github.com/go-prompty/prompty/watch/internal/steady"
)

// maxLinks is how many links may lead from one to the next, as in the kernel.
const maxLinks = 40

// rootLink is the name under which the way to the root is kept, if that leads
// over symbolic links.
const rootLink = "\x00root"

// A link is the way from a symbolic link to its end: every place where a change
// makes it lead elsewhere.
type link struct {
	places []place
	spots  []spot // where they are watched; zero: not at all
}

// place is a name in a folder, which is given by its path.
type place struct{ dir, base string }

// links are the symbolic links of the tree that lead to files, or to nothing.
// Their folders are watched, inside of the tree or not.
type links struct {
	byName map[string]*link
	spots  map[spot]crossing
	at     map[inode]spot // of spots, for spotOf
}

// crossing is a folder that links lead over: which, by base name.
type crossing map[string]map[string]struct{}

func newLinks() links {
	return links{make(map[string]*link), make(map[spot]crossing), make(map[inode]spot)}
}

// resolve follows a path from a folder that is free of links, and returns every
// place where it could be made to lead elsewhere. An error says that it leads
// nowhere.
func resolve(dir string, path string) (*link, string, error) {
	l := &link{}
	todo := strings.Split(filepath.ToSlash(path), "/")
	for followed := 0; len(todo) > 0; {
		base := todo[0]
		todo = todo[1:]
		switch base {
		case "", ".":
			continue
		case "..":
			dir = filepath.Dir(dir)
			continue
		}
		next := filepath.Join(dir, base)
		_, mode, err := steady.Lstat(next)
		isLink := err == nil && mode&os.ModeSymlink != 0
		l.places = append(l.places, place{dir, base})
		if err != nil {
			return l, "", err
		}
		if !isLink {
			dir = next
			continue
		}
		if followed++; followed > maxLinks {
			return l, "", syscall.ELOOP
		}
		target, err := os.Readlink(next)
		if err != nil {
			return l, "", err
		}
		if filepath.IsAbs(target) {
			dir = filepath.VolumeName(target) + string(filepath.Separator)
			target = target[len(filepath.VolumeName(target)):]
		}
		todo = append(strings.Split(filepath.ToSlash(target), "/"), todo...)
	}
	return l, dir, nil
}

// lookThrough looks at what a symbolic link leads to. Only a file counts.
func (r *reconciler) lookThrough(d *dirt, path string, reader int) sight {
	l, end, err := resolve(filepath.Dir(path), filepath.Base(path))
	s := sight{}
	switch {
	case gone(err), errors.Is(err, syscall.ELOOP):
	case err != nil:
		s.err = err
	default:
		id, mode, err := steady.Lstat(end)
		k := r.latest(d.name)
		if err == nil && mode.IsRegular() && k != nil && d.need.isMet(k, id) {
			s = sight{isFile: true, same: true, file: steady.File{Identity: id, Sure: k.sure}}
		} else {
			s = r.read(end, reader)
		}
	}
	s.link = l
	return s
}

// relink notes which way a link leads now, nil if name is no link. It says
// whether that is news: then something may have changed before the way was
// watched.
func (r *reconciler) relink(name string, l *link) bool {
	old := r.links.byName[name]
	if l == nil {
		if old != nil {
			r.unlink(name, old)
			delete(r.links.byName, name)
		}
		return false
	}
	for _, p := range l.places {
		l.spots = append(l.spots, r.addPlace(name, p))
	}
	if old != nil && slices.Equal(old.places, l.places) && slices.Equal(old.spots, l.spots) {
		return false
	}
	for i, s := range l.spots {
		if s == (spot{}) {
			continue
		}
		base := l.places[i].base
		c := r.links.spots[s]
		if c == nil {
			c = make(crossing)
			r.links.spots[s] = c
		}
		if c[base] == nil {
			c[base] = make(map[string]struct{})
		}
		c[base][name] = struct{}{}
	}
	r.links.byName[name] = l
	if old != nil {
		r.unlink(name, old)
	}
	return true
}

// addPlace watches the folder of a place, unless that is above the root, which
// is looked at by the clock. Another folder in its place gets another spot.
func (r *reconciler) addPlace(name string, p place) spot {
	if within(r.real, filepath.Join(p.dir, p.base)) {
		return spot{}
	}
	id, _, err := steady.Lstat(p.dir)
	if err != nil {
		return spot{}
	}
	at := inode{id.Dev, id.Ino}
	if s := r.spotOf(p.dir, at); s != (spot{}) {
		return s
	}
	s, err := r.add(p.dir, r.root.remote)
	switch {
	case err == nil && !r.closeWrites():
		r.links.at[at] = s
	case err != nil && !gone(err): // the look at everything, once a minute, makes up for it
		r.fail(name, err)
	}
	return s
}

// spotOf returns where a folder is watched already. It answers only for a
// source to which a second Add costs the events of just now. For others, Add is
// more to be relied on, as folders may have moved.
func (r *reconciler) spotOf(path string, at inode) spot {
	if r.primary == nil || r.closeWrites() {
		return spot{}
	}
	if s := r.links.at[at]; r.links.spots[s] != nil {
		return s
	}
	if !within(path, r.real) {
		return spot{}
	}
	name := strings.TrimPrefix(filepath.ToSlash(path[len(r.real):]), "/")
	if n := r.find(name); n != nil {
		return n.spot
	}
	return spot{}
}

// unlink ends that a way is watched, except where the present one of that name
// leads, too.
func (r *reconciler) unlink(name string, old *link) {
	l := r.links.byName[name]
	for i, s := range old.spots {
		p := old.places[i]
		c := r.links.spots[s]
		if c == nil || l != old && l.crosses(s, p.base) {
			continue
		}
		if delete(c[p.base], name); len(c[p.base]) == 0 {
			delete(c, p.base)
		}
		if len(c) == 0 {
			r.dropSpot(s)
			r.remove(s)
		}
	}
}

func (r *reconciler) dropSpot(s spot) {
	delete(r.links.spots, s)
	maps.DeleteFunc(r.links.at, func(_ inode, of spot) bool { return of == s })
}

func (l *link) crosses(s spot, base string) bool {
	for i := range l.spots {
		if l.spots[i] == s && l.places[i].base == base {
			return true
		}
	}
	return false
}

// dropLinks forgets all links.
func (r *reconciler) dropLinks() {
	spots := r.links.spots
	r.links = newLinks()
	for s := range spots {
		r.remove(s)
	}
}

// lookAtLinks looks where all links lead: what happens to the folders above
// those that are watched makes no event.
func (r *reconciler) lookAtLinks() {
	for name := range r.links.byName {
		if name != rootLink {
			r.suspect(name)
		}
	}
}

// followRoot watches the way to the root, if that leads over links.
func (r *reconciler) followRoot() {
	if r.given == r.real {
		return
	}
	volume := filepath.VolumeName(r.given)
	if l, _, err := resolve(volume+string(filepath.Separator), r.given[len(volume):]); err == nil {
		r.relink(rootLink, l)
	}
}

// applyToLinks notes what an event says of the links that lead over a folder.
func (r *reconciler) applyToLinks(s spot, e *notify.Event) {
	c := r.links.spots[s]
	if c == nil {
		return
	}
	if e.Op.Has(notify.Gone) {
		r.dropSpot(s)
	}
	if e.Name != "" {
		for name := range c[e.Name] {
			r.applyToLink(name, e.Op)
		}
		return
	}
	for _, names := range c {
		for name := range names {
			r.applyToLink(name, notify.Attrib)
		}
	}
}

func (r *reconciler) applyToLink(name string, op notify.Op) {
	switch {
	case name == rootLink:
		r.suspectRoot()
	case op.Has(notify.Create): // what it leads to was there before
		r.touched(name, notify.MovedTo)
	case op.Has(notify.Attrib):
		r.suspect(name)
	default:
		r.touched(name, op)
	}
}
