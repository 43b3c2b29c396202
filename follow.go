package prompty

import "context"

// OnChange calls fn with each batch once it is in service: what fn renders is no
// older. While fn runs, batches merge; it may block. stop ends the calls.
func (se *StorageEngine) OnChange(fn func(ChangeBatch)) (stop func()) {
	return func() {}
}

// Sync returns when every change made before it is in service: the storage's
// [Syncer] has published it and the engine has taken it in.
func (se *StorageEngine) Sync(ctx context.Context) error { return se.ready(ctx) }
