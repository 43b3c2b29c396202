package storetest

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/go-prompty/prompty"
)

// A Place is where one set of templates lives: a folder, a schema, a key
// prefix. Each call opens another handle on the same templates.
type Place = func() (prompty.TemplateStorage, error)

// A Claim says what is special about a backend. Nothing is left out of the
// suite without one.
type Claim func(*claims)

type claims struct {
	private     bool
	stale       bool
	sourceLimit int
	tenant      string
	must        []capability
	patience    time.Duration
}

type capability struct {
	name  string
	found func(prompty.TemplateStorage) bool
}

// Private claims that the templates live and die with the handle, as in
// memory: a place is opened once only, and nothing is shared between handles.
func Private() Claim { return func(c *claims) { c.private = true } }

// Stale claims that a handle may for a while not see what was written through
// another one, as with a cache. Handles opened afterwards must see it, and so
// must the handle itself once a watch of it has reported it.
func Stale() Claim { return func(c *claims) { c.stale = true } }

// SourceLimit claims that a source may have no more than n bytes, fewer than
// [prompty.MaxSourceBytes]. The error for a longer one must name the limit.
func SourceLimit(n int) Claim { return func(c *claims) { c.sourceLimit = n } }

// Tenant claims that every template belongs to that tenant, as under
// [prompty.ForTenant], whatever its TenantID was when it was saved.
func Tenant(id string) Claim { return func(c *claims) { c.tenant = id } }

// Has claims a capability: [prompty.As] must find T.
//
//	storetest.Run(t, open, storetest.Has[prompty.ConditionalSaver]())
func Has[T any]() Claim {
	return func(c *claims) {
		c.must = append(c.must, capability{
			name:  reflect.TypeFor[T]().Name(),
			found: func(s prompty.TemplateStorage) bool { _, ok := prompty.As[T](s); return ok },
		})
	}
}

// has reports whether the capability of that name is claimed.
func (c *claims) has(name string) bool {
	return slices.ContainsFunc(c.must, func(c capability) bool { return c.name == name })
}

func newClaims(list []Claim) *claims {
	c := &claims{sourceLimit: prompty.MaxSourceBytes, patience: standardPatience}
	for _, claim := range list {
		claim(c)
	}
	return c
}

// Run checks a backend against the whole contract. open makes an empty place,
// which nothing else uses, and may clean up with t.Cleanup.
func Run(t *testing.T, open func(testing.TB) Place, list ...Claim) {
	c := newClaims(list)
	for _, topic := range topics {
		t.Run(topic.name, func(t *testing.T) {
			for _, check := range topic.checks {
				t.Run(check.name, func(t *testing.T) {
					if !check.alone {
						t.Parallel()
					}
					check.run(t, open, c)
				})
			}
		})
	}
}

// A topic is what one file of this package checks.
type topic struct {
	name   string
	checks []check
}

// A check tries one rule. It sees no more of the test than a testing.TB, so
// that the suite's own tests can watch it fail.
type check struct {
	name  string
	rule  rule
	fn    func(*trial)
	alone bool // it counts what the whole process holds, and so runs alone
}

func (c check) run(t testing.TB, open func(testing.TB) Place, cl *claims) {
	c.fn(&trial{TB: t, rule: c.rule, claims: cl, open: open})
}

// topics go from the plain to the difficult, so that the first failure is
// the one to look at.
var topics = []topic{
	{"contract", contractChecks},
	{"ids", idChecks},
	{"versions", versionChecks},
	{"names", nameChecks},
	{"sources", sourceChecks},
	{"fields", fieldChecks},
	{"ownership", ownershipChecks},
	{"time", timeChecks},
	{"list", listChecks},
	{"concurrency", concurrencyChecks},
	{"context", contextChecks},
	{"close", closeChecks},
	{"restart", restartChecks},
	{"SaveIf", saveIfChecks},
	{"SaveAll", batchChecks},
	{"history", historyChecks},
	{"snapshot", snapshotChecks},
	{"watch", watchChecks},
	{"resume", resumeChecks},
	{"sync", syncChecks},
}

// rule is what a failure names: the number and the topic in the contract.
type rule string

const (
	ruleNames     rule = "rule 1 (names)"
	ruleVersions  rule = "rule 2 (versions)"
	ruleSaveIf    rule = "rule 3 (SaveIf)"
	ruleDelete    rule = "rule 4 (delete and missing)"
	ruleList      rule = "rule 5 (list)"
	ruleOwnership rule = "rule 6 (ownership)"
	ruleExact     rule = "rule 7 (exact content)"
	ruleContext   rule = "rule 8 (context)"
	ruleClose     rule = "rule 8 (close)"
	ruleDurable   rule = "rule 9 (durability)"
	ruleTime      rule = "rule 10 (time)"
	ruleSave      rule = "rule of Save (fields it sets)"
	ruleID        rule = "rule of IDs"
	ruleClaim     rule = "claim Has"
)
