// Package gitstore keeps templates in a Git repository, where every Save is a
// commit and every version a point of the history, beside everybody else who
// uses the repository. It is the storage driver "git".
//
//	storage, err := prompty.OpenStorage("git", "./repo?dir=prompts")
//
// Any repository will do, prepared by nobody: bare or with a work tree, linked
// work trees, with alternates, shallow, packed. The git command is not needed.
//
// # What is what
//
//	prompts/support/refund.prompty   the template "support/refund", with dir=prompts
//	a commit                         a version of each file that it changed
//	4f1c…9a:prompts/a.prompty        an ID: what git show takes
//	author of the commit             CreatedBy and CreatedAt
//
// A version of a template is a commit on the branch's first-parent history that
// changed the bytes of its file, so a merged pull request is one version, and
// numbers on a branch that nobody rewrites never change. They count up from the
// oldest and are not used again, even after the file was deleted.
//
// What a file means is package promptfile's affair. Tags and metadata are in its
// front matter, the author and the time are in the commit.
//
//   - Save makes one commit that changes one file; SaveAll one commit for many
//     (and another one where a name comes twice). What is there already, byte for
//     byte, is a version too: its commit has the trailer "Prompty-Save: name".
//   - Delete is a commit that removes the file.
//   - DeleteVersion is a commit with the trailer "Prompty-Delete-Version: name@n";
//     if n was the latest it restores the file before it.
//   - Served is what is committed, at each call. A commit made, fetched or reset
//     by anyone shows in the next call; without branch=, so does a checkout.
//   - Where the branch is checked out, the index and the work tree follow, and git
//     status is as clean as before. A file with an uncommitted edit is not saved
//     over: that is [prompty.ErrConflict].
//   - When a branch is rewritten, versions after the last commit that stayed are
//     numbered anew.
//
// A folder name that ends in the extension gets a dot in front: the template
// "a.prompty/b" is .a.prompty/b.prompty. Other names that start with a dot are
// not looked at.
//
// # Options
//
// A connection string is a path and options, "repo?branch=main&dir=prompts". The
// path is that of the repository or of a folder in its work tree.
//
//	branch=main            serve and write this branch; without it the one that is checked out
//	ref=v1.2               serve this branch, tag or commit, read-only
//	dir=prompts            the folder with the templates; from the path, if that is in a work tree
//	ext=.prompty           the extension of template files; with .md any folder of Markdown prompts is served
//	init=1                 make a repository where there is none: a bare one if the path ends in .git
//	worktree=1             lay uncommitted edits in the work tree on top: for development
//	author=Ann <a@b.org>   the author of commits whose template has no CreatedBy; without it the committer
//	committer=Bot <b@b.org> the committer; without it git's: GIT_COMMITTER_…, user.name and user.email
//	message={action} {name} the subject of commits; also {version}
//	sign=ssh               sign commits: ssh, openpgp or none; without it as commit.gpgSign says
//	signkey=~/.ssh/id      the key's file or ID; without it user.signingKey
//	allowed_signers=file   who may sign with SSH, for History; without it gpg.ssh.allowedSignersFile
//	keyring=file           the OpenPGP public keys to check with, for History
//	sync=batch             batch: a Save outlives power loss, with one flush; full: with a flush for each file; none
//	timeout=5s             how long to wait for another writer's lock
//	owner=any              open a repository that belongs to another user
//	watch=auto             how others' changes are noticed: auto, inotify, fsnotify, poll, or off
//
// A question mark in the path is written %3F, and a percent sign before 3F or 25
// is written %25. Values are written as in a URL's query: + as %2B, & as %26,
// ; as %3B and % as %25; a blank may stay.
//
// # Watching
//
// A store is a [prompty.Watcher]: commits, merges, fetches, resets, checkouts and
// whatever else moves the branch show within milliseconds, our own saves too. Each
// move is one batch with the names whose latest version or set of versions is
// another one now; where that is none, as the commits touch no template, there is
// no batch. What came and went before anybody looked is told of if someone has read
// it. After a rewrite of the branch the batch also says All. With worktree=1
// uncommitted edits count, and so does the commit of one, which gives it another
// ID. While the repository cannot be read what was last seen stays, and the status
// in the next batch says why.
//
// A revision is the commit's ID; where uncommitted edits lie on top, a plus sign
// and a digest of them follow. A number sign and a count tell batches of one state
// apart. [Store.WatchFrom] compares states, so it goes on
// from any commit that the repository still has, in another process too; from
// anything else everything may have changed.
//
// # Beside other writers
//
// Who writes holds git's own lock files: index.lock and the branch's. Another
// program's lock is waited for and never removed; one of ours that a killed
// process left is. The tip is read again under the lock. Hooks are not run.
//
// Beside git's own files there is <git dir>/prompty/, with the index of the
// history and the locks' owners; it can be removed while nothing runs.
//
// # Limits
//
//   - SHA-256 repositories, reftable and partial clones are refused.
//   - Files to which a filter, ident or a working-tree-encoding applies cannot be
//     saved while the branch is checked out, nor anything where the index is split
//     or sparse.
//   - Renames are not followed: the new name's versions start at 1.
//   - There is no remote: fetch and push with git.
package gitstore
