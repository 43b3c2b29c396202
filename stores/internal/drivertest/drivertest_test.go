package drivertest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-prompty/prompty"
	_ "github.com/go-prompty/prompty/fsstore"
)

// folder is a driver that is always there, without a server.
var folder = Driver{
	Place: func(t testing.TB) string { return t.TempDir() },
	Open:  func(place string) (prompty.TemplateStorage, error) { return prompty.OpenStorage("filesystem", place) },
}

func TestSavers(t *testing.T) { savers(t, folder) }

func TestEngine(t *testing.T) { engine(t, folder) }

// Where nothing is broken, everything is as it should be.
func TestCrew(t *testing.T) {
	place := folder.Place(t)
	c := newCrew(t, folder.Open, place, "well")
	c.work(5)
	c.finish(place)
	if n := c.failed.Load(); n != 0 {
		t.Errorf("%d calls failed", n)
	}
}

// report is a test that only keeps what it is told.
type report struct {
	testing.TB
	said []string
}

func (r *report) Helper() {}
func (r *report) Errorf(format string, args ...any) {
	r.said = append(r.said, fmt.Sprintf(format, args...))
}

// A ledger finds what is wrong with a storage, and nothing else.
func TestLedger(t *testing.T) {
	for _, c := range []struct {
		name  string
		saved []string
		acks  map[int]string
		doubt string
		want  string
	}{
		{"all is well", []string{"a", "b"}, map[int]string{1: "a", 2: "b"}, "", ""},
		{"in doubt, and there", []string{"a", "b"}, map[int]string{1: "a"}, "b", ""},
		{"in doubt, and not there", []string{"a"}, map[int]string{1: "a"}, "b", ""},
		{"lost", []string{"a"}, map[int]string{1: "a", 2: "b"}, "", "pre/doc@2 was acknowledged and is lost"},
		{"another text", []string{"b"}, map[int]string{1: "a"}, "b", `pre/doc@1 is "b", acknowledged was "a"`},
		{"twice", []string{"a", "a"}, map[int]string{1: "a"}, "a", `"pre/doc" was saved once, as "a", and is there twice, as versions 1 and 2`},
		{"from nowhere", []string{"a", "b"}, map[int]string{1: "a"}, "", `pre/doc@2 is "b", which nobody saved`},
		{"a hole", []string{"a", "", "b"}, map[int]string{1: "a", 3: "b"}, "", `"pre/doc" has no version 2, but 3`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := prompty.NewMemoryStorage()
			for i, text := range c.saved {
				if err := s.Save(t.Context(), &prompty.StoredTemplate{Name: "pre/doc", Source: text}); err != nil {
					t.Fatal(err)
				}
				if text == "" {
					if err := s.DeleteVersion(t.Context(), "pre/doc", i+1); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := s.Save(t.Context(), &prompty.StoredTemplate{Name: "other", Source: "of somebody else"}); err != nil {
				t.Fatal(err)
			}
			r := &report{TB: t}
			l := newLedger(r)
			for version, text := range c.acks {
				l.acknowledge("pre/doc", version, text)
			}
			if c.doubt != "" {
				l.doubt("pre/doc", c.doubt)
			}
			l.verify(t.Context(), s, "pre/")
			if got := strings.Join(r.said, "; "); got != c.want {
				t.Errorf("the ledger says %q, want %q", got, c.want)
			}
		})
	}
	r := &report{TB: t}
	l := newLedger(r)
	l.acknowledge("doc", 1, "a")
	l.acknowledge("doc", 1, "b")
	if want := []string{`version 1 of "doc" was given twice, to "a" and "b"`}; !slices.Equal(r.said, want) {
		t.Errorf("the ledger says %q, want %q", r.said, want)
	}
}
