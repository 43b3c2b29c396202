package prompty_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-prompty/prompty"
)

type driverFunc func(string) (prompty.TemplateStorage, error)

func (f driverFunc) Open(s string) (prompty.TemplateStorage, error) { return f(s) }

func init() {
	prompty.RegisterStorageDriver("test-open", driverFunc(func(s string) (prompty.TemplateStorage, error) {
		if s == "bad" {
			return nil, errors.New("no such place")
		}
		if s == "nothing" {
			return nil, nil
		}
		return prompty.NewMemoryStorage(), nil
	}))
}

func TestOpenStorage(t *testing.T) {
	t.Parallel()
	if list := prompty.ListStorageDrivers(); !slices.Contains(list, "memory") || !slices.Contains(list, "test-open") || !slices.IsSorted(list) {
		t.Errorf("ListStorageDrivers() = %q, want it sorted, with memory and test-open", list)
	}
	s, err := prompty.OpenStorage("test-open", "")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := prompty.OpenStorage("test-open", "bad"); err == nil || err.Error() != "open test-open: no such place" {
		t.Errorf("OpenStorage(bad) = %v", err)
	}
	if s, err := prompty.OpenStorage("test-open", "nothing"); err == nil {
		t.Errorf("OpenStorage of a driver that returns nothing = %v, nil", s)
	}
	if _, err := prompty.OpenStorage("memory", "x"); err == nil || !strings.Contains(err.Error(), "takes no connection string") {
		t.Errorf("OpenStorage(memory, x) = %v", err)
	}
	_, err = prompty.OpenStorage("postgres", "postgres://ann:secret@host/db")
	if err == nil {
		t.Fatal("OpenStorage(postgres) without the driver = nil error")
	}
	for _, want := range []string{`unknown storage driver postgres`, `import _ "github.com/go-prompty/prompty/stores/sqlstore"`, "memory"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("OpenStorage(postgres) = %q, want it to say %q", err, want)
		}
	}
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("the error %q carries the password", err)
	}
	if _, err := prompty.OpenStorage("no such", ""); err == nil || !strings.Contains(err.Error(), `"no such"`) {
		t.Errorf("OpenStorage(no such) = %v", err)
	}
}

func TestRegisterStorageDriverPanics(t *testing.T) {
	t.Parallel()
	open := driverFunc(func(string) (prompty.TemplateStorage, error) { return nil, nil })
	for name, driver := range map[string]prompty.StorageDriver{"": open, "test-nil": nil, "memory": open} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("RegisterStorageDriver(%q, %v) did not panic", name, driver)
				}
			}()
			prompty.RegisterStorageDriver(name, driver)
		}()
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		is   []error
		text string
	}{
		{prompty.NewStorageTemplateNotFoundError("a/b"), []error{prompty.ErrTemplateNotFound}, "a/b: template not found"},
		{prompty.NewStorageVersionNotFoundError("a", 3), []error{prompty.ErrVersionNotFound, prompty.ErrTemplateNotFound}, "a@3: template version not found"},
		{prompty.NewStorageConflictError("a", 2, 5), []error{prompty.ErrConflict}, "save a: conflict: built on version 2, but the latest is 5"},
		{prompty.NewStorageConflictError("a", 0, 5), []error{prompty.ErrConflict}, "save a: conflict: it exists already, the latest version is 5"},
		{prompty.NewStorageConflictError("a", 2, 0), []error{prompty.ErrConflict}, "save a: conflict: built on version 2, but it does not exist"},
		{prompty.NewStorageInvalidNameError("a b", "why"), []error{prompty.ErrInvalidName}, `invalid template name "a b": why`},
		{prompty.NewStorageClosedError(), []error{prompty.ErrClosed}, "storage is closed"},
		{&prompty.StorageError{Op: "get", Err: context.Canceled}, []error{context.Canceled}, "get: context canceled"},
		{fmt.Errorf("x: %w", prompty.NewStorageTemplateNotFoundError(strings.Repeat("é\x1b", 50))), []error{prompty.ErrTemplateNotFound}, ""},
	} {
		for _, target := range c.is {
			if !errors.Is(c.err, target) {
				t.Errorf("errors.Is(%v, %v) = false", c.err, target)
			}
		}
		if c.text != "" && c.err.Error() != c.text {
			t.Errorf("Error() = %q, want %q", c.err, c.text)
		}
		if len(c.err.Error()) > 400 || strings.Contains(c.err.Error(), "\x1b") {
			t.Errorf("Error() = %q: not fit for a terminal", c.err)
		}
	}
	if errors.Is(prompty.NewStorageTemplateNotFoundError("a"), prompty.ErrVersionNotFound) {
		t.Error("a missing template is not a missing version")
	}
	var c *prompty.ConflictError
	if !errors.As(prompty.NewStorageConflictError("a", 2, 5), &c) || c.Base != 2 || c.Latest != 5 {
		t.Errorf("errors.As(conflict) = %+v, want base 2, latest 5", c)
	}
}
