package object

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/go-prompty/prompty/gitstore/internal/gittest"
)

func TestHashAsGit(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t)
	for _, text := range []string{"", "x", "größe\r\n", strings.Repeat("long text ", 100_000)} {
		want := r.Pipe(text, "hash-object", "--stdin")
		got, err := HashBlob([]byte(text))
		if err != nil || got.String() != want || Hash(KindBlob, []byte(text)) != got {
			t.Errorf("HashBlob(%.20q) = %v, %v, Hash says %v, git %s", text, got, err, Hash(KindBlob, []byte(text)), want)
		}
	}
}

func TestParseID(t *testing.T) {
	t.Parallel()
	const text = "0123456789abcdef0123456789abcdef01234567"
	id, err := ParseID(text)
	if err != nil || id.String() != text || id.IsZero() {
		t.Errorf("ParseID(%s) = %v, %v", text, id, err)
	}
	if upper, err := ParseID(strings.ToUpper(text)); err != nil || upper != id {
		t.Errorf("in upper case: %v, %v, want %v", upper, err, id)
	}
	for _, bad := range []string{"", "01", text + "0", text[:39], text[:39] + "g", "0x" + text[:38], strings.Repeat("é", 20)} {
		if id, err := ParseID(bad); err == nil || !id.IsZero() {
			t.Errorf("ParseID(%q) = %v, want an error", bad, id)
		}
	}
	if (ID{1}).Compare(ID{2}) >= 0 || (ID{1}).Compare(ID{1}) != 0 {
		t.Error("Compare does not order by bytes")
	}
	if got := string(id.Append([]byte("id "))); got != "id "+text {
		t.Errorf("Append = %q", got)
	}
}

func TestKinds(t *testing.T) {
	t.Parallel()
	for _, k := range []Kind{KindCommit, KindTree, KindBlob, KindTag} {
		if back, err := ParseKind(k.String()); err != nil || back != k {
			t.Errorf("ParseKind(%q) = %v, %v", k.String(), back, err)
		}
	}
	for _, word := range []string{"", "Blob", "kind 9"} {
		if k, err := ParseKind(word); err == nil {
			t.Errorf("ParseKind(%q) = %v, want an error", word, k)
		}
	}
	if got := Kind(9).String(); got != "kind 9" {
		t.Errorf("String = %q", got)
	}
	if got := string(AppendHeader(nil, KindTag, 12)); got != "tag 12\x00" {
		t.Errorf("AppendHeader = %q", got)
	}
}

func TestParseTag(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	commit := r.Commit("one", "a", "a")
	r.Git("tag", "-a", "-m", "first", "v1")
	r.Git("tag", "-a", "-m", "of a tag", "v2", "v1")
	v1 := r.Git("rev-parse", "v1")
	for name, want := range map[string]string{"v1": commit + " commit", "v2": v1 + " tag"} {
		target, kind, err := ParseTag([]byte(rawObject(r, "tag", name)))
		if got := target.String() + " " + kind.String(); err != nil || got != want {
			t.Errorf("ParseTag(%s) = %s, %v, want %s", name, got, err, want)
		}
	}
	id := strings.Repeat("1", 40)
	for _, raw := range []string{"", "object", "object " + id, "object " + id + "\ntype ", "object " + id + "\ntype commit", "object " + id + "\ntype x\n", "object 12\ntype commit\n", "x object " + id} {
		if target, kind, err := ParseTag([]byte(raw)); err == nil {
			t.Errorf("ParseTag(%q) = %v %v, want an error", raw, target, kind)
		}
	}
}

// shattered is the beginning of the first file of https://shattered.io, with
// which the attack ends.
const shattered = "JVBERi0xLjMKJeLjz9MKCgoxIDAgb2JqCjw8L1dpZHRoIDIgMCBSL0hlaWdodCAzIDAgUi9UeXBlIDQgMCBSL1N1YnR5cGUgNSAwIFIvRmlsdGVyIDYgMCBS" +
	"L0NvbG9yU3BhY2UgNyAwIFIvTGVuZ3RoIDggMCBSL0JpdHNQZXJDb21wb25lbnQgOD4+CnN0cmVhbQr/2P/+ACRTSEEtMSBpcyBkZWFkISEhISGFL+wJIzl1" +
	"nDmxocY8TJfh//4Bc0bckWa2fhGPApq2IbJWD/nKZ8yox/hbqEx5AwwrPeIY+G2zqQkB1d9FwU8m/t+z3DjpasIv571yjw5FvOBG0jxXD+sUE5i7VS71oKgr" +
	"4zH+pIA3uLXXHw4zLt+TrDUA603cDezBqGR5DHgsdiFWYN0wl5HQa9CvP5jNpLxGKbE="

func TestCollisionAttackIsRefused(t *testing.T) {
	t.Parallel()
	attack, err := base64.StdEncoding.DecodeString(shattered)
	if err != nil {
		t.Fatal(err)
	}
	// The attack works for this beginning of a file, not behind "blob 320":
	// that would have to be computed anew.
	if id, err := checkedSum(nil, attack); !errors.Is(err, ErrCollision) || !id.IsZero() {
		t.Errorf("of the attack: %v, %v, want ErrCollision", id, err)
	}
	if _, err := HashBlob(attack); err != nil {
		t.Errorf("as a blob, which it does not attack: %v", err)
	}
}
