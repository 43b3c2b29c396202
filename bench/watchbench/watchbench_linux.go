package watchbench

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/go-prompty/prompty/bench/internal/report"
)

// Config says what to measure, and where.
type Config struct {
	Edits   int           // of each way to edit
	Files   int           // of the big folder
	Folders int           // that they are in
	Rounds  int           // of what is done to all of these files
	Idle    time.Duration // how long nothing happens in it
	Dir     string        // an empty folder on the disk to measure

	Run  *regexp.Regexp // matches the names of what to measure
	Logf func(format string, args ...any)
}

// Valid says whether the sizes make sense.
func (c *Config) Valid() error {
	if c.Edits < 1 || c.Files < 1 || c.Folders < 1 || c.Files < c.Folders || c.Rounds < 1 || c.Idle <= 0 {
		return errors.New("at least one edit, a file for each of at least one folder, one round and some time idle are needed")
	}
	return nil
}

// Measure does the work that c.Run wants. Work that fails is in the report as
// such, and the rest is measured still; only a context that ends is an error.
func (c *Config) Measure(ctx context.Context, args string) (*Report, error) {
	r := newReport(c, args)
	for _, w := range []struct {
		name    string
		measure func(context.Context, string) ([]report.Row, error)
	}{
		{"edit", c.edits},
		{"checkout", c.checkout},
		{"open", c.open},
		{"idle", c.idle},
		{"heap", c.heap},
	} {
		if ctx.Err() != nil || !c.Run.MatchString(w.name) {
			continue
		}
		c.Logf("%s …", w.name)
		dir := filepath.Join(c.Dir, w.name)
		err := os.Mkdir(dir, 0o755)
		var rows []report.Row
		if err == nil {
			rows, err = w.measure(ctx, dir)
		}
		if err != nil {
			c.Logf("  %v", err)
			r.Failed++
			rows = append(rows, report.Row{Work: w.name, Err: err})
		}
		for _, row := range rows {
			if row.Err == nil {
				c.Logf("  %s: %s", row.Work, row.Plain())
			}
		}
		r.rows = append(r.rows, rows...)
	}
	return r, ctx.Err()
}
