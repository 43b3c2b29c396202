package engine

import (
	"slices"

	"github.com/go-prompty/prompty/engine/internal/value"
)

// maxEnum bounds the enums that values are looked for in, as each comparison
// goes through all of one.
const maxEnum = 1000

// input returns the declaration of the input that an expression is; nil if it
// is anything else.
func (v *validator) input(e *expr, scope []string) *declared {
	if e == nil || e.kind != exprPath || len(e.segs) > 1 || slices.Contains(scope, e.segs[0]) {
		return nil
	}
	if in := v.known[e.segs[0]]; in != nil && len(in.Enum) <= maxEnum {
		return in
	}
	return nil
}

// compared warns of an input that is compared with a constant which it never
// equals.
func (v *validator) compared(a, b *expr, tag string, scope []string) {
	in := v.input(a, scope)
	if in == nil || b.kind != exprConst && !b.fold || b.val == nil {
		return
	}
	kinds := map[string]value.Kind{"string": value.String, "number": value.Number, "integer": value.Number, "boolean": value.Bool, "list": value.List, "object": value.Map}
	kind, known := kinds[in.Type]
	switch {
	case known && kind != value.KindOf(b.val):
		v.warn(ruleImpossible, int(b.pos), tag, "%s is never %s: it is %s", quote(in.Name), b, typeText[in.Type])
	case in.Type == "integer" && !whole(b.val):
		v.warn(ruleImpossible, int(b.pos), tag, "%s is never %s: it is a whole number", quote(in.Name), b)
	case len(in.Enum) > 0 && !inEnum(in.Enum, b.val):
		text, _ := b.val.(string)
		v.notInEnum(in, int(b.pos), tag, b.String(), text)
	}
}

// caseValue warns of a case for a text that the input which is looked at never
// prints as.
func (v *validator) caseValue(n, b *node, scope []string) {
	in := v.input(n.expr, scope)
	text, ok := b.get("value")
	if in == nil || !ok || len(in.Enum) == 0 || text == "" && !in.Required {
		return
	}
	for _, e := range in.Enum {
		if printed, err := value.AppendLimit(nil, e, len(text)); err == nil && string(printed) == text {
			return
		}
	}
	v.notInEnum(in, int(b.tag.attr("value").at), b.name(), quote(text), text)
}

func (v *validator) notInEnum(in *declared, offset int, tag, shown, text string) {
	var near []string
	for _, e := range in.Enum {
		if s, ok := e.(string); ok {
			near = append(near, s)
		}
	}
	v.warn(ruleImpossible, offset, tag, "%s is never %s: it is one of %s%s", quote(in.Name), shown, enumText(in.Enum), didYouMean(value.Suggest(text, near)))
}
