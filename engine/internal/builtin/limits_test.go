package builtin

import (
	"encoding/json"
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/go-prompty/prompty/engine/internal/value"
)

// The limit is on the byte: what just fits is made, one more is refused.
func TestLimits(t *testing.T) {
	t.Parallel()
	const limit = 1024
	small := library(limit)
	x := strings.Repeat("x", limit)
	ints := make([]int, limit/elementBytes)
	for _, tt := range []struct {
		name        string
		fits, above []any
	}{
		{"upper", args(x), args(x + "x")},
		{"upper", args(strings.Repeat("ⱥ", limit/3)), args(strings.Repeat("ɐ", limit/2))},
		{"lower", args(x), args(x + "x")},
		{"title", args(x), args(x + "x")},
		{"replace", args(x[:limit/2], "x", "yy"), args(x[:limit/2+1], "x", "yy")},
		{"replace", args(x[:limit/2-1], "", "y"), args(x[:limit/2], "", "yy")},
		{"replace", args(x, "y", "z"), args(x+"x", "y", "z")},
		{"split", args(x[:len(ints)-1], "x"), args(x[:len(ints)], "x")},
		{"split", args(x[:len(ints)], ""), args(x[:len(ints)+1], "")},
		{"split", args(strings.Repeat("x ", len(ints))), args(strings.Repeat("x ", len(ints)+1))},
		{"split", args(x, "x", 3), args(x, "x", 1000)},
		{"join", args(ints, strings.Repeat("-", 15)), args(ints, strings.Repeat("-", 16))},
		{"join", args([]any{x}, ""), args([]any{x, "x"}, "")},
		{"repeat", args("xx", limit/2), args("xx", limit/2+1)},
		{"repeat", args("x", limit), args("xx", math.MaxInt64)},
		{"lines", args(strings.Repeat("\n", len(ints))), args(strings.Repeat("\n", len(ints)+1))},
		{"indent", args("x", limit-1), args("x", limit)},
		{"indent", args("x\nx", (limit-3)/2), args("x\nx", limit/2)},
		{"indent", args("x", x[1:]), args("x", x)},
		{"wrap", args(x, 10), args(x+"x", 10)},
		{"wrap", args(strings.Repeat("日", 200), 1), args(strings.Repeat("日", 300), 1)},
		{"truncate", args(x, 3, "..."), args(x+x+x, limit+1, "...")},
		{"keys", args(wide(len(ints))), args(wide(len(ints) + 1))},
		{"values", args(wide(len(ints))), args(wide(len(ints) + 1))},
		{"slice", args(ints, 0), args(make([]int, len(ints)+1), 0)},
		{"sort", args(ints), args(make([]int, len(ints)+1))},
		{"unique", args(ints), args(make([]int, len(ints)+1))},
		{"reverse", args(ints), args(make([]int, len(ints)+1))},
		{"reverse", args(x), args(x + "x")},
		{"toString", args([]string{x[4:]}), args([]string{x[3:]})},
		{"toJSON", args(x[2:]), args(x[1:])},
		{"toJSON", args([]int{1}, 8), args([][][][][][][][][][][][][][][]int{{{{{{{{{{{{{{{}}}}}}}}}}}}}}}, 8)},
		{"fromJSON", args(`"` + x[2:] + `"`), args(`"` + x[1:] + `"`)},
		{"fromJSON", args("[" + strings.Repeat("1,", len(ints)-2) + "1]"), args("[" + strings.Repeat("1,", len(ints)+1) + "1]")},
		{"formatDate", args(testNow, x[:1000]), nil},
	} {
		if _, err := small[tt.name].Call(tt.fits); err != nil {
			t.Errorf("%s within the limit: %v", tt.name, err)
		}
		if tt.above == nil {
			continue
		}
		got, err := small[tt.name].Call(tt.above)
		if got != nil || !errors.Is(err, value.ErrTooLong) && !strings.Contains(err.Error(), value.ErrTooLong.Error()) {
			t.Errorf("%s above the limit: %v, %v", tt.name, got, err)
		}
	}
	if _, err := library(10)["formatDate"].Call(args(testNow)); !errors.Is(err, value.ErrTooLong) {
		t.Errorf("formatDate above the limit: %v", err)
	}
}

func wide(n int) map[int]int {
	m := map[int]int{}
	for i := range n {
		m[i] = i
	}
	return m
}

// Refusing costs nothing: a call that would need gigabytes takes none of them.
func TestRefusalTakesNoMemory(t *testing.T) {
	text := strings.Repeat("x", 1<<20)
	list := slices.Repeat([]string{text}, 1000)
	calls := []struct {
		name string
		args []any
	}{
		{"replace", args(text, "x", text)}, {"replace", args(text, "", text)}, {"repeat", args(text, 1<<20)}, {"indent", args(strings.Repeat("\n", 1<<20), text)},
		{"indent", args("x", math.MaxInt64)}, {"split", args(text, "")}, {"split", args(strings.Repeat("x ", 1<<19))}, {"sort", args(new([1 << 40]struct{}))}, {"slice", args(new([1 << 40]struct{}), 0)},
		{"reverse", args(new([1 << 40]struct{}))}, {"unique", args(new([1 << 40]struct{}))}, {"toJSON", args(new([1 << 40]struct{}))},
	}
	var before, after runtime.MemStats
	for _, c := range calls {
		runtime.ReadMemStats(&before)
		_, err := testLibrary[c.name].Call(c.args)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; err == nil || used > 8<<20 {
			t.Errorf("%s: %v after %d bytes", c.name, err, used)
		}
	}
	runtime.ReadMemStats(&before)
	_, err := testLibrary["join"].Call(args(list, text))
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; err == nil || used > 8<<20 {
		t.Errorf("join: %v after %d bytes", err, used)
	}
}

func TestSortIsAStablePermutation(t *testing.T) {
	t.Parallel()
	type item struct{ Key, Place int }
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOf(rapid.IntRange(0, 5)).Draw(t, "keys")
		items := make([]item, len(keys))
		for i, k := range keys {
			items[i] = item{k, i}
		}
		got, err := testLibrary["sort"].Call(args(items, "Key"))
		if err != nil {
			t.Fatal(err)
		}
		slices.SortStableFunc(items, func(a, b item) int { return a.Key - b.Key })
		list := got.([]any)
		if len(list) != len(items) {
			t.Fatalf("%d elements of %d", len(list), len(items))
		}
		for i := range items {
			if list[i] != items[i] {
				t.Fatalf("sort = %v, want %v", list, items)
			}
		}
	})
}

func TestTextProperties(t *testing.T) {
	t.Parallel()
	words := rapid.StringOf(rapid.RuneFrom([]rune("ab é日語。「\n  \t")))
	call := func(t *rapid.T, name string, a ...any) any {
		got, err := testLibrary[name].Call(a)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	rapid.Check(t, func(t *rapid.T) {
		s, n := words.Draw(t, "s"), rapid.IntRange(1, 12).Draw(t, "n")
		suffix := rapid.SampledFrom([]string{"", "…", "..."}).Draw(t, "suffix")
		if cut := call(t, "truncate", s, n, suffix).(string); utf8.RuneCountInString(cut) > n || !utf8.ValidString(cut) {
			t.Fatalf("truncate(%q, %d, %q) = %q", s, n, suffix, cut)
		}
		wrapped := call(t, "wrap", s, n).(string)
		if got, want := squeeze(wrapped), squeeze(s); got != want || !utf8.ValidString(wrapped) {
			t.Fatalf("wrap(%q, %d) = %q", s, n, wrapped)
		}
		for _, line := range strings.Split(wrapped, "\n") {
			if strings.ContainsAny(strings.TrimSpace(line), " \t") && utf8.RuneCountInString(strings.TrimSpace(line)) > n {
				t.Fatalf("wrap(%q, %d) has the line %q", s, n, line)
			}
		}
		parts := call(t, "split", s, "a")
		if back := call(t, "join", parts, "a"); back != s {
			t.Fatalf("join(split(%q)) = %q", s, back)
		}
		if back := call(t, "reverse", call(t, "reverse", s)); back != s {
			t.Fatalf("reverse(reverse(%q)) = %q", s, back)
		}
		if back := call(t, "fromJSON", call(t, "toJSON", s)); back != s {
			t.Fatalf("fromJSON(toJSON(%q)) = %q", s, back)
		}
	})
}

func squeeze(s string) string {
	return strings.Join(strings.Fields(s), "")
}

func FuzzFunctions(f *testing.F) {
	library := All(func() time.Time { return testNow }, 1<<16)
	f.Add(0, "abc", "b", int64(3), 1.5, uint8(0))
	f.Add(9, "日本\n", "", int64(math.MinInt64), math.NaN(), uint8(1))
	f.Add(36, `{"a":[1,{"b":2}]}`, "2006", int64(math.MaxInt64), math.Inf(-1), uint8(2))
	f.Add(44, "2026-03-14", "unix", int64(-1), 1e300, uint8(3))
	f.Fuzz(func(t *testing.T, which int, s, u string, i int64, x float64, shape uint8) {
		spec := library[uint(which)%uint(len(library))]
		var decoded any
		json.Unmarshal([]byte(s), &decoded)
		values := []any{s, u, i, x, decoded, []any{s, i, x}, map[string]any{s: u, u: x}, nil, []string{s, u}, testNow, json.Number(u), time.Unix(i, 0)}
		var args []any
		for n := range 4 {
			if n >= spec.MinArgs && (spec.MaxArgs >= 0 && n >= spec.MaxArgs || shape&(1<<n) != 0) {
				break
			}
			args = append(args, values[(int(shape)>>2+n*(which&7)+n)%len(values)])
		}
		got, err := spec.Call(args)
		if err != nil {
			if got != nil || err.Error() == "" {
				t.Fatalf("%s(%v) = %v, %v", spec.Name, args, got, err)
			}
			return
		}
		if text, ok := got.(string); ok && len(text) > 1<<16+len(s)+len(u) {
			t.Fatalf("%s makes %d bytes", spec.Name, len(text))
		}
		if spec.Name == "fromJSON" && !json.Valid([]byte(args[0].(string))) {
			t.Fatalf("fromJSON reads %q", args[0])
		}
	})
}
