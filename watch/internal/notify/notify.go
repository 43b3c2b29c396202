// Package notify hears of changes in folders. Its sources differ in how: by
// inotify(7), by package fsnotify, or by the clock.
//
// Events are hints. They come late, twice, out of date or, after an overflow,
// not at all: what they mean is for the caller to find out by looking.
package notify

import (
	"errors"
	"strings"
)

// Op is a set of things that happened, to Name in a folder or, where Name is
// empty, to the folder itself.
type Op uint16

const (
	Create     Op = 1 << iota // Name appeared
	Modify                    // its content changed, and may go on changing
	CloseWrite                // who had it open for writing closed it
	MovedTo                   // Name appeared, moved from elsewhere
	MovedFrom                 // Name is gone, moved elsewhere
	Delete                    // Name is gone
	Attrib                    // mode, owner, times or number of links changed
	Self                      // the folder itself was deleted, moved or unmounted
	Gone                      // the handle is dead: no event will come for it
	Overflow                  // events were lost, of any handle; Handle is 0
	Rescan                    // look at the folder, whatever may have happened
	Failed                    // the source has trouble; Err says which. It goes on
)

var opNames = []string{"create", "modify", "close-write", "moved-to", "moved-from", "delete", "attrib", "self", "gone", "overflow", "rescan", "failed"}

// Has reports whether any of ops is in op.
func (op Op) Has(ops Op) bool { return op&ops != 0 }

// String gives the names of what is in op, for humans.
func (op Op) String() string {
	var names []string
	for i, name := range opNames {
		if op.Has(1 << i) {
			names = append(names, name)
		}
	}
	return strings.Join(names, "|")
}

// A Handle stands for a folder that is watched. Handles are greater than 0 and
// never used again, so an event of a removed folder can be told and ignored.
type Handle int32

// An Event is a hint that something happened in a folder.
type Event struct {
	Name   string // of the entry, without the folder; "" for the folder itself
	Err    error  // with Failed
	Handle Handle
	Cookie uint32 // of inotify: the same for both ends of a move; else 0
	Op     Op
	Dir    bool // Name is a folder; false also where the source cannot tell
}

// A Source watches folders, each by itself without those below. All methods may
// be called from any goroutine.
type Source interface {
	// Add watches the folder at path, following symbolic links. What decides is
	// the folder, not the path: a folder that is watched already, under
	// whatever name, gives the handle it has. (A Poll source goes by the path.)
	// ErrLimit says that the system gives no more watches.
	// Events come from before Add returns; what the folder holds already
	// causes none, so that is to be listed afterwards, also when it was
	// watched before.
	Add(path string) (Handle, error)

	// Remove ends the watch. Events that were under way may still come, and
	// Gone after them. A handle that is dead already is no error.
	Remove(Handle) error

	// Events gives what happened, in order. A batch is what came since the
	// last was taken; its events belong to the receiver. A reader that is slow
	// never blocks the system: what comes meanwhile is collected and, past
	// some hundred thousand events, replaced by one Overflow. The channel is
	// closed by Close and by nothing else.
	Events() <-chan []Event

	// CloseWrites reports whether the source tells of CloseWrite.
	CloseWrites() bool

	// Close ends all watches, and waits until everything is given back.
	// Afterwards Add and Remove give ErrClosed.
	Close() error
}

var (
	// ErrLimit says that the system has no more watches to give.
	ErrLimit = errors.New("the system's limit of watches is reached")
	// ErrClosed is what a closed source gives.
	ErrClosed = errors.New("closed")
)
