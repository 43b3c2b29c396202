//go:build !race

package promptfile

// slowness divides the sizes of the tests that parse a lot.
const slowness = 2
