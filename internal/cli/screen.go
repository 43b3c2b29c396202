package cli

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/term"
)

// screen is the terminal while one program has all of it: its second screen,
// without a cursor, keys as they are pressed. close gives it back as it was.
type screen struct {
	out    *os.File
	in     *os.File // where keys come from; nil if there is no such terminal
	ownsIn bool
	before *term.State // of in
	keys   chan key    // what is pressed, and keyResize

	done     chan struct{} // closed by close
	wake     *os.File      // closing it ends the wait for keys
	work     sync.WaitGroup
	restored sync.Once
}

// key is what one press amounts to.
type key int

const (
	keyOther key = iota
	keyQuit
	keyInterrupt
	keySuspend
	keyUp
	keyDown
	keyPageUp
	keyPageDown
	keyHome
	keyEnd
	keyResize // no key: the terminal has another size
)

// What the terminal does from here on.
const (
	enterScreen = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J" // second screen, no cursor, no wrapping
	leaveScreen = "\x1b[m\x1b[?7h\x1b[?25h\x1b[?1049l"
	beginDraw   = "\x1b[?2026h\x1b[H" // show nothing until the end; from the top
	endDraw     = "\x1b[?2026l"
)

// newScreen takes the terminal that stdout is.
func newScreen(stdin io.Reader, stdout io.Writer) (*screen, error) {
	out, ok := stdout.(*os.File)
	if !ok {
		return nil, errors.New("standard output is no terminal")
	}
	s := &screen{out: out, keys: make(chan key), done: make(chan struct{})}
	if in, ok := stdin.(*os.File); ok && isTerminal(in) {
		s.in = in
	} else if in, err := openControlTerminal(); err == nil { // standard input is data
		s.in, s.ownsIn = in, true
	}
	if err := s.take(); err != nil {
		s.restore()
		return nil, err
	}
	s.watchSize()
	if s.in != nil {
		s.readKeys()
	}
	return s, nil
}

// take makes the terminal ours.
func (s *screen) take() (err error) {
	if s.in != nil {
		if s.before, err = term.MakeRaw(int(s.in.Fd())); err != nil {
			return err
		}
	}
	_, err = s.out.WriteString(enterScreen)
	return err
}

// give makes it what it was before.
func (s *screen) give() {
	_, _ = s.out.WriteString(leaveScreen)
	if s.before != nil {
		_ = term.Restore(int(s.in.Fd()), s.before)
	}
}

// restore gives the terminal back for good. Any goroutine may call it, again and
// while it panics.
func (s *screen) restore() { s.restored.Do(s.give) }

// close is restore, and ends what reads keys.
func (s *screen) close() {
	s.restore()
	close(s.done)
	if s.wake != nil {
		s.wake.Close()
	}
	s.work.Wait()
	if s.ownsIn {
		s.in.Close()
	}
}

// start runs a part of the screen beside the rest. If it panics, the message is
// for a terminal that is as it was before.
func (s *screen) start(part func()) {
	s.work.Go(func() {
		defer func() {
			if p := recover(); p != nil {
				s.restore()
				panic(p)
			}
		}()
		part()
	})
}

// press hands on a key and reports whether to go on.
func (s *screen) press(k key) bool {
	select {
	case s.keys <- k:
		return true
	case <-s.done:
		return false
	}
}

// size is the width and height; those of the oldest terminals if it has none.
func (s *screen) size() (width, height int) {
	width, height, err := term.GetSize(int(s.out.Fd()))
	if err != nil || width <= 0 || height <= 0 {
		return 80, 24
	}
	return width, height
}

// draw shows lines, as many as the screen has and none wider than it, in one
// write.
func (s *screen) draw(lines []string) error {
	const emptyLine = "\x1b[2K" // before the text: in the last column it would take a letter with it
	_, err := s.out.WriteString(beginDraw + emptyLine + strings.Join(lines, "\r\n"+emptyLine) + endDraw)
	if errors.Is(err, syscall.EIO) { // the terminal is gone
		return errReaderLeft
	}
	return err
}

// keySequences are the bytes that keys send.
var keySequences = []struct {
	bytes string
	key   key
}{
	{"\x1b[A", keyUp}, {"\x1bOA", keyUp}, {"k", keyUp},
	{"\x1b[B", keyDown}, {"\x1bOB", keyDown}, {"j", keyDown}, {"\r", keyDown},
	{"\x1b[5~", keyPageUp}, {"b", keyPageUp},
	{"\x1b[6~", keyPageDown}, {" ", keyPageDown},
	{"\x1b[H", keyHome}, {"\x1bOH", keyHome}, {"\x1b[1~", keyHome}, {"g", keyHome},
	{"\x1b[F", keyEnd}, {"\x1bOF", keyEnd}, {"\x1b[4~", keyEnd}, {"G", keyEnd},
	{"q", keyQuit}, {"Q", keyQuit}, {"\x03", keyInterrupt}, {"\x1a", keySuspend},
}

// parseKeys reads the keys in a chunk of input. Sequences of keys that mean
// nothing here are skipped as a whole.
func parseKeys(input []byte) []key {
	var keys []key
next:
	for len(input) > 0 {
		for _, s := range keySequences {
			if bytes.HasPrefix(input, []byte(s.bytes)) {
				keys = append(keys, s.key)
				input = input[len(s.bytes):]
				continue next
			}
		}
		input = input[sequenceLength(input):]
	}
	return keys
}

// sequenceLength is how many bytes belong to the first key.
func sequenceLength(input []byte) int {
	if len(input) < 2 || input[0] != '\x1b' || input[1] != '[' && input[1] != 'O' {
		return 1
	}
	for i, c := range input[2:] {
		if c >= '@' && c <= '~' {
			return i + 3
		}
	}
	return len(input)
}
