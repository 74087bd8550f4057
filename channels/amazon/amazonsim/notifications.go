package amazonsim

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim/api"
	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim/market"
	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim/queue"
	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim/show"
)

// destination is a queue that notifications may go to, or the event bus of an AWS account.
type destination struct {
	id, name, arn string
	bus           eventBridge
}

type eventBridge struct {
	Region  string `json:"region"`
	Account string `json:"accountId"`
}

func (d *destination) show() obj {
	to := obj{"sqs": obj{"arn": d.arn}}
	if d.arn == "" {
		to = obj{"eventBridge": obj{"name": source, "region": d.bus.Region, "accountId": d.bus.Account}}
	}
	return obj{"destinationId": d.id, "name": d.name, "resource": to}
}

// source is what the event bus calls us.
const source = "aws.partner/sellingpartnerapi.amazon.com/amzn1.sp.solution.sim"

// subscription sends a seller's notifications of one type to a destination.
type subscription struct {
	id, kind    string
	seller      *market.Seller
	destination *destination
}

func (p *subscription) show() obj {
	return obj{"subscriptionId": p.id, "payloadVersion": "1.0", "destinationId": p.destination.id}
}

// types are the notifications that can be subscribed to, and whether they go to an event bus alone, or to a queue alone. The first two
// are published.
var types = map[string]bool{
	orderChange: false, quantityChange: true, "FBA_INVENTORY_AVAILABILITY_CHANGES": false, "FEED_PROCESSING_FINISHED": false,
}

const (
	orderChange    = "ORDER_CHANGE"
	quantityChange = "LISTINGS_ITEM_MFN_QUANTITY_CHANGE"
)

func (s *Sim) listDestinations(*api.Call) (api.Answer, error) {
	list := []obj{}
	for _, d := range s.destinations {
		list = append(list, d.show())
	}
	return api.Answer{Body: obj{"payload": list}}, nil
}

func (s *Sim) createDestination(c *api.Call) (api.Answer, error) {
	var in struct {
		Name     string `json:"name"`
		Resource struct {
			SQS *struct {
				ARN string `json:"arn"`
			} `json:"sqs"`
			Bus *eventBridge `json:"eventBridge"`
		} `json:"resourceSpecification"`
	}
	if err := c.Read(&in); err != nil {
		return api.Answer{}, err
	}
	d := &destination{name: in.Name}
	if in.Resource.SQS != nil {
		d.arn = in.Resource.SQS.ARN
	} else if in.Resource.Bus != nil {
		d.bus = *in.Resource.Bus
	}
	switch {
	case in.Name == "" || d.arn != s.queue.ARN(s.cfg.Region) && d.bus != s.account():
		return api.Answer{}, api.Wrong("A destination needs a name and the ARN of a queue that lets Amazon send: %s, or an event bus of its account.", s.queue.ARN(s.cfg.Region))
	case slices.ContainsFunc(s.destinations, func(other *destination) bool { return other.arn == d.arn && other.bus == d.bus }):
		return api.Answer{}, api.Refusal{Status: http.StatusConflict, Code: "Conflict", Message: "A destination for this resource exists.", Details: ""}
	}
	d.id = "dest-" + s.market.Secret(16)
	s.destinations = append(s.destinations, d)
	return api.Answer{Body: obj{"payload": d.show()}}, nil
}

// account is the AWS account of the queue's owner. A rule of theirs leads its event bus to the queue.
func (s *Sim) account() eventBridge { return eventBridge{s.cfg.Region, s.queue.Account} }

func (s *Sim) subscriptionOf(m *market.Seller, kind string) *subscription {
	for _, p := range s.subscriptions {
		if p.seller == m && p.kind == kind {
			return p
		}
	}
	return nil
}

func (s *Sim) getSubscription(c *api.Call) (api.Answer, error) {
	p := s.subscriptionOf(c.Seller, c.Request.PathValue("type"))
	if p == nil {
		return api.Answer{}, api.Missing("There is no subscription to %s.", c.Request.PathValue("type"))
	}
	return api.Answer{Body: obj{"payload": p.show()}}, nil
}

func (s *Sim) createSubscription(c *api.Call) (api.Answer, error) {
	var in struct {
		Version     string          `json:"payloadVersion"`
		Destination string          `json:"destinationId"`
		Directive   json.RawMessage `json:"processingDirective"`
	}
	if err := c.Read(&in); err != nil {
		return api.Answer{}, err
	}
	kind := c.Request.PathValue("type")
	i := slices.IndexFunc(s.destinations, func(d *destination) bool { return d.id == in.Destination })
	bus, known := types[kind]
	switch {
	case !known, in.Version != "1.0", i < 0, bus != (s.destinations[i].arn == ""):
		return api.Answer{}, api.Wrong("notification type %s, payloadVersion %q, destinationId %q", kind, in.Version, in.Destination)
	case s.subscriptionOf(c.Seller, kind) != nil:
		return api.Answer{}, api.Refusal{Status: http.StatusConflict, Code: "Conflict", Message: "A subscription to this type exists.", Details: ""}
	}
	p := &subscription{id: "sub-" + s.market.Secret(16), kind: kind, seller: c.Seller, destination: s.destinations[i]}
	s.subscriptions = append(s.subscriptions, p)
	return api.Answer{Body: obj{"payload": p.show()}}, nil
}

// deleteSubscription belongs to the app, not to a seller.
func (s *Sim) deleteSubscription(c *api.Call) (api.Answer, error) {
	i := slices.IndexFunc(s.subscriptions, func(p *subscription) bool {
		return p.id == c.Request.PathValue("id") && p.kind == c.Request.PathValue("type")
	})
	if i < 0 {
		return api.Answer{}, api.Missing("There is no subscription %s.", c.Request.PathValue("id"))
	}
	s.subscriptions = slices.Delete(s.subscriptions, i, i+1)
	return api.Answer{Body: obj{}}, nil
}

// Redirect sends a seller's notifications to another queue, as another program of the app's owner may: nobody reads them here.
func (s *Sim) Redirect(seller, arn string) {
	defer s.lock()()
	d := &destination{id: "dest-" + s.market.Secret(16), name: "another program", arn: arn}
	s.destinations = append(s.destinations, d)
	for _, p := range s.subscriptions {
		if p.seller.ID == seller {
			p.destination = d
		}
	}
}

// Unsubscribe ends every subscription of a seller, as the vendor may.
func (s *Sim) Unsubscribe(seller string) {
	defer s.lock()()
	s.subscriptions = slices.DeleteFunc(s.subscriptions, func(p *subscription) bool { return p.seller.ID == seller || seller == "" })
}

// tell publishes an ORDER_CHANGE to whoever subscribed, once or, by fault, twice, late, broken or never.
func (s *Sim) tell(m *market.Seller, o *market.Order, change market.Change) {
	p := s.subscriptionOf(m, orderChange)
	if p == nil || p.destination.arn != s.queue.ARN(s.cfg.Region) {
		return
	}
	now, id := s.cfg.Clock(), s.notificationID()
	s.publish(m, id, o.ID, show.Change(m, o, change, p.id, id, now))
}

// tellQuantity publishes what is listed of a SKU to whoever subscribed, likewise, by way of the event bus.
func (s *Sim) tellQuantity(m *market.Seller, l *market.Listing) {
	p := s.subscriptionOf(m, quantityChange)
	if p == nil || p.destination.bus != s.account() || l.AFN {
		return
	}
	now, id := s.cfg.Clock(), s.notificationID()
	s.publish(m, id, l.SKU, show.Event(source, quantityChange, s.cfg.Region, s.queue.Account, id, now, show.Quantity(m, l, p.id, id, now)))
}

func (s *Sim) notificationID() string {
	s.serial++
	return fmt.Sprintf("d0e9e693-c3ad-4373-979f-%012x", s.serial)
}

func (s *Sim) publish(m *market.Seller, id, about string, body []byte) {
	now := s.cfg.Clock()
	if s.roll(s.faults.Lose) {
		s.counts.Lost++
		s.note("notification lost", m.ID, id, about)
		return
	}
	text := string(body)
	if s.roll(s.faults.Garble) {
		text = text[:len(text)/2]
	}
	times := 1
	if s.roll(s.faults.Duplicate) {
		times = 2
	}
	for range times {
		at := now
		if s.roll(s.faults.Delay) {
			at = now.Add(time.Duration(s.rng.Float64() * float64(cmp.Or(s.faults.MaxDelay, 5*time.Second))))
		}
		s.queue.Send(text, at)
	}
	close(s.arrived)
	s.arrived = make(chan struct{})
}

// QueueURL is the path of the queue's address, to be put behind the simulator's own.
func (s *Sim) QueueURL(simulator string) string {
	return strings.TrimSuffix(simulator, "/") + s.queue.Path()
}

// Waiting is how many messages the queue holds, those that were received and not deleted included.
func (s *Sim) Waiting() int {
	defer s.lock()()
	return s.queue.Len()
}

// sqs answers the queue's three calls, in the JSON protocol of 2022.
func (s *Sim) sqs(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	target := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AmazonSQS.")
	var in struct {
		QueueURL   string `json:"QueueUrl"`
		Most       *int   `json:"MaxNumberOfMessages"`
		Wait       int    `json:"WaitTimeSeconds"`
		Visibility *int   `json:"VisibilityTimeout"`
		Receipt    string `json:"ReceiptHandle"`
		Entries    []struct {
			ID      string `json:"Id"`
			Receipt string `json:"ReceiptHandle"`
		} `json:"Entries"`
	}
	no := func(status int, kind, message string) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(obj{"__type": kind, "message": message})
	}
	unlock := s.lock()
	s.counts.Requests["SQS "+target]++
	kind, message := queue.Credentials{Key: s.cfg.AWSKey, Secret: s.cfg.AWSSecret, Region: s.cfg.Region}.Check(r, body, s.cfg.Clock())
	if kind != "" {
		s.counts.Unsigned++
	}
	down := s.roll(s.faults.Queue5xx)
	unlock()
	switch {
	case kind != "":
		no(http.StatusForbidden, kind, message)
	case down:
		no(http.StatusServiceUnavailable, "com.amazon.coral.service#ServiceUnavailableException", "Service is unable to handle request.")
	case err != nil || json.Unmarshal(body, &in) != nil:
		no(http.StatusBadRequest, "com.amazon.coral.service#SerializationException", "The body cannot be read.")
	case !s.queue.At(in.QueueURL):
		no(http.StatusBadRequest, "com.amazonaws.sqs#QueueDoesNotExist", "The specified queue does not exist.")
	case target == "ReceiveMessage":
		most, hide := 1, s.cfg.Visibility
		if in.Most != nil {
			most = *in.Most
		}
		if in.Visibility != nil {
			hide = time.Duration(*in.Visibility) * time.Second
		}
		if most < 1 || most > 10 || in.Wait < 0 || in.Wait > 20 {
			no(http.StatusBadRequest, "com.amazonaws.sqs#InvalidParameterValue", "MaxNumberOfMessages must be from 1 to 10, WaitTimeSeconds from 0 to 20.")
			return
		}
		got := s.receive(r, most, hide, time.Duration(in.Wait)*time.Second)
		list := []obj{}
		for _, m := range got {
			list = append(list, obj{"MessageId": m.ID, "ReceiptHandle": m.Receipt, "MD5OfBody": m.MD5, "Body": m.Body})
		}
		out := obj{}
		if len(list) > 0 {
			out["Messages"] = list
		}
		writeJSON(w, http.StatusOK, out)
	case target == "DeleteMessage":
		defer s.lock()()
		s.queue.Delete(in.Receipt)
		writeJSON(w, http.StatusOK, obj{})
	case target == "DeleteMessageBatch":
		if len(in.Entries) < 1 || len(in.Entries) > 10 {
			no(http.StatusBadRequest, "com.amazonaws.sqs#TooManyEntriesInBatchRequest", "A batch has 1 to 10 entries.")
			return
		}
		defer s.lock()()
		done := []obj{}
		for _, e := range in.Entries {
			s.queue.Delete(e.Receipt)
			done = append(done, obj{"Id": e.ID})
		}
		writeJSON(w, http.StatusOK, obj{"Successful": done, "Failed": []obj{}})
	default:
		no(http.StatusBadRequest, "com.amazon.coral.service#UnknownOperationException", "The action "+target+" is not simulated.")
	}
}

// receive waits until there is a message, at most so long.
func (s *Sim) receive(r *http.Request, most int, hide, wait time.Duration) []queue.Message {
	deadline := time.NewTimer(wait)
	defer deadline.Stop()
	for {
		unlock := s.lock()
		got, next := s.queue.Receive(most, hide)
		arrived, now := s.arrived, s.cfg.Clock()
		unlock()
		if len(got) > 0 || wait == 0 {
			return got
		}
		pause := look
		if !next.IsZero() {
			pause = min(max(next.Sub(now), look/100), look)
		}
		again := time.NewTimer(pause)
		select {
		case <-arrived:
		case <-again.C:
		case <-deadline.C:
			again.Stop()
			return nil
		case <-r.Context().Done():
			again.Stop()
			return nil
		}
		again.Stop()
	}
}
