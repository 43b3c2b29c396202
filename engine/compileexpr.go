package engine

import "github.com/go-prompty/prompty/engine/internal/value"

// push counts a value on the operand stack.
func (c *compiler) push() {
	c.stack++
	c.nstack = max(c.nstack, c.stack)
}

func (c *compiler) pop(n int) { c.stack -= n }

// value emits code that leaves the value of e on the stack.
func (c *compiler) value(e *expr) {
	if e.fold {
		c.constant(e.val)
		return
	}
	switch e.kind {
	case exprPath:
		c.at.off = e.pos
		c.emit(instr{op: doPath, a: c.path(e.segs)})
		c.push()
	case exprCall:
		for _, a := range e.args {
			c.value(a)
		}
		c.funcs = append(c.funcs, e.fn)
		c.at.off = e.pos
		c.emit(instr{op: doFunc, a: int32(len(c.funcs) - 1), b: int32(len(e.args))})
		c.pop(len(e.args))
		c.push()
	case exprNeg:
		c.value(e.args[0])
		c.at.off = e.pos
		c.emit(instr{op: doNeg})
	case exprChain:
		c.value(e.args[0])
		for _, a := range e.args[1:] {
			c.value(a)
			c.at.off = a.opPos
			c.emit(instr{op: doBin, aux: uint16(a.op)})
			c.pop(1)
		}
	default: // what gives a truth
		var isFalse, over jumps
		c.jumpIf(e, false, &isFalse)
		c.constant(true)
		c.pop(1)
		c.jump(&over)
		c.patch(isFalse)
		c.constant(false)
		c.patch(over)
	}
}

func (c *compiler) constant(v any) {
	c.consts = append(c.consts, v)
	c.emit(instr{op: doConst, a: int32(len(c.consts) - 1)})
	c.push()
}

// jumpIf emits code that jumps if the truth of e is want, and else goes on. The
// jumps are added to a list.
func (c *compiler) jumpIf(e *expr, want bool, list *jumps) {
	aux := uint16(0)
	if want {
		aux = 1
	}
	switch {
	case e.fold:
		if value.Truthy(e.val) == want {
			c.jump(list)
		}
	case e.kind == exprNot:
		c.jumpIf(e.args[0], !want, list)
	case e.kind == exprAnd || e.kind == exprOr:
		// The first operand of this truth decides.
		decides := e.kind == exprOr
		var over jumps
		for i, a := range e.args {
			switch {
			case want == decides:
				c.jumpIf(a, want, list)
			case i == len(e.args)-1:
				c.jumpIf(a, want, list)
			default:
				c.jumpIf(a, decides, &over)
			}
		}
		c.patch(over)
	case e.kind == exprPath:
		c.at.off = e.pos
		c.add(list, c.emit(instr{op: doJumpPath, aux: aux, a: c.path(e.segs)}))
	case e.kind == exprChain && len(e.args) == 2 && e.args[1].op <= opGe:
		c.jumpCompare(e, aux, list)
	default:
		c.value(e)
		c.add(list, c.emit(instr{op: doJumpTop, aux: aux}))
		c.pop(1)
	}
}

// jumpCompare is jumpIf for a single comparison. aux holds the operator above
// its lowest bit.
func (c *compiler) jumpCompare(e *expr, aux uint16, list *jumps) {
	left, right := e.args[0], e.args[1]
	aux |= uint16(right.op) << 1
	if left.kind == exprPath && right.fold {
		c.at.off = right.opPos
		c.consts = append(c.consts, right.val)
		in := instr{op: doJumpCmp, aux: aux, a: c.path(left.segs), b: int32(len(c.consts) - 1)}
		c.add(list, c.emit(in))
		return
	}
	c.value(left)
	c.value(right)
	c.at.off = right.opPos
	c.add(list, c.emit(instr{op: doJumpCmpTop, aux: aux}))
	c.pop(2)
}
