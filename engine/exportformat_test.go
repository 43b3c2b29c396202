package engine

import "fmt"

// Compiled is the program's code without its places, to compare two programs.
func (p *Program) Compiled() string {
	return fmt.Sprintf("%v %q %q", p.main.ins, p.main.texts, p.main.consts)
}
