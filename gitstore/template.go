package gitstore

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/gitstore/internal/history"
	"github.com/go-prompty/prompty/gitstore/internal/object"
	"github.com/go-prompty/prompty/gitstore/internal/odb"
	"github.com/go-prompty/prompty/promptfile"
)

// maxFile is the most bytes of a file that can be a template.
const maxFile = prompty.MaxSourceBytes + 2*promptfile.MaxFrontMatter

// unusable is the error for what lies at a template's place but is none.
type unusable struct{ path, why string }

func (u *unusable) Error() string {
	return fmt.Sprintf("%v: %s %s", prompty.ErrInvalidTemplate, u.path, u.why)
}

func (u *unusable) Is(target error) bool { return target == prompty.ErrInvalidTemplate }

func isUnusable(err error) bool {
	_, ok := errors.AsType[*unusable](err)
	return ok
}

// checkData refuses what no text is.
func checkData(path string, data []byte) error {
	if i := bytes.IndexByte(data, 0); i >= 0 {
		return &unusable{path, fmt.Sprintf("has a NUL at byte %d: it is no text file; commit it as text, or remove it", i)}
	}
	if utf8.Valid(data) {
		return nil
	}
	i := 0
	for i < len(data) {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		i += n
	}
	return &unusable{path, fmt.Sprintf("is not valid UTF-8 at byte %d; commit it as UTF-8", i)}
}

// blob reads the content of a file that may be a template. What is too big is
// not read.
func (r *repository) blob(path string, id object.ID) ([]byte, error) {
	kind, data, err := r.db.ReadUpTo(r.objects().replaced(id), maxFile)
	if large, ok := errors.AsType[*odb.TooLargeError](err); ok {
		return nil, &unusable{path, fmt.Sprintf("has %d bytes, a template has at most %d; commit a smaller one", large.Size, prompty.MaxSourceBytes)}
	}
	return data, checkKind(id, kind, object.KindBlob, err)
}

// decoded is a file as a template, without what the history knows of it. What
// Decode cannot take apart is all text: the engine reports it when it parses it.
func decoded(path string, data []byte) (*prompty.StoredTemplate, error) {
	if err := checkData(path, data); err != nil {
		return nil, err
	}
	source, fields, _ := promptfile.Decode(path, data)
	if len(source) > prompty.MaxSourceBytes {
		return nil, &unusable{path, fmt.Sprintf("has a text of %d bytes, the limit is %d; commit a smaller one", len(source), prompty.MaxSourceBytes)}
	}
	t := &prompty.StoredTemplate{Source: source, Metadata: fields.Metadata, Tags: fields.Tags, TenantID: fields.TenantID, CreatedBy: fields.CreatedBy}
	if len(t.Tags) == 0 {
		t.Tags = nil
	}
	if len(t.Metadata) == 0 {
		t.Metadata = nil
	}
	return t, nil
}

// template is a version as a template, which must not be changed.
func (r *repository) template(name, path string, v history.Version) (*prompty.StoredTemplate, error) {
	key := textKey{v.Commit, path}
	if t := r.texts.get(key); t != nil {
		return t, nil
	}
	data, err := r.blob(path, v.Blob)
	if err != nil {
		return nil, err
	}
	t, err := decoded(path, data)
	if err != nil {
		return nil, err
	}
	if t.CreatedBy == "" {
		c, err := r.commit(v.Commit)
		if err != nil {
			return nil, err
		}
		t.CreatedBy = createdBy(c, path)
	}
	t.ID, t.Name, t.Version = makeID(v.Commit, path), name, v.N
	t.CreatedAt, t.UpdatedAt = v.Time(), v.Time()
	r.texts.put(key, t)
	return t, nil
}

// texts are templates by the commit and path that made them: what a version
// says does not depend on the branch it is seen from.
type texts struct {
	byKey sync.Map // textKey → *prompty.StoredTemplate
	bytes atomic.Int64
	mu    sync.Mutex // held while making room
}

type textKey struct {
	commit object.ID
	path   string
}

const (
	maxTexts = 64 << 20 // bytes that are kept
	maxText  = 1 << 20  // of one template
)

func (x *texts) get(key textKey) *prompty.StoredTemplate {
	if t, ok := x.byKey.Load(key); ok {
		return t.(*prompty.StoredTemplate)
	}
	return nil
}

func (x *texts) put(key textKey, t *prompty.StoredTemplate) {
	w := weight(key, t)
	if w > maxText {
		return
	}
	if _, there := x.byKey.LoadOrStore(key, t); !there && x.bytes.Add(w) > maxTexts {
		x.shrink()
	}
}

// shrink drops a quarter, whichever come first: the order is random, and what
// is used comes back.
func (x *texts) shrink() {
	if !x.mu.TryLock() {
		return
	}
	defer x.mu.Unlock()
	x.byKey.Range(func(k, t any) bool {
		x.drop(k.(textKey), t.(*prompty.StoredTemplate))
		return x.bytes.Load() > maxTexts*3/4
	})
}

func (x *texts) drop(key textKey, t *prompty.StoredTemplate) {
	if x.byKey.CompareAndDelete(key, t) {
		x.bytes.Add(-weight(key, t))
	}
}

func (x *texts) clear() {
	x.byKey.Range(func(k, t any) bool {
		x.drop(k.(textKey), t.(*prompty.StoredTemplate))
		return true
	})
}

// weight is about the memory that a template takes.
func weight(key textKey, t *prompty.StoredTemplate) int64 {
	n := 400 + len(key.path)*2 + len(t.Source) + len(t.CreatedBy)
	for k, v := range t.Metadata {
		n += len(k) + len(v) + 48
	}
	for _, tag := range t.Tags {
		n += len(tag) + 16
	}
	return int64(n)
}

// IDs are "<commit>:<path>", as git show takes them, and "dirty-<blob>:<path>"
// for an edit that is not committed.

const dirtyPrefix = "dirty-"

func makeID(commit object.ID, path string) prompty.TemplateID {
	b := make([]byte, 0, 41+len(path))
	b = append(commit.Append(b), ':')
	return prompty.TemplateID(append(b, path...))
}

func parseID(str prompty.TemplateID) (id object.ID, path string, dirty, ok bool) {
	hex, dirty := strings.CutPrefix(string(str), dirtyPrefix)
	if len(hex) < 42 || hex[40] != ':' || hex[:40] != strings.ToLower(hex[:40]) {
		return id, "", dirty, false
	}
	id, err := object.ParseID(hex[:40])
	return id, hex[41:], dirty, err == nil
}
