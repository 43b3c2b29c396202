// Package watch tells what changes in a folder, by content and in milliseconds:
// which files came, went or have another text, whoever wrote them and with
// whatever tool. It knows nothing of prompts.
//
//	folder, err := watch.Open(ctx, "./prompts", watch.Options{})
//	if err != nil {
//		return err
//	}
//	defer folder.Close()
//	revision, files := folder.List()
//	for batch := range folder.Watch(ctx, revision) {
//		for _, c := range batch.Changes {
//			fmt.Println(c.Kind, c.Name, c.Hash)
//		}
//	}
//
// # What it promises
//
// The system's events are taken as hints only. What is published was read, while
// nobody had the file open for writing where the system can tell, and did not
// change meanwhile: no half of a file, nothing that was not there, and no change
// where the content is the same. Where events are lost, everything is compared,
// and the difference is published as if nothing had happened. So List, followed
// by all batches, gives what is on disk, in the end always and mostly within a
// millisecond.
//
//   - A file that is closed after writing, or moved to its name, is read at once;
//     one that was written but not closed, after 100 ms without another write. As
//     long as a program has it open for writing it is waited for, unless that
//     does nothing for five seconds.
//   - A file that is removed, moved away or emptied is given 50 ms to come back:
//     that is how many editors save.
//   - What changes together comes together: a batch is published at once if
//     nothing else is in doubt, otherwise after at most 250 ms, without what is
//     in doubt still. A folder that moves is the deletion and the creation of all
//     that is in it, in one batch.
//   - While git holds index.lock in the work tree that the folder is in, nothing
//     is published: a checkout or a merge is one batch. A lock that was left
//     behind is ignored after a second without events.
//   - Symbolic links to files are followed, inside and out of the folder, and
//     every link and folder on the way is watched. A new state of a Kubernetes
//     volume, which is one link set to another folder, is one batch. Links to
//     folders are not gone into, so loops end. The root may be a link itself.
//   - If the root is deleted, moved, unmounted or no folder any more, the last
//     state stays. When its path leads to a folder again, that is listed and
//     compared. An empty one is given a second to be filled, or ten if it is on
//     another device.
//   - What cannot be read or watched keeps its last state, is in
//     [Status].LastError, is tried again, and stops nothing else.
//
// # How it learns of changes
//
// See [Mode]. Folders for which the system has no more watches, and folders on
// network and virtual file systems, whose changes made elsewhere make no events,
// are looked at by the clock: every second, or less often, so that looking takes
// at most a twentieth of the time. Status tells so as Degraded, and what to do.
// Where the system had no more to give it is asked again, each time for a folder
// and every 30 seconds for a source of events. Once a minute everything is compared with the disk, whatever the mode.
//
// # Limits
//
//   - A file that is written without a pause is not published before there is one.
//   - Two states of a file in quick succession can come as one change. What is
//     written and written back unseen is no change: see [Options].Replaced.
//   - Where the system does not tell who has a file open (files of other users
//     without CAP_LEASE, network file systems, other systems than Linux), a file
//     is taken as whole when it has not changed for 100 ms.
//   - A change made through a hard link outside of the folder, through a memory
//     mapping that stays open, or by mounting something over a folder in it makes
//     no event. It is seen within a minute; Sync sees the first.
//   - Package fsnotify does not tell of everything; what it misses is seen within
//     a minute.
//   - Files bigger than [Options].MaxFile are not read.
//   - Names that are not UTF-8 are not listed.
package watch
