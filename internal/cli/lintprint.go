package cli

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-prompty/prompty/engine"
)

// The rules that are the command's own.
const (
	ruleNotText = "not-text"
	ruleStorage = "storage-problem"
)

// lintRules are all that findings can break.
func lintRules() []engine.Rule {
	return append(engine.Rules(),
		engine.Rule{ID: ruleNotText, Severity: engine.SeverityError, Summary: "The file is no text in UTF-8, or holds a NUL.", Advice: "Save it as text in UTF-8."},
		engine.Rule{ID: ruleStorage, Severity: engine.SeverityWarning, Summary: "The storage finds something wrong with its place: a file that is no prompt, a name that some systems refuse.", Advice: "Do what the message says."})
}

func (a *app) printRules(format string) error {
	if format == "json" {
		return a.printJSON(lintRules())
	}
	var rows [][]string
	for _, r := range lintRules() {
		rows = append(rows, []string{r.ID, string(r.Severity), r.Summary})
	}
	a.printTable([]string{"RULE", "SEVERITY", "WHAT IS FOUND"}, rows)
	return nil
}

func (a *app) printReport(r *report, flags *lintFlags) error {
	switch flags.format {
	case "json":
		if err := a.printJSON(r.all()); err != nil {
			return err
		}
	case "sarif":
		if err := a.printJSON(r.sarif()); err != nil {
			return err
		}
	case "github":
		root := sourceRoot()
		for _, f := range r.all() {
			fmt.Fprintln(&a.out, f.annotation(root))
		}
	default:
		a.warnOf(r.problems)
		colour := a.colour(a.stdout)
		if !flags.dryRun { // else the diff tells
			a.printFixed(r.fixed)
		}
		for _, f := range r.findings {
			fmt.Fprintln(&a.out, f.line(colour))
		}
		a.warnLast("%s: %s", count(r.prompts, "prompt"), r.verdict(flags.dryRun))
	}
	if r.wrong > 0 || flags.strict && len(r.findings)+len(r.problems) > 0 {
		return errFindings
	}
	return nil
}

// all are the findings and, as such, the storage's problems.
func (r *report) all() []finding {
	list := r.findings
	for _, p := range r.problems {
		list = append(list, finding{Severity: engine.SeverityWarning, Rule: ruleStorage, Message: p})
	}
	return list
}

// line is a finding for people and for editors.
func (f *finding) line(colour bool) string {
	severity := string(f.Severity)
	if colour {
		paint := yellow
		if f.Severity == engine.SeverityError {
			paint = red
		}
		severity = paint + severity + normal
	}
	return fmt.Sprintf("%s:%d:%d: %s: %s [%s]", printable(f.Name), f.Line, f.Column, severity, printable(f.Message), f.Rule)
}

// annotation is a finding as a command of GitHub's workflows. Without a file it
// says which prompt it is about.
func (f *finding) annotation(root string) string {
	message := printable(f.Message)
	var properties []string
	set := func(key, value string) {
		properties = append(properties, key+"="+propertyEscaper.Replace(value))
	}
	switch {
	case f.File != "":
		path, _ := fromRoot(root, f.File)
		set("file", path)
		set("line", strconv.Itoa(cmp.Or(f.FileLine, 1)))
		set("col", strconv.Itoa(f.Column))
	case f.Name != "":
		message = fmt.Sprintf("%s:%d:%d: %s", printable(f.Name), f.Line, f.Column, message)
	}
	set("title", "prompty "+f.Rule)
	return "::" + string(f.Severity) + " " + strings.Join(properties, ",") + "::" + messageEscaper.Replace(message)
}

// What GitHub's toolkit escapes in a command: in the message, and in the
// properties before it.
var (
	messageEscaper  = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	propertyEscaper = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)
