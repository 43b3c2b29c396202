package storetest

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-prompty/prompty"
)

// files keeps each version as a file, which a link puts in its place: so it is
// there whole or not at all, and nobody else has the number. It knows nothing
// but sources, and is right about them but for its flaw.
type files struct {
	prompty.TemplateStorage // the methods that no process of Processes calls
	dir, flaw               string
}

func openFolder(flaw string) func(string) (prompty.TemplateStorage, error) {
	return func(dir string) (prompty.TemplateStorage, error) {
		return &files{dir: dir, flaw: flaw}, nil
	}
}

// numbers returns the versions of a name, hidden ones included, ascending.
func (s *files) numbers(name string) []int {
	entries, _ := os.ReadDir(filepath.Join(s.dir, name))
	var list []int
	for _, e := range entries {
		if v, err := strconv.Atoi(e.Name()); err == nil {
			list = append(list, v)
		}
	}
	slices.Sort(list)
	return list
}

func (s *files) path(name string, v int) string {
	return filepath.Join(s.dir, name, strconv.Itoa(v))
}

func (s *files) hidden(name string, v int) bool {
	_, err := os.Stat(s.path(name, v) + ".hidden")
	return err == nil
}

func (s *files) Save(_ context.Context, tmpl *prompty.StoredTemplate) error {
	if err := os.MkdirAll(filepath.Join(s.dir, tmpl.Name), 0o777); err != nil {
		return err
	}
	for {
		v := 1
		if list := s.numbers(tmpl.Name); len(list) > 0 {
			v = list[len(list)-1] + 1
		}
		text := []byte(tmpl.Source)
		switch s.flaw {
		case "acknowledges before it writes":
			if v%2 == 0 {
				tmpl.Version = v
				go func() {
					<-time.After(time.Second)
					os.WriteFile(s.path(tmpl.Name, v), text, 0o666)
				}()
				return nil
			}
		case "gives a number twice":
			tmpl.Version = v
			return os.WriteFile(s.path(tmpl.Name, v), text, 0o666)
		case "leaves half a file":
			text = text[:len(text)-1]
		}
		temp, err := os.CreateTemp(s.dir, ".temp")
		if err != nil {
			return err
		}
		_, err = temp.Write(text)
		err = errors.Join(err, temp.Close())
		if err == nil {
			err = os.Link(temp.Name(), s.path(tmpl.Name, v))
		}
		os.Remove(temp.Name())
		if errors.Is(err, fs.ErrExist) {
			continue // somebody else has the number
		}
		tmpl.Version = v
		return err
	}
}

func (s *files) GetVersion(_ context.Context, name string, v int) (*prompty.StoredTemplate, error) {
	text, err := os.ReadFile(s.path(name, v))
	if err != nil || s.hidden(name, v) {
		return nil, prompty.NewStorageVersionNotFoundError(name, v)
	}
	return &prompty.StoredTemplate{Name: name, Version: v, Source: string(text)}, nil
}

func (s *files) Get(ctx context.Context, name string) (*prompty.StoredTemplate, error) {
	versions, _ := s.ListVersions(ctx, name)
	if len(versions) == 0 {
		return nil, prompty.NewStorageTemplateNotFoundError(name)
	}
	return s.GetVersion(ctx, name, versions[0])
}

func (s *files) ListVersions(_ context.Context, name string) ([]int, error) {
	list := slices.DeleteFunc(s.numbers(name), func(v int) bool { return s.hidden(name, v) })
	slices.Reverse(list)
	return list, nil
}

func (s *files) List(ctx context.Context, _ *prompty.TemplateQuery) ([]*prompty.StoredTemplate, error) {
	var list []*prompty.StoredTemplate
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() || path == s.dir {
			return err
		}
		name, _ := filepath.Rel(s.dir, path)
		if got, err := s.Get(ctx, filepath.ToSlash(name)); err == nil {
			list = append(list, got)
		}
		return nil
	})
	return list, err
}

// Watch lists again and again, and reports what differs.
func (s *files) Watch(ctx context.Context) (<-chan prompty.ChangeBatch, error) {
	known, err := s.latest(ctx)
	out := make(chan prompty.ChangeBatch)
	look := func() bool {
		now, err := s.latest(ctx)
		if err != nil {
			return true // a folder went or came meanwhile
		}
		var b prompty.ChangeBatch
		for name, id := range now {
			if before, ok := known[name]; !ok {
				b.Changes = append(b.Changes, prompty.Change{Name: name, Kind: prompty.Created})
			} else if before != id && s.flaw != "watches for new names only" {
				b.Changes = append(b.Changes, prompty.Change{Name: name, Kind: prompty.Changed})
			}
		}
		for name := range known {
			if _, ok := now[name]; !ok {
				b.Changes = append(b.Changes, prompty.Change{Name: name, Kind: prompty.Deleted})
			}
		}
		if known = now; len(b.Changes) == 0 {
			return true
		}
		slices.SortFunc(b.Changes, func(a, b prompty.Change) int { return strings.Compare(a.Name, b.Name) })
		select {
		case out <- b:
		case <-ctx.Done():
			return false
		}
		return true
	}
	go func() {
		defer close(out)
		for tick := time.NewTicker(5 * time.Millisecond); look(); {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out, err
}

func (s *files) latest(ctx context.Context) (map[string]int, error) {
	list, err := s.List(ctx, nil)
	known := make(map[string]int)
	for _, t := range list {
		known[t.Name] = t.Version
	}
	return known, err
}

func (s *files) DeleteVersion(_ context.Context, name string, v int) error {
	return os.WriteFile(s.path(name, v)+".hidden", nil, 0o666)
}

func (s *files) Delete(ctx context.Context, name string) error {
	versions, _ := s.ListVersions(ctx, name)
	for _, v := range versions {
		if err := s.DeleteVersion(ctx, name, v); err != nil {
			return err
		}
	}
	return nil
}

func (s *files) Close() error { return nil }

func TestProcesses(t *testing.T) {
	t.Parallel()
	Processes(t, 3, func(t *testing.T) string { return t.TempDir() }, openFolder(""))
}

func TestProcessesFindFlaws(t *testing.T) {
	for flaw, want := range map[string]rule{
		"acknowledges before it writes": ruleDurable,
		"gives a number twice":          ruleDurable,
		"leaves half a file":            ruleDurable,
		"watches for new names only":    ruleWatchLoss,
	} {
		t.Run(flaw, func(t *testing.T) {
			t.Parallel()
			if os.Getenv(childVariable) == t.Name() {
				childMain(openFolder(flaw))
			}
			r := &recorder{TB: t}
			r.observe(func() {
				cl, rounds := newClaims(nil), 10
				if want == ruleWatchLoss {
					cl.patience, rounds = time.Second, 1
				}
				kill(&trial{TB: r, rule: ruleDurable, claims: cl}, rounds, t.TempDir(), openFolder(flaw))
			})
			if !slices.ContainsFunc(r.failures, func(f string) bool { return strings.HasPrefix(f, string(want)+": ") }) {
				t.Errorf("%s did not find it", want)
			}
			t.Logf("%.200q", r.failures)
		})
	}
}
