package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-prompty/prompty/engine"
)

// stats is what render --stats tells.
type stats struct {
	extent
	Tokenizer string         `json:"tokenizer"`
	Library   string         `json:"tokenizer_library"`
	Messages  []messageStats `json:"messages,omitempty"` // with --messages
	CompileNS int64          `json:"compile_ns"`         // reading what is included, too
	RenderNS  int64          `json:"render_ns"`
	Templates []string       `json:"templates"` // included and extended, directly and through others
}

// extent is how much text there is.
type extent struct {
	Bytes      int `json:"bytes"`
	CodePoints int `json:"code_points"`
	Lines      int `json:"lines"`
	Tokens     int `json:"tokens"`
}

// messageStats is one message's part.
type messageStats struct {
	Role string `json:"role"`
	Name string `json:"name,omitempty"`
	extent
}

// costs are what a rendering took, and of what it was made.
type costs struct {
	compile, render time.Duration
	refs            []engine.Ref
}

// tokenizer returns the name to count with: --tokenizer, else what prompty.yaml
// says.
func (a *app) tokenizer(flag string) (string, error) {
	if flag != "" {
		return flag, checkTokenizer("--tokenizer", flag)
	}
	p, err := a.project()
	if err != nil {
		return "", err
	}
	if p.Tokenizer != "" {
		return p.Tokenizer, checkTokenizer(p.Path, p.Tokenizer)
	}
	return defaultTokenizer, nil
}

// measure counts what was rendered. Of messages it counts the contents: what
// a model's chat format puts around them is its maker's affair.
func (c *counter) measure(res *result) (*stats, error) {
	s := &stats{Tokenizer: c.name, Library: tokenizerLibrary(), Templates: []string{}}
	s.CompileNS, s.RenderNS = res.compile.Nanoseconds(), res.render.Nanoseconds()
	for _, ref := range res.refs {
		s.Templates = append(s.Templates, ref.String())
	}
	var err error
	if res.messages == nil {
		s.extent, err = extentOf(res.text, c)
		return s, err
	}
	for _, m := range res.messages {
		one := messageStats{Role: m.Role, Name: m.Name}
		if one.extent, err = extentOf(m.Content, c); err != nil {
			return nil, err
		}
		s.Messages = append(s.Messages, one)
		s.Bytes += one.Bytes
		s.CodePoints += one.CodePoints
		s.Lines += one.Lines
		s.Tokens += one.Tokens
	}
	return s, nil
}

func extentOf(text string, c *counter) (extent, error) {
	tokens, err := c.count(text)
	lines := strings.Count(text, "\n")
	if text != "" && !strings.HasSuffix(text, "\n") {
		lines++ // the last one has no end
	}
	return extent{len(text), utf8.RuneCountInString(text), lines, tokens}, err
}

// String is for people: one fact a line, then the messages.
func (s *stats) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "tokens     %d (%s, %s)\n", s.Tokens, s.Tokenizer, s.Library)
	for i, m := range s.Messages {
		role := printable(m.Role)
		if m.Name != "" {
			role += " (" + printable(m.Name) + ")"
		}
		fmt.Fprintf(&b, "  %d %s: tokens %d, bytes %d\n", i+1, role, m.Tokens, m.Bytes)
	}
	fmt.Fprintf(&b, "bytes      %d\ncharacters %d\nlines      %d\n", s.Bytes, s.CodePoints, s.Lines)
	fmt.Fprintf(&b, "compiled   %s\nrendered   %s\n", shortTime(s.CompileNS), shortTime(s.RenderNS))
	if len(s.Templates) > 0 {
		fmt.Fprintf(&b, "uses       %s\n", printable(strings.Join(s.Templates, ", ")))
	}
	return b.String()
}

// tokenText is the number of tokens for a line with other things, and how many
// more or fewer there were before; "" without --stats.
func (r *result) tokenText(before *shown) string {
	if r.stats == nil {
		return ""
	}
	text := strconv.Itoa(r.stats.Tokens) + " tokens"
	if before != nil && before.stats != nil && before.stats.Tokens != r.stats.Tokens {
		text += fmt.Sprintf(" (%+d)", r.stats.Tokens-before.stats.Tokens)
	}
	return text
}

// shortTime shows a time with three digits.
func shortTime(ns int64) string {
	for _, u := range []struct {
		ns   float64
		name string
	}{{1e9, "s"}, {1e6, "ms"}, {1e3, "µs"}} {
		if n := float64(ns) / u.ns; n >= 1 {
			return strconv.FormatFloat(n, 'g', 3, 64) + " " + u.name
		}
	}
	return strconv.FormatInt(ns, 10) + " ns"
}
