//go:build !unix

package storebench

import "time"

var began = time.Now()

// processorTime is not known here: the clock's stands for it.
func processorTime() time.Duration { return time.Since(began) }
