package dbbench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/bench/internal/report"
)

func (set *setting) get(ctx context.Context) (report.Row, error) {
	ours := func(i int) error { _, err := set.s.Get(ctx, name(i)); return err }
	hand := func(i int) error { _, err := set.hand.get(ctx, name(i)); return err }
	return set.compare(ctx, "Get", 1.15, set.Rounds, ours, hand)
}

func (set *setting) save(ctx context.Context) (report.Row, error) {
	ours := func(i int) error { return set.s.Save(ctx, template(name(i), text(i))) }
	hand := func(i int) error { _, err := set.hand.save(ctx, name(i), text(i)); return err }
	return set.compare(ctx, "Save", 1.25, set.Rounds, ours, hand)
}

func (set *setting) list(ctx context.Context) (report.Row, error) {
	ours := func(int) error {
		list, err := set.s.List(ctx, &prompty.TemplateQuery{NamePrefix: "list/"})
		if err == nil && (len(list) != listed || list[1].Source != text(names+1)) {
			err = fmt.Errorf("we list %d templates", len(list))
		}
		return err
	}
	hand := func(int) error {
		list, err := set.hand.list(ctx, "list/")
		if err == nil && (len(list) != listed || list[1] != text(names+1)) {
			err = fmt.Errorf("by hand, %d templates are listed", len(list))
		}
		return err
	}
	return set.compare(ctx, fmt.Sprint("List of ", listed, " by prefix"), 1.25, set.Rounds, ours, hand)
}

// lose is a random while, after which who lost a race tries again.
func lose() { time.Sleep(rand.N(20 * time.Millisecond)) }

// saverCount save one name at once.
const saverCount = 32

// savers compares the throughput: 0.9 of theirs is 1/0.9 of their time.
func (set *setting) savers(ctx context.Context) (report.Row, error) {
	saves, rounds := set.Saves, set.Rounds
	if set.races {
		saves, rounds = 1, (rounds+7)/8
	}
	crowd := func(save func() error) func(int) error {
		return func(int) error {
			errs := make(chan error, saverCount)
			var all sync.WaitGroup
			for range saverCount {
				all.Go(func() {
					for range saves {
						if err := save(); err != nil {
							errs <- err
							return
						}
					}
				})
			}
			all.Wait()
			select {
			case err := <-errs:
				return err
			default:
				return nil
			}
		}
	}
	ours := crowd(func() error { return set.s.Save(ctx, template("shared", text(0))) })
	hand := crowd(func() error { _, err := set.hand.save(ctx, "shared", text(0)); return err })
	row, err := set.compare(ctx, fmt.Sprint(saverCount, " savers of one name, ", saverCount*saves, " saves"), 1/0.9, rounds, ours, hand)
	if err != nil {
		return row, err
	}
	// Nothing may be lost or doubled.
	list, err := set.s.ListVersions(ctx, "shared")
	if err == nil && (len(list) == 0 || len(list) != list[0] || len(list)%(saverCount*saves) != 0) {
		err = fmt.Errorf("there are %d versions, the latest of them %d", len(list), list[0])
	}
	return row, err
}

// compare is a row for a work and the bare statement.
func (set *setting) compare(ctx context.Context, work string, bound float64, rounds int, ours, hand func(i int) error) (report.Row, error) {
	n, err := calibrate(time.Duration(set.Millis)*time.Millisecond, hand)
	if err != nil {
		return report.Row{}, fmt.Errorf("by hand: %w", err)
	}
	got, err := inTurn(ctx, rounds, timed("we", n, ours), timed("by hand", n, hand))
	if err != nil {
		return report.Row{}, err
	}
	return ratio(work, got[0], got[1], bound), nil
}
