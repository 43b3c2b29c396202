package watchbench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-prompty/prompty/bench/internal/report"
)

const (
	patience = 10 * time.Second // for a side to hear of an edit
	rest     = 2 * time.Millisecond
)

// line is the text of an edit as viper shows it.
func line(n int) string {
	return fmt.Sprintf("edit %d %s", n, strings.Repeat("a line of a prompt; ", 35))
}

// content is the text of the file: viper needs YAML, the others take it as it
// is.
func content(n int) string { return "text: \"" + line(n) + "\"\n" }

// sample is how long a side took to hear of each edit.
type sample struct {
	delays []time.Duration
	missed int // edits that it did not hear of
	stale  int // times that it held another text than the newest
}

func (s *sample) p(percent int) time.Duration {
	if len(s.delays) == 0 {
		return patience
	}
	slices.Sort(s.delays)
	return s.delays[(len(s.delays)*percent+99)/100-1]
}

// shows is a percentile, and what went wrong besides.
func (s *sample) shows(percent int) string {
	text := report.Short(s.p(percent))
	if s.stale > 0 {
		text += fmt.Sprintf(", and %d times another text than the newest", s.stale)
	}
	if s.missed > 0 {
		text += fmt.Sprintf(", and %d of %d edits missed", s.missed, s.missed+len(s.delays))
	}
	return text
}

// edits measures from the edit of one file to holding its text.
func (c *Config) edits(ctx context.Context, dir string) (rows []report.Row, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	editor, err := startEditor(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, editor.close()) }()
	all, err := startSides(ctx, dir)
	defer func() {
		for _, s := range all {
			err = errors.Join(err, s.close())
		}
	}()
	if err != nil {
		return nil, err
	}
	n := 0
	for _, how := range []struct{ way, words string }{{inPlace, "edit in place"}, {byRename, "edit by rename"}} {
		got, err := c.editAll(ctx, editor, all, how.way, &n)
		if err != nil {
			return rows, err
		}
		rows = append(rows, idleRows(how.words, all, got)...)
	}
	stop, err := keepBusy(ctx)
	if err != nil {
		return rows, err
	}
	defer stop()
	got, err := c.editAll(ctx, editor, all, inPlace, &n)
	if err != nil {
		return rows, err
	}
	return append(rows, busyRows(all, got)...), nil
}

func idleRows(what string, all []*side, got []sample) []report.Row {
	verified, rendered := what+" → verified content", what+" → rendered by `Execute`"
	beside := func(i, percent int) string { return all[i].name + ": " + got[i].shows(percent) }
	times := func(i, percent int) float64 { return float64(got[i].p(percent)) / float64(got[ours].p(percent)) }
	ms := func(d time.Duration) float64 { return d.Seconds() * 1e3 }
	return []report.Row{
		{Work: verified + ", p50", Ours: got[ours].shows(50), Beside: beside(byHand, 50), Value: 1 / times(byHand, 50), Target: report.Target{Kind: "time", Bound: 1.5}},
		{Work: verified + ", p99", Ours: got[ours].shows(99), Beside: beside(byHand, 99), Value: 1 / times(byHand, 99), Target: report.Target{Kind: "time", Bound: 2}},
		{Work: verified + ", p99, time", Ours: got[ours].shows(99), Beside: beside(byHand, 99), Value: ms(got[ours].p(99)), Target: report.Target{Kind: "ms", Bound: 1}},
		{Work: verified + ", p50, beside viper", Ours: got[ours].shows(50), Beside: beside(viperSide, 50), Value: times(viperSide, 50), Target: report.Target{Kind: "faster", Bound: 1}},
		{Work: verified + ", p50, beside a wait", Ours: got[ours].shows(50), Beside: beside(debounced, 50), Value: times(debounced, 50), Target: report.Target{Kind: "faster", Bound: 10}},
		{Work: rendered + ", sync=none, p50", Ours: got[engine].shows(50), Beside: beside(byHand, 50), Value: ms(got[engine].p(50)), Target: report.Target{Kind: "ms", Bound: 2}},
		{Work: rendered + ", sync=none, p99", Ours: got[engine].shows(99), Beside: beside(byHand, 99), Value: ms(got[engine].p(99)), Target: report.Target{Kind: "ms", Bound: 2}},
		{Work: rendered + ", its version flushed, p50", Ours: got[durable].shows(50), Beside: beside(byHand, 50), Value: ms(got[durable].p(50)), Target: report.Target{Kind: "ms", Bound: 2}},
		{Work: rendered + ", its version flushed, p99", Ours: got[durable].shows(99), Beside: beside(byHand, 99), Value: ms(got[durable].p(99)), Target: report.Target{Kind: "ms", Bound: 2}},
	}
}

func busyRows(all []*side, got []sample) []report.Row {
	row := func(what string, i, percent int) report.Row {
		return report.Row{
			Work:   fmt.Sprintf("edit in place → %s, every core busy, p%d", what, percent),
			Ours:   got[i].shows(percent),
			Beside: all[byHand].name + ": " + got[byHand].shows(percent),
			Value:  got[i].p(percent).Seconds() * 1e3,
			Target: report.Target{Kind: "ms", Bound: 10},
		}
	}
	return []report.Row{row("verified content", ours, 50), row("verified content", ours, 99), row("rendered by `Execute`, sync=none", engine, 99)}
}

// editAll lets the sides hear of edits in turn, each first as often as the
// others. The first round does not count. n is the number of the edit, which
// goes on.
func (c *Config) editAll(ctx context.Context, e *editor, all []*side, way string, n *int) ([]sample, error) {
	got := make([]sample, len(all))
	for round := range c.Edits + 1 {
		for i := range all {
			i = (i + round) % len(all)
			s := all[i]
			if round%s.every != 0 {
				continue
			}
			if round == 0 {
				var unmeasured sample
				if err := s.listen(ctx, e, way, n, &unmeasured); err != nil {
					return nil, err
				}
				continue
			}
			if err := s.listen(ctx, e, way, n, &got[i]); err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	return got, nil
}

// listen edits the file of a side and waits until the side holds the new text.
func (s *side) listen(ctx context.Context, e *editor, way string, n *int, got *sample) error {
	time.Sleep(rest) // so that what the last edit set off is over
	for len(s.heard) > 0 {
		<-s.heard
	}
	*n++
	text, shown := content(*n), line(*n)
	hash := hashOf(text)
	path := s.path
	if i := s.edits % (len(s.more) + 1); i > 0 {
		path = s.more[i-1]
	}
	s.edits++
	began, err := e.edit(way, path, text)
	if err != nil {
		return err
	}
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	for {
		select {
		case h := <-s.heard:
			if h.is(text, hash) || h.text == shown {
				got.delays = append(got.delays, time.Duration(h.at-began))
				return nil
			}
			got.stale++
		case <-timeout.C:
			got.missed++
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
