package gitstore

import (
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/gitstore/internal/gittest"
)

// TestClashLate asks for names that differ in case only with a state that the
// branch has left: what is remembered of the answer must be of the state now.
func TestClashLate(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	s, err := Open(r.Dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	save := func(name string) error {
		return s.Save(t.Context(), &prompty.StoredTemplate{Name: name, Source: "text"})
	}
	if err := save("first"); err != nil {
		t.Fatal(err)
	}
	l := s.line("refs/heads/main")
	before := l.state.Load()
	l.folds = nil
	r.Write("Greeting.prompty", "by hand")
	r.Git("add", ".")
	r.Git("commit", "-qm", "By hand")
	if _, err := s.Get(t.Context(), "Greeting"); err != nil {
		t.Fatal(err)
	}
	if _, err := l.clash(t.Context(), before, "other.prompty"); err != nil {
		t.Fatal(err)
	}
	if err := save("greeting"); err == nil {
		t.Error("Save made greeting beside Greeting")
	}
}
