// Command dbbench measures the database drivers beside the bare statements, sent
// through the same client libraries to the same servers in one run, and writes a
// table of the ratios. Package bench/dbbench says how, and where the servers come
// from.
//
//	go run ./cmd/dbbench -write ../docs/performance.md
//	go run ./cmd/dbbench -run 'redis (get|save)' -rounds 101
package main

import (
	"context"
	"os"
	"strings"

	"github.com/go-prompty/prompty/bench/dbbench"
	"github.com/go-prompty/prompty/bench/internal/command"
)

func main() {
	if dbbench.Follow() {
		return
	}
	command.Main("dbbench", measure)
}

func measure(ctx context.Context, args []string) (err error) {
	flags := command.New("dbbench", "work (postgres, mysql, sqlite, redis, mongodb, dynamodb, each with get, save, savers, list, push)")
	var c dbbench.Config
	flags.IntVar(&c.Rounds, "rounds", 41, "how often each work is done, in turn by us and by hand")
	flags.IntVar(&c.Millis, "millis", 20, "how many milliseconds of work by hand a round has")
	flags.IntVar(&c.Saves, "saves", 20, "how many saves each of the 32 savers makes in a round")
	flags.IntVar(&c.Pushes, "pushes", 300, "how many changes another process is told of")
	if c.Run, err = flags.Parse(args); err != nil {
		return err
	}
	if err := c.Valid(); err != nil {
		return err
	}
	c.Logf = command.Logf
	report, err := c.Measure(ctx, strings.Join(args, " "))
	if err != nil {
		return err
	}
	return flags.Publish(os.Stdout, report, report.Failed)
}
