package engine

import "slices"

// TagAttributes are the built-in tags with the attributes that are their own.
func TagAttributes() map[string][]string {
	tags := make(map[string][]string)
	for name, spec := range builtinTags {
		tags[name] = slices.Concat(spec.required, spec.optional)
	}
	return tags
}
