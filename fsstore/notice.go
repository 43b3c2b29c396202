package fsstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-prompty/prompty"
)

// Nothing in the tree shows that a version before the latest was deleted, nor
// that a deletion, or saving the text that is there, was begun by a process
// that was killed then. So who does that puts the name on a list first, which
// the watchers of other processes see change. They take the lock before they
// look: then it is done, or the one who began it is dead and they finish it.
//
// The list has the last names only, numbered from a number that a new list
// draws by lot: who missed some knows that, and that everything may have
// changed. It need not survive power loss, since no watcher does.

const (
	noticePath  = stateDir + "/notices"
	noticeTitle = "prompty notices" // then what the list is called, and the number of its first name
	mostNotices = 64
)

// notices is that list.
type notices struct {
	list  string // which one it is; empty if there is none
	first uint64 // the number of names[0]
	names []string
}

func (n *notices) next() uint64 { return n.first + uint64(len(n.names)) }

// since returns the names that were added after a list had next as its next
// number; false if there may be others.
func (n *notices) since(before *notices) ([]string, bool) {
	next := before.next() // of no list it is 1, where a new one begins
	if before.list != "" && n.list != before.list || next < n.first || next > n.next() {
		return nil, false
	}
	return n.names[next-n.first:], true
}

// readNotices returns an empty list for one that is missing or damaged.
func (s *Store) readNotices() (*notices, error) {
	none := &notices{first: 1}
	f, err := s.readOwn(noticePath) // replaced as a whole
	if missing(err) || isUnusable(err) {
		return none, nil
	}
	if err != nil {
		return nil, err
	}
	lines := strings.Split(string(f.data), "\n")
	words := strings.Split(strings.TrimPrefix(lines[0], noticeTitle+" "), " ")
	if len(words) != 2 || len(lines) > mostNotices+2 || lines[len(lines)-1] != "" {
		return none, nil
	}
	n := &notices{list: words[0], names: lines[1 : len(lines)-1]}
	if n.first, err = strconv.ParseUint(words[1], 10, 64); err != nil || n.first == 0 {
		return none, nil
	}
	for _, name := range n.names {
		if prompty.CheckName(name) != nil {
			return none, nil
		}
	}
	return n, nil
}

// announce puts a name on the list. The lock is held. Where there is no room
// for a new list, that the old one goes says that everything may have changed.
func (s *Store) announce(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	n, err := s.readNotices()
	if err != nil {
		return err
	}
	if n.list == "" {
		n.list = rand.Text()
	}
	n.names = append(n.names, name)
	if more := len(n.names) - mostNotices; more > 0 {
		n.names, n.first = n.names[more:], n.first+uint64(more)
	}
	text := fmt.Sprintf("%s %s %d\n%s\n", noticeTitle, n.list, n.first, strings.Join(n.names, "\n"))
	tmp, h, err := s.stage("notices", []byte(text), 0o666, time.Time{})
	if err != nil {
		return s.withdraw(err)
	}
	if err := errors.Join(h.Close(), s.disk.rename(tmp, noticePath)); err != nil {
		s.discard(tmp)
		return s.withdraw(err)
	}
	return nil
}

func (s *Store) withdraw(err error) error {
	if s.disk.remove(noticePath) == nil {
		return nil
	}
	return err
}
