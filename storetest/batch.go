package storetest

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
)

const ruleBatch rule = "capability BatchSaver"

var batchChecks = []check{
	{name: "saves each, in order", rule: ruleBatch, fn: checkBatch},
	{name: "all or none", rule: ruleBatch, fn: checkBatchRefused},
	{name: "cancelled within", rule: ruleBatch, fn: checkBatchCancelled},
	{name: "batches at once", rule: ruleBatch, fn: checkBatchesAtOnce},
}

func checkBatch(t *trial) {
	s := t.storage()
	c := capabilityOf[prompty.BatchSaver](t, s, "BatchSaver")
	if err := c.SaveAll(t.ctx(), nil); err != nil {
		t.Errorf("SaveAll of nothing: %v", err)
	}
	t.saveText(s, "b", "old")
	var tmpls []*prompty.StoredTemplate
	for i, name := range []string{"c", "b", "a/b", "b", "c"} { // a name may come twice
		tmpl := t.fullDraft(name)
		tmpl.Source = fmt.Sprint("text ", i)
		tmpls = append(tmpls, tmpl)
	}
	if err := c.SaveAll(t.ctx(), tmpls); err != nil {
		t.Fatalf("SaveAll: %v", err)
	}
	if diff := cmp.Diff([]string{"c@1", "b@2", "a/b@1", "b@3", "c@2"}, names(tmpls)); diff != "" {
		t.Errorf("SaveAll gave other versions (-want +got):\n%s", diff)
	}
	for _, want := range tmpls {
		t.wantSame(t.getVersion(s, want.Name, want.Version), want, "%s@%d of a batch", want.Name, want.Version)
	}
	if got := t.get(s, "b").Source; got != "text 3" {
		t.Errorf("of two saves of one name in a batch, Get gives %q, want the later one", got)
	}
}

func checkBatchRefused(t *trial) {
	s := t.storage()
	c := capabilityOf[prompty.BatchSaver](t, s, "BatchSaver")
	t.saveText(s, "old", "text")
	for why, bad := range map[string]*prompty.StoredTemplate{
		"a NUL": t.draft("doc", "a\x00"), "a bad name": t.draft("../up", "text"), "nil": nil,
	} {
		for at := range 3 {
			tmpls := []*prompty.StoredTemplate{t.draft("old", "new text"), t.draft("new", "text")}
			tmpls = append(tmpls[:at], append([]*prompty.StoredTemplate{bad}, tmpls[at:]...)...)
			var before []*prompty.StoredTemplate
			for _, x := range tmpls {
				before = append(before, x.Clone())
			}
			err := c.SaveAll(t.ctx(), tmpls)
			if !errors.Is(err, prompty.ErrInvalidTemplate) && !errors.Is(err, prompty.ErrInvalidName) {
				t.Errorf("SaveAll with %s at %d: error = %v, want ErrInvalidTemplate or ErrInvalidName", why, at, err)
			}
			if diff := cmp.Diff(before, tmpls); diff != "" {
				t.Errorf("a refused SaveAll touched its arguments (-before +after):\n%s", diff)
			}
		}
	}
	if got := names(t.list(s, &prompty.TemplateQuery{IncludeAllVersions: true})); len(got) != 1 {
		t.Errorf("a refused SaveAll left %v, want old@1 alone", got)
	}
	if got := t.saveText(s, "old", "again").Version; got != 2 {
		t.Errorf("refused SaveAlls used up version numbers: Save gave %d, want 2", got)
	}
}

func checkBatchCancelled(t *trial) {
	p := t.place()
	s := p.handle()
	c := capabilityOf[prompty.BatchSaver](t, s, "BatchSaver")
	count := 0
	for n := int64(1); n <= mostLooks; n++ {
		ctx := t.lookedAt(n)
		err := c.SaveAll(ctx, []*prompty.StoredTemplate{t.draft("a", "text"), t.draft("b", "text"), t.draft("c", "text")})
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("SaveAll, cancelled at look %d: %v, want success or context.Canceled", n, err)
		}
		r := p.reader(s)
		a, b, c := len(t.versions(r, "a")), len(t.versions(r, "b")), len(t.versions(r, "c"))
		if a != b || b != c || a > count+1 || err == nil && a != count+1 {
			t.Errorf("SaveAll, cancelled at look %d (error %v), left %d, %d and %d versions of its three names, %d before", n, err, a, b, c, count)
		}
		if count = a; ctx.left.Load() > 0 {
			break
		}
	}
}

// checkBatchesAtOnce runs batches that name the same templates in opposite
// orders, in which locks taken one by one would wait for each other.
func checkBatchesAtOnce(t *trial) {
	p, ctx := t.place(), t.ctx()
	handles := []prompty.TemplateStorage{p.handle(), p.handle()}
	logs := map[string]*log{"a": t.newLog(), "b": t.newLog()}
	const savers, saves = 4, 5
	var fns []func()
	for w := range savers {
		c := capabilityOf[prompty.BatchSaver](t, handles[w%2], "BatchSaver")
		order := []string{"a", "b"}
		if w%2 == 1 {
			order = []string{"b", "a"}
		}
		fns = append(fns, func() {
			for i := range saves {
				text := fmt.Sprintf("saver %d save %d", w, i)
				tmpls := []*prompty.StoredTemplate{t.draft(order[0], text), t.draft(order[1], text)}
				if err := c.SaveAll(ctx, tmpls); err != nil {
					t.Errorf("SaveAll beside SaveAll: %v", err)
					return
				}
				for _, x := range tmpls {
					logs[x.Name].acknowledged(x.Version, text)
				}
			}
		})
	}
	all(fns...)
	for name, l := range logs {
		l.consecutive(savers * saves)
		l.stored(p.reader(handles[0]), name)
	}
	for v, text := range logs["a"].text {
		if logs["b"].text[v] != text {
			t.Errorf("version %d of two names always saved together came from %q and %q: a batch is not one step", v, text, logs["b"].text[v])
		}
	}
}
