package lockfile

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// A HeldError says that a lock file stood in the way until time ran out.
type HeldError struct {
	Path  string    // the lock file
	Since time.Time // when it was made; zero if it went away at the last moment
	By    string    // "prompty (pid 123 on host)" if it is ours, else ""
}

// Error names the lock file, its age and what to do.
func (e *HeldError) Error() string {
	since := ""
	if !e.Since.IsZero() {
		since = " since " + e.Since.UTC().Format(time.RFC3339)
	}
	if e.By != "" {
		return fmt.Sprintf("%s is held by %s%s; wait until that is done; if there is no such process any more, remove the file", e.Path, e.By, since)
	}
	return fmt.Sprintf("%s is there%s: another git command seems to be at work; wait until it is done, or, if none runs (see ps), remove the file", e.Path, since)
}

func heldError(lockPath string) error {
	e := &HeldError{Path: lockPath}
	if fi, err := os.Lstat(lockPath); err == nil {
		e.Since = linkedAt(fi)
		if links(fi) > 1 {
			e.By, _ = readSignature(lockPath)
		}
	}
	return e
}

// Ours reports whether a lock file is there and was made by this package, in any
// process.
func Ours(lockPath string) bool {
	who, _ := readSignature(lockPath)
	return who != ""
}

// readSignature returns whose owner file or lock file that is, and on which
// machine; "" if it is none of ours.
func readSignature(path string) (who, host string) {
	f, err := openNoFollow(path)
	if err != nil {
		return "", ""
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 512))
	if err != nil {
		return "", ""
	}
	who, _, ok := strings.Cut(string(text), ") holds this lock")
	_, host, ok2 := strings.Cut(who, " on ")
	if !ok || !ok2 || !strings.HasPrefix(who, "prompty (pid ") {
		return "", ""
	}
	return who + ")", host
}
