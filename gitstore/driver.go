package gitstore

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/gitstore/internal/repo"
	"github.com/go-prompty/prompty/watch"
)

func init() { prompty.RegisterStorageDriver("git", driver{}) }

type driver struct{}

func (driver) Open(connectionString string) (prompty.TemplateStorage, error) {
	path, opts, err := parseConnection(connectionString)
	if err != nil {
		return nil, &prompty.StorageError{Op: "open", Name: "git", Err: err}
	}
	s, err := Open(path, opts)
	if err != nil {
		return nil, err // not a nil *Store in an interface
	}
	return s, nil
}

// option is what may follow the "?".
type option struct {
	values string // for the message that lists them
	set    func(*Options, string) error
}

var options = map[string]option{
	"branch":          {"the branch to serve and write", text(func(o *Options) *string { return &o.Branch })},
	"ref":             {"a branch, tag or commit to serve read-only", text(func(o *Options) *string { return &o.Ref })},
	"dir":             {"the folder with the templates", text(func(o *Options) *string { return &o.Dir })},
	"ext":             {"the extension of template files, such as .md", text(func(o *Options) *string { return &o.Ext })},
	"init":            {"1 or 0", flag("init", func(o *Options) *bool { return &o.Init })},
	"worktree":        {"1 or 0", flag("worktree", func(o *Options) *bool { return &o.Worktree })},
	"author":          {"Name <email>", text(func(o *Options) *string { return &o.Author })},
	"committer":       {"Name <email>", text(func(o *Options) *string { return &o.Committer })},
	"message":         {"the subject of commits, with {action}, {name} and {version}", text(func(o *Options) *string { return &o.Message })},
	"sign":            {"ssh, openpgp or none", text(func(o *Options) *string { return &o.Sign })},
	"signkey":         {"the file or the ID of the key", text(func(o *Options) *string { return &o.SignKey })},
	"allowed_signers": {"the file of who may sign with SSH", text(func(o *Options) *string { return &o.AllowedSigners })},
	"keyring":         {"the file of OpenPGP public keys", text(func(o *Options) *string { return &o.Keyring })},
	"sync":            {"batch, full or none", func(o *Options, v string) error { o.Sync = SyncMode(v); return nil }},
	"timeout": {"a time such as 5s", func(o *Options, v string) error {
		d, err := time.ParseDuration(v)
		if err != nil || d <= 0 {
			return fmt.Errorf("timeout=%s is no time; use something like 5s or 500ms", v)
		}
		o.Timeout = d
		return nil
	}},
	"owner": {"any", func(o *Options, v string) error {
		if v != "any" {
			return fmt.Errorf("owner=%s is not known; use any, or leave it out", v)
		}
		o.AnyOwner = true
		return nil
	}},
	"watch": {"auto, inotify, fsnotify, poll or off", func(o *Options, v string) error { o.Watch = watch.Mode(v); return nil }},
}

func text(field func(*Options) *string) func(*Options, string) error {
	return func(o *Options, v string) error { *field(o) = v; return nil }
}

func flag(key string, field func(*Options) *bool) func(*Options, string) error {
	return func(o *Options, v string) error {
		switch v {
		case "1", "true":
			*field(o) = true
		case "0", "false":
		default:
			return fmt.Errorf("%s=%s is not known; use 1 or 0", key, v)
		}
		return nil
	}
}

// parseConnection takes "path?option=value&…" apart. In path, %3F stands for a
// question mark and %25 before 3F or 25 for a percent sign; any other percent
// sign is itself.
func parseConnection(str string) (path string, opts Options, err error) {
	path, query, _ := strings.Cut(str, "?")
	path = strings.NewReplacer("%3F", "?", "%3f", "?", "%25", "%").Replace(path)
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", opts, fmt.Errorf("the options after ? are not option=value&…: %w; a ? in the path is written %%3F", err)
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		v := values[key]
		opt, ok := options[key]
		switch {
		case !ok:
			return "", opts, unknownOption(key)
		case len(v) > 1:
			return "", opts, fmt.Errorf("option %s is given %d times; give it once", key, len(v))
		case v[0] == "":
			return "", opts, fmt.Errorf("option %s has no value; give it one (%s) or leave it out", key, opt.values)
		}
		if err := opt.set(&opts, v[0]); err != nil {
			return "", opts, err
		}
	}
	return path, opts, nil
}

func unknownOption(key string) error {
	known := slices.Sorted(maps.Keys(options))
	hint := "the"
	if near := nearest(key, known); near != "" {
		hint = fmt.Sprintf("did you mean %s? The", near)
	}
	return fmt.Errorf("unknown option %q; %s options are %s", key, hint, strings.Join(known, ", "))
}

// nearest is the one of the names that a slip of the pen could have turned into
// key; "" if there is none.
func nearest(key string, names []string) string {
	if near := repo.Nearest(key, names); len(near) > 0 {
		return near[0]
	}
	for _, name := range names {
		if len(key) > 1 && (strings.HasPrefix(name, key) || strings.HasPrefix(key, name)) {
			return name
		}
	}
	return ""
}
