package engine

// opcode is what an instruction does. a, b and c are its operands; "top" is the
// top of the operand stack, "pop" takes it off.
type opcode uint16

const (
	doParts      opcode = iota // print parts[a:b], their item being slot c unless c < 0; return if aux is 1
	doEach                     // for each turn of loops[a], over its path or pop, print parts[b:c]
	doLoad                     // push paths[a]; if it is missing print texts[b] and go to c, or fail if b < 0
	doPrintTop                 // print pop
	doConst                    // push consts[a]
	doPath                     // push paths[a], nil if it is missing
	doNeg                      // replace top by its negative
	doBin                      // replace the two topmost by the result of operator aux
	doFunc                     // replace the b topmost by the result of funcs[a]
	doStore                    // pop to slot a
	doJump                     // go to c
	doJumpTop                  // pop; go to c if its truth is aux
	doJumpPath                 // go to c if the truth of paths[a] is aux
	doJumpCmp                  // go to c if the truth of paths[a] op consts[b] is as aux says
	doJumpCmpTop               // pop two; go to c if the truth of their comparison is as aux says
	doCaseText                 // go to c unless slot a prints as texts[b]
	doFor                      // begin loops[a] over its path or pop; go to c if there is nothing
	doNext                     // go to c for the next turn of loops[a]; a turn takes b steps
	doWith                     // put paths[b], or pop if b < 0, into slot a, as a map
	doCall                     // run calls[a]
	doMark                     // remember the state of the output in mark a
	doCapture                  // as doMark, and what follows is the body of a custom tag
	doCustom                   // run customs[a]
	doMessage                  // begin messages[a]; its role is pop if it has no static one
	doMessageEnd               // end the message
	doEnv                      // print the environment variable of envs[a]
	doFail                     // fail with errs[a]
	doTick                     // count b steps
	doEnd                      // return
)

// instr is one instruction.
type instr struct {
	op      opcode
	aux     uint16
	at      int32 // its meta
	a, b, c int32
}

// part prints a value and the text behind it. Texts and variables are most of
// any template, so a row of them is one instruction and, as the body of a loop,
// one together with the loop.
type part struct {
	from   partSource
	deep   uint8  // how many segments of the path are not in the map
	long   bool   // the text does not fit into pad
	size   uint8  // of the text, if it does
	room   int32  // bytes of the output that writing the text may touch
	key    string // of the map that from names
	text   string // behind the value
	next   *part
	path   int32 // the value's; -1 without
	def    int32 // the text to print if the path is missing; -1 without
	value  int32 // meta of the value
	behind int32 // meta of the text
	pad    [2 * padSize]byte
}

// partSource says which map has the value of a part, or that it is no map's.
type partSource uint8

const (
	inNothing  partSource = iota // there is only the text
	inRoot                       // the data
	inItem                       // the item: that of the loop that is one with its parts, or a slot
	isItem                       // that item itself
	isIndex                      // the number of the turn of the loop that is one with its parts
	inRootDeep                   // a map in the data
	inItemDeep                   // a map in the item
	isSlot                       // another slot
	inSlot                       // a map in another slot
	inWith                       // the map of an include's with, and else something further out
	elsewhere                    // lookup knows
)

// padSize is how many bytes a machine copies at once. Texts of up to two times
// as many are copied as one or two such pieces, with whatever stands behind them
// in their pad: a length that the compiler knows takes two instructions, any
// other a call.
const padSize = 16

// meta is what is known of an instruction, or of half a part, for errors.
type meta struct {
	off     int32 // place in the source of its site's template
	start   int32 // where its tag begins
	site    int32
	tag     int32 // index into tags
	handler int32 // index into handlers, or one of the following
}

const (
	noHandler    = -1 // the error goes to whoever called the code
	throwHandler = -2 // the error ends the rendering
)

// site is a template as it was brought into a piece of code.
type site struct {
	tmpl   *Template
	parent int32 // the site it was brought in from; -1 for the code's own template
	off    int32 // where in the parent
	how    string
}

// handler is what becomes of a tag that fails.
type handler struct {
	strategy Strategy
	explicit bool  // an onerror attribute says so, not the engine's default
	mark     int32 // the state to go back to
	resume   int32 // the instruction to go on with
	text     string
}

// code is a compiled template, with what was inlined into it.
type code struct {
	ins      []instr
	parts    []part
	meta     []meta
	sites    []site
	tags     []string
	handlers []handler

	texts    []string
	paths    []pathRef
	segs     []string // of paths
	consts   []any
	funcs    []*Func
	loops    []loopSite
	calls    []callSite
	customs  []customSite
	messages []messageSite
	envs     []envSite
	errs     []error

	// what an activation needs
	nslots, nloops, nmarks, nstack int
}

// pathSource says where a path begins.
type pathSource uint8

const (
	fromRoot pathSource = iota
	fromSlot
	fromConst
	fromEnv
	fromNowhere // an isolated scope does not have it
)

// pathRef is a path, resolved as far as it can be before there is data.
type pathRef struct {
	src     pathSource
	hasFall bool
	plain   bool // a name in the data and nothing more
	slot    int32
	segs    []string
	view    *view // for suggestions
	*pathMore
}

// pathMore is what few paths have; it is nil for the others.
type pathMore struct {
	dyn   []int // slots of maps to look into first
	fixed any   // the string of a constant, or the default of an input of that name
}

// view is what can be seen from a place in the code.
type view struct {
	scope    *scope
	defaults []map[string]any // of inputs, outermost template first; below all scopes
}

type loopSite struct {
	loop        int // index of the cursor
	path        int // index of the path; -1: the value is on the stack
	item, index int // slots; index is -1 without
	limit       int // 0 without

	// If the loop is one with its parts:
	steps  int    // of a turn
	block  int    // turns between two looks at the limits
	lead   string // the text a turn begins with; it is printed at the end of the turn before
	leadAt int32  // its meta
}

type callSite struct {
	target  *target
	view    *view
	depth   int  // of inlined includes around it
	scopes  int  // steps that looking through the view takes
	covered bool // by an onerror attribute
}

// target is a template that is called, not inlined.
type target struct {
	tmpl *Template
	code *code
}

type customSite struct {
	name     string
	resolver Resolver
	attrs    map[string]string
	mark     int // of a block's body; -1 for a self-closing tag
	view     *view
}

type messageSite struct {
	role, name string
	cache      bool
}

type envSite struct {
	name, def        string
	hasDef, required bool
}

// Program is a template with everything it includes and extends, compiled. It
// is immutable.
type Program struct {
	eng     *Engine
	tmpl    *Template
	main    *code
	room    room                  // for main's activation
	brief   bool                  // the output is likely to be short
	starts  bool                  // it is worth while to begin without a frame
	targets map[*Template]*target // that main or each other call
	links   map[Ref]link
	refs    []Ref
	inputs  []declared
}

// Refs returns what the template includes and extends, directly and through
// others, each once, in the order it was found. Those that could not be loaded
// are among them.
func (p *Program) Refs() []Ref { return append([]Ref(nil), p.refs...) }
