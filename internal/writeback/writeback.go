// Package writeback brings files' data to the disk without a flush of its own
// for each, where one flush that follows makes all of it last.
//
// On XFS, and on ext4 with a journal, the journal is one sequence. Once a file's
// data was written back, its size and place stand in a transaction that is not
// later than that of a name given to it afterwards, and names given one after the
// other stand there in that order. Flushing a folder commits all up to the last
// change of its entries, and empties the drive's cache before the commit is
// written. So power loss leaves what was done up to some moment, and no name
// without its text. Git counts on the same with core.fsyncMethod=batch
// (git-config(1)).
package writeback
