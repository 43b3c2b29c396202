// Package promptfile knows what the bytes of a .prompty file mean: YAML front
// matter between two lines of three dashes, if there is any, then the body.
//
//	---
//	description: Answers a customer
//	tags: [support]
//	inputs:
//	  name: string
//	---
//	Hello {~prompty.var name="name" /~}
//
// Four keys belong to the storage that holds the file: tags, metadata, tenant
// and created_by. [Decode] takes them out, [Encode] puts them in, and the two
// are exact inverses: Decode(Encode(base, source, fields)) gives source and
// fields for every text in valid UTF-8, and Encode(base, Decode(base)) gives
// base. An edit keeps the author's bytes: only the keys that changed are
// written anew; comments, key order, quoting and line endings stay.
//
// All other keys belong to the text. [ParseHeader] reads them for the template
// engine.
//
// # What counts as front matter
//
// The first line is exactly "---", and so is a later one; a byte order mark
// before and spaces, tabs or a carriage return after are tolerated. Without a
// closing line the whole file is body. A body that starts with a rule of three
// dashes is written after an empty line, or after an empty front matter:
// "---\n---\n".
//
// # Limits
//
// Front matter is at most [MaxFrontMatter] bytes, [MaxNodes] YAML nodes with
// every alias counted as what it stands for, and [MaxDepth] levels deep. Merge
// keys (<<), keys that are not plain values, tags other than YAML's own scalar
// types and a second YAML document are refused with a position. Fields that
// have no room within the limits are written as one line of JSON.
package promptfile

// Limits of front matter, so that no file can take more than a moment to read.
const (
	MaxFrontMatter = 1 << 20 // bytes
	MaxNodes       = 100_000 // YAML nodes, aliases expanded
	MaxDepth       = 100     // levels of nesting, aliases expanded
)

// DefaultExt is the extension of template files.
const DefaultExt = ".prompty"
