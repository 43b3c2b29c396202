package history

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// verbs are what a commit's trailers ask for, by path.
type verbs struct {
	hide []target
	save []string
}

type target struct {
	path string
	n    int
}

// maxSeconds is how far from 1970 a time may lie, in seconds: in nanoseconds
// it and what is added to keep versions apart fit in 64 bits.
const maxSeconds = 9_000_000_000

// read takes the author's time and the trailers from a commit.
func (s Scope) read(raw []byte) (nano int64, v *verbs) {
	head, message, _ := bytes.Cut(raw, []byte("\n\n"))
	if _, rest, ok := bytes.Cut(head, []byte("\nauthor ")); ok {
		line, _, _ := bytes.Cut(rest, []byte("\n"))
		nano = authorSeconds(line) * 1e9
	}
	if _, rest, ok := bytes.Cut(head, []byte("\nprompty ")); ok {
		line, _, _ := bytes.Cut(rest, []byte("\n"))
		nano += nanoseconds(line)
	}
	if mentionsUs(message) {
		v = s.verbs(string(message))
	}
	return nano, v
}

// authorSeconds reads the time behind the last '>' of a line.
func authorSeconds(line []byte) int64 {
	line = bytes.TrimLeft(line[bytes.LastIndexByte(line, '>')+1:], " ")
	digits, _, _ := bytes.Cut(line, []byte(" "))
	sec, err := strconv.ParseInt(string(digits), 10, 64)
	if err != nil {
		return 0 // as git shows it
	}
	return min(max(sec, -maxSeconds), maxSeconds)
}

// nanoseconds reads the member "ns" of our header. Where nothing else stands
// before it, as when we wrote it, the rest is not read.
func nanoseconds(line []byte) int64 {
	if rest, ok := bytes.CutPrefix(line, []byte(`{"ns":`)); ok {
		if end := bytes.IndexAny(rest, ",}"); end >= 0 {
			if ns, err := strconv.ParseUint(string(rest[:end]), 10, 64); err == nil && ns < 1e9 {
				return int64(ns)
			}
		}
	}
	var header struct{ NS int64 }
	if json.Unmarshal(line, &header) != nil || header.NS < 0 || header.NS >= 1e9 {
		return 0
	}
	return header.NS
}

// mentionsUs reports whether a line could be one of our trailers. Most commits
// have none, and need no more than this.
func mentionsUs(message []byte) bool {
	const key = "prompty-"
	for len(message) > len(key) {
		if c := message[0] | 0x20; c == 'p' && bytes.EqualFold(message[:len(key)], []byte(key)) {
			return true
		}
		end := bytes.IndexByte(message, '\n')
		if end < 0 {
			return false
		}
		message = message[end+1:]
	}
	return false
}

// verbs reads the trailers.
func (s Scope) verbs(message string) *verbs {
	v := &verbs{}
	var only map[string]bool
	for _, t := range object.ParseTrailers(message) {
		switch strings.ToLower(t.Key) {
		case "prompty-delete-version":
			at := strings.LastIndexByte(t.Value, '@')
			if at < 0 {
				continue
			}
			if n, err := strconv.Atoi(t.Value[at+1:]); err == nil && n > 0 {
				v.hide = append(v.hide, target{s.path(unquoted(t.Value[:at])), n})
			}
		case "prompty-save":
			v.save = append(v.save, s.path(unquoted(t.Value)))
		case "prompty-path":
			if only == nil {
				only = map[string]bool{}
			}
			only[unquoted(t.Value)] = true
		}
	}
	if only != nil {
		v.hide = slices.DeleteFunc(v.hide, func(t target) bool { return !only[t.path] })
		v.save = slices.DeleteFunc(v.save, func(path string) bool { return !only[path] })
	}
	if len(v.hide) == 0 && len(v.save) == 0 {
		return nil
	}
	return v
}

// unquoted is a name or path without the quotes that keep a space at its
// beginning from being taken for white space.
func unquoted(value string) string {
	if len(value) > 2 && strings.HasPrefix(value, `" `) && value[len(value)-1] == '"' {
		return value[1 : len(value)-1]
	}
	return value
}

// path is where the file of a name lies.
func (s Scope) path(name string) string {
	if s.Dir == "" {
		return name + s.Ext
	}
	return s.Dir + "/" + name + s.Ext
}
