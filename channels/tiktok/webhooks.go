package tiktok

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/channels"
)

// Webhooks reads TikTok's webhooks.
type Webhooks struct{}

var _ channels.Webhooks = Webhooks{}

// The topics something is done for; others are those that are known and left alone.
const (
	orderStatus    = "1"
	orderAddress   = "3"
	packageUpdate  = "4"
	deauthorised   = "6"
	expiringSoon   = "7"
	cancellation   = "11"
	returnChange   = "12"
	kindOrder      = "order"
	kindCancel     = "cancellation"
	kindReturn     = "return"
	kindPackage    = "package"
	kindAuthorised = "authorisation"
	kindExpiring   = "expiring"
	kindOther      = "other"

	probeType   = "0" // the vendor numbers its topics from 1
	probePrefix = "creatorflow-test-"
)

var kinds = map[string]string{
	orderStatus: kindOrder, orderAddress: kindOrder, cancellation: kindCancel, returnChange: kindReturn, packageUpdate: kindPackage,
	deauthorised: kindAuthorised, expiringSoon: kindExpiring,
}

const others = " 2 5 13 14 15 16 17 18 19 20 21 22 23 24 25 27 33 35 36 37 38 39 42 46 51 52 55 "

// Verify implements channels.Webhooks: the Authorization header is the bare hex HMAC of app key and body. The signature
// has no time in it, so a replay is stopped by the delivery's key alone.
func (Webhooks) Verify(app channels.App, header http.Header, body []byte) error {
	got, err := hex.DecodeString(header.Get("Authorization"))
	if err != nil {
		return channels.ErrSignature
	}
	matched := false
	for i, secret := range app.Secrets {
		if secret == "" || i > 1 { // an empty secret would let anyone sign; a third was rotated out
			continue
		}
		mac := hmac.New(sha256.New, []byte(secret))
		_, _ = mac.Write([]byte(app.Key))
		_, _ = mac.Write(body) // a hash never fails
		matched = hmac.Equal(got, mac.Sum(nil)) || matched
	}
	if !matched {
		return channels.ErrSignature
	}
	return nil
}

// Keep implements channels.Webhooks: the body says all.
func (Webhooks) Keep(_ http.Header, body []byte) []byte { return body }

// Hints implements channels.Webhooks. A package update names several orders and gives one hint for each, all with the same
// delivery key. Where the vendor sent no id and the fallback would not be unique, the key is empty: always process.
func (Webhooks) Hints(body []byte) ([]channels.Hint, error) {
	var envelope struct {
		Type      json.RawMessage `json:"type"`
		Delivery  json.RawMessage `json:"tts_notification_id"`
		Shop      json.RawMessage `json:"shop_id"`
		Timestamp json.RawMessage `json:"timestamp"`
		Data      json.RawMessage `json:"data"`
	}
	r := &channels.Reading{Record: "webhook"}
	if !r.Object("body", body, &envelope) {
		return nil, *r.Invalid // without a sample: it may be anybody's data, and the inbox has it sealed
	}
	h := channels.Hint{Type: r.Text("type", envelope.Type), Delivery: r.Text("tts_notification_id", envelope.Delivery)}
	number, err := strconv.Atoi(h.Type)
	switch {
	case err != nil || number < 0:
		r.Fail("type", "must be a whole number", string(envelope.Type))
	case len(h.Delivery) > 128:
		r.Fail("tts_notification_id", "must be at most 128 bytes", h.Delivery)
	}
	h.Type = strconv.Itoa(number)
	if r.Invalid != nil {
		return shopOf(envelope.Shop), *r.Invalid
	}
	if h.Delivery != "" {
		r.Record = "webhook " + channels.Short(h.Delivery, 40)
	}
	h.Kind, h.Updated = kind(h.Type), r.Time("timestamp", envelope.Timestamp)
	if h.Type == probeType && strings.HasPrefix(h.Delivery, probePrefix) {
		h.Kind = channels.KindTest
	}
	if h.Kind == "" { // kept and shown, whatever else it holds
		h.Kind, h.Unknown, h.Shop = kindOther, true, channels.Lenient(envelope.Shop)
		return []channels.Hint{h}, nil
	}
	h.Shop = r.ID("shop_id", envelope.Shop)
	hints := readData(r, h, envelope.Data)
	if r.Invalid != nil {
		return shopOf(envelope.Shop), *r.Invalid
	}
	return hints, nil
}

// shopOf is all that can be told of a webhook that cannot be read.
func shopOf(raw json.RawMessage) []channels.Hint {
	if shop := channels.Lenient(raw); channels.IsID(shop) {
		return []channels.Hint{{Shop: shop}}
	}
	return nil
}

// kind is empty for a topic that nobody knows.
func kind(topic string) string {
	if strings.Contains(others, " "+topic+" ") {
		return kindOther
	}
	return kinds[topic]
}

// readData reads what a topic is about.
func readData(r *channels.Reading, h channels.Hint, raw json.RawMessage) []channels.Hint {
	if h.Kind == kindOther || h.Kind == kindAuthorised || h.Kind == channels.KindTest {
		return []channels.Hint{h}
	}
	if h.Kind == kindExpiring { // worth hearing also when it does not say the day
		h.Ends = ends(raw)
		return []channels.Hint{h}
	}
	var d struct {
		Order    json.RawMessage `json:"order_id"`
		Updated  json.RawMessage `json:"update_time"`
		Created  json.RawMessage `json:"create_time"`
		Packages json.RawMessage `json:"package_list"`
	}
	if !r.Object("data", raw, &d) {
		return nil
	}
	if h.Type == packageUpdate {
		h.Updated = cmp.Or(r.Time("data.update_time", d.Updated), h.Updated)
		return readPackages(r, h, d.Packages)
	}
	h.Order = r.ID("data.order_id", d.Order)
	updated := r.Time("data.update_time", d.Updated)
	if h.Delivery == "" && !updated.IsZero() {
		h.Delivery = h.Type + ":" + h.Order + ":" + strconv.FormatInt(updated.Unix(), 10)
	}
	h.Updated = cmp.Or(updated, r.Time("data.create_time", d.Created), h.Updated)
	return []channels.Hint{h}
}

func ends(raw json.RawMessage) time.Time {
	var d struct {
		At json.RawMessage `json:"expiration_time"`
	}
	var r channels.Reading
	if json.Unmarshal(raw, &d) != nil {
		return time.Time{}
	}
	at := r.Time("expiration_time", d.At)
	if r.Invalid != nil {
		return time.Time{}
	}
	return at
}

func readPackages(r *channels.Reading, h channels.Hint, raw json.RawMessage) (hints []channels.Hint) {
	seen := map[string]bool{}
	for i, item := range r.List("data.package_list", raw) {
		var p struct {
			Orders json.RawMessage `json:"order_id_list"`
		}
		field := channels.At("data.package_list", i)
		if !r.Object(field, item, &p) {
			return nil
		}
		field += ".order_id_list"
		for n, order := range r.List(field, p.Orders) {
			h.Order = r.ID(channels.At(field, n), order)
			if !seen[h.Order] {
				seen[h.Order] = true
				hints = append(hints, h)
			}
		}
	}
	if len(hints) == 0 {
		r.Fail("data.package_list", "must name an order", "")
	}
	return hints
}

// Probe implements channels.Prober.
func (Webhooks) Probe(app channels.App, shop, id string, at time.Time) (header http.Header, body []byte, delivery string) {
	delivery = probePrefix + id
	body = fmt.Appendf(nil, `{"type":%s,"tts_notification_id":%q,"shop_id":%q,"timestamp":%d,"data":{}}`, probeType, delivery, shop, at.Unix())
	mac := hmac.New(sha256.New, []byte(app.Secrets[0]))
	_, _ = mac.Write([]byte(app.Key)) // a hash never fails
	_, _ = mac.Write(body)
	return http.Header{"Authorization": {hex.EncodeToString(mac.Sum(nil))}, "Content-Type": {"application/json"}}, body, delivery
}
