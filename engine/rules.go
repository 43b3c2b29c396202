package engine

// Rule is a kind of finding of [Engine.Validate].
type Rule struct {
	ID       string   `json:"id"` // never changes its meaning
	Severity Severity `json:"severity"`
	Summary  string   `json:"summary"` // a sentence on what is found
}

const (
	ruleSyntax      = "syntax"
	ruleFrontMatter = "front-matter"
	ruleLimit       = "limit"
	ruleBrokenBase  = "broken-base"

	ruleBrokenInclude = "broken-include"
	ruleConstant      = "constant-condition"
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
		{ruleSyntax, SeverityError, "A tag, an attribute or an expression cannot be parsed."},
		{ruleFrontMatter, SeverityError, "The front matter is no YAML mapping, or a key of it has a value that it cannot have."},
		{ruleLimit, SeverityError, "The template is larger, deeper or more complex than the engine allows."},
		{ruleBrokenBase, SeverityError, "What the template extends cannot be loaded, or leads back to the template."},
		{ruleBrokenInclude, SeverityWarning, "What the template includes is missing or cannot be parsed."},
		{ruleConstant, SeverityWarning, "A condition is always true or always false."},
		{ruleSample, SeverityWarning, "The sample lacks a required input, or has a value that its declaration does not allow."},
		{ruleOutsideBlocks, SeverityWarning, "The template extends another, so what stands outside of its blocks is never printed."},
		{ruleUndeclared, SeverityWarning, "A variable is used that the inputs, of which there are some, do not declare."},
		{ruleUnknownBlock, SeverityWarning, "A block replaces none of the base, so it is never printed."},
		{ruleUnreachable, SeverityWarning, "A branch or a case is never printed, because one before it always is."},
		{ruleUnusedArg, SeverityWarning, "An include hands over a variable that the included template does not use."},
		{ruleUnusedInput, SeverityWarning, "An input is declared that nothing uses."},
		{ruleUnusedSample, SeverityWarning, "The sample has a value that no input declares and nothing uses."},
	}
}
