package cli

import "fmt"

// colorWhen is the value of --color.
type colorWhen string

const (
	colorAuto   colorWhen = "auto"
	colorAlways colorWhen = "always"
	colorNever  colorWhen = "never"
)

func (w *colorWhen) String() string { return string(*w) }
func (w *colorWhen) Type() string   { return "WHEN" }

func (w *colorWhen) Set(s string) error {
	switch colorWhen(s) {
	case colorAuto, colorAlways, colorNever:
		*w = colorWhen(s)
		return nil
	}
	return fmt.Errorf("it is %s, %s or %s", colorAuto, colorAlways, colorNever)
}

// colour says whether what goes to a stream is coloured. --color decides where
// it is given; else NO_COLOR (https://no-color.org) means no, CLICOLOR_FORCE
// (https://bixense.com/clicolors) yes, and without either it is for terminals
// that have colours.
func (a *app) colour(stream any) bool {
	switch a.color {
	case colorAlways:
		return true
	case colorNever:
		return false
	}
	env := func(name string) string {
		v, _ := a.lookupEnv(name)
		return v
	}
	switch force := env("CLICOLOR_FORCE"); {
	case env("NO_COLOR") != "":
		return false
	case force != "" && force != "0":
		return true
	}
	return isTerminal(stream) && env("TERM") != "dumb"
}
