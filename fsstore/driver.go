package fsstore

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/watch"
)

func init() {
	prompty.RegisterStorageDriver("filesystem", driver{})
	prompty.RegisterStorageDriver("fs", driver{})
}

type driver struct{}

func (driver) Open(connectionString string) (prompty.TemplateStorage, error) {
	dir, opts, err := parseConnection(connectionString)
	if err != nil {
		return nil, &prompty.StorageError{Op: "open", Name: "filesystem", Err: err}
	}
	s, err := Open(dir, opts)
	if err != nil {
		return nil, err // not a nil *Store in an interface
	}
	return s, nil
}

// options are what may follow the "?", each with its values.
var options = map[string]string{
	"ext":    "the extension of template files, such as .md",
	"sync":   "full or none",
	"create": "1 or 0",
	"watch":  "auto, inotify, fsnotify, poll or off",
}

// parseConnection takes "dir?option=value&…" apart. In dir, %3F stands for a
// question mark and %25 for a percent sign; any other percent sign is itself.
func parseConnection(str string) (dir string, opts Options, err error) {
	dir, query, _ := strings.Cut(str, "?")
	dir = strings.NewReplacer("%3F", "?", "%3f", "?", "%25", "%").Replace(dir)
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", opts, fmt.Errorf("the options after ? are not option=value&…: %w; a ? in the path is written %%3F", err)
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		v := values[key]
		if _, ok := options[key]; !ok {
			return "", opts, unknownOption(key)
		}
		if len(v) > 1 {
			return "", opts, fmt.Errorf("option %s is given %d times; give it once", key, len(v))
		}
		switch key {
		case "ext":
			if v[0] == "" {
				return "", opts, checkExt("")
			}
			opts.Ext = v[0]
		case "sync":
			if v[0] == "" {
				v[0] = "?" // "" would be the default
			}
			opts.Sync = SyncMode(v[0])
		case "watch":
			if v[0] == "" {
				v[0] = "?"
			}
			opts.Watch = watch.Mode(v[0])
		case "create":
			switch v[0] {
			case "1", "true":
			case "0", "false":
				opts.NoCreate = true
			default:
				return "", opts, fmt.Errorf("create=%s is not known; use 1 or 0", v[0])
			}
		}
	}
	return dir, opts, nil
}

func unknownOption(key string) error {
	var list []string
	hint := "the"
	for _, known := range slices.Sorted(maps.Keys(options)) {
		list = append(list, fmt.Sprintf("%s (%s)", known, options[known]))
		if near(strings.ToLower(key), known) {
			hint = fmt.Sprintf("did you mean %s? The", known)
		}
	}
	return fmt.Errorf("unknown option %q; %s options are %s", key, hint, strings.Join(list, ", "))
}

// near reports whether a slip of the pen could turn known into key: a common
// beginning of two letters, or all letters but one or two.
func near(key, known string) bool {
	if len(key) >= 2 && key[:2] == known[:2] {
		return true
	}
	hits := 0
	for _, c := range known {
		if strings.ContainsRune(key, c) {
			hits++
		}
	}
	return hits >= len(known)-1 && len(key) <= len(known)+2
}
