package gitstore

import (
	"context"
	"errors"

	"github.com/go-prompty/prompty"
)

// Store keeps templates in a Git repository. See the package's documentation
// for what is what. It is a [prompty.TemplateStorage], a
// [prompty.ConditionalSaver], a [prompty.BatchSaver], a [prompty.Historian], a
// [prompty.Snapshotter], a [prompty.Prober], a [prompty.Describer] and a
// [prompty.Locator]. Many processes may have stores on one repository.
type Store struct{}

var (
	_ prompty.TemplateStorage  = (*Store)(nil)
	_ prompty.ConditionalSaver = (*Store)(nil)
	_ prompty.BatchSaver       = (*Store)(nil)
	_ prompty.Historian        = (*Store)(nil)
	_ prompty.Snapshotter      = (*Store)(nil)
	_ prompty.Prober           = (*Store)(nil)
	_ prompty.Describer        = (*Store)(nil)
	_ prompty.Locator          = (*Store)(nil)
)

var errSkeleton = errors.New("not there yet")

// Open opens the repository at path, or the one whose work tree path is in.
// Nothing is written before there is something to write.
func Open(path string, opts Options) (*Store, error) { return nil, errSkeleton }

// Get returns the latest version: see [prompty.TemplateStorage]. While the
// branch stays where it is, that takes one read of its ref.
func (s *Store) Get(ctx context.Context, name string) (*prompty.StoredTemplate, error) {
	return nil, errSkeleton
}

// GetByID returns the version that has the ID, "<commit>:<path>": see
// [prompty.TemplateStorage]. The commit's whole name is needed.
func (s *Store) GetByID(ctx context.Context, id prompty.TemplateID) (*prompty.StoredTemplate, error) {
	return nil, errSkeleton
}

// GetVersion returns a version: see [prompty.TemplateStorage].
func (s *Store) GetVersion(ctx context.Context, name string, version int) (*prompty.StoredTemplate, error) {
	return nil, errSkeleton
}

// Save stores tmpl as the next version, in one commit: see
// [prompty.TemplateStorage]. CreatedBy is the commit's author. An uncommitted
// edit of the file is [prompty.ErrConflict].
func (s *Store) Save(ctx context.Context, tmpl *prompty.StoredTemplate) error { return errSkeleton }

// SaveIf is Save on top of a known version: see [prompty.ConditionalSaver].
func (s *Store) SaveIf(ctx context.Context, tmpl *prompty.StoredTemplate, base int) error {
	return errSkeleton
}

// SaveAll saves all or none in one commit, or in as many as a name comes times:
// see [prompty.BatchSaver]. The branch moves once.
func (s *Store) SaveAll(ctx context.Context, tmpls []*prompty.StoredTemplate) error {
	return errSkeleton
}

// SaveEach is SaveAll with a commit for each template, in order: a whole history
// at once. All or none are saved, and the branch moves once.
func (s *Store) SaveEach(ctx context.Context, tmpls []*prompty.StoredTemplate) error {
	return errSkeleton
}

// Delete removes the template's file in one commit: see
// [prompty.TemplateStorage]. The history keeps its versions, unseen by readers.
func (s *Store) Delete(ctx context.Context, name string) error { return errSkeleton }

// DeleteVersion hides a version by a commit with a trailer: see
// [prompty.TemplateStorage].
func (s *Store) DeleteVersion(ctx context.Context, name string, version int) error {
	return errSkeleton
}

// List returns what matches: see [prompty.TemplateStorage]. Files that cannot be
// templates are left out; Describe names them.
func (s *Store) List(ctx context.Context, query *prompty.TemplateQuery) ([]*prompty.StoredTemplate, error) {
	return nil, errSkeleton
}

// Exists reports whether Get would find the template. A file that is there but
// cannot be a template gives Get's error.
func (s *Store) Exists(ctx context.Context, name string) (bool, error) { return false, errSkeleton }

// ListVersions returns the version numbers, descending: see
// [prompty.TemplateStorage].
func (s *Store) ListVersions(ctx context.Context, name string) ([]int, error) {
	return nil, errSkeleton
}

// LatestID returns the ID of the latest version: see [prompty.Prober].
func (s *Store) LatestID(ctx context.Context, name string) (prompty.TemplateID, error) {
	return "", errSkeleton
}

// History returns the versions, the newest first, with author, subject, commit,
// pull request and signature: see [prompty.Historian].
func (s *Store) History(ctx context.Context, name string) ([]prompty.HistoryEntry, error) {
	return nil, errSkeleton
}

// Snapshot returns the templates as they are at the commit that is served now:
// see [prompty.Snapshotter].
func (s *Store) Snapshot(ctx context.Context) (prompty.TemplateStorage, error) {
	return nil, errSkeleton
}

// At returns the templates at another revision, read-only: a branch (followed
// as it moves), a tag, a commit or an abbreviation of one, with ~n and ^n as in
// git. Closing it leaves s open; closing s ends it too.
func (s *Store) At(ctx context.Context, rev string) (prompty.TemplateStorage, error) {
	return nil, errSkeleton
}

// Describe says what the repository holds and what in it should be mended: see
// [prompty.Describer].
func (s *Store) Describe(ctx context.Context) (prompty.Description, error) {
	return prompty.Description{}, errSkeleton
}

// Locate returns the file of the latest version in the work tree: see
// [prompty.Locator]. Older versions, and stores without Worktree, have no file:
// [errors.ErrUnsupported].
func (s *Store) Locate(ctx context.Context, name string, version, line int) (file string, fileLine int, err error) {
	return "", 0, errSkeleton
}

// Close waits for the calls under way, fails those that wait for a lock, and
// closes the files. It may be called again.
func (s *Store) Close() error { return nil }
