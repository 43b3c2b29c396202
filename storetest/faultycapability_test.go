package storetest

import (
	"context"
	"slices"

	"github.com/go-prompty/prompty"
)

// History implements prompty.Historian.
func (f *faulty) History(ctx context.Context, name string) ([]prompty.HistoryEntry, error) {
	if err := f.enterName(ctx, name); err != nil {
		return nil, err
	}
	defer f.mu.Unlock()
	list := f.live[f.key(name)]
	if len(list) == 0 {
		return nil, prompty.NewStorageTemplateNotFoundError(name)
	}
	var history []prompty.HistoryEntry
	for _, t := range slices.Backward(list) {
		history = append(history, prompty.HistoryEntry{ID: t.ID, Version: t.Version, Author: t.CreatedBy, Time: t.CreatedAt, Size: len(t.Source)})
		if f.has("keeps deleted versions in the history") && t.Version > 1 {
			history = append(history, prompty.HistoryEntry{Version: t.Version - 1})
		}
	}
	return history, nil
}

// LatestID implements prompty.Prober.
func (f *faulty) LatestID(ctx context.Context, name string) (prompty.TemplateID, error) {
	if err := f.enterName(ctx, name); err != nil {
		return "", err
	}
	defer f.mu.Unlock()
	list := f.live[f.key(name)]
	if len(list) == 0 {
		return "", prompty.NewStorageTemplateNotFoundError(name)
	}
	if f.has("probes with the first version") {
		return list[0].ID, nil
	}
	return list[len(list)-1].ID, nil
}

// Describe implements prompty.Describer.
func (f *faulty) Describe(ctx context.Context) (prompty.Description, error) {
	if err := f.enter(ctx); err != nil {
		return prompty.Description{}, err
	}
	defer f.mu.Unlock()
	d := prompty.Description{Driver: "faulty", State: "open"}
	if f.has("describes itself on two lines") {
		d.State = "open\nfor all"
	}
	return d, nil
}
