package market

import (
	"encoding/xml"
	"strconv"
	"time"
)

// Upload is a document of the seller's, empty until it was put.
type Upload struct {
	ID, Type string
	Body     []byte
	Packed   bool // Body is gzip
}

// Feed is a document to be carried out.
type Feed struct {
	ID, Type, Input, Result string
	Status                  string // IN_QUEUE, IN_PROGRESS, DONE, FATAL, CANCELLED
	Created, Ended          time.Time
}

// acknowledgement is the document of POST_ORDER_ACKNOWLEDGEMENT_DATA.
type acknowledgement struct {
	Merchant string `xml:"Header>MerchantIdentifier"`
	Type     string `xml:"MessageType"`
	Messages []struct {
		ID    string `xml:"MessageID"`
		Order struct {
			ID     string `xml:"AmazonOrderID"`
			Status string `xml:"StatusCode"`
			Items  []struct {
				ID     string `xml:"AmazonOrderItemCode"`
				Reason string `xml:"CancelReason"`
			} `xml:"Item"`
		} `xml:"OrderAcknowledgement"`
	} `xml:"Message"`
}

// NewUpload makes room for a document.
func (m *Market) NewUpload(s *Seller, contentType string) *Upload {
	u := &Upload{ID: "amzn1.tortuga.4." + m.Secret(24), Type: contentType}
	s.Uploads[u.ID] = u
	return u
}

// Submit queues a feed; the document is read when it is carried out.
func (m *Market) Submit(s *Seller, kind, document string) (*Feed, error) {
	if kind != "POST_ORDER_ACKNOWLEDGEMENT_DATA" {
		return nil, invalid("Feed type %s is not simulated.", kind)
	}
	if s.Uploads[document] == nil {
		return nil, invalid("Feed document %s does not exist.", document)
	}
	f := &Feed{ID: strconv.FormatInt(50_000_000_000+m.Number(), 10), Type: kind, Input: document, Status: "IN_QUEUE", Created: m.hooks.Now()}
	s.Feeds[f.ID] = f
	m.After(m.Rules.FeedDelay, func() { m.carryOut(s, f) })
	return f, nil
}

// carryOut cancels each order that is acknowledged as a Failure, and writes down what became of each message.
func (m *Market) carryOut(s *Seller, f *Feed) {
	f.Ended = m.hooks.Now()
	var doc acknowledgement
	if err := xml.Unmarshal(s.Uploads[f.Input].Body, &doc); err != nil || doc.Type != "OrderAcknowledgement" || doc.Merchant != s.ID {
		f.Status = "FATAL"
		return
	}
	type result struct {
		ID          string `xml:"MessageID"`
		Code        string `xml:"ResultCode"`
		Description string `xml:"ResultDescription"`
	}
	report := struct {
		XMLName   xml.Name `xml:"AmazonEnvelope"`
		Type      string   `xml:"MessageType"`
		Processed int      `xml:"Message>ProcessingReport>ProcessingSummary>MessagesProcessed"`
		Failed    int      `xml:"Message>ProcessingReport>ProcessingSummary>MessagesWithError"`
		Results   []result `xml:"Message>ProcessingReport>Result"`
	}{Type: "ProcessingReport"}
	for _, message := range doc.Messages {
		report.Processed++
		o := s.Orders[message.Order.ID]
		reason := "" // of the order, by its first item
		if len(message.Order.Items) > 0 {
			reason = message.Order.Items[0].Reason
		}
		no := ""
		switch {
		case o == nil:
			no = "The order is not known."
		case message.Order.Status != "Failure":
			continue // acknowledged as taken on
		case o.AFN:
			no = "The order is fulfilled by Amazon."
		case o.Status == Cancelled:
			continue
		case m.Cancel(s, o, "MERCHANT", reason) != nil:
			no = "The order is " + o.Status + " and cannot be cancelled."
		default:
			m.Counts.Cancels[o.ID]++
		}
		if no != "" {
			report.Failed++
			report.Results = append(report.Results, result{message.ID, "Error", no})
		}
	}
	body, _ := xml.Marshal(report) // plain strings and numbers
	u := m.NewUpload(s, "text/xml")
	u.Body = body
	f.Result, f.Status = u.ID, "DONE"
}
