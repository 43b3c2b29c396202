package cli

import (
	"context"
	"errors"

	"github.com/go-prompty/prompty"
)

// stateReader reads prompts and remembers which, to prove afterwards that they
// belong to one state of the storage.
type stateReader struct {
	prompty.TemplateStorage
	latest map[string]prompty.TemplateID // what Get gave; "" where there was none
	names  map[string]bool               // all that were asked for
}

func (v *stateReader) Unwrap() prompty.TemplateStorage { return v.TemplateStorage }

func (v *stateReader) Get(ctx context.Context, name string) (*prompty.StoredTemplate, error) {
	v.names[name] = true
	t, err := v.TemplateStorage.Get(ctx, name)
	switch {
	case err == nil:
		v.latest[name] = t.ID
	case errors.Is(err, prompty.ErrTemplateNotFound):
		v.latest[name] = ""
	}
	return t, err
}

func (v *stateReader) GetVersion(ctx context.Context, name string, version int) (*prompty.StoredTemplate, error) {
	v.names[name] = true // the version may be deleted
	return v.TemplateStorage.GetVersion(ctx, name, version)
}

// isCurrent asks for each latest version once more. If none has changed, all of
// them were the latest at the moment between the last Get and the first
// question.
func (v *stateReader) isCurrent(ctx context.Context) bool {
	for name, id := range v.latest {
		now, err := prompty.LatestID(ctx, v.TemplateStorage, name)
		if now != id || err != nil && !errors.Is(err, prompty.ErrTemplateNotFound) {
			return false
		}
	}
	return true
}
