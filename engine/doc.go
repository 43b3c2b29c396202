// Package engine is the template language of prompty: it parses templates,
// links them with what they include and extend, and renders them to text or to
// chat messages. It knows no storage.
//
//	eng := engine.MustNew(engine.Config{})
//	tmpl, err := eng.Parse("greeting", `Hello {~prompty.var name="user.name" default="you" /~}`)
//	prog, err := eng.Link(ctx, tmpl, nil)
//	text, err := prog.Render(ctx, data)
//
// # Source
//
// A template is a text with tags in it, after optional front matter (see
// package promptfile). A tag stands alone, {~name attr="value" /~}, or around a
// body, {~name attr="value"~}…{~/name~}. Names consist of letters, digits, "_",
// "-" and ".", the first a letter, and are case-sensitive; white space is free
// inside of tags. Values stand in double or single quotes, in which a backslash
// takes the special meaning of that quote and of a backslash; all else is
// literal. No attribute may be repeated.
//
// Text is printed byte by byte. \{~ prints {~; a lone ~} or { is text. A tag
// that begins with {~- or ends with -~} removes the white space, new lines
// included, on that side of it. What is printed is never parsed again and
// nothing is escaped. An engine can have other delimiters.
//
// # Tags
//
// prompty.var prints what the path in the attribute name leads to. default is
// printed, as it is, if the path is missing; nil and "" print nothing. format
// is an expression whose result is printed instead; in it value is the value.
//
//	{~prompty.var name="user.name" default="friend" format="title(value)" /~}
//
// prompty.if prints the first branch whose eval is true:
//
//	{~prompty.if eval="age >= 18"~}…{~prompty.elseif eval="age > 12"~}…{~prompty.else~}…{~/prompty.if~}
//
// prompty.for prints its body for each element of a list, or for each entry of
// a map in the order of the keys; an entry has key and value. in is a path,
// which must be there, or an expression. index names a variable that counts
// from 0; limit takes the first elements only, and never more than the
// engine's limit allows. nil is an empty list; a struct or any other value is an
// error.
//
//	{~prompty.for item="doc" index="i" in="docs" limit="5"~}…{~/prompty.for~}
//
// prompty.switch prints the first case that fits. value fits if eval prints as
// that text, a case with an eval of its own if that is true. casedefault comes
// last. Nothing but white space and comments may stand between the cases.
//
//	{~prompty.switch eval="tier"~}
//	  {~prompty.case value="pro"~}…{~/prompty.case~}
//	  {~prompty.case eval="credit > 100"~}…{~/prompty.case~}
//	  {~prompty.casedefault~}…{~/prompty.casedefault~}
//	{~/prompty.switch~}
//
// prompty.include prints another template, which sees all that the including
// one sees. with, a path or an expression, puts the entries of a map on top of
// that, or anything else as _value; every further attribute but onerror and
// default is a string variable on top of that; isolate="true" hides all the
// rest. version="3", or template="name@3", takes one version of the template.
//
//	{~prompty.include template="partials/tools" with="agent" tone="kind" /~}
//
// prompty.extends, the first tag of a template (or extends in its front
// matter), prints the base instead, with those blocks of it replaced that the
// template has too; the rest of the template is not printed. prompty.parent
// prints the block that is being replaced. Bases can have bases.
//
//	{~prompty.extends template="base" /~}
//	{~prompty.block name="rules"~}{~prompty.parent /~} And be brief.{~/prompty.block~}
//
// prompty.message is a message of a chat; see below. prompty.env prints an
// environment variable that [Config].Env names; default stands in for one that
// is not set, required="true" makes that an error. prompty.raw prints its body
// up to the first closing tag as it stands, prompty.comment prints nothing.
// Any other tag is a custom one; see [Engine.RegisterResolver].
//
// # Messages
//
//	{~prompty.message role="system" cache="true"~}…{~/prompty.message~}
//	{~prompty.message eval-role="turn.role" name="ann"~}…{~/prompty.message~}
//
// role is system, user, assistant or tool; eval-role is an expression that
// gives one of them. [Program.Messages] returns the messages, each without the
// white space at its ends. Text outside of them is a message of the user, unless
// it is white space. [Program.Render] prints their contents. Messages cannot
// stand inside of each other or of custom tags. Nothing in the data can begin,
// end or change one.
//
// # Inputs
//
// Front matter can declare inputs. Those of the template and of its bases are
// held against the data before anything is rendered: required ones that are
// missing or nil, and values of another type or outside of an enum, are one
// error that names them all. Defaults stand in for what is missing; those of an
// included template, too, for what its scope does not have. nil fits every
// optional input.
//
// # Errors
//
// The attribute onerror, which every tag has, says what becomes of a tag that
// fails while rendering: see [Strategy]. The nearest one decides, that of the
// tag itself or of a tag around it, an include included; the tag that has it is
// then replaced as a whole. Without any, the engine's own strategy applies to
// the tag that failed. No strategy catches a cancelled context or a limit of
// the whole rendering.
//
// Errors are [*Error]; those of parsing come together as [Errors].
//
// # Paths
//
// A path is names joined by dots: keys of maps, names of struct fields or of
// their json or yaml tags, indexes of lists. It begins in the innermost scope
// that has its first name: loop variables, the attributes and the with of an
// include, the data, and at last the defaults of declared inputs. A path that is
// missing is an error in name, in and with; in expressions it is nil.
//
// # Expressions
//
// From the loosest to the tightest:
//
//	||
//	&&
//	== != < <= > >= in
//	+ -
//	* / %
//	! - (signs)
//
// Operators of one level go from left to right. && and || give true or false
// and look no further than they must. Operands are paths, true, false, nil,
// numbers (12, 1.5, 2e3), strings in either quote with the escapes \n \t \r \\
// \" \' \uXXXX, calls and parentheses. False are nil, false, zero, "" and empty
// lists and maps. Numbers of all types compare by value; a string never equals a
// number; lists and maps compare by content; <, <=, > and >= order two numbers,
// two strings or two times, and anything else is an error. in looks for an
// element of a list, a key of a map or a part of a string. + also joins two
// strings. Integers give integers, except that / gives a float if there is a
// remainder; overflow and division by zero are errors.
//
// Functions:
//
//	upper lower title trim trimPrefix trimSuffix hasPrefix hasSuffix contains
//	replace split join repeat lines indent wrap truncate runes
//	len first last keys values has slice sort unique reverse
//	toString toInt toFloat toBool toJSON fromJSON typeOf default coalesce
//	now formatDate parseDate addDays addHours addMinutes diffDays
//	year month day weekday isAfter isBefore
//	min max abs round floor ceil
//
// and those registered with [Engine.RegisterFunc].
//
// # Printing
//
// Strings print as they are, integers in decimal, floats in the shortest form
// that reads back, times as RFC 3339, what has a String, Error or MarshalText
// method by that, lists, maps and structs as JSON with sorted keys.
//
// # Checking and formatting
//
// [Engine.Validate] finds what is wrong or doubtful without rendering, each
// finding under one of [Rules]. [Engine.Fix] mends slips of the pen,
// [Engine.Format] brings templates into one form, and [Program.Inputs] says what
// a program looks for in its data.
//
// # Limits
//
// Whatever stands in a template or in the data, parsing and rendering end, soon
// and within bounded memory: see [Limits]. Besides those, a template has at most
// 100,000 texts and tags and 100,000 operands in its expressions, a tag 256
// attributes, a call 255 arguments, and a program is made of at most 10,000
// templates.
package engine
