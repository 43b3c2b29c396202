package prompty

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"
)

// TemplateID names one version of one template for ever, for GetByID. Opaque.
type TemplateID string

// StoredTemplate is one version of one template.
type StoredTemplate struct {
	ID        TemplateID        `json:"id"`
	Name      string            `json:"name"`                 // see CheckName
	Source    string            `json:"source"`               // the text: optional front matter, then the body
	Version   int               `json:"version"`              // 1, 2, 3 …; never used again for a name
	Metadata  map[string]string `json:"metadata,omitempty"`   // the caller's own; nil when empty
	CreatedAt time.Time         `json:"created_at"`           // when this version was saved; UTC
	UpdatedAt time.Time         `json:"updated_at"`           // as CreatedAt, or the file's time for an edit made by hand; UTC
	CreatedBy string            `json:"created_by,omitempty"` // who saved this version, as the caller said it
	TenantID  string            `json:"tenant_id,omitempty"`
	Tags      []string          `json:"tags,omitempty"` // nil when empty; order kept
}

// Clone returns a deep copy, with empty maps and slices as nil.
func (t *StoredTemplate) Clone() *StoredTemplate {
	if t == nil {
		return nil
	}
	c := *t
	if len(t.Metadata) == 0 {
		c.Metadata = nil
	} else {
		c.Metadata = maps.Clone(t.Metadata)
	}
	c.Tags = append([]string(nil), t.Tags...)
	return &c
}

// TemplateQuery selects templates for List: those that meet every condition.
type TemplateQuery struct {
	TenantID, CreatedBy      string   // of this tenant, by this author only
	Tags                     []string // templates that carry all of these
	NamePrefix, NameContains string   // bytewise, case-sensitive
	Limit, Offset            int      // at most Limit results (0 or less: all) after leaving out Offset
	IncludeAllVersions       bool     // every version is matched and listed, not only the latest
}

// Match reports whether t meets the conditions; a nil query has none.
func (q *TemplateQuery) Match(t *StoredTemplate) bool {
	if q == nil {
		return true
	}
	if q.TenantID != "" && t.TenantID != q.TenantID ||
		q.CreatedBy != "" && t.CreatedBy != q.CreatedBy ||
		!q.MatchName(t.Name) {
		return false
	}
	for _, tag := range q.Tags {
		if !slices.Contains(t.Tags, tag) {
			return false
		}
	}
	return true
}

// MatchName reports whether a template of that name can match.
func (q *TemplateQuery) MatchName(name string) bool {
	return q == nil || strings.HasPrefix(name, q.NamePrefix) && strings.Contains(name, q.NameContains)
}

// Page sorts list as List promises and cuts it to Offset and Limit, in place.
func (q *TemplateQuery) Page(list []*StoredTemplate) []*StoredTemplate {
	slices.SortFunc(list, func(a, b *StoredTemplate) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return b.Version - a.Version
	})
	if q == nil {
		return list
	}
	list = list[min(max(q.Offset, 0), len(list)):]
	if q.Limit > 0 && q.Limit < len(list) {
		list = list[:q.Limit]
	}
	return list
}

// TemplateStorage keeps templates and their versions. All methods are safe for
// concurrent use. Package storetest checks every sentence below. Errors are [*StorageError] around a sentinel, for [errors.Is]. A name that
// [CheckName] refuses gives [ErrInvalidName] from every method that takes one.
// A cancelled context gives ctx.Err(), and the call has then happened whole or
// not at all. After Close every method gives [ErrClosed]. Results belong to
// the caller, and nothing of the arguments is kept. Empty maps and slices read
// back as nil; Source, Metadata and Tags otherwise exactly as saved.
type TemplateStorage interface {
	Get(ctx context.Context, name string) (*StoredTemplate, error)                     // the latest version, or ErrTemplateNotFound
	GetByID(ctx context.Context, id TemplateID) (*StoredTemplate, error)               // the version that carries id, or ErrTemplateNotFound
	GetVersion(ctx context.Context, name string, version int) (*StoredTemplate, error) // one version, or ErrVersionNotFound
	// Save stores Name, Source, Metadata, CreatedBy, TenantID and Tags as the next version and sets ID, Version, CreatedAt and
	// UpdatedAt on tmpl, whatever they held; on error tmpl is untouched. N concurrent savers of one name, in one process or many,
	// get N different consecutive versions. A name's number is never used again, not after DeleteVersion or Delete. CreatedAt never
	// goes back from one version to the next. What CheckTemplate refuses is never written. What Save returned outlives a crash.
	Save(ctx context.Context, tmpl *StoredTemplate) error
	Delete(ctx context.Context, name string) error // removes all versions from every reader's view, or gives ErrTemplateNotFound
	// DeleteVersion hides one version, or gives ErrVersionNotFound. The one before the latest becomes the latest; with none the template is gone.
	DeleteVersion(ctx context.Context, name string, version int) error
	// List returns what matches (nil: all), by name (bytewise), then version descending, and then cut to Offset and Limit.
	List(ctx context.Context, query *TemplateQuery) ([]*StoredTemplate, error)
	Exists(ctx context.Context, name string) (bool, error)        // whether Get would find it
	ListVersions(ctx context.Context, name string) ([]int, error) // descending; none, without error, for a name that does not exist
	Close() error                                                 // waits for calls under way or fails them, releases everything; may be called again
}
