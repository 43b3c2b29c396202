package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/go-prompty/prompty"
)

// seedVariable repeats one run of the histories.
const seedVariable = "STORETEST_SEED"

const (
	linearHistories = 24
	linearClients   = 4
	linearCalls     = 8 // of each client
)

// call is an operation of a concurrent history.
type call struct {
	op      string
	name    string
	version int    // of GetVersion, DeleteVersion; the base of SaveIf
	text    string // of a save
}

// answer is what came back. Of a missing template everything is zero.
type answer struct {
	version  int // of a save or a read; what a conflict says is the latest
	text     string
	versions string // of ListVersions
	missing  bool
	conflict bool
}

func (t *trial) seed() uint64 {
	if text := os.Getenv(seedVariable); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("%s: %v", seedVariable, err)
		}
		return seed
	}
	return uint64(time.Now().UnixNano())
}

func linearRuns(t *trial) {
	seed := t.seed()
	t.Logf("storetest: again with %s=%d", seedVariable, seed)
	start := time.Now()
	for i := 0; i < linearHistories && !t.Failed() && time.Since(start) < modelBudget; i++ {
		linearRun(t, rand.New(rand.NewPCG(seed, uint64(i))))
	}
}

// linearRun lets clients work at once on two names, over two handles, and
// asks for an order of their calls that explains all answers.
func linearRun(t *trial, rnd *rand.Rand) {
	p := t.place()
	defer p.close()
	handles := []prompty.TemplateStorage{p.handle(), p.handle()}
	if t.claims.stale {
		handles[1] = handles[0]
	}
	_, canSaveIf := prompty.As[prompty.ConditionalSaver](handles[0])
	plans := make([][]call, linearClients)
	for client := range plans {
		for i := range linearCalls {
			plans[client] = append(plans[client], randomCall(rnd, canSaveIf, fmt.Sprintf("client %d call %d", client, i)))
		}
	}
	var mu sync.Mutex // guards history
	var history []porcupine.Operation
	start := time.Now()
	var fns []func()
	for client, plan := range plans {
		s := handles[client%2]
		fns = append(fns, func() {
			for _, c := range plan {
				op := porcupine.Operation{ClientId: client, Input: c, Call: time.Since(start).Nanoseconds()}
				got, err := c.do(t, s)
				op.Output, op.Return = got, time.Since(start).Nanoseconds()
				if err != nil {
					t.Errorf("%s(%q): %v", c.op, c.name, err)
					return
				}
				mu.Lock()
				history = append(history, op)
				mu.Unlock()
			}
		})
	}
	all(fns...)
	if t.Failed() {
		return
	}
	switch porcupine.CheckOperationsTimeout(linearModel, history, 10*time.Second) {
	case porcupine.Illegal:
		t.Errorf("no order of these calls explains their answers:\n%s", describeHistory(history))
	case porcupine.Unknown:
		t.Logf("the history was not decided within 10 s")
	}
}

func randomCall(rnd *rand.Rand, canSaveIf bool, text string) call {
	ops := []string{"Save", "Save", "Get", "GetVersion", "Delete", "DeleteVersion", "ListVersions", "Exists"}
	if canSaveIf {
		ops = append(ops, "SaveIf", "SaveIf")
	}
	return call{op: ops[rnd.IntN(len(ops))], name: []string{"a", "b"}[rnd.IntN(2)], version: rnd.IntN(6), text: text}
}

// do makes the call. Errors that the model knows are answers.
func (c call) do(t *trial, s prompty.TemplateStorage) (answer, error) {
	ctx := t.ctx()
	var got answer
	var err error
	read := func(x *prompty.StoredTemplate, e error) {
		if err = e; err == nil {
			got.version, got.text = x.Version, x.Source
		}
	}
	tmpl := t.draft(c.name, c.text)
	switch c.op {
	case "Save":
		err = s.Save(ctx, tmpl)
		got.version = tmpl.Version
	case "SaveIf":
		err = prompty.SaveIf(ctx, s, tmpl, c.version)
		got.version = tmpl.Version
	case "Get":
		read(s.Get(ctx, c.name))
	case "GetVersion":
		read(s.GetVersion(ctx, c.name, c.version))
	case "Delete":
		err = s.Delete(ctx, c.name)
	case "DeleteVersion":
		err = s.DeleteVersion(ctx, c.name, c.version)
	case "Exists":
		var ok bool
		ok, err = s.Exists(ctx, c.name)
		got.missing = !ok
	case "ListVersions":
		var list []int
		list, err = s.ListVersions(ctx, c.name)
		got.versions = fmt.Sprint(list)
	}
	if conflict, ok := errors.AsType[*prompty.ConflictError](err); ok {
		return answer{conflict: true, version: conflict.Latest}, nil
	}
	if errors.Is(err, prompty.ErrTemplateNotFound) && !errors.Is(err, context.Canceled) {
		return answer{missing: true}, nil
	}
	return got, err
}

// shelf is the model's state of one name. It is never changed in place.
type shelf struct {
	high int
	live []version
}

type version struct {
	number int
	text   string
}

func (s shelf) find(number int) int {
	return slices.IndexFunc(s.live, func(v version) bool { return v.number == number })
}

func (s shelf) latest() version {
	if len(s.live) == 0 {
		return version{}
	}
	return s.live[len(s.live)-1]
}

func (s shelf) save(text string) shelf {
	high := s.high + 1
	return shelf{high, append(slices.Clone(s.live), version{high, text})}
}

// step tells whether the answer fits the state, and what the state is then.
func (s shelf) step(c call, got answer) (bool, shelf) {
	found := s.find(c.version)
	switch c.op {
	case "Save":
		return got == answer{version: s.high + 1}, s.save(c.text)
	case "SaveIf":
		if latest := s.latest().number; latest != c.version {
			return got == answer{conflict: true, version: latest}, s
		}
		return got == answer{version: s.high + 1}, s.save(c.text)
	case "Get":
		latest := s.latest()
		return got == answer{version: latest.number, text: latest.text, missing: len(s.live) == 0}, s
	case "GetVersion":
		if found < 0 {
			return got == answer{missing: true}, s
		}
		return got == answer{version: c.version, text: s.live[found].text}, s
	case "Delete":
		return got == answer{missing: len(s.live) == 0}, shelf{high: s.high}
	case "DeleteVersion":
		if found < 0 {
			return got == answer{missing: true}, s
		}
		return got == answer{}, shelf{s.high, slices.Concat(s.live[:found], s.live[found+1:])}
	case "Exists":
		return got == answer{missing: len(s.live) == 0}, s
	}
	var list []int // ListVersions
	for _, v := range slices.Backward(s.live) {
		list = append(list, v.number)
	}
	return got == answer{versions: fmt.Sprint(list)}, s
}

var linearModel = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		byName := make(map[string][]porcupine.Operation)
		for _, op := range history {
			name := op.Input.(call).name
			byName[name] = append(byName[name], op)
		}
		var parts [][]porcupine.Operation
		for _, part := range byName {
			parts = append(parts, part)
		}
		return parts
	},
	Init: func() any { return shelf{} },
	Step: func(state, input, output any) (bool, any) {
		return state.(shelf).step(input.(call), output.(answer))
	},
	Equal: func(a, b any) bool {
		x, y := a.(shelf), b.(shelf)
		return x.high == y.high && slices.Equal(x.live, y.live)
	},
}

func describeHistory(history []porcupine.Operation) string {
	slices.SortFunc(history, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
	var b strings.Builder
	for _, op := range history {
		fmt.Fprintf(&b, "  %8d–%8d ns, client %d: %+v → %+v\n", op.Call, op.Return, op.ClientId, op.Input, op.Output)
	}
	return b.String()
}
