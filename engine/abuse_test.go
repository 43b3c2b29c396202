package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-prompty/prompty/engine"
)

// abuse is a template and data that could bring a careless engine down. Each
// must end in an error that has a place, or in output, by itself and soon.
type abuse struct {
	name     string
	source   string
	partials map[string]string
	data     any
	want     string // part of the error; "" if it renders
	limit    bool   // the error is an ErrLimit
}

func abuses() []abuse {
	cyclicMap := map[string]any{}
	cyclicMap["self"] = cyclicMap
	cyclicList := []any{nil}
	cyclicList[0] = cyclicList
	type ring struct{ Next *ring }
	cyclicPointer := &ring{}
	cyclicPointer.Next = cyclicPointer
	cyclicMap2 := map[string]any{}
	cyclicMap2["self"] = cyclicMap2
	deepList, deepList2 := []any{}, []any{}
	for range 1_000_000 {
		deepList, deepList2 = []any{deepList}, []any{deepList2}
	}
	numbers := make([]int, 100_000)
	wide := make(map[string]any)
	for i := range 2000 {
		wide[strings.Repeat("k", 250)+fmt.Sprint(i)] = i
	}
	long := strings.Repeat("x", 1<<20)
	loop := func(in, body string) string {
		return `{~prompty.for item="i" in="` + in + `"~}` + body + `{~/prompty.for~}`
	}
	print := func(format string) string {
		return `{~prompty.var name="v" format="` + format + `" /~}`
	}
	nested := "v"
	for range 10 {
		nested = "replace(" + nested + ", 'x', 'xxxxxxxxxx')"
	}
	doubling := `{~prompty.include template="p" onerror="remove" /~}`
	million := make([]int, 1_000_000)
	type named []any
	alike := make(named, 1000)
	inner := make([]any, 100_000)
	for i := range alike {
		alike[i] = inner
	}
	other := append([]any{}, inner...)
	other[len(other)-1] = 1
	digits := make([]any, 60_000)
	for i := range digits {
		digits[i] = json.Number(strings.Repeat("9", 400))
	}
	broken, counts := map[string]any{"zzz": func() {}}, map[string]int{}
	for i := range 3000 {
		broken[fmt.Sprint(i)], counts[fmt.Sprint(i)] = i, i
	}
	nestedInts := [][]int{million, million}
	sameText := []any{strings.Repeat("x", 1<<20), strings.Clone(long), strings.Repeat("x", 1<<20)}
	for range 10 {
		sameText = append(sameText, sameText[:min(len(sameText), 1000)]...)
	}
	tenThousand := map[string]any{"v": "x", "l": numbers[:10_000], "wide": wide, "long": long, "m": cyclicMap, "m2": cyclicMap2, "deep": deepList, "deep2": deepList2,
		"million": million, "alike": alike, "other": other, "nested": nestedInts, "nested2": [][]int{append([]int{}, million...), million}, "texts": sameText,
		"broken": broken, "counts": []any{counts, counts}, "nine": numbers[:9],
		"digits": digits, "digit": json.Number(strings.Repeat("9", 1<<20))}
	var front strings.Builder
	front.WriteString("---\ninputs:\n")
	for i := range 20_000 {
		fmt.Fprintf(&front, "  input%d: {default: 1}\n", i)
	}
	inputs := front.String() + "---\n"
	return []abuse{
		{name: "many inputs", source: inputs + strings.Repeat(`{~prompty.var name="inputt" onerror="log" /~}`, 10_000), want: "steps", limit: true},
		{name: "many inputs in partials", source: strings.Repeat(`{~prompty.include template="p" /~}`, 10_000), partials: map[string]string{"p": inputs}},
		{name: "deep parentheses", source: `{~prompty.if eval="` + strings.Repeat("(", 1_000_000) + `"~}{~/prompty.if~}`, want: "nested more than 64", limit: true},
		{name: "deep signs", source: `{~prompty.if eval="` + strings.Repeat("!-", 500_000) + `a"~}{~/prompty.if~}`, want: "nested more than 64", limit: true},
		{name: "deep calls", source: `{~prompty.if eval="` + strings.Repeat("len(", 500_000) + `"~}{~/prompty.if~}`, want: "nested more than 64", limit: true},
		{name: "long sum", source: print("1" + strings.Repeat("+1", 90_000)), data: map[string]any{"v": 1}},
		{name: "long or", source: print("a" + strings.Repeat("||a", 90_000)), data: map[string]any{"v": 1}},
		{name: "long sum with an escape", source: `{~prompty.var name="v" format="value + len(\"\") + ` + strings.Repeat("v"+strings.Repeat(" ", 40)+"+", 60_000) + `1" /~}`, data: map[string]any{"v": 1}},
		{name: "many includes", source: manyIncludes(60_000), want: "more than 10,000 templates", limit: true},
		{name: "too long or", source: print("a" + strings.Repeat("||a", 500_000)), want: "more than 100,000 operands", limit: true},
		{name: "many tags", source: strings.Repeat(`{~prompty.var name="v"/~}`, 90_000), data: map[string]any{"v": 1}},
		{name: "too many tags", source: strings.Repeat(`{~prompty.var name="v"/~}`, 150_000), want: "more than 100,000 texts and tags", limit: true},
		{name: "many arguments", source: print("coalesce(v" + strings.Repeat(",v", 100_000) + ")"), want: "more than 255 arguments", limit: true},
		{name: "long path", source: `{~prompty.var name="v` + strings.Repeat(".v", 1_000_000) + `" /~}`, want: "is missing"},
		{name: "nested tags", source: strings.Repeat(`{~prompty.if eval="v"~}`, 100_000), want: "nested more than 64", limit: true},
		{name: "nested tags that close", source: strings.Repeat(`{~prompty.if eval="v"~}`, 10_000) + strings.Repeat(`{~/prompty.if~}`, 10_000), want: "nested more than 64", limit: true},
		{name: "stray closing tag in a block", source: `{~prompty.if eval="b"~}{~/x~}`, want: "closing tag x is met where prompty.if is expected"},
		{name: "many closing tags", source: strings.Repeat(`{~/x~}`, 500_000), want: "closes nothing"},
		{name: "many unknown tags", source: strings.Repeat(`{~x~}`, 500_000), want: "unknown tag"},
		{name: "many opening delimiters", source: strings.Repeat(`{~`, 1_000_000), want: "a tag name is expected"},
		{name: "many open quotes", source: strings.Repeat(`{~prompty.var name="`, 100_000), want: "is expected in tag prompty.var"},
		{name: "open quote", source: `{~prompty.var name="` + strings.Repeat("x", 1<<20), want: "is not closed"},
		{name: "unclosed raw", source: strings.Repeat(`{~prompty.raw~}`, 100_000), want: "is not closed"},
		{name: "many attributes", source: `{~prompty.include template="p"` + manyAttrs(20_000) + ` /~}`, partials: map[string]string{"p": "x"}, want: "attributes", limit: true},
		{name: "large source", source: strings.Repeat("x", 5<<20), want: "the limit is 4,194,304", limit: true},
		{name: "long name", source: `{~prompty.var name="` + strings.Repeat("k", 1<<20) + `" /~}`, data: wide, want: "is missing"},
		{name: "long tag name", source: `{~` + strings.Repeat("k", 1<<20) + ` /~}`, want: "unknown tag"},
		{name: "long function name", source: print(strings.Repeat("k", 1<<20) + "()"), want: "unknown function"},
		{name: "suggestions in a loop", source: loop("l", `{~prompty.var name="`+strings.Repeat("k", 255)+`" onerror="log" /~}`), data: map[string]any{"l": numbers[:10_000], "wide": wide}},
		{name: "suggestions among many in a loop", source: loop("l", `{~prompty.var name="wide.`+strings.Repeat("k", 255)+`" onerror="log" /~}`), data: tenThousand, want: "steps", limit: true},
		{name: "errors in a loop", source: loop("l", loop("l", `{~prompty.var name="nope" onerror="remove" /~}`)), data: tenThousand, want: "100,000 turns", limit: true},

		{name: "cyclic map", source: print("value"), data: map[string]any{"v": cyclicMap}, want: "contains itself"},
		{name: "cyclic list", source: print("toJSON(value)"), data: map[string]any{"v": cyclicList}, want: "contains itself"},
		{name: "cyclic pointer", source: print("value"), data: map[string]any{"v": cyclicPointer}, want: "contains itself"},
		{name: "cyclic data compared", source: loop("l", `{~prompty.if eval="m == m2"~}{~/prompty.if~}`), data: tenThousand},
		{name: "deep data", source: print("value"), data: map[string]any{"v": deepList}, want: "levels deep"},
		{name: "deep data compared", source: loop("l", `{~prompty.if eval="deep == deep2"~}{~/prompty.if~}`), data: tenThousand, want: "steps", limit: true},
		{name: "cyclic data as root", source: `{~prompty.var name="self.self.self.nope" /~}`, data: cyclicMap, want: "is missing"},

		{name: "ten nested replaces", source: print(nested), data: map[string]any{"v": "xxxxxxxxxx"}, want: "replace", limit: true},
		{name: "nested repeats", source: print("repeat(repeat(repeat('x', 1000), 1000), 1000)"), data: tenThousand, want: "repeat", limit: true},
		{name: "negative repeat", source: print("repeat('x', -1)"), data: tenThousand, want: "repeat"},
		{name: "huge repeat", source: print("repeat('x', 9223372036854775807)"), data: tenThousand, want: "repeat", limit: true},
		{name: "folded repeats", source: strings.Repeat(print("len(repeat('x', 1000000))"), 5_000), data: tenThousand, want: "steps", limit: true},
		{name: "huge values at once", source: print("coalesce('" + strings.Repeat("', repeat('x', 1000000), '", 120) + "')"), data: tenThousand, want: "steps", limit: true},
		{name: "typed list in a loop", source: loop("l", print("max(million)")), data: tenThousand, want: "steps", limit: true},
		{name: "search of a typed list in a loop", source: loop("l", `{~prompty.if eval="has(million, -1)"~}{~/prompty.if~}`), data: tenThousand, want: "steps", limit: true},
		{name: "search among alike lists in a loop", source: loop("l", `{~prompty.if eval="other in alike" onerror="remove"~}{~/prompty.if~}`), data: tenThousand, want: "steps", limit: true},
		{name: "contains among alike lists in a loop", source: loop("l", `{~prompty.if eval="contains(alike, other)" onerror="remove"~}{~/prompty.if~}`), data: tenThousand, want: "steps", limit: true},
		{name: "typed lists of lists compared in a loop", source: loop("l", `{~prompty.if eval="nested == nested2"~}{~/prompty.if~}`), data: tenThousand, want: "steps", limit: true},
		{name: "long numbers sorted", source: loop("l", `{~prompty.if eval="sort(digits) == 1" onerror="remove"~}{~/prompty.if~}`), data: tenThousand, want: "steps", limit: true},
		{name: "long numbers searched", source: loop("l", `{~prompty.if eval="has(digits, 1)" onerror="remove"~}{~/prompty.if~}`), data: tenThousand, want: "steps", limit: true},
		{name: "endless number", source: loop("l", `{~prompty.if eval="digit > 1" onerror="remove"~}{~/prompty.if~}`), data: tenThousand, want: "steps", limit: true},
		{name: "equal long texts sorted", source: loop("l", `{~prompty.if eval="sort(texts) == 1" onerror="remove"~}{~/prompty.if~}`), data: tenThousand, want: "steps", limit: true},
		{name: "equal long texts searched", source: loop("l", `{~prompty.if eval="(long + 'x') in texts" onerror="remove"~}{~/prompty.if~}`), data: tenThousand, want: "steps", limit: true},
		{name: "failing prints of maps", source: loop("l", `{~prompty.var name="broken" onerror="remove" /~}`), data: tenThousand, want: "steps", limit: true},
		{name: "maps joined in a loop", source: loop("l", `{~prompty.if eval="join(counts)"~}{~/prompty.if~}`), data: tenThousand, want: "steps", limit: true},
		{name: "maps in a switch in a loop", source: loop("l", `{~prompty.switch eval="counts.0"~}{~prompty.case value="`+strings.Repeat("x", 40_000)+`"~}{~/prompty.case~}{~/prompty.switch~}`), data: tenThousand, want: "steps", limit: true},
		{name: "many cases", source: `{~prompty.switch eval="v"~}` + strings.Repeat(`{~prompty.case eval="v"~}{~/prompty.case~}`, 60_000) + `{~/prompty.switch~}`, data: map[string]any{"v": 1}},
		{name: "many blocks", source: `{~prompty.extends template="p" /~}` + manyBlocks("child", 30_000), partials: map[string]string{"p": manyBlocks("base", 30_000)}},
		{name: "many scopes", source: `{~prompty.include template="p" /~}`, partials: map[string]string{
			"p": strings.Repeat(`{~prompty.comment /~}x`, 4000) + `{~prompty.include template="q"` + manyAttrs(250) + ` /~}`,
			"q": strings.Repeat(`{~prompty.comment /~}x`, 4000) + loop("l", loop("nine", strings.Repeat(`{~prompty.var name="nope" default="" /~}`, 90))),
		}, data: tenThousand, want: "steps", limit: true},
		{name: "long texts in a loop", source: loop("l", `{~prompty.if eval="contains(long, 'y')"~}{~/prompty.if~}`), data: tenThousand, want: "steps", limit: true},
		{name: "long texts compared in a loop", source: loop("l", `{~prompty.if eval="long < long"~}{~/prompty.if~}`), data: tenThousand, want: "steps", limit: true},
		{name: "long texts joined", source: print("value+value"), data: map[string]any{"v": long}, want: "longer than 1,048,576", limit: true},
		{name: "split into bits", source: loop("l", print("len(split(long, ''))")), data: map[string]any{"v": "x", "l": numbers[:10_000], "long": long[:20_000]}, want: "steps", limit: true},

		{name: "huge loop", source: loop("v", "x"), data: map[string]any{"v": numbers}, want: "100,000 turns", limit: true},
		{name: "huge array", source: loop("v", "x"), data: map[string]any{"v": &[1 << 30]struct{}{}}, want: "1,073,741,824 turns", limit: true},
		{name: "huge loop in a loop", source: loop("l", loop("l", loop("l", ""))), data: tenThousand, want: "100,000 turns", limit: true},
		{name: "huge output", source: loop("l", `{~prompty.var name="long" /~}`), data: tenThousand, want: "longer than 10,485,760", limit: true},
		{name: "huge output thrown away", source: loop("l", `{~prompty.if eval="v" onerror="remove"~}{~prompty.var name="long" /~}{~prompty.var name="nope" /~}{~/prompty.if~}`), data: tenThousand, want: "steps", limit: true},
		{name: "huge source kept", source: loop("l", `{~prompty.if eval="v" onerror="keepraw"~}`+long+`{~prompty.var name="nope" /~}{~/prompty.if~}`), data: tenThousand, want: "longer than", limit: true},

		{name: "self include", source: `{~prompty.include template="p" /~}`, partials: map[string]string{"p": `x{~prompty.include template="p" /~}`}, want: "more than 32 deep", limit: true},
		{name: "mutual include", source: `{~prompty.include template="p" /~}`, partials: map[string]string{"p": `{~prompty.include template="q" /~}`, "q": `{~prompty.include template="p" /~}`}, want: "more than 32 deep", limit: true},
		{name: "doubling include", source: doubling, partials: map[string]string{"p": doubling + doubling}, want: "steps", limit: true},
		{name: "doubling chain", source: doubling, partials: chain(30), data: tenThousand, want: "steps", limit: true},
		{name: "self base", source: `{~prompty.extends template="p" /~}`, partials: map[string]string{"p": `{~prompty.extends template="p" /~}`}, want: "more than 32 deep", limit: true},
		{name: "doubling parent", source: `{~prompty.extends template="p0" /~}{~prompty.block name="a"~}{~prompty.parent /~}{~prompty.parent /~}{~/prompty.block~}`, partials: parents(30), want: "300,000 parts", limit: true},
		{name: "blocks inside each other", source: `{~prompty.extends template="p" /~}{~prompty.block name="a"~}{~prompty.block name="b"~}{~prompty.parent /~}{~/prompty.block~}{~/prompty.block~}`,
			partials: map[string]string{
				"p": `{~prompty.extends template="q" /~}{~prompty.block name="b"~}{~prompty.block name="a"~}x{~/prompty.block~}{~/prompty.block~}`,
				"q": `{~prompty.block name="a"~}{~/prompty.block~}`,
			}, want: "deep", limit: true},
	}
}

func manyAttrs(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ` a%d="x"`, i)
	}
	return b.String()
}

func manyBlocks(name string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{~prompty.block name="%s%d"~}{~/prompty.block~}`, name, i)
	}
	return b.String()
}

func manyIncludes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{~prompty.include template="%06d" /~}`, i)
	}
	return b.String()
}

// chain makes n templates that include the next one twice.
func chain(n int) map[string]string {
	m := map[string]string{"p": `{~prompty.include template="p0" /~}`}
	for i := range n {
		next := fmt.Sprintf(`{~prompty.include template="p%d" onerror="remove" /~}`, i+1)
		m[fmt.Sprintf("p%d", i)] = next + next
	}
	m[fmt.Sprintf("p%d", n)] = "x"
	return m
}

// parents makes n bases, each of which prints the block of the next one twice.
func parents(n int) map[string]string {
	m := make(map[string]string)
	for i := range n {
		m[fmt.Sprintf("p%d", i)] = fmt.Sprintf(`{~prompty.extends template="p%d" /~}{~prompty.block name="a"~}{~prompty.parent /~}{~prompty.parent /~}{~/prompty.block~}`, i+1)
	}
	m[fmt.Sprintf("p%d", n)] = `{~prompty.block name="a"~}x{~/prompty.block~}`
	return m
}

func TestAbuse(t *testing.T) {
	for _, a := range abuses() {
		t.Run(a.name, func(t *testing.T) {
			if !*measure {
				t.Parallel()
			}
			eng := engine.MustNew(engine.Config{Logger: discardLogger})
			if *measure {
				took, used := renderCost(eng, a.source, a.partials, a.data)
				for try := 0; try < 5 && took > 250*time.Millisecond; try++ {
					again, _ := renderCost(eng, a.source, a.partials, a.data)
					took = min(took, again)
				}
				t.Logf("took %v and allocated %d MB", took, used>>20)
				if took > 250*time.Millisecond || used > 100<<20 {
					t.Error("that is more than 250 ms or 100 MB")
				}
			}
			out, err := renderWith(eng, a.source, a.partials, a.data)
			if a.want == "" {
				if err != nil {
					t.Errorf("error %.300v, want output", err)
				}
				return
			}
			if err == nil {
				t.Fatalf("rendered %.100q, want an error with %q", out, a.want)
			}
			first, ok := errors.AsType[*engine.Error](err)
			if !ok || first.Line < 1 || first.Column < 1 {
				t.Errorf("the error has no place: %.300v", err)
			}
			if text := err.Error(); !strings.Contains(text, a.want) || len(text) > 100_000 {
				t.Errorf("error (%d bytes) %.500s, want one with %q", len(text), text, a.want)
			}
			if a.limit != errors.Is(err, engine.ErrLimit) {
				t.Errorf("errors.Is(err, ErrLimit) = %t, want %t: %.300v", !a.limit, a.limit, err)
			}
			// Validate walks the same paths and must survive them too.
			eng.Validate(context.Background(), "main", a.source, loadFrom(eng, a.partials))
		})
	}
}

func renderWith(eng *engine.Engine, source string, partials map[string]string, data any) (string, error) {
	ctx := context.Background()
	tmpl, err := eng.Parse("main", source)
	if err != nil {
		return "", err
	}
	prog, err := eng.Link(ctx, tmpl, loadFrom(eng, partials))
	if err != nil {
		return "", err
	}
	return prog.Render(ctx, data)
}
