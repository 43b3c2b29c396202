package storetest

import (
	"context"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-prompty/prompty"
)

// wrongWatches are the flaws of watching, each with the rules that must catch it.
var wrongWatches = map[string][]rule{
	"arms its watch late":                     {ruleWatch},
	"reports its own changes only":            {ruleWatch, ruleWatchLoss},
	"does not sort a batch":                   {ruleWatch},
	"calls everything changed":                {ruleWatch},
	"shows a change late":                     {ruleWatchOrder, ruleWatchLive},
	"repeats a revision":                      {ruleWatchOrder},
	"tells old news":                          {ruleWatchOrder},
	"calls a new name changed":                {ruleWatchMerge},
	"calls a name created that came back":     {ruleWatchMerge},
	"hides that a version was deleted":        {ruleWatchOrder},
	"tells everything twice":                  {ruleWatchOrder},
	"hides what came and went":                {ruleWatchMerge},
	"queues every batch":                      {ruleWatchMerge, ruleWatchSlow},
	"drops batches for a slow reader":         {ruleWatchSlow},
	"holds up writers":                        {ruleWatchSlow},
	"lets one reader hold up the others":      {ruleWatchSlow},
	"waits for a reader who left":             {ruleWatchSlow},
	"numbers batches for each reader":         {ruleWatchAll},
	"tells each change to one reader":         {ruleWatchAll},
	"keeps eight names":                       {ruleWatchLoss},
	"leaves the channel open":                 {ruleWatchEnd, ruleResume},
	"leaves the channel open after Close":     {ruleWatchEnd},
	"watches after Close":                     {ruleWatchEnd},
	"leaks a goroutine for each watch":        {ruleWatchEnd},
	"leaks a file for each watch":             {ruleWatchEnd},
	"knows of its own changes only":           {ruleWatchLive},
	"forgets one change when it resumes":      {ruleResume},
	"tells one change twice when it resumes":  {ruleResume},
	"always says that everything may differ":  {ruleResume},
	"does not merge what came since":          {ruleResume},
	"takes any revision for the last":         {ruleResume},
	"takes another place's revision":          {ruleResume},
	"takes another handle's revision for now": {ruleResume},
	"syncs nothing":                           {ruleSync},
	"syncs when everybody has read":           {ruleSync},
	"syncs after Close":                       {ruleSync},
	"syncs without regard to the context":     {ruleSync},
}

// news is one change, or several that are one step, and the revision after it.
type news struct {
	changed  map[string]prompty.ChangeKind
	revision string
}

// counting counts only its own changes.
type counting struct{ *faulty }

func (c counting) ChangeCount() (uint64, bool) { return c.count.Load(), true }

// subscriber merges what it is told until its reader takes it.
type subscriber struct {
	flaw  string
	ctx   context.Context
	turn  chan struct{}
	more  chan struct{}
	ended chan struct{}
	end   func()
	out   chan prompty.ChangeBatch

	mu       sync.Mutex // guards the fields below
	pending  map[string]prompty.ChangeKind
	all      bool
	revision string
	queue    []prompty.ChangeBatch
	batches  int
}

func (f *faulty) Watch(ctx context.Context) (<-chan prompty.ChangeBatch, error) {
	return f.WatchFrom(ctx, "")
}

func (f *faulty) revision(n int) string {
	if f.has("repeats a revision") {
		n /= 2
	}
	return f.id + "." + strconv.Itoa(n)
}

func (f *faulty) WatchFrom(ctx context.Context, revision string) (<-chan prompty.ChangeBatch, error) {
	if err := f.enter(ctx); err != nil && !(f.has("watches after Close") && f.closed && ctx.Err() == nil) {
		return nil, err
	} else if err != nil {
		f.mu.Lock()
	}
	defer f.mu.Unlock()
	sub := &subscriber{
		flaw: f.flaw, ctx: ctx, turn: f.turn, pending: make(map[string]prompty.ChangeKind),
		more: make(chan struct{}, 1), ended: make(chan struct{}), out: make(chan prompty.ChangeBatch),
	}
	sub.end = sync.OnceFunc(func() { close(sub.ended) })
	if f.has("arms its watch late") {
		f.ticks = -1 // the next change goes by unseen
	}
	f.catchUp(sub, revision)
	f.subs = append(f.subs, sub)
	switch f.flaw {
	case "leaks a goroutine for each watch":
		go func() { <-f.life.Done() }()
	case "leaks a file for each watch":
		leaked, err := os.Open(os.DevNull)
		if err != nil {
			return nil, err
		}
		leaks = append(leaks, leaked)
	}
	go func() {
		sub.run()
		f.mu.Lock()
		defer f.mu.Unlock()
		if !f.has("waits for a reader who left") {
			f.subs = slices.DeleteFunc(f.subs, func(s *subscriber) bool { return s == sub })
		}
	}()
	return sub.out, nil
}

// catchUp gives sub what came after the revision.
func (f *faulty) catchUp(sub *subscriber, revision string) {
	if revision == "" || f.has("takes another handle's revision for now") && strings.HasPrefix(revision, f.id+".") && !f.told[revision] {
		return
	}
	id, number, _ := strings.Cut(revision, ".")
	since, err := strconv.Atoi(number)
	known := err == nil && since <= len(f.log) && number == strconv.Itoa(since) && (id == f.id || f.has("takes another place's revision"))
	switch {
	case f.has("always says that everything may differ"):
		known = false
	case f.has("forgets one change when it resumes"):
		since = min(since+1, len(f.log))
	case f.has("tells one change twice when it resumes") && known:
		since = max(since-1, 0)
	case f.has("takes any revision for the last") && !known:
		return
	}
	if !known {
		sub.add(news{revision: f.revision(len(f.log))}, true)
		return
	}
	for i, changed := range f.log[since:] {
		sub.add(news{changed, f.revision(since + i + 1)}, false)
	}
}

func (s *subscriber) run() {
	if s.flaw != "leaves the channel open" {
		defer func() {
			if s.ctx.Err() != nil || s.flaw != "leaves the channel open after Close" {
				close(s.out)
			}
		}()
	}
	var before prompty.ChangeBatch
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-s.ended:
			return
		case <-s.more:
		}
		for b, ok := s.take(); ok; b, ok = s.take() {
			if s.flaw == "tells everything twice" && !(s.send(b) && s.send(prompty.ChangeBatch{Revision: b.Revision + " again", Changes: b.Changes})) {
				return
			}
			if s.flaw == "tells everything twice" {
				continue
			}
			if !s.send(b) || s.flaw == "tells old news" && len(before.Changes) > 0 && !s.send(before) {
				return
			}
			before = b
			if !s.send(prompty.ChangeBatch{Revision: b.Revision, Watch: &prompty.WatchStatus{}}) { // which tells of no change
				return
			}
		}
	}
}

func (s *subscriber) send(b prompty.ChangeBatch) bool {
	if s.flaw == "lets one reader hold up the others" {
		select {
		case s.turn <- struct{}{}:
			defer func() { <-s.turn }()
		case <-s.ctx.Done():
			return false
		case <-s.ended:
			return false
		}
	}
	select {
	case <-s.ctx.Done():
		return false
	case <-s.ended:
		return false
	case s.out <- b:
		return true
	}
}

// take returns what the reader is to be told next, if there is anything.
func (s *subscriber) take() (b prompty.ChangeBatch, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) > 0 {
		b, s.queue = s.queue[0], s.queue[1:]
		return b, true
	}
	if len(s.pending) == 0 && !s.all {
		return b, false
	}
	b = prompty.ChangeBatch{Revision: s.revision, All: s.all}
	for _, name := range slices.Sorted(maps.Keys(s.pending)) {
		kind := s.pending[name]
		if kind == cameAndWent {
			kind = prompty.Deleted
		}
		b.Changes = append(b.Changes, prompty.Change{Name: name, Kind: kind})
	}
	switch s.batches++; s.flaw {
	case "does not sort a batch":
		slices.Reverse(b.Changes)
	case "numbers batches for each reader":
		b.Revision = fmt.Sprint(s.batches)
	}
	clear(s.pending)
	s.all = false
	return b, true
}

// tell reports a change to all handles' subscribers. The disk is locked.
func (f *faulty) tell(changed map[string]prompty.ChangeKind) {
	f.log = append(f.log, changed)
	f.count.Add(1)
	told := news{changed, f.revision(len(f.log))}
	if f.has("arms its watch late") && f.ticks <= 0 {
		f.ticks = 1
		return
	}
	for h := range f.handles {
		list := []news{told}
		switch {
		case h != f && (f.has("reports its own changes only") || f.has("knows of its own changes only")):
			continue
		case h != f && f.has("syncs nothing"):
			list, h.backlog = h.backlog, list
		}
		h.told[told.revision] = true
		for i, sub := range h.subs {
			if f.has("tells each change to one reader") && i != len(f.log)%len(h.subs) {
				continue
			}
			for _, n := range list {
				sub.add(n, false)
			}
			sub.wait()
		}
	}
}

// wait holds up who has changed something, for the flaws that do.
func (s *subscriber) wait() {
	switch s.flaw {
	case "holds up writers":
		for s.unread() && s.ctx.Err() == nil {
			runtime.Gosched()
		}
	case "waits for a reader who left":
		// Not for ever, as then nothing could close the store.
		for end := time.Now().Add(3 * faultyPatience); s.unread() && s.ctx.Err() != nil && time.Now().Before(end); {
			runtime.Gosched()
		}
	}
}

func (s *subscriber) unread() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.pending) > 0
}

// showLate keeps what other handles are to show of a name for once, as if they
// had not seen the change yet.
func (f *faulty) showLate(name string, list []*prompty.StoredTemplate) {
	if !f.has("shows a change late") {
		return
	}
	for h := range f.handles {
		if h == f {
			continue
		}
		h.late[name] = nil
		if len(list) > 0 {
			h.late[name] = list[len(list)-1]
		}
	}
}

func (s *subscriber) add(n news, all bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revision, s.all = n.revision, s.all || all
	switch {
	case s.flaw == "drops batches for a slow reader" && len(s.pending) > 0:
		return
	case s.flaw == "queues every batch" && !all:
		b := prompty.ChangeBatch{Revision: n.revision}
		for _, name := range slices.Sorted(maps.Keys(n.changed)) {
			b.Changes = append(b.Changes, prompty.Change{Name: name, Kind: n.changed[name]})
		}
		s.queue = append(s.queue, b)
	default:
		for name, kind := range n.changed {
			s.merge(name, kind)
		}
	}
	select {
	case s.more <- struct{}{}:
	default:
	}
}

// cameAndWent is told as Deleted, as the reader may have read it meanwhile. If
// it comes back, it is new all the same.
const cameAndWent prompty.ChangeKind = "came and went"

func (s *subscriber) merge(name string, kind prompty.ChangeKind) {
	if s.flaw == "calls everything changed" {
		kind = prompty.Changed
	}
	before, ok := s.pending[name]
	switch {
	case before == cameAndWent && kind == prompty.Created:
	case before == prompty.Created && kind == prompty.Deleted:
		if kind = cameAndWent; s.flaw == "hides what came and went" {
			delete(s.pending, name)
			return
		}
	case !ok:
		if s.flaw == "keeps eight names" && len(s.pending) >= 8 {
			return
		}
	case s.flaw == "does not merge what came since":
	case before == prompty.Created && kind == prompty.Changed:
		if s.flaw != "calls a new name changed" {
			kind = prompty.Created
		}
	case before == prompty.Deleted && kind == prompty.Created:
		if s.flaw != "calls a name created that came back" {
			kind = prompty.Changed
		}
	}
	s.pending[name] = kind
}

// Sync implements prompty.Syncer. All is told when it happens.
func (f *faulty) Sync(ctx context.Context) error {
	if f.has("syncs without regard to the context") {
		ctx = context.WithoutCancel(ctx)
	}
	if err := f.enter(ctx); err != nil {
		if f.has("syncs after Close") && ctx.Err() == nil {
			return nil
		}
		return err
	}
	subs := slices.Clone(f.subs)
	f.mu.Unlock()
	if f.has("syncs when everybody has read") {
		end := time.Now().Add(2 * faultyPatience)
		for slices.ContainsFunc(subs, (*subscriber).unread) && time.Now().Before(end) {
			runtime.Gosched()
		}
	}
	return nil
}
