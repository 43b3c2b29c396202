package migrate

import (
	"fmt"
	"strings"
)

// jinjaNode is a part of a template.
type jinjaNode struct {
	tag      *jinjaTag
	branches []jinjaBranch // of if and for
	word     string        // if, for, set, else "" for a text, a print and so on
}

// jinjaBranch is a part of an if or a for: up to elif, else or its end.
type jinjaBranch struct {
	tag  *jinjaTag
	word string
	body []*jinjaNode
}

// parseJinja nests the tags. Blocks that it does not know are left to the
// lowering, which reports them, as long as they have no end.
func parseJinja(tags []*jinjaTag) ([]*jinjaNode, error) {
	type frame struct {
		node *jinjaNode
		body *[]*jinjaNode
	}
	var root []*jinjaNode
	stack := []frame{{nil, &root}}
	for _, t := range tags {
		top := &stack[len(stack)-1]
		if t.kind != jinjaBlock {
			*top.body = append(*top.body, &jinjaNode{tag: t})
			continue
		}
		word := jinjaWord.FindString(strings.TrimSpace(t.text))
		switch word {
		case "if", "for":
			if len(stack) > mostDepth {
				return nil, &fault{t.at, errDeep.Error()}
			}
			n := &jinjaNode{tag: t, word: word, branches: []jinjaBranch{{tag: t, word: word}}}
			*top.body = append(*top.body, n)
			stack = append(stack, frame{n, &n.branches[0].body})
		case "elif", "else":
			if top.node == nil || word == "elif" && top.node.word == "for" || top.node.branches[len(top.node.branches)-1].word == "else" {
				return nil, &fault{t.at, fmt.Sprintf("{%% %s %%} belongs to nothing", word)}
			}
			top.node.branches = append(top.node.branches, jinjaBranch{tag: t, word: word})
			top.body = &top.node.branches[len(top.node.branches)-1].body
		case "endif", "endfor":
			if top.node == nil || "end"+top.node.word != word {
				return nil, &fault{t.at, fmt.Sprintf("{%% %s %%} closes nothing", word)}
			}
			stack = stack[:len(stack)-1]
		default:
			*top.body = append(*top.body, &jinjaNode{tag: t, word: word})
		}
	}
	if n := stack[len(stack)-1].node; n != nil {
		return nil, &fault{n.tag.at, fmt.Sprintf("{%% %s %%} is not closed: {%% end%s %%} is missing", n.word, n.word)}
	}
	return root, nil
}
