package main

import (
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/go-prompty/prompty"
)

// watchMetrics hands what an engine tells to Prometheus. The engine's names are
// labels, so that one it learns later needs no change here.
type watchMetrics struct {
	events   *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	degraded prometheus.Gauge
}

var _ prompty.Metrics = (*watchMetrics)(nil)

// buckets reach from what a change takes on a quiet machine to what a poll of a
// network file system does.
var buckets = []float64{.00005, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1, 5, 30}

func newWatchMetrics(r prometheus.Registerer) (*watchMetrics, error) {
	m := &watchMetrics{
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "prompty_events_total", Help: "Batches, changes, resyncs, overflows, reloads and reload errors.",
		}, []string{"event"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "prompty_seconds", Help: "How long a reload takes, and a change from noticed to served.", Buckets: buckets,
		}, []string{"of"}),
		degraded: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "prompty_watch_degraded", Help: "1 while changes may come late; the log says why.",
		}),
	}
	for _, c := range []prometheus.Collector{m.events, m.seconds, m.degraded} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// Count implements [prompty.Metrics].
func (m *watchMetrics) Count(name string, n int64) { m.events.WithLabelValues(name).Add(float64(n)) }

// Observe implements [prompty.Metrics].
func (m *watchMetrics) Observe(name string, d time.Duration) {
	m.seconds.WithLabelValues(name).Observe(d.Seconds())
}

// Degraded implements [prompty.Metrics]. The reason is no label: each would be a
// series of its own for ever.
func (m *watchMetrics) Degraded(reason string) {
	if reason == "" {
		m.degraded.Set(0)
		slog.Info("prompts are followed again")
		return
	}
	m.degraded.Set(1)
	slog.Warn("changes of prompts may come late", "reason", reason)
}
