// Package monitor counts requests and webhooks and shows them, with the figures of other parts, to the operator's tools.
package monitor

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/creatorflow/creatorflow/projection"
)

// Options is where the figures come from. Status and Gauges may be nil.
type Options struct {
	Position func() int64 // of the log's head
	Status   func() []projection.Status
	Gauges   func() []Gauge
}

// Handler answers GET /metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Gauge is one figure of another part for /metrics. Labels must have few values: no SKU, no order.
type Gauge struct {
	Name   string // e.g. "creatorflow_inbox_items"
	Help   string
	Labels map[string]string
	Value  float64
	Count  bool // it only ever rises
}

// Metrics is what /metrics shows.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	webhooks *prometheus.CounterVec
	o        Options
}

// New makes the metrics of a process.
func New(o Options) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(), o: o,
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "creatorflow_http_requests_total", Help: "Requests by route and status.",
		}, []string{"route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "creatorflow_http_seconds", Help: "Time to answer by route.",
			Buckets: []float64{0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10},
		}, []string{"route"}),
		webhooks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "creatorflow_webhooks_total", Help: "Webhooks by the status they were answered with; 401 is a wrong signature.",
		}, []string{"status"}),
	}
	m.registry.MustRegister(m.requests, m.seconds, m.webhooks, m,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Observe counts an answered request. The route is its pattern, so labels are bounded; a socket's
// time is how long it was open and not counted.
func (m *Metrics) Observe(r *http.Request, status int, took time.Duration) {
	route := r.Pattern
	if route == "" {
		route = "none"
	}
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
	if status != http.StatusSwitchingProtocols {
		m.seconds.WithLabelValues(route).Observe(took.Seconds())
	}
}

// Webhook counts an answered webhook.
func (m *Metrics) Webhook(status int) { m.webhooks.WithLabelValues(strconv.Itoa(status)).Inc() }

// Describe implements prometheus.Collector: what others report is known only when it is asked for.
func (m *Metrics) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(out chan<- prometheus.Metric) {
	gauges := []Gauge{{Name: "creatorflow_log_position", Help: "Events in the log.", Value: float64(m.o.Position()), Count: true}}
	if m.o.Status != nil {
		for _, s := range m.o.Status() {
			gauges = append(gauges, Gauge{
				Name: "creatorflow_view_position", Help: "How far a view has folded the log.",
				Labels: map[string]string{"view": s.Name, "version": strconv.Itoa(s.Version)}, Value: float64(s.Position), Count: true,
			})
		}
	}
	if m.o.Gauges != nil {
		gauges = append(gauges, m.o.Gauges()...)
	}
	for _, gauge := range gauges {
		names := slices.Sorted(maps.Keys(gauge.Labels))
		values := make([]string, len(names))
		for i, name := range names {
			values[i] = gauge.Labels[name]
		}
		kind := prometheus.GaugeValue
		if gauge.Count {
			kind = prometheus.CounterValue
		}
		metric, err := prometheus.NewConstMetric(prometheus.NewDesc(gauge.Name, gauge.Help, names, nil), kind, gauge.Value, values...)
		if err != nil {
			metric = prometheus.NewInvalidMetric(prometheus.NewInvalidDesc(err), err)
		}
		out <- metric
	}
}
