package cli

import (
	"fmt"
	"io"
	"os"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/promptfile"
)

// The most that is read of a prompt (a source and front matter around it) and
// of data.
const (
	maxPrompt = prompty.MaxSourceBytes + promptfile.MaxFrontMatter
	maxData   = 64 << 20
)

// read reads a file, or standard input for "-", up to a number of bytes.
func (a *app) read(path string, most int64) ([]byte, error) {
	if path == "-" {
		return readUpTo(a.stdin, inputName(path), most)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if fi, err := f.Stat(); err == nil && fi.IsDir() {
		return nil, usage(fmt.Errorf("%s is a folder, and here a file is wanted", path), "")
	}
	return readUpTo(f, path, most)
}

// inputName is how messages call what read reads.
func inputName(path string) string {
	if path == "-" {
		return "standard input"
	}
	return path
}

func readUpTo(r io.Reader, what string, most int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > most {
		return nil, fmt.Errorf("%s has more than %d bytes, which is the limit", what, most)
	}
	return data, nil
}
