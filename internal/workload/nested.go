package workload

import "strconv"

// loop has 1,000 turns with 3 fields each.
func loop() Workload {
	people := make([]any, 1000)
	for i := range people {
		people[i] = map[string]any{"name": "person " + strconv.Itoa(i), "city": "Oslo", "age": 20 + i%60}
	}
	return Workload{
		Name:   "W3_Loop1000",
		Source: `{~prompty.for item="p" in="people"~}{~prompty.var name="p.name" /~} of {~prompty.var name="p.city" /~}, {~prompty.var name="p.age" /~}` + "\n{~/prompty.for~}",
		Data:   map[string]any{"people": people},
		ByHand: func(dst []byte, d map[string]any) []byte {
			for _, p := range d["people"].([]any) {
				m := p.(map[string]any)
				dst = append(dst, m["name"].(string)...)
				dst = append(dst, " of "...)
				dst = append(dst, m["city"].(string)...)
				dst = append(dst, ", "...)
				dst = strconv.AppendInt(dst, int64(m["age"].(int)), 10)
				dst = append(dst, '\n')
			}
			return dst
		},
	}
}

// includes goes five deep, with an attribute on the way and a with.
func includes() Workload {
	return Workload{
		Name:   "W4_FiveIncludes",
		Source: `0 {~prompty.include template="a" x="1" /~} {~prompty.var name="last" /~}`,
		Partials: map[string]string{
			"a": `1 {~prompty.var name="x" /~} {~prompty.include template="b" /~}`,
			"b": `2 {~prompty.var name="user" /~} {~prompty.include template="c" with="doc" /~}`,
			"c": `3 {~prompty.var name="title" /~} {~prompty.include template="d" /~}`,
			"d": `4 {~prompty.var name="page" /~} {~prompty.include template="e" /~}`,
			"e": `5 {~prompty.var name="author" /~}`,
		},
		Data: map[string]any{"user": "Ann", "last": "bye", "doc": map[string]any{"title": "Terms", "page": 7, "author": "Bo"}},
		ByHand: func(dst []byte, d map[string]any) []byte {
			doc := d["doc"].(map[string]any)
			dst = append(dst, "0 1 1 2 "...)
			dst = append(dst, d["user"].(string)...)
			dst = append(dst, " 3 "...)
			dst = append(dst, doc["title"].(string)...)
			dst = append(dst, " 4 "...)
			dst = strconv.AppendInt(dst, int64(doc["page"].(int)), 10)
			dst = append(dst, " 5 "...)
			dst = append(dst, doc["author"].(string)...)
			dst = append(dst, ' ')
			return append(dst, d["last"].(string)...)
		},
	}
}

// deepPaths has three paths of four levels that share nothing.
func deepPaths() Workload {
	return Workload{
		Name:   "W6_DeepPaths",
		Source: `{~prompty.var name="user.account.plan.name" /~} {~prompty.var name="request.client.app.build" /~} {~prompty.var name="company.office.address.city" /~}`,
		Data: map[string]any{
			"user":    map[string]any{"account": map[string]any{"plan": map[string]any{"name": "business"}}},
			"request": map[string]any{"client": map[string]any{"app": map[string]any{"build": 1204}}},
			"company": map[string]any{"office": map[string]any{"address": map[string]any{"city": "Oslo"}}},
		},
		ByHand: func(dst []byte, d map[string]any) []byte {
			at := func(a, b, c string) map[string]any {
				return d[a].(map[string]any)[b].(map[string]any)[c].(map[string]any)
			}
			dst = append(dst, at("user", "account", "plan")["name"].(string)...)
			dst = append(dst, ' ')
			dst = strconv.AppendInt(dst, int64(at("request", "client", "app")["build"].(int)), 10)
			dst = append(dst, ' ')
			return append(dst, at("company", "office", "address")["city"].(string)...)
		},
	}
}
