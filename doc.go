// Package prompty is a store for LLM prompt templates: prompts are files,
// versions are kept for ever, and a saved change shows in the next render.
//
//	import _ "github.com/go-prompty/prompty/fsstore"
//
//	storage, err := prompty.OpenStorage("filesystem", "./prompts")
//	engine, err := prompty.NewStorageEngine(prompty.StorageEngineConfig{Storage: storage})
//	defer engine.Close()
//	text, err := engine.Execute(ctx, "greeting", map[string]any{"name": "Ada"})
//
// A [TemplateStorage] keeps templates and their versions; [OpenStorage] opens one
// by the name of its driver, which registers itself when imported:
//
//	fsstore      driver "filesystem": a folder of files that people edit
//	gitstore     driver "git": a repository; each save is a commit
//	engine       the template language; its package comment is the manual
//	promptfile   what a prompt's file holds
//	diff         two texts, line by line
//	storetest    the tests for a storage of your own
//	cmd/prompty  the command
//
// [NewCachedStorage] puts a cache before any storage, [ForTenant] shows one
// tenant's part of it, and a [StorageEngine] renders what it holds.
//
// # What every storage promises
//
// A version, once saved, never changes and its number is never used again.
// Savers at the same time, in one process or in many, get consecutive versions,
// none lost, none doubled. When Save returns, the version outlives a crash.
// Texts come back byte for byte. Names are portable and cannot lead outside.
//
// What a backend can do beyond the ten methods is a small interface of its own,
// found through decorators by [As].
package prompty
