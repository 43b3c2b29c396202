// Package writeback brings files' data to the disk without a flush of its own
// for each, where one flush that follows makes all of it last.
//
// On ext4 and XFS the journal is one sequence. Once a file's data was written
// back, its size and place stand in a transaction that is not later than that of
// a name given to it afterwards; flushing that name's folder, or any other file,
// commits both, and empties the drive's cache before the commit is written. Git
// counts on the same with core.fsyncMethod=batch (git-config(1)).
package writeback
