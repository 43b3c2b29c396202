package cli

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
	under  string // of a layout: the folder in root with all of it, "." for root itself
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
// recognized. What cannot be read is refused, each by itself.
func (a *app) findImports(args []string, want migrate.Format) (list []*importable, refused []*imported, err error) {
	names := map[string]string{}
	for _, arg := range args {
		some, unread, err := a.findImport(arg, want)
		if err != nil {
			return nil, nil, err
		}
		refused = append(refused, unread...)
		for _, f := range some {
			for _, file := range f.files {
				name := strings.TrimSuffix(file.Path, filepath.Ext(file.Path))
				if other, taken := names[name]; taken {
					return nil, nil, fmt.Errorf("%s and %s would both become the prompt %s; import them one after the other, into different storages, or rename one", other, f.path(file.Path), name)
				}
				names[name] = f.path(file.Path)
			}
			if want == "" {
				a.warn("%s: %s, by %s", arg, f.format, f.why)
			}
		}
		list = append(list, some...)
	}
	return list, refused, nil
}

func (a *app) findImport(arg string, want migrate.Format) (list []*importable, refused []*imported, err error) {
	if arg == "-" {
		return nil, nil, withHint(errors.New("a prompt from standard input has no name"), "write it to a file first: its name becomes the prompt's")
	}
	info, err := os.Stat(arg)
	if err != nil {
		return nil, nil, err
	}
	var files []migrate.File
	root, under := arg, "."
	switch {
	case info.IsDir():
		files, refused, err = readTree(arg, want)
		if isVersionFolder(files) {
			abs := arg
			if base := filepath.Base(arg); base == "." || base == ".." {
				abs, err = filepath.Abs(arg)
			}
			root, under = filepath.Dir(abs), filepath.Base(abs)
		}
	case !info.Mode().IsRegular(): // a pipe would make us wait
		err = fmt.Errorf("%s is not a file", arg)
	case migrate.IsVersionFile(arg):
		err = withHint(fmt.Errorf("%s is one version of a prompt", arg), "import its folder: prompty import "+shellWord(filepath.Dir(arg)))
	default:
		root = filepath.Dir(arg)
		var data []byte
		data, err = a.read(arg, maxPrompt)
		files = []migrate.File{{Path: filepath.Base(arg), Text: string(data)}}
	}
	if err != nil {
		return nil, nil, err
	}
	byFormat := map[migrate.Format]*importable{}
	var left []string
	for _, file := range files {
		seen := file
		if under != "." {
			seen.Path = under + "/" + file.Path
		}
		format, why, ok := migrate.Detect(seen)
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
			f = &importable{root: arg, under: ".", format: format, why: why}
			switch {
			case format == migrate.Layout:
				f.root, f.under = root, under
			case !info.IsDir():
				f.root = filepath.Dir(arg)
			}
			byFormat[format] = f
		}
		if format != migrate.Layout {
			f.files = append(f.files, file)
		}
	}
	if len(byFormat) == 0 && len(refused) == 0 {
		return nil, nil, withHint(fmt.Errorf("%q holds no prompts of another tool that are known here", arg), "`prompty import --help` says which are; --from says what a file is")
	}
	if len(left) > 0 {
		more := ""
		if len(left) > 3 {
			more = fmt.Sprintf(" and %d more", len(left)-3)
		}
		a.warn("%s: left out, as nothing says that they are another tool's: %s%s; --from prompty takes them", root, strings.Join(left[:min(3, len(left))], ", "), more)
	}
	for _, format := range migrate.Formats {
		if f := byFormat[format]; f != nil {
			list = append(list, f)
		}
	}
	return list, refused, nil
}

// isVersionFolder reports whether the files lie in a folder that is itself a
// prompt of a layout.
func isVersionFolder(files []migrate.File) bool {
	return slices.ContainsFunc(files, func(f migrate.File) bool { return migrate.IsVersionFile(f.Path) && !strings.Contains(f.Path, "/") })
}

// extensions of the formats whose files are known by theirs.
var extensions = map[migrate.Format]string{migrate.Dotprompt: ".prompt", migrate.Prompty: ".prompty"}

// readTree reads the prompt files of a folder; of version files only the names.
// What cannot be read is refused, and the others are read.
func readTree(root string, want migrate.Format) (files []migrate.File, refused []*imported, err error) {
	total := int64(0)
	refuse := func(file, ext string, err error) {
		format := want // of a folder
		for f, its := range extensions {
			if ext == its {
				format = f
			}
		}
		if want != "" && format != want {
			return
		}
		rel, _ := filepath.Rel(root, file)
		one := &imported{Name: filepath.ToSlash(strings.TrimSuffix(rel, ext)), File: filepath.ToSlash(file), Format: format}
		one.refuse("refused", err)
		refused = append(refused, one)
	}
	err = filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			if file == root {
				return err
			}
			refuse(file, "", err)
			return fs.SkipDir
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
			fi, err := os.Stat(file)
			if err == nil && !fi.Mode().IsRegular() { // a pipe would make us wait
				err = errors.New("it is not a file")
			}
			var data []byte
			if err == nil {
				data, err = os.ReadFile(file)
			}
			if err != nil {
				refuse(file, ext, err)
				return nil
			}
			f.Text = string(data)
		}
		files = append(files, f)
		if total += int64(len(f.Text)); len(files) > mostFiles || total > mostBytes {
			return fmt.Errorf("%s holds more than %d files or %d MiB; import its folders one by one", root, mostFiles, mostBytes>>20)
		}
		return nil
	})
	return files, refused, err
}
