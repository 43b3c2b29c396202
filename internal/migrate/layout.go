package migrate

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/engine"
)

// Keys of metadata for what a storage here sets itself, or does not have.
const (
	createdKey = "imported-created-at" // RFC 3339
	updatedKey = "imported-updated-at" // where it is another time
	statusKey  = "imported-status"     // where it is not "active"
)

// maxVersionFile is the longest version file that is read: a source whose every
// byte is escaped.
const maxVersionFile = 6*prompty.MaxSourceBytes + 1<<20

// LayoutSource is a folder with a file for each version, as a storage that
// cannot be written. Its prompts are the folders that hold v1.json, v2.json ….
type LayoutSource struct {
	root     fs.FS
	names    []string
	versions map[string][]int // ascending
	others   []string         // files that are no versions, beside some
}

// versionOf is the number of a version file; 0 if it is none.
func versionOf(base string) int {
	digits, ok := strings.CutPrefix(base, "v")
	if !ok {
		return 0
	}
	if digits, ok = strings.CutSuffix(digits, ".json"); !ok || len(digits) > 9 || strings.Trim(digits, "0123456789") != "" || strings.HasPrefix(digits, "0") {
		return 0
	}
	n, _ := strconv.Atoi(digits)
	return n
}

// IsVersionFile reports whether a path is that of a version's file, v<N>.json.
func IsVersionFile(file string) bool { return versionOf(path.Base(filepath.ToSlash(file))) > 0 }

// OpenLayout looks which prompts and versions a folder has, in all of it or
// under one of its folders ("." is all). Nothing is read yet. Folders in it that
// cannot be read are passed over.
func OpenLayout(root fs.FS, under string) (*LayoutSource, error) {
	s := &LayoutSource{root: root, versions: map[string][]int{}}
	beside := map[string][]string{}
	err := fs.WalkDir(root, under, func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && file == under:
			return err
		case err != nil:
			return fs.SkipDir
		case d.IsDir():
			if file != under && strings.HasPrefix(d.Name(), ".") {
				return fs.SkipDir
			}
			return nil
		}
		name := path.Dir(file)
		if n := versionOf(d.Name()); n > 0 && name != "." {
			s.versions[name] = append(s.versions[name], n)
		} else {
			beside[name] = append(beside[name], file)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for name, list := range s.versions {
		slices.Sort(list)
		s.names = append(s.names, name)
		s.others = append(s.others, beside[name]...)
	}
	slices.Sort(s.names)
	slices.Sort(s.others)
	return s, nil
}

// Names are the names of the prompts, sorted.
func (s *LayoutSource) Names() []string { return s.names }

// CheckName refuses what is no name, and a name that everybody would read as one
// with a version.
func CheckName(name string) error {
	if base, version, ok := strings.Cut(name, "@"); ok && version != "" && strings.Trim(version, "0123456789") == "" {
		return fmt.Errorf("%s would be read as version %s of %s; rename it", name, version, base)
	}
	return prompty.CheckName(name)
}

// Check reads a prompt's versions, one after the other, and reports what of
// them is not carried over: files that cannot be read, and what the language
// there has and the one here has not.
func (s *LayoutSource) Check(name string) []*Issue {
	if err := CheckName(name); err != nil {
		return []*Issue{{File: name, Message: err.Error()}}
	}
	var list []*Issue
	for _, v := range s.versions[name] {
		file := s.file(name, v)
		stored, err := s.read(name, v)
		if err != nil {
			issue, ok := errors.AsType[*Issue](err)
			if !ok {
				issue = &Issue{File: file, Message: err.Error()}
			}
			list = append(list, issue)
			continue
		}
		if stored.Name != name || stored.Version != v {
			list = append(list, &Issue{File: file, Note: true, Message: fmt.Sprintf("it says %s@%d; the place it lies in counts", stored.Name, stored.Version)})
		}
		if err := prompty.CheckTemplate(s.template(name, v, stored)); err != nil {
			list = append(list, &Issue{File: file, Message: err.Error()})
			continue
		}
		_, err = checker().Parse(file, stored.Source)
		list = append(list, parseIssues(file, err)...)
	}
	for _, file := range s.others {
		if path.Dir(file) == name {
			list = append(list, &Issue{File: file, Note: true, Message: "it is no version, and is left out"})
		}
	}
	return list
}

// parseIssues are the faults that the language here finds. Their places are
// those in the source, which is one line of the JSON.
func parseIssues(file string, err error) []*Issue {
	if err == nil {
		return nil
	}
	var list []*Issue
	if faults, ok := errors.AsType[engine.Errors](err); ok {
		for _, f := range faults {
			list = append(list, &Issue{File: file + " (source)", Line: f.Line, Column: f.Column, Message: oneLine(cmp.Or(f.Err, err))})
		}
		return list
	}
	return []*Issue{{File: file, Message: oneLine(err)}}
}

// stored is a version file.
type stored struct {
	Name      string            `json:"name"`
	Source    string            `json:"source"`
	Version   int               `json:"version"`
	Status    string            `json:"status"`
	Metadata  map[string]string `json:"metadata"`
	CreatedAt time.Time         `json:"created_at"`
	UpdatedAt time.Time         `json:"updated_at"`
	CreatedBy string            `json:"created_by"`
	TenantID  string            `json:"tenant_id"`
	Tags      []string          `json:"tags"`
}

func (s *LayoutSource) file(name string, version int) string {
	return name + "/v" + strconv.Itoa(version) + ".json"
}

func (s *LayoutSource) read(name string, version int) (*stored, error) {
	file := s.file(name, version)
	if fi, err := fs.Stat(s.root, file); err == nil && !fi.Mode().IsRegular() { // a pipe would make us wait
		return nil, &Issue{File: file, Message: "it is not a file"}
	}
	f, err := s.root.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxVersionFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxVersionFile {
		return nil, &Issue{File: file, Message: fmt.Sprintf("it has more than %d bytes", maxVersionFile)}
	}
	var t stored
	dec := json.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&t); err != nil {
		return nil, jsonIssue(file, data, dec.InputOffset(), err)
	}
	if rest := bytes.TrimSpace(data[dec.InputOffset():]); len(rest) > 0 {
		return nil, jsonIssue(file, data, int64(len(data)-len(rest)), errors.New("something follows the JSON"))
	}
	return &t, nil
}

func jsonIssue(file string, data []byte, at int64, err error) *Issue {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		at = syntax.Offset - 1
	}
	if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		at = kind.Offset
		err = fmt.Errorf("%s cannot be of the kind %s", cmp.Or(kind.Field, "it"), kind.Value)
	}
	if _, ok := errors.AsType[*time.ParseError](err); ok {
		err = errors.New("a time is not written like 2006-01-02T15:04:05Z")
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		at, err = int64(len(data)), errors.New("it ends too early")
	}
	line, column := position(string(data), int(at))
	return &Issue{File: file, Line: line, Column: column, Message: "it is not the JSON of a version: " + err.Error()}
}

// template is the version as a storage here has it.
func (s *LayoutSource) template(name string, version int, t *stored) *prompty.StoredTemplate {
	out := &prompty.StoredTemplate{
		ID: prompty.TemplateID(name + "@" + strconv.Itoa(version)), Name: name, Version: version, Source: t.Source, Metadata: map[string]string{},
		CreatedAt: t.CreatedAt.UTC(), UpdatedAt: t.UpdatedAt.UTC(), CreatedBy: t.CreatedBy, TenantID: t.TenantID, Tags: t.Tags,
	}
	if !t.CreatedAt.IsZero() {
		out.Metadata[createdKey] = t.CreatedAt.UTC().Format(time.RFC3339Nano)
	}
	if !t.UpdatedAt.Equal(t.CreatedAt) {
		out.Metadata[updatedKey] = t.UpdatedAt.UTC().Format(time.RFC3339Nano)
	}
	if t.Status != "" && t.Status != "active" {
		out.Metadata[statusKey] = t.Status
	}
	for k, v := range t.Metadata {
		out.Metadata[k] = v
	}
	return out.Clone()
}

// GetVersion reads one version.
func (s *LayoutSource) GetVersion(ctx context.Context, name string, version int) (*prompty.StoredTemplate, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !slices.Contains(s.versions[name], version) {
		return nil, prompty.NewStorageVersionNotFoundError(name, version)
	}
	t, err := s.read(name, version)
	if err != nil {
		return nil, &prompty.StorageError{Op: "get", Name: name, Version: version, Err: fmt.Errorf("%w: %w", prompty.ErrInvalidTemplate, err)}
	}
	return s.template(name, version, t), nil
}

// Get reads the latest version.
func (s *LayoutSource) Get(ctx context.Context, name string) (*prompty.StoredTemplate, error) {
	list := s.versions[name]
	if len(list) == 0 {
		return nil, prompty.NewStorageTemplateNotFoundError(name)
	}
	return s.GetVersion(ctx, name, list[len(list)-1])
}

// GetByID reads the version that carries an ID.
func (s *LayoutSource) GetByID(ctx context.Context, id prompty.TemplateID) (*prompty.StoredTemplate, error) {
	name, version, _ := strings.Cut(string(id), "@")
	n, err := strconv.Atoi(version)
	if err != nil {
		return nil, prompty.NewStorageTemplateNotFoundError(string(id))
	}
	return s.GetVersion(ctx, name, n)
}

// List reads what matches. Files that cannot be read are left out: Check tells
// of them.
func (s *LayoutSource) List(ctx context.Context, query *prompty.TemplateQuery) ([]*prompty.StoredTemplate, error) {
	var list []*prompty.StoredTemplate
	for _, name := range s.names {
		if !query.MatchName(name) {
			continue
		}
		versions := s.versions[name]
		if query == nil || !query.IncludeAllVersions {
			versions = versions[len(versions)-1:]
		}
		for _, v := range versions {
			t, err := s.GetVersion(ctx, name, v)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if err == nil && query.Match(t) {
				list = append(list, t)
			}
		}
	}
	return query.Page(list), nil
}

// ListVersions are a prompt's versions, the newest first.
func (s *LayoutSource) ListVersions(ctx context.Context, name string) ([]int, error) {
	list := slices.Clone(s.versions[name])
	slices.Reverse(list)
	return list, ctx.Err()
}

// Exists is whether there is a prompt of that name.
func (s *LayoutSource) Exists(ctx context.Context, name string) (bool, error) {
	return len(s.versions[name]) > 0, ctx.Err()
}

// Save gives [prompty.ErrReadOnly].
func (s *LayoutSource) Save(context.Context, *prompty.StoredTemplate) error { return s.refuse("save") }

// Delete gives [prompty.ErrReadOnly].
func (s *LayoutSource) Delete(context.Context, string) error { return s.refuse("delete") }

// DeleteVersion gives [prompty.ErrReadOnly].
func (s *LayoutSource) DeleteVersion(context.Context, string, int) error {
	return s.refuse("delete version")
}

// Close does nothing: no file is kept open.
func (s *LayoutSource) Close() error { return nil }

func (s *LayoutSource) refuse(op string) error {
	return &prompty.StorageError{Op: op, Err: prompty.ErrReadOnly}
}
