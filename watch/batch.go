package watch

import (
	"encoding/hex"
	"time"
)

// A Revision names a state of a folder, as it was published. It means something
// only to the Folder that gave it, and is compared for equality only.
type Revision string

// A Hash tells contents apart: the first 16 bytes of the SHA-256 of a file. The
// zero Hash stands for no file.
type Hash [16]byte

// String returns the hash in hexadecimal digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// A File is a file as it was last verified.
type File struct {
	Name    string // slash-separated, relative to the root
	Hash    Hash
	Size    int64
	ModTime time.Time
}

// A Kind says what happened to a file.
type Kind string

// What can happen to a file.
const (
	Created Kind = "created" // it was not there before
	Changed Kind = "changed" // it has another content, or see [Options].Replaced
	Deleted Kind = "deleted" // it is no longer there
)

// A Change is what happened to one file. Who reads slowly is told, too, of what
// came to nothing, as it may have looked in between: as Changed with Hash equal
// to PrevHash, or Deleted with a zero PrevHash.
type Change struct {
	Name     string
	Kind     Kind
	Hash     Hash // of the content that is there now; zero if Deleted
	PrevHash Hash // of the one before; zero if Created
}

// A Batch is what happened between two revisions.
type Batch struct {
	From, To Revision
	Changes  []Change  // sorted by name, one a name
	Resync   bool      // what came after the revision asked for is no longer known: call List, and Watch from what it gives
	Since    time.Time // when the first of it was noticed; zero: unknown
	Status   *Status   // how the folder is watched, if that changed
}

// Status is how a folder is watched.
type Status struct {
	Mode      string    // "inotify", "fsnotify", "poll", or "inotify+poll" and "fsnotify+poll" where some folders have to be polled
	Degraded  string    // why changes may come late, and what to do about it; "": all is well
	LastError string    // a path that cannot be read or watched, and why; "": none
	LastSync  time.Time // when everything was last compared with the disk
	Overflows int       // how often the system lost events, so that everything was compared
	Watches   int       // folders that the system tells about
	Polled    int       // folders that are looked at every few seconds
}
