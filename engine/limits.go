package engine

import (
	"errors"
	"fmt"
)

// Limits bound what one template or one rendering may use. A zero field is the
// default. Limits can be raised, but none can be turned off.
type Limits struct {
	OutputBytes         int // of one rendering; default 10 MiB
	LoopTurns           int // of all loops of one rendering; default 100,000
	LoopTurnsEach       int // of one loop; default 10,000
	Steps               int // instructions of one rendering, long texts and values counting for more; default 10,000,000
	IncludeDepth        int // includes within includes, bases of bases; default 32, at most 1,000
	BlockDepth          int // block tags within block tags; default 64, at most 1,000
	ExpressionDepth     int // parentheses, calls and signs within each other; default 64, at most 1,000
	SourceBytes         int // of one template's source; default 4 MiB, at most 1 GiB
	FunctionResultBytes int // of what one function or resolver gives; default 1 MiB
}

// Depths are bounded from above too, since parsing and compiling recurse and
// nothing can catch an overflow of Go's stack.
const (
	maxDepth       = 1000
	maxSourceBytes = 1 << 30
)

var defaultLimits = Limits{
	OutputBytes:         10 << 20,
	LoopTurns:           100_000,
	LoopTurnsEach:       10_000,
	Steps:               10_000_000,
	IncludeDepth:        32,
	BlockDepth:          64,
	ExpressionDepth:     64,
	SourceBytes:         4 << 20,
	FunctionResultBytes: 1 << 20,
}

// fill sets what is zero to the default and refuses what makes no sense.
func (l *Limits) fill() error {
	for _, f := range []struct {
		name     string
		v        *int
		def, max int
	}{
		{"OutputBytes", &l.OutputBytes, defaultLimits.OutputBytes, 0},
		{"LoopTurns", &l.LoopTurns, defaultLimits.LoopTurns, 0},
		{"LoopTurnsEach", &l.LoopTurnsEach, defaultLimits.LoopTurnsEach, 0},
		{"Steps", &l.Steps, defaultLimits.Steps, 0},
		{"IncludeDepth", &l.IncludeDepth, defaultLimits.IncludeDepth, maxDepth},
		{"BlockDepth", &l.BlockDepth, defaultLimits.BlockDepth, maxDepth},
		{"ExpressionDepth", &l.ExpressionDepth, defaultLimits.ExpressionDepth, maxDepth},
		{"SourceBytes", &l.SourceBytes, defaultLimits.SourceBytes, maxSourceBytes},
		{"FunctionResultBytes", &l.FunctionResultBytes, defaultLimits.FunctionResultBytes, 0},
	} {
		switch {
		case *f.v == 0:
			*f.v = f.def
		case *f.v < 0:
			return fmt.Errorf("limit %s is %d: give a positive number, or 0 for the default %d", f.name, *f.v, f.def)
		case f.max > 0 && *f.v > f.max:
			return fmt.Errorf("limit %s is %d: at most %d is possible", f.name, *f.v, f.max)
		}
	}
	return nil
}

// ErrLimit is what every error about a limit leads back to, for [errors.Is].
var ErrLimit = errors.New("limit exceeded")

// limitError is an ErrLimit with a text of its own.
type limitError string

func limitf(format string, args ...any) error { return limitError(fmt.Sprintf(format, args...)) }

func (e limitError) Error() string        { return string(e) }
func (e limitError) Is(target error) bool { return target == ErrLimit }
