//go:build unix

package cli

import "testing"

// Somebody at a terminal is asked for what is missing, and the terminal is left
// as it was however that ends.
func TestAskOnTerminal(t *testing.T) {
	t.Parallel()
	x := newTerminal(t, 60, 20)
	x.write("prompts/greeting.prompty", "---\ninputs:\n  user: {type: string, required: true, description: First name}\n  age: {type: integer, required: true}\n---\nHello {~prompty.var name=\"user\" /~}, {~prompty.var name=\"age\" format=\"value + 1\" /~}!\n")
	before := x.state()

	x.line("echo first screen; prompty render greeting; echo code $?")
	x.await(`^user \(First name\):$`)
	x.keys("A", "d", "x", "BSpace", "a", "Enter")
	x.await(`^user \(First name\): Ada\nage \(a whole number\):$`)
	x.line("old")
	x.await(`^"old" is not a whole number\nage \(a whole number\):$`)
	x.line("41")
	x.await(`^prompty: the same without questions: --set user=Ada --set ag$`)
	x.await(`^Hello Ada, 42!$`)
	x.left(before, 0)

	x.line("echo first screen; prompty render greeting; echo code $?")
	x.await(`^user \(First name\):$`)
	x.keys("C-c")
	x.left(before, 130)

	// What was asked for is a failure if nobody answers; standard output is data.
	x.line("echo first screen; prompty render greeting >out.txt; echo code $?")
	x.await(`^user \(First name\):$`)
	x.keys("C-d")
	x.await(`^hint: give it with --set user=… --set age=…, or with`)
	x.left(before, 1)
}
