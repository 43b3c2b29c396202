// Package attributes reads what .gitattributes and .gitignore files say of a
// path, and converts line ends as git does. It does no I/O.
//
// Patterns follow gitignore(5) and gitattributes(5), as git's own wildmatch.c,
// dir.c and attr.c carry them out; matching takes time linear in pattern and
// path. go-git's matchers were not used: they split patterns at slashes and
// match the parts by path/filepath, which agrees with git on common patterns
// only.
package attributes
