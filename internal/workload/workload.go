// Package workload holds the templates that the engine is measured with, each
// beside Go code that appends the same text by hand. The engine's benchmarks and
// bench/langbench share it, so that a figure means one thing everywhere.
package workload

import "strings"

// Workload is a template with its data, and what it is compared with.
type Workload struct {
	Name     string // W1_OneVariable, …
	Source   string
	Partials map[string]string // by name, what Source includes
	Data     map[string]any

	// ByHand appends what the template prints: what somebody would write who
	// knows which types the data has, and wants it fast.
	ByHand func(dst []byte, data map[string]any) []byte
}

// All returns the workloads in order. Callers may change what they get.
func All() []Workload {
	list := []Workload{
		oneVariable(),
		systemPrompt(),
		loop(),
		includes(),
		static(),
		deepPaths(),
		condition(),
	}
	for i := range list {
		list[i].Data = own(list[i].Data).(map[string]any)
	}
	return list
}

// own gives data strings of its own, as data from a request or a database has
// them. Go compares strings by their address first, and the linker makes one of
// equal constants: a key that is written in this package would be found in data
// that is written in this package without a look at its bytes.
func own(v any) any {
	switch v := v.(type) {
	case string:
		return strings.Clone(v)
	case []string:
		list := make([]string, len(v))
		for i, s := range v {
			list[i] = strings.Clone(s)
		}
		return list
	case []any:
		list := make([]any, len(v))
		for i, x := range v {
			list[i] = own(x)
		}
		return list
	case map[string]any:
		m := make(map[string]any, len(v))
		for key, x := range v {
			m[strings.Clone(key)] = own(x)
		}
		return m
	}
	return v
}

func oneVariable() Workload {
	return Workload{
		Name:   "W1_OneVariable",
		Source: `Hello {~prompty.var name="user" /~}, how are you today?`,
		Data:   map[string]any{"user": "Ann"},
		ByHand: func(dst []byte, d map[string]any) []byte {
			dst = append(dst, "Hello "...)
			dst = append(dst, d["user"].(string)...)
			return append(dst, ", how are you today?"...)
		},
	}
}

func condition() Workload {
	return Workload{
		Name:   "WE_Condition",
		Source: `{~prompty.if eval="n > 3 && user == 'Ann'"~}yes{~/prompty.if~}`,
		Data:   map[string]any{"user": "Ann", "n": 4},
		ByHand: func(dst []byte, d map[string]any) []byte {
			if d["n"].(int) > 3 && d["user"].(string) == "Ann" {
				dst = append(dst, "yes"...)
			}
			return dst
		},
	}
}
