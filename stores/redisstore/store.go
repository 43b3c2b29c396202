package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/backend"
)

// store is the backend.
type store struct {
	reader
	*client
	manual   bool
	keep     time.Duration // how long deleted texts can be seen by snapshots
	location string
	barred   atomic.Bool // the user was not allowed to change anything
}

var (
	_ backend.Backend     = (*store)(nil)
	_ backend.Batcher     = (*store)(nil)
	_ backend.Snapshotter = (*store)(nil)
	_ backend.Listener    = (*store)(nil)
)

func (b *store) mode() string {
	if b.manual {
		return "manual"
	}
	return "auto"
}

// initialize makes the store if it is not there, and looks what the user may do.
func (b *store) initialize(ctx context.Context) error {
	value, err := b.run(ctx, openScript, nil, b.mode())
	if err != nil {
		return err
	}
	commands, err := texts(value)
	if err != nil {
		return err
	}
	b.barred.Store(len(commands) > 0)
	return nil
}

// mayWrite is asked before each change: a user who may do one half of what it
// takes must not do that half. Who was allowed once is not asked for again.
func (b *store) mayWrite(ctx context.Context) error {
	if !b.barred.Load() {
		return nil
	}
	value, err := b.run(ctx, openScript, nil, b.mode())
	if err != nil {
		return err
	}
	commands, err := texts(value)
	if err != nil {
		return err
	}
	if len(commands) > 0 {
		return fmt.Errorf("%s (missing for a change: %s)", permissionAdvice, strings.Join(commands, ", "))
	}
	b.barred.Store(false)
	return nil
}

func (b *store) Save(ctx context.Context, t *prompty.StoredTemplate, base int) error {
	return b.save(ctx, base, t)
}

// mostAtOnce is how many bytes SaveAll takes: the server holds them twice.
const mostAtOnce = 256 << 20

func (b *store) SaveAll(ctx context.Context, list []*prompty.StoredTemplate) error {
	total := 0
	for _, t := range list {
		total += len(t.Source)
	}
	if total > mostAtOnce {
		return fmt.Errorf("%d templates with %d bytes in one step, and at most %d bytes are possible: save them in several steps: %w", len(list), total, mostAtOnce, errors.ErrUnsupported)
	}
	return b.save(ctx, backend.AnyVersion, list...)
}

func (b *store) save(ctx context.Context, base int, list ...*prompty.StoredTemplate) error {
	if err := b.mayWrite(ctx); err != nil {
		return err
	}
	if t := list[0]; len(list) == 1 && b.latest.of(t.Name) > 0 {
		saved, err := b.quick(ctx, base, t)
		if saved || err != nil {
			return err
		}
	}
	names := make([]string, 0, len(list))
	args := append(make([]any, 0, 2+4*len(list)), b.mode(), base)
	for _, t := range list {
		names = append(names, t.Name)
		args = append(args, t.Name, t.Source, aboutOf(t), mapText(t.Metadata))
	}
	value, err := b.run(ctx, saveScript, names, args...)
	if err != nil {
		return err
	}
	answer, err := texts(value)
	if err != nil {
		return err
	}
	if len(answer) == 2 && answer[0] == "conflict" {
		latest, _ := strconv.Atoi(answer[1])
		return prompty.NewStorageConflictError(list[0].Name, base, latest)
	}
	return b.saved(ctx, list, answer)
}

// quick saves what is there and found by what it was found by before; false: it
// was left to the script for all saves.
func (b *store) quick(ctx context.Context, base int, t *prompty.StoredTemplate) (bool, error) {
	value, err := b.run(ctx, quickScript, []string{t.Name}, t.Name, base, t.Source, aboutOf(t), mapText(t.Metadata))
	if err != nil {
		return false, err
	}
	answer, err := texts(value)
	if err != nil || len(answer) == 0 {
		return false, err
	}
	return true, b.saved(ctx, []*prompty.StoredTemplate{t}, answer)
}

func aboutOf(t *prompty.StoredTemplate) string {
	return about{CreatedBy: t.CreatedBy, TenantID: t.TenantID, Tags: t.Tags}.text()
}

// saved takes over the numbers and times that a script answers with.
func (b *store) saved(ctx context.Context, list []*prompty.StoredTemplate, answer []string) error {
	if len(answer) != 2*len(list) {
		return fmt.Errorf("the server answered a save with %d values; is it Redis?", len(answer))
	}
	purge := false
	for i, t := range list {
		version, _ := strconv.Atoi(answer[2*i])
		at, _ := strconv.ParseInt(answer[2*i+1], 10, 64)
		t.ID, t.Version = backend.ID(t.Name, version), version
		t.CreatedAt = time.UnixMicro(at).UTC()
		t.UpdatedAt = t.CreatedAt
		b.latest.learn(t.Name, version)
		purge = purge || version%savesPerPurge == 0
	}
	if purge {
		b.purge(ctx)
	}
	return nil
}

func (b *store) Delete(ctx context.Context, name string) error {
	return b.delete(ctx, name, 0, prompty.NewStorageTemplateNotFoundError(name))
}

func (b *store) DeleteVersion(ctx context.Context, name string, version int) error {
	return b.delete(ctx, name, version, prompty.NewStorageVersionNotFoundError(name, version))
}

func (b *store) delete(ctx context.Context, name string, version int, missing error) error {
	if err := b.mayWrite(ctx); err != nil {
		return err
	}
	value, err := b.run(ctx, deleteScript, []string{name}, b.mode(), name, version)
	if err != nil {
		return err
	}
	answer, err := texts(value)
	if err != nil {
		return err
	}
	if len(answer) > 0 { // "none"
		return missing
	}
	b.purge(ctx)
	return nil
}

// Now and then a change is followed by a purge, of so many versions that nobody
// waits for long.
const (
	savesPerPurge = 64
	mostPurged    = 100
)

// purge forgets deleted texts that no snapshot may see any more, if there are any.
// Whether that works is no matter of the change that it follows.
func (b *store) purge(ctx context.Context) {
	_, _ = b.run(ctx, purgeScript, nil, b.keep.Microseconds(), mostPurged)
}

func (b *store) Close() error { return b.client.close() }
