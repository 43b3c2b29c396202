package sqlite

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/sqlstore/internal/sessions"
)

// longWAL is a size that SQLite never lets the log come to, unless somebody
// reads without end.
const longWAL = 256 << 20

// mostChecked is the size of a file that is read whole to see whether it is sound.
const mostChecked = 100 << 20

// Describe implements backend.Backend.
func (s *store) Describe(ctx context.Context) (d prompty.Description, err error) {
	d.Location = s.path
	var names int
	finding := "ok"
	err = s.read(ctx, func(c *sessions.Session) error {
		if s.fileState().size <= mostChecked {
			if err := c.Row(ctx, "PRAGMA quick_check(1)", nil, &finding); err != nil {
				return err
			}
		}
		return c.Row(background, s.sql("SELECT count(*) FROM prompty_heads WHERE latest > 0"), nil, &names)
	})
	if finding != "ok" {
		d.Problems = append(d.Problems, fmt.Sprintf("the file is damaged (%s): restore it from a backup, or save what can be read with the sqlite3 shell's .recover", strings.TrimSpace(finding)))
	}
	d.State = fmt.Sprintf("%d templates", names)
	switch {
	case s.readOnly != "":
		d.State += ", read-only: " + s.readOnly
	case s.sync == "normal":
		d.State += ", sync=normal: a loss of power takes the last moments"
	case s.sync == "off":
		d.State += ", sync=off: a loss of power may damage it"
	}
	if kind := remote(s.path); kind != "" {
		d.Problems = append(d.Problems, fmt.Sprintf("the file is on %s, where SQLite's locks do not hold between machines: move it to a local disk, or use a database server", kind))
	}
	if info, err := os.Stat(s.path + "-wal"); err == nil && info.Size() > longWAL {
		d.Problems = append(d.Problems, fmt.Sprintf("%s-wal has grown to %d MiB, since some program keeps a read transaction open: end that program", s.path, info.Size()>>20))
	}
	return d, err
}
