package prompty

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/go-prompty/prompty/engine"
)

// StorageEngineConfig configures a [StorageEngine]. Only Storage is required.
type StorageEngineConfig struct {
	Storage                    TemplateStorage
	Engine                     *engine.Engine     // nil: the language with its defaults
	DisableParsedTemplateCache bool               // read and compile at every call
	Strict                     bool               // a latest version that does not parse is an error of Execute
	OnReloadError              func(*ReloadError) // told once of each version that is not served, by any goroutine; must not block
	DisableWatch               bool               // ask the storage before each use instead, as suits a short life
	Metrics                    Metrics            // nil: nobody counts
}

// StorageEngine renders stored templates, which include and extend each other.
// It is itself a [TemplateStorage], whose Save validates first, and is safe for
// concurrent use. Each render sees one state of the storage. A change recompiles
// what depends on it: when a [Watcher] reports it, else before the next use; one
// made through the storage shows in the next render. While a latest version does
// not parse, the one before it stays in service.
type StorageEngine struct {
	engineMethods
	storage TemplateStorage
	engine  *engine.Engine
	config  StorageEngineConfig
	count   changeCounter // nil if the storage is none
	exact   bool          // count moves at the very moment of a change

	programs sync.Map // programKey → *program; written under broken.mu
	closed   atomic.Bool
	texts    textCache
	broken   brokenVersions
	watch    engineWatch
}

// engineMethods are what a StorageEngine does as a storage, but for Save, Sync
// and Close.
type engineMethods interface {
	TemplateStorage
	ConditionalSaver
	BatchSaver
}

// validating is a storage that saves nothing that does not parse. What it changes
// shows in the next render.
type validating struct {
	TemplateStorage
	se *StorageEngine
}

func (v validating) Delete(ctx context.Context, name string) error {
	defer v.se.moved()
	return v.TemplateStorage.Delete(ctx, name)
}

func (v validating) DeleteVersion(ctx context.Context, name string, version int) error {
	defer v.se.moved()
	return v.TemplateStorage.DeleteVersion(ctx, name, version)
}

func (v validating) SaveIf(ctx context.Context, tmpl *StoredTemplate, base int) error {
	if err := v.se.checkSource(ctx, tmpl); err != nil {
		return err
	}
	defer v.se.moved()
	return SaveIf(ctx, v.TemplateStorage, tmpl, base)
}

func (v validating) SaveAll(ctx context.Context, tmpls []*StoredTemplate) error {
	for _, t := range tmpls {
		if err := v.se.checkSource(ctx, t); err != nil {
			return err
		}
	}
	defer v.se.moved()
	return SaveAll(ctx, v.TemplateStorage, tmpls)
}

// NewStorageEngine returns an engine; closing it closes the storage.
func NewStorageEngine(config StorageEngineConfig) (*StorageEngine, error) {
	if config.Storage == nil {
		return nil, errors.New("prompty: StorageEngineConfig.Storage is nil; open one with OpenStorage or NewMemoryStorage")
	}
	se := &StorageEngine{storage: config.Storage, engine: config.Engine, config: config}
	se.engineMethods = validating{config.Storage, se}
	if se.engine == nil {
		var err error
		if se.engine, err = engine.New(engine.Config{}); err != nil {
			return nil, err
		}
	}
	se.count = counterOf(config.Storage)
	se.exact = countsExactly(config.Storage)
	se.texts.off = config.DisableParsedTemplateCache
	se.watch.begin(se)
	return se, nil
}

// MustNewStorageEngine is NewStorageEngine, but panics on an error.
func MustNewStorageEngine(config StorageEngineConfig) *StorageEngine {
	se, err := NewStorageEngine(config)
	if err != nil {
		panic(err)
	}
	return se
}

// Execute renders the latest version. data is a map, a struct or nil.
func (se *StorageEngine) Execute(ctx context.Context, name string, data any) (string, error) {
	p, err := se.program(ctx, programKey{name: name})
	if err != nil {
		return "", err
	}
	return p.Render(ctx, data)
}

// ExecuteVersion renders one version, with the latest of what it includes.
func (se *StorageEngine) ExecuteVersion(ctx context.Context, name string, version int, data any) (string, error) {
	if version < 1 {
		return "", NewStorageVersionNotFoundError(name, version)
	}
	p, err := se.program(ctx, programKey{name, version})
	if err != nil {
		return "", err
	}
	return p.Render(ctx, data)
}

// ExecuteMessages renders the latest version to chat messages.
func (se *StorageEngine) ExecuteMessages(ctx context.Context, name string, data any) ([]engine.Message, error) {
	p, err := se.program(ctx, programKey{name: name})
	if err != nil {
		return nil, err
	}
	return p.Messages(ctx, data)
}

// AppendExecute appends Execute's result to dst; on error dst is as it was.
func (se *StorageEngine) AppendExecute(ctx context.Context, dst []byte, name string, data any) ([]byte, error) {
	p, err := se.program(ctx, programKey{name: name})
	if err != nil {
		return dst, err
	}
	return p.Append(ctx, dst, data)
}

// Validate returns the latest version's errors and warnings, by position.
func (se *StorageEngine) Validate(ctx context.Context, name string) ([]engine.Issue, error) {
	t, err := checked(se.Get(ctx, name))
	return se.validate(ctx, t, err)
}

// ValidateVersion is Validate for one version.
func (se *StorageEngine) ValidateVersion(ctx context.Context, name string, version int) ([]engine.Issue, error) {
	t, err := checked(se.GetVersion(ctx, name, version))
	return se.validate(ctx, t, err)
}

func (se *StorageEngine) validate(ctx context.Context, t *StoredTemplate, err error) ([]engine.Issue, error) {
	if err != nil {
		return nil, err
	}
	issues := se.engine.Validate(ctx, t.Name, t.Source, func(ctx context.Context, ref engine.Ref) (*engine.Template, error) {
		t, err := getRef(ctx, se.storage, ref)
		if err != nil {
			return nil, err
		}
		return se.texts.parse(se.engine, t)
	})
	return issues, ctx.Err()
}

// Save is the storage's, but refuses a source that does not parse with
// [ErrInvalidTemplate] around the [engine.Errors].
func (se *StorageEngine) Save(ctx context.Context, tmpl *StoredTemplate) error {
	if err := se.checkSource(ctx, tmpl); err != nil {
		return err
	}
	defer se.moved()
	return se.storage.Save(ctx, tmpl)
}

func (se *StorageEngine) checkSource(ctx context.Context, t *StoredTemplate) error {
	if err := se.ready(ctx); err != nil {
		return err
	}
	if err := CheckTemplate(t); err != nil {
		return err
	}
	if _, err := se.engine.Parse(t.Name, t.Source); err != nil {
		return &StorageError{Op: "save", Name: t.Name, Err: fmt.Errorf("%w: %w", ErrInvalidTemplate, err)}
	}
	return nil
}

// SaveWithoutValidation is the storage's Save.
func (se *StorageEngine) SaveWithoutValidation(ctx context.Context, tmpl *StoredTemplate) error {
	if err := se.ready(ctx); err != nil {
		return err
	}
	defer se.moved()
	return se.storage.Save(ctx, tmpl)
}

// RegisterResolver is [engine.Engine.RegisterResolver].
func (se *StorageEngine) RegisterResolver(r engine.Resolver) error {
	defer se.forget()
	return se.engine.RegisterResolver(r)
}

// RegisterFunc is [engine.Engine.RegisterFunc].
func (se *StorageEngine) RegisterFunc(f engine.Func) error {
	defer se.forget()
	return se.engine.RegisterFunc(f)
}

// Unwrap returns the storage; see [As].
func (se *StorageEngine) Unwrap() TemplateStorage { return se.storage }

func (se *StorageEngine) ready(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if se.closed.Load() {
		return NewStorageClosedError()
	}
	return nil
}

// Close closes the storage. Renders under way finish.
func (se *StorageEngine) Close() error {
	se.closed.Store(true)
	se.watch.cancel()
	err := se.storage.Close()
	se.watch.end()
	se.forget()
	return err
}
