package attributes

import (
	"bytes"
	"strings"
)

// Settings are core.autocrlf and core.eol.
type Settings struct {
	AutoCRLF string // "true", "input" or anything else
	EOL      string // "lf", "crlf" or anything else
	Native   string // "crlf" on Windows
}

// Names are the attributes that NewConversion takes, in this order.
var Names = []string{"text", "crlf", "eol", "filter", "ident", "working-tree-encoding"}

// A Conversion is how the line ends of one path differ between the repository
// and the work tree. The zero value changes nothing.
type Conversion struct {
	text  bool // CRLF becomes LF on the way in
	guess bool // but only in what looks like text
	crlf  bool // LF becomes CRLF on the way out
}

// NewConversion takes the values of Names, by the rules of convert_attrs and
// output_eol in git's convert.c. unsupported names an attribute that asks for
// another conversion.
func NewConversion(values []Value, set Settings) (c Conversion, unsupported string) {
	text, crlf, eol := values[0], values[1], values[2]
	switch filter, ident, encoding := values[3], values[4], values[5]; {
	case filter != Unspecified && filter != Unset && filter != Set:
		return c, "filter"
	case ident == Set:
		return c, "ident"
	case encoding != Unspecified && encoding != Unset && encoding != Set &&
		!strings.EqualFold(string(encoding), "utf-8") && !strings.EqualFold(string(encoding), "utf8"):
		return c, "working-tree-encoding"
	}
	known := func(v Value) bool { return v == Set || v == Unset || v == "input" || v == "auto" }
	if !known(text) {
		text = crlf
	}
	native := set.AutoCRLF == "true" || set.AutoCRLF != "input" &&
		(set.EOL == "crlf" || set.EOL != "lf" && set.Native == "crlf")
	switch {
	case text == Unset:
		return c, ""
	case text == "auto":
		c = Conversion{text: true, guess: true, crlf: native}
	case text == "input":
		c = Conversion{text: true}
	case text == Set:
		c = Conversion{text: true, crlf: native}
	case eol == "lf" || eol == "crlf":
		c = Conversion{text: true}
	case set.AutoCRLF == "true" || set.AutoCRLF == "input":
		return Conversion{text: true, guess: true, crlf: set.AutoCRLF == "true"}, ""
	default:
		return c, ""
	}
	if eol == "lf" || eol == "crlf" {
		c.crlf = eol == "crlf"
	}
	return c, ""
}

// stats of a text's bytes.
type stats struct {
	nul, loneCR, loneLF, crlf int
	printable, other          int
}

func gather(data []byte) (s stats) {
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case c == '\r' && i+1 < len(data) && data[i+1] == '\n':
			s.crlf++
			i++
		case c == '\r':
			s.loneCR++
		case c == '\n':
			s.loneLF++
		case c == 127:
			s.other++
		case c < 32:
			switch c {
			case '\b', '\t', '\033', '\014':
				s.printable++
			case 0:
				s.nul++
				s.other++
			default:
				s.other++
			}
		default:
			s.printable++
		}
	}
	if n := len(data); n > 0 && data[n-1] == '\032' {
		s.other-- // a DOS end of file
	}
	return s
}

// binary is git's guess.
func (s *stats) binary() bool { return s.loneCR > 0 || s.nul > 0 || s.printable>>7 < s.other }

// ToGit converts what is in a file to what the repository stores. indexed gives
// the blob in the index: where git guesses, a text that has CRLF there keeps it.
func (c Conversion) ToGit(data []byte, indexed func() []byte) []byte {
	if !c.text || bytes.IndexByte(data, '\r') < 0 {
		return data
	}
	s := gather(data)
	if s.crlf == 0 || c.guess && s.binary() {
		return data
	}
	if c.guess {
		if was := gather(indexed()); !was.binary() && was.crlf > 0 {
			return data
		}
	}
	return bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
}

// ToFile converts what the repository stores to what checkout writes.
func (c Conversion) ToFile(data []byte) []byte {
	if !c.crlf || len(data) == 0 {
		return data
	}
	s := gather(data)
	if s.loneLF == 0 || c.guess && (s.loneCR > 0 || s.crlf > 0 || s.binary()) {
		return data
	}
	out := make([]byte, 0, len(data)+s.loneLF)
	for i, b := range data {
		if b == '\n' && (i == 0 || data[i-1] != '\r') {
			out = append(out, '\r')
		}
		out = append(out, b)
	}
	return out
}

// RoundTrips reports whether data, once it is in the index and the work tree,
// is what git would store of that file.
func (c Conversion) RoundTrips(data []byte) bool {
	return bytes.Equal(c.ToGit(c.ToFile(data), func() []byte { return data }), data)
}
