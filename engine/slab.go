package engine

// slab hands out values that live as long as one template, many of them to one
// allocation.
type slab[T any] struct{ free []T }

// one returns a zero value. If there is none left, it makes n at once.
func (s *slab[T]) one(n int) *T {
	if len(s.free) == 0 {
		s.free = make([]T, n)
	}
	v := &s.free[0]
	s.free = s.free[1:]
	return v
}

// start returns an empty list to append to, with room for one value at least.
// Until it is given to finish, no other may be started.
func (s *slab[T]) start(n int) []T {
	if len(s.free) == 0 {
		s.free = make([]T, n)
	}
	return s.free[:0]
}

// finish returns a list that start has given, which may have outgrown its room.
func (s *slab[T]) finish(list []T) []T {
	n := len(list)
	if n == 0 {
		return nil
	}
	if n <= len(s.free) {
		s.free = s.free[n:]
	}
	return list[:n:n]
}

// keep returns a copy of a list.
func (s *slab[T]) keep(list []T, n int) []T {
	if len(list) == 0 {
		return nil
	}
	if len(s.free) < len(list) {
		s.free = make([]T, max(n, len(list)))
	}
	kept := s.free[:len(list):len(list)]
	s.free = s.free[len(list):]
	copy(kept, list)
	return kept
}
