// Package watchbench measures package watch, and what stands on it, beside what
// people would use instead, in one run, on one disk: a loop around inotify
// written by hand, which is as fast as the system lets anybody be; viper's
// WatchConfig; and package fsnotify with the usual wait of 100 ms. The command
// cmd/watchbench prints its table. It runs on Linux.
//
// A process of its own edits a file and says at what moment it began the last
// step, after which the new text is complete: closing the file, or renaming it
// to its place. What counts is when a goroutine of the side whose turn it is
// holds what it verified. All sides run in one process, each with a folder of
// its own, and are asked in turn.
package watchbench
