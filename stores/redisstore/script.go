package redisstore

import (
	"crypto/sha1"
	_ "embed"
	"encoding/hex"
	"strings"
)

// A script is one operation: Redis runs it as a whole, and nothing else meanwhile.
type script struct {
	text   string
	sha    string // by which the server knows it once it was run
	writes bool
	lean   bool // of the store's keys it is given that of the changes only
}

func newScript(writes bool, parts ...string) *script {
	text := strings.Join(parts, "\n")
	sum := sha1.Sum([]byte(text))
	return &script{text: text, sha: hex.EncodeToString(sum[:]), writes: writes}
}

func lean(s *script) *script {
	s.lean = true
	return s
}

var (
	//go:embed lua/base.lua
	baseLua string
	//go:embed lua/ranges.lua
	rangesLua string
	//go:embed lua/past.lua
	pastLua string
	//go:embed lua/marks.lua
	marksLua string
	//go:embed lua/write.lua
	writeLua string
	//go:embed lua/quick.lua
	quickLua string
	//go:embed lua/save.lua
	saveLua string
	//go:embed lua/delete.lua
	deleteLua string
	//go:embed lua/purge.lua
	purgeLua string
	//go:embed lua/get.lua
	getLua string
	//go:embed lua/versions.lua
	versionsLua string
	//go:embed lua/history.lua
	historyLua string
	//go:embed lua/list.lua
	listLua string
	//go:embed lua/heads.lua
	headsLua string
	//go:embed lua/open.lua
	openLua string
	//go:embed lua/state.lua
	stateLua string
)

var (
	quickScript    = lean(newScript(true, quickLua))
	saveScript     = newScript(true, baseLua, marksLua, writeLua, saveLua)
	deleteScript   = newScript(true, baseLua, rangesLua, pastLua, marksLua, writeLua, deleteLua)
	purgeScript    = newScript(true, baseLua, rangesLua, purgeLua)
	getScript      = newScript(false, baseLua, rangesLua, pastLua, getLua)
	versionsScript = newScript(false, baseLua, rangesLua, pastLua, versionsLua)
	historyScript  = newScript(false, baseLua, historyLua)
	listScript     = newScript(false, baseLua, rangesLua, pastLua, marksLua, listLua)
	headsScript    = newScript(false, baseLua, headsLua)
	openScript     = newScript(false, baseLua, openLua) // it may be repeated
	stateScript    = newScript(false, baseLua, stateLua)
)
