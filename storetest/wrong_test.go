package storetest

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// wrongStores are the flaws of faulty, each with the rule that must catch it.
var wrongStores = map[string]rule{
	"reuses the number of a deleted version":        ruleVersions,
	"starts again after Delete":                     ruleVersions,
	"forgets the highest number":                    ruleVersions,
	"loses concurrent saves":                        ruleVersions,
	"saves the same text once":                      ruleVersions,
	"lists versions ascending":                      ruleVersions,
	"overwrites what older versions share":          ruleVersions,
	"keeps the draft's version":                     ruleSave,
	"touches a refused argument":                    ruleSave,
	"gives one ID to a name":                        ruleID,
	"trims IDs":                                     ruleID,
	"gives nil for what is missing":                 ruleDelete,
	"makes its own error for a version":             ruleDelete,
	"says the template is missing, not the version": ruleDelete,
	"wraps no StorageError":                         ruleDelete,
	"deletes what is missing":                       ruleDelete,
	"deletes the latest only":                       ruleDelete,
	"takes any name":                                ruleNames,
	"folds the case of names":                       ruleNames,
	"makes an error of an empty list":               ruleList,
	"sorts without regard to case":                  ruleList,
	"cuts the page before sorting":                  ruleList,
	"matches older versions":                        ruleList,
	"takes % as a wildcard":                         ruleList,
	"keeps the caller's map":                        ruleOwnership,
	"gives out its own slice":                       ruleOwnership,
	"gives an empty map":                            ruleOwnership,
	"drops CR":                                      ruleExact,
	"trims the last newline":                        ruleExact,
	"reads front matter":                            ruleExact,
	"sorts tags":                                    ruleExact,
	"drops double tags":                             ruleExact,
	"trims metadata":                                ruleExact,
	"takes a NUL":                                   ruleExact,
	"uses up a number for a refused save":           ruleExact,
	"ignores the context":                           ruleContext,
	"saves half when cancelled":                     ruleContext,
	"works after Close":                             ruleClose,
	"fails to close twice":                          ruleClose,
	"closes the other handles":                      ruleClose,
	"leaks a goroutine":                             ruleClose,
	"leaks a file":                                  ruleClose,
	"forgets everything":                            ruleDurable,
	"gives local time":                              ruleTime,
	"counts seconds only":                           ruleTime,
	"lets time go back":                             ruleTime,
	"races in SaveIf":                               ruleSaveIf,
	"conflicts without versions":                    ruleSaveIf,
	"stops a batch half way":                        ruleBatch,
	"gives a snapshot that moves":                   ruleSnapshot,
	"gives a snapshot that can be written":          ruleSnapshot,
	"arms its watch late":                           ruleWatch,
	"reports its own changes only":                  ruleWatch,
	"drops batches for a slow reader":               ruleWatch,
	"does not sort a batch":                         ruleWatch,
	"calls everything changed":                      ruleWatch,
	"leaves the channel open":                       ruleWatch,
}

// recorder stands in for a test and remembers how it failed.
type recorder struct {
	testing.TB
	mu       sync.Mutex // guards the fields below
	failures []string
	skipped  bool
	cleanups []func()
}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *recorder) skip() {
	r.mu.Lock()
	r.skipped = true
	r.mu.Unlock()
	runtime.Goexit()
}

func (r *recorder) Skip(...any)          { r.skip() }
func (r *recorder) Skipf(string, ...any) { r.skip() }

func (r *recorder) Cleanup(fn func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cleanups = append(r.cleanups, fn)
}

// record runs one check as Run would, and returns what it complained of.
func record(t *testing.T, c check, flaw string) *recorder {
	r := &recorder{TB: t}
	cl := newClaims(nil)
	cl.patience = 100 * time.Millisecond // only a flaw waits for its end
	if flaw == "" {
		cl.patience = standardPatience
	}
	inGoroutine(func() { c.run(r, func(testing.TB) Place { return openFaulty(flaw) }, cl) })
	for _, fn := range slices.Backward(r.cleanups) {
		inGoroutine(fn)
	}
	return r
}

// inGoroutine waits for fn, which may call Goexit.
func inGoroutine(fn func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		fn()
	}()
	<-done
}

func everyCheck() []check {
	var list []check
	for _, topic := range topics {
		list = append(list, topic.checks...)
	}
	return list
}

func TestFaultyWithoutFlawPasses(t *testing.T) {
	for _, c := range everyCheck() {
		r := record(t, c, "")
		for _, failure := range r.failures {
			t.Errorf("%s: %s", c.name, failure)
		}
	}
}

// TestWrongStores wants each flaw to be found by the rule that it breaks.
func TestWrongStores(t *testing.T) {
	t.Cleanup(func() {
		close(leakedUntil)
		for _, f := range leaks {
			f.Close()
		}
	})
	for flaw, want := range wrongStores {
		t.Run(flaw, func(t *testing.T) {
			var others []string
			found := false
			for _, c := range everyCheck() {
				if c.rule != want {
					continue
				}
				for _, failure := range record(t, c, flaw).failures {
					if strings.HasPrefix(failure, string(want)+": ") {
						found = true
					} else {
						others = append(others, failure)
					}
				}
			}
			if !found {
				t.Errorf("no check of %s found it; other failures: %q", want, others)
			}
		})
	}
}
