package storetest

import (
	"fmt"
	"strings"

	"github.com/go-prompty/prompty"
)

var sourceChecks = []check{
	{name: "bytes come back", rule: ruleExact, fn: checkSources},
	{name: "a megabyte", rule: ruleExact, fn: checkMegabyte},
	{name: "the longest source", rule: ruleExact, fn: checkSourceLimit},
	{name: "NUL and invalid UTF-8", rule: ruleExact, fn: checkInvalidText},
}

// sources are texts that some file format, encoding or database would change.
var sources = []string{
	"", " ", "\n", "\n\n\n", "\r\n", "\r", "\t", "x", "x\n", "x\r\n", "x\n\n", "\nx", "x ", " x", "x  \n y",
	"a\r\nb\r\nc", "a\rb", "a\nb\r\nc\rd\n", "\v\f",
	"---", "---\n", "---\n---", "---\n---\n", "---\r\n---\r\n", "---\n---\nbody", "---\n\n---\n", "----\n", "--- \n", "---\nx", "---\ntitle", "x\n---\n", "...\n",
	"---\ntags: [x]\n---\n", "---\ntags: [x]\n---\nbody", "---\r\ntags: [x]\r\n---\r\nbody\r\n", "---\ntags: [x]\n---\n---\ntags: [y]\n---\n",
	"---\nmetadata: {a: b}\ncreated_by: eve\ntenant: other\n---\nbody", "---\nextends: base\ninputs:\n  q: {type: string}\n---\n# q\n",
	"---\ntags: [x\n---\nbroken", "---\n: : :\n\t- ]\n---\nbroken", "---\n- a list\n---\n", "---\n&a [*a]\n---\n", "---\ntags: [x]\n", "---\nk: v\n...\nbody",
	"\n---\ntags: [x]\n---\n", " ---\ntags: [x]\n---\n", "+++\ntags = ['x']\n+++\n",
	"\ufeff", "\ufeffbody", "\ufeff---\ntags: [x]\n---\nbody", "a\ufeffb",
	"{~prompty.var name=\"x\" /~}", "\\{~", "{~", "{{.X}} ${x} <%= x %> %s %d %%",
	"größe – „Anführung“", "日本語", "🦊👩‍👩‍👧🇩🇪", "e\u0301 stays decomposed", "\u2028\u2029\u0085", "\ufffd", "\ufffe\uffff", "\U0010ffff", "\u202e\u200f",
	"\x01\x02\x1b[31m\x7f", `\u0000 \x00 \n`, `'; DROP TABLE versions; --`, `$1 ? :name @p`, `"quoted" 'quoted'`, "a\\", "null", "true", "123", "~",
	`{"json": [1, 2]}`, "<html>&amp;</html>", "-----BEGIN X-----\n", "diff --git a/x b/x\n",
}

func checkSources(t *trial) {
	s := t.storage()
	var want []*prompty.StoredTemplate
	for i, source := range sources {
		bare := t.draft(fmt.Sprintf("bare/%d", i), source)
		full := t.draft(fmt.Sprintf("full/%d", i), source)
		full.Tags, full.Metadata, full.CreatedBy = []string{"own"}, map[string]string{"own": "value"}, "ann"
		want = append(want, t.save(s, bare), t.save(s, full))
	}
	for i, w := range want {
		got := t.get(s, w.Name)
		if got.Source != sources[i/2] {
			t.Errorf("source %.80q came back as %.80q", sources[i/2], got.Source)
			continue
		}
		t.wantSame(got, w, "the template with source %.80q", w.Source)
	}
}

func checkMegabyte(t *trial) {
	size := min(1<<20, t.claims.sourceLimit)
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "line %d – {~prompty.var name=\"v%d\" /~} 🦊\r\n", i, i)
	}
	source := strings.ToValidUTF8(b.String()[:size], "")
	s := t.storage()
	saved := t.saveText(s, "long", source)
	t.saveText(s, "long", "short")
	for call, got := range map[string]*prompty.StoredTemplate{
		"GetVersion": t.getVersion(s, "long", 1),
		"List":       t.list(s, &prompty.TemplateQuery{IncludeAllVersions: true, Offset: 1})[0],
	} {
		if got.Source != source {
			t.Errorf("%s gave %d bytes of a source of %d, or other ones", call, len(got.Source), len(source))
		}
	}
	if saved.Source != source {
		t.Errorf("Save changed its argument's source")
	}
}

func checkSourceLimit(t *trial) {
	s, limit := t.storage(), t.claims.sourceLimit
	longest := strings.Repeat("0123456789abcde\n", limit/16+1)[:limit]
	t.saveText(s, "longest", longest)
	if got := t.get(s, "longest"); got.Source != longest {
		t.Errorf("a source of %d bytes came back with %d bytes, or other ones", limit, len(got.Source))
	}
	err := s.Save(t.ctx(), t.draft("longest", longest+"x"))
	if t.wantErr(err, prompty.ErrInvalidTemplate, "Save of %d bytes, one more than the limit", limit+1) && !strings.Contains(err.Error(), fmt.Sprint(limit)) {
		t.Errorf("the error for a source that is too long does not name the limit %d: %v", limit, err)
	}
	if got := t.get(s, "longest"); got.Version != 1 {
		t.Errorf("a source that is too long became version %d", got.Version)
	}
}

func checkInvalidText(t *trial) {
	s := t.storage()
	for _, bad := range []string{"\x00", "a\x00", "a\x00b", "\xff", "a\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "ok\xe2\x82", "caf\xe9"} {
		with := map[string]func(*prompty.StoredTemplate){
			"source":         func(x *prompty.StoredTemplate) { x.Source = bad },
			"tag":            func(x *prompty.StoredTemplate) { x.Tags = []string{"fine", bad} },
			"metadata key":   func(x *prompty.StoredTemplate) { x.Metadata = map[string]string{bad: "v"} },
			"metadata value": func(x *prompty.StoredTemplate) { x.Metadata = map[string]string{"k": bad} },
			"created_by":     func(x *prompty.StoredTemplate) { x.CreatedBy = bad },
		}
		if t.claims.tenant == "" {
			with["tenant_id"] = func(x *prompty.StoredTemplate) { x.TenantID = bad }
		}
		for field, spoil := range with {
			tmpl := t.draft("doc", "text")
			spoil(tmpl)
			t.wantErr(s.Save(t.ctx(), tmpl), prompty.ErrInvalidTemplate, "Save with the %s %q", field, bad)
		}
	}
	if list := t.list(s, nil); len(list) != 0 {
		t.Errorf("a refused Save left %v behind", names(list))
	}
	if v := t.saveText(s, "doc", "text").Version; v != 1 {
		t.Errorf("refused Saves used up version numbers: the first version is %d", v)
	}
}
