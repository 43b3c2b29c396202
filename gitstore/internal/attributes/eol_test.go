package attributes

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/go-prompty/prompty/gitstore/internal/gittest"
	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// texts to convert: line ends, and what makes git think that a file is binary.
var texts = map[string]string{
	"empty": "", "lf": "a\nb\n", "crlf": "a\r\nb\r\n", "mixed": "a\r\nb\n", "cr": "a\rb\n", "crcrlf": "a\r\r\nb\n", "nul": "a\x00\nb\n",
	"bell": "\a\a\n", "few-bells": strings.Repeat("text ", 60) + "\a\n", "eof": "a\nb\n\x1a", "only-eof": "\x1a", "escape": "\x1b[1mbold\n", "delete": "\x7f\n",
	"no-end": "a\nb", "lf-only": "\n", "crlf-only": "\r\n", "cr-end": "a\r", "utf8": "ä\r\nö\r\n",
}

// TestEOLAsGit compares every setting with every attribute: what git checks out
// of a blob, and what it would store of a file.
func TestEOLAsGit(t *testing.T) {
	t.Parallel()
	attrs := []string{"", "text", "-text", "text=auto", "text=input", "text=junk", "eol=lf", "eol=crlf", "text=auto eol=crlf", "text=auto eol=lf", "-text eol=crlf",
		"text eol=crlf", "text=input eol=crlf", "binary", "crlf", "-crlf", "crlf=input", "crlf=auto", "!text crlf", "text=junk crlf", "eol=junk", "text eol"}
	for _, auto := range []string{"", "true", "input"} {
		for _, eol := range []string{"", "crlf", "lf", "native"} {
			t.Run("autocrlf="+auto+",eol="+eol, func(t *testing.T) {
				t.Parallel()
				r := gittest.WorkTree(t)
				// All blobs first, without conversion.
				var info strings.Builder
				var rules strings.Builder
				for i, a := range attrs {
					fmt.Fprintf(&rules, "a%d/* %s\n", i, a)
					for name, text := range texts {
						r.Write("blobs/"+name, text)
						fmt.Fprintf(&info, "100644 %s\ta%d/%s\n", "@"+name, i, name)
					}
				}
				ids := map[string]string{}
				var list []string
				for name := range texts {
					list = append(list, name)
				}
				out := r.Git(append([]string{"-C", "blobs", "hash-object", "-w", "--no-filters"}, list...)...)
				for i, id := range strings.Split(out, "\n") {
					ids[list[i]] = id
				}
				must(t, os.RemoveAll(r.Path("blobs")))
				index := info.String()
				for name, id := range ids {
					index = strings.ReplaceAll(index, " @"+name+"\t", " "+id+"\t")
				}
				r.Pipe(index, "update-index", "--index-info")
				if auto != "" {
					r.Git("config", "core.autocrlf", auto)
				}
				if eol != "" {
					r.Git("config", "core.eol", eol)
				}
				r.Write(".gitattributes", rules.String())
				r.Git("checkout-index", "-a", "-f")

				parsed := Stack{Builtin(), ParseAttributes([]byte(rules.String()), "", true, false)}
				conv := func(path string) Conversion {
					c, no := NewConversion(parsed.Of(path, Names...), Settings{AutoCRLF: auto, EOL: eol})
					if no != "" {
						t.Fatalf("%s: unsupported %s", path, no)
					}
					return c
				}
				for i, a := range attrs {
					for name, text := range texts {
						path := fmt.Sprintf("a%d/%s", i, name)
						got := conv(path).ToFile([]byte(text))
						want, err := os.ReadFile(r.Path(path))
						must(t, err)
						if string(got) != string(want) {
							t.Errorf("%q, %s: checked out as %q, want %q", a, name, got, want)
						}
					}
				}
				// Each file gets each other text in turn, beside the blob in the index.
				checkIn(t, r, attrs, list, conv)
			})
		}
	}
}

func checkIn(t *testing.T, r *gittest.Repo, attrs, list []string, conv func(string) Conversion) {
	for _, shift := range []int{0, 5} {
		var paths []string
		for i := range attrs {
			for k, name := range list {
				path := fmt.Sprintf("a%d/%s", i, name)
				must(t, os.WriteFile(r.Path(path), []byte(texts[list[(k+shift)%len(list)]]), 0o666))
				paths = append(paths, path)
			}
		}
		// add to an index of its own, so that the next round finds the first.
		raw, err := os.ReadFile(r.Path(".git/index"))
		must(t, err)
		r.Git("-c", "core.safecrlf=false", "add", "--all", "--", ".")
		after := gitIndex(r)
		must(t, os.WriteFile(r.Path(".git/index"), raw, 0o666))
		n := 0
		for _, a := range attrs {
			for k, name := range list {
				was, is := texts[name], texts[list[(k+shift)%len(list)]]
				got := conv(paths[n]).ToGit([]byte(is), func() []byte { return []byte(was) })
				if want := after[paths[n]]; blobID(got) != want {
					t.Errorf("%q, %s, in the index %q: stored as %q (%s), want %s", a, is, was, got, blobID(got), want)
				}
				n++
			}
		}
	}
}

// gitIndex lists the blobs in the index.
func gitIndex(r *gittest.Repo) map[string]string {
	m := map[string]string{}
	for _, line := range lines(r.Git("ls-files", "--stage", "-z")) {
		info, path, _ := strings.Cut(line, "\t")
		m[path] = strings.Fields(info)[1]
	}
	return m
}

func blobID(data []byte) string { return object.Hash(object.KindBlob, data).String() }
