package prompty

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/go-prompty/prompty/engine"
)

// Message, Func, Resolver and Issue are package engine's.
type (
	Message  = engine.Message
	Func     = engine.Func
	Resolver = engine.Resolver
	Issue    = engine.Issue
)

// StorageEngineConfig configures a [StorageEngine]. Only Storage is required.
type StorageEngineConfig struct {
	Storage TemplateStorage
	Engine  *engine.Engine // nil: the language with its defaults
	// DisableParsedTemplateCache reads and compiles at every call.
	DisableParsedTemplateCache bool
	// Strict makes a latest version that does not parse an error of Execute.
	// Without it the newest version before it that does stays in service.
	Strict bool
	// OnReloadError is told once of each version that does not parse or link.
	// It may be called by several goroutines at once and must not block.
	OnReloadError func(*ReloadError)
}

// StorageEngine renders stored templates. It is itself a [TemplateStorage]
// whose Save validates first. It is safe for concurrent use.
//
// Includes and extends find their templates in the storage. Each render sees
// one state of it: what a program is made of was all current at one moment.
// Programs are kept and, before each use, held against the storage's latest
// IDs, so every saved change shows in the next render; a change costs a
// compilation only to the templates that depend on it.
type StorageEngine struct {
	storage TemplateStorage
	engine  *engine.Engine
	config  StorageEngineConfig
	count   changeCounter // nil if the storage is none

	programs sync.Map // programKey → *program
	closed   atomic.Bool
	texts    textCache
	broken   brokenVersions
}

// NewStorageEngine returns an engine over config.Storage. Closing it closes
// the storage.
func NewStorageEngine(config StorageEngineConfig) (*StorageEngine, error) {
	if config.Storage == nil {
		return nil, errors.New("prompty: StorageEngineConfig.Storage is nil; open one with OpenStorage or NewMemoryStorage")
	}
	se := &StorageEngine{storage: config.Storage, engine: config.Engine, config: config}
	if se.engine == nil {
		var err error
		if se.engine, err = engine.New(engine.Config{}); err != nil {
			return nil, err
		}
	}
	se.count, _ = config.Storage.(changeCounter)
	se.texts.off = config.DisableParsedTemplateCache
	return se, nil
}

// MustNewStorageEngine is NewStorageEngine for configurations known to be
// good; it panics on an error.
func MustNewStorageEngine(config StorageEngineConfig) *StorageEngine {
	se, err := NewStorageEngine(config)
	if err != nil {
		panic(err)
	}
	return se
}

// Execute renders the latest version. data is a map with string keys, a
// struct, a pointer to one, or nil.
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
func (se *StorageEngine) ExecuteMessages(ctx context.Context, name string, data any) ([]Message, error) {
	p, err := se.program(ctx, programKey{name: name})
	if err != nil {
		return nil, err
	}
	return p.Messages(ctx, data)
}

// AppendExecute appends what Execute returns to dst. On error it returns dst
// as it was.
func (se *StorageEngine) AppendExecute(ctx context.Context, dst []byte, name string, data any) ([]byte, error) {
	p, err := se.program(ctx, programKey{name: name})
	if err != nil {
		return dst, err
	}
	return p.Append(ctx, dst, data)
}

// ValidationResult is what [StorageEngine.Validate] found.
type ValidationResult struct {
	Name    string
	Version int
	Issues  []Issue // by position; none: nothing to mend
}

// IsValid reports whether no issue is an error; warnings are allowed.
func (r *ValidationResult) IsValid() bool {
	for _, issue := range r.Issues {
		if issue.Severity == engine.SeverityError {
			return false
		}
	}
	return true
}

// Validate looks for errors and doubtful places in the latest version.
func (se *StorageEngine) Validate(ctx context.Context, name string) (*ValidationResult, error) {
	t, err := se.Get(ctx, name)
	return se.validate(ctx, t, err)
}

// ValidateVersion is Validate for one version.
func (se *StorageEngine) ValidateVersion(ctx context.Context, name string, version int) (*ValidationResult, error) {
	t, err := se.GetVersion(ctx, name, version)
	return se.validate(ctx, t, err)
}

func (se *StorageEngine) validate(ctx context.Context, t *StoredTemplate, err error) (*ValidationResult, error) {
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
	return &ValidationResult{Name: t.Name, Version: t.Version, Issues: issues}, ctx.Err()
}

// Save is the storage's, but refuses a source that does not parse with
// [ErrInvalidTemplate] around the [engine.Errors].
func (se *StorageEngine) Save(ctx context.Context, tmpl *StoredTemplate) error {
	if err := se.checkSource(ctx, tmpl); err != nil {
		return err
	}
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
	return se.storage.Save(ctx, tmpl)
}

// RegisterResolver adds a tag to the language; see [engine.Engine.RegisterResolver].
func (se *StorageEngine) RegisterResolver(r Resolver) error {
	defer se.forget()
	return se.engine.RegisterResolver(r)
}

// RegisterFunc adds a function to the language; see [engine.Engine.RegisterFunc].
func (se *StorageEngine) RegisterFunc(f Func) error {
	defer se.forget()
	return se.engine.RegisterFunc(f)
}

// Engine returns the language engine.
func (se *StorageEngine) Engine() *engine.Engine { return se.engine }

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

// The storage's own methods.

func (se *StorageEngine) Get(ctx context.Context, name string) (*StoredTemplate, error) {
	return se.storage.Get(ctx, name)
}

func (se *StorageEngine) GetByID(ctx context.Context, id TemplateID) (*StoredTemplate, error) {
	return se.storage.GetByID(ctx, id)
}

func (se *StorageEngine) GetVersion(ctx context.Context, name string, version int) (*StoredTemplate, error) {
	return se.storage.GetVersion(ctx, name, version)
}

func (se *StorageEngine) Delete(ctx context.Context, name string) error {
	return se.storage.Delete(ctx, name)
}

func (se *StorageEngine) DeleteVersion(ctx context.Context, name string, version int) error {
	return se.storage.DeleteVersion(ctx, name, version)
}

func (se *StorageEngine) List(ctx context.Context, query *TemplateQuery) ([]*StoredTemplate, error) {
	return se.storage.List(ctx, query)
}

func (se *StorageEngine) Exists(ctx context.Context, name string) (bool, error) {
	return se.storage.Exists(ctx, name)
}

func (se *StorageEngine) ListVersions(ctx context.Context, name string) ([]int, error) {
	return se.storage.ListVersions(ctx, name)
}

// Close closes the storage. Renders under way finish.
func (se *StorageEngine) Close() error {
	se.closed.Store(true)
	err := se.storage.Close()
	se.forget()
	return err
}
