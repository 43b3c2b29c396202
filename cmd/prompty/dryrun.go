package main

import (
	"errors"
	"io/fs"
	"slices"
	"strings"

	"github.com/go-prompty/prompty"
)

// openDry opens the storage that where names for a run that writes nothing, and
// so makes neither a folder nor a repository: what would be made is empty.
func (a *app) openDry(where string) (prompty.TemplateStorage, error) {
	where, init := withoutInit(where)
	s, err := a.openAt(where, false)
	if _, none := errors.AsType[*noFolder](err); none || init && errors.Is(err, fs.ErrNotExist) {
		return prompty.NewMemoryStorage(), nil
	}
	return s, err
}

// withDryStorage is withStorage for a run that writes nothing.
func (a *app) withDryStorage(do func(prompty.TemplateStorage) error) error {
	where, err := a.where()
	if err != nil {
		return err
	}
	if rest, init := withoutInit(where); init {
		defer func(was string) { a.storage = was }(a.storage)
		a.storage = rest
	}
	err = a.withStorage(false, do)
	_, none := errors.AsType[*noFolder](err)
	if _, init := withoutInit(where); none || init && errors.Is(err, fs.ErrNotExist) {
		err = do(prompty.NewMemoryStorage())
	}
	return err
}

// withoutInit takes the option away with which a repository is made.
func withoutInit(where string) (rest string, init bool) {
	driver, connection := splitStorage(where)
	path, options, _ := strings.Cut(connection, "?")
	if driver != "git" || options == "" {
		return where, false
	}
	all := strings.Split(options, "&")
	kept := slices.DeleteFunc(slices.Clone(all), func(o string) bool { return o == "init=1" })
	if len(kept) == len(all) {
		return where, false
	}
	if path = driver + ":" + path; len(kept) > 0 {
		path += "?" + strings.Join(kept, "&")
	}
	return path, true
}
