package object

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"
)

// Ident says who did something and when.
type Ident struct {
	Name, Email string
	Unix        int64 // seconds
	Zone        int   // minutes east of Greenwich
}

// ParseIdent reads "Ann Lee <ann@example.org> 1700000000 +0100". It is lenient,
// as Git is: parts that are missing or damaged stay zero.
func ParseIdent(line string) Ident {
	var who Ident
	name, rest, ok := strings.Cut(line, "<")
	who.Name = strings.TrimSpace(name)
	if !ok {
		return who
	}
	who.Email, _, _ = strings.Cut(rest, ">")
	if at := strings.LastIndexByte(rest, '>'); at >= 0 {
		when := strings.Fields(rest[at+1:])
		if len(when) > 0 {
			who.Unix, _ = strconv.ParseInt(when[0], 10, 64)
		}
		if len(when) > 1 && len(when[1]) <= 7 {
			if zone, err := strconv.Atoi(when[1]); err == nil {
				who.Zone = zone/100*60 + zone%100
			}
		}
	}
	return who
}

// Append appends the line that ParseIdent reads. What would break a commit's
// header is left out: line ends, NUL, < and > in the name and in the address.
func (who Ident) Append(dst []byte) []byte {
	dst = append(appendPlain(dst, who.Name), " <"...)
	dst = append(appendPlain(dst, who.Email), "> "...)
	dst = append(strconv.AppendInt(dst, who.Unix, 10), ' ')
	zone, sign := who.Zone, byte('+')
	if zone < 0 {
		zone, sign = -zone, '-'
	}
	dst = appendTwo(append(dst, sign), zone/60)
	return appendTwo(dst, zone%60)
}

// appendTwo appends a number in two digits or more.
func appendTwo(dst []byte, n int) []byte {
	if n < 10 {
		dst = append(dst, '0')
	}
	return strconv.AppendInt(dst, int64(n), 10)
}

// String gives the line that Append appends.
func (who Ident) String() string { return string(who.Append(nil)) }

func appendPlain(dst []byte, s string) []byte {
	for i := range len(s) {
		switch s[i] {
		case '\n', 0, '<', '>':
		default:
			dst = append(dst, s[i])
		}
	}
	return dst
}

// Header is one more line of a commit: gpgsig, encoding, mergetag and others.
type Header struct {
	Key   string
	Value string // several lines are joined by "\n", without a final one
}

// Commit is a commit in parts.
type Commit struct {
	Tree      ID
	Parents   []ID
	Author    Ident
	Committer Ident
	Headers   []Header // those after the committer, in their order
	Message   string   // whole, with its final line end
}

var errCommit = errors.New("damaged commit")

// ParseCommit reads a commit. It wants a tree and well-formed parents. Authors
// are read as leniently as Git does it.
func ParseCommit(raw []byte) (*Commit, error) {
	tree, _, _, err := CommitLinks(raw)
	if err != nil {
		return nil, err
	}
	c := &Commit{Tree: tree}
	rest := raw[len("tree \n")+40:]
	for {
		line, ok := bytes.CutPrefix(rest, []byte("parent "))
		if !ok {
			break
		}
		var parent ID
		if !parseHex(&parent, line) || len(line) < 41 || line[40] != '\n' {
			return nil, fmt.Errorf("%w: its parent %d is no object id", errCommit, len(c.Parents)+1)
		}
		c.Parents = append(c.Parents, parent)
		rest = line[41:]
	}
	head, message, _ := bytes.Cut(rest, []byte("\n\n"))
	if bytes.HasPrefix(rest, []byte("\n")) {
		head, message = nil, rest[1:]
	}
	c.Message = string(message)
	for line := range bytes.Lines(head) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		if more, ok := bytes.CutPrefix(line, []byte(" ")); ok && len(c.Headers) > 0 {
			c.Headers[len(c.Headers)-1].Value += "\n" + string(more)
			continue
		}
		key, value, _ := strings.Cut(string(line), " ")
		switch {
		case key == "author" && c.Author == Ident{}:
			c.Author = ParseIdent(value)
		case key == "committer" && c.Committer == Ident{}:
			c.Committer = ParseIdent(value)
		default:
			c.Headers = append(c.Headers, Header{key, value})
		}
	}
	return c, nil
}

// CommitLinks reads the tree and the first parent of a commit, and nothing
// else.
func CommitLinks(raw []byte) (tree, parent ID, hasParent bool, err error) {
	const begin = len("tree ")
	if len(raw) < begin+41 || string(raw[:begin]) != "tree " || !parseHex(&tree, raw[begin:]) || raw[begin+40] != '\n' {
		return ID{}, ID{}, false, fmt.Errorf("%w: it does not begin with a tree", errCommit)
	}
	raw = raw[begin+41:]
	const second = len("parent ")
	if len(raw) < second || string(raw[:second]) != "parent " {
		return tree, ID{}, false, nil
	}
	if len(raw) < second+41 || !parseHex(&parent, raw[second:]) || raw[second+40] != '\n' {
		return ID{}, ID{}, false, fmt.Errorf("%w: its parent is no object id", errCommit)
	}
	return tree, parent, true, nil
}

// Encode gives the commit's bytes. For a commit that Git wrote it is the exact
// inverse of ParseCommit, but for a time zone of -0000. Line ends and NUL in
// the keys of headers are left out.
func (c *Commit) Encode() []byte {
	b := make([]byte, 0, 400+len(c.Message))
	b = append(c.Tree.Append(append(b, "tree "...)), '\n')
	for _, parent := range c.Parents {
		b = append(parent.Append(append(b, "parent "...)), '\n')
	}
	b = append(c.Author.Append(append(b, "author "...)), '\n')
	b = append(c.Committer.Append(append(b, "committer "...)), '\n')
	for _, h := range c.Headers {
		b = append(appendPlain(b, h.Key), ' ')
		b = append(b, strings.ReplaceAll(h.Value, "\n", "\n ")...)
		b = append(b, '\n')
	}
	return append(append(b, '\n'), c.Message...)
}

// Header gives the value of the first header of that name, or "".
func (c *Commit) Header(key string) string {
	for _, h := range c.Headers {
		if h.Key == key {
			return h.Value
		}
	}
	return ""
}

// Display gives a text of the commit, its message or a name, in UTF-8: it is
// converted from the encoding that the commit declares. What is not valid there
// becomes U+FFFD.
func (c *Commit) Display(text string) string {
	name := c.Header("encoding")
	if name == "" || utf8.ValidString(text) {
		return strings.ToValidUTF8(text, "\uFFFD")
	}
	if enc, err := htmlindex.Get(name); err == nil {
		if decoded, err := enc.NewDecoder().String(text); err == nil {
			return decoded
		}
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}
