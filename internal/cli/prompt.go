package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/engine"
	"github.com/go-prompty/prompty/promptfile"
)

// parseRef reads NAME or NAME@VERSION. An @ in front belongs to the name, as
// does one that no number follows.
func parseRef(arg string) (engine.Ref, error) {
	if arg == "-" {
		return engine.Ref{}, usage(errors.New("- is standard input, and here a name is wanted"), "`prompty ls` shows the prompts there are")
	}
	i := strings.LastIndexByte(arg, '@')
	if i <= 0 || i == len(arg)-1 || strings.Trim(arg[i+1:], "0123456789") != "" {
		return engine.Ref{Name: arg}, nil
	}
	v, err := strconv.Atoi(arg[i+1:])
	if err != nil || v < 1 {
		return engine.Ref{}, usage(fmt.Errorf("%q names no version; versions are 1, 2, 3 …", arg), "")
	}
	return engine.Ref{Name: arg[:i], Version: v}, nil
}

// parseRefs reads several, each once.
func parseRefs(args []string) ([]engine.Ref, error) {
	var refs []engine.Ref
	seen := make(map[engine.Ref]bool)
	for _, arg := range args {
		ref, err := parseRef(arg)
		if err != nil {
			return nil, err
		}
		if !seen[ref] {
			seen[ref] = true
			refs = append(refs, ref)
		}
	}
	return refs, nil
}

// bareName refuses NAME@VERSION where only all versions can be meant.
func bareName(verb, arg string) (string, error) {
	ref, err := parseRef(arg)
	if err == nil && ref.Version != 0 {
		err = usage(fmt.Errorf("%s takes a name without a version: %q", verb, arg), "leave out @"+strconv.Itoa(ref.Version))
	}
	return ref.Name, err
}

// get reads a prompt. The hint for a missing one names those that are near.
func get(ctx context.Context, s prompty.TemplateStorage, ref engine.Ref) (*prompty.StoredTemplate, error) {
	t, err := fetch(ctx, s, ref)
	if errors.Is(err, prompty.ErrInvalidName) && isPath(ref.Name) {
		return nil, missingHint(ctx, s, ref.Name, err)
	}
	if !errors.Is(err, prompty.ErrTemplateNotFound) {
		return t, err
	}
	if found, xerr := s.Exists(ctx, ref.Name); xerr == nil && found {
		return nil, missingVersion(ctx, s, ref, err)
	}
	return nil, missingHint(ctx, s, ref.Name, prompty.NewStorageTemplateNotFoundError(ref.Name))
}

// missingVersion says which versions there are.
func missingVersion(ctx context.Context, s prompty.TemplateStorage, ref engine.Ref, err error) error {
	versions, lerr := s.ListVersions(ctx, ref.Name)
	if lerr != nil || len(versions) == 0 {
		return err
	}
	hint := fmt.Sprintf("the latest is %d; ", versions[0])
	if slices.Max(versions) > ref.Version && ref.Version > 0 {
		hint = fmt.Sprintf("version %d was removed; ", ref.Version)
	}
	return withHint(err, hint+fmt.Sprintf("`prompty log %s` shows the versions there are", shellWord(ref.Name)))
}

func fetch(ctx context.Context, s prompty.TemplateStorage, ref engine.Ref) (*prompty.StoredTemplate, error) {
	if ref.Version > 0 {
		return s.GetVersion(ctx, ref.Name, ref.Version)
	}
	return s.Get(ctx, ref.Name)
}

// missingHint says what to do about a name that is not there, or a path where a
// name is wanted.
func missingHint(ctx context.Context, s prompty.TemplateStorage, name string, err error) error {
	list, lerr := s.List(ctx, nil)
	if lerr != nil {
		return err
	}
	if len(list) == 0 && !isPath(name) {
		return withHint(err, "there are no prompts here yet; `prompty new NAME` makes one, --storage looks elsewhere")
	}
	names := make([]string, len(list))
	for i, t := range list {
		names[i] = t.Name
	}
	hint := "`prompty ls` shows the prompts there are"
	switch {
	case isPath(name):
		err = fmt.Errorf("%q is a path, and here a name is wanted", name)
		hint = "a name is the way from the folder of prompts, without extension; " + hint
	case isFile(name):
		hint = shellWord("./"+name) + " is the file of that name; " + hint
	}
	return withHint(err, withGuess(filepath.ToSlash(filepath.Clean(name)), names, hint))
}

// fileText is the prompt as a file: the text and the storage's fields in its
// front matter. Where authors are those of commits the file does not name one:
// a text that was shown, edited and saved would else be its last author's.
func fileText(s prompty.TemplateStorage, t *prompty.StoredTemplate) string {
	f := promptfile.Fields{Tags: t.Tags, Metadata: t.Metadata, TenantID: t.TenantID}
	if _, commits := prompty.As[reviser](s); !commits {
		f.CreatedBy = t.CreatedBy
	}
	return string(promptfile.Encode(nil, t.Source, f))
}

// parseText is what the engine reads: the prompt as show prints it, so that
// lines and columns in messages are those that people see. Where that would be
// another prompt (a text with keys of the storage in its own front matter is
// put behind a front matter of its own), it is the source.
func parseText(s prompty.TemplateStorage, t *prompty.StoredTemplate) string {
	text := fileText(s, t)
	_, shown, _, _ := promptfile.SplitFrontMatter(text)
	_, body, _, _ := promptfile.SplitFrontMatter(t.Source)
	if shown != body {
		return t.Source
	}
	return text
}

// notText says what keeps a file from being text: invalid UTF-8 or a NUL,
// which no storage takes; nil if it is text.
func notText(path, text string) *promptfile.Error {
	if utf8.ValidString(text) && !strings.Contains(text, "\x00") {
		return nil
	}
	_, _, err := promptfile.Decode(path, []byte(text))
	fault, _ := errors.AsType[*promptfile.Error](err)
	return fault
}

// loader finds what a prompt includes and extends in the storage.
func loader(s prompty.TemplateStorage, e *engine.Engine) engine.LoadFunc {
	return func(ctx context.Context, ref engine.Ref) (*engine.Template, error) {
		t, err := fetch(ctx, s, ref)
		if err != nil {
			return nil, err
		}
		return e.Parse(t.Name, parseText(s, t))
	}
}

// withIncludes opens the storage that a file's includes come from. Without
// one, nothing can be included, and that is no failure.
func (a *app) withIncludes(do func(prompty.TemplateStorage) error) error {
	err := a.withStorage(false, do)
	if _, none := errors.AsType[*noFolder](err); none {
		return do(prompty.NewMemoryStorage())
	}
	return err
}
