package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-prompty/prompty/internal/migrate"
	"github.com/go-prompty/prompty/promptfile"
)

// importable is what a folder, or a file's folder, holds of one format.
type importable struct {
	root   string
	format migrate.Format
	files  []migrate.File // of a layout none: it is read one by one
	why    string         // how the first file was recognized
}

// path is a file of it as people see it.
func (f *importable) path(file string) string {
	return filepath.ToSlash(filepath.Join(f.root, filepath.FromSlash(file)))
}

// mostFiles and mostBytes end an import of a whole disk.
const (
	mostFiles = 100_000
	mostBytes = 512 << 20
)

// findImports finds what the arguments hold, by format, and tells how it was
// recognized.
func (a *app) findImports(args []string, want migrate.Format) ([]*importable, error) {
	var list []*importable
	names := map[string]string{}
	for _, arg := range args {
		some, err := a.findImport(arg, want)
		if err != nil {
			return nil, err
		}
		for _, f := range some {
			for _, file := range f.files {
				name := strings.TrimSuffix(file.Path, filepath.Ext(file.Path))
				if other, taken := names[name]; taken {
					return nil, fmt.Errorf("%s and %s would both become the prompt %s; import them one after the other, into different storages, or rename one", other, f.path(file.Path), name)
				}
				names[name] = f.path(file.Path)
			}
			if want == "" {
				a.warn("%s: %s, by %s", f.root, f.format, f.why)
			}
		}
		list = append(list, some...)
	}
	return list, nil
}

func (a *app) findImport(arg string, want migrate.Format) ([]*importable, error) {
	if arg == "-" {
		return nil, withHint(errors.New("a prompt from standard input has no name"), "write it to a file first: its name becomes the prompt's")
	}
	info, err := os.Stat(arg)
	if err != nil {
		return nil, err
	}
	var files []migrate.File
	root := arg
	if info.IsDir() {
		files, err = readTree(arg)
	} else {
		root = filepath.Dir(arg)
		var data []byte
		data, err = a.read(arg, maxPrompt)
		files = []migrate.File{{Path: filepath.Base(arg), Text: string(data)}}
	}
	if err != nil {
		return nil, err
	}
	byFormat := map[migrate.Format]*importable{}
	var left []string
	for _, file := range files {
		format, why, ok := migrate.Detect(file)
		if want != "" {
			ok = format == want || extensions[want] != "" && (strings.HasSuffix(file.Path, extensions[want]) || !info.IsDir())
			format = want
		}
		if !ok {
			if strings.HasSuffix(file.Path, promptfile.DefaultExt) && want == "" {
				left = append(left, file.Path)
			}
			continue
		}
		f := byFormat[format]
		if f == nil {
			f = &importable{root: root, format: format, why: why}
			byFormat[format] = f
		}
		if format != migrate.Layout {
			f.files = append(f.files, file)
		}
	}
	if len(byFormat) == 0 {
		return nil, withHint(fmt.Errorf("%q holds no prompts of another tool that are known here", arg), "`prompty import --help` says which are; --from says what a file is")
	}
	if len(left) > 0 {
		more := ""
		if len(left) > 3 {
			more = fmt.Sprintf(" and %d more", len(left)-3)
		}
		a.warn("%s: left out, as nothing says that they are another tool's: %s%s; --from prompty takes them", root, strings.Join(left[:min(3, len(left))], ", "), more)
	}
	var list []*importable
	for _, format := range migrate.Formats {
		if f := byFormat[format]; f != nil {
			list = append(list, f)
		}
	}
	return list, nil
}

// extensions of the formats whose files are known by theirs.
var extensions = map[migrate.Format]string{migrate.Dotprompt: ".prompt", migrate.Prompty: ".prompty"}

// readTree reads the prompt files of a folder; of version files only the names.
func readTree(root string) ([]migrate.File, error) {
	var files []migrate.File
	total := int64(0)
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if file != root && strings.HasPrefix(d.Name(), ".") {
				return fs.SkipDir
			}
			return nil
		}
		ext := filepath.Ext(file)
		if !slices.Contains([]string{".prompt", ".prompty", ".json"}, ext) || strings.HasPrefix(d.Name(), ".") {
			return nil
		}
		rel, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		f := migrate.File{Path: filepath.ToSlash(rel)}
		if ext != ".json" {
			data, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			f.Text = string(data)
		}
		files = append(files, f)
		if total += int64(len(f.Text)); len(files) > mostFiles || total > mostBytes {
			return fmt.Errorf("%s holds more than %d files or %d MiB; import its folders one by one", root, mostFiles, mostBytes>>20)
		}
		return nil
	})
	return files, err
}
