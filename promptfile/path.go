package promptfile

import "strings"

// Path returns the slash-separated path of the file that holds the template of
// that name. Whether the name is a good one is not asked.
func Path(name, ext string) string { return name + ext }

// Name returns the name of the template that the file at path holds; false if
// the path does not end in ext or nothing would be left of its last segment.
func Name(path, ext string) (string, bool) {
	name, ok := strings.CutSuffix(path, ext)
	if !ok || name == "" || strings.HasSuffix(name, "/") {
		return "", false
	}
	return name, true
}
