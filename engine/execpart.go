package engine

import (
	"encoding/binary"
	"errors"
	"slices"
	"strconv"

	"github.com/go-prompty/prompty/engine/internal/value"
)

// strip is a row of parts while it is printed, once or for each of some items.
type strip struct {
	c     *code
	slots []any // that the parts look into
	first *part
	root  map[string]any // nil if the data is something else
	items []any
	turn  int // the item's index
	base  int // what turn of the loop the first item has
}

// maxDigits is the longest an int gets.
const maxDigits = 20

// print prints the row from part p on into buf, of which n bytes are written
// and which ends where the output would get too long. What most templates do all day happens
// here and without a call but for looking into the map and for copying what is
// long: a string or an int, and the text behind it, with one look at the room
// left for both. The first part that is anything else is returned, nil at the
// end. Parts are linked because one pointer costs less to keep over those calls
// than an index and its bound.
func (s *strip) print(p *part, buf []byte, n int) (*part, int) {
	buf = buf[:len(buf):len(buf)] // one bound to keep instead of two
	for {
		var item map[string]any
		if s.turn < len(s.items) {
			item, _ = s.items[s.turn].(map[string]any)
		}
		for ; p != nil; p = p.next {
			if p.from != inNothing {
				var v any
				switch p.from {
				case inItem:
					v = item[p.key]
				case inRoot:
					v = s.root[p.key]
				case isItem:
					v = s.items[s.turn]
				case isIndex:
					if n+maxDigits+int(p.room) > len(buf) {
						return p, n
					}
					n = p.number(buf, n, s.base+s.turn)
					continue
				default:
					v = s.fetch(p)
				}
				if t, ok := v.(string); ok {
					end := n + len(t)
					if end+int(p.room) > len(buf) {
						return p, n
					}
					// Two words that overlap in the middle cost less than a call.
					switch l := len(t); {
					case 8 <= l && l <= 16:
						binary.LittleEndian.PutUint64(buf[n:n+8], word8(t))
						binary.LittleEndian.PutUint64(buf[end-8:end], word8(t[l-8:]))
					case 4 <= l && l < 8:
						binary.LittleEndian.PutUint32(buf[n:n+4], word4(t))
						binary.LittleEndian.PutUint32(buf[end-4:end], word4(t[l-4:]))
					case l == 0:
					case l < 4:
						buf[n], buf[n+l>>1], buf[end-1] = t[0], t[l>>1], t[l-1]
					default:
						copy(buf[n:end], t)
					}
					n = end
				} else if x, ok := v.(int); ok && n+maxDigits+int(p.room) <= len(buf) {
					n = p.number(buf, n, x)
					continue
				} else if t, ok := v.(*string); ok && t != nil && n+len(*t)+int(p.room) <= len(buf) { // of a []string
					n = p.finish(buf, n+copy(buf[n:], *t))
					continue
				} else {
					return p, n
				}
			} else if n+int(p.room) > len(buf) {
				return p, n
			}
			switch {
			case p.long:
				n += copy(buf[n:], p.text)
			case p.size > padSize:
				*(*[padSize]byte)(buf[n+padSize : n+2*padSize]) = *(*[padSize]byte)(p.pad[padSize:])
				fallthrough
			default:
				*(*[padSize]byte)(buf[n : n+padSize]) = *(*[padSize]byte)(p.pad[:])
				n += int(p.size)
			}
		}
		if s.turn++; s.turn >= len(s.items) {
			break
		}
		p = s.first
	}
	return nil, n
}

// number prints the part with the value x. In print itself this would have all
// that is alive there saved and restored for strings, too.
func (p *part) number(buf []byte, n, x int) int {
	switch {
	case x < 0 || x >= 100:
		n = len(strconv.AppendInt(buf[:n], int64(x), 10))
	case x >= 10:
		buf[n], buf[n+1] = byte('0'+x/10), byte('0'+x%10)
		n += 2
	default:
		buf[n] = byte('0' + x)
		n++
	}
	return p.finish(buf, n)
}

// finish prints the text of the part.
func (p *part) finish(buf []byte, n int) int {
	if !p.long && p.size <= padSize {
		*(*[padSize]byte)(buf[n : n+padSize]) = *(*[padSize]byte)(p.pad[:])
		return n + int(p.size)
	}
	return n + copy(buf[n:], p.text)
}

func word8(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

func word4(s string) uint32 {
	_ = s[3]
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}

// fetch finds the value of a part in rarer places. It does not do all that
// [frame.lookup] can; nil means that it does not know.
//
//go:noinline
func (s *strip) fetch(p *part) any {
	var v any
	ref := &s.c.paths[p.path]
	switch p.from {
	case inRootDeep:
		v = s.root
	case inItemDeep:
		v = s.items[s.turn]
	case isSlot, inSlot:
		v = s.slots[ref.slot]
	case inWith:
		m, _ := s.slots[ref.dyn[0]].(map[string]any)
		return m[p.key]
	default:
		return nil
	}
	for _, seg := range ref.segs[p.deep:] {
		m, _ := v.(map[string]any)
		v = m[seg]
	}
	return v
}

// parts prints the row from part p on: once, the item being a slot unless that
// is negative, or for each turn of a batch. On an error it returns the meta of
// what failed.
func (f *frame) parts(c *code, a *activation, p *part, slot int32, b *batch) (int32, error) {
	var s strip
	s.c, s.slots, s.first, s.root = c, a.slots, p, f.rootMap
	if b != nil {
		s.items, s.base = b.items, b.first
	} else if slot >= 0 {
		s.items = a.slots[slot : slot+1]
	}
	for {
		// One bound serves both the capacity and the limit.
		n := len(f.out)
		p, n = s.print(p, f.out[:min(cap(f.out), f.max)], n)
		f.out = f.out[:n]
		if p == nil {
			return 0, nil
		}
		if b != nil {
			a.bind(b.site, b.items[s.turn], b.first+s.turn)
		}
		if at, err := f.part(c, a, p, b, s.turn); err != nil {
			if b != nil {
				b.items = b.items[:s.turn+1]
			}
			return at, err
		}
		p = p.next
	}
}

// part prints a part whatever its value is and however little room there is.
func (f *frame) part(c *code, a *activation, p *part, b *batch, turn int) (int32, error) {
	if p.from != inNothing {
		v, ok := f.lookup(&c.paths[p.path], a)
		switch {
		case ok:
		case p.def < 0:
			return p.value, missingError{&c.paths[p.path]}
		default:
			v = &c.texts[p.def]
		}
		if err := f.print(v); err != nil {
			return p.value, err
		}
	}
	text, room := p.text, f.max-len(f.out)
	if b != nil && p.next == nil {
		switch ends := len(text) - len(b.site.lead); {
		case b.first+turn+1 == b.cursor.n:
			text, b.cursor.ended = text[:ends], true
		case len(text) > room && ends <= room:
			return b.site.leadAt, f.tooLong()
		}
	}
	if len(text) > room {
		return p.behind, f.tooLong()
	}
	f.write(text)
	return 0, nil
}

// write appends a text that is within the limit. Where out has to grow, it grows
// by more than that: print needs more room than it takes.
func (f *frame) write(text string) {
	if len(text) > cap(f.out)-len(f.out) {
		f.out = slices.Grow(f.out, len(text)+4*padSize)
	}
	f.out = append(f.out, text...)
}

// print appends a value.
func (f *frame) print(v any) error {
	switch v := v.(type) {
	case string:
		if len(v) > f.max-len(f.out) {
			return f.tooLong()
		}
		f.write(v)
		return nil
	case *string:
		if v != nil {
			return f.print(*v)
		}
		return nil
	case int:
		f.out = strconv.AppendInt(f.out, int64(v), 10)
	case *int:
		if v != nil {
			f.out = strconv.AppendInt(f.out, int64(*v), 10)
		}
	case nil:
		return nil
	default:
		was := len(f.out)
		out, err := value.AppendLimit(f.out, v, f.max)
		if errors.Is(err, value.ErrTooLong) {
			return f.tooLong()
		}
		f.out = out
		if err == nil {
			per := readPerStep
			if k := value.KindOf(v); k == value.List || k == value.Map {
				per = jsonPerStep
			}
			return f.charge((len(f.out) - was) / per)
		}
		if err := f.chargeFailed(err, v); err != nil {
			return err
		}
		return err
	}
	if len(f.out) > f.max {
		return f.tooLong()
	}
	return nil
}
