package odb

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// loosePath gives where an object lies that has a file of its own.
func loosePath(dir string, id object.ID) string {
	var text [40]byte
	hex := id.Append(text[:0])
	return dir + string(filepath.Separator) + string(hex[:2]) + string(filepath.Separator) + string(hex[2:])
}

var errLoose = errors.New("it does not begin as an object")

// maxHeader is more than "commit " and a size can need.
const maxHeader = 32

// parseLooseHeader reads "blob 12\x00" and gives its length, too.
func parseLooseHeader(head []byte) (kind object.Kind, size int64, n int, err error) {
	end := bytes.IndexByte(head, 0)
	word, number, ok := bytes.Cut(head[:max(end, 0)], []byte(" "))
	if !ok || len(number) == 0 || number[0] == '+' || number[0] == '-' {
		return 0, 0, 0, errLoose
	}
	if kind, err = object.ParseKind(string(word)); err != nil {
		return 0, 0, 0, errLoose
	}
	if size, err = strconv.ParseInt(string(number), 10, 64); err != nil {
		return 0, 0, 0, errLoose
	}
	return kind, size, end + 1, nil
}

// readLoose reads the object in a file. A missing file is fs.ErrNotExist.
func readLoose(path string, id object.ID, limit int64) (object.Kind, []byte, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return 0, nil, err
	}
	damaged := func(err error) (object.Kind, []byte, error) {
		return 0, nil, &CorruptError{File: path, ID: id, Err: err}
	}
	var head [maxHeader]byte
	have, err := inflatePrefix(head[:], src)
	if err != nil {
		return damaged(err)
	}
	kind, size, n, err := parseLooseHeader(head[:have])
	if err != nil {
		return damaged(err)
	}
	if err := checkSize(size, limit); err != nil {
		return 0, nil, err
	}
	if size > int64(len(src))*1032 {
		return damaged(errShort)
	}
	data := make([]byte, n+int(size))
	if _, err := inflate(data, src); err != nil {
		return damaged(err)
	}
	data = data[n:]
	if object.Hash(kind, data) != id {
		return damaged(errors.New("it holds another object than its name says"))
	}
	return kind, data, nil
}

// statLoose reads the beginning of the object in a file.
func statLoose(path string, id object.ID) (object.Kind, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	var src [4096]byte
	have, err := io.ReadFull(f, src[:])
	if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
		return 0, 0, err
	}
	var head [maxHeader]byte
	n, err := inflatePrefix(head[:], src[:have])
	var kind object.Kind
	var size int64
	if err == nil {
		kind, size, _, err = parseLooseHeader(head[:n])
	}
	if err != nil {
		return 0, 0, &CorruptError{File: path, ID: id, Err: err}
	}
	return kind, size, nil
}
