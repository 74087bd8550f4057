package hub

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/creatorflow/creatorflow/domain/exposure"
	"github.com/creatorflow/creatorflow/domain/listings"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/gateway"
	"github.com/creatorflow/creatorflow/gateway/corrections"
	"github.com/creatorflow/creatorflow/gateway/monitor"
	"github.com/creatorflow/creatorflow/gateway/reads"
	"github.com/creatorflow/creatorflow/gateway/reads/standing"
	"github.com/creatorflow/creatorflow/hub/counters"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/realtime"
	"github.com/creatorflow/creatorflow/vault"
	"github.com/creatorflow/creatorflow/web"
)

// surface is what people and programs see of the hub.
type surface struct {
	gateway *gateway.Gateway
	live    *realtime.Live
	tls     *tls.Config
}

func (h *Hub) openSurface() error {
	bodies := reads.New(reads.Options{
		Log: h.Log, Vault: h.Vault, Clock: h.o.Clock, Workspace: workspace.Main, Shops: h.shopStatus, Doctor: h.Doctor.Examine,
		Listings: h.listings, Drift: h.drift, Demo: h.demoWord,
		CancelAt: h.desk.CancelAt,
		Standing: h.standing(),
	})
	if h.o.TLS[0] != "" {
		certificate, err := tls.LoadX509KeyPair(h.o.TLS[0], h.o.TLS[1])
		if err != nil {
			return fmt.Errorf("--tls: %w", err)
		}
		h.surface.tls = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	}
	live, err := realtime.New(realtime.Options{
		Views: h.Views, Topics: bodies.Topics(), LogID: h.Log.Head().LogID.String(), Clock: h.o.Clock, Log: h.o.Log,
		Authorize: func(ctx context.Context, _, _ string) bool { return h.surface.gateway.Present(ctx) },
		Origin:    func(*http.Request) bool { return true }, // the gateway has asked, knowing cookies from keys
	})
	if err != nil {
		return fmt.Errorf("open the live topics: %w", err)
	}
	h.surface.live = live
	h.surface.gateway = gateway.New(gateway.Options{
		Log: h.Log, Accounts: h.Accounts, Views: h.Views, Reads: bodies, Clock: h.o.Clock, Workspace: workspace.Main,
		Version: h.o.Version, Status: h.Projections.Status, Fulfilment: h.Fulfilment, Connect: h.connecting(), Channels: h.Shops.Vendors(), Intake: h.receive, Handshake: h.Shops.Handshake,
		Corrected: corrections.Desk{Vault: h.Vault, Workspace: workspace.Main}, History: h.older(),
		Imports: h.imports, KeepBuyer: h.Ingest.KeepBuyer, Answers: h.Answers, Shipping: h.Shipping, Ways: h.desk.Ways,
		Live: screens{h}, Web: web.Handler(), Ready: h.isReady, Requests: h.o.Requests, Secure: h.secure(), TrustProxy: h.o.TrustProxy,
		Slog: h.o.Log, Gauges: h.gauges, Demo: h.demonstrating(), Labels: h.labels(), Mentions: counters.Mentions{Office: h.said, Closed: door{h}.reason, Public: h.o.Public}, Instead: h.instead,
	})
	return nil
}

// secure says whether browsers come over https; to a guest they come through its host.
func (h *Hub) secure() bool {
	return h.surface.tls != nil || h.o.Host != nil && (h.o.Host.surface.tls != nil || len(h.o.Host.o.TrustProxy) > 0)
}

// CheckListener refuses plain http beyond this machine, with the mend; Run asks it too.
func (h *Hub) CheckListener(at net.Addr) error {
	return h.surface.gateway.CheckListener(at, h.surface.tls)
}

// Address is what a browser on this machine is given to find the hub.
func (h *Hub) Address(at net.Addr) string {
	if h.surface.tls != nil {
		return "https://" + at.String()
	}
	return "http://" + at.String()
}

func (s *surface) notice(n projection.Notice) { s.live.Notify(n) }

func (s *surface) serve(ctx context.Context, listener net.Listener) error {
	if err := s.gateway.Serve(ctx, listener, s.tls); err != nil {
		return err
	}
	return ctx.Err()
}

// shopStatus is what ingest knows of each connection now, as the bodies want it.
func (h *Hub) shopStatus() map[string]reads.Shop {
	all := map[string]reads.Shop{}
	for _, s := range h.Ingest.Status() {
		all[s.Connection] = reads.Shop{
			LastSuccess: s.LastSuccess, LastWebhook: s.LastWebhook, LastPoll: s.LastPoll, Limit: s.Limit, Paused: s.Paused, Note: s.Note, Ends: s.Ends,
			Backlog: s.Backlog, Lag: s.Lag, WebhooksPerMinute: s.WebhooksPerMinute, Webhooks: s.Webhooks,
			Duplicates: s.Duplicates, Quarantined: s.Quarantined, ReadsPerSecond: s.ReadsPerSecond, WritesPerSecond: s.WritesPerSecond,
			Calls: standing.CallsOf(s.Answered, s.Failed, s.Left, s.Waiting),
		}
	}
	return all
}

// listings is what the room of the listings knows of a SKU now, as the bodies want it.
func (h *Hub) listings(sku string) (reads.Listings, bool) {
	known, ok := h.Listing.SKU(sku)
	if !ok {
		return reads.Listings{}, false
	}
	all := reads.Listings{
		Survives: listings.Survives(known.State), Outage: known.Outage, Others: cmp.Or(known.Others, int(exposure.DefaultOutage.Minutes())),
	}
	for _, l := range known.Listings {
		c, _ := known.State.Find(l.ID)
		all.Items = append(all.Items, reads.Listed{
			Connection: l.Connection, Listing: l.Listing, Code: l.Code, Pushing: l.Pushing, Known: c.Known, Quantity: c.Quantity, Exposure: c.Exposure,
			Confirmed: c.Reset.At, Differs: l.Differs, Policy: string(c.Policy), Buffer: c.Buffer + c.Keep, Catalogue: c.Catalogue, Trouble: l.Trouble,
		})
	}
	return all, true
}

func (h *Hub) drift(connection string) reads.Drift {
	s := h.Listing.Shop(connection)
	return reads.Drift{Pushing: s.Pushing, Listings: s.Drift, Since: s.Since, Trouble: s.Trouble}
}

// gauges are the figures of ingest and of the live topics for /metrics.
func (h *Hub) gauges() []monitor.Gauge {
	live := h.surface.live.Counts()
	all := []monitor.Gauge{
		{Name: "creatorflow_live_clients", Help: "Open live connections.", Value: float64(live.Clients)},
		{Name: "creatorflow_live_frames_total", Help: "Values sent to live topics.", Value: float64(live.Frames), Count: true},
	}
	apps, strays := h.Ingest.Apps()
	refused := strays
	for _, a := range apps {
		refused += a.Refused
	}
	all = append(all, monitor.Gauge{
		Name: "creatorflow_webhooks_refused_total", Help: "Webhooks with a wrong signature or for no app of ours.", Value: float64(refused), Count: true,
	})
	for what, n := range h.Listing.Hints.Counts() {
		all = append(all, monitor.Gauge{
			Name: "creatorflow_quantity_news_total", Help: "What became of notifications that a listed quantity has changed.", Labels: map[string]string{"outcome": what}, Value: float64(n), Count: true,
		})
	}
	inbox, err := h.Vault.InboxCounts(context.Background())
	if err != nil {
		h.o.Log.Warn("inbox not counted", "error", err)
		return all
	}
	return append(all, monitor.Gauge{Name: "creatorflow_inbox_backlog", Help: "Webhooks not yet taken in.", Value: float64(inbox[vault.Pending])})
}

// beat marks the topics whose values move with time alone.
func (h *Hub) beat(ctx context.Context) error {
	ticker := time.NewTicker(10 * time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			for _, topic := range []string{"kpis", "series/revenue", "stock/critical", "sync"} {
				h.surface.live.Dirty(topic)
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// isReady says why the hub does not answer yet.
func (h *Hub) isReady() error {
	select {
	case <-h.ready:
		return nil
	default:
		return errors.New("the views are catching up with the log")
	}
}
