package gitindex

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// node is a folder in the cache tree: which tree object its entries make. Nodes
// are shared between indexes; a patch copies those that it changes.
type node struct {
	name  string // one segment; "" is the root
	count int    // entries below it; negative: not valid
	id    object.ID
	subs  []*node // by length of name, then bytewise
}

func (n *node) valid() bool { return n.count >= 0 }

func bySubtree(a *node, name string) int {
	return cmp.Or(cmp.Compare(len(a.name), len(name)), strings.Compare(a.name, name))
}

func (n *node) find(name string) (int, bool) {
	return slices.BinarySearchFunc(n.subs, name, bySubtree)
}

// maxDepth bounds the folders within folders of a cache tree.
const maxDepth = 4096

func parseTree(data []byte) (*node, error) {
	if len(data) == 0 {
		return nil, nil
	}
	type frame struct {
		node *node
		left int // subtrees to come
	}
	root := &node{}
	var stack []frame
	for first := true; first || len(stack) > 0; first = false {
		n, subs, rest, err := parseNode(data)
		if err != nil {
			return nil, err
		}
		data = rest
		if first {
			root = n
		} else {
			top := &stack[len(stack)-1]
			top.left--
			at, found := top.node.find(n.name)
			if found || n.name == "" {
				return nil, errors.New("the cache tree has a folder twice or without a name")
			}
			top.node.subs = slices.Insert(top.node.subs, at, n)
		}
		stack = append(stack, frame{n, subs})
		if len(stack) > maxDepth {
			return nil, errors.New("the cache tree is too deep")
		}
		for len(stack) > 0 && stack[len(stack)-1].left == 0 {
			stack = stack[:len(stack)-1]
		}
	}
	if len(data) > 0 {
		return nil, errors.New("something follows the cache tree")
	}
	return root, nil
}

var errCacheTree = errors.New("the cache tree is damaged")

func parseNode(data []byte) (n *node, subs int, rest []byte, err error) {
	name, rest, ok := bytes.Cut(data, []byte{0})
	count, rest, ok2 := bytes.Cut(rest, []byte{' '})
	below, rest, ok3 := bytes.Cut(rest, []byte{'\n'})
	if !ok || !ok2 || !ok3 {
		return nil, 0, nil, errCacheTree
	}
	n = &node{name: string(name)}
	n.count, err = strconv.Atoi(string(count))
	if err != nil {
		return nil, 0, nil, errCacheTree
	}
	subs, err = strconv.Atoi(string(below))
	if err != nil || subs < 0 || subs > len(data) {
		return nil, 0, nil, errCacheTree
	}
	if n.valid() {
		if len(rest) < len(n.id) {
			return nil, 0, nil, errCacheTree
		}
		rest = rest[copy(n.id[:], rest):]
	}
	return n, subs, rest, nil
}

// Tree is the tree object that all entries make, where the cache tree knows it.
func (x *Index) Tree() (id object.ID, ok bool) {
	if x.tree == nil || !x.tree.valid() {
		return id, false
	}
	return x.tree.id, true
}

// append encodes n. Nodes lie at most maxDepth deep.
func (n *node) append(dst []byte) []byte {
	dst = append(dst, n.name...)
	dst = append(dst, 0)
	dst = strconv.AppendInt(dst, int64(max(n.count, -1)), 10)
	dst = append(dst, ' ')
	dst = strconv.AppendInt(dst, int64(len(n.subs)), 10)
	dst = append(dst, '\n')
	if n.valid() {
		dst = append(dst, n.id[:]...)
	}
	for _, s := range n.subs {
		dst = s.append(dst)
	}
	return dst
}

// Trees gives the tree objects of a folder ("" is the root) in the commit
// before a patch and in the one after, zero where there is none.
type Trees func(dir string) (before, after object.ID)

// A touch is one path that a patch changes, for the cache tree: entries is +1
// for a new path, -1 for one that goes.
type touch struct {
	path    string
	entries int
}

// patchTree returns the tree with touches, sorted by path, brought in: nodes
// that stood for the tree before stand for the one after, others that hold a
// changed path are invalid. had tells which folders had entries before.
func patchTree(n *node, touches []touch, trees Trees, had func(dir string) bool) *node {
	if n == nil || len(touches) == 0 {
		return n
	}
	return patchNode(n, "", touches, trees, had)
}

// patchNode returns n for dir, or nil if the folder is gone.
func patchNode(n *node, dir string, touches []touch, trees Trees, had func(dir string) bool) *node {
	out := &node{name: n.name, count: -1, subs: slices.Clone(n.subs)}
	var before, after object.ID
	if trees != nil {
		before, after = trees(dir)
	}
	ok := n.valid() && !after.IsZero() && (n.id == before)
	prefix := dir
	if dir != "" {
		prefix += "/"
	}
	delta := 0
	for len(touches) > 0 {
		segment, _, deeper := strings.Cut(touches[0].path[len(prefix):], "/")
		if !deeper {
			delta += touches[0].entries
			touches = touches[1:]
			continue
		}
		sub := prefix + segment
		k := 1
		for k < len(touches) && strings.HasPrefix(touches[k].path, sub+"/") {
			k++
		}
		for _, t := range touches[:k] {
			delta += t.entries
		}
		at, found := out.find(segment)
		child := &node{name: segment, count: -1}
		if found {
			child = out.subs[at]
		} else if !had(sub) {
			child.count = 0 // all that will be in it is new
		}
		child = patchNode(child, sub, touches[:k], trees, had)
		switch {
		case child == nil && found:
			out.subs = slices.Delete(out.subs, at, at+1)
		case child == nil:
		case found:
			out.subs[at] = child
		default:
			out.subs = slices.Insert(out.subs, at, child)
		}
		ok = ok && (child == nil || child.valid())
		touches = touches[k:]
	}
	if dir != "" && n.valid() && n.count+delta == 0 {
		return nil
	}
	if ok {
		out.count, out.id = n.count+delta, after
	}
	return out
}
