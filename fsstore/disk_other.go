//go:build !linux

package fsstore

import "os"

func exchangeAt(_ *os.File, _ string, _ *os.File, _ string) error { return errNoExchange }

// flushAll makes the files at these paths durable, one by one.
func (d *disk) flushAll(paths []string) error {
	if !d.sync {
		return nil
	}
	for _, p := range paths {
		f, err := d.root.OpenFile(p, os.O_RDWR, 0)
		if err == nil {
			err = d.flush(f)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
