package backend

import (
	"strconv"
	"strings"

	"github.com/go-prompty/prompty"
)

// ID is what GetByID finds the version by: name@version, as in every storage of
// this project.
func ID(name string, version int) prompty.TemplateID {
	return prompty.TemplateID(name + "@" + strconv.Itoa(version))
}

// parseID is the inverse of ID; false: it never made id.
func parseID(id prompty.TemplateID) (name string, version int, ok bool) {
	i := strings.LastIndexByte(string(id), '@')
	if i <= 0 {
		return "", 0, false
	}
	name = string(id[:i])
	version, err := strconv.Atoi(string(id[i+1:]))
	if err != nil || version < 1 || prompty.CheckName(name) != nil || ID(name, version) != id {
		return "", 0, false
	}
	return name, version, true
}
