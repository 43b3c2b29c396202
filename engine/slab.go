package engine

// slab hands out values that live as long as one template, many of them to one
// allocation.
type slab[T any] struct {
	room []T
	used int
}

// grow makes room for the first n values, or for some more.
func (s *slab[T]) grow(n, least int) {
	if s.room != nil {
		n /= 4
	}
	s.room, s.used = make([]T, max(n, least)), 0
}

// one returns a zero value. If it is the first, there will be some n.
func (s *slab[T]) one(n int) *T {
	if s.used == len(s.room) {
		s.grow(n, 4)
	}
	s.used++
	return &s.room[s.used-1]
}

// undo takes the last value back.
func (s *slab[T]) undo() {
	s.used--
	clear(s.room[s.used : s.used+1])
}

// start returns an empty list to append to. Until it is given to finish, nothing
// else may be taken.
func (s *slab[T]) start(n int) []T {
	if s.used == len(s.room) {
		s.grow(n, 4)
	}
	return s.room[s.used:s.used]
}

// finish returns a list that start has given, which may have outgrown its room.
func (s *slab[T]) finish(list []T) []T {
	n := len(list)
	if n == 0 {
		return nil
	}
	if n <= len(s.room)-s.used {
		s.used += n
	}
	return list[:n:n]
}

// keep returns a copy of a list.
func (s *slab[T]) keep(list []T, n int) []T {
	if len(list) == 0 {
		return nil
	}
	if len(list) > len(s.room)-s.used {
		s.grow(n, len(list))
	}
	at := s.used
	s.used += copy(s.room[at:], list)
	return s.room[at:s.used:s.used]
}
