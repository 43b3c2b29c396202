package repo

import (
	"bytes"
	"fmt"
	"strings"
)

// maxConfig bounds a configuration file; git's own are a few kilobytes.
const maxConfig = 16 << 20

// A setting is one line of a configuration file.
type setting struct {
	key     string // section and key in lower case, subsection as it stands
	value   string
	isSet   bool // there is a "="
	file    string
	line    int
	trusted bool // not from the repository's own files
}

// A configParser reads the syntax of git-config(1).
type configParser struct {
	file string
	text []byte
	at   int
	line int
}

func (p *configParser) errorf(format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s; correct the file", p.file, p.line, fmt.Sprintf(format, args...))
}

// parseConfig returns the settings of a file in order.
func parseConfig(file string, text []byte) ([]setting, error) {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	p := &configParser{file: file, text: text, line: 1}
	var list []setting
	section := ""
	for {
		c, ok := p.next()
		switch {
		case !ok:
			return list, nil
		case isSpace(c):
		case c == '#' || c == ';':
			p.skipLine()
		case c == '[':
			var err error
			if section, err = p.section(); err != nil {
				return nil, err
			}
		case isLetter(c):
			line := p.line
			key, err := p.key(c)
			if err != nil {
				return nil, err
			}
			if section != "" { // else nobody asks for it
				key = section + "." + key
			}
			s := setting{key: key, file: p.file, line: line}
			if s.value, s.isSet, err = p.assignment(); err != nil {
				return nil, err
			}
			list = append(list, s)
		default:
			return nil, p.errorf("%q begins neither a [section] nor a key", c)
		}
	}
}

// next returns the next byte, with CR LF as LF.
func (p *configParser) next() (byte, bool) {
	if p.at >= len(p.text) {
		return 0, false
	}
	c := p.text[p.at]
	p.at++
	if c == '\r' && p.at < len(p.text) && p.text[p.at] == '\n' {
		c = '\n'
		p.at++
	}
	if c == '\n' {
		p.line++
	}
	return c, true
}

func (p *configParser) peek() byte {
	if p.at >= len(p.text) {
		return '\n'
	}
	if c := p.text[p.at]; c != '\r' || p.at+1 >= len(p.text) || p.text[p.at+1] != '\n' {
		return c
	}
	return '\n'
}

func (p *configParser) skipLine() {
	for p.at < len(p.text) {
		if c, _ := p.next(); c == '\n' {
			return
		}
	}
}

// section reads what follows "[": a name, or a name and a quoted subsection.
func (p *configParser) section() (string, error) {
	var name strings.Builder
	for {
		c, ok := p.next()
		switch {
		case !ok || c == '\n':
			return "", p.unfinished(c, "a [section] has no ]")
		case c == ']':
			if name.Len() == 0 {
				return "", p.errorf("a [section] has no name")
			}
			return name.String(), nil
		case c == ' ' || c == '\t':
			sub, err := p.subsection()
			return name.String() + "." + sub, err
		case isLetter(c) || isDigit(c) || c == '-' || c == '.':
			name.WriteByte(lower(c))
		default:
			return "", p.errorf("%q cannot stand in the name of a [section]", c)
		}
	}
}

func (p *configParser) subsection() (string, error) {
	for c := p.peek(); c == ' ' || c == '\t'; c = p.peek() {
		p.at++
	}
	if c, _ := p.next(); c != '"' {
		return "", p.unfinished(c, "a subsection must stand in double quotes")
	}
	var sub strings.Builder
	for {
		c, ok := p.next()
		if ok && c == '\\' {
			c, ok = p.next()
		} else if ok && c == '"' {
			if c, _ = p.next(); c != ']' {
				return "", p.unfinished(c, "] must follow a subsection")
			}
			return sub.String(), nil
		}
		if !ok || c == '\n' {
			return "", p.unfinished(c, "a subsection has no closing quote")
		}
		sub.WriteByte(c)
	}
}

// unfinished is an error about the line that has just ended, if c ended it.
func (p *configParser) unfinished(c byte, what string) error {
	if c == '\n' {
		p.line--
	}
	return p.errorf("%s", what)
}

func (p *configParser) key(first byte) (string, error) {
	key := []byte{lower(first)}
	for {
		c := p.peek()
		if !isLetter(c) && !isDigit(c) && c != '-' {
			return string(key), nil
		}
		key = append(key, lower(c))
		p.at++
	}
}

// assignment reads what follows a key: nothing, or "=" and a value.
func (p *configParser) assignment() (value string, isSet bool, err error) {
	for {
		c, ok := p.next()
		switch {
		case !ok || c == '\n':
			return "", false, nil
		case c == ' ' || c == '\t':
		case c == '=':
			value, err = p.value()
			return value, true, err
		default:
			return "", false, p.errorf("%q stands where = should", c)
		}
	}
}

// value reads up to the end of the line: white space around it and comments
// are dropped, quotes removed, escapes replaced, lines that end in \ joined.
func (p *configParser) value() (string, error) {
	var value []byte
	keep := 0 // up to here white space counts
	quoted := false
	for {
		c, ok := p.next()
		switch {
		case !ok || c == '\n':
			if quoted {
				return "", p.unfinished(c, "a value has no closing quote")
			}
			return string(value[:keep]), nil
		case !quoted && (c == '#' || c == ';'):
			p.skipLine()
			return string(value[:keep]), nil
		case !quoted && isSpace(c):
			if len(value) > 0 {
				value = append(value, c)
			}
			continue
		case c == '"':
			quoted = !quoted
			keep = len(value)
			continue
		case c == '\\':
			c, ok = p.next()
			switch {
			case !ok || c == '\n':
				continue
			case c == 't':
				c = '\t'
			case c == 'b':
				c = '\b'
			case c == 'n':
				c = '\n'
			case c != '"' && c != '\\':
				return "", p.errorf("\\%c is no escape; a backslash is written \\\\", c)
			}
		}
		value = append(value, c)
		keep = len(value)
	}
}

func isSpace(c byte) bool  { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return 'a' <= lower(c) && lower(c) <= 'z' }

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}
