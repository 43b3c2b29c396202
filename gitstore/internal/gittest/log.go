package gittest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/go-prompty/prompty"
)

// A Version is what a commit made of a template, by the rules in gitstore's
// documentation, as they follow from what git log prints.
type Version struct {
	N      int
	Commit string
	Blob   string
	Author string // "Name <email>"
	Time   int64  // the author's, in seconds
	Hidden bool   // deleted since
}

// Versions asks git log --first-parent for the history of all templates below
// dir that end in ext, by name; the oldest version is the first. Nothing of
// gitstore has a part in it.
func (r *Repo) Versions(rev, dir, ext string) map[string][]Version {
	r.t.Helper()
	out := r.Git("log", "--first-parent", "--diff-merges=first-parent", "--reverse", "--root", "--raw", "-z",
		"--no-abbrev", "--no-renames", "--no-mailmap", "--encoding=UTF-8",
		"--format=%x01%H%x02%an <%ae>%x02%at%x02"+trailers("Prompty-Save")+"%x02"+trailers("Prompty-Delete-Version")+"%x02"+trailers("Prompty-Path"),
		rev, "--")
	c := &chain{dir: dir, ext: ext, blobs: map[string]string{}, versions: map[string][]Version{}}
	var changes []change
	var head []string
	flush := func() {
		if head != nil {
			c.commit(head, changes)
		}
		changes = nil
	}
	fields := strings.Split(out, "\x00")
	for i := 0; i < len(fields); i++ {
		f := strings.TrimLeft(fields[i], "\n")
		switch {
		case strings.HasPrefix(f, "\x01"):
			flush()
			head = strings.Split(f[1:], "\x02")
		case strings.HasPrefix(f, ":"):
			p := strings.Fields(f) // :mode mode id id status
			i++
			changes = append(changes, change{path: fields[i], mode: p[1], blob: p[3]})
		case f != "":
			r.t.Fatalf("git log printed %q", f)
		}
	}
	flush()
	return c.versions
}

func trailers(key string) string {
	return "%(trailers:key=" + key + ",valueonly=true,unfold=true,separator=%x03)"
}

type change struct{ path, mode, blob string }

// chain follows the first parents, from the oldest commit.
type chain struct {
	dir, ext string
	blobs    map[string]string // by name: what is there now
	versions map[string][]Version
}

func (c *chain) commit(head []string, changes []change) {
	before := map[string]string{} // of the names that changed
	for _, ch := range changes {
		name, ok := TemplateName(ch.path, c.dir, c.ext)
		if !ok {
			continue
		}
		before[name] = c.blobs[name]
		if ch.mode == "100644" || ch.mode == "100755" || ch.mode == "100664" {
			c.blobs[name] = ch.blob
		} else {
			delete(c.blobs, name)
		}
	}
	paths := list(head[5])
	// A trailer's name is the path without dir and ext.
	named := func(stem string) (name string, ours bool) {
		p := strings.TrimPrefix(c.dir+"/", "/") + stem + c.ext
		name, ok := TemplateName(p, c.dir, c.ext)
		return name, ok && (len(paths) == 0 || slices.Contains(paths, p))
	}
	add := func(name string) {
		at, _ := strconv.ParseInt(head[2], 10, 64)
		v := Version{N: len(c.versions[name]) + 1, Commit: head[0], Blob: c.blobs[name], Author: head[1], Time: at}
		c.versions[name] = append(c.versions[name], v)
	}

	restored := map[string]bool{}
	for _, value := range list(head[4]) {
		i := strings.LastIndexByte(value, '@')
		if i < 0 {
			continue
		}
		name, ours := named(value[:i])
		if !ours {
			continue
		}
		all := c.versions[name]
		n, err := strconv.Atoi(value[i+1:])
		if err != nil || n < 1 || n > len(all) || all[n-1].Hidden {
			continue
		}
		newest, below := c.top(name)
		if n == newest {
			want := ""
			if below > 0 {
				want = all[below-1].Blob
			}
			if c.blobs[name] != want {
				continue // what is committed is served
			}
			restored[name] = true
		}
		all[n-1].Hidden = true
	}
	for name, was := range before {
		switch now := c.blobs[name]; {
		case restored[name] || now == was:
		case now == "":
			for i := range c.versions[name] {
				c.versions[name][i].Hidden = true
			}
		default:
			add(name)
		}
	}
	again := list(head[3])
	slices.Sort(again)
	for _, stem := range slices.Compact(again) {
		if name, ours := named(stem); ours && c.blobs[name] != "" && !restored[name] {
			if was, changed := before[name]; !changed || was == c.blobs[name] {
				add(name)
			}
		}
	}
}

// top returns the newest version that is not hidden, and the one below it.
func (c *chain) top(name string) (newest, below int) {
	for _, v := range slices.Backward(c.versions[name]) {
		if v.Hidden {
			continue
		}
		if newest != 0 {
			return newest, v.N
		}
		newest = v.N
	}
	return newest, 0
}

func list(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, "\x03")
}

// TemplatePath returns where a template lies: a folder that ends in the
// extension has a dot in front.
func TemplatePath(name, dir, ext string) string {
	parts := strings.Split(name, "/")
	for i, p := range parts[:len(parts)-1] {
		if strings.HasSuffix(p, ext) {
			parts[i] = "." + p
		}
	}
	return path.Join(dir, strings.Join(parts, "/")+ext)
}

// TemplateName returns whose path it is, if it is a template's.
func TemplateName(p, dir, ext string) (string, bool) {
	if dir != "" {
		rest, below := strings.CutPrefix(p, dir+"/")
		if !below {
			return "", false
		}
		p = rest
	}
	name, ok := strings.CutSuffix(p, ext)
	if !ok {
		return "", false
	}
	parts := strings.Split(name, "/")
	for i, part := range parts[:len(parts)-1] {
		if strings.HasSuffix(part, ext) {
			if part[0] != '.' {
				return "", false
			}
			parts[i] = part[1:]
		}
	}
	name = strings.Join(parts, "/")
	return name, prompty.CheckName(name) == nil
}

// Blobs reads objects, by what git cat-file takes for a name of them.
func (r *Repo) Blobs(names []string) map[string]string {
	r.t.Helper()
	cmd := r.Command("cat-file", "--batch")
	cmd.Stdin = strings.NewReader(strings.Join(names, "\n") + "\n")
	out, err := cmd.Output()
	if err != nil {
		r.t.Fatalf("git cat-file --batch: %v", err)
	}
	blobs := make(map[string]string, len(names))
	in := bufio.NewReader(bytes.NewReader(out))
	for _, name := range names {
		line, err := in.ReadString('\n')
		var id, kind string
		var size int
		if _, serr := fmt.Sscanf(line, "%s %s %d", &id, &kind, &size); err != nil || serr != nil {
			r.t.Errorf("git cat-file %s: %q", name, line)
			continue
		}
		data := make([]byte, size+1)
		if _, err := io.ReadFull(in, data); err != nil {
			r.t.Fatalf("git cat-file %s: %v", name, err)
		}
		blobs[name] = string(data[:size])
	}
	return blobs
}
