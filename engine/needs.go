package engine

// Extends returns the template that this one extends itself; false if it
// extends none.
func (t *Template) Extends() (Ref, bool) {
	if t.base == nil {
		return Ref{}, false
	}
	return t.base.ref, true
}
