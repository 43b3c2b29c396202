package cli

import "os"

// panicOnScreen is a program that takes the screen and panics: in the part that
// draws, or in one beside it.
func panicOnScreen() {
	s, err := newScreen(os.Stdin, os.Stdout)
	if err != nil {
		panic(err)
	}
	defer s.close()
	if err := s.draw([]string{"drawn"}); err != nil {
		panic(err)
	}
	if <-s.keys; len(os.Args) > 1 {
		s.start(func() { panic("beside") })
		<-s.done
	}
	panic("in the middle")
}
