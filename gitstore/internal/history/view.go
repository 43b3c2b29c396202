package history

import "github.com/go-prompty/prompty/gitstore/internal/object"

// View is the state of an index at one commit. It is immutable, whatever
// happens to the index, and its methods may be called at the same time. Slices
// that they return belong to the caller, except that of Paths. The zero View
// is that of a branch without commits.
type View struct{}

// Tip is the commit; zero for a branch without any.
func (v View) Tip() object.ID { return object.ID{} }

// Latest is the newest live version.
func (v View) Latest(path string) (Version, bool) { return Version{}, false }

// Versions are the live versions, newest first; none for an unknown path.
func (v View) Versions(path string) []Version { return nil }

// Version is version n, if it is live.
func (v View) Version(path string, n int) (Version, bool) { return Version{}, false }

// ByCommit is the version that a commit made, if it is live.
func (v View) ByCommit(path string, commit object.ID) (Version, bool) { return Version{}, false }

// HighWater is the highest number ever used for the path; 0 if none was.
func (v View) HighWater(path string) int { return 0 }

// Paths are the paths with a live version that begin with prefix, in bytewise
// order. The slice is shared: it must not be written to.
func (v View) Paths(prefix string) []string { return nil }

// Len is the number of paths with a live version.
func (v View) Len() int { return 0 }
