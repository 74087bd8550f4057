package gateway

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/creatorflow/creatorflow/gateway/edge"
)

// registerOperations registers what the operator's tools ask.
func (g *Gateway) registerOperations() {
	g.handle("GET /healthz", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("ok\n")) // the client may be gone
	}))
	g.handle("GET /readyz", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := g.ready(); err != nil {
			edge.Write(w, r, edge.Busy(err.Error(), 2))
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("ready\n")) // the client may be gone
	}))
	g.handle("GET /metrics", promhttp.HandlerFor(g.metrics.registry, promhttp.HandlerOpts{}))
}

// ready says why the process should get no requests.
func (g *Gateway) ready() error {
	if g.draining.Load() {
		return fmt.Errorf("CreatorFlow is stopping")
	}
	if err := g.o.Log.Err(); err != nil {
		return fmt.Errorf("the log takes nothing: %w", err)
	}
	if g.o.Ready != nil {
		return g.o.Ready()
	}
	return nil
}

// Gauge is one figure of another part for /metrics. Labels must have few values: no SKU, no order.
type Gauge struct {
	Name   string // e.g. "creatorflow_inbox_items"
	Help   string
	Labels map[string]string
	Value  float64
	Count  bool // it only ever rises
}

type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	webhooks *prometheus.CounterVec
	g        *Gateway
}

func newMetrics(g *Gateway) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(), g: g,
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

// observe counts an answered request. The route is its pattern, so labels are bounded; a socket's
// time is how long it was open and not counted.
func (m *metrics) observe(r *http.Request, status int, took time.Duration) {
	route := r.Pattern
	if route == "" {
		route = "none"
	}
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
	if status != http.StatusSwitchingProtocols {
		m.seconds.WithLabelValues(route).Observe(took.Seconds())
	}
}

func (m *metrics) webhook(status int) { m.webhooks.WithLabelValues(strconv.Itoa(status)).Inc() }

// Describe implements prometheus.Collector: what others report is known only when it is asked for.
func (m *metrics) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (m *metrics) Collect(out chan<- prometheus.Metric) {
	gauges := []Gauge{{Name: "creatorflow_log_position", Help: "Events in the log.", Value: float64(m.g.o.Log.Head().Position), Count: true}}
	if m.g.o.Status != nil {
		for _, s := range m.g.o.Status() {
			gauges = append(gauges, Gauge{
				Name: "creatorflow_view_position", Help: "How far a view has folded the log.",
				Labels: map[string]string{"view": s.Name, "version": strconv.Itoa(s.Version)}, Value: float64(s.Position), Count: true,
			})
		}
	}
	if m.g.o.Gauges != nil {
		gauges = append(gauges, m.g.o.Gauges()...)
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
