package promptfile

import (
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// editing is how a changed key is written.
type editing int

const (
	keepInside editing = iota // what did not change in its value keeps its bytes
	rewrite                   // from its name on
)

// editEntry returns the lines of a storage key with the value that f has for
// it; false where the value is written in a way that is not worth following.
func (d *document) editEntry(e entry, f Fields) (string, bool) {
	var value string // instead of what stands from start to end
	start, end, ok := 0, 0, false
	switch e.name {
	case "tags":
		if e.value.Kind == yaml.SequenceNode {
			return d.editItems(e, f.Tags)
		}
		if start, end, ok = d.span(e.value); ok {
			items := make([]string, len(f.Tags))
			for i, tag := range f.Tags {
				items[i] = quote(tag)
			}
			value = "[" + strings.Join(items, ", ") + "]"
			if len(f.Tags) == 1 && f.Tags[0] != "" {
				value = quoteAs(e.value.Style, f.Tags[0])
			}
		}
	case "metadata":
		return d.editPairs(e, f.Metadata)
	case "tenant":
		start, end, ok = d.span(e.value)
		value = quoteAs(e.value.Style, f.TenantID)
	case "created_by":
		start, end, ok = d.span(e.value)
		value = quoteAs(e.value.Style, f.CreatedBy)
	}
	if !ok || start == end {
		return "", false
	}
	return d.front[e.start:start] + value + d.front[end:e.end], true
}

// span returns the offsets of a scalar in the front matter, if it is one that
// can be told from the text around it.
func (d *document) span(n *yaml.Node) (start, end int, ok bool) {
	if n.Kind != yaml.ScalarNode || n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 {
		return 0, 0, false
	}
	start = d.tree.offset(n)
	text := d.front[start:]
	switch n.Style {
	case yaml.DoubleQuotedStyle:
		for i := 1; i < len(text); i++ {
			switch text[i] {
			case '\\':
				i++
			case '"':
				return start, start + i + 1, true
			}
		}
	case yaml.SingleQuotedStyle:
		for i := 1; i < len(text); i++ {
			if text[i] == '\'' {
				if i+1 < len(text) && text[i+1] == '\'' {
					i++
					continue
				}
				return start, start + i + 1, true
			}
		}
	case 0:
		if strings.HasPrefix(text, n.Value) { // else it goes over several lines
			return start, start + len(n.Value), true
		}
	}
	return 0, 0, false
}

// quoteAs writes s in the style of the scalar it replaces.
func quoteAs(style yaml.Style, s string) string {
	switch style {
	case yaml.DoubleQuotedStyle:
		return quoteDouble(s)
	case yaml.SingleQuotedStyle:
		if q := quoteDouble(s); q == `"`+s+`"` || q == `"`+strings.ReplaceAll(s, `"`, `\"`)+`"` {
			return "'" + strings.ReplaceAll(s, "'", "''") + "'"
		}
	}
	return quote(s)
}

// piece is an item of a list or mapping as it stands in the front matter.
type piece struct{ start, end int }

// step is an item of the new value: text of its own, or for a piece that was
// there its number.
type step struct {
	old  int // -1 for a new one
	text string
}

// editItems edits a list of tags.
func (d *document) editItems(e entry, tags []string) (string, bool) {
	n := e.value
	flow := n.Style&yaml.FlowStyle != 0
	if n.Anchor != "" || n.Style&^yaml.FlowStyle != 0 || len(n.Content) != len(d.fields.Tags) {
		return "", false // len differs where an item is null
	}
	var pieces []piece
	dash := ""
	for i, item := range n.Content {
		start, end, ok := d.span(item)
		if !ok {
			return "", false
		}
		if flow {
			pieces = append(pieces, piece{start, end})
			continue
		}
		p, ok := d.linesOf(n, i, 1, e.end)
		if !ok || strings.Trim(d.front[p.start:start], " -") != "" {
			return "", false
		}
		dash = d.front[p.start:start]
		pieces = append(pieces, p)
	}
	fresh := func(tag string) step {
		if flow {
			return step{-1, quote(tag)}
		}
		return step{-1, dash + quote(tag) + d.eol()}
	}
	var steps []step
	kept := common(d.fields.Tags, tags)
	for i, tag := range tags {
		if k := kept[i]; k >= 0 {
			steps = append(steps, step{k, d.front[pieces[k].start:pieces[k].end]})
		} else {
			steps = append(steps, fresh(tag))
		}
	}
	return d.apply(e, pieces, steps, flow)
}

// common returns for each item of b its number in a if it is one of those that
// both have in the same order, else -1. There are as many of these as can be,
// but for lists so long that finding them would take more than a moment.
func common(a, b []string) []int {
	in := make([]int, len(b))
	for i := range in {
		in[i] = -1
	}
	start := 0
	for start < len(a) && start < len(b) && a[start] == b[start] {
		in[start] = start
		start++
	}
	enda, endb := len(a), len(b)
	for enda > start && endb > start && a[enda-1] == b[endb-1] {
		enda--
		endb--
		in[endb] = enda
	}
	n, m := enda-start, endb-start
	const most = 1 << 20
	if n == 0 || m == 0 || n > most/m {
		return in
	}
	// length[i][j] of the longest common subsequence of a[start+i:enda] and b[start+j:endb].
	length := make([][]int32, n+1)
	for i := range length {
		length[i] = make([]int32, m+1)
	}
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			if a[start+i] == b[start+j] {
				length[i][j] = length[i+1][j+1] + 1
			} else {
				length[i][j] = max(length[i+1][j], length[i][j+1])
			}
		}
	}
	for i, j := 0, 0; i < n && j < m; {
		switch {
		case a[start+i] == b[start+j]:
			in[start+j] = start + i
			i++
			j++
		case length[i+1][j] >= length[i][j+1]:
			i++
		default:
			j++
		}
	}
	return in
}

// editPairs edits metadata: changed values in place, new keys at the end.
func (d *document) editPairs(e entry, metadata map[string]string) (string, bool) {
	n := e.value
	flow := n.Style&yaml.FlowStyle != 0
	if n.Kind != yaml.MappingNode || n.Anchor != "" || n.Style&^yaml.FlowStyle != 0 {
		return "", false
	}
	var pieces []piece
	var steps []step
	indent := ""
	seen := map[string]bool{}
	for i := 0; i < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			return "", false
		}
		from := d.tree.offset(key) // before that of its value: see tree.offset
		start, end, ok := d.span(value)
		var p piece
		if flow {
			if !ok {
				return "", false
			}
			p = piece{from, end}
		} else {
			var fits bool
			if p, fits = d.linesOf(n, i, 2, e.end); !fits {
				return "", false
			}
			indent = d.front[p.start:from]
			if !ok { // over several lines, or a block scalar: up to the end of its lines
				start, end = d.tree.offset(value), p.end-len(d.eol())
				ok = start < end && value.Kind == yaml.ScalarNode
			}
		}
		pieces = append(pieces, p)
		was, had := d.fields.Metadata[key.Value]
		now, has := metadata[key.Value]
		seen[key.Value] = true
		switch {
		case has == had && (!has || now == was):
			steps = append(steps, step{len(pieces) - 1, d.front[p.start:p.end]})
		case !has:
		case !ok || start == end:
			return "", false
		default:
			steps = append(steps, step{len(pieces) - 1, d.front[p.start:start] + quoteAs(value.Style, now) + d.front[end:p.end]})
		}
	}
	for _, k := range slices.Sorted(maps.Keys(metadata)) {
		if seen[k] {
			continue
		}
		text := quote(k) + ": " + quote(metadata[k])
		if !flow {
			text = indent + text + d.eol()
		}
		steps = append(steps, step{-1, text})
	}
	return d.apply(e, pieces, steps, flow)
}

// linesOf returns the lines of the item that starts with child i of the block
// collection n, whose items have width children each and which ends at end.
func (d *document) linesOf(n *yaml.Node, i, width, end int) (piece, bool) {
	first := n.Content[i].Line - 1
	lines := d.tree.lines
	p := piece{lines[first].offset, end}
	if i+width < len(n.Content) {
		next := n.Content[i+width].Line - 1
		if next <= first {
			return piece{}, false
		}
		p.end = lines[next].offset
	}
	p.end = d.tree.trimGap(first+1, p.end, n.Column-1)
	return p, true
}

// apply writes the steps over the pieces of an entry.
func (d *document) apply(e entry, pieces []piece, steps []step, flow bool) (string, bool) {
	if flow {
		return d.applyFlow(e, pieces, steps)
	}
	if len(pieces) == 0 {
		return "", false
	}
	var b strings.Builder
	b.WriteString(d.front[e.start:pieces[0].start])
	last := 0 // pieces before it are done, the gap before it too
	pass := func(to int) {
		for ; last < to; last++ {
			if last+1 < len(pieces) {
				b.WriteString(d.front[pieces[last].end:pieces[last+1].start])
			}
		}
	}
	for _, s := range steps {
		if s.old >= 0 {
			pass(s.old)
		}
		b.WriteString(s.text)
		if s.old >= 0 {
			pass(s.old + 1)
		}
	}
	pass(len(pieces))
	b.WriteString(d.front[pieces[len(pieces)-1].end:e.end])
	return b.String(), true
}

func (d *document) applyFlow(e entry, pieces []piece, steps []step) (string, bool) {
	var head, tail int
	if len(pieces) > 0 {
		head, tail = pieces[0].start, pieces[len(pieces)-1].end
	} else {
		head = d.tree.offset(e.value) + 1
		tail = head
	}
	var b strings.Builder
	b.WriteString(d.front[e.start:head])
	for i, s := range steps {
		switch {
		case i == 0:
		case s.old > 0 && steps[i-1].old == s.old-1:
			b.WriteString(d.front[pieces[s.old-1].end:pieces[s.old].start])
		default:
			b.WriteString(", ")
		}
		b.WriteString(s.text)
	}
	b.WriteString(d.front[tail:e.end])
	return b.String(), true
}
