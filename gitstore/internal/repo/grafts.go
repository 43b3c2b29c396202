package repo

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/go-prompty/prompty/gitstore/internal/object"
	"github.com/go-prompty/prompty/gitstore/internal/refs"
)

// Grafts are what makes a repository's history differ from what its commits
// say.
type Grafts struct {
	Parents     map[object.ID][]object.ID // from the file shallow (none) and info/grafts
	Replace     map[object.ID]object.ID   // refs/replace: read the second instead of the first
	Fingerprint string                    // equal only if all of it is equal; "" if there is none of it
}

// Grafts returns what overrides the commits' parents here.
func (r *Repo) Grafts(rs *refs.Store) (Grafts, error) {
	g := Grafts{Parents: make(map[object.ID][]object.ID), Replace: make(map[object.ID]object.ID)}
	var facts bytes.Buffer // all of it, in order
	// Of two statements about one commit, git takes the later: shallow's.
	for _, file := range []string{"info/grafts", "shallow"} {
		path := filepath.Join(r.CommonDir, filepath.FromSlash(file))
		text, err := readBounded(path, 64<<20)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return g, err
		}
		if err := g.addParents(path, string(text), file == "shallow"); err != nil {
			return g, err
		}
		if len(text) > 0 {
			fmt.Fprintf(&facts, "%s %d\n%s", file, len(text), text)
		}
	}
	if on, err := r.Config.Bool("core.useReplaceRefs", true); err != nil {
		return g, err
	} else if on {
		list, err := rs.List("refs/replace/")
		if err != nil {
			return g, err
		}
		for _, ref := range list {
			old, err := object.ParseID(strings.TrimPrefix(ref.Name, "refs/replace/"))
			if err != nil || ref.ID.IsZero() {
				continue // git warns about it, and goes on
			}
			g.Replace[old] = ref.ID
			fmt.Fprintf(&facts, "%s %s\n", ref.Name, ref.ID)
		}
	}
	if facts.Len() > 0 {
		sum := sha256.Sum256(facts.Bytes())
		g.Fingerprint = hex.EncodeToString(sum[:16])
	}
	return g, nil
}

// addParents reads lines of a commit and its parents; a shallow commit has none.
func (g *Grafts) addParents(path, text string, shallow bool) error {
	for i, line := range strings.Split(text, "\n") {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(line, "#") {
			continue
		}
		ids := make([]object.ID, len(fields))
		for j, field := range fields {
			id, err := object.ParseID(field)
			if err != nil || shallow && j > 0 {
				return fmt.Errorf("%s:%d: %.60q is not a line of commits; correct the file, or clone again", path, i+1, line)
			}
			ids[j] = id
		}
		g.Parents[ids[0]] = ids[1:]
	}
	return nil
}
