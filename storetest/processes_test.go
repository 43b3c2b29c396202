package storetest

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
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
	got, err := s.Get(ctx, sharedName)
	return []*prompty.StoredTemplate{got}, err
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
	for _, flaw := range []string{"acknowledges before it writes", "gives a number twice", "leaves half a file"} {
		t.Run(flaw, func(t *testing.T) {
			t.Parallel()
			if os.Getenv(childVariable) == t.Name() {
				childMain(openFolder(flaw))
			}
			r := &recorder{TB: t}
			r.observe(func() {
				kill(&trial{TB: r, rule: ruleDurable, claims: newClaims(nil)}, 10, t.TempDir(), openFolder(flaw))
			})
			if !r.Failed() {
				t.Errorf("ten rounds did not find it")
			}
			t.Logf("%.200q", r.failures)
		})
	}
}
