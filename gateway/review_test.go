package gateway_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/creatorflow/creatorflow/domain/events/flows"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

// flagged puts an order into the log that waits for review.
func (s *site) flagged(t *testing.T, id string) {
	t.Helper()
	w := orderAt(s, id)
	w.Events = append(w.Events, orderevents.Flagged{Order: id, Rules: []string{"total"}, Sentence: "Held for review: much.", Stock: "kept"})
	_, err := s.log.Append(t.Context(), w, eventlog.Write{
		Stream: eventlog.Stream{Workspace: workspace.Main, Kind: fulfilment.Kind, ID: id},
		Events: []eventlog.Event{
			flows.Started{Kind: fulfilment.Kind, Flow: id, At: s.clock.Now()},
			flows.Waiting{Flow: id, Step: fulfilment.StepLabel, Code: fulfilment.WaitRisk, Sentence: "Held for review: much.", Since: s.clock.Now()},
		},
	})
	fatal(t, err)
}

type reviewed struct {
	Result struct {
		Orders []struct {
			Order, Why string
			Done       bool
		}
	}
}

// review sends a command about orders and says in short what became of each.
func (s *site) review(t *testing.T, name, body, id string) string {
	t.Helper()
	a := s.command(t, nil, name, body, id, "Authorization", "Bearer "+s.key(t, accounts.Operator))
	var got reviewed
	if a.StatusCode != 200 || json.Unmarshal(a.text, &got) != nil {
		t.Fatalf("%s %s: %d %s", name, body, a.StatusCode, a.text)
	}
	var said []string
	for _, o := range got.Result.Orders {
		said = append(said, fmt.Sprint(o.Order, " ", o.Done, " ", o.Why))
	}
	return strings.Join(said, "; ")
}

// Each order of a bulk review is answered by itself, the same key is done once, and the actor stands in the log.
func TestReviewOrders(t *testing.T) {
	s := newSite(t)
	for _, id := range []string{"k7:1", "k7:2", "k7:3"} {
		s.flagged(t, id)
	}
	s.sell(t)
	list := func() string {
		t.Helper()
		s.caught(t)
		a := s.ask(t, nil, "GET", "/api/v1/orders?status=risk", "", "Authorization", "Bearer "+s.key(t, accounts.Viewer))
		var body struct {
			Total int
			Items []struct{ ID, Flag string }
		}
		fatal(t, json.Unmarshal(a.text, &body))
		return fmt.Sprint(body.Total, body.Items)
	}
	if got := list(); got != "3 [{k7:3 risk} {k7:2 risk} {k7:1 risk}]" {
		t.Errorf("held for review: %s, want exactly the three", got)
	}
	skip := s.command(t, nil, "skip-step", `{"flow":"k7:1","reason":"sold in the shop"}`, v7(), "Authorization", "Bearer "+s.key(t, accounts.Operator))
	if skip.StatusCode != 409 || !strings.Contains(string(skip.text), "held for review") {
		t.Errorf("skip-step: %d %s, want 409", skip.StatusCode, skip.text)
	}
	key, body := v7(), `{"orders":["k7:1","k7:1","k7:576","k7:none"]}`
	want := "k7:1 true ; k7:576 false The order is not held for review.; k7:none false There is no such order."
	for range 2 {
		if got := s.review(t, "approve-orders", body, key); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	records, err := s.log.ReadStream(t.Context(), orderevents.Stream(workspace.Main, "k7:1"), 0, 10)
	fatal(t, err)
	if last := records[len(records)-1]; len(records) != 3 || last.Name != "order.reviewed" || last.Actor == "" || strings.HasPrefix(last.Actor, "flow:") {
		t.Errorf("%d records, the last %s by %q; want one review by who sent the command", len(records), last.Name, last.Actor)
	}
	if got := s.review(t, "approve-orders", `{"orders":["k7:1"]}`, v7()); got != "k7:1 true " {
		t.Errorf("approved once more: %s", got)
	}
	got := s.review(t, "reject-orders", `{"orders":["k7:1","k7:2"],"reason":"undeliverable"}`, v7())
	if want := "k7:1 false The order was approved already.; k7:2 true "; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	records, err = s.log.ReadStream(t.Context(), orderevents.Stream(workspace.Main, "k7:2"), 0, 10)
	fatal(t, err)
	if last := records[len(records)-1]; last.Name != "order.answer_asked" {
		t.Errorf("the last of a rejected order is %s, want that the channel is asked to cancel it", last.Name)
	}
	if got := s.review(t, "approve-orders", `{"orders":["k7:2"]}`, v7()); got != "k7:2 false The order was rejected already." {
		t.Errorf("approved after it was rejected: %s", got)
	}
}

func TestReviewOrdersRefusals(t *testing.T) {
	s := newSite(t)
	s.flagged(t, "k7:1")
	many := `"k7:1"` + strings.Repeat(`,"k7:1"`, 100)
	for _, test := range []struct {
		role       accounts.Role
		name, body string
		status     int
	}{
		{accounts.Viewer, "approve-orders", `{"orders":["k7:1"]}`, 403},
		{accounts.Viewer, "reject-orders", `{"orders":["k7:1"],"reason":"undeliverable"}`, 403},
		{accounts.Operator, "configure-risk", `{"stock":"freed"}`, 403},
		{accounts.Operator, "approve-orders", `{"orders":[]}`, 422},
		{accounts.Operator, "approve-orders", `{"orders":[` + many + `]}`, 422},
		{accounts.Operator, "approve-orders", `{"orders":["k7:\u00001"]}`, 422},
		{accounts.Operator, "reject-orders", `{"orders":["k7:1"]}`, 422},
		{accounts.Operator, "reject-orders", `{"orders":["k7:1"],"reason":"odd"}`, 422},
		{accounts.Owner, "configure-risk", `{}`, 409},
		{accounts.Owner, "configure-risk", `{"stock":"sold"}`, 422},
		{accounts.Owner, "configure-risk", `{"repeats":{"on":true,"orders":0,"hours":24}}`, 409},
	} {
		before := s.log.Head().Position
		a := s.command(t, nil, test.name, test.body, v7(), "Authorization", "Bearer "+s.key(t, test.role))
		if n := s.changes(t, before); a.StatusCode != test.status || n != 0 {
			t.Errorf("%s %s by a %s: %d %s, %d events; want %d and none", test.name, test.body, test.role, a.StatusCode, a.text, n, test.status)
		}
	}
}

// The rules are shown as they hold, defaults too, and who sets what somebody else has set since is told.
func TestConfigureRisk(t *testing.T) {
	s := newSite(t)
	owner := "Bearer " + s.key(t, accounts.Owner)
	read := func() string {
		t.Helper()
		return compact(t, s.ask(t, nil, "GET", "/api/v1/risk", "", "Authorization", owner).text)
	}
	if got := read(); !strings.Contains(got, `"repeats":{"on":true,"orders":5,"hours":24},"stock":"kept"`) || !strings.Contains(got, `"versions":{"mismatch":0,"total":0,"repeats":0,"stock":0}`) {
		t.Errorf("before anybody has set a rule: %s", got)
	}
	send := func(body string) reply {
		return s.command(t, nil, "configure-risk", body, v7(), "Authorization", owner)
	}
	const seen = `"versions":{"mismatch":0,"total":0,"repeats":0,"stock":0}}`
	if a := send(`{"stock":"freed","total":{"on":true,"over":[]},` + seen); a.StatusCode != 200 {
		t.Fatalf("%d %s", a.StatusCode, a.text)
	}
	if a := send(`{"repeats":{"on":false,"orders":5,"hours":24},` + seen); a.StatusCode != 200 {
		t.Errorf("another rule: %d %s", a.StatusCode, a.text)
	}
	if a := send(`{"total":{"on":false,"over":[]},` + seen); a.StatusCode != 412 || !strings.Contains(string(a.text), "total") {
		t.Errorf("a rule that moved: %d %s, want 412", a.StatusCode, a.text)
	}
	if got := read(); !strings.Contains(got, `"total":{"on":true,"over":[]},"repeats":{"on":false,"orders":5,"hours":24},"stock":"freed"`) || !strings.Contains(got, `"total":1,"repeats":2,"stock":1`) {
		t.Errorf("afterwards: %s", got)
	}
}
