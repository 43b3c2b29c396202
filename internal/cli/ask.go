package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/go-prompty/prompty/engine"
	"github.com/go-prompty/prompty/promptfile"
)

// asker asks a person for what a prompt needs and nothing gives. It leaves the
// terminal as it is: lines are edited by the terminal itself.
type asker struct {
	in  *bufio.Reader
	out io.Writer

	answered []string // as a command line gives it
}

// asker returns nil where nobody can be asked: standard input is no terminal,
// or is read for something else, or nobody would see the question.
func (a *app) asker(flags *renderFlags, arg string) *asker {
	if flags.watch || arg == "-" || slices.Contains(flags.dataFiles(), "-") || !isTerminal(a.stdin) || !isTerminal(a.stderr) {
		return nil
	}
	return &asker{in: bufio.NewReader(a.stdin), out: a.stderr}
}

// ask asks for values one after the other and puts them into data. why is what
// the rendering said.
func (k *asker) ask(ctx context.Context, why error, paths []string, inputs map[string]promptfile.Input, data map[string]any) error {
	for _, path := range paths {
		in := inputs[path]
		in.Name = path
		if e, ok := errors.AsType[*engine.Error](why); ok && e.Tag == "prompty.for" && in.Type == "" {
			in.Type = "list"
		}
		if m, ok := errors.AsType[*engine.MissingError](why); ok && strings.Contains(m.Error(), "did you mean") {
			fmt.Fprintln(k.out, printable(m.Error()))
		}
		value, err := k.question(ctx, &in)
		if err != nil {
			return err
		}
		s := setting{flag: setFlag, given: path, path: strings.Split(path, ".")}
		if err := s.apply(data, value); err != nil {
			return err
		}
		k.answered = append(k.answered, asSetting(path, value))
	}
	return nil
}

// question asks until there is an answer that fits.
func (k *asker) question(ctx context.Context, in *promptfile.Input) (any, error) {
	for {
		fmt.Fprint(k.out, questionText(in))
		line, err := k.line(ctx)
		if err != nil {
			return nil, err
		}
		value, fault := readAnswer(in, line)
		if fault == "" {
			return value, nil
		}
		fmt.Fprintln(k.out, printable(fault))
	}
}

// errStoppedAnswering ends a render whose questions somebody did not answer.
var errStoppedAnswering = errors.New("no more answers")

// line reads a line. Ctrl-C ends the command as it ends all others; Ctrl-D, too,
// but as a failure.
func (k *asker) line(ctx context.Context) (string, error) {
	ctx, stop := untilEnded(ctx)
	defer stop()
	type read struct {
		line string
		err  error
	}
	done := make(chan read, 1)
	go func() { // a read of a terminal ends with a line, or with this process
		line, err := k.in.ReadString('\n')
		done <- read{line, err}
	}()
	select {
	case r := <-done:
		if r.err != nil {
			fmt.Fprintln(k.out) // the shell's prompt stands on a line of its own
			return "", errStoppedAnswering
		}
		return strings.TrimRight(r.line, "\r\n"), nil
	case <-ctx.Done():
		fmt.Fprintln(k.out)
		return "", context.Cause(ctx)
	}
}

// answerText says what can be typed for each type.
var answerText = map[string]string{
	"number": "a number", "integer": "a whole number", "boolean": "yes or no",
	"list": `a list in JSON, such as ["a", "b"]`, "object": `a mapping in JSON, such as {"a": 1}`,
}

// questionText is what stands before the answer.
func questionText(in *promptfile.Input) string {
	var about []string
	if in.Description != "" {
		about = append(about, in.Description)
	}
	if len(in.Enum) > 0 {
		about = append(about, "one of "+strings.Join(choices(in), ", "))
	} else if what, ok := answerText[in.Type]; ok {
		about = append(about, what)
	}
	text := in.Name
	if len(about) > 0 {
		text += " (" + strings.Join(about, "; ") + ")"
	}
	return printable(text) + ": "
}

// choices are the values that an input may have, as people type them.
func choices(in *promptfile.Input) []string {
	list := make([]string, len(in.Enum))
	for i, v := range in.Enum {
		list[i] = fmt.Sprint(v)
	}
	return list
}

// readAnswer reads what was typed as the type that an input has; fault says why
// it cannot be that.
func readAnswer(in *promptfile.Input, line string) (value any, fault string) {
	if line == "" {
		return nil, "nothing was typed; Ctrl-D stops"
	}
	if len(in.Enum) > 0 {
		i := slices.Index(choices(in), line)
		if i < 0 {
			return nil, fmt.Sprintf("%q is none of %s", line, strings.Join(choices(in), ", "))
		}
		return in.Enum[i], ""
	}
	switch in.Type {
	case "string":
		return line, ""
	case "boolean":
		switch strings.ToLower(line) {
		case "yes", "y", "true", "on":
			return true, ""
		case "no", "n", "false", "off":
			return false, ""
		}
		return nil, fmt.Sprintf("%q is neither yes nor no", line)
	case "", "any": // text, unless it can only be meant as a value
		if strings.HasPrefix(line, "[") || strings.HasPrefix(line, "{") {
			if v, err := parseJSON([]byte(line)); err == nil {
				return v, ""
			}
		}
		return line, ""
	}
	v, err := parseJSON([]byte(line))
	if f, ok := v.(float64); err != nil || !fits(v, in.Type) || in.Type == "integer" && ok && f != math.Trunc(f) {
		return nil, fmt.Sprintf("%q is not %s", line, answerText[in.Type])
	}
	return v, ""
}

// asSetting is the --set that gives the same, as a shell takes it.
func asSetting(path string, value any) string {
	sign, text := "=", ""
	if s, ok := value.(string); ok {
		text = s
	} else if raw, err := json.Marshal(value); err == nil {
		sign, text = ":=", string(raw)
	}
	odd := strings.ContainsFunc(text, func(r rune) bool {
		return !strings.ContainsRune("@%+=:,./-_", r) && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
	if text == "" || odd {
		text = "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
	}
	return "--set " + path + sign + text
}
