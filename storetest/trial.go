package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
)

// standardPatience bounds every wait for something that must happen. It is
// long, as nothing waits for it but a broken backend.
const standardPatience = 30 * time.Second

// trial is one run of one check. Its failures carry the rule.
type trial struct {
	testing.TB
	rule   rule
	claims *claims
	open   func(testing.TB) Place
}

func (t *trial) Errorf(format string, args ...any) {
	t.Helper()
	t.TB.Errorf("%s: %s", t.rule, fmt.Sprintf(format, args...))
}

func (t *trial) Fatalf(format string, args ...any) {
	t.Helper()
	t.TB.Fatalf("%s: %s", t.rule, fmt.Sprintf(format, args...))
}

// ctx lives as long as the check, or until the patience for everything ends.
func (t *trial) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), standardPatience)
	t.Cleanup(cancel)
	return ctx
}

// place is one set of templates, and the handles that were opened on it.
type place struct {
	t      *trial
	opener Place

	mu      sync.Mutex // guards handles
	handles []prompty.TemplateStorage
}

func (t *trial) place() *place {
	p := &place{t: t, opener: t.open(t.TB)}
	t.Cleanup(p.close)
	return p
}

// handle opens the place once more. A private place has one handle only.
func (p *place) handle() prompty.TemplateStorage {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.t.claims.private && len(p.handles) > 0 {
		return p.handles[0]
	}
	s, err := p.opener()
	if err != nil {
		p.t.Fatalf("opening the place: %v", err)
	}
	if s == nil {
		p.t.Fatalf("opening the place gave neither a storage nor an error")
	}
	p.handles = append(p.handles, s)
	return s
}

func (p *place) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.handles {
		if err := s.Close(); err != nil {
			p.t.Errorf("Close: %v", err)
		}
	}
	p.handles = nil
}

// reopen closes all handles and opens the place again.
func (p *place) reopen() prompty.TemplateStorage {
	p.t.Helper()
	p.close()
	return p.handle()
}

// reader returns a handle that sees what was written through s: s itself, or
// a new one where handles may be stale.
func (p *place) reader(s prompty.TemplateStorage) prompty.TemplateStorage {
	p.t.Helper()
	if p.t.claims.stale {
		return p.handle()
	}
	return s
}

// storage opens a new empty place.
func (t *trial) storage() prompty.TemplateStorage {
	t.Helper()
	return t.place().handle()
}

// needShared skips the check for a backend that claims to be private.
func (t *trial) needShared() {
	t.Helper()
	if t.claims.private {
		t.Skip("claimed: Private")
	}
}

// draft is a template that has been saved nowhere yet.
func (t *trial) draft(name, source string) *prompty.StoredTemplate {
	return &prompty.StoredTemplate{Name: name, Source: source, TenantID: t.claims.tenant}
}

// save must succeed. It returns what Save left in its argument, as a copy.
func (t *trial) save(s prompty.TemplateStorage, tmpl *prompty.StoredTemplate) *prompty.StoredTemplate {
	t.Helper()
	if err := s.Save(t.ctx(), tmpl); err != nil {
		t.Fatalf("Save(%q): %v", tmpl.Name, err)
	}
	return tmpl.Clone()
}

// saveText saves source under name and returns what was stored.
func (t *trial) saveText(s prompty.TemplateStorage, name, source string) *prompty.StoredTemplate {
	t.Helper()
	return t.save(s, t.draft(name, source))
}

func (t *trial) get(s prompty.TemplateStorage, name string) *prompty.StoredTemplate {
	t.Helper()
	got, err := s.Get(t.ctx(), name)
	t.found(got, err, "Get(%q)", name)
	return got
}

func (t *trial) getVersion(s prompty.TemplateStorage, name string, version int) *prompty.StoredTemplate {
	t.Helper()
	got, err := s.GetVersion(t.ctx(), name, version)
	t.found(got, err, "GetVersion(%q, %d)", name, version)
	return got
}

func (t *trial) found(got *prompty.StoredTemplate, err error, format string, args ...any) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", fmt.Sprintf(format, args...), err)
	}
	if got == nil {
		t.Fatalf("%s gave neither a template nor an error", fmt.Sprintf(format, args...))
	}
}

func (t *trial) list(s prompty.TemplateStorage, q *prompty.TemplateQuery) []*prompty.StoredTemplate {
	t.Helper()
	got, err := s.List(t.ctx(), q)
	if err != nil {
		t.Fatalf("List(%+v): %v", q, err)
	}
	return got
}

func (t *trial) versions(s prompty.TemplateStorage, name string) []int {
	t.Helper()
	got, err := s.ListVersions(t.ctx(), name)
	if err != nil {
		t.Fatalf("ListVersions(%q): %v", name, err)
	}
	return got
}

func (t *trial) deleteName(s prompty.TemplateStorage, name string) {
	t.Helper()
	if err := s.Delete(t.ctx(), name); err != nil {
		t.Fatalf("Delete(%q): %v", name, err)
	}
}

func (t *trial) deleteVersion(s prompty.TemplateStorage, name string, version int) {
	t.Helper()
	if err := s.DeleteVersion(t.ctx(), name, version); err != nil {
		t.Fatalf("DeleteVersion(%q, %d): %v", name, version, err)
	}
}

// wantSame compares whole templates. Times are compared as instants.
func (t *trial) wantSame(got, want *prompty.StoredTemplate, format string, args ...any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s differs from what was saved (-want +got):\n%s", fmt.Sprintf(format, args...), shorten(diff))
	}
}

// wantErr checks the sentinel, and that the error is a *StorageError where
// it is not the context's.
func (t *trial) wantErr(err, want error, format string, args ...any) bool {
	t.Helper()
	call := fmt.Sprintf(format, args...)
	if err == nil {
		t.Errorf("%s gave no error, want %s", call, sentinelName(want))
		return false
	}
	if !errors.Is(err, want) {
		t.Errorf("%s: error = %v, want %s", call, err, sentinelName(want))
		return false
	}
	if _, ok := errors.AsType[*prompty.StorageError](err); !ok && err != context.Canceled && err != context.DeadlineExceeded {
		t.Errorf("%s: error %T (%v) is no *prompty.StorageError", call, err, err)
		return false
	}
	return true
}

func sentinelName(err error) string {
	switch err {
	case prompty.ErrTemplateNotFound:
		return "ErrTemplateNotFound"
	case prompty.ErrVersionNotFound:
		return "ErrVersionNotFound"
	case prompty.ErrConflict:
		return "ErrConflict"
	case prompty.ErrClosed:
		return "ErrClosed"
	case prompty.ErrInvalidName:
		return "ErrInvalidName"
	case prompty.ErrInvalidTemplate:
		return "ErrInvalidTemplate"
	case prompty.ErrReadOnly:
		return "ErrReadOnly"
	}
	return err.Error()
}

// shorten keeps a failure readable when a source of a megabyte is wrong.
func shorten(s string) string {
	const most = 2000
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

// names returns a list's names, for messages.
func names(list []*prompty.StoredTemplate) []string {
	var out []string
	for _, x := range list {
		out = append(out, fmt.Sprintf("%s@%d", x.Name, x.Version))
	}
	return out
}
