package aftersales

import (
	"cmp"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"net/http"
	"net/url"
	"sync"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/amazon/wire"
)

const (
	cancelling = "write cancellation"
	feedType   = "POST_ORDER_ACKNOWLEDGEMENT_DATA"
	textXML    = "text/xml; charset=UTF-8"
	maxReport  = 1 << 20
	maxFeeds   = 1000 // that are remembered; a cancellation whose feed was forgotten is asked for once more, which Amazon refuses or has done
)

// What the vendor's operation tables allow.
var (
	createQuota   = wire.Quota{PerSecond: 0.0083, Burst: 15}
	feedQuota     = wire.Quota{PerSecond: 2, Burst: 15}
	documentQuota = wire.Quota{PerSecond: 0.5, Burst: 15}
	resultQuota   = wire.Quota{PerSecond: 0.0222, Burst: 10}
)

// reasons are the vendor's words for why a seller cancels, by the hub's. Amazon puts the units on sale again but for the first.
var reasons = map[string]string{
	"out_of_stock": "NoInventory", "wrong_price": "GeneralAdjustment", "undeliverable": "ShippingAddressUndeliverable", "buyer_asked": "BuyerCanceled",
}

// Desk cancels one seller's orders and reads its returns. Its methods may be called from many goroutines.
type Desk struct {
	line      *wire.Line
	orders    Reader
	documents documents
	seller    string
	place     string // the marketplace
	returns   *returns

	mu    sync.Mutex        // guards all below
	feeds map[string]string // by order: the feed that is to cancel it
}

var (
	_ channels.AfterSales = (*Desk)(nil)
	_ channels.Canceller  = (*Desk)(nil)
)

// New makes a Desk; it calls nobody.
func New(line *wire.Line, o channels.Opening, orders Reader) *Desk {
	place := wire.PlaceOf(o.Connection.Extra[wire.ExtraMarketplace])
	return &Desk{
		line: line, orders: orders, documents: documents{o.Client}, seller: o.Connection.Extra[wire.ExtraSeller], place: place.ID,
		returns: &returns{line: line, documents: documents{o.Client}, place: place, clock: o.Clock}, feeds: map[string]string{},
	}
}

// Cancel implements channels.Canceller: the first call hands a feed in, later ones look at it. The same order in two feeds is cancelled
// once, so one whose answer was lost is handed in again. An order of which a part was sent is not cancelled: Amazon would pay all of it
// back.
func (d *Desk) Cancel(ctx context.Context, order channels.Order, reason string) error {
	if err := wire.CheckID(cancelling, order.ID); err != nil {
		return err
	}
	word, known := reasons[reason]
	switch {
	case !known:
		return wire.Bug(cancelling, "%q is no reason to cancel", reason)
	case order.SelfShips:
		return refuse("Amazon ships this order: cancel it in Seller Central")
	case order.Status == channels.StatusPartial, order.Status == channels.StatusTransit:
		return refuse("a part of the order was sent, and Amazon would pay all of it back")
	}
	if feed := d.feed(order.ID); feed != "" {
		return d.look(ctx, order.ID, feed)
	}
	document, err := d.upload(ctx, d.document(order, word))
	if err != nil {
		return err
	}
	data, err := d.line.Call(ctx, wire.Request{
		Name: cancelling, Method: http.MethodPost, Path: "/feeds/2021-06-30/feeds", Write: true, Urgent: true, Quota: createQuota,
		Body: map[string]any{"feedType": feedType, "marketplaceIds": []string{d.place}, "inputFeedDocumentId": document},
	})
	if err != nil {
		return err
	}
	var made struct {
		ID channels.Text `json:"feedId"`
	}
	if err := json.Unmarshal(data, &made); err != nil || !channels.IsID(string(made.ID)) {
		return &channels.Failure{Class: channels.Unsure, Call: cancelling, Message: "an answer that cannot be read", Err: err}
	}
	d.remember(order.ID, string(made.ID))
	return awaited()
}

func awaited() error {
	return &channels.Failure{Class: channels.Awaited, Call: cancelling, Message: "Amazon has taken the cancellation and carries it out within minutes, seldom hours"}
}

func (d *Desk) feed(order string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.feeds[order]
}

func (d *Desk) remember(order, feed string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.feeds) >= maxFeeds {
		clear(d.feeds)
	}
	d.feeds[order] = feed
}

func (d *Desk) forget(order string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.feeds, order)
}

// envelope is the vendor's document about one order.
type envelope struct {
	XMLName  xml.Name `xml:"AmazonEnvelope"`
	Version  string   `xml:"Header>DocumentVersion"`
	Merchant string   `xml:"Header>MerchantIdentifier"`
	Type     string   `xml:"MessageType"`
	Message  int      `xml:"Message>MessageID"`
	Order    string   `xml:"Message>OrderAcknowledgement>AmazonOrderID"`
	Status   string   `xml:"Message>OrderAcknowledgement>StatusCode"`
	Items    []item   `xml:"Message>OrderAcknowledgement>Item"`
}

type item struct {
	ID     string `xml:"AmazonOrderItemCode"`
	Reason string `xml:"CancelReason"`
}

func (d *Desk) document(order channels.Order, reason string) []byte {
	e := envelope{Version: "1.01", Merchant: d.seller, Type: "OrderAcknowledgement", Message: 1, Order: order.ID, Status: "Failure"}
	for _, l := range order.Lines {
		for _, id := range l.Items {
			e.Items = append(e.Items, item{id, reason})
		}
	}
	body, _ := xml.Marshal(e) // plain strings and numbers
	return append([]byte(xml.Header), body...)
}

// upload puts a document where the vendor says, and tells its id.
func (d *Desk) upload(ctx context.Context, body []byte) (id string, err error) {
	data, err := d.line.Call(ctx, wire.Request{
		Name: "write feed document", Method: http.MethodPost, Path: "/feeds/2021-06-30/documents", Quota: documentQuota, Body: map[string]any{"contentType": textXML},
	})
	if err != nil {
		return "", err
	}
	var made struct {
		ID  channels.Text `json:"feedDocumentId"`
		URL channels.Text `json:"url"`
	}
	if err := json.Unmarshal(data, &made); err != nil || made.ID == "" {
		return "", wire.Unreadable(cancelling, cmp.Or(err, errors.New("no document")))
	}
	return string(made.ID), d.documents.put(ctx, cancelling, string(made.URL), textXML, body)
}

// look says how far a feed is, and what became of the one order in it.
func (d *Desk) look(ctx context.Context, order, feed string) error {
	const name = "read feed"
	data, err := d.line.Call(ctx, wire.Request{Name: name, Method: http.MethodGet, Path: "/feeds/2021-06-30/feeds/" + url.PathEscape(feed), Quota: feedQuota})
	if wire.NotFound(err) {
		d.forget(order)
		return &channels.Failure{Class: channels.Retry, Call: cancelling, Message: "Amazon does not know the feed any more: it is handed in again"}
	}
	if err != nil {
		return err
	}
	var f struct {
		Status channels.Text `json:"processingStatus"`
		Result channels.Text `json:"resultFeedDocumentId"`
	}
	if err := json.Unmarshal(data, &f); err != nil {
		return wire.Unreadable(name, err)
	}
	switch f.Status {
	case "DONE":
		if f.Result == "" {
			return nil
		}
		no, err := d.report(ctx, string(f.Result))
		if err != nil {
			return err
		}
		if no != nil {
			d.forget(order) // whoever asks again hands it in again
		}
		return no
	case "CANCELLED":
		d.forget(order)
		return &channels.Failure{Class: channels.Retry, Call: cancelling, Message: "Amazon dropped the cancellation: it is handed in again"}
	case "FATAL":
		d.forget(order)
		return refuse("Amazon could not carry the cancellation out. Cancel the order in Seller Central")
	}
	return awaited()
}

// report reads what the vendor says of the message; no is its refusal.
func (d *Desk) report(ctx context.Context, document string) (no, err error) {
	const name = "read feed report"
	data, err := d.line.Call(ctx, wire.Request{Name: name, Method: http.MethodGet, Path: "/feeds/2021-06-30/documents/" + url.PathEscape(document), Quota: resultQuota})
	if err != nil {
		return nil, err
	}
	text, err := d.documents.get(ctx, name, data, maxReport)
	if err != nil {
		return nil, err
	}
	return judge(text)
}

// judge reads a report about one message.
func judge(text []byte) (no, err error) {
	var report struct {
		Failed  int `xml:"Message>ProcessingReport>ProcessingSummary>MessagesWithError"`
		Results []struct {
			Code        string `xml:"ResultCode"`
			Message     string `xml:"ResultMessageCode"`
			Description string `xml:"ResultDescription"`
		} `xml:"Message>ProcessingReport>Result"`
	}
	if err := xml.Unmarshal(text, &report); err != nil {
		return nil, wire.Unreadable("read feed report", err)
	}
	for _, r := range report.Results {
		if r.Code == "Error" {
			return &channels.Failure{Class: channels.Rejected, Call: cancelling, Code: channels.Short(r.Message, 64), Message: channels.Short(r.Description, 300)}, nil
		}
	}
	if report.Failed > 0 {
		return refuse("Amazon could not carry the cancellation out and does not say why"), nil
	}
	return nil, nil
}
