// Package backend makes a prompty storage of a database.
//
// A driver implements [Backend]: what to ask its database, and nothing else.
// [New] adds what is the same for all of them: names, templates and arguments
// are checked before the database sees them, cancelled and closed calls end as
// the contract says, errors carry the operation and no secret, and changes made
// by anyone are found, compared and told to those who watch.
package backend

import (
	"context"
	"time"

	"github.com/go-prompty/prompty"
)

// Reader answers from one state of the database. A name that does not exist
// gives [prompty.NewStorageTemplateNotFoundError], a version
// [prompty.NewStorageVersionNotFoundError]. Names are valid already; versions
// may be any number. Times are UTC, and an ID is ID(name, version).
type Reader interface {
	Get(ctx context.Context, name string) (*prompty.StoredTemplate, error)
	GetVersion(ctx context.Context, name string, version int) (*prompty.StoredTemplate, error)
	LatestVersion(ctx context.Context, name string) (int, error) // 0, without an error: there is none
	ListVersions(ctx context.Context, name string) ([]int, error)
	History(ctx context.Context, name string) ([]prompty.HistoryEntry, error)
	List(ctx context.Context, query *prompty.TemplateQuery) ([]*prompty.StoredTemplate, error) // query is never nil
}

// AnyVersion as the base of a save sets no condition.
const AnyVersion = -1

// Backend is a database. All methods are safe for concurrent use. A method whose
// context ends returns promptly; what its error says then does not matter.
// Errors may hold secrets of the connection string: Options.Secrets names them.
type Backend interface {
	Reader

	// Save stores t as the next version and sets ID, Version, CreatedAt and
	// UpdatedAt. t is valid; its map and slice are the caller's: not to be changed
	// or kept. Unless base is AnyVersion the latest version must be base (0: none),
	// else the error is prompty.NewStorageConflictError.
	Save(ctx context.Context, t *prompty.StoredTemplate, base int) error
	Delete(ctx context.Context, name string) error
	DeleteVersion(ctx context.Context, name string, version int) error

	// Heads returns every name's head that may have changed after the position
	// since, and the position of this answer; since "" asks for all heads. A head
	// may be told twice. Those of deleted names are told as long as the database
	// knows them, with Version 0.
	Heads(ctx context.Context, since string) (heads []Head, position string, err error)

	// Describe says where the database is, without secrets, what it is, and what
	// someone should mend. Driver is filled in.
	Describe(ctx context.Context) (prompty.Description, error)

	// Close releases everything. No call is under way then.
	Close() error
}

// Head is what tells whether a name looks as it did.
type Head struct {
	Name    string
	Version int   // the latest; 0: there is none
	Change  int64 // another one after every save and deletion, of versions too
}

// Batcher is a Backend that saves all templates or none, in order, in one step.
// A name may come twice. list is not empty.
type Batcher interface {
	SaveAll(ctx context.Context, list []*prompty.StoredTemplate) error
}

// Snapshotter is a Backend that can show one state for as long as someone wants
// to see it. A snapshot must not hold a connection of the pool.
type Snapshotter interface {
	Snapshot(ctx context.Context) (Snapshot, error)
}

// Snapshot is a state of the database. Its Close may be called beside its other
// methods.
type Snapshot interface {
	Reader
	Close() error
}

// Listener is a Backend that is told of changes by the server. Listen calls armed
// once every later change will be told, and changed whenever there may be one,
// until ctx ends or the connection is lost. It is called again after an error. It
// may tell too much; what it does not tell is found by the next resync.
type Listener interface {
	Listen(ctx context.Context, armed, changed func()) error
}

// Options say how a storage is served. Zero values are useful.
type Options struct {
	Driver  string   // as registered
	Secrets []string // never shown in an error
	Watch   WatchOptions
}

// WatchOptions say how changes are found.
type WatchOptions struct {
	NoPush bool          // do not Listen; poll
	Poll   time.Duration // between two looks at what has changed, without a Listener at work; 0: a second
	Resync time.Duration // between two comparisons of all heads, by which what was lost is found; 0: a minute
}
