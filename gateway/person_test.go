package gateway_test

import (
	"strings"
	"testing"

	"github.com/creatorflow/creatorflow/domain/events/flows"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

// A person skips the label that a courier made, and takes back an order that waits; its channel does not know, so a letter says so.
func TestAPersonHelps(t *testing.T) {
	s := newSite(t)
	s.sell(t)
	begin := func(order string, all ...eventlog.Event) {
		t.Helper()
		_, err := s.log.Append(t.Context(), eventlog.Write{
			Stream: eventlog.Stream{Workspace: workspace.Main, Kind: fulfilment.Kind, ID: order}, Expected: 0,
			Events: append([]eventlog.Event{flows.Started{Kind: fulfilment.Kind, Flow: order}}, all...),
		})
		fatal(t, err)
	}
	begin("k7:576", flows.StepSucceeded{Flow: "k7:576", Step: fulfilment.StepValidate},
		flows.Waiting{Flow: "k7:576", Step: fulfilment.StepReserve, Code: fulfilment.WaitNoStock, Sentence: "Not enough stock."})
	begin("k7:577", flows.StepSucceeded{Flow: "k7:577", Step: fulfilment.StepPayment},
		flows.StepStarted{Flow: "k7:577", Step: fulfilment.StepLabel, Attempt: 1, Key: "k"}, flows.Stuck{Flow: "k7:577", Step: fulfilment.StepLabel, Attempt: 1, Reason: "The channel refuses."})
	bearer := "Bearer " + s.key(t, accounts.Operator)
	for _, ask := range []struct {
		name, command, order, step string
		status                     int
		detail                     string
	}{
		{"the books are the hub's", "skip-step", "k7:576", "reserve stock", 409, "cannot be skipped"},
		{"it has moved on", "take-back", "k7:576", "validate", 409, `moved on to the step \"reserve stock\"`},
		{"it is taken back", "take-back", "k7:576", "reserve stock", 200, ""},
		{"once", "take-back", "k7:576", "", 409, "already"},
		{"the label may be made", "take-back", "k7:577", "label", 409, "Cancel the order at its channel"},
		{"the label is skipped", "skip-step", "k7:577", "label", 200, ""},
		{"no such order", "skip-step", "k7:1", "", 409, "nothing to do"},
	} {
		a := s.command(t, nil, ask.command, `{"flow":"`+ask.order+`","step":"`+ask.step+`","reason":"sold in the shop"}`, v7(), "Authorization", bearer)
		if a.StatusCode != ask.status || !strings.Contains(string(a.text), ask.detail) {
			t.Errorf("%s: %d %s, want %d with %q", ask.name, a.StatusCode, a.text, ask.status, ask.detail)
		}
	}
	if a := s.command(t, nil, "take-back", `{"flow":"k7:577"}`, v7(), "Authorization", bearer); a.StatusCode != 422 {
		t.Errorf("without a reason: %d %s, want 422", a.StatusCode, a.text)
	}
	s.caught(t)
	list := compact(t, s.ask(t, nil, "GET", "/api/v1/deadletters", "", "Authorization", bearer).text)
	for _, want := range []string{`"total":1,`, `"id":"taken-back-k7:576"`, `"kind":"stock"`, `"actions":["discard"]`, "(sold in the shop), and its channel does not know"} {
		if !strings.Contains(list, want) {
			t.Errorf("the letters %s\nlack %s", list, want)
		}
	}
}
