package cli

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-prompty/prompty/engine"
	"github.com/go-prompty/prompty/promptfile"
)

// attempt is a program with the data that it is rendered with.
type attempt struct {
	*rendering
	program *engine.Program
	inputs  map[string]promptfile.Input // of all templates in it
	*given
}

// run renders into res. What is missing is asked for, if somebody can be asked.
func (t *attempt) run(ctx context.Context, res *result) error {
	for {
		err := t.execute(ctx, t.values, res)
		if err == nil {
			break
		}
		paths := missing(err, t.values)
		if len(paths) == 0 || t.asker == nil {
			return t.explain(ctx, err)
		}
		stopped := t.asker.ask(ctx, err, paths, t.inputs, t.values)
		if errors.Is(stopped, errStoppedAnswering) {
			return t.explain(ctx, err)
		}
		if stopped != nil {
			return stopped
		}
	}
	t.tell()
	return nil
}

// execute renders into res.
func (t *attempt) execute(ctx context.Context, data map[string]any, res *result) (err error) {
	began := time.Now()
	if t.flags.messages {
		res.messages, err = t.program.Messages(ctx, data)
		res.messages = messageList(res.messages)
	} else {
		res.text, err = t.program.Render(ctx, data)
	}
	res.render = time.Since(began)
	return err
}

// explain adds what to type where data is missing.
func (t *attempt) explain(ctx context.Context, err error) error {
	needed := t.needed(ctx, err)
	if len(needed) == 0 {
		return err
	}
	hint := "give it with --set " + strings.Join(needed, " --set ") + ", or with --data FILE"
	switch {
	case t.sampled:
		hint += ", or add it to the prompt's own sample"
	case !t.flags.dataGiven() && !t.flags.sampleGiven:
		hint += "; a `sample:` in the front matter would serve without either"
	}
	for _, text := range slices.Backward(t.unknownInputs()) {
		if !strings.HasSuffix(text, "?") {
			text += ";"
		}
		hint = text + " " + hint
	}
	return withHint(err, hint)
}

// needed returns all that is missing, as --set takes it and as far as it can be
// found out by putting something in the place of what is.
func (t *attempt) needed(ctx context.Context, err error) []string {
	const most = 20
	var all []string
	data := merge(nil, t.values)
	for {
		paths := missing(err, data)
		if len(paths) == 0 || len(all) >= most {
			return all
		}
		for _, path := range paths {
			s := setting{path: strings.Split(path, ".")}
			var filler any = "…"
			text := path + "=…"
			if e, ok := errors.AsType[*engine.Error](err); t.inputs[path].Type == "list" || ok && e.Tag == "prompty.for" {
				filler, text = []any{}, path+":=[…]"
			} else if t.inputs[path].Type == "object" {
				filler, text = map[string]any{}, path+":={…}"
			}
			all = append(all, text)
			if s.apply(data, filler) != nil {
				return all
			}
		}
		if err = t.execute(ctx, data, new(result)); err == nil {
			return all
		}
	}
}

// missing returns the paths that data could have, and has not, according to
// the error of a rendering; none if that is about something else.
func missing(err error, data map[string]any) []string {
	if inputs, ok := errors.AsType[*engine.InputsError](err); ok {
		return inputs.Missing
	}
	m, ok := errors.AsType[*engine.MissingError](err)
	if !ok {
		return nil
	}
	// What a loop or an include gives is not for the data to give.
	path := strings.Split(m.Path, ".")
	if _, given := data[path[0]]; !given && !m.Unknown || !hasRoom(data, path) {
		return nil
	}
	return []string{m.Path}
}

// hasRoom reports whether data has nothing at a path, and a value could be put
// there.
func hasRoom(data any, path []string) bool {
	for _, seg := range path {
		m, ok := data.(map[string]any)
		if !ok {
			return data == nil
		}
		if data, ok = m[seg]; !ok {
			return true
		}
	}
	return false
}
