package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// unknownInputs says which names in the data the prompt has no use for, if it
// declares inputs: people type --set custmer=Ann. Files of data often serve
// several prompts; of them only what is near to a name is told.
func (t *attempt) unknownInputs() []string {
	const most = 5
	if len(t.set)+len(t.files) == 0 || len(t.inputs) == 0 {
		return nil
	}
	known := slices.Collect(maps.Keys(t.inputs))
	for _, in := range t.program.Inputs() {
		known = append(known, in.Name)
	}
	slices.Sort(known)
	known = slices.Compact(known)
	missing := slices.DeleteFunc(slices.Clone(known), func(name string) bool { return slices.Contains(t.set, name) || slices.Contains(t.files, name) })
	var notes []string
	for _, name := range t.set {
		if near := nearest(name, known); !slices.Contains(known, name) && (len(near) > 0 || !t.opaque) {
			notes = append(notes, noInput(name, near))
		}
	}
	for _, name := range t.files {
		if near := nearest(name, missing); !slices.Contains(known, name) && len(near) > 0 {
			notes = append(notes, noInput(name, near))
		}
	}
	return notes[:min(len(notes), most)]
}

func noInput(name string, near []string) string {
	text := fmt.Sprintf("the prompt has no input %q", name)
	if len(near) > 0 {
		text += "; " + didYouMean(near)
	}
	return text
}

// tell says below the output what it was made with, where that may surprise.
func (t *attempt) tell() {
	if t.sampled {
		t.note("note: rendered with the prompt's own sample; give data with --set or --data")
	}
	for _, text := range t.unknownInputs() {
		t.note("note: %s", text)
	}
	if t.asker != nil && len(t.asker.answered) > 0 {
		t.note("the same without questions: %s", strings.Join(t.asker.answered, " "))
	}
}
