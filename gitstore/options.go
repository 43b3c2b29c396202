package gitstore

import (
	"time"

	"github.com/go-prompty/prompty/watch"
)

// SyncMode says how far a Save goes before it returns.
type SyncMode string

const (
	SyncBatch SyncMode = "batch" // the default: the version outlives power loss; objects are flushed together
	SyncFull  SyncMode = "full"  // the same, with a flush for each file and folder
	SyncNone  SyncMode = "none"  // it outlives the process, and power loss a while later
)

// NoWatch is the [watch.Mode] of a store that does not watch.
const NoWatch watch.Mode = "off"

// Options are what Open can be told. The zero value is a good one.
type Options struct {
	Branch   string // served and written; empty: the one that is checked out, at each call
	Ref      string // a branch, tag or commit to serve read-only; not with Branch
	Dir      string // slash-separated; the folder with the templates; empty: the path itself
	Ext      string // of template files; empty: ".prompty"
	Init     bool   // make a repository where there is none: bare if the path ends in .git
	Worktree bool   // uncommitted edits are served on top of what is committed

	Author    string // "Name <email>"; empty: the committer
	Committer string // "Name <email>"; empty: as git finds it
	Message   string // the subject, with {action}, {name} and {version}; empty: "Save greeting" and the like
	Sign      string // "ssh", "openpgp" or "none"; empty: as commit.gpgSign says
	SignKey   string // a file or a key's ID; empty: as user.signingKey says

	AllowedSigners string // the file of who may sign with SSH; empty: as gpg.ssh.allowedSignersFile says
	Keyring        string // the file of OpenPGP public keys to check signatures with

	Sync     SyncMode      // empty: SyncBatch
	Timeout  time.Duration // how long to wait for other writers' locks; 0: 5 seconds
	AnyOwner bool          // open a repository that belongs to another user
	Watch    watch.Mode    // how Watch learns of what others do; empty: watch.Auto
}
