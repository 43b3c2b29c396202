package diff

import (
	"unicode"
	"unicode/utf8"
)

// Span is a run of bytes, End excluded.
type Span struct{ Start, End int }

// Words compares two texts word by word and returns what stands only in before
// and only in after, in order, no span touching the next. Texts that have less
// than a third of their letters in common give none: nothing in them corresponds.
func Words(before, after string) (removed, added []Span) {
	a, b := words(before), words(after)
	for _, c := range compare(a.text, b.text) {
		removed = a.join(removed, c.Start, c.End)
		added = b.join(added, c.ReplStart, c.ReplEnd)
	}
	// A third, of the shorter text: one that only grew has all in common.
	if common := min(letters(before)-lettersIn(before, removed), letters(after)-lettersIn(after, added)); 3*common < min(letters(before), letters(after)) || common == 0 {
		return nil, nil
	}
	return removed, added
}

// wordList is a text cut into words, blanks and single signs.
type wordList struct {
	all  string
	text []string
	at   []int // where each starts; one more than text has, the last is the text's length
}

func words(s string) *wordList {
	w := &wordList{all: s, at: []int{0}}
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		end, kind := i+size, kindOf(r)
		for kind != sign && end < len(s) {
			r, size := utf8.DecodeRuneInString(s[end:])
			if kindOf(r) != kind {
				break
			}
			end += size
		}
		w.text, w.at = append(w.text, s[i:end]), append(w.at, end)
		i = end
	}
	return w
}

// join adds the words from first to last to the spans; one that only blanks of
// one line keep from the span before becomes one with it.
func (w *wordList) join(spans []Span, first, last int) []Span {
	if first == last {
		return spans
	}
	s := Span{w.at[first], w.at[last]}
	if n := len(spans); n > 0 && blankBetween(w.all[spans[n-1].End:s.Start]) {
		spans[n-1].End = s.End
		return spans
	}
	return append(spans, s)
}

func blankBetween(s string) bool {
	for _, r := range s {
		if r != ' ' && r != '\t' {
			return false
		}
	}
	return true
}

type kind uint8

const (
	sign  kind = iota // stands alone: punctuation, a line end, a letter of a script without spaces
	blank             // spaces and tabs
	word
)

// spaceless are scripts that put no spaces between words.
var spaceless = []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar}

func kindOf(r rune) kind {
	switch {
	case r == ' ' || r == '\t':
		return blank
	case r < utf8.RuneSelf && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_'):
		return word
	case r < utf8.RuneSelf, unicode.In(r, spaceless...):
		return sign
	case unicode.IsLetter(r), unicode.IsMark(r), unicode.IsNumber(r):
		return word
	}
	return sign
}

// letters counts the runes that are no white space.
func letters(s string) int {
	n := 0
	for _, r := range s {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}

func lettersIn(s string, spans []Span) int {
	n := 0
	for _, sp := range spans {
		n += letters(s[sp.Start:sp.End])
	}
	return n
}
