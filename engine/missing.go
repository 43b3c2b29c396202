package engine

// MissingError says that a path which must lead somewhere leads nowhere: in
// the name of prompty.var, the in of prompty.for or the with of
// prompty.include. It is the Err of an [*Error].
type MissingError struct {
	Path string
	// Unknown says that nothing has even the path's first name: no loop
	// variable, no attribute of an include, nothing in the data.
	Unknown bool

	text string
}

// Error says which segment is missing, and what there is with a similar name.
func (e *MissingError) Error() string { return e.text }

// InputsError says which declared inputs the data does not fit. It is the Err
// of an [*Error].
type InputsError struct {
	Missing []string // required inputs that are missing or nil, in the order of the front matter

	text string
}

// Error names every input that does not fit, and why.
func (e *InputsError) Error() string { return e.text }
