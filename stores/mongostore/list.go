package mongostore

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/go-prompty/prompty"
)

// List reads the newest event of each name, by the index of its mark and of the
// conditions. An event whose successor has just come may still have the mark, so
// what is found is checked: see tops and current.
func (s *store) List(ctx context.Context, q *prompty.TemplateQuery) ([]*prompty.StoredTemplate, error) {
	if impossible(q) {
		return nil, nil
	}
	var events []*event
	var err error
	if q.IncludeAllVersions {
		events, err = s.allVersions(ctx, q)
	} else {
		events, err = s.latest(ctx, q)
	}
	if err == nil && q.Offset > 0 {
		err = s.complete(ctx, events)
	}
	if err != nil {
		return nil, s.explain(err)
	}
	var list []*prompty.StoredTemplate
	for _, e := range events {
		list = append(list, e.template())
	}
	return list, nil
}

// impossible reports whether q asks for text that nothing can hold. Not all
// servers take such text in a condition.
func impossible(q *prompty.TemplateQuery) bool {
	bad := func(text string) bool { return !utf8.ValidString(text) || strings.ContainsRune(text, 0) }
	return bad(q.TenantID) || bad(q.CreatedBy) || slices.ContainsFunc(q.Tags, bad) || strings.ContainsRune(q.NamePrefix+q.NameContains, 0)
}

// onName adds q's conditions for a name in a field. exact: they say all.
func onName(filter bson.D, field string, q *prompty.TemplateQuery) (f bson.D, exact bool) {
	prefix := q.NamePrefix
	for !utf8.ValidString(prefix) { // it may end within a character
		prefix = prefix[:len(prefix)-1]
	}
	bounds := bson.D{{Key: "$gte", Value: prefix}}
	if end := after(prefix); end != "" {
		bounds = append(bounds, bson.E{Key: "$lt", Value: end})
	}
	f = append(filter, bson.E{Key: field, Value: bounds})
	if q.NameContains != "" && utf8.ValidString(q.NameContains) {
		f[len(f)-1].Value = append(bounds, bson.E{Key: "$regex", Value: regexp.QuoteMeta(q.NameContains)})
	}
	return f, prefix == q.NamePrefix && utf8.ValidString(q.NameContains)
}

// after returns the first text after all that start with prefix; "": there is none.
func after(prefix string) string {
	for prefix != "" {
		r, size := utf8.DecodeLastRuneInString(prefix)
		prefix = prefix[:len(prefix)-size]
		switch {
		case r == 0xD7FF: // halves of pairs follow, which are no characters
			return prefix + "\uE000"
		case r < utf8.MaxRune:
			return prefix + string(r+1)
		}
	}
	return ""
}

// onRest adds q's conditions for all but the name.
func onRest(filter bson.D, q *prompty.TemplateQuery) bson.D {
	if q.TenantID != "" {
		filter = append(filter, bson.E{Key: "tenant_id", Value: q.TenantID})
	}
	if q.CreatedBy != "" {
		filter = append(filter, bson.E{Key: "created_by", Value: q.CreatedBy})
	}
	if len(q.Tags) > 0 {
		filter = append(filter, bson.E{Key: "tags", Value: bson.D{{Key: "$all", Value: q.Tags}}})
	}
	return filter
}

func conditioned(q *prompty.TemplateQuery) bool {
	return q.TenantID != "" || q.CreatedBy != "" || len(q.Tags) > 0
}

var byTop = bson.D{{Key: "top", Value: 1}, {Key: "_id", Value: 1}}

// latest returns the newest events that q selects. With an offset they lack their
// text.
func (s *store) latest(ctx context.Context, q *prompty.TemplateQuery) ([]*event, error) {
	filter, exact := onName(nil, "top", q)
	filter = onRest(filter, q)
	most := 0 // events to ask for
	if q.Limit > 0 && exact {
		most = max(q.Offset, 0) + q.Limit + 8
	}
	for v := s.view(); ; {
		list, found, err := v.tops(ctx, filter, q.Offset <= 0, most)
		if err != nil {
			return nil, err
		}
		if conditioned(q) {
			if list, err = v.current(ctx, list, q); err != nil {
				return nil, err
			}
		}
		if v.again() {
			continue
		}
		list = slices.DeleteFunc(list, func(e *event) bool { return e.Latest == 0 || !q.MatchName(e.Name) })
		if most > 0 && found == most && len(list) < max(q.Offset, 0)+q.Limit {
			most *= 4
			continue
		}
		return page(list, q), nil
	}
}

// page sorts as List promises, and cuts.
func page(list []*event, q *prompty.TemplateQuery) []*event {
	slices.SortFunc(list, func(a, b *event) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(b.Latest, a.Latest))
	})
	list = list[min(max(q.Offset, 0), len(list)):]
	if q.Limit > 0 && len(list) > q.Limit {
		list = list[:q.Limit]
	}
	return list
}

// A view is one look at many names. A batch that was committed while it went on
// may be seen in part; so what was not known to be committed before sends it
// round again.
type view struct {
	s     *store
	begin time.Time
	late  bool
	turns int
}

// mostTurns ends the turns of a view under a flood of batches.
const mostTurns = 5

func (s *store) view() *view { return &view{s: s, begin: time.Now()} }

// settledAge is how old an event of a batch is whose batch was surely decided
// before a view began: no saver sleeps that long in the middle.
const settledAge = time.Hour

// happened is store.happened, and notes whether that is news.
func (v *view) happened(ctx context.Context, e *event) (bool, error) {
	if e.Batch == "" {
		return true, nil
	}
	known, ok := v.s.batches.get(e.Batch)
	if !ok && e.Settled {
		if v.s.clock.now().Sub(e.At) > settledAge {
			return true, nil
		}
		v.s.batches.put(e.Batch, committed)
	}
	o, err := v.s.happened(ctx, e)
	if err == nil && o == committed && (!ok || known.when.After(v.begin)) {
		v.late = true
	}
	return o == committed, err
}

// again reports whether to look again, and begins.
func (v *view) again() bool {
	if !v.late || v.turns >= mostTurns {
		return false
	}
	v.turns++
	v.late, v.begin = false, time.Now()
	return true
}

// tops reads the events with the mark of the newest that meet a condition, and
// gives the newest of each name among them that has happened. found is how many
// there were in all, of at most so many (0: all).
func (v *view) tops(ctx context.Context, filter bson.D, full bool, most int) (list []*event, found int, err error) {
	o := options.Find().SetSort(byTop)
	if most > 0 {
		o.SetLimit(int64(most))
	}
	err = v.s.each(ctx, filter, full, o, func(e *event) (bool, error) {
		found++
		ok, err := v.happened(ctx, e)
		switch n := len(list); {
		case err != nil || !ok:
		case n > 0 && list[n-1].Name == e.Name: // which has not lost its mark yet
			v.s.tidy.superseded(e.Name, list[n-1].Seq, e.Seq)
			list[n-1] = e
		default:
			list = append(list, e)
		}
		return true, err
	})
	return list, found, err
}

// current takes from list, whose events met q's conditions, what is not the newest
// of its name, and puts the newest in its place if that meets them too.
func (v *view) current(ctx context.Context, list []*event, q *prompty.TemplateQuery) ([]*event, error) {
	var kept []*event
	for some := range slices.Chunk(list, 500) {
		names := make([]string, len(some))
		for i, e := range some {
			names[i] = e.Name
		}
		newest, _, err := v.tops(ctx, bson.D{{Key: "top", Value: bson.D{{Key: "$in", Value: names}}}}, false, 0)
		if err != nil {
			return nil, err
		}
		seqs := make(map[string]int64, len(newest))
		for _, e := range newest {
			seqs[e.Name] = e.Seq
		}
		for _, e := range some {
			if seqs[e.Name] > e.Seq {
				if e, err = v.s.event(ctx, key(e.Name, seqs[e.Name]), true); err != nil {
					return nil, err
				}
				if e == nil || !q.Match(e.template()) {
					continue
				}
			}
			kept = append(kept, e)
		}
	}
	return kept, nil
}

// allVersions returns the events that saved the versions that q selects, as of
// when the newest events were read. With an offset they lack their text.
func (s *store) allVersions(ctx context.Context, q *prompty.TemplateQuery) ([]*event, error) {
	v := s.view()
	filter, _ := onName(nil, "top", q)
	var now map[string]*event
	for now == nil || v.again() {
		tops, _, err := v.tops(ctx, filter, false, 0)
		if err != nil {
			return nil, err
		}
		now = make(map[string]*event, len(tops))
		for _, e := range tops {
			now[e.Name] = e
		}
	}
	filter, _ = onName(nil, "name", q)
	filter = onRest(append(filter, bson.E{Key: "saved", Value: bson.D{{Key: "$gte", Value: 1}}}), q)
	var list []*event
	err := s.each(ctx, filter, q.Offset <= 0, options.Find().SetSort(bson.D{{Key: "name", Value: 1}, {Key: "saved", Value: -1}}), func(e *event) (bool, error) {
		top := now[e.Name]
		if top == nil || e.Seq > top.Seq || !top.holds(e.Saved) || !q.MatchName(e.Name) {
			return true, nil
		}
		o, err := s.happened(ctx, e)
		if err == nil && o == committed {
			list = append(list, e)
		}
		return q.Limit <= 0 || len(list) < max(q.Offset, 0)+q.Limit, err
	})
	return page(list, q), err
}

// complete reads the text of events that lack it.
func (s *store) complete(ctx context.Context, list []*event) error {
	at := make(map[string]int, len(list))
	for i, e := range list {
		at[e.ID] = i
	}
	for some := range slices.Chunk(list, 500) {
		ids := make([]string, len(some))
		for i, e := range some {
			ids[i] = e.ID
		}
		full, err := s.find(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: ids}}}}, true, options.Find())
		if err != nil {
			return err
		}
		for _, e := range full {
			if i, ok := at[e.ID]; ok {
				list[i] = e
				delete(at, e.ID)
			}
		}
	}
	for id := range at {
		return s.lost(list[at[id]].Name, list[at[id]].Latest)
	}
	return nil
}
