package watch

import "time"

// A Mode says how to learn of changes.
type Mode string

// The modes.
const (
	Auto     Mode = "auto"     // Inotify on Linux, Fsnotify elsewhere, Poll on network and virtual file systems
	Inotify  Mode = "inotify"  // Linux only
	Fsnotify Mode = "fsnotify" // what github.com/fsnotify/fsnotify uses on this system
	Poll     Mode = "poll"     // look every second, or less often where looking takes long
)

// Options adjust Open. The zero value is useful.
type Options struct {
	// Mode says how to learn of changes. The zero value is Auto.
	Mode Mode
	// Match tells which files count, by slash-separated names relative to the
	// root. If nil, all do for which [Dropping] is false. It is called by one
	// goroutine at a time.
	Match func(name string) bool
	// Enter tells which folders to go into. If nil: all but those named .git,
	// and those with a name that starts with "..", in which Kubernetes keeps the
	// states of a volume. The root is always entered.
	Enter func(dir string) bool
	// Replaced reports what is no change of content but may have been one for a
	// moment, for users who read the files themselves and keep what they read: a
	// file that was written or replaced, although its content is the same (Kind
	// Changed, with Hash equal to PrevHash), and one that came and went (Kind
	// Deleted, with a zero PrevHash).
	Replaced bool
	// NoGit publishes while git is changing the work tree, too. Otherwise what
	// happens while it holds index.lock is one batch.
	NoGit bool
	// MaxFile is the most bytes of a file that is read; a bigger one changes when
	// its size or times do, and its Hash is of those. 0 means 64 MiB.
	MaxFile int64
	// Ring is how many changes are kept for those who resume. 0 means 16384.
	Ring int
	// Metrics, if set, is told what happens. It must not block.
	Metrics Metrics
}

// Metrics receives numbers. Each Folder calls it from one goroutine at a time.
// The method set is that of prompty.Metrics.
//
// Counted are watch_batches, watch_changes, watch_overflows and watch_scans;
// observed are watch_publish, the time from noticing a change to publishing it,
// and watch_scan. Degraded is called with [Status].Degraded whenever that changes.
type Metrics interface {
	Count(name string, n int64)
	Observe(name string, d time.Duration)
	Degraded(reason string)
}
