// Package dbbench measures the database drivers beside the bare statements that
// they cannot do without, written by hand and sent through the same client library
// to the same server. The command cmd/dbbench prints its table.
//
// Each piece of work is done in turn by us and by hand, for many short rounds, in
// one process; what counts is the median of the rounds' ratios, for the time itself
// is this machine's. Before anything is timed both sides have to give the same
// bytes. The servers are those that the variables PROMPTY_TEST_… name, as in the
// tests of the drivers, or started for the occasion; a driver without one is left
// out.
package dbbench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/bench/internal/report"
)

// Config says what to measure.
type Config struct {
	Rounds int // of each side of a work
	Millis int // that a round should take
	Saves  int // of each of the 32 savers in a round
	Pushes int // changes that another process is to be told of

	Run  *regexp.Regexp // matches the works to do, such as "redis save"
	Logf func(format string, args ...any)
}

// Valid says whether the sizes make sense.
func (c *Config) Valid() error {
	if c.Rounds < 1 || c.Millis < 1 || c.Saves < 1 || c.Pushes < 1 {
		return errors.New("at least one round, one millisecond, one save and one push are needed")
	}
	return nil
}

// A kind is a driver, and what stands beside it.
type kind struct {
	driver   string
	variable string                             // of the environment, with the server
	place    func(server, prefix string) string // our connection string, for names of tables, keys … that begin so
	open     func(ctx context.Context, server, prefix string) (byHand, error)
	pushes   bool // its changes are told and not asked for
	races    bool // who loses the race for a number tries again, so a crowd takes long
}

var kinds = []kind{
	{driver: "postgres", variable: "PROMPTY_TEST_POSTGRES", place: option("table_prefix"), open: openPostgres, pushes: true},
	{driver: "mysql", variable: "PROMPTY_TEST_MYSQL", place: option("table_prefix"), open: openMySQL},
	{driver: "sqlite", place: option("table_prefix"), open: openSQLite, pushes: true},
	{driver: "redis", variable: "PROMPTY_TEST_REDIS", place: option("key_prefix"), open: openRedis, pushes: true},
	{driver: "mongodb", variable: "PROMPTY_TEST_MONGODB", place: option("collection_prefix"), open: openMongoDB, races: true},
	{driver: "dynamodb", variable: "PROMPTY_TEST_DYNAMODB", place: dynamoPlace, open: openDynamoDB, races: true},
}

// byHand is what a program would do that has no storage but the database. A
// version has a source, metadata, tags, an author and a time, and can be found by
// tag and author, as ours can.
type byHand interface {
	get(ctx context.Context, name string) (source string, err error)
	save(ctx context.Context, name, source string) (version int, err error)
	list(ctx context.Context, prefix string) (sources []string, err error)
	// close removes what was made, for us too, and ends the connections.
	close(ctx context.Context) error
}

// setting is a driver with its server.
type setting struct {
	*Config
	kind
	place string // connection string
	s     prompty.TemplateStorage
	hand  byHand
}

// names of the templates that are read, and of the list.
const names, listed = 100, 100

func name(i int) string { return fmt.Sprintf("prompts/%03d", i%names) }

func listName(i int) string { return fmt.Sprintf("list/%03d", i) }

// Measure does the work that c.Run wants. Work that fails is in the report as
// such, and the rest is measured still; only a context that ends is an error.
func (c *Config) Measure(ctx context.Context, args string) (*Report, error) {
	r := newReport(args)
	dir, err := os.MkdirTemp("", "dbbench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	for _, k := range kinds {
		if ctx.Err() != nil {
			break
		}
		c.measure(ctx, r, k, dir)
	}
	return r, ctx.Err()
}

func (c *Config) measure(ctx context.Context, r *Report, k kind, dir string) {
	works := []struct {
		name string
		do   func(*setting, context.Context) (report.Row, error)
	}{
		{"get", (*setting).get}, {"save", (*setting).save}, {"savers", (*setting).savers}, {"list", (*setting).list}, {"push", (*setting).push},
	}
	wanted := works[:0:0]
	for _, w := range works {
		if c.Run.MatchString(k.driver + " " + w.name) {
			wanted = append(wanted, w)
		}
	}
	if len(wanted) == 0 {
		return
	}
	fail := func(work string, err error) {
		c.Logf("%s: %v", work, err)
		r.Failed++
		r.rows = append(r.rows, report.Row{Work: work, Err: err})
	}
	server, end, err := k.server(ctx, dir)
	if errors.Is(err, errNoServer) {
		c.Logf("%s: left out: %v", k.driver, err)
		r.missing = append(r.missing, k.driver)
		return
	} else if err != nil {
		fail(k.driver, err)
		return
	}
	defer end()
	set, err := c.settle(ctx, k, server)
	if err != nil {
		fail(k.driver, err)
		return
	}
	defer func() {
		if err := errors.Join(set.s.Close(), set.hand.close(context.WithoutCancel(ctx))); err != nil {
			c.Logf("%s: %v", k.driver, err)
		}
	}()
	for _, w := range wanted {
		if ctx.Err() != nil {
			return
		}
		row, err := w.do(set, ctx)
		if err != nil {
			fail(k.driver+": "+w.name, err)
			continue
		}
		row.Work = k.driver + ": " + row.Work
		c.Logf("%s: %s", row.Work, row.Plain())
		r.rows = append(r.rows, row)
	}
}
