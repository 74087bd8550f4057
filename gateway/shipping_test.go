package gateway_test

import (
	"strings"
	"testing"

	"github.com/creatorflow/creatorflow/domain/events/flows"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

// A parcel is entered by who may operate, once; the order's page shows it and offers what may be done next.
func TestShipOrder(t *testing.T) {
	s := newSite(t)
	s.sell(t)
	order := "k7:own"
	write := func(stream eventlog.Stream, expected eventlog.Version, all ...eventlog.Event) {
		t.Helper()
		_, err := s.log.Append(t.Context(), eventlog.Write{Stream: stream, Expected: expected, Events: all})
		fatal(t, err)
	}
	write(orderevents.Stream(workspace.Main, order), 0, orderevents.Placed{
		Order: order, Connection: "k7", Channel: "tiktok", ChannelID: "own", Status: "ready", SellerShips: true,
		Lines: []orderevents.Line{{Listing: "L1", Code: "85123A", Quantity: 2}},
	})
	write(eventlog.Stream{Workspace: workspace.Main, Kind: fulfilment.Kind, ID: order}, 0, flows.Started{Kind: fulfilment.Kind, Flow: order},
		flows.StepSucceeded{Flow: order, Step: fulfilment.StepPayment},
		flows.Waiting{Flow: order, Step: fulfilment.StepLabel, Code: fulfilment.WaitTracking, Sentence: "Enter its number."})
	operator, viewer := "Bearer "+s.key(t, accounts.Operator), "Bearer "+s.key(t, accounts.Viewer)
	body := `{"order":"k7:own","carrier":"7","carrier_name":"Royal Mail","tracking":"rm 0001","items":[{"listing":"L1","quantity":1}]}`
	if a := s.command(t, nil, "ship-order", body, v7(), "Authorization", viewer); a.StatusCode != 403 {
		t.Errorf("as a viewer: %d %s", a.StatusCode, a.text)
	}
	for name, ask := range map[string]struct {
		command, body string
		status        int
		detail        string
	}{
		"no number":           {"ship-order", `{"order":"k7:own","carrier":"7","tracking":"!"}`, 409, "tracking number is"},
		"not so many":         {"ship-order", `{"order":"k7:own","carrier":"7","tracking":"RM0009","items":[{"listing":"L1","quantity":3}]}`, 409, "Only 2"},
		"no units":            {"ship-order", `{"order":"k7:own","carrier":"7","tracking":"RM0009","items":[{"listing":"L1","quantity":0}]}`, 422, "quantity"},
		"the channel's label": {"ship-order", `{"order":"k7:576","carrier":"7","tracking":"RM0009"}`, 409, "makes the label"},
		"no such parcel":      {"correct-tracking", `{"order":"k7:own","parcel":1,"carrier":"7","tracking":"RM0009"}`, 409, "no such parcel"},
		"no package":          {"split-order", `{"order":"k7:own","groups":[{"items":[{"listing":"L1","quantity":1}]},{"items":[{"listing":"L1","quantity":1}]}]}`, 409, "made no package"},
		"one group":           {"split-order", `{"order":"k7:own","groups":[{"items":[{"listing":"L1","quantity":2}]}]}`, 422, "groups"},
		"one order":           {"combine-orders", `{"orders":["k7:own"]}`, 422, "orders"},
		"two shops":           {"combine-orders", `{"orders":["k7:own","k8:1"]}`, 409, "one shop"},
	} {
		if a := s.command(t, nil, ask.command, ask.body, v7(), "Authorization", operator); a.StatusCode != ask.status || !strings.Contains(string(a.text), ask.detail) {
			t.Errorf("%s: %d %s, want %d with %q", name, a.StatusCode, a.text, ask.status, ask.detail)
		}
	}
	key := v7()
	for range 2 {
		if a := s.command(t, nil, "ship-order", body, key, "Authorization", operator); a.StatusCode != 200 || !strings.Contains(string(a.text), `"request":1`) {
			t.Fatalf("%d %s", a.StatusCode, a.text)
		}
	}
	s.caught(t)
	page := compact(t, s.ask(t, nil, "GET", "/api/v1/orders/k7:own", "", "Authorization", operator).text)
	for _, want := range []string{
		`"shipping":{"own":true,"requests":[{"number":1,"action":"ship"`, `"carrier":"RoyalMail","tracking":"RM0001","items":[{"listing":"L1","quantity":1}]`,
		`"state":"telling"`, `"flow":"k7:own#1"`, `"left":[{"listing":"L1","quantity":1}],"together":[],"can":["ship-order"]`,
	} {
		if !strings.Contains(strings.ReplaceAll(page, " ", ""), want) {
			t.Errorf("the page %s\nlacks %s", page, want)
		}
	}
	if a := s.ask(t, nil, "GET", "/api/v1/orders/k7:none/shipping", "", "Authorization", operator); a.StatusCode != 404 {
		t.Errorf("an unknown order: %d %s", a.StatusCode, a.text)
	}
	if a := s.ask(t, nil, "GET", "/api/v1/orders/k7:own/shipping", "", "Authorization", operator, "Sec-Fetch-Site", "cross-site"); a.StatusCode != 403 {
		t.Errorf("from another page: %d %s", a.StatusCode, a.text)
	}
}
