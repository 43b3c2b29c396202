package prompty

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
)

// ForTenant returns a view of one tenant's templates: the names under "@tenant/",
// shown without that prefix, with TenantID set. No name, ID, query or include
// leads out of it. Another TenantID is refused with [ErrInvalidTemplate], a name
// that starts with "@", or each if tenant is no segment of a name, with
// [ErrInvalidName]. It has storage's capabilities; its Close leaves storage open.
func ForTenant(storage TemplateStorage, tenant string) TemplateStorage {
	v := &tenantView{inner: storage, tenant: tenant, prefix: "@" + tenant + "/"}
	if fault := tenantFault(tenant); fault != "" {
		v.invalid = NewStorageInvalidNameError("@"+tenant, fault)
	}
	v.ctx, v.cancel = context.WithCancel(context.Background())
	return v
}

type tenantView struct {
	inner   TemplateStorage
	tenant  string
	prefix  string
	invalid error // why no call can work

	closed   atomic.Bool
	ctx      context.Context // ends with the view, and its watches with it
	cancel   context.CancelFunc
	mu       sync.Mutex     // guards watchers.Add against Close
	watchers sync.WaitGroup // the goroutines of Watch
}

// Unwrap lets [As] see whether storage has a capability. One that the view does
// not have itself is not found through it: it would show other tenants.
func (v *tenantView) Unwrap() TemplateStorage { return v.inner }

func (v *tenantView) ready(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if v.closed.Load() {
		return NewStorageClosedError()
	}
	return v.invalid
}

// name checks a name as the caller sees it and returns the storage's.
func (v *tenantView) name(ctx context.Context, name string) (string, error) {
	if err := v.ready(ctx); err != nil {
		return "", err
	}
	if strings.HasPrefix(name, "@") {
		return "", NewStorageInvalidNameError(name, "a name that starts with @ belongs to another tenant")
	}
	return v.prefix + name, CheckName(name)
}

// show turns what the storage returned into what the caller sees.
func (v *tenantView) show(t *StoredTemplate, err error) (*StoredTemplate, error) {
	if t, err = checked(t, err); err != nil {
		return nil, v.hide(err)
	}
	name, ok := strings.CutPrefix(t.Name, v.prefix)
	if !ok {
		return nil, NewStorageTemplateNotFoundError(string(t.ID))
	}
	t.Name, t.TenantID = name, v.tenant
	return t, nil
}

// hide takes the prefix out of the name an error carries.
func (v *tenantView) hide(err error) error {
	if se, ok := errors.AsType[*StorageError](err); ok && strings.HasPrefix(se.Name, v.prefix) {
		c := *se
		c.Name = se.Name[len(v.prefix):]
		return &c
	}
	return err
}

func (v *tenantView) Get(ctx context.Context, name string) (*StoredTemplate, error) {
	name, err := v.name(ctx, name)
	if err != nil {
		return nil, err
	}
	return v.show(v.inner.Get(ctx, name))
}

func (v *tenantView) GetByID(ctx context.Context, id TemplateID) (*StoredTemplate, error) {
	if err := v.ready(ctx); err != nil {
		return nil, err
	}
	t, err := v.show(v.inner.GetByID(ctx, id))
	if errors.Is(err, ErrTemplateNotFound) { // said alike, whether another tenant has it or nobody
		err = NewStorageTemplateNotFoundError(string(id))
	}
	return t, err
}

func (v *tenantView) GetVersion(ctx context.Context, name string, version int) (*StoredTemplate, error) {
	name, err := v.name(ctx, name)
	if err != nil {
		return nil, err
	}
	return v.show(v.inner.GetVersion(ctx, name, version))
}

// saving runs save on copies that carry the storage's names, and on success
// sets on the originals what Save sets.
func (v *tenantView) saving(ctx context.Context, tmpls []*StoredTemplate, save func([]*StoredTemplate) error) error {
	copies := make([]*StoredTemplate, len(tmpls))
	for i, t := range tmpls {
		if err := v.ready(ctx); err != nil {
			return err
		}
		if err := CheckTemplate(t); err != nil {
			return err
		}
		name, err := v.name(ctx, t.Name)
		if err != nil {
			return err
		}
		if t.TenantID != "" && t.TenantID != v.tenant {
			return &StorageError{Op: "save", Name: t.Name, Err: fmt.Errorf(
				"%w: its tenant is %q in a storage for tenant %q; leave TenantID empty", ErrInvalidTemplate, t.TenantID, v.tenant)}
		}
		c := *t
		c.Name, c.TenantID = name, v.tenant
		copies[i] = &c
	}
	if err := save(copies); err != nil {
		return v.hide(err)
	}
	for i, c := range copies {
		t := tmpls[i]
		t.ID, t.Version, t.CreatedAt, t.UpdatedAt, t.TenantID = c.ID, c.Version, c.CreatedAt, c.UpdatedAt, v.tenant
	}
	return nil
}

func (v *tenantView) Save(ctx context.Context, tmpl *StoredTemplate) error {
	return v.saving(ctx, []*StoredTemplate{tmpl}, func(c []*StoredTemplate) error { return v.inner.Save(ctx, c[0]) })
}

func (v *tenantView) SaveIf(ctx context.Context, tmpl *StoredTemplate, base int) error {
	return v.saving(ctx, []*StoredTemplate{tmpl}, func(c []*StoredTemplate) error { return SaveIf(ctx, v.inner, c[0], base) })
}

func (v *tenantView) SaveAll(ctx context.Context, tmpls []*StoredTemplate) error {
	if err := v.ready(ctx); err != nil {
		return err
	}
	return v.saving(ctx, tmpls, func(c []*StoredTemplate) error { return SaveAll(ctx, v.inner, c) })
}

func (v *tenantView) Delete(ctx context.Context, name string) error {
	name, err := v.name(ctx, name)
	if err != nil {
		return err
	}
	return v.hide(v.inner.Delete(ctx, name))
}

func (v *tenantView) DeleteVersion(ctx context.Context, name string, version int) error {
	name, err := v.name(ctx, name)
	if err != nil {
		return err
	}
	return v.hide(v.inner.DeleteVersion(ctx, name, version))
}

func (v *tenantView) List(ctx context.Context, query *TemplateQuery) ([]*StoredTemplate, error) {
	if err := v.ready(ctx); err != nil {
		return nil, err
	}
	var q TemplateQuery
	if query != nil {
		q = *query
	}
	if q.TenantID != "" && q.TenantID != v.tenant {
		return nil, nil
	}
	shown := q
	q.TenantID, q.NamePrefix = "", v.prefix+q.NamePrefix
	if q.NameContains != "" { // it may match within the prefix, so the page is cut here
		q.Limit, q.Offset = 0, 0
	}
	list, err := v.inner.List(ctx, &q)
	if err != nil {
		return nil, v.hide(err)
	}
	kept := list[:0]
	for _, t := range list {
		if t, err := v.show(t, nil); err == nil && shown.MatchName(t.Name) {
			kept = append(kept, t)
		}
	}
	if q.NameContains != "" {
		kept = shown.Page(kept)
	}
	return kept, nil
}

func (v *tenantView) Exists(ctx context.Context, name string) (bool, error) {
	name, err := v.name(ctx, name)
	if err != nil {
		return false, err
	}
	found, err := v.inner.Exists(ctx, name)
	return found, v.hide(err)
}

func (v *tenantView) ListVersions(ctx context.Context, name string) ([]int, error) {
	name, err := v.name(ctx, name)
	if err != nil {
		return nil, err
	}
	list, err := v.inner.ListVersions(ctx, name)
	return list, v.hide(err)
}

func (v *tenantView) History(ctx context.Context, name string) ([]HistoryEntry, error) {
	name, err := v.name(ctx, name)
	if err != nil {
		return nil, err
	}
	list, err := History(ctx, v.inner, name)
	return list, v.hide(err)
}

func (v *tenantView) LatestID(ctx context.Context, name string) (TemplateID, error) {
	name, err := v.name(ctx, name)
	if err != nil {
		return "", err
	}
	id, err := LatestID(ctx, v.inner, name)
	return id, v.hide(err)
}

func (v *tenantView) Locate(ctx context.Context, name string, version, line int) (string, int, error) {
	name, err := v.name(ctx, name)
	if err != nil {
		return "", 0, err
	}
	l, ok := As[Locator](v.inner)
	if !ok {
		return "", 0, &StorageError{Op: "locate", Err: errors.ErrUnsupported}
	}
	file, fileLine, err := l.Locate(ctx, name, version, line)
	return file, fileLine, v.hide(err)
}

func (v *tenantView) Snapshot(ctx context.Context) (TemplateStorage, error) {
	if err := v.ready(ctx); err != nil {
		return nil, err
	}
	s, ok := As[Snapshotter](v.inner)
	if !ok {
		return nil, &StorageError{Op: "snapshot", Err: errors.ErrUnsupported}
	}
	frozen, err := s.Snapshot(ctx)
	if err != nil {
		return nil, v.hide(err)
	}
	return &closingView{ForTenant(frozen, v.tenant).(*tenantView)}, nil
}

// closingView is a view that owns what it looks at.
type closingView struct{ *tenantView }

func (v *closingView) Close() error { return errors.Join(v.tenantView.Close(), v.inner.Close()) }

func (v *tenantView) Describe(ctx context.Context) (Description, error) {
	if err := v.ready(ctx); err != nil {
		return Description{}, err
	}
	d := Description{Driver: "unknown"}
	if inner, ok := As[Describer](v.inner); ok {
		var err error
		if d, err = inner.Describe(ctx); err != nil {
			return Description{}, v.hide(err)
		}
	}
	d.State, d.Problems = "seen by tenant "+v.tenant, nil // the rest speaks of other tenants too
	return d, nil
}

func (v *tenantView) Watch(ctx context.Context) (<-chan ChangeBatch, error) {
	w, ok := As[Watcher](v.inner)
	if !ok {
		return v.watch(ctx, nil)
	}
	return v.watch(ctx, w.Watch)
}

func (v *tenantView) WatchFrom(ctx context.Context, revision string) (<-chan ChangeBatch, error) {
	r, ok := As[Resumer](v.inner)
	if !ok {
		return v.watch(ctx, nil)
	}
	return v.watch(ctx, watchFrom(r, revision))
}

func (v *tenantView) watch(ctx context.Context, inner watching) (<-chan ChangeBatch, error) {
	if err := v.ready(ctx); err != nil {
		return nil, err
	}
	if inner == nil {
		return nil, &StorageError{Op: "watch", Err: errors.ErrUnsupported}
	}
	v.mu.Lock()
	closed := v.closed.Load()
	if !closed {
		v.watchers.Add(1)
	}
	v.mu.Unlock()
	if closed {
		return nil, NewStorageClosedError()
	}
	out, err := relay(ctx, v.ctx, inner, v.watchers.Done, v.mine)
	if err != nil && v.closed.Load() {
		err = NewStorageClosedError()
	}
	return out, v.hide(err)
}

// mine keeps what a batch says of this tenant.
func (v *tenantView) mine(b ChangeBatch) ChangeBatch {
	shown := ChangeBatch{Revision: b.Revision, All: b.All, Since: b.Since}
	for _, c := range b.Changes {
		if name, ok := strings.CutPrefix(c.Name, v.prefix); ok {
			shown.Changes = append(shown.Changes, Change{name, c.Kind})
		}
	}
	if b.Watch != nil {
		status := hideStatus(*b.Watch)
		shown.Watch = &status
	}
	return shown
}

// hideStatus leaves out what may name other tenants' templates.
func hideStatus(s WatchStatus) WatchStatus {
	if s.Degraded != "" {
		s.Degraded = "changes may come late; who runs the storage can see why"
	}
	s.LastError = ""
	return s
}

// WatchStatus implements watchStatuser.
func (v *tenantView) WatchStatus() WatchStatus { return hideStatus(watchStatus(v.inner)) }

func (v *tenantView) Sync(ctx context.Context) error {
	if err := v.ready(ctx); err != nil {
		return err
	}
	s, ok := As[Syncer](v.inner)
	if !ok {
		return &StorageError{Op: "sync", Err: errors.ErrUnsupported}
	}
	return v.hide(s.Sync(ctx))
}

// ChangeCount implements changeCounter where the storage does.
func (v *tenantView) ChangeCount() (uint64, bool) {
	if c, ok := v.inner.(changeCounter); ok && !v.closed.Load() && v.invalid == nil {
		return c.ChangeCount()
	}
	return 0, false
}

// expire implements expirer; see expirerOf.
func (v *tenantView) expire(name string) {
	if e := expirerOf(v.inner); e != nil {
		e.expire(v.prefix + name)
	}
}

func (v *tenantView) Close() error {
	v.mu.Lock()
	v.closed.Store(true)
	v.mu.Unlock()
	v.cancel()
	v.watchers.Wait()
	return nil
}
