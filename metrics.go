package prompty

import "time"

// Metrics is told what a [StorageEngine] does with changes. Counts: "batches",
// "changes" (names in them), "resyncs" (All), "overflows" (of events), "reloads"
// (programs linked anew), "reload_errors". Durations: "reload" (one linking),
// "change" (from noticed to served). Methods must not block.
type Metrics interface {
	Count(name string, n int64)
	Observe(name string, d time.Duration)
	Degraded(reason string) // "" when all is well again; see WatchStatus
}
