package drivertest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-prompty/prompty"
)

// ledger is what savers know: which text each acknowledged version has, and which
// texts may have been saved as well. No text is saved twice.
type ledger struct {
	t testing.TB

	mu     sync.Mutex // guards the fields below
	acks   map[string]map[int]string
	unsure map[string]bool // "name\ntext"
	all    int
}

func newLedger(t testing.TB) *ledger {
	return &ledger{t: t, acks: make(map[string]map[int]string), unsure: make(map[string]bool)}
}

func (l *ledger) acknowledge(name string, version int, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if other, twice := l.acks[name][version]; twice {
		l.t.Errorf("version %d of %q was given twice, to %.40q and %.40q", version, name, other, text)
	}
	if l.acks[name] == nil {
		l.acks[name] = make(map[int]string)
	}
	l.acks[name][version] = text
	l.all++
}

func (l *ledger) doubt(name, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unsure[name+"\n"+text] = true
}

// anyAck returns some acknowledged version of name; 0: there is none.
func (l *ledger) anyAck(name string) (version int, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for version, text := range l.acks[name] { // in random order
		return version, text
	}
	return 0, ""
}

// verify holds the ledger against the names with a prefix that a storage has,
// and that nobody changes any more.
func (l *ledger) verify(ctx context.Context, s prompty.TemplateStorage, prefix string) {
	t := l.t
	t.Helper()
	list, err := s.List(ctx, &prompty.TemplateQuery{NamePrefix: prefix, IncludeAllVersions: true})
	if err != nil {
		t.Errorf("List in the end: %v", err)
		return
	}
	there := make(map[string]map[int]string)
	for _, x := range list {
		if there[x.Name] == nil {
			there[x.Name] = make(map[int]string)
		}
		there[x.Name][x.Version] = x.Source
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for name, acks := range l.acks {
		for version, text := range acks {
			if got, ok := there[name][version]; !ok {
				t.Errorf("%s@%d was acknowledged and is lost", name, version)
			} else if got != text {
				t.Errorf("%s@%d is %.40q, acknowledged was %.40q", name, version, got, text)
			}
		}
	}
	for name, versions := range there {
		at := make(map[string]int)
		for i, version := range slices.Sorted(maps.Keys(versions)) {
			text := versions[version]
			if version != i+1 {
				t.Errorf("%q has no version %d, but %d", name, i+1, version)
				break
			}
			if before := at[text]; before != 0 {
				t.Errorf("%q was saved once, as %.40q, and is there twice, as versions %d and %d", name, text, before, version)
			}
			at[text] = version
			if _, ok := l.acks[name][version]; !ok && !l.unsure[name+"\n"+text] {
				t.Errorf("%s@%d is %.40q, which nobody saved", name, version, text)
			}
		}
	}
}

// textOf is the i-th text of a saver, short or long.
func textOf(who string, i int) string {
	return fmt.Sprintf("saver %s, text %d\r\n", who, i) + strings.Repeat("and more of the same – 🦊\n", (i*i*37)%300)
}
