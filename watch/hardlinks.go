package watch

// inode is what the names of one file share.
type inode struct{ dev, ino uint64 }

// hardlinks finds the other names of a file: the system tells of a change under
// the name that was used only.
type hardlinks struct {
	first map[inode]string              // a name of each file
	names map[inode]map[string]struct{} // all names of those that have several, in the tree or elsewhere
}

func newHardlinks() hardlinks {
	return hardlinks{make(map[inode]string), make(map[inode]map[string]struct{})}
}

// relate notes which file a name belongs to, before k becomes what is known of
// the name, and has its other names looked at if they are known otherwise.
func (r *reconciler) relate(name string, k *known) {
	h := &r.hardlinks
	if before := r.latest(name); before != nil {
		at := inode{before.Dev, before.Ino}
		if h.first[at] == name {
			delete(h.first, at)
		}
		names := h.names[at]
		if delete(names, name); len(names) == 0 {
			delete(h.names, at)
		}
		if k == nil || k.Ino != before.Ino || k.Dev != before.Dev { // it may have been written under this name before that went
			for other := range names {
				r.suspect(other)
			}
		}
	}
	if k == nil {
		return
	}
	at := inode{k.Dev, k.Ino}
	other, taken := h.first[at]
	if !taken {
		h.first[at] = name
	}
	names := h.names[at]
	if names == nil {
		if !taken && k.Links < 2 {
			return
		}
		names = make(map[string]struct{})
		h.names[at] = names
	}
	if taken { // also if it is the name that the file had before it was moved: then it will be found gone
		names[other] = struct{}{}
	}
	for other := range names {
		r.suspectSibling(other, k)
	}
	names[name] = struct{}{}
}

func (r *reconciler) suspectSibling(name string, k *known) {
	if o := r.latest(name); o != nil && o.Identity != k.Identity {
		r.suspect(name)
	}
}

// lookAtHardLinks looks at all files that may have been changed under a name
// outside of the tree.
func (r *reconciler) lookAtHardLinks() {
	for _, names := range r.hardlinks.names {
		for name := range names {
			r.suspect(name)
		}
	}
}
