package storetest

import (
	"context"
	"errors"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-prompty/prompty"
)

// faulty is a store that is right but for one flaw. Its handles share a disk.
type faulty struct {
	*disk
	flaw    string
	closed  bool // guarded by disk.mu, like all below
	subs    []*subscriber
	late    map[string]*prompty.StoredTemplate // what to show once more of a name that another handle changed
	backlog []news
	told    map[string]bool // revisions
	count   atomic.Uint64   // of its own changes
	life    context.Context // ends with Close
	end     func()
}

type disk struct {
	mu      sync.Mutex // guards everything in here and in the handles
	live    map[string][]*prompty.StoredTemplate
	high    map[string]int
	last    map[string]time.Time
	handles map[*faulty]bool
	ticks   int
	id      string                          // tells its revisions from those of others
	log     []map[string]prompty.ChangeKind // every change there was
	turn    chan struct{}                   // held by the subscriber whose turn it is
}

// openFaulty is the open of a store with that flaw; "" for none.
func openFaulty(flaw string) Place {
	d := newDisk()
	return func() (prompty.TemplateStorage, error) {
		f := &faulty{disk: d, flaw: flaw, late: make(map[string]*prompty.StoredTemplate), told: make(map[string]bool)}
		f.life, f.end = context.WithCancel(context.Background())
		d.mu.Lock()
		defer d.mu.Unlock()
		switch flaw {
		case "forgets everything":
			if len(d.handles) == 0 {
				clear(d.live)
			}
		case "forgets the highest number":
			clear(d.high)
			for name, list := range d.live {
				if len(list) > 0 {
					d.high[name] = list[len(list)-1].Version
				}
			}
		case "leaks a file":
			leaked, err := os.Open(os.DevNull)
			if err != nil {
				return nil, err
			}
			leaks = append(leaks, leaked)
		case "leaks a goroutine":
			go func() { select {} }()
		}
		d.handles[f] = true
		if flaw == "knows of its own changes only" {
			return counting{f}, nil
		}
		return f, nil
	}
}

// leaks are closed in the end. The checks that open them run one after the other.
var leaks []*os.File

var disks atomic.Uint64

func newDisk() *disk {
	return &disk{
		live: make(map[string][]*prompty.StoredTemplate), high: make(map[string]int), last: make(map[string]time.Time),
		handles: make(map[*faulty]bool), id: strconv.FormatUint(disks.Add(1), 36), turn: make(chan struct{}, 1),
	}
}

func (f *faulty) has(flaw string) bool { return f.flaw == flaw }

// enter locks the disk if the call may go on.
func (f *faulty) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil && !f.has("ignores the context") {
		return err
	}
	f.mu.Lock()
	if f.closed && !f.has("works after Close") {
		f.mu.Unlock()
		return prompty.NewStorageClosedError()
	}
	return nil
}

func (f *faulty) enterName(ctx context.Context, name string) error {
	if err := f.enter(ctx); err != nil {
		return err
	}
	err := prompty.CheckName(name)
	if err != nil && !(f.has("takes any name") && strings.HasSuffix(name, " ")) {
		f.mu.Unlock()
		return err
	}
	return nil
}

func (f *faulty) key(name string) string {
	if f.has("folds the case of names") {
		return strings.ToLower(name)
	}
	return name
}

// out is what a reader gets.
func (f *faulty) out(t *prompty.StoredTemplate) *prompty.StoredTemplate {
	c := t.Clone()
	switch f.flaw {
	case "gives out its own slice":
		c.Tags = t.Tags
	case "gives an empty map":
		if c.Metadata == nil {
			c.Metadata = map[string]string{}
		}
	case "gives local time":
		c.CreatedAt = c.CreatedAt.In(time.FixedZone("east", 3600))
	case "drops CR":
		c.Source = strings.ReplaceAll(c.Source, "\r", "")
	case "trims the last newline":
		c.Source = strings.TrimSuffix(c.Source, "\n")
	case "reads front matter":
		if rest, ok := strings.CutPrefix(c.Source, "---\ntags: [x]\n---\n"); ok {
			c.Source, c.Tags = rest, append(c.Tags, "x")
		}
	case "sorts tags":
		slices.Sort(c.Tags)
	case "drops double tags":
		c.Tags = slices.Compact(c.Tags)
	case "trims metadata":
		for k, v := range c.Metadata {
			c.Metadata[k] = strings.TrimSpace(v)
		}
	}
	return c
}

func (f *faulty) Get(ctx context.Context, name string) (*prompty.StoredTemplate, error) {
	if err := f.enterName(ctx, name); err != nil {
		return nil, err
	}
	defer f.mu.Unlock()
	list := f.live[f.key(name)]
	if old, ok := f.late[name]; ok {
		delete(f.late, name)
		if list = nil; old != nil {
			list = []*prompty.StoredTemplate{old}
		}
	}
	switch {
	case len(list) > 0:
		return f.out(list[len(list)-1]), nil
	case f.has("gives nil for what is missing"):
		return nil, nil
	}
	return nil, prompty.NewStorageTemplateNotFoundError(name)
}

func (f *faulty) GetByID(ctx context.Context, id prompty.TemplateID) (*prompty.StoredTemplate, error) {
	if err := f.enter(ctx); err != nil {
		return nil, err
	}
	defer f.mu.Unlock()
	want := string(id)
	if f.has("trims IDs") {
		want = strings.TrimSpace(want)
	}
	for _, list := range f.live {
		for _, t := range list {
			if string(t.ID) == want {
				return f.out(t), nil
			}
		}
	}
	return nil, prompty.NewStorageTemplateNotFoundError(want)
}

func (f *faulty) find(name string, version int) (int, error) {
	i := slices.IndexFunc(f.live[f.key(name)], func(t *prompty.StoredTemplate) bool { return t.Version == version })
	if i >= 0 {
		return i, nil
	}
	switch f.flaw {
	case "makes its own error for a version":
		return 0, &prompty.StorageError{Name: name, Version: version, Err: errors.New("no such version")}
	case "says the template is missing, not the version":
		return 0, prompty.NewStorageTemplateNotFoundError(name)
	case "wraps no StorageError":
		return 0, prompty.ErrVersionNotFound
	}
	return 0, prompty.NewStorageVersionNotFoundError(name, version)
}

func (f *faulty) GetVersion(ctx context.Context, name string, version int) (*prompty.StoredTemplate, error) {
	if err := f.enterName(ctx, name); err != nil {
		return nil, err
	}
	defer f.mu.Unlock()
	i, err := f.find(name, version)
	if err != nil {
		return nil, err
	}
	return f.out(f.live[f.key(name)][i]), nil
}

func (f *faulty) Exists(ctx context.Context, name string) (bool, error) {
	if err := f.enterName(ctx, name); err != nil {
		return false, err
	}
	defer f.mu.Unlock()
	return len(f.live[f.key(name)]) > 0, nil
}

func (f *faulty) ListVersions(ctx context.Context, name string) ([]int, error) {
	if err := f.enterName(ctx, name); err != nil {
		return nil, err
	}
	defer f.mu.Unlock()
	var list []int
	for _, t := range f.live[f.key(name)] {
		list = append(list, t.Version)
	}
	if !f.has("lists versions ascending") {
		slices.Reverse(list)
	}
	return list, nil
}

func (f *faulty) List(ctx context.Context, q *prompty.TemplateQuery) ([]*prompty.StoredTemplate, error) {
	if err := f.enter(ctx); err != nil {
		return nil, err
	}
	defer f.mu.Unlock()
	if q == nil {
		q = new(prompty.TemplateQuery)
	}
	asked := *q
	if f.has("takes % as a wildcard") {
		asked.NameContains = strings.ReplaceAll(asked.NameContains, "%", "")
	}
	var found []*prompty.StoredTemplate
	for _, list := range f.live {
		var matched []*prompty.StoredTemplate
		for i, t := range list {
			if (i == len(list)-1 || q.IncludeAllVersions || f.has("matches older versions")) && asked.Match(t) {
				matched = append(matched, f.out(t))
			}
		}
		if !q.IncludeAllVersions && len(matched) > 1 {
			matched = matched[len(matched)-1:]
		}
		found = append(found, matched...)
	}
	if len(found) == 0 && f.has("makes an error of an empty list") {
		return nil, prompty.NewStorageTemplateNotFoundError("")
	}
	whole := prompty.TemplateQuery{}
	switch f.flaw {
	case "cuts the page before sorting":
		if q.Limit > 0 {
			slices.SortFunc(found, func(a, b *prompty.StoredTemplate) int { return a.CreatedAt.Compare(b.CreatedAt) })
			found = found[min(max(q.Offset, 0), len(found)):]
			return whole.Page(found[:min(q.Limit, len(found))]), nil
		}
	case "sorts without regard to case":
		found = whole.Page(found)
		slices.SortStableFunc(found, func(a, b *prompty.StoredTemplate) int {
			return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
		})
		return found, nil // the checks of the order ask for everything
	}
	return q.Page(found), nil
}

func (f *faulty) Save(ctx context.Context, tmpl *prompty.StoredTemplate) error {
	return f.save(ctx, []*prompty.StoredTemplate{tmpl}, nil)
}

func (f *faulty) SaveIf(ctx context.Context, tmpl *prompty.StoredTemplate, base int) error {
	return f.save(ctx, []*prompty.StoredTemplate{tmpl}, func() error {
		latest := 0
		if list := f.live[f.key(tmpl.Name)]; len(list) > 0 {
			latest = list[len(list)-1].Version
		}
		if latest == base {
			return nil
		}
		if f.has("conflicts without versions") {
			return &prompty.StorageError{Err: prompty.ErrConflict}
		}
		return prompty.NewStorageConflictError(tmpl.Name, base, latest)
	})
}

func (f *faulty) SaveAll(ctx context.Context, tmpls []*prompty.StoredTemplate) error {
	return f.save(ctx, tmpls, nil)
}

func (f *faulty) save(ctx context.Context, tmpls []*prompty.StoredTemplate, allowed func() error) error {
	if err := f.enter(ctx); err != nil {
		return err
	}
	defer f.mu.Unlock()
	for _, t := range tmpls {
		if err := prompty.CheckTemplate(t); err != nil {
			switch {
			case f.has("takes a NUL") && t != nil && t.Source == "a\x00":
				continue
			case f.has("takes any name") && t != nil && strings.HasSuffix(t.Name, " "):
				continue
			case f.has("touches a refused argument") && t != nil:
				t.Version = 1
			case f.has("uses up a number for a refused save") && t != nil:
				f.high[t.Name]++
			case f.has("stops a batch half way"):
				f.store(tmpls[:slices.Index(tmpls, t)])
			}
			return err
		}
	}
	if allowed != nil {
		if err := allowed(); err != nil {
			return err
		}
		if f.has("races in SaveIf") {
			f.mu.Unlock()
			runtime.Gosched()
			f.mu.Lock()
		}
	}
	if f.has("saves half when cancelled") {
		defer func() {
			if ctx.Err() != nil {
				f.high[tmpls[0].Name]++
			}
		}()
	}
	f.store(tmpls)
	return nil
}

func (f *faulty) store(tmpls []*prompty.StoredTemplate) {
	changed := make(map[string]prompty.ChangeKind)
	for _, t := range tmpls {
		name := f.key(t.Name)
		version := f.high[name] + 1
		list := f.live[name]
		f.showLate(name, list)
		switch f.flaw {
		case "reuses the number of a deleted version":
			if len(list) > 0 {
				version = list[len(list)-1].Version + 1
			}
		case "starts again after Delete":
			if len(list) == 0 {
				version = 1
			}
		case "loses concurrent saves":
			f.mu.Unlock()
			runtime.Gosched()
			f.mu.Lock()
		case "saves the same text once":
			if len(list) > 0 && list[len(list)-1].Source == t.Source {
				version = list[len(list)-1].Version
			}
		case "keeps the draft's version":
			version = max(version, t.Version)
		}
		now := time.Now().UTC().Round(0)
		if !now.After(f.last[name]) {
			now = f.last[name].Add(time.Nanosecond)
		}
		f.ticks++
		switch f.flaw {
		case "counts seconds only":
			now = now.Truncate(time.Second)
		case "lets time go back":
			now = now.Add(-time.Duration(f.ticks) * time.Hour)
		}
		f.high[name], f.last[name] = version, now
		t.Version, t.CreatedAt, t.UpdatedAt = version, now, now
		t.ID = prompty.TemplateID(name + "#" + strconv.Itoa(version))
		if f.has("gives one ID to a name") {
			t.ID = prompty.TemplateID(name)
		}
		kept := t.Clone()
		kept.Name = name
		switch f.flaw {
		case "keeps the caller's map":
			kept.Metadata = t.Metadata
		case "overwrites what older versions share":
			for _, old := range list {
				old.CreatedBy = t.CreatedBy
			}
		}
		f.live[name] = append(f.live[name], kept)
		if len(list) == 0 {
			changed[t.Name] = prompty.Created
		} else if changed[t.Name] == "" {
			changed[t.Name] = prompty.Changed
		}
	}
	f.tell(changed)
}

func (f *faulty) Delete(ctx context.Context, name string) error {
	if err := f.enterName(ctx, name); err != nil {
		return err
	}
	defer f.mu.Unlock()
	list := f.live[f.key(name)]
	if len(list) == 0 {
		if f.has("deletes what is missing") {
			return nil
		}
		return prompty.NewStorageTemplateNotFoundError(name)
	}
	delete(f.live, f.key(name))
	if f.has("deletes the latest only") {
		f.live[f.key(name)] = list[:len(list)-1]
	}
	f.tell(map[string]prompty.ChangeKind{name: prompty.Deleted})
	return nil
}

func (f *faulty) DeleteVersion(ctx context.Context, name string, version int) error {
	if err := f.enterName(ctx, name); err != nil {
		return err
	}
	defer f.mu.Unlock()
	i, err := f.find(name, version)
	if err != nil {
		return err
	}
	list := f.live[f.key(name)]
	f.live[f.key(name)] = slices.Concat(list[:i], list[i+1:])
	kind := prompty.Changed
	if len(list) == 1 {
		kind = prompty.Deleted
	} else if f.has("hides that a version was deleted") {
		return nil
	}
	f.tell(map[string]prompty.ChangeKind{name: kind})
	return nil
}

func (f *faulty) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed && f.has("fails to close twice") {
		return prompty.NewStorageClosedError()
	}
	f.closed = true
	f.end()
	if f.has("closes the other handles") {
		for h := range f.handles {
			h.closed = true
		}
	}
	delete(f.handles, f)
	for _, sub := range f.subs {
		sub.end()
	}
	return nil
}

func (f *faulty) Snapshot(ctx context.Context) (prompty.TemplateStorage, error) {
	if err := f.enter(ctx); err != nil {
		return nil, err
	}
	defer f.mu.Unlock()
	d := newDisk()
	for name, list := range f.live {
		d.live[name] = slices.Clone(list)
	}
	if f.has("gives a snapshot that moves") {
		d = f.disk
	}
	frozen := &faulty{disk: d, end: func() {}}
	if f.has("gives a snapshot that can be written") {
		return frozen, nil
	}
	return readOnly{frozen}, nil
}

type readOnly struct{ *faulty }

var errReadOnly = &prompty.StorageError{Err: prompty.ErrReadOnly}

func (readOnly) Save(context.Context, *prompty.StoredTemplate) error        { return errReadOnly }
func (readOnly) SaveIf(context.Context, *prompty.StoredTemplate, int) error { return errReadOnly }
func (readOnly) SaveAll(context.Context, []*prompty.StoredTemplate) error   { return errReadOnly }
func (readOnly) Delete(context.Context, string) error                       { return errReadOnly }
func (readOnly) DeleteVersion(context.Context, string, int) error           { return errReadOnly }
