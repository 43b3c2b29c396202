package cli

import (
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"unicode"

	"github.com/tiktoken-go/tokenizer/codec"
)

const defaultTokenizer = "o200k_base"

// tokenizers are the encodings that OpenAI's models in service have, by the
// names that OpenAI gives them. What is linked is only what stands here; each
// vocabulary is built when it is first asked for.
var tokenizers = []struct {
	name string
	open func() *codec.Codec
}{
	{"cl100k_base", codec.NewCl100kBase},
	{"o200k_base", codec.NewO200kBase},
}

func tokenizerNames() []string {
	names := make([]string, len(tokenizers))
	for i, t := range tokenizers {
		names[i] = t.name
	}
	return names
}

// checkTokenizer refuses a name that is none; source is where it stands.
func checkTokenizer(source, name string) error {
	names := tokenizerNames()
	if slices.Contains(names, name) {
		return nil
	}
	hint := "o200k_base counts for gpt-4o, gpt-4.1, gpt-5 and the o models, cl100k_base for gpt-4 and gpt-3.5; those of other makers are not published"
	return usage(fmt.Errorf("%s: unknown tokenizer %q", source, name), withGuess(name, names, hint))
}

// counter counts the tokens of texts.
type counter struct {
	name  string
	codec *codec.Codec // opened for the first text
}

// longestRun is the most bytes of one kind without a break that are counted:
// what the tokenizer cannot cut in pieces takes it time with the square of the
// length.
const longestRun = 1 << 16

func (c *counter) count(text string) (int, error) {
	if n := runLength(text); n > longestRun {
		return 0, fmt.Errorf("tokens are not counted: the output has %d bytes of one kind (letters, white space or others) without a break; --stats counts up to %d", n, longestRun)
	}
	if c.codec == nil {
		for _, t := range tokenizers {
			if t.name == c.name {
				c.codec = t.open()
			}
		}
	}
	return c.codec.Count(text)
}

// runLength is the length in bytes of the longest part of text that is all
// letters and marks, all white space, or all of what is neither nor a digit.
// No piece that the tokenizer makes is longer by more than a few bytes.
func runLength(text string) int {
	const (
		none = iota
		letters
		space
		others
	)
	longest, start, kind := 0, 0, none
	for i, r := range text {
		now := others
		switch {
		case unicode.IsLetter(r) || unicode.IsMark(r):
			now = letters
		case unicode.IsSpace(r):
			now = space
		case unicode.IsNumber(r):
			now = none // three at a time
		}
		if now != kind || now == none {
			longest, start, kind = max(longest, i-start), i, now
		}
	}
	return max(longest, len(text)-start)
}

// tokenizerLibrary names the library that counts, with its version where the
// build knows it.
func tokenizerLibrary() string {
	const path = "github.com/tiktoken-go/tokenizer"
	name := strings.TrimPrefix(path, "github.com/")
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return name
	}
	for _, m := range info.Deps {
		if m.Path == path && m.Replace == nil {
			return name + " " + m.Version
		}
	}
	return name
}
