package watch

// inode is what hard links of a file share.
type inode struct{ dev, ino uint64 }

// relate notes which names are hard links of one file, before k becomes what is
// known of name. The system tells of a change under the name that was used only,
// so the others have to be looked at.
func (r *reconciler) relate(name string, k *known) {
	if before := r.latest(name); before != nil && before.Links > 1 {
		at := inode{before.Dev, before.Ino}
		if names := r.linked[at]; names != nil {
			if delete(names, name); len(names) == 0 {
				delete(r.linked, at)
			}
		}
	}
	if k == nil || k.Links < 2 {
		return
	}
	at := inode{k.Dev, k.Ino}
	for other := range r.linked[at] {
		if o := r.latest(other); o == nil || o.Identity != k.Identity {
			r.suspect(other)
		}
	}
	if r.linked[at] == nil {
		r.linked[at] = make(map[string]struct{})
	}
	r.linked[at][name] = struct{}{}
}

// lookAtHardLinks looks at all files that may have been changed under a name
// outside of the tree.
func (r *reconciler) lookAtHardLinks() {
	for _, names := range r.linked {
		for name := range names {
			r.suspect(name)
		}
	}
}
