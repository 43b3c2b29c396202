package object

import (
	"bytes"
	"errors"
)

// ParseTag tells what an annotated tag points at, which may be another tag.
func ParseTag(raw []byte) (target ID, kind Kind, err error) {
	rest, ok := bytes.CutPrefix(raw, []byte("object "))
	if !ok || !parseHex(&target, rest) || !bytes.HasPrefix(rest[40:], []byte("\ntype ")) {
		return ID{}, 0, errors.New("damaged tag: it does not begin with an object and its type")
	}
	word, _, ok := bytes.Cut(rest[40+len("\ntype "):], []byte("\n"))
	if !ok {
		return ID{}, 0, errors.New("damaged tag: it is cut off")
	}
	if kind, err = ParseKind(string(word)); err != nil {
		return ID{}, 0, err
	}
	return target, kind, nil
}
