// Package langbench measures the template language beside other engines of Go
// and beside code written by hand, on the workloads of internal/workload. The
// command cmd/langbench prints its tables.
//
// Everybody prints the same bytes: that is proven for each cell before it is
// measured, and who cannot print them says why instead of a number. Templates
// are written for each engine in its own syntax, compiled once, and
// rendered through its fastest documented function, with escaping off, into a
// buffer that is used again where the engine lets one. All get the same maps;
// who is faster with other data stands there a second time.
//
// The cells of a row take turns, each for some milliseconds, in another order
// in every round. A ratio is the median of those of the rounds, so that what
// else the machine does meanwhile falls on all of them alike.
package langbench
