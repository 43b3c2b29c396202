package gitstore

import "github.com/go-prompty/prompty"

// Store keeps templates in a Git repository. See the package's documentation
// for what is what. It is a [prompty.TemplateStorage], a
// [prompty.ConditionalSaver], a [prompty.BatchSaver], a [prompty.Historian], a
// [prompty.Snapshotter], a [prompty.Prober], a [prompty.Describer], a
// [prompty.Locator], a [prompty.Watcher], a [prompty.Resumer] and a
// [prompty.Syncer]. Many processes may have stores on one repository.
type Store struct {
	reader
	*writer
	follows  string // the reference that is served, in full; "HEAD"; "": a commit
	follower *follower
}

var (
	_ prompty.TemplateStorage  = (*Store)(nil)
	_ prompty.ConditionalSaver = (*Store)(nil)
	_ prompty.BatchSaver       = (*Store)(nil)
	_ prompty.Historian        = (*Store)(nil)
	_ prompty.Snapshotter      = (*Store)(nil)
	_ prompty.Prober           = (*Store)(nil)
	_ prompty.Describer        = (*Store)(nil)
	_ prompty.Locator          = (*Store)(nil)
	_ prompty.Watcher          = (*Store)(nil)
	_ prompty.Resumer          = (*Store)(nil)
	_ prompty.Syncer           = (*Store)(nil)
)

// Close waits for the calls under way, fails those that wait for a lock, ends all
// watching, and closes the files. It may be called again.
func (s *Store) Close() error {
	s.follower.end()
	return s.repository.close()
}
