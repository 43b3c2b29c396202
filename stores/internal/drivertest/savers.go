package drivertest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/go-prompty/prompty"
)

const (
	saverVariable = "DRIVERTEST_SAVERS" // process, savers in it, and saves of each
	sharedName    = "shared"
)

// savers has 1, 8 and 32 savers in several processes save one name: each gets a
// version of its own, and there is none between them.
func savers(t *testing.T, d Driver) {
	for _, crowd := range []struct{ processes, savers, saves int }{{1, 1, 20}, {4, 2, 10}, {4, 8, 5}} {
		t.Run(fmt.Sprint(crowd.processes*crowd.savers), func(t *testing.T) {
			inChild(t, func(place string) error { return saveMany(d, place) })
			place := d.Place(t)
			l := newLedger(t)
			begin := time.Now()
			var all sync.WaitGroup
			for p := range crowd.processes {
				c := startChild(t, place, fmt.Sprint(saverVariable, "=", p, " ", crowd.savers, " ", crowd.saves))
				all.Go(func() {
					for line, ok := c.line(); ok; line, ok = c.line() {
						var who string
						var i, version int
						if n, _ := fmt.Sscanf(line, "acknowledged %s %d %d", &who, &i, &version); n == 3 {
							l.acknowledge(sharedName, version, textOf(who, i))
						}
					}
				})
			}
			all.Wait()
			if want := crowd.processes * crowd.savers * crowd.saves; l.all != want {
				t.Errorf("%d saves were acknowledged, want %d", l.all, want)
			}
			t.Logf("%d saves in %v, with the start of the processes", l.all, time.Since(begin).Round(time.Millisecond))
			s, err := d.Open(place)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			l.verify(t.Context(), s, "")
		})
	}
}

// saveMany is a process of savers. All of them begin at once.
func saveMany(d Driver, place string) error {
	var process, savers, saves int
	if _, err := fmt.Sscan(os.Getenv(saverVariable), &process, &savers, &saves); err != nil {
		return err
	}
	s, err := d.Open(place)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	errs := make([]error, savers)
	var all sync.WaitGroup
	for w := range savers {
		all.Go(func() {
			who := fmt.Sprint(process, ".", w)
			for i := range saves {
				tmpl := &prompty.StoredTemplate{Name: sharedName, Source: textOf(who, i)}
				if err := s.Save(ctx, tmpl); err != nil {
					errs[w] = fmt.Errorf("save %d of %s: %w", i, who, err)
					return
				}
				fmt.Println("acknowledged", who, i, tmpl.Version)
			}
		})
	}
	all.Wait()
	return errors.Join(append(errs, s.Close())...)
}
