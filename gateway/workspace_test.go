package gateway_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/gateway/reads"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

// kpis reads the board's figures once the views show all of the log.
func (s *site) kpis(t testing.TB, bearer string) (k reads.KPIs) {
	t.Helper()
	s.caught(t)
	a := s.ask(t, nil, "GET", "/api/v1/kpis", "", "Authorization", bearer)
	if a.StatusCode != 200 {
		t.Fatalf("kpis: %d %s", a.StatusCode, a.text)
	}
	fatal(t, json.Unmarshal(a.text, &k))
	return k
}

// A shop that nobody configured counts in what it sells in, until somebody says otherwise.
func TestUnconfiguredShop(t *testing.T) {
	s := newSite(t)
	bearer := "Bearer " + s.key(t, accounts.Owner)
	if w := s.kpis(t, bearer).Workspace; w != (reads.Workspace{Name: "My shop", Zone: "UTC", Currency: "USD", Demo: "none"}) {
		t.Errorf("before the first order: %+v", w)
	}
	_, err := s.log.Append(t.Context(), orderAt(s, "k7:1")) // of 2.50 GBP
	fatal(t, err)
	s.clock.add(time.Second)
	k := s.kpis(t, bearer)
	if k.Workspace.Currency != "GBP" || k.RevenueToday.Value.Minor != 250 || k.RevenueToday.Value.Currency != "GBP" || len(k.OtherCurrencies) != 0 {
		t.Errorf("after the first order: %+v, revenue %+v, others %v; want 2.50 GBP", k.Workspace, k.RevenueToday.Value, k.OtherCurrencies)
	}
	for _, test := range []struct{ body, name, zone, currency string }{
		{`{"zone":"Asia/Kathmandu"}`, "My shop", "Asia/Kathmandu", "GBP"},
		{`{"name":" Ana's bags "}`, "Ana's bags", "Asia/Kathmandu", "GBP"},
		{`{"name":"Ana & co.","zone":"Europe/London","currency":"EUR"}`, "Ana & co.", "Europe/London", "EUR"},
	} {
		if a := s.command(t, nil, "configure-workspace", test.body, v7(), "Authorization", bearer); a.StatusCode != 200 {
			t.Fatalf("%s: %d %s", test.body, a.StatusCode, a.text)
		}
		if w := s.kpis(t, bearer).Workspace; w.Name != test.name || w.Zone != test.zone || w.Currency != test.currency {
			t.Errorf("%s: %+v, want %+v", test.body, w, test)
		}
	}
	k = s.kpis(t, bearer)
	if k.RevenueToday.Value.Currency != "EUR" || len(k.OtherCurrencies) != 1 || k.OtherCurrencies[0].Minor != 250 {
		t.Errorf("in euros: revenue %+v, others %v; want the pounds apart", k.RevenueToday.Value, k.OtherCurrencies)
	}
	series := s.ask(t, nil, "GET", "/api/v1/series?metric=revenue", "", "Authorization", bearer)
	if !strings.Contains(string(series.text), `"zone":"Europe/London"`) || !strings.Contains(string(series.text), `"currency":"EUR"`) {
		t.Errorf("the series keeps other settings: %.300s", series.text)
	}
}

// A refusal names the field and the rule, and changes nothing.
func TestConfigureRefusals(t *testing.T) {
	s := newSite(t)
	bearer := "Bearer " + s.key(t, accounts.Owner)
	for _, test := range []struct {
		body   string
		status int
		words  []string // of the sentence and of what is said of the fields
	}{
		{`{}`, 409, []string{"name, zone or currency"}},
		{`{"versions":{"name":0,"zone":0,"currency":0}}`, 409, []string{"name, zone or currency"}},
		{`{"name":"  "}`, 409, []string{"name", "1 to 80 characters"}},
		{`{"name":"` + strings.Repeat("é", 81) + `"}`, 409, []string{"name", "1 to 80 characters"}},
		{`{"orders_title":"` + strings.Repeat("é", 41) + `"}`, 409, []string{"title", "40 characters"}},
		{`{"name":"Shop","zone":"Europe/Londres"}`, 409, []string{"zone", "IANA", "Europe/London"}},
		{`{"zone":"Local"}`, 409, []string{"zone", "IANA"}},
		{`{"zone":"+05:45"}`, 409, []string{"zone", "IANA"}},
		{`{"name":"Shop","currency":"gbp"}`, 409, []string{"currency", "ISO 4217", "GBP"}},
		{`{"currency":"£"}`, 409, []string{"currency", "ISO 4217"}},
		{`{"currency":3}`, 422, []string{"currency", "string"}},
		{`{"timezone":"UTC"}`, 422, []string{"timezone"}},
		{`{"zone":"UTC","versions":{"zone":0}}`, 422, []string{"name"}},
	} {
		a := s.command(t, nil, "configure-workspace", test.body, v7(), "Authorization", bearer)
		if a.StatusCode != test.status {
			t.Errorf("%s: %d %s, want %d", test.body, a.StatusCode, a.text, test.status)
			continue
		}
		a.problem(t)
		for _, word := range test.words {
			if !strings.Contains(string(a.text), word) {
				t.Errorf("%s: %s says nothing of %q", test.body, a.text, word)
			}
		}
	}
	if n := s.changes(t, 0); n != 0 {
		t.Errorf("refusals changed something: %d events", n)
	}
}

// Two owners read the same settings. Each field's last writer wins: setting different ones does not
// disturb, and who sets one that moved is told what it says now.
func TestConfigureAfterSomebodyElse(t *testing.T) {
	s := newSite(t)
	s.sell(t) // Demo shop, Europe/London, GBP, all by version 1
	bearer := "Bearer " + s.key(t, accounts.Owner)
	send := func(body, id string) reply {
		t.Helper()
		return s.command(t, nil, "configure-workspace", body, id, "Authorization", bearer)
	}
	const seen = `"versions":{"name":1,"zone":1,"currency":1}}`
	if a := send(`{"name":"Hers",`+seen, v7()); a.StatusCode != 200 {
		t.Fatalf("the first: %d %s", a.StatusCode, a.text)
	}
	if a := send(`{"currency":"EUR",`+seen, v7()); a.StatusCode != 200 {
		t.Errorf("another field: %d %s, want 200", a.StatusCode, a.text)
	}
	if a := send(`{"name":"Hers",`+seen, v7()); a.StatusCode != 200 {
		t.Errorf("the same name once more: %d %s, want 200", a.StatusCode, a.text)
	}
	id, before := v7(), s.log.Head().Position
	a := send(`{"name":"His","zone":"UTC",`+seen, id)
	p := a.problem(t)
	if a.StatusCode != 412 || len(p.Errors) != 1 || p.Errors[0].Field != "name" || !strings.Contains(string(a.text), `"Hers"`) {
		t.Errorf("a name that moved: %d %s, want 412 with the name it has now", a.StatusCode, a.text)
	}
	if n := s.changes(t, before); n != 0 {
		t.Errorf("it changed something: %d events", n)
	}
	w := s.kpis(t, bearer).Workspace
	if w.Versions.Name != 2 || w.Versions.Zone != 1 || w.Versions.Currency != 3 {
		t.Errorf("versions %+v, want 2, 1 and 3", w.Versions)
	}
	if a := send(`{"name":"His","zone":"UTC","versions":{"name":2,"zone":1,"currency":1}}`, id); a.StatusCode != 200 {
		t.Errorf("decided anew, with the key that was left free: %d %s", a.StatusCode, a.text)
	}
	if a := send(`{"zone":"Asia/Kathmandu"}`, v7()); a.StatusCode != 200 {
		t.Errorf("without versions: %d %s, want the last writer to win", a.StatusCode, a.text)
	}
	for _, title := range []string{"Order Empire", ""} {
		if a := send(`{"orders_title":" `+title+` "}`, v7()); a.StatusCode != 200 {
			t.Errorf("a title: %d %s", a.StatusCode, a.text)
		}
		if w = s.kpis(t, bearer).Workspace; w.Title != title || w.Versions.OrdersTitle < 4 {
			t.Errorf("the orders are called %q since version %d, want %q", w.Title, w.Versions.OrdersTitle, title)
		}
	}
	w = s.kpis(t, bearer).Workspace
	if got := []string{w.Name, w.Zone, w.Currency}; !slices.Equal(got, []string{"His", "Asia/Kathmandu", "EUR"}) {
		t.Errorf("in the end %v", got)
	}
}
