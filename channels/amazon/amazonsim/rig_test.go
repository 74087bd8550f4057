package amazonsim

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim/market"
	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim/queue"
	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim/show"
)

const (
	seller  = "A3TH9S8BH6GOGM"
	place   = "A1F83G8C2ARO7P"
	skuA    = "HOODIE-M"
	skuB    = "MUG 11oz/white"
	base    = "https://api.test"
	ordersQ = "/orders/2026-01-01/orders"
	full    = "includedData=BUYER,RECIPIENT,PROCEEDS,CANCELLATION,FULFILLMENT,PACKAGES"
)

// rig is a simulator with one seller, spoken to without a network, and a clock that only the test moves.
type rig struct {
	*Sim
	t       *testing.T
	now     time.Time
	refresh string
	token   string
}

func newRig(t *testing.T, cfg Config) *rig {
	t.Helper()
	r := &rig{t: t, now: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)}
	cfg.ClientID, cfg.ClientSecret, cfg.Seed = "amzn1.client", "client-secret", 1
	if cfg.Clock == nil {
		cfg.Clock = func() time.Time { return r.now }
	}
	r.Sim = New(cfg)
	r.refresh = r.AddSeller(Seller{ID: seller, Name: "Test Store"})
	for _, l := range []Listing{
		{SKU: skuA, Title: "Hoodie", Type: "HOODIE", Price: "19.99", Quantity: 10},
		{SKU: skuB, Title: "Mug", Type: "DRINKING_CUP", Price: "5.00", Quantity: 10},
		{SKU: "FBA-1", Title: "Cap", Price: "9.00", Quantity: 4, AFN: true},
	} {
		_, err := r.AddListing(seller, l)
		r.must(err)
	}
	r.token = r.login(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {r.refresh}})
	return r
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// login asks for an access token.
func (r *rig) login(form url.Values) string {
	r.t.Helper()
	form.Set("client_id", "amzn1.client")
	form.Set("client_secret", "client-secret")
	w := r.serve(httptest.NewRequest(http.MethodPost, base+"/auth/o2/token", strings.NewReader(form.Encode())))
	var out struct {
		Access string `json:"access_token"`
	}
	r.must(json.Unmarshal(w.Body.Bytes(), &out))
	if out.Access == "" {
		r.t.Fatalf("no token: %d %s", w.Code, w.Body)
	}
	return out.Access
}

func (r *rig) serve(q *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r.Handler().ServeHTTP(w, q)
	return w
}

// call makes an API call with the token; body may be nil.
func (r *rig) call(method, path string, body any) (status int, out map[string]any, w *httptest.ResponseRecorder) {
	r.t.Helper()
	var raw []byte
	if body != nil {
		var err error
		raw, err = json.Marshal(body)
		r.must(err)
	}
	q := httptest.NewRequest(method, base+path, bytes.NewReader(raw))
	q.Header.Set("x-amz-access-token", r.token)
	w = r.serve(q)
	if w.Body.Len() > 0 {
		r.must(json.Unmarshal(w.Body.Bytes(), &out))
	}
	return w.Code, out, w
}

// refused is the code and details of a refusal.
func refused(out map[string]any) (code, details string) {
	list, _ := out["errors"].([]any)
	if len(list) != 1 {
		return "", ""
	}
	e, _ := list[0].(map[string]any)
	return fmt.Sprint(e["code"]), fmt.Sprint(e["details"])
}

func (r *rig) place(n NewOrder) string {
	r.t.Helper()
	if n.Lines == nil {
		n.Lines = []Line{{SKU: skuA, Quantity: 1}}
	}
	n.BuyerName, n.Address, n.City, n.PostalCode = "Ana Maria", "1 High Street", "Leeds", "LS1 1AA"
	id, err := r.PlaceOrder(seller, n)
	r.must(err)
	return id
}

func (r *rig) order(id string) map[string]any {
	r.t.Helper()
	status, out, _ := r.call(http.MethodGet, ordersQ+"/"+id+"?"+full, nil)
	if status != http.StatusOK {
		r.t.Fatalf("order %s: %d %v", id, status, out)
	}
	return out["order"].(map[string]any)
}

// subscribe sends ORDER_CHANGE to the queue.
func (r *rig) subscribe() {
	r.t.Helper()
	own := r.token
	r.token = r.login(url.Values{"grant_type": {"client_credentials"}, "scope": {notifications}})
	status, out, _ := r.call(http.MethodPost, "/notifications/v1/destinations", obj{
		"name": "cf", "resourceSpecification": obj{"sqs": obj{"arn": "arn:aws:sqs:eu-west-1:111122223333:cf-spapi"}},
	})
	if status != http.StatusOK {
		r.t.Fatalf("destination: %d %v", status, out)
	}
	id := out["payload"].(map[string]any)["destinationId"]
	r.token = own
	if status, out, _ := r.call(http.MethodPost, "/notifications/v1/subscriptions/ORDER_CHANGE", obj{"payloadVersion": "1.0", "destinationId": id}); status != http.StatusOK {
		r.t.Fatalf("subscription: %d %v", status, out)
	}
}

// sqs makes a signed queue call; the signature is made as the check makes it, which the vector and an SDK judge.
func (r *rig) sqs(action string, body any, edit func(*http.Request)) (int, map[string]any) {
	r.t.Helper()
	raw, err := json.Marshal(body)
	r.must(err)
	q := httptest.NewRequest(http.MethodPost, base+"/", bytes.NewReader(raw))
	q.Header.Set("Content-Type", "application/x-amz-json-1.0")
	q.Header.Set("X-Amz-Target", "AmazonSQS."+action)
	sign(q, raw, r.cfg.Clock(), "AKIDSIM", "sim-secret", "eu-west-1")
	if edit != nil {
		edit(q)
	}
	w := r.serve(q)
	var out map[string]any
	r.must(json.Unmarshal(w.Body.Bytes(), &out))
	return w.Code, out
}

// receive takes up to ten messages.
func (r *rig) receive() (receipts, bodies []string) {
	r.t.Helper()
	status, out := r.sqs("ReceiveMessage", obj{"QueueUrl": base + "/111122223333/cf-spapi", "MaxNumberOfMessages": 10}, nil)
	if status != http.StatusOK {
		r.t.Fatalf("receive: %d %v", status, out)
	}
	list, _ := out["Messages"].([]any)
	for _, m := range list {
		m := m.(map[string]any)
		receipts, bodies = append(receipts, m["ReceiptHandle"].(string)), append(bodies, m["Body"].(string))
	}
	return receipts, bodies
}

func sign(q *http.Request, body []byte, at time.Time, key, secret, region string) {
	q.Header.Set("X-Amz-Date", at.UTC().Format("20060102T150405Z"))
	day := at.UTC().Format("20060102")
	hash := sha256.Sum256(body)
	canonical := fmt.Sprintf("POST\n/\n\ncontent-type:%s\nhost:%s\nx-amz-date:%s\nx-amz-target:%s\n\ncontent-type;host;x-amz-date;x-amz-target\n%s",
		q.Header.Get("Content-Type"), q.Host, q.Header.Get("X-Amz-Date"), q.Header.Get("X-Amz-Target"), hex.EncodeToString(hash[:]))
	sum := sha256.Sum256([]byte(canonical))
	text := "AWS4-HMAC-SHA256\n" + q.Header.Get("X-Amz-Date") + "\n" + day + "/" + region + "/sqs/aws4_request\n" + hex.EncodeToString(sum[:])
	k := []byte("AWS4" + secret)
	for _, part := range []string{day, region, "sqs", "aws4_request", text} {
		k = queue.MAC(k, part)
	}
	q.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+key+"/"+day+"/"+region+
		"/sqs/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature="+hex.EncodeToString(k))
}

// parcel is the body of a confirmation.
func (r *rig) parcel(order, reference string, quantity int) obj {
	r.t.Helper()
	var item string
	r.must(r.act(seller, order, func(_ *market.Seller, o *market.Order) error { item = o.Items[0].ID; return nil }))
	return obj{"marketplaceId": place, "packageDetail": obj{
		"packageReferenceId": reference, "carrierCode": "Royal Mail", "shippingMethod": "Tracked 48", "trackingNumber": "RM" + reference,
		"shipDate": show.Stamp(r.now), "orderItems": []obj{{"orderItemId": item, "quantity": quantity}},
	}}
}

func (r *rig) confirm(order, reference string, quantity int) (status int, code string) {
	r.t.Helper()
	status, out, _ := r.call(http.MethodPost, "/orders/v0/orders/"+order+"/shipmentConfirmation", r.parcel(order, reference, quantity))
	code, _ = refused(out)
	return status, code
}
