package gittest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// RandomPaths are what a random history plays with. Some are not templates.
var RandomPaths = []string{
	"a.prompty", "b.prompty", "c d.prompty", "größe.prompty", "@acme/t.prompty", "Case.prompty", "case.prompty",
	"d/a.prompty", "d/b.prompty", "d/e/f.prompty", "d/e.prompty", "a/b.prompty", "x/y/z/w.prompty",
	"a.prompty/x.prompty", ".a.prompty/x.prompty", "a/b.prompty/deep/c.prompty", // clash with files above
	"README.md", "d/notes.txt", "UP.PROMPTY", ".hidden.prompty", ".prompty", "d/.prompty", "con.prompty", "d/q\"uote.prompty",
}

type entry struct{ mode, data string } // data is a mark, or a commit's ID

// A random history in the making: what git fast-import reads.
type random struct {
	*rand.Rand
	out   strings.Builder
	marks int
	blobs map[string]string // text → mark
	tips  []tip             // by branch; the first is main
	past  []tip
}

type tip struct {
	mark string // "" for none yet
	tree map[string]entry
}

// Random fills an empty repository with a history of main and of side branches
// that only this seed gives: merges of two and more, criss-cross and the wrong
// way round, roots in the middle, reverts, renames, changes of mode, empty
// commits, symbolic links, submodules, files that become folders and back, and
// trailers that mean something, or seem to.
func (r *Repo) Random(seed uint64, commits int) {
	r.t.Helper()
	g := &random{Rand: rand.New(rand.NewPCG(seed, 7)), blobs: map[string]string{}, tips: make([]tip, 4)}
	for i := range g.tips {
		g.tips[i].tree = map[string]entry{}
	}
	for range commits {
		g.step()
	}
	r.Pipe(g.out.String(), "fast-import", "--quiet", "--force", "--date-format=raw")
	if !r.Bare {
		r.Git("reset", "-q", "--hard", "main")
	}
}

func (g *random) step() {
	k := 0
	if g.IntN(3) == 0 {
		k = 1 + g.IntN(len(g.tips)-1)
	}
	at := &g.tips[k]
	var parents []string
	if at.mark != "" {
		parents = []string{at.mark}
	}
	tree := maps.Clone(at.tree)
	switch x := g.IntN(20); {
	case k > 0 && x < 5 && len(g.past) > 0: // the branch begins anew somewhere
		from := g.past[g.IntN(len(g.past))]
		parents, tree = []string{from.mark}, maps.Clone(from.tree)
	case k > 0 && x == 5: // or nowhere
		parents, tree = nil, map[string]entry{}
	case x < 11: // a merge
		for _, j := range g.Perm(len(g.tips))[:1+g.IntN(3)] {
			other := g.tips[j]
			if other.mark == "" || slices.Contains(parents, other.mark) || at.mark == "" {
				continue
			}
			parents = append(parents, other.mark)
			all := g.IntN(2) == 0
			for _, p := range slices.Sorted(maps.Keys(other.tree)) {
				if all || g.IntN(3) == 0 {
					put(tree, p, other.tree[p])
				}
			}
		}
		if len(parents) == 2 && g.IntN(15) == 0 {
			slices.Reverse(parents)
		}
	}
	if len(parents) < 2 || g.IntN(4) == 0 {
		for range g.IntN(6) {
			g.change(tree)
		}
	}
	g.commit(k, parents, tree)
}

func put(tree map[string]entry, p string, e entry) {
	for q := range tree {
		if strings.HasPrefix(q, p+"/") || strings.HasPrefix(p, q+"/") {
			delete(tree, q)
		}
	}
	tree[p] = e
}

func (g *random) change(tree map[string]entry) {
	p := RandomPaths[g.IntN(len(RandomPaths))]
	was, there := tree[p]
	switch x := g.IntN(20); {
	case x < 12:
		mode := "100644"
		if there && was.mode == "100755" {
			mode = was.mode
		}
		put(tree, p, entry{mode, g.text(p)})
	case x == 12:
		put(tree, p, entry{"120000", g.blob("a.prompty")})
	case x == 13:
		put(tree, p, entry{"160000", fmt.Sprintf("%040x", g.Uint64())})
	case x == 14 && g.IntN(3) == 0: // a whole folder goes
		dir, _, _ := strings.Cut(p, "/")
		maps.DeleteFunc(tree, func(q string, _ entry) bool { return q == dir || strings.HasPrefix(q, dir+"/") })
	case x < 17 && strings.HasPrefix(was.mode, "100"):
		if was.mode == "100644" {
			was.mode = "100755"
		} else {
			was.mode = "100644"
		}
		tree[p] = was
	case x == 17 && there: // a rename
		delete(tree, p)
		put(tree, RandomPaths[g.IntN(len(RandomPaths))], was)
	default:
		delete(tree, p)
	}
}

// text makes one of few texts for a path, so that some come back.
func (g *random) text(p string) string {
	switch n := g.IntN(7); n {
	case 0:
		return g.blob("")
	case 1:
		return g.blob(fmt.Sprintf("---\ntags: [t%d]\n---\nin %s\n", g.IntN(3), p))
	default:
		return g.blob(fmt.Sprintf("text %d of %s\r\n", n, p))
	}
}

func (g *random) blob(text string) string {
	if g.blobs[text] == "" {
		g.marks++
		g.blobs[text] = fmt.Sprintf(":%d", g.marks)
		fmt.Fprintf(&g.out, "blob\nmark :%d\ndata %d\n%s\n", g.marks, len(text), text)
	}
	return g.blobs[text]
}

var randomAuthors = []string{"ann <>", "Ann Lee <ann@example.org>", "Zoë Ünal <z@x>", "b.o.t <bot@bots>", "A \"Q\" B <q@q>"}

func (g *random) commit(k int, parents []string, tree map[string]entry) {
	g.marks++
	mark := fmt.Sprintf(":%d", g.marks)
	branch := "refs/heads/main"
	if k > 0 {
		branch = fmt.Sprintf("refs/heads/side%d", k)
	}
	if len(parents) == 0 {
		fmt.Fprintf(&g.out, "reset %s\n\n", branch)
	}
	when := Epoch + int64(g.marks)*100 + g.Int64N(2000)
	message := g.message()
	fmt.Fprintf(&g.out, "commit %s\nmark %s\nauthor %s %d -0330\ncommitter %s <%s> %d +0000\ndata %d\n%s\n",
		branch, mark, randomAuthors[g.IntN(len(randomAuthors))], when, Name, Email, when+5, len(message), message)
	for i, p := range parents {
		fmt.Fprintf(&g.out, "%s %s\n", []string{"from", "merge"}[min(i, 1)], p)
	}
	g.out.WriteString("deleteall\n")
	for _, p := range slices.Sorted(maps.Keys(tree)) {
		quoted := p
		if strings.Contains(p, `"`) {
			quoted = `"` + strings.ReplaceAll(p, `"`, `\"`) + `"`
		}
		fmt.Fprintf(&g.out, "M %s %s %s\n", tree[p].mode, tree[p].data, quoted)
	}
	g.tips[k] = tip{mark, tree}
	g.past = append(g.past, g.tips[k])
}

// message writes one, with trailers at times.
func (g *random) message() string {
	subject := fmt.Sprintf("Change %d", g.marks)
	if g.IntN(8) == 0 {
		subject = fmt.Sprintf("Merge pull request #%d from x/y", g.marks)
	}
	p := RandomPaths[g.IntN(len(RandomPaths))]
	name := strings.TrimSuffix(p, ".prompty")
	if short, ok := strings.CutPrefix(name, "d/"); ok && g.IntN(2) == 0 {
		name = short // as a store with dir=d would say it
	}
	trailer := "Prompty-Save: " + name
	if g.IntN(2) == 0 {
		trailer = fmt.Sprintf("Prompty-Delete-Version: %s@%d", name, 1+g.IntN(5))
	}
	if g.IntN(3) == 0 {
		trailer += "\nPrompty-Path: " + p
	}
	switch g.IntN(16) {
	case 0, 1, 2, 3, 4:
		return subject + "\n\n" + trailer + "\n"
	case 5:
		return subject + "\n\nWhy it had to be.\n\n" + trailer + "\nSigned-off-by: A B <a@b>"
	case 6:
		return subject + "\n\n" + trailer + "\n\nNot the last paragraph, so no trailer.\n"
	case 7:
		return trailer
	case 8:
		return subject + "\n" + trailer
	case 9:
		return subject + "\n\nSome prose in the\nlast paragraph\n" + trailer + "\n"
	case 10:
		return subject + "\n\n" + strings.ToLower(trailer) + "\n"
	}
	return subject
}
