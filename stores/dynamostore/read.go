package dynamostore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/backend"
)

// expression builds the expressions of one request, whose names may be reserved
// words and whose values may be anything.
type expression struct {
	names  map[string]string
	values item
}

func newExpression() *expression {
	return &expression{names: make(map[string]string), values: make(item)}
}

func (e *expression) name(attr string) string {
	e.names["#"+attr] = attr
	return "#" + attr
}

func (e *expression) value(v types.AttributeValue) string {
	key := fmt.Sprintf(":%d", len(e.values))
	e.values[key] = v
	return key
}

func (e *expression) projection(attrs ...string) *string {
	list := ""
	for _, attr := range attrs {
		if list != "" {
			list += ", "
		}
		list += e.name(attr)
	}
	return &list
}

// given are the values, of which there must be one or nil.
func (e *expression) given() item {
	if len(e.values) == 0 {
		return nil
	}
	return e.values
}

// get reads an item, or the attributes of it that are named; nil: there is none.
func (r *remote) get(ctx context.Context, key item, attrs ...string) (item, error) {
	in := &dynamodb.GetItemInput{TableName: &r.table, Key: key, ConsistentRead: aws.Bool(true)}
	if len(attrs) > 0 {
		e := newExpression()
		in.ProjectionExpression, in.ExpressionAttributeNames = e.projection(attrs...), e.names
	}
	out, err := call(ctx, r, "GetItem", r.db.GetItem, in)
	if err != nil || len(out.Item) == 0 {
		return nil, err
	}
	return out.Item, nil
}

// headAttributes are those of a head without its template.
var headAttributes = []string{keyPartition, keySort, attrHigh, attrLatest, attrLast, attrChanges, attrDeleted}

// head reads a name's head, or gives nil.
func (r *remote) head(ctx context.Context, name string, whole bool) (*head, error) {
	attrs := headAttributes
	if whole {
		attrs = nil
	}
	it, err := r.get(ctx, r.keys.head(name), attrs...)
	if it == nil {
		return nil, err
	}
	return readHead(it, whole)
}

func (r *remote) Get(ctx context.Context, name string) (*prompty.StoredTemplate, error) {
	h, err := r.head(ctx, name, true)
	if err != nil {
		return nil, err
	}
	if h == nil || h.latest == 0 {
		return nil, prompty.NewStorageTemplateNotFoundError(name)
	}
	return h.template, nil
}

// GetVersion asks the head first, which knows whether the version is deleted.
// A version's own item never changes.
func (r *remote) GetVersion(ctx context.Context, name string, version int) (*prompty.StoredTemplate, error) {
	h, err := r.head(ctx, name, true)
	switch {
	case err != nil:
		return nil, err
	case h == nil || version > h.high || h.deleted.has(version):
		return nil, prompty.NewStorageVersionNotFoundError(name, version)
	case version == h.latest:
		return h.template, nil
	}
	return r.version(ctx, name, version)
}

// version reads the item of a version that the head says is there.
func (r *remote) version(ctx context.Context, name string, version int) (t *prompty.StoredTemplate, err error) {
	err = settled(ctx, func() ([]int, error) {
		it, err := r.get(ctx, r.keys.version(name, version))
		if it == nil {
			return []int{version}, err
		}
		t, err = readVersion(it, name, version)
		return nil, err
	})
	return t, err
}

// settled calls look until it misses no version. A transaction's items appear
// one after the other, so that a head may for a moment be ahead of its version.
func settled(ctx context.Context, look func() (missing []int, err error)) error {
	for wait := 5 * time.Millisecond; ; wait *= 2 {
		missing, err := look()
		switch {
		case err != nil || len(missing) == 0:
			return err
		case wait > 400*time.Millisecond:
			return fmt.Errorf("the items of the versions %v are missing from the table: were they deleted by hand? Restore them, or delete the versions", missing)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (r *remote) LatestVersion(ctx context.Context, name string) (int, error) {
	h, err := r.head(ctx, name, false)
	if h == nil {
		return 0, err
	}
	return h.latest, nil
}

func (r *remote) ListVersions(ctx context.Context, name string) ([]int, error) {
	h, err := r.head(ctx, name, false)
	if h == nil {
		return nil, err
	}
	return h.versions()
}

// mostVersions of one name are listed.
const mostVersions = 10_000_000

// versions returns the numbers that are there, the highest first.
func (h *head) versions() ([]int, error) {
	n := h.high - h.deleted.count()
	if n > mostVersions {
		return nil, fmt.Errorf("%q has %d versions, more than can be listed: was its item edited by hand?", h.name, n)
	}
	return slices.AppendSeq(make([]int, 0, n), h.deleted.others(h.high)), nil
}

func (r *remote) History(ctx context.Context, name string) (list []prompty.HistoryEntry, err error) {
	h, err := r.head(ctx, name, false)
	if err != nil {
		return nil, err
	}
	if h == nil || h.latest == 0 {
		return nil, prompty.NewStorageTemplateNotFoundError(name)
	}
	versions, err := h.versions()
	if err != nil {
		return nil, err
	}
	err = settled(ctx, func() (missing []int, err error) {
		list, missing, err = r.entries(ctx, h, versions)
		return missing, err
	})
	return list, err
}

// entries reads the history of versions, and says which are missing.
func (r *remote) entries(ctx context.Context, h *head, versions []int) (list []prompty.HistoryEntry, missing []int, err error) {
	e := newExpression()
	in := &dynamodb.QueryInput{
		TableName: &r.table, ConsistentRead: aws.Bool(true), ScanIndexForward: aws.Bool(false),
		KeyConditionExpression: aws.String(fmt.Sprintf("%s = %s AND %s <= %s",
			e.name(keyPartition), e.value(r.keys.versions(h.name)), e.name(keySort), e.value(text(padded(h.latest))))),
		ProjectionExpression:     e.projection(keyPartition, keySort, attrSize, attrCreatedAt, attrCreatedBy),
		ExpressionAttributeNames: e.names, ExpressionAttributeValues: e.values,
	}
	list = make([]prompty.HistoryEntry, 0, len(versions))
	err = r.query(ctx, in, func(it item) (bool, error) {
		version, err := readNumber(it)
		for err == nil && len(versions) > 0 && versions[0] > version {
			missing, versions = append(missing, versions[0]), versions[1:]
		}
		if err != nil || len(versions) == 0 || versions[0] < version { // it is deleted
			return len(versions) > 0, err
		}
		versions = versions[1:]
		f := &fields{item: it}
		list = append(list, prompty.HistoryEntry{
			ID: backend.ID(h.name, version), Version: version, Author: f.text(attrCreatedBy), Time: f.time(attrCreatedAt),
			Size: int(f.number(attrSize, 0, mostItemBytes)),
		})
		return len(versions) > 0, f.damage()
	})
	return list, append(missing, versions...), err
}

// query calls each for the items of all pages, until it wants no more.
func (r *remote) query(ctx context.Context, in *dynamodb.QueryInput, each func(item) (more bool, err error)) error {
	for {
		out, err := call(ctx, r, "Query", r.db.Query, in)
		if err != nil {
			return err
		}
		for _, it := range out.Items {
			if more, err := each(it); err != nil || !more {
				return err
			}
		}
		if len(out.LastEvaluatedKey) == 0 {
			return nil
		}
		in.ExclusiveStartKey = out.LastEvaluatedKey
	}
}
