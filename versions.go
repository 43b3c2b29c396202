package prompty

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"
)

// VersionHistory is a template's versions, the newest first.
type VersionHistory struct {
	TemplateName   string         `json:"template_name"`
	CurrentVersion int            `json:"current_version"`
	TotalVersions  int            `json:"total_versions"`
	Versions       []HistoryEntry `json:"versions"`
}

// GetVersionHistory returns the versions of a template, or
// [ErrTemplateNotFound].
func (se *StorageEngine) GetVersionHistory(ctx context.Context, name string) (*VersionHistory, error) {
	list, err := History(ctx, se.storage, name)
	if err != nil {
		return nil, err
	}
	return &VersionHistory{TemplateName: name, CurrentVersion: list[0].Version, TotalVersions: len(list), Versions: list}, nil
}

// VersionDiff is what changed from one version to another.
type VersionDiff struct {
	Name            string     `json:"name"`
	OldVersion      int        `json:"old_version"`
	NewVersion      int        `json:"new_version"`
	Hunks           []DiffHunk `json:"hunks"` // of the source, with three lines of context
	Added           int        `json:"added"` // lines
	Removed         int        `json:"removed"`
	AddedTags       []string   `json:"added_tags,omitempty"`
	RemovedTags     []string   `json:"removed_tags,omitempty"`
	ChangedMetadata []string   `json:"changed_metadata,omitempty"` // keys added, removed or changed, sorted
}

// DiffHunk is a run of changed lines with the lines around them.
type DiffHunk struct {
	OldStart int        `json:"old_start"` // 1-based line; 0 if the old side is empty
	OldLines int        `json:"old_lines"`
	NewStart int        `json:"new_start"`
	NewLines int        `json:"new_lines"`
	Lines    []DiffLine `json:"lines"`
}

// DiffLine is one line of a hunk. Text holds its line end, if it has one.
type DiffLine struct {
	Op   DiffOp `json:"op"`
	Text string `json:"text"`
}

// DiffOp says on which side a line stands.
type DiffOp string

const (
	DiffEqual  DiffOp = " "
	DiffInsert DiffOp = "+"
	DiffDelete DiffOp = "-"
)

// HasChanges reports whether anything differs.
func (d *VersionDiff) HasChanges() bool {
	return len(d.Hunks)+len(d.AddedTags)+len(d.RemovedTags)+len(d.ChangedMetadata) > 0
}

// String returns the source's changes as a unified diff; "" if it has none.
func (d *VersionDiff) String() string {
	if len(d.Hunks) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "--- %s@%d\n+++ %s@%d\n", d.Name, d.OldVersion, d.Name, d.NewVersion)
	for _, h := range d.Hunks {
		fmt.Fprintf(&b, "@@ -%s +%s @@\n", hunkRange(h.OldStart, h.OldLines), hunkRange(h.NewStart, h.NewLines))
		for _, l := range h.Lines {
			b.WriteString(string(l.Op) + l.Text)
			if !strings.HasSuffix(l.Text, "\n") {
				b.WriteString("\n\\ No newline at end of file\n")
			}
		}
	}
	return b.String()
}

func hunkRange(start, lines int) string {
	if lines == 1 {
		return fmt.Sprint(start)
	}
	return fmt.Sprintf("%d,%d", start, lines)
}

// CompareVersions compares two versions of a template line by line.
func (se *StorageEngine) CompareVersions(ctx context.Context, name string, oldVersion, newVersion int) (*VersionDiff, error) {
	before, err := se.storage.GetVersion(ctx, name, oldVersion)
	if err != nil {
		return nil, err
	}
	after, err := se.storage.GetVersion(ctx, name, newVersion)
	if err != nil {
		return nil, err
	}
	return CompareTemplates(before, after)
}

// CompareTemplates compares two templates, or versions of one, line by line.
func CompareTemplates(before, after *StoredTemplate) (*VersionDiff, error) {
	d := &VersionDiff{
		Name: after.Name, OldVersion: before.Version, NewVersion: after.Version,
		AddedTags: missing(after.Tags, before.Tags), RemovedTags: missing(before.Tags, after.Tags),
		ChangedMetadata: changedKeys(before.Metadata, after.Metadata),
	}
	unified, err := udiff.ToUnifiedDiff("", "", before.Source, udiff.Lines(before.Source, after.Source), udiff.DefaultContextLines)
	if err != nil {
		return nil, &StorageError{Op: "compare", Name: after.Name, Version: after.Version, Err: err}
	}
	for _, h := range unified.Hunks {
		d.addHunk(h)
	}
	return d, nil
}

func (d *VersionDiff) addHunk(h *udiff.Hunk) {
	hunk := DiffHunk{OldStart: h.FromLine, NewStart: h.ToLine}
	for _, l := range h.Lines {
		line := DiffLine{Op: DiffEqual, Text: l.Content}
		switch l.Kind {
		case udiff.Delete:
			line.Op = DiffDelete
			hunk.OldLines++
			d.Removed++
		case udiff.Insert:
			line.Op = DiffInsert
			hunk.NewLines++
			d.Added++
		default:
			hunk.OldLines++
			hunk.NewLines++
		}
		hunk.Lines = append(hunk.Lines, line)
	}
	// As in GNU diff, an empty side is placed after the line before it.
	if hunk.OldLines == 0 {
		hunk.OldStart--
	}
	if hunk.NewLines == 0 {
		hunk.NewStart--
	}
	d.Hunks = append(d.Hunks, hunk)
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

// RollbackToVersion saves an old version's text, tags and metadata as a new
// version and returns it, with CreatedBy empty. Nothing is deleted.
func (se *StorageEngine) RollbackToVersion(ctx context.Context, name string, version int) (*StoredTemplate, error) {
	t, err := se.storage.GetVersion(ctx, name, version)
	if err != nil {
		return nil, err
	}
	t.CreatedBy = ""
	if err := se.Save(ctx, t); err != nil {
		return nil, err
	}
	return t, nil
}

// CloneVersion saves a version under a new name as its version 1 and returns
// that, with CreatedBy empty. A name that exists is an [ErrConflict].
func (se *StorageEngine) CloneVersion(ctx context.Context, name string, version int, newName string) (*StoredTemplate, error) {
	t, err := se.storage.GetVersion(ctx, name, version)
	if err != nil {
		return nil, err
	}
	t.Name, t.CreatedBy = newName, ""
	if err := se.checkSource(ctx, t); err != nil {
		return nil, err
	}
	if _, ok := As[ConditionalSaver](se.storage); ok {
		err = SaveIf(ctx, se.storage, t, 0)
	} else if latest, getErr := se.storage.Get(ctx, newName); getErr == nil {
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
