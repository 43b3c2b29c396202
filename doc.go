// Package prompty is a store for LLM prompt templates: prompts are files,
// versions are kept for ever, and a saved change shows in the next render.
//
//	import _ "github.com/go-prompty/prompty/fsstore"
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
//	watch        a folder's changes, verified, whole and never missed
//	diff         two texts, line by line
//	storetest    the tests for a storage of your own
//	cmd/prompty  the command
//
// [NewCachedStorage] puts a cache before any storage, [ForTenant] shows one
// tenant's part of it, and a [StorageEngine] renders what it holds. What else a
// backend can do is a small interface of its own, found by [As].
//
// A version, once saved, never changes and outlives a crash; its number is never
// used again. Savers at the same time, in one process or many, get consecutive
// ones, none lost or doubled. Names are portable and cannot lead outside.
package prompty
