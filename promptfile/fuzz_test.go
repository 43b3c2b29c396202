package promptfile

import (
	"testing"
	"unicode/utf8"
)

// FuzzFile: no file makes Decode or ParseHeader panic, and whatever Decode
// gives goes back into a file.
func FuzzFile(f *testing.F) {
	for _, s := range []string{
		"", "---\n---\n", "---\ntags: [a, \"b\"]\nmetadata:\n  k: v\nx: &a [1, *a]\n---\nbody", "\ufeff---\r\ntags:\r\n- a\r\n---\r\n", "---\n{tags: [a], x: 1}\n---\n",
		"---\n? tags\n: |\n  a\n...\n---\n", "---\ninputs: {a: {type: int, default: 1, enum: [1]}}\nexecution: {temperature: 1}\n---\n", "---\ntags: >-\n a\n  # b\n\n# c\n<<: {}\n---\n", "---\nx: 1\u0085tags: 'a\n\n  b'\ry: \"\\u2028\"\n---\n",
	} {
		f.Add([]byte(s), "---\ny: 1\n---\n", "a", "k", "v")
	}
	f.Fuzz(func(t *testing.T, file []byte, other, tag, key, value string) {
		source, fields, err := Decode("f", file)
		if err == nil {
			if back := Encode(file, source, fields); string(back) != string(file) {
				t.Fatalf("Encode(base, Decode(base)) = %q, want %q", back, file)
			}
			checkLaw(t, nil, source, fields)
		}
		if _, err := ParseHeader("f", source); err != nil && err.Error() == "" {
			t.Fatal("an error without words")
		}
		for _, s := range []string{other, tag, key, value} {
			if !utf8.ValidString(s) {
				return
			}
		}
		if checkText("", other) != nil {
			return
		}
		changed := fields
		changed.Tags = append([]string{tag}, fields.Tags...)
		changed.Metadata = map[string]string{key: value}
		changed.TenantID = value
		checkLaw(t, file, other, changed)
		if checkText("", source) == nil {
			checkLaw(t, file, source, changed)
			checkLaw(t, file, source+other, fields)
		}
	})
}
