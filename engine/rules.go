package engine

// Rule is a kind of finding of [Engine.Validate].
type Rule struct {
	ID       string   `json:"id"` // never changes its meaning
	Severity Severity `json:"severity"`
	Summary  string   `json:"summary"` // a sentence on what is found
	Advice   string   `json:"advice"`  // one on what to do about it
}

const (
	ruleSyntax      = "syntax"
	ruleFrontMatter = "front-matter"
	ruleLimit       = "limit"
	ruleBrokenBase  = "broken-base"
	ruleEndless     = "include-cycle"

	ruleBrokenInclude = "broken-include"
	ruleConstant      = "constant-condition"
	ruleImpossible    = "impossible-value"
	ruleSample        = "sample-mismatch"
	ruleOutsideBlocks = "text-outside-blocks"
	ruleUndeclared    = "undeclared-variable"
	ruleUnknownBlock  = "unknown-block"
	ruleUnreachable   = "unreachable-branch"
	ruleUnusedArg     = "unused-argument"
	ruleUnusedInput   = "unused-input"
	ruleUnusedSample  = "unused-sample"
)

// Rules returns all rules, the errors first.
func Rules() []Rule {
	return []Rule{
		{ruleSyntax, SeverityError, "A tag, an attribute or an expression cannot be parsed.",
			"Write it as the message says."},
		{ruleFrontMatter, SeverityError, "The front matter is no YAML mapping, or a key of it has a value that it cannot have.",
			"Write it as the message says; a body that starts with --- needs an empty line before it."},
		{ruleLimit, SeverityError, "The template is larger, deeper or more complex than the engine allows.",
			"Make several templates of it, or nest its tags and includes less."},
		{ruleBrokenBase, SeverityError, "What the template extends cannot be loaded, or leads back to the template.",
			"Correct the name, or mend the base."},
		{ruleEndless, SeverityError, "An include leads back to itself, and no condition is on the way, so that rendering can never end.",
			"Put one of the includes on the way into a condition, or leave it out."},
		{ruleBrokenInclude, SeverityWarning, "What the template includes is missing or cannot be parsed.",
			"Correct the name, or mend what is included; else rendering fails when it comes to this place."},
		{ruleConstant, SeverityWarning, "A condition is always true or always false.",
			"Correct the condition, or leave it out."},
		{ruleImpossible, SeverityWarning, "An input is compared with a value that its declaration does not allow.",
			"Correct the value, or the declaration."},
		{ruleSample, SeverityWarning, "The sample lacks a required input, or has a value that its declaration does not allow.",
			"Correct the sample: it is what previews and tests render with."},
		{ruleOutsideBlocks, SeverityWarning, "The template extends another, so what stands outside of its blocks is never printed.",
			"Move it into a block, or delete it."},
		{ruleUndeclared, SeverityWarning, "A variable is used that the inputs, of which there are some, do not declare.",
			"Correct the name, or declare the variable in inputs."},
		{ruleUnknownBlock, SeverityWarning, "A block replaces none of the base, so it is never printed.",
			"Give it the name of a block of the base, or delete it."},
		{ruleUnreachable, SeverityWarning, "A branch or a case is never printed, because one before it always is.",
			"Correct the condition, or delete the branch."},
		{ruleUnusedArg, SeverityWarning, "An include hands over a variable that the included template does not use.",
			"Correct the name of the attribute, or delete it."},
		{ruleUnusedInput, SeverityWarning, "An input is declared that nothing uses.",
			"Use it, or delete the declaration."},
		{ruleUnusedSample, SeverityWarning, "The sample has a value that no input declares and nothing uses.",
			"Correct its name, or delete it."},
	}
}
