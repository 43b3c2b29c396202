package storetest

import (
	"fmt"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
)

var fieldChecks = []check{
	{name: "metadata", rule: ruleExact, fn: checkMetadata},
	{name: "tags", rule: ruleExact, fn: checkTags},
	{name: "created_by and tenant_id", rule: ruleExact, fn: checkOrigin},
	{name: "each version has its own", rule: ruleExact, fn: checkOwnFields},
	{name: "empty is nil", rule: ruleOwnership, fn: checkEmptyIsNil},
}

// odd are strings that YAML, JSON, SQL or a trimming parser would change.
var odd = []string{
	"", " ", "  ", " a ", "a\n", "\na", "a\nb", "a\r\nb", "\t", "true", "false", "yes", "no", "on", "null", "Null", "~", "nil", "1", "01", "1.0", "1e3", "0x1f", "0o17", "1_000", ".inf", ".nan", "-", "--", "---", "...", "- a",
	"a: b", "a:", ": a", ":", "? a", "# a", "a #b", "&a", "*a", "!a", "!!str a", "%a", "@a", "`a`", "|", ">", "|\n  a", "[a]", "{a: b}", "{}", "[]", "\"", "'", "\"a\"", "'a'", "a'b\"c", "\\", "\\n", "a\\", "a,b", ",", "a;b",
	"2026-01-02", "2026-01-02T03:04:05Z", "12:30:45", "<<", "=", "$set", "a.b", "$a.b", "a/b", "é", "e\u0301", "日本語", "🦊", "\u2028", "\u00a0", "\ufeff", "\ufffd", "\x01", "\x1b[0m", "A", "a",
	strings.Repeat("long ", 500),
}

func checkMetadata(t *trial) {
	s := t.storage()
	all := make(map[string]string)
	for i, v := range odd {
		all[v] = odd[len(odd)-1-i]
		all[fmt.Sprintf("key%d", i)] = v
	}
	for i, m := range []map[string]string{all, {"": ""}, {"k": ""}, {"": "v"}, {"tags": "x", "name": "y", "version": "7", "id": "z"}} {
		tmpl := t.draft(fmt.Sprintf("meta/%d", i), "text")
		tmpl.Metadata = m
		t.wantSame(t.get(s, t.save(s, tmpl).Name), tmpl, "metadata %d", i)
	}
}

func checkTags(t *trial) {
	s := t.storage()
	for i, tags := range [][]string{odd, {""}, {"", ""}, {"b", "a", "b", "a"}, {"a", "A", "a "}, {"x", "y", "x"}, {"1", "2"}, {"a,b", "a", "b"}} {
		tmpl := t.draft(fmt.Sprintf("tags/%d", i), "text")
		tmpl.Tags = tags
		got := t.get(s, t.save(s, tmpl).Name)
		if diff := cmp.Diff(tags, got.Tags); diff != "" {
			t.Errorf("tags came back changed (-want +got):\n%s", diff)
		}
	}
	for _, tag := range odd {
		got := t.list(s, &prompty.TemplateQuery{Tags: []string{tag}, NamePrefix: "tags/0"})
		if len(got) != 1 {
			t.Errorf("List by the tag %.60q found %d templates, want the one that carries it", tag, len(got))
		}
	}
}

func checkOrigin(t *trial) {
	s := t.storage()
	for i, who := range append([]string{"ann", "Ann Lee", "Ann Lee <ann@example.org>", "<ann@example.org>", "ann@example.org", "Ann <a> <b>", "O'Brien"}, odd...) {
		tmpl := t.draft(fmt.Sprintf("by/%d", i), "text")
		tmpl.CreatedBy = who
		if t.claims.tenant == "" {
			tmpl.TenantID = who
		}
		got := t.get(s, t.save(s, tmpl).Name)
		if got.CreatedBy != who {
			t.Errorf("CreatedBy %.60q came back as %.60q", who, got.CreatedBy)
		}
		if got.TenantID != tmpl.TenantID {
			t.Errorf("TenantID %.60q came back as %.60q", tmpl.TenantID, got.TenantID)
		}
	}
}

func checkOwnFields(t *trial) {
	s := t.storage()
	full := t.draft("doc", "text")
	full.Metadata, full.Tags, full.CreatedBy = map[string]string{"a": "1"}, []string{"x"}, "ann"
	var want []*prompty.StoredTemplate
	want = append(want, t.save(s, full), t.saveText(s, "doc", "text"))
	full.Metadata = map[string]string{"b": "2"}
	want = append(want, t.save(s, full))
	for _, w := range want {
		t.wantSame(t.getVersion(s, "doc", w.Version), w, "version %d, whose fields are not those of its neighbours", w.Version)
	}
}

func checkEmptyIsNil(t *trial) {
	s := t.storage()
	tmpl := t.draft("doc", "text")
	tmpl.Metadata, tmpl.Tags = map[string]string{}, []string{}
	if err := s.Save(t.ctx(), tmpl); err != nil {
		t.Fatalf("Save: %v", err)
	}
	list := t.list(s, nil)
	for call, got := range map[string]*prompty.StoredTemplate{"Get": t.get(s, "doc"), "GetVersion": t.getVersion(s, "doc", 1), "List": list[0]} {
		if got.Metadata != nil || got.Tags != nil {
			t.Errorf("%s gave Metadata %#v and Tags %#v for empty ones, want nil", call, got.Metadata, got.Tags)
		}
	}
}
