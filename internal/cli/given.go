package cli

import (
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/go-prompty/prompty/engine"
	"github.com/go-prompty/prompty/promptfile"
)

// given is data with where it came from.
type given struct {
	values  map[string]any
	sampled bool     // it is the prompt's own sample, unasked
	set     []string // the names that --set and --set-file gave, each once
	files   []string // those of --data
	opaque  bool     // there is an include that looks for names in a value first, which nobody knows
}

var withAttribute = regexp.MustCompile(`\bwith\s*=`)

// data brings the sample, the files and the settings together.
func (r *rendering) data(t *engine.Template, inputs map[string]promptfile.Input) (*given, error) {
	use := r.flags.sample || !r.flags.dataGiven() && !r.flags.sampleGiven
	g := &given{values: make(map[string]any)}
	if h := t.Header(); use && h != nil && len(h.Sample) > 0 {
		g.values = merge(g.values, h.Sample)
		g.sampled = !r.flags.sampleGiven
	} else if r.flags.sample {
		return nil, withHint(fmt.Errorf("%s has no sample", printable(t.Name())), "leave out --sample, or add `sample:` to its front matter")
	}
	for _, path := range r.flags.data {
		raw, err := r.read(path, maxData)
		if err != nil {
			return nil, err
		}
		top, err := parseData(path, raw)
		if err != nil {
			return nil, err
		}
		g.values = merge(g.values, top)
		for _, name := range slices.Sorted(maps.Keys(top)) {
			if !slices.Contains(g.files, name) {
				g.files = append(g.files, name)
			}
		}
	}
	for i := range r.flags.settings {
		s := &r.flags.settings[i]
		v, err := s.resolve(inputs, r.read)
		if err != nil {
			return nil, err
		}
		if err := s.apply(g.values, v); err != nil {
			return nil, err
		}
		if name := s.path[0]; !slices.Contains(g.set, name) {
			g.set = append(g.set, name)
		}
	}
	return g, nil
}
