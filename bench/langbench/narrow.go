package langbench

import (
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"
	"github.com/go-prompty/prompty/internal/workload"
	"github.com/valyala/fasttemplate"
)

// fasttemplate replaces tags by the values of a flat map.
func fastTemplate(name, how string, value func(string) any) *Engine {
	return &Engine{
		Name: name, Module: "github.com/valyala/fasttemplate",
		How:     how,
		dialect: jinjaLike(func(name, _ string) string { return "{{" + name + "}}" }),
		prepare: func(w workload.Workload, main string, _ map[string]string) (*prepared, error) {
			if w.Name != "W1_OneVariable" && w.Name != "W5_Static30kB" {
				return nil, cannot("has variables only")
			}
			t, err := fasttemplate.NewTemplate(main, "{{ ", " }}")
			if err != nil {
				return nil, err
			}
			data := map[string]any{"user": value(w.Data["user"].(string))}
			return writing(
				func(out *Output) error { _, err := t.Execute(out, data); return err },
				func() (string, error) { return t.ExecuteString(data), nil },
				func() error { _, err := fasttemplate.NewTemplate(main, "{{ ", " }}"); return err },
			), nil
		},
	}
}

func fast() *Engine {
	return fastTemplate("fasttemplate", "`Template.Execute`", func(s string) any { return s })
}

func fastBytes() *Engine {
	e := fastTemplate("fasttemplate, []byte", "the same with its data as `[]byte`, which it likes best", func(s string) any { return []byte(s) })
	e.Other = true
	return e
}

// expr evaluates conditions, and Go appends what stands behind the arrow.
func exprEngine() *Engine {
	return &Engine{
		Name: "expr-lang", Module: "github.com/expr-lang/expr",
		How: "`vm.VM.Run` with one VM for all runs, and a program that knows the types of the map's values",
		dialect: &dialect{
			Value:   func(path string) string { return path },
			If:      ifs("%s → ", "", "", map[string]string{"n > 3 && user == 'Ann'": `n > 3 && user == "Ann"`}),
			Each:    func(string, string) (string, string) { return "", "" },
			Include: func(string, map[string]string) string { return "" },
		},
		prepare: func(w workload.Workload, main string, _ map[string]string) (*prepared, error) {
			if w.Name != "WE_Condition" {
				return nil, cannot("has expressions only")
			}
			condition, text, _ := strings.Cut(main, " → ")
			compile := func() (*vm.Program, error) {
				return expr.Compile(condition, expr.Env(w.Data), expr.AsBool())
			}
			program, err := compile()
			if err != nil {
				return nil, err
			}
			return &prepared{
				write: func(out *Output, n int) error {
					var machine vm.VM
					for range n {
						out.Bytes = out.Bytes[:0]
						yes, err := machine.Run(program, w.Data)
						if err != nil {
							return err
						}
						if yes.(bool) {
							out.Bytes = append(out.Bytes, text...)
						}
					}
					return nil
				},
				compile: times(func() error { _, err := compile(); return err }),
			}, nil
		},
	}
}
