package builtin

import (
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/go-prompty/prompty/engine/internal/value"
)

func toJSON(c call) (any, error) {
	spaces := 0
	if c.has(1) {
		var err error
		if spaces, err = c.integer(1, 0); err != nil {
			return nil, err
		}
		if spaces > 8 {
			return nil, c.bad(1, "expected 0 to 8, got %d", spaces)
		}
	}
	text, err := value.AppendJSON(nil, c.args[0], spaces, c.max)
	if err != nil {
		return nil, c.bad(0, "%v", err)
	}
	return string(text), nil
}

// fromJSON reads token by token, so that depth takes heap and not stack, and
// the number of elements is known at any time.
func fromJSON(c call) (any, error) {
	s, err := c.str(0)
	if err != nil {
		return nil, err
	}
	if len(s) > c.max {
		return nil, c.tooLong()
	}
	b := jsonBuilder{}
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	for {
		token, err := d.Token()
		switch {
		case err == io.EOF && b.complete:
			return b.result, nil
		case err == io.EOF && s == "":
			return nil, c.bad(0, "expected JSON, got an empty string")
		case err == io.EOF:
			err = io.ErrUnexpectedEOF
		case err == nil && b.complete:
			err = errors.New("there is more behind the value")
		case err == nil:
			if err = c.elements(b.elements); err != nil {
				return nil, err
			}
			err = b.add(token)
		}
		if err != nil {
			return nil, c.bad(0, "invalid JSON near byte %d: %v", d.InputOffset(), err)
		}
	}
}

// jsonBuilder puts tokens together.
type jsonBuilder struct {
	open     []jsonGroup // the groups that are not closed yet, innermost last
	result   any
	complete bool
	elements int
}

type jsonGroup struct {
	object map[string]any // nil: a list
	list   []any
	key    string
	keyed  bool // key waits for its value
}

func (b *jsonBuilder) add(token json.Token) error {
	switch t := token.(type) {
	case json.Delim:
		switch t {
		case '{', '[':
			if len(b.open) == value.MaxDepth {
				return value.ErrTooDeep
			}
			g := jsonGroup{}
			if t == '{' {
				g.object = map[string]any{}
			}
			b.open = append(b.open, g)
			return nil
		}
		g := b.open[len(b.open)-1]
		b.open = b.open[:len(b.open)-1]
		switch {
		case g.object != nil:
			b.put(g.object)
		case g.list == nil:
			b.put([]any{})
		default:
			b.put(g.list)
		}
		return nil
	case string:
		if len(b.open) > 0 {
			if g := &b.open[len(b.open)-1]; g.object != nil && !g.keyed {
				g.key, g.keyed = t, true
				return nil
			}
		}
	case json.Number:
		n, ok := value.Plain(t)
		if !ok {
			return errors.New("invalid number")
		}
		b.put(n)
		return nil
	}
	b.put(token)
	return nil
}

// put adds a value to the innermost group, or makes it the result.
func (b *jsonBuilder) put(v any) {
	b.elements++
	if len(b.open) == 0 {
		b.result, b.complete = v, true
		return
	}
	g := &b.open[len(b.open)-1]
	if g.object != nil {
		g.object[g.key], g.keyed = v, false
		return
	}
	g.list = append(g.list, v)
}
