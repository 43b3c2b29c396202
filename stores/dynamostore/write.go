package dynamostore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/backend"
)

func (s *store) Save(ctx context.Context, t *prompty.StoredTemplate, base int) error {
	return s.save(ctx, []*prompty.StoredTemplate{t}, base)
}

// SaveAll saves what one transaction holds: a write for each version and each
// name, 100 of them and 4 MB.
func (s *store) SaveAll(ctx context.Context, list []*prompty.StoredTemplate) error {
	return s.save(ctx, list, backend.AnyVersion)
}

func (s *store) save(ctx context.Context, list []*prompty.StoredTemplate, base int) error {
	byName := make(map[string]int)
	for _, t := range list {
		if err := checkSize(t); err != nil {
			return &prompty.StorageError{Op: "save", Name: t.Name, Err: err}
		}
		byName[t.Name] = 0
	}
	names := slices.Sorted(maps.Keys(byName))
	for i, name := range names {
		byName[name] = i
	}
	if n := len(names) + len(list); n > mostTransactWrites {
		return fmt.Errorf("%w: %d versions of %d templates at once are %d writes, and a transaction of DynamoDB holds at most %d; save them in smaller groups",
			errors.ErrUnsupported, len(list), len(names), n, mostTransactWrites)
	}
	var saved []*prompty.StoredTemplate
	err := s.apply(ctx, names, true, func(_ context.Context, heads []*head) ([]types.TransactWriteItem, []*head, error) {
		now := s.clock.now()
		next := make([]*head, len(heads))
		for i, h := range heads {
			if h == nil {
				h = &head{name: names[i]}
			}
			if base != backend.AnyVersion && base != h.latest {
				return nil, nil, prompty.NewStorageConflictError(names[i], base, h.latest)
			}
			next[i] = h.next()
		}
		saved = saved[:0]
		var versions []types.TransactWriteItem
		for _, t := range list {
			h := next[byName[t.Name]]
			if h.high == mostVersion {
				return nil, nil, fmt.Errorf("%q has had %d versions, and there can be no more", h.name, h.high)
			}
			saved = append(saved, h.push(t, now))
			versions = append(versions, s.putVersion(h.template))
		}
		writes := make([]types.TransactWriteItem, len(heads))
		for i, h := range heads {
			writes[i] = s.putHead(h, next[i])
		}
		writes = append(writes, versions...)
		return writes, next, checkTransaction(writes)
	})
	if err != nil {
		return err
	}
	for i, t := range list {
		t.ID, t.Version, t.CreatedAt, t.UpdatedAt = saved[i].ID, saved[i].Version, saved[i].CreatedAt, saved[i].UpdatedAt
	}
	return nil
}

// push makes t the latest version of a head, at a time after the one before.
func (h *head) push(t *prompty.StoredTemplate, now time.Time) *prompty.StoredTemplate {
	if !now.After(h.last) {
		now = h.last.Add(time.Microsecond)
	}
	h.high++
	h.latest, h.last = h.high, now
	v := *t
	v.ID, v.Version, v.CreatedAt, v.UpdatedAt = backend.ID(h.name, h.high), h.high, now, now
	h.template = &v
	return &v
}

// checkTransaction refuses what DynamoDB would, before it is sent.
func checkTransaction(writes []types.TransactWriteItem) error {
	sum := 0
	for _, w := range writes {
		sum += size(w.Put.Item)
	}
	if sum > mostTransactBytes {
		return fmt.Errorf("%w: these versions make %d bytes of writes, and a transaction of DynamoDB holds at most %d; save them in smaller groups",
			errors.ErrUnsupported, sum, mostTransactBytes)
	}
	return nil
}

func (s *store) Delete(ctx context.Context, name string) error {
	return s.apply(ctx, []string{name}, false, func(_ context.Context, heads []*head) ([]types.TransactWriteItem, []*head, error) {
		h := heads[0]
		if h == nil || h.latest == 0 {
			return nil, nil, prompty.NewStorageTemplateNotFoundError(name)
		}
		next := h.next()
		next.latest, next.deleted = 0, spans{{1, h.high}}
		return []types.TransactWriteItem{s.putHead(h, next)}, []*head{next}, nil
	})
}

func (s *store) DeleteVersion(ctx context.Context, name string, version int) error {
	return s.apply(ctx, []string{name}, false, func(ctx context.Context, heads []*head) ([]types.TransactWriteItem, []*head, error) {
		h := heads[0]
		if h == nil || version > h.high || h.deleted.has(version) {
			return nil, nil, prompty.NewStorageVersionNotFoundError(name, version)
		}
		next := h.next()
		next.deleted = h.deleted.add(version)
		if n := len(next.deleted.String()); n > mostDeletedBytes {
			return nil, nil, fmt.Errorf("the list of deleted versions of %q would have %d bytes, and there is room for %d: delete the versions between them too, or the whole template",
				name, n, mostDeletedBytes)
		}
		if version != h.latest {
			return []types.TransactWriteItem{s.hideVersion(h, next)}, []*head{next}, nil
		}
		if next.latest = next.deleted.below(version); next.latest > 0 {
			t, err := s.version(ctx, name, next.latest)
			if err != nil {
				return nil, nil, err
			}
			next.template = t
		}
		return []types.TransactWriteItem{s.putHead(h, next)}, []*head{next}, nil
	})
}
