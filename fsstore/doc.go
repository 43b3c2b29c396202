// Package fsstore keeps templates in a folder, one file each, where people edit
// them with any tool while programs read and save them. It is the storage
// driver "filesystem", or "fs" for short.
//
//	storage, err := prompty.OpenStorage("filesystem", "./prompts")
//
// # What lies where
//
//	prompts/greeting.prompty                                the latest version of "greeting"
//	prompts/support/refund.prompty                          … of "support/refund"
//	prompts/.prompty/versions/greeting/1.prompty            every version as a whole file, the latest too
//	prompts/.prompty/versions/greeting/2.prompty.deleted    one that was deleted
//	prompts/.prompty/lock, prompts/.prompty/tmp/            for who writes
//	prompts/.prompty/notices                                the last names of which a version was deleted, for who watches
//
// What a file means is package promptfile's affair. The number and the fate of
// a version are in its file's name, its time is the file's time, and nothing
// else is kept: copy the folder with its times and you have copied the store.
// Without .prompty/ the files in the tree are there as first versions.
//
// .prompty/ gets a .gitignore when it is made: in a Git work tree the versions
// are this place's own.
//
// A folder name that ends in the extension, or a name below versions/ that
// looks like a version, gets a dot in front: the template "a.prompty/b" is
// .a.prompty/b.prompty. Other names that start with a dot are not looked at.
//
// # Rules
//
//   - An edit made by hand is a version: where the file in the tree differs
//     from the newest version, the next call that looks at it records it as the
//     next one, before it is returned. A file made, moved, renamed or deleted by
//     hand is a Save or a Delete. Edits between two looks are one version. What
//     was saved in place is read when its writer has closed it, or has done
//     nothing for a second; a file that was cut to nothing or moved away is
//     given 50 ms to come back.
//   - Versions are never changed. A number is never used twice, as long as
//     nobody removes files from .prompty/versions.
//   - Deleted texts stay on disk as ".deleted", seen by no reader. Folders that
//     become empty stay.
//   - Many processes may use the folder. Who writes holds an advisory lock
//     (flock) on .prompty/lock. Reading takes no lock, and one stat if the file
//     has not changed; the file's ctime tells, so even an edit of the same size
//     that restores mtime is seen.
//   - At every moment the folder is in the state before or after a call,
//     whatever process is killed; repair.go says why. When Save returns, the
//     version is flushed to disk, or with sync=none is in the hands of the
//     system. An edit that slips in while Save replaces the file is kept, as the
//     version after.
//   - Two names that differ only in case are [prompty.ErrConflict]. Two that a
//     person made can both be read.
//   - A file keeps its owner and mode when it is saved, where that is permitted.
//     It does not keep hard links.
//   - Symbolic links to files in the folder are read, but not saved to. Links to
//     folders, and links out of the folder, are not followed.
//
// What has the name of a template but cannot be one (not UTF-8, a NUL, too big,
// no regular file, not readable) gives [prompty.ErrInvalidTemplate] with the
// path and what to do; it is never recorded or replaced, and its versions can
// be read still. List leaves it out, Describe names it. Front matter that is
// not YAML is no such case: the file is served as it is, and the template
// engine reports the error.
//
// The folder itself may be moved, removed or replaced. Where its path leads to
// another folder, List, Describe, Watch and whatever writes open that one, and
// so does a store that watches. While there is none, they give an error.
//
// In a folder that cannot be written, or has no locks, writing gives
// [prompty.ErrReadOnly]. Reading works; edits that nobody could record are
// served under the number that they will have. A full disk is an error in
// reading only if there is an edit to record.
//
// # Watching
//
// Watch reports what anyone changes, by name: this store, other processes,
// editors, git. What package watch says of files is a hint here. Each name is
// looked at as Get would, and reported if its latest version or the set of its
// versions is not what it was:
//
//   - An edit is recorded before it is reported, with the others of its batch.
//     Where nothing can be recorded it is reported all the same, once.
//   - Saving the text that is there is a version, and reported. Touching a file
//     is not, nor is what happens to files that are no templates.
//   - Deleting an old version touches no file in the tree. So whoever deletes
//     writes the name into .prompty/notices first, and watchers look there.
//   - A template whose file cannot be one any more is reported as changed, and
//     once more when it is mended. Until then Get gives the error.
//   - While the folder is not there, watchers keep what they have. Another
//     folder in its place, or lost notices, gives a batch with All.
//   - An edit that cannot be recorded now, for a full disk or a lock that
//     somebody holds on to, is reported when it can; the status says why it waits.
//
// The first Watch opens the folder, as long as that takes; all who watch share
// it, until Close. Only what is looked at is read. A revision is good as long
// as the store is open and 16,384 changes have not passed.
//
// # Options
//
// A connection string is a path and options, "dir?ext=.md&sync=none":
//
//	ext=.prompty     the extension of template files; with .md any folder of Markdown prompts is served
//	sync=full        full: a Save outlives power loss. none: it outlives the process
//	create=1         0: a folder that does not exist is an error instead of being made
//	watch=auto       how changes are found out: auto, inotify, fsnotify, poll; off: Watch gives an error
//
// A question mark in the path is written %3F, and a percent sign before 3F or
// 25 is written %25.
//
// # Limits
//
//   - A text has at most [prompty.MaxSourceBytes], tags and metadata together
//     what front matter holds (promptfile.MaxFrontMatter).
//   - Where the system cannot exchange two files in one step (other than Linux,
//     some network file systems) an edit made in the microseconds between Save's
//     look and its replacing the file is lost.
//   - A program that has a file open for writing for longer than a second,
//     without cutting it, and writes after a Save, writes to the file that was
//     replaced.
//   - Times are as precise as the file system keeps them.
//   - The folders in the tree must be on one file system.
package fsstore
