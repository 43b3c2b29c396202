package history

// Decode is Load of a file with that content.
func Decode(data []byte, scope Scope) (*Index, error) {
	ix := New(nil, scope, Overrides{})
	return ix, ix.decode(data)
}

// Encode is what WriteFile writes.
func (ix *Index) Encode() []byte { return ix.encode() }

// Limit sets how many files may differ between two commits.
func (ix *Index) Limit(n int) { ix.limit = n }
