package cli

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The vocabularies are OpenAI's, byte for byte: written as OpenAI publishes
// them, they have the hashes that its own library checks its downloads with
// (openai/tiktoken, tiktoken_ext/openai_public.py).
func TestVocabularies(t *testing.T) {
	t.Parallel()
	published := map[string]string{
		"cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
		"o200k_base":  "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
	}
	for _, tok := range tokenizers {
		t.Run(tok.name, func(t *testing.T) {
			t.Parallel()
			codec := tok.open()
			var file []byte
			for id := uint(0); ; id++ {
				token, err := codec.Decode([]uint{id})
				if err != nil {
					break
				}
				file = base64.StdEncoding.AppendEncode(file, []byte(token))
				file = strconv.AppendUint(append(file, ' '), uint64(id), 10)
				file = append(file, '\n')
			}
			if got := fmt.Sprintf("%x", sha256.Sum256(file)); got != published[tok.name] {
				t.Errorf("the vocabulary has the hash %s, want %s", got, published[tok.name])
			}
		})
	}
}

// Vectors from openai/tiktoken: tests/test_encoding.py for cl100k_base. Those for
// o200k_base are what its release 1.0.22 for JavaScript, which is the same
// Rust code, gives.
func TestTokens(t *testing.T) {
	t.Parallel()
	vectors := map[string][]struct {
		text string
		want []uint
	}{
		"cl100k_base": {
			{"hello world", []uint{15339, 1917}},
			{"", nil},
			{"rer", []uint{38149}},
			{"'rer", []uint{2351, 81}},
			{"today\n ", []uint{31213, 198, 220}},
			{"today\n \n", []uint{31213, 27907}},
			{"today\n  \n", []uint{31213, 14211}},
			{" \u00850", []uint{220, 126, 227, 15}},
			{"👍", []uint{9468, 239, 235}},
		},
		"o200k_base": {
			{"hello world", []uint{24912, 2375}},
			{"", nil},
			{"rer", []uint{27653}},
			{"today\n \n", []uint{58744, 47812}},
			{"today\n  \n", []uint{58744, 31835}},
			{"👍", []uint{82514}},
		},
	}
	for _, tok := range tokenizers {
		codec := tok.open()
		for _, v := range vectors[tok.name] {
			if got, _, err := codec.Encode(v.text); err != nil || !slices.Equal(got, v.want) {
				t.Errorf("%s of %q = %d, %v; want %d", tok.name, v.text, got, err, v.want)
			}
			c := &counter{name: tok.name}
			if got, err := c.count(v.text); err != nil || got != len(v.want) {
				t.Errorf("count of %q by %s = %d, %v; want %d", v.text, tok.name, got, err, len(v.want))
			}
		}
	}
}

func TestRunLength(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"":                     0,
		"abc de":               3,
		"a  \n\n b":            5,
		"x=====y":              5,
		"123456":               1,
		"ab1cd2efg":            3,
		"e\u0301a\u0301":       6,
		"\n":                   1,
		"go go go.. go":        2,
		"a1" + "中文字":           9,
		strings.Repeat("(", 9): 9,
	} {
		if got := runLength(text); got != want {
			t.Errorf("runLength(%q) = %d, want %d", text, got, want)
		}
	}
}
