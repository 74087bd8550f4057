package instagram

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/instagram/wire"
	"github.com/creatorflow/creatorflow/money"
)

// vectors is testdata/vectors.json: what programs of others compute.
type vectors struct {
	Webhook []struct {
		Secret   string `json:"app_secret"`
		Body     string `json:"body"`
		Expected string `json:"expected_header"`
	} `json:"meta_webhook"`
	Proof []struct {
		Secret   string `json:"app_secret"`
		Token    string `json:"access_token"`
		Expected string `json:"expected_hex"`
	} `json:"meta_appsecret_proof"`
}

func readVectors(t testing.TB) (v vectors) {
	t.Helper()
	text, err := os.ReadFile("testdata/vectors.json")
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	if err != nil || len(v.Webhook) != 1 || len(v.Proof) != 1 {
		t.Fatalf("vectors: %v, %+v", err, v)
	}
	return v
}

func TestVectors(t *testing.T) {
	v := readVectors(t)
	p, w := v.Proof[0], v.Webhook[0]
	if got := wire.Proof(p.Secret, p.Token); got != p.Expected {
		t.Errorf("proof %s, want %s", got, p.Expected)
	}
	header := http.Header{"X-Hub-Signature-256": {w.Expected}}
	app := func(secrets ...string) channels.App { return channels.App{ID: "app1", Secrets: secrets} }
	for name, tt := range map[string]struct {
		app    channels.App
		header http.Header
		body   string
		want   error
	}{
		"as it came":              {app(w.Secret), header, w.Body, nil},
		"while a secret rotates":  {app("newer", w.Secret), header, w.Body, nil},
		"a third secret":          {app("new", "newer", w.Secret), header, w.Body, channels.ErrSignature},
		"another secret":          {app("wrong"), header, w.Body, channels.ErrSignature},
		"an empty secret":         {app(""), header, w.Body, channels.ErrSignature},
		"no secret":               {app(), header, w.Body, channels.ErrSignature},
		"escapes resolved":        {app(w.Secret), header, strings.ReplaceAll(w.Body, `\u00e9`, "é"), channels.ErrSignature},
		"no signature":            {app(w.Secret), http.Header{}, w.Body, channels.ErrSignature},
		"without the prefix":      {app(w.Secret), http.Header{"X-Hub-Signature-256": {w.Expected[7:]}}, w.Body, channels.ErrSignature},
		"half a signature":        {app(w.Secret), http.Header{"X-Hub-Signature-256": {w.Expected[:30]}}, w.Body, channels.ErrSignature},
		"the older header's sort": {app(w.Secret), http.Header{"X-Hub-Signature": {w.Expected}}, w.Body, channels.ErrSignature},
	} {
		if err := (Webhooks{}).Verify(tt.app, tt.header, []byte(tt.body)); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", name, err, tt.want)
		}
	}
	hints, err := (Webhooks{}).Hints([]byte(w.Body))
	want := channels.Hint{
		Delivery: "17841400000000001:comments:17890000000000001", Shop: "17841400000000001", Kind: channels.KindSignal, Type: "comments", Updated: time.Unix(1767225600, 0).UTC(),
		Signal: channels.Signal{ID: "17890000000000001", Field: "comments", Media: "17900000000000001", Author: "9000000001"},
	}
	if err != nil || !reflect.DeepEqual(hints, []channels.Hint{want}) {
		t.Errorf("got %+v, %v, want %+v", hints, err, want)
	}
}

func TestHints(t *testing.T) {
	entry := func(id, changes string) string {
		return fmt.Sprintf(`{"id":%q,"time":1767225600,"changes":[%s]}`, id, changes)
	}
	body := func(entries ...string) string {
		return `{"object":"instagram","entry":[` + strings.Join(entries, ",") + `]}`
	}
	comment := `{"field":"comments","value":{"id":"5","text":"canary-words","from":{"id":"7","username":"canary-handle"},"media":{"id":"8"}}}`
	for name, tt := range map[string]struct {
		body string
		want string // kind/type/id/media/author of each, with its shop
		key  string
	}{
		"a mention in a comment":    {body(entry("1", `{"field":"mentions","value":{"media_id":"8","comment_id":"9"}}`)), "1:signal/mentions/9/8/", "1:mentions:9"},
		"a mention in a caption":    {body(entry("1", `{"field":"mentions","value":{"media_id":"8"}}`)), "1:signal/mentions/8/8/", "1:mentions:8"},
		"a comment on a broadcast":  {body(entry("1", strings.Replace(comment, "comments", "live_comments", 1))), "1:signal/live_comments/5/8/7", "1:live_comments:5"},
		"many, of two accounts":     {body(entry("1", comment+","+comment), entry("2", comment)), "1:signal/comments/5/8/7 1:signal/comments/5/8/7 2:signal/comments/5/8/7", ""},
		"signals come first":        {body(entry("1", `{"field":"story_insights","value":{}},{"field":"likes","value":3},`+comment)), "1:signal/comments/5/8/7 1:other/story_insights/// 1:other/likes!///", ""},
		"a message":                 {body(`{"id":"1","time":1767225600000,"messaging":[{}]}`), "1:other/messaging///", ""},
		"another product":           {`{"object":"page","entry":[{"id":"1","changes":[]}]}`, "1:other/object page!///", ""},
		"numbers where text is due": {body(`{"id":1,"time":"1767225600","changes":[{"field":"comments","value":{"id":5,"from":{"id":7},"media":[]}}]}`), "1:signal/comments/5//7", "1:comments:5"},
	} {
		hints, err := (Webhooks{}).Hints([]byte(tt.body))
		var got []string
		for _, h := range hints {
			unknown := ""
			if h.Unknown {
				unknown = "!"
			}
			got = append(got, fmt.Sprintf("%s:%s/%s%s/%s/%s/%s", h.Shop, h.Kind, h.Type, unknown, h.Signal.ID, h.Signal.Media, h.Signal.Author))
			if strings.Contains(fmt.Sprintf("%+v", h), "canary") {
				t.Errorf("%s: personal data in %+v", name, h)
			}
		}
		if err != nil || strings.Join(got, " ") != tt.want || hints[0].Delivery != tt.key {
			t.Errorf("%s: %v, key %q, %v, want %q, key %q", name, got, hints[0].Delivery, err, tt.want, tt.key)
		}
	}
	for name, tt := range map[string]struct{ body, field string }{
		"not JSON":               {`{`, "body"},
		"no entry":               {`{"object":"instagram"}`, "entry"},
		"no change":              {body(entry("1", "")), "entry"},
		"no account":             {`{"object":"instagram","entry":[{"changes":[` + comment + `]}]}`, "entry[0].id"},
		"no id":                  {body(entry("1", `{"field":"comments","value":{"text":"canary-words"}}`)), "entry[0].changes[0].value.id"},
		"a value that is a word": {body(entry("1", `{"field":"comments","value":"canary-words"}`)), "entry[0].changes[0].value"},
	} {
		_, err := (Webhooks{}).Hints([]byte(tt.body))
		var invalid channels.Invalid
		if !errors.As(err, &invalid) || invalid.Field != tt.field || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %v, want an Invalid of %s without what was said", name, err, tt.field)
		}
	}
}

func TestHandshake(t *testing.T) {
	app := channels.App{ID: "app1", Secrets: []string{"new", "old"}}
	good := Webhooks{}.VerifyToken(app)
	old := Webhooks{}.VerifyToken(channels.App{ID: "app1", Secrets: []string{"old"}})
	ask := func(mode, token, challenge string) url.Values {
		return url.Values{"hub.mode": {mode}, "hub.verify_token": {token}, "hub.challenge": {challenge}}
	}
	for name, tt := range map[string]struct {
		app   channels.App
		query url.Values
		ok    bool
	}{
		"right":                      {app, ask("subscribe", good, "1158201444"), true},
		"while a secret is rotated":  {app, ask("subscribe", old, "1158201444"), true},
		"another app's":              {channels.App{ID: "app2", Secrets: app.Secrets}, ask("subscribe", good, "1"), false},
		"a wrong token":              {app, ask("subscribe", good[1:], "1"), false},
		"no token":                   {app, url.Values{"hub.mode": {"subscribe"}, "hub.challenge": {"1"}}, false},
		"no secret":                  {channels.App{ID: "app1", Secrets: []string{""}}, ask("subscribe", "", "1"), false},
		"another mode":               {app, ask("unsubscribe", good, "1"), false},
		"a page instead of a number": {app, ask("subscribe", good, "<script>"), false},
		"no challenge":               {app, ask("subscribe", good, ""), false},
	} {
		answer, ok := Webhooks{}.Handshake(tt.app, tt.query)
		if ok != tt.ok || ok && answer != tt.query.Get("hub.challenge") {
			t.Errorf("%s: %q, %v", name, answer, ok)
		}
	}
}

func TestProbe(t *testing.T) {
	app := channels.App{ID: "app1", Secrets: []string{"new", "old"}}
	header, body, delivery := Webhooks{}.Probe(app, "17841400000000001", "x1", time.Unix(1767225600, 0))
	if err := (Webhooks{}).Verify(channels.App{Secrets: []string{"new"}}, header, body); err != nil {
		t.Errorf("signed with another than the newest secret: %v", err)
	}
	hints, err := Webhooks{}.Hints(body)
	if err != nil || len(hints) != 1 || hints[0].Kind != channels.KindTest || hints[0].Delivery != delivery || hints[0].Shop != "17841400000000001" {
		t.Errorf("got %+v, %v", hints, err)
	}
}

func TestPrices(t *testing.T) {
	for text, want := range map[string]string{
		"£10.00 GBP": "10.00 GBP", "$1,234.50 USD": "1234.50 USD", "1.234,50 € EUR": "1234.50 EUR", "¥1,000 JPY": "1000 JPY", "12 GBP": "12.00 GBP",
		"free GBP": "", "£5.00 ???": "",
	} {
		amount, currency := text[:len(text)-4], text[len(text)-3:]
		got := readPrice(amount, currency)
		if want == "" && got == (money.Money{}) {
			continue
		}
		if got.String() != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
}

// sample is one item and one webhook in the vendor's words.
const (
	sampleItem = `{"id":"7300000000000000001","retailer_id":"MUG","name":"Mug","price":"£2.50","currency":"GBP","availability":"in stock",` +
		`"quantity_to_sell_on_facebook":4,"review_status":"approved","visibility":"published"}`
	sampleHook = `{"object":"instagram","entry":[{"id":"17841400000000001","time":1767225600,"changes":[{"field":"comments","value":{"id":"17890000000000001",` +
		`"text":"hi","from":{"id":"9000000001","username":"fan"},"media":{"id":"17900000000000001","media_product_type":"REELS"}}}]}]}`
)

// mutate changes one thing somewhere in a JSON document as a vendor does over the years: a field more, a field less, another
// name, another type, a word never seen.
func mutate(t *rapid.T, v any) any {
	switch v := v.(type) {
	case map[string]any:
		keys := make([]string, 0, len(v))
		for key := range v {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		if len(keys) == 0 {
			return v
		}
		key := rapid.SampledFrom(keys).Draw(t, "key")
		switch rapid.IntRange(0, 5).Draw(t, "what") {
		case 0:
			v["brand_new_"+key] = map[string]any{"x": []any{1.0, "y"}}
		case 1:
			delete(v, key)
		case 2:
			v[key+"_v2"] = v[key]
			delete(v, key)
		case 3:
			v[key] = rapid.SampledFrom([]any{nil, "NEVER_SEEN", 12.0, true, []any{}, map[string]any{}, "9007199254740993"}).Draw(t, "value")
		default:
			v[key] = mutate(t, v[key])
		}
		return v
	case []any:
		if len(v) == 0 {
			return v
		}
		n := rapid.IntRange(0, len(v)-1).Draw(t, "index")
		if rapid.Bool().Draw(t, "twice") {
			return append(v, v[n])
		}
		v[n] = mutate(t, v[n])
		return v
	}
	return v
}

func mutated(t *rapid.T, sample string) []byte {
	var v any
	if err := json.Unmarshal([]byte(sample), &v); err != nil {
		t.Fatal(err)
	}
	for range rapid.IntRange(1, 3).Draw(t, "changes") {
		v = mutate(t, v)
	}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestVendorChanges: whatever the vendor changes, an item is read or is named with the field and the rule that it breaks,
// and never turned into another item or a quantity that nobody wrote.
func TestVendorChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := &channels.Reading{Record: "item"}
		l := readItem(r, mutated(t, sampleItem))
		switch {
		case r.Invalid != nil && (r.Invalid.Field == "" || r.Invalid.Rule == ""):
			t.Fatalf("invalid without a reason: %+v", r.Invalid)
		case r.Invalid != nil:
		case l.ListingID == "" || !channels.IsID(l.ProductID) || l.Status == "" || l.Available < 0:
			t.Fatalf("got %+v", l)
		case l.Available != 4 && l.Available != 0 && l.Available != 12 && l.Available != 9007199254740993:
			t.Fatalf("a quantity from nowhere: %+v", l)
		}
	})
}

// TestVendorChangesWebhooks: the same of webhooks; what is not known is kept as unknown.
func TestVendorChangesWebhooks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { judgeHints(t, mutated(t, sampleHook)) })
}

// judgeHints holds what must be so of every body.
func judgeHints(t interface{ Fatalf(string, ...any) }, body []byte) {
	hints, err := Webhooks{}.Hints(body)
	var invalid channels.Invalid
	switch {
	case err != nil && (!errors.As(err, &invalid) || invalid.Field == "" || invalid.Rule == "" || len(invalid.Sample) > 48):
		t.Fatalf("got %v beside %v", hints, err)
	case err != nil && (len(hints) > 1 || len(hints) == 1 && !reflect.DeepEqual(hints[0], channels.Hint{Shop: hints[0].Shop})):
		t.Fatalf("got %v, want the account alone", hints)
	case err == nil && len(hints) == 0:
		t.Fatalf("neither a hint nor an error")
	case err != nil:
		return
	}
	for _, h := range hints {
		signal := h.Kind == channels.KindSignal
		if h.Type == "" || h.Kind == "" || !channels.IsID(h.Shop) || signal != (h.Signal.ID != "") || signal && !slices.Contains(signals, h.Signal.Field) {
			t.Fatalf("got %+v", h)
		}
	}
}

func FuzzHints(f *testing.F) {
	f.Add([]byte(readVectors(f).Webhook[0].Body))
	f.Add([]byte(`{"object":"instagram","entry":[{"id":1,"changes":[{"field":"mentions","value":{"media_id":2}}]},{"id":"3","messaging":[]}]}`))
	f.Add([]byte(`{"object":"page","entry":[{"id":"1"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) { judgeHints(t, body) })
}

func FuzzItems(f *testing.F) {
	f.Add([]byte(sampleItem))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r := &channels.Reading{Record: "item"}
		l := readItem(r, raw)
		if r.Invalid == nil && (l.ListingID == "" || !channels.IsID(l.ProductID) || l.Available < 0 || l.Price.Minor < 0) {
			t.Errorf("got %+v", l)
		}
	})
}
