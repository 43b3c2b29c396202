package worktree

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/go-prompty/prompty/gitstore/internal/attributes"
	"github.com/go-prompty/prompty/gitstore/internal/gitindex"
	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// rules are the attribute and ignore files of one work tree, kept as long as
// their stat says that they are unchanged.
type rules struct {
	workTree string
	objects  Objects
	fold     bool
	eol      attributes.Settings
	builtin  *attributes.File

	// Outside the tree; "" is none.
	systemAttributes, userAttributes, infoAttributes string
	userIgnore, infoIgnore                           string

	mu      sync.Mutex // guards what follows
	files   map[string]ruleFile
	indexed map[object.ID]*attributes.File // where a folder's file is only in the index
}

type ruleFile struct {
	stat    gitindex.Stat
	trusted bool // it was older than its reading, so its stat tells of each change
	attrs   *attributes.File
	ignore  *attributes.Ignore
}

// tick is more than the time by which a file system's clock may lag behind.
const tick = 20 * time.Millisecond

func newRules(o Options, set settings) *rules {
	r := &rules{
		workTree: o.WorkTree, objects: o.Objects, fold: set.ignoreCase, builtin: attributes.Builtin(),
		infoAttributes: filepath.Join(o.CommonDir, "info", "attributes"),
		infoIgnore:     filepath.Join(o.CommonDir, "info", "exclude"),
		files:          map[string]ruleFile{}, indexed: map[object.ID]*attributes.File{},
	}
	if no := strings.ToLower(os.Getenv("GIT_ATTR_NOSYSTEM")); no == "" || no == "0" || no == "false" || no == "no" || no == "off" {
		r.systemAttributes = "/etc/gitattributes"
	}
	own := func(key, name string) string {
		if p := o.Config.Path(key); p != "" {
			return p
		}
		if _, set := o.Config.String(key); set {
			return "" // set to nothing
		}
		dir := os.Getenv("XDG_CONFIG_HOME")
		if dir == "" {
			home, err := os.UserHomeDir()
			if err != nil {
				return ""
			}
			dir = filepath.Join(home, ".config")
		}
		return filepath.Join(dir, "git", name)
	}
	r.userAttributes = own("core.attributesfile", "attributes")
	r.userIgnore = own("core.excludesfile", "ignore")
	r.eol.AutoCRLF = set.autoCRLF
	eol, _ := o.Config.String("core.eol")
	r.eol.EOL = strings.ToLower(eol)
	if runtime.GOOS == "windows" {
		r.eol.Native = "crlf"
	}
	return r
}

// conversion tells how line ends of path change between repository and file. An
// attribute that asks for more is an *UnsupportedError.
func (t *Tree) conversion(index loaded, path string) (attributes.Conversion, error) {
	values := t.rules.attributes(index, path)
	c, attr := attributes.NewConversion(values, t.rules.eol)
	if attr != "" {
		return c, &UnsupportedError{path, "the attribute " + attr + " converts it in a way that only git knows",
			"take the attribute off this path in .gitattributes, or commit it with git"}
	}
	return c, nil
}

// attributes asks the files of the work tree first and the index where there is
// none, as git does for what goes into a commit. (For a checkout git asks the
// index first. Where the two differ somebody is editing .gitattributes, and
// what git status will say of the file counts more.)
func (r *rules) attributes(index loaded, path string) []attributes.Value {
	r.mu.Lock()
	defer r.mu.Unlock()
	stack := attributes.Stack{r.builtin}
	add := func(f *attributes.File) {
		if f != nil {
			stack = append(stack, f)
		}
	}
	add(r.read(r.systemAttributes, "", false, true).attrs)
	add(r.read(r.userAttributes, "", false, true).attrs)
	for dir := range folders(path) {
		f := r.read(filepath.Join(r.workTree, filepath.FromSlash(dir), ".gitattributes"), dir, true, dir == "")
		if f.attrs == nil {
			f.attrs = r.fromIndex(index, dir)
		}
		add(f.attrs)
	}
	add(r.read(r.infoAttributes, "", false, true).attrs)
	return stack.Of(path, attributes.Names...)
}

// folders yields the folders that path lies in, from "" down.
func folders(path string) func(func(string) bool) {
	return func(yield func(string) bool) {
		if !yield("") {
			return
		}
		for i := range len(path) {
			if path[i] == '/' && !yield(path[:i]) {
				return
			}
		}
	}
}

// read gives a file's rules, zero if there is none.
func (r *rules) read(file, dir string, inTree, macros bool) ruleFile {
	if file == "" {
		return ruleFile{}
	}
	stat := os.Stat
	if inTree {
		stat = os.Lstat // git does not follow links there
	}
	fi, err := stat(file)
	if err != nil || !fi.Mode().IsRegular() || fi.Size() > maxRules {
		delete(r.files, file)
		return ruleFile{}
	}
	st := statOf(fi)
	if f, ok := r.files[file]; ok && f.trusted && f.stat == st {
		return f
	}
	now := time.Now()
	f := ruleFile{stat: st, trusted: now.Sub(time.Unix(int64(st.CtimeSec), int64(st.CtimeNsec))) > tick}
	data, err := readShort(file)
	if err != nil {
		return ruleFile{}
	}
	if file == r.userIgnore || file == r.infoIgnore || inTree && strings.HasSuffix(file, ".gitignore") {
		f.ignore = attributes.ParseIgnore(data, dir, r.fold)
	} else {
		f.attrs = attributes.ParseAttributes(data, dir, macros, r.fold)
	}
	r.files[file] = f
	return f
}

// maxRules is the most bytes of a file of rules; git takes 100 MB.
const maxRules = 100 << 20

func readShort(file string) ([]byte, error) {
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readLimited(f, maxRules)
}

// fromIndex gives the attributes of a folder whose file is not checked out.
func (r *rules) fromIndex(index loaded, dir string) *attributes.File {
	name := ".gitattributes"
	if dir != "" {
		name = dir + "/" + name
	}
	i, ok := index.Find(name)
	if !ok {
		return nil
	}
	e := index.Entry(i)
	if f, ok := r.indexed[e.ID]; ok {
		return f
	}
	kind, data, err := r.objects.Read(e.ID)
	if err != nil || kind != object.KindBlob || !(object.Entry{Mode: e.Mode}).IsRegular() {
		return nil
	}
	f := attributes.ParseAttributes(data, dir, dir == "", r.fold)
	r.indexed[e.ID] = f
	return f
}

// ignored reports whether git ignores path, which is not tracked: it, or a
// folder that it is in, is what the patterns say.
func (r *rules) ignored(path string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for dir := range folders(path) {
		if dir != "" && r.match(dir, true) {
			return true
		}
	}
	return r.match(path, false)
}

// matchFolder reports whether patterns name this very folder.
func (r *rules) matchFolder(dir string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.match(dir, true)
}

// match asks the files that stand above path, the nearest first.
func (r *rules) match(path string, isDir bool) bool {
	var files []*attributes.Ignore
	add := func(f ruleFile) {
		if f.ignore != nil {
			files = append(files, f.ignore)
		}
	}
	add(r.read(r.userIgnore, "", false, false))
	add(r.read(r.infoIgnore, "", false, false))
	for dir := range folders(path) {
		add(r.read(filepath.Join(r.workTree, filepath.FromSlash(dir), ".gitignore"), dir, true, false))
	}
	for i := len(files) - 1; i >= 0; i-- {
		if ignored, decided := files[i].Match(path, isDir); decided {
			return ignored
		}
	}
	return false
}
