package prompty

import "time"

// Metrics is told what a [StorageEngine] does with changes. Counts: "batches",
// "changes" (names in them), "resyncs" (All), "overflows" (of events), "reloads"
// (programs linked), "reload_errors". Durations: "reload" (one linking), "change"
// (from noticed to served). Methods must not block.
type Metrics interface {
	Count(name string, n int64)
	Observe(name string, d time.Duration)
	Degraded(reason string) // "" when all is well again; see WatchStatus
}

func (se *StorageEngine) measure(b ChangeBatch) {
	m := se.config.Metrics
	if m == nil {
		return
	}
	m.Count("batches", 1)
	m.Count("changes", int64(len(b.Changes)))
	if b.All {
		m.Count("resyncs", 1)
	}
	if !b.Since.IsZero() {
		m.Observe("change", time.Since(b.Since))
	}
}
