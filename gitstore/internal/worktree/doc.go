// Package worktree changes tracked files in a work tree and its index the way
// git does, and reads uncommitted edits.
//
// A [Txn] holds git's index.lock. It refuses to touch a path whose file or
// index entry differs from HEAD. It writes a journal and the new files, to
// temporary names, and takes the room for the index, so that a full disk or a
// missing right shows while nothing has happened. Then it moves the files into
// place and fills in the index, and gives the lock back when the branch has
// moved, so that `git status` is as clean as it was. A crash at any point is
// finished or undone by the next [Tree.Begin] or [Tree.Heal]; what a person
// saved meanwhile is kept as an uncommitted edit. All that needs is in
// <git dir>/prompty: the journal pending, files on their way in and out, and
// lost/, where an edit goes in the one case that a later edit stands in its
// place already.
//
// Where branch and index are apart, git would take the difference for a change
// that undoes the save, or is the save, and commit it. So index.lock stands for
// as long as the journal does, whatever happens to the process.
//
// The order of a whole save is: Begin, Check each path, write blobs, lock the
// ref, write trees and the commit, flush, Stage or Remove each path, Prepare,
// Apply, move the ref, Done. Where anything fails before the ref has moved:
// Abort.
//
// Split indexes, sparse indexes, and paths with the attributes filter, ident
// or working-tree-encoding are refused with an [UnsupportedError].
package worktree
