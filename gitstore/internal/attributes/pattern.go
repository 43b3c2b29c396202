package attributes

import (
	"strings"
)

// A pattern is a line's pattern, compiled.
type pattern struct {
	base    string // the folder of the file it stands in, with a slash; "" is the top
	negated bool   // begins with !
	folder  bool   // ends in /: only folders match
	name    bool   // has no slash: only the last segment is matched
	literal string // if plain: what has to be equal
	plain   bool
	tokens  []token
	least   int // bytes that tokens need
}

// parsePattern compiles a pattern from a file in folder dir.
func parsePattern(text, dir string, fold bool) pattern {
	p := pattern{}
	if dir != "" {
		p.base = dir + "/"
	}
	if rest, ok := strings.CutPrefix(text, "!"); ok {
		p.negated, text = true, rest
	}
	if rest, ok := strings.CutSuffix(text, "/"); ok {
		p.folder, text = true, rest
	}
	p.name = !strings.Contains(text, "/")
	if !p.name {
		text = strings.TrimPrefix(text, "/")
	}
	wild := strings.IndexAny(text, `*?[\`)
	switch {
	case wild < 0 && !fold:
		p.plain, p.literal = true, text
	case p.name || wild < 0:
		p.tokens = compile(text, !p.name, fold)
	default:
		// git compares what stands before the first special character by
		// itself and gives wildmatch the rest, for which ** then stands at the
		// start: "a**/b" is more than "a*/b".
		p.tokens = append(compile(text[:wild], true, fold), compile(text[wild:], true, fold)...)
	}
	for _, t := range p.tokens {
		if t.kind == one {
			p.least++
		}
	}
	return p
}

// match reports whether path, relative to the top, is matched.
func (p *pattern) match(path string, isDir bool) bool {
	if p.folder && !isDir {
		return false
	}
	rest, ok := strings.CutPrefix(path, p.base)
	if !ok {
		return false
	}
	if p.name {
		rest = rest[strings.LastIndexByte(rest, '/')+1:]
	}
	if p.plain {
		return rest == p.literal
	}
	return p.least <= len(rest) && matchTokens(p.tokens, rest)
}

// A token matches one byte, or with many any number of them.
type token struct {
	kind tokenKind
	set  *[4]uint64 // of class and byteOf: which bytes match
}

type tokenKind uint8

const (
	one    tokenKind = iota // one byte of set
	stars                   // any number of bytes that are no slash
	deep                    // any number of bytes
	levels                  // nothing, or anything that ends in a slash
	never                   // nothing matches
)

func (t *token) has(c byte) bool { return t.set[c>>6]&(1<<(c&63)) != 0 }

// compile turns a glob into tokens. With slashes, a slash is matched only by a
// slash or by ** that stands for whole segments (WM_PATHNAME); without, a slash
// is a byte like others. With fold, ASCII letters match in both cases.
func compile(glob string, slashes, fold bool) []token {
	var out []token
	for i := 0; i < len(glob); {
		switch c := glob[i]; c {
		case '?':
			set := full()
			if slashes {
				clearByte(set, '/')
			}
			out = append(out, token{one, set})
			i++
		case '*':
			start := i
			for i < len(glob) && glob[i] == '*' {
				i++
			}
			rest := glob[i:]
			whole := i-start >= 2 && (start == 0 || glob[start-1] == '/') &&
				(rest == "" || rest[0] == '/' || strings.HasPrefix(rest, `\/`))
			switch {
			case !slashes:
				out = append(out, token{kind: deep})
			case whole && rest != "" && rest[0] == '/':
				if n := len(out); n == 0 || out[n-1].kind != levels {
					out = append(out, token{kind: levels})
				}
				i++
			case whole:
				out = append(out, token{kind: deep})
			default:
				out = append(out, token{kind: stars})
			}
		case '[':
			set, n := class(glob[i:], slashes, fold)
			if n == 0 {
				return append(out, token{kind: never})
			}
			out = append(out, token{one, set})
			i += n
		default:
			if c == '\\' {
				i++
				if i == len(glob) {
					return append(out, token{kind: never})
				}
				c = glob[i]
			}
			set := new([4]uint64)
			setByte(set, c)
			if fold {
				foldSet(set)
			}
			out = append(out, token{one, set})
			i++
		}
	}
	return out
}

func full() *[4]uint64                 { return &[4]uint64{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)} }
func setByte(s *[4]uint64, c byte)     { s[c>>6] |= 1 << (c & 63) }
func clearByte(s *[4]uint64, c byte)   { s[c>>6] &^= 1 << (c & 63) }
func hasByte(s *[4]uint64, c int) bool { return s[c>>6]&(1<<(c&63)) != 0 }

// foldSet adds the other case of each letter.
func foldSet(s *[4]uint64) {
	for c := 'a'; c <= 'z'; c++ {
		if up := c - 32; hasByte(s, int(c)) || hasByte(s, int(up)) {
			setByte(s, byte(c))
			setByte(s, byte(up))
		}
	}
}

// class reads a bracket expression, and gives its length in the glob, 0 if it
// has no end.
func class(glob string, slashes, fold bool) (set *[4]uint64, n int) {
	set = new([4]uint64)
	i := 1
	negated := i < len(glob) && (glob[i] == '!' || glob[i] == '^')
	if negated {
		i++
	}
	var prev byte // a range's start; 0: none
	for first := true; ; first = false {
		if i >= len(glob) {
			return nil, 0
		}
		c := glob[i]
		switch {
		case c == ']' && !first:
			if fold {
				foldSet(set)
			}
			if negated {
				for k := range set {
					set[k] = ^set[k]
				}
			}
			if slashes {
				clearByte(set, '/')
			}
			clearByte(set, 0)
			return set, i + 1
		case c == '\\':
			i++
			if i >= len(glob) {
				return nil, 0
			}
			prev = glob[i]
			setByte(set, prev)
		case c == '-' && prev != 0 && i+1 < len(glob) && glob[i+1] != ']':
			i++
			end := glob[i]
			if end == '\\' {
				i++
				if i >= len(glob) {
					return nil, 0
				}
				end = glob[i]
			}
			for k := int(prev); k <= int(end); k++ {
				setByte(set, byte(k))
			}
			prev = 0
		case c == '[' && i+1 < len(glob) && glob[i+1] == ':':
			end := strings.IndexByte(glob[i+2:], ']')
			if end < 0 {
				return nil, 0
			}
			name := glob[i+2 : i+2+end]
			if !strings.HasSuffix(name, ":") {
				// Not a class by name: the bracket is a character.
				prev = c
				setByte(set, c)
				break
			}
			if !addNamed(set, name[:len(name)-1]) {
				return nil, 0
			}
			i += 2 + end
			prev = 0
		default:
			prev = c
			setByte(set, c)
		}
		i++
	}
}

// addNamed adds a class such as alpha, of ASCII, or reports that there is none
// of that name.
func addNamed(set *[4]uint64, name string) bool {
	in := func(lo, hi byte) func(byte) bool { return func(c byte) bool { return lo <= c && c <= hi } }
	lower, upper, digit := in('a', 'z'), in('A', 'Z'), in('0', '9')
	or := func(fs ...func(byte) bool) func(byte) bool {
		return func(c byte) bool {
			for _, f := range fs {
				if f(c) {
					return true
				}
			}
			return false
		}
	}
	graph := in('!', '~')
	is, ok := map[string]func(byte) bool{
		"alnum": or(lower, upper, digit), "alpha": or(lower, upper), "digit": digit, "lower": lower, "upper": upper,
		"blank": func(c byte) bool { return c == ' ' || c == '\t' },
		"cntrl": func(c byte) bool { return c < ' ' || c == 127 },
		"graph": graph, "print": in(' ', '~'),
		"punct":  func(c byte) bool { return graph(c) && !lower(c) && !upper(c) && !digit(c) },
		"space":  func(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' && c != '\v' && c != '\f' },
		"xdigit": or(digit, in('a', 'f'), in('A', 'F')),
	}[name]
	if !ok {
		return false
	}
	for c := range 256 {
		if is(byte(c)) {
			setByte(set, byte(c))
		}
	}
	return true
}

// matchTokens reports whether all of text is matched. It follows every way at
// once, in time that grows with the product of the lengths; since no two tokens
// in a row match nothing, that is at most with the square of text's.
func matchTokens(tokens []token, text string) bool {
	// now[i]: tokens[:i] can match what was read.
	now := make([]bool, len(tokens)+1)
	next := make([]bool, len(tokens)+1)
	now[0] = true
	skip := func(set []bool) {
		for i, t := range tokens {
			if set[i] && (t.kind == stars || t.kind == deep || t.kind == levels) {
				set[i+1] = true
			}
		}
	}
	inside := make([]bool, len(tokens)) // of levels: a segment was begun
	skip(now)
	for k := range len(text) {
		c := text[k]
		clear(next)
		any := false
		for i := range tokens {
			t := &tokens[i]
			if t.kind == levels && (now[i] || inside[i]) {
				inside[i] = true
				if c == '/' {
					next[i+1] = true
				}
				any = true
			}
			if !now[i] {
				continue
			}
			switch t.kind {
			case one:
				if t.has(c) {
					next[i+1] = true
				}
			case stars:
				if c != '/' {
					next[i] = true
				}
			case deep:
				next[i] = true
			}
			any = any || next[i] || next[i+1]
		}
		if !any {
			return false
		}
		skip(next)
		now, next = next, now
	}
	return now[len(tokens)]
}
