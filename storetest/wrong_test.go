package storetest

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-prompty/prompty"
)

// TestMain keeps rapid from writing files for failures that are meant.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.nofailfile", "true"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

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
	"keeps deleted versions in the history":         ruleHistory,
	"probes with the first version":                 ruleProber,
	"describes itself on two lines":                 ruleDescribe,
	"gives a snapshot that moves":                   ruleSnapshot,
	"gives a snapshot that can be written":          ruleSnapshot,
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

func (r *recorder) Failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.failures) > 0
}

func (r *recorder) Error(args ...any)   { r.Errorf("%s", fmt.Sprintln(args...)) }
func (r *recorder) Fatal(args ...any)   { r.Fatalf("%s", fmt.Sprintln(args...)) }
func (r *recorder) Fail()               { r.Errorf("Fail") }
func (r *recorder) FailNow()            { r.Fatalf("FailNow") }
func (r *recorder) Log(...any)          {}
func (r *recorder) Logf(string, ...any) {}

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

// faultyPatience is short, as only a flaw waits for its end.
const faultyPatience = 100 * time.Millisecond

// record runs one check as Run would, and returns what it complained of.
func record(t *testing.T, c check, flaw string) *recorder {
	r := &recorder{TB: t}
	cl := newClaims(nil)
	cl.patience = faultyPatience
	if flaw == "" {
		cl.patience = standardPatience
	}
	r.observe(func() { c.run(r, func(testing.TB) Place { return openFaulty(flaw) }, cl) })
	return r
}

// observe runs fn and then what it registered as clean-up.
func (r *recorder) observe(fn func()) {
	inGoroutine(fn)
	for _, fn := range slices.Backward(r.cleanups) {
		inGoroutine(fn)
	}
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
		for _, f := range leaks {
			f.Close()
		}
		leaks = nil
	})
	var mu sync.Mutex // guards failed
	failed := make(map[string]bool)
	t.Run("flaws", func(t *testing.T) {
		for flaw, rules := range everyFlaw() {
			t.Run(flaw, func(t *testing.T) {
				if !strings.HasPrefix(flaw, "leaks a file") { // which must not be mixed up with others' files
					t.Parallel()
				}
				for _, want := range rules {
					found, others := findFlaw(t, flaw, want)
					if len(found) == 0 {
						t.Errorf("no check of %s found it; other failures: %q", want, others)
					}
					mu.Lock()
					for _, check := range found {
						failed[string(want)+check] = true
					}
					mu.Unlock()
				}
			})
		}
	})
	for _, c := range slices.Concat(watchChecks, resumeChecks, syncChecks) {
		if !failed[string(c.rule)+c.name] && !t.Failed() {
			t.Errorf("no wrong store was found by %q of %s", c.name, c.rule)
		}
	}
}

// findFlaw returns which checks of a rule find the flaw, and what else failed.
func findFlaw(t *testing.T, flaw string, want rule) (found, others []string) {
	for _, c := range everyCheck() {
		if c.rule != want {
			continue
		}
		for _, failure := range record(t, c, flaw).failures {
			if strings.HasPrefix(failure, string(want)+": ") {
				found = append(found, c.name)
			} else {
				others = append(others, failure)
			}
		}
	}
	return found, others
}

// everyFlaw returns the flaws with the rules that must catch each.
func everyFlaw() map[string][]rule {
	flaws := maps.Clone(wrongWatches)
	for flaw, want := range wrongStores {
		flaws[flaw] = []rule{want}
	}
	return flaws
}

// TestEveryRuleHasAWrongStore holds the list above to the checks.
func TestEveryRuleHasAWrongStore(t *testing.T) {
	tested := map[rule]bool{ruleClaim: true} // by TestClaims
	for _, rules := range everyFlaw() {
		for _, want := range rules {
			tested[want] = true
		}
	}
	for _, c := range everyCheck() {
		if !tested[c.rule] {
			t.Errorf("no wrong store breaks %s, the rule of %q", c.rule, c.name)
		}
	}
}

// TestClaims wants a claim that does not hold to be found.
func TestClaims(t *testing.T) {
	for _, c := range []struct {
		why   string
		claim Claim
		fails bool
	}{
		{"has it", Has[prompty.ConditionalSaver](), false},
		{"lacks it", Has[fmt.Stringer](), true},
		{"has no such limit", SourceLimit(1000), true},
		{"shares nothing", Private(), false},
		{"has no such tenant", Tenant("acme"), false}, // every draft says so
	} {
		r := &recorder{TB: t}
		cl := newClaims([]Claim{c.claim})
		for _, check := range slices.Concat(contractChecks, sourceChecks, restartChecks) {
			r.observe(func() { check.run(r, func(testing.TB) Place { return openFaulty("") }, cl) })
			r.cleanups = nil
		}
		if r.Failed() != c.fails {
			t.Errorf("a store that %s: failures %q, want some: %v", c.why, r.failures, c.fails)
		}
	}
}

// TestModelFindsFlaws wants the random operations, or the histories, to find
// flaws that the one or the other is made for.
func TestModelFindsFlaws(t *testing.T) {
	runs := map[string]func(*recorder, *trial){
		"one after the other": func(r *recorder, t *trial) { modelRuns(r, t) },
		"at once":             func(_ *recorder, t *trial) { linearRuns(t) },
	}
	for flaw, way := range map[string]string{
		"reuses the number of a deleted version": "one after the other",
		"starts again after Delete":              "one after the other",
		"forgets the highest number":             "one after the other",
		"forgets everything":                     "one after the other",
		"drops CR":                               "one after the other",
		"loses concurrent saves":                 "at once",
		"races in SaveIf":                        "at once",
		"deletes the latest only":                "at once",
	} {
		t.Run(flaw, func(t *testing.T) {
			t.Parallel()
			for range 50 { // a race does not show in every history
				r := &recorder{TB: t}
				tr := &trial{TB: r, rule: "model", claims: newClaims(nil), open: func(testing.TB) Place { return openFaulty(flaw) }}
				r.observe(func() { runs[way](r, tr) })
				if r.Failed() {
					return
				}
			}
			t.Errorf("the model test did not find it")
		})
	}
}
