package prompty

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/go-prompty/prompty/diff"
)

// GetVersionHistory is [History] of the storage.
func (se *StorageEngine) GetVersionHistory(ctx context.Context, name string) ([]HistoryEntry, error) {
	return History(ctx, se.storage, name)
}

// VersionDiff is what changed from one version to another.
type VersionDiff struct {
	Name            string   `json:"name"`
	OldVersion      int      `json:"old_version"`
	NewVersion      int      `json:"new_version"`
	diff.Lines               // of the sources
	AddedTags       []string `json:"added_tags,omitempty"`
	RemovedTags     []string `json:"removed_tags,omitempty"`
	ChangedMetadata []string `json:"changed_metadata,omitempty"` // keys added, removed or changed, sorted
}

func (d *VersionDiff) String() string {
	return d.Unified(fmt.Sprintf("%s@%d", d.Name, d.OldVersion), fmt.Sprintf("%s@%d", d.Name, d.NewVersion))
}

// CompareVersions compares two versions of a template line by line.
func (se *StorageEngine) CompareVersions(ctx context.Context, name string, oldVersion, newVersion int) (*VersionDiff, error) {
	before, err := checked(se.storage.GetVersion(ctx, name, oldVersion))
	if err != nil {
		return nil, err
	}
	after, err := checked(se.storage.GetVersion(ctx, name, newVersion))
	if err != nil {
		return nil, err
	}
	return &VersionDiff{
		Name: name, OldVersion: oldVersion, NewVersion: newVersion,
		Lines:     diff.Compare(before.Source, after.Source),
		AddedTags: missing(after.Tags, before.Tags), RemovedTags: missing(before.Tags, after.Tags),
		ChangedMetadata: changedKeys(before.Metadata, after.Metadata),
	}, nil
}

// missing returns what list has and from has not.
func missing(list, from []string) (diff []string) {
	for _, s := range list {
		if !slices.Contains(from, s) {
			diff = append(diff, s)
		}
	}
	return diff
}

func changedKeys(before, after map[string]string) []string {
	changed := make(map[string]bool)
	for k, v := range before {
		if w, ok := after[k]; !ok || v != w {
			changed[k] = true
		}
	}
	for k := range after {
		if _, ok := before[k]; !ok {
			changed[k] = true
		}
	}
	return slices.Sorted(maps.Keys(changed))
}

// RollbackToVersion makes an old version's text, tags and metadata a new one.
func (se *StorageEngine) RollbackToVersion(ctx context.Context, name string, version int) (*StoredTemplate, error) {
	t, err := checked(se.storage.GetVersion(ctx, name, version))
	if err != nil {
		return nil, err
	}
	t.CreatedBy = ""
	if err := se.Save(ctx, t); err != nil {
		return nil, err
	}
	return t, nil
}

// CloneVersion saves a version under a new name; a taken one is [ErrConflict].
func (se *StorageEngine) CloneVersion(ctx context.Context, name string, version int, newName string) (*StoredTemplate, error) {
	t, err := checked(se.storage.GetVersion(ctx, name, version))
	if err != nil {
		return nil, err
	}
	t.Name, t.CreatedBy = newName, ""
	if err := se.checkSource(ctx, t); err != nil {
		return nil, err
	}
	defer se.moved()
	if _, ok := As[ConditionalSaver](se.storage); ok {
		err = SaveIf(ctx, se.storage, t, 0)
	} else if latest, getErr := checked(se.storage.Get(ctx, newName)); getErr == nil {
		err = NewStorageConflictError(newName, 0, latest.Version)
	} else if !isAbsent(getErr) {
		err = getErr
	} else {
		err = se.storage.Save(ctx, t)
	}
	if err != nil {
		return nil, err
	}
	return t, nil
}
